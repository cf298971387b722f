"""One visit to one wiki: what changed since the last one is taken in, and what is gone is removed, with care.

validate ─► changes since the cursor ─┬► rights and removals at once ─► fetch ─► keep, with the cursor
            failures that are due ────┘
         ─► a listing, where the wiki tells no changes or none was made today ─► compare ─► the same for what differs
                                      └► missing pages go if the listing was whole and the loss is no outage
Knows when a loss is believed; knows nothing of vectors and SQL.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from indexer.comparing import Comparison, Known, KnownPage, compare, compare_all, most_removed
from indexer.errors import CursorExpired, WikiUnavailable
from indexer.keeping import Intake, Keeper
from indexer.pages import FailureKind, Page, PageFailure, PageId, PageRef
from indexer.planning import Plan, Tally
from indexer.ports import Batch, Cursor, ListingPart, Wiki
from indexer.store.catalogue import Catalogue

BATCH = 32  # pages kept at once: a few seconds of embedding, all that a kill can cost

log = logging.getLogger(__name__)


class Visit:
    """A visit to *wiki*. After `make`, *held_back* is a sentence about *pending* pages that were kept though gone.

    *is_listing_open* says that a listing was begun and could not be acted on: the next visit lists again.
    """

    def __init__(self, wiki: Wiki, catalogue: Catalogue, keeper: Keeper, tally: Tally, plan: Plan) -> None:
        self.held_back = ""
        self.pending = 0
        self.is_listing_open = False
        self._wiki = wiki
        self._catalogue = catalogue
        self._keeper = keeper
        self._tally = tally
        self._plan = plan
        self._live = catalogue.count_pages(wiki.name)
        self._failing = catalogue.failing_pages(wiki.name)
        self._looked_at: set[PageId] = set()
        self._removed: set[PageId] = set()
        self._gone_on_fetch = 0
        self._changed = 0

    def make(self) -> None:
        """Bring the catalogue up to date with the wiki. Raises what the wiki raises; what was kept by then stays."""
        self._wiki.validate()
        state = self._catalogue.wiki_state(self._wiki.name)
        needs_listing = self._plan.wishes.need_a_listing or not self._wiki.abilities.changes
        needs_listing = needs_listing or state.recipe != self._plan.marker or self._is_due(state.listed_at)
        try:
            if self._wiki.abilities.changes:
                needs_listing = not self._catch_up(state.cursor) or needs_listing
                self._try_failed_again()
            if needs_listing:
                self._compare_with_listing()
        finally:
            self._count()

    def _is_due(self, listed_at: datetime | None) -> bool:
        """Say whether the last complete listing is too long ago."""
        return listed_at is None or self._plan.now - listed_at >= self._plan.listing_every

    def _catch_up(self, cursor: Cursor | None) -> bool:
        """Take in what changed since *cursor*, or everything; return False where deletions may have been missed."""
        try:
            for batch in self._wiki.changes(cursor):
                self._take_in_changes(batch)
        except CursorExpired as error:
            log.warning("changes forgotten, reading all anew", extra={"wiki": self._wiki.name, "why": str(error)})
            for batch in self._wiki.changes(None):
                self._take_in_changes(batch)
            return False
        return True

    def _take_in_changes(self, batch: Batch) -> None:
        """Act on removals and rights at once, then fetch the rest; the cursor is kept with the last of it."""
        self._remove(batch.removed)
        ids = [ref.page_id for ref in batch.changed]
        known = self._catalogue.known_pages(self._wiki.name, ids)
        failures = self._catalogue.known_failures(self._wiki.name, ids)
        comparison = compare(known, failures, batch.changed, self._plan.recipe, self._plan.now)
        self._set_readers(comparison)
        self._tally.look_up()
        self._take_in(comparison.to_fetch, Known(known, failures), batch.failures, batch.next)

    def _try_failed_again(self) -> None:
        """Fetch the pages whose next try is due."""
        failures = self._catalogue.known_failures(self._wiki.name)
        due = [
            PageRef(page_id, failure.stamp)
            for page_id, failure in failures.items()
            if failure.next_try <= self._plan.now and page_id not in self._looked_at
        ]
        known = self._catalogue.known_pages(self._wiki.name, [ref.page_id for ref in due])
        self._take_in(due, Known(known, failures))

    def _compare_with_listing(self) -> None:
        """Take in what differs from a listing, and remove what is gone if that can be believed."""
        self.is_listing_open = True
        parts: list[ListingPart] = []
        for part in self._wiki.listing():
            parts.append(part)
            self._tally.look_up()
        listed = [ref for part in parts for ref in part.pages]
        failed = [failure for part in parts for failure in part.failures]
        known = self._known_pages()
        failures = self._catalogue.known_failures(self._wiki.name)
        if self._plan.wishes.full:
            comparison = compare_all(known, failures, listed)
        else:
            comparison = compare(known, failures, listed, self._plan.recipe, self._plan.now)
        self._set_readers(comparison)
        to_fetch = [ref for ref in comparison.to_fetch if ref.page_id not in self._looked_at]
        self._take_in(to_fetch, Known(known, failures), failed)
        if not parts or not parts[-1].is_complete:
            raise WikiUnavailable(f"Wiki {self._wiki.name}: the listing ended before it was complete.")
        self._prune(comparison, known, len(listed), failed)

    def _prune(
        self, comparison: Comparison, known: Mapping[PageId, KnownPage], listed: int, failed: Sequence[PageFailure]
    ) -> None:
        """Remove what a complete listing left out, unless that looks like an outage. Raises WikiUnavailable.

        Pages that do not let us in any more are closed either way, however many: that can be taken back.
        """
        present = {failure.page_id for failure in failed} | self._removed
        gone = [page_id for page_id in comparison.gone if page_id not in present]
        is_sure = self._plan.wishes.accept_removals or self._wiki.abilities.exact_listing
        sure = [page_id for page_id in gone if is_sure or known[page_id].missed]
        unsure = [page_id for page_id in gone if not is_sure and not known[page_id].missed]
        confirmed, missing = self._confirm([PageRef(page_id, known[page_id].stamp) for page_id in unsure])
        if gone and (why := self._why_not(len(gone), listed, failed)):
            self.held_back, self.pending = why, len(gone)
            return
        self._remove([*sure, *confirmed])
        self._keeper.forget_failures(self._wiki.name, comparison.forgotten)
        for page_id in comparison.forgotten:
            self._failing.pop(page_id, None)
        self._keeper.note_listing(self._wiki.name, missing, self._plan.marker)
        self.is_listing_open = False

    def _why_not(self, gone: int, listed: int, failed: Sequence[PageFailure]) -> str:
        """Return why *gone* pages are not removed, in a sentence with the cure; empty where they may be."""
        name = self._wiki.name
        if failed:
            return f"Wiki {name}: {gone} pages may be gone, but {len(failed)} could not be listed, so all of them stay."
        if self._plan.wishes.accept_removals:
            return ""
        cure = "If they are meant to go: python -m indexer once --accept-removals"
        if not listed:
            raise WikiUnavailable(f"Wiki {name} lists no page at all, so the {gone} that are known stay. {cure}")
        if gone <= most_removed(self._live):
            return ""
        return (
            f"Wiki {name}: {gone} of {self._live} pages are gone from it. That may be an outage, so they stay. {cure}"
        )

    def _confirm(self, refs: Sequence[PageRef]) -> tuple[list[PageId], list[PageId]]:
        """Ask for pages that a listing left out; return those that are gone for certain, and those still missing.

        It asks no further once more are said to be gone than would be believed.
        """
        confirmed: list[PageId] = []
        missing: list[PageId] = []
        closed: list[PageFailure] = []
        for fetched in self._wiki.fetch(refs) if refs else ():
            self._tally.look_up()
            if isinstance(fetched, Page):
                continue
            if fetched.kind is FailureKind.GONE:
                confirmed.append(fetched.page_id)
                if len(confirmed) > most_removed(self._live):
                    break
                continue
            missing.append(fetched.page_id)
            if fetched.kind is FailureKind.CLOSED:
                closed.append(fetched)
        if closed:
            self._keeper.keep(self._intake(failed=closed))
        return confirmed, missing

    def _take_in(
        self,
        refs: Sequence[PageRef],
        known: Known,
        failed: Iterable[PageFailure] = (),
        cursor: Cursor | None = None,
    ) -> None:
        """Fetch *refs* and keep what comes, by the batch; *cursor* is kept with the last one."""
        if self._plan.only_rights:
            refs = [ref for ref in refs if ref.readers is None and ref.page_id in known.pages]
        self._tally.expect(len(refs))
        asked = {ref.page_id: ref for ref in refs}
        waiting: list[Page | PageFailure] = list(failed)
        for fetched in self._answers(refs):
            waiting.append(fetched)
            self._tally.look_up()
            if len(waiting) >= BATCH:
                self._keep(waiting, asked, known, None)
                waiting = []
        if waiting or cursor is not None:
            self._keep(waiting, asked, known, cursor)

    def _answers(self, refs: Sequence[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield what the wiki answers, and a failure for each page that it forgot: the cursor will pass it."""
        if not refs:
            return
        left = {ref.page_id: ref for ref in refs}
        for fetched in self._wiki.fetch(refs):
            left.pop(fetched.page_id, None)
            yield fetched
        for ref in left.values():
            yield PageFailure(ref.page_id, ref.stamp, "The wiki did not answer for this page.")

    def _keep(
        self,
        fetched: Sequence[Page | PageFailure],
        asked: Mapping[PageId, PageRef],
        known: Known,
        cursor: Cursor | None,
    ) -> None:
        """Sort what came, keep it in one transaction, and count it."""
        pages = [page for page in fetched if isinstance(page, Page)]
        same = [page for page in pages if known.is_same(page, self._plan.recipe)]
        anew = [page for page in pages if not known.is_same(page, self._plan.recipe)]
        failed = [
            known.judged(failure, asked.get(failure.page_id)) for failure in fetched if isinstance(failure, PageFailure)
        ]
        gone = self._believed_gone([failure for failure in failed if failure.kind is FailureKind.GONE], known)
        left = [failure for failure in failed if failure.page_id not in gone]
        self._keeper.keep(self._intake(anew, same, left, sorted(gone), cursor))
        self._note(pages, left, gone & known.pages.keys(), known)
        self._tally.progress.advance(len(fetched))

    def _believed_gone(self, failures: Sequence[PageFailure], known: Known) -> set[PageId]:
        """Return which pages are gone; a fetch that finds too many known ones gone is not believed."""
        gone = {failure.page_id for failure in failures}
        believed = self._gone_on_fetch + len(gone & known.pages.keys())
        if believed > most_removed(self._live) and not self._plan.wishes.accept_removals:
            self.pending = believed
            self.held_back = (
                f"Wiki {self._wiki.name} answers for {believed} of {self._live} pages that they are gone. "
                "That may be an outage, so they stay. If they are meant to go: python -m indexer once --accept-removals"
            )
            return gone - known.pages.keys()
        self._gone_on_fetch = believed
        return gone

    def _intake(
        self,
        anew: Sequence[Page] = (),
        same: Sequence[Page] = (),
        failed: Sequence[PageFailure] = (),
        gone: Sequence[PageId] = (),
        cursor: Cursor | None = None,
    ) -> Intake:
        return Intake(self._wiki.name, self._plan.recipe, anew, same, failed, gone, cursor)

    def _set_readers(self, comparison: Comparison) -> None:
        """Let a change of rights act before anything is fetched."""
        self._keeper.set_readers(self._wiki.name, comparison.readers)
        fetched = {ref.page_id for ref in comparison.to_fetch}
        self._changed += len(comparison.readers.keys() - fetched)
        self._tally.counts["changed"] += len(comparison.readers.keys() - fetched)

    def _remove(self, pages: Sequence[PageId]) -> None:
        """Remove what is known of *pages*."""
        known = self._catalogue.known_pages(self._wiki.name, pages).keys() - self._removed
        self._keeper.remove(self._wiki.name, pages)
        self._note((), (), known, Known({}, {}))

    def _note(
        self, pages: Sequence[Page], failed: Sequence[PageFailure], gone: AbstractSet[PageId], known: Known
    ) -> None:
        """Count what was kept."""
        sorts = [known.sort_of(page, self._plan.recipe) for page in pages]
        self._tally.counts.update(new=sorts.count("new"), changed=sorts.count("changed"), removed=len(gone))
        self._changed += sorts.count("changed")
        self._removed |= gone
        for page_id in (*(page.page_id for page in pages), *gone):
            self._failing.pop(page_id, None)
        self._failing.update({failure.page_id: failure.page_id in known.pages for failure in failed})
        self._looked_at.update(page.page_id for page in pages)
        self._looked_at.update(failure.page_id for failure in failed)

    def _count(self) -> None:
        """Count the pages that nothing happened to, and those that cannot be read at present."""
        self._tally.counts["failed"] += len(self._failing)
        kept = self._live - self._changed - len(self._removed)
        self._tally.counts["unchanged"] += max(0, kept - sum(self._failing.values()))

    def _known_pages(self) -> dict[PageId, KnownPage]:
        """Return the pages that can be found; one that lacks token vectors is of no recipe of today."""
        known = self._catalogue.known_pages(self._wiki.name)
        lacking = self._catalogue.pages_without_tokens(self._wiki.name) if self._plan.keeps_tokens else ()
        return known | {page_id: replace(known[page_id], recipe="") for page_id in lacking}
