"""One refresh: what changed in the wikis becomes findable, what is gone from them is not found any more.

lease ─► each wiki: a visit (see visiting.py), whose outcome is noted ─► wikis that are not in the settings go
      ─► a new snapshot of the vectors, where many are newer than the present one ─► what is wrong with pages
A kill or Ctrl-C at any point loses nothing that was stored; the next refresh goes on from there.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from indexer.compacting import Compactor
from indexer.errors import WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.keeping import CatalogueKeeper, Keeper, Rehearsal, RightsKeeper
from indexer.locking import working
from indexer.pages import PageId
from indexer.planning import NO_WISHES, Plan, Tally, Wishes
from indexer.ports import Embedder, Progress, Wiki
from indexer.reporting import sum_up
from indexer.store.catalogue import Catalogue, Ending
from indexer.store.vectors import Snapshots
from indexer.visiting import Visit

RECIPE = 2  # one more makes every page be read and cut again: raise it when reading or cutting changes
NOTED_EVERY_SECONDS = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh came to.

    *failed* counts the pages that cannot be read at present, those not tried again yet among them; *passages* all
    there are now. *unavailable* and *held_back* are sentences about wikis that could not be read, and about pages
    that are gone from a wiki and were kept all the same.
    """

    new: int
    changed: int
    removed: int
    unchanged: int
    failed: int
    passages: int
    seconds: float
    generation: int
    unavailable: tuple[str, ...]
    held_back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """What holds for every refresh.

    With *keeps_tokens*, passages get token vectors for MaxSim; without, those there are are forgotten. A wiki that
    tells its changes is compared with a complete listing every *listing_every*. *generations_kept* can be gone back.
    """

    keeps_tokens: bool = True
    listing_every: timedelta = timedelta(days=1)
    generations_kept: int = 20


USUAL_HABITS = Habits()


class Sync:
    """Refreshes *catalogue* and *snapshots* from *wikis*."""

    def __init__(
        self,
        wikis: Sequence[Wiki],
        embedder: Embedder,
        catalogue: Catalogue,
        snapshots: Snapshots,
        clock: Callable[[], datetime],
        habits: Habits = USUAL_HABITS,
    ) -> None:
        self._wikis = wikis
        self._embedder = embedder
        self._catalogue = catalogue
        self._compactor = Compactor(catalogue, snapshots, embedder.name)
        self._clock = clock
        self._habits = habits

    def refresh(self, progress: Progress, wishes: Wishes = NO_WISHES, wiki: str = "") -> Refreshed:
        """Bring the catalogue up to date with all wikis, or the one named *wiki*.

        A wiki that cannot be read is left as it is, and said in the outcome. Raises DiskFull, EmbedderUnusable,
        IndexerBusy where another indexer works, or LeaseLost where another one took over.
        """
        with working(self._catalogue, self._clock):
            return self.refresh_under_lease(progress, wishes, wiki)

    def refresh_under_lease(self, progress: Progress, wishes: Wishes, wiki: str) -> Refreshed:
        """Do the same for whoever holds the lease already. Raises as `refresh`."""
        began = time.monotonic()
        number = self._catalogue.begin_refresh(self._clock())
        generation = self._newest_generation() + 1
        tally = Tally(_NotedProgress(progress, self._catalogue, number))
        keeper = self._keeper(generation)
        outcomes = [self._visit(one, keeper, tally, wishes) for one in self._named(wiki)]
        for outcome in outcomes:
            self._catalogue.end_wiki(outcome.ending, self._clock())
        tally.counts["removed"] += self._remove_dropped_wikis(generation)
        if not self._habits.keeps_tokens:
            self._catalogue.forget_tokens()
        refreshed = self._refreshed(tally, outcomes, time.monotonic() - began)
        self._catalogue.end_refresh(number, dict(tally.counts), self._habits.generations_kept, self._clock())
        self._compactor.compact()
        sum_up(self._catalogue, number, self._clock(), has_read=tally.expected > 0)
        return refreshed

    def rehearse(self, progress: Progress, wishes: Wishes = NO_WISHES, wiki: str = "") -> Refreshed:
        """Return what `refresh` would come to, with the passages and the generation of now. Writes nothing."""
        began = time.monotonic()
        tally = Tally(progress)
        outcomes = [self._visit(one, Rehearsal(), tally, wishes) for one in self._named(wiki)]
        tally.counts["removed"] += sum(pages for _, pages in self._dropped_wikis())
        return self._refreshed(tally, outcomes, time.monotonic() - began)

    def _keeper(self, generation: int) -> Keeper:
        """Return what keeps texts, or only rights while a former generation is shown."""
        if self._catalogue.shown_generation() is not None:
            return RightsKeeper(self._catalogue, self._clock, generation)
        keeps_tokens = self._habits.keeps_tokens
        return CatalogueKeeper(self._catalogue, self._embedder, self._clock, generation, keeps_tokens=keeps_tokens)

    def _named(self, name: str) -> list[Wiki]:
        """Return the wikis to visit. Raises WikiMisconfigured where none has that name."""
        named = [wiki for wiki in self._wikis if name in ("", wiki.name)]
        if name and not named:
            known = ", ".join(wiki.name for wiki in self._wikis)
            raise WikiMisconfigured(f"There is no wiki named {name!r} in FOOTNOTE_WIKIS; there are: {known}.")
        return named

    def _visit(self, wiki: Wiki, keeper: Keeper, tally: Tally, wishes: Wishes) -> "_Outcome":
        """Visit one wiki, whatever it answers."""
        recipe = self._recipe(wiki)
        plan = Plan(
            recipe=recipe,
            marker=f"{recipe} {'with' if self._habits.keeps_tokens else 'without'} token vectors",
            keeps_tokens=self._habits.keeps_tokens,
            wishes=wishes,
            now=self._clock(),
            listing_every=self._habits.listing_every,
            only_rights=self._catalogue.shown_generation() is not None,
        )
        visit = Visit(wiki, self._catalogue, keeper, tally, plan)
        unavailable = ""
        try:
            visit.make()
        except (WikiMisconfigured, WikiRefused, WikiUnavailable) as error:
            unavailable = str(error)
        problem = unavailable or visit.held_back
        ending = Ending(wiki.name, problem, visit.pending, lists_again=visit.is_listing_open)
        return _Outcome(ending, unavailable, visit.held_back)

    def _recipe(self, wiki: Wiki) -> str:
        """Return all that passages depend on besides the page; the form of the wiki's addresses is part of it."""
        address = wiki.link(PageId("0"), "", "")
        return f"{RECIPE} {self._embedder.name} {self._embedder.max_tokens} {address}"

    def _dropped_wikis(self) -> list[tuple[str, int]]:
        """Return the wikis that are not among the settings any more, with how many pages they have."""
        named = {wiki.name for wiki in self._wikis}
        with self._catalogue.reading() as reading:
            return [(name, reading.count_pages(name)) for name in reading.wiki_names() if name not in named]

    def _remove_dropped_wikis(self, generation: int) -> int:
        """Remove the wikis that are not among the settings any more; return how many pages these had."""
        removed = 0
        for name, pages in self._dropped_wikis():
            self._catalogue.remove_wiki(name, generation if pages else self._newest_generation())
            removed += pages
            log.warning("a wiki that is not in the settings was removed", extra={"wiki": name, "pages": pages})
        return removed

    def _newest_generation(self) -> int:
        with self._catalogue.reading() as reading:
            return reading.newest_generation()

    def _refreshed(self, tally: Tally, outcomes: Sequence["_Outcome"], seconds: float) -> Refreshed:
        """Return what the refresh came to."""
        counts = tally.counts
        shown = self._catalogue.shown_generation()
        waits = f"Generation {shown} is shown, so new texts wait. To go on: python -m indexer rollback --to newest"
        with self._catalogue.reading() as reading:
            return Refreshed(
                new=counts["new"],
                changed=counts["changed"],
                removed=counts["removed"],
                unchanged=counts["unchanged"],
                failed=counts["failed"],
                passages=reading.count_passages(),
                seconds=round(seconds, 3),
                generation=reading.generation(),
                unavailable=tuple(one.unavailable for one in outcomes if one.unavailable),
                held_back=(
                    *(one.held_back for one in outcomes if one.held_back),
                    *([waits] if shown is not None else []),
                ),
            )


class _NotedProgress:
    """Progress that is noted in the catalogue too, now and then, so that `status` can tell it."""

    def __init__(self, progress: Progress, catalogue: Catalogue, refresh: int) -> None:
        self._progress = progress
        self._catalogue = catalogue
        self._refresh = refresh
        self._expected = 0
        self._done = 0
        self._noted_at = time.monotonic()

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""
        self._expected = pages
        self._progress.expect(pages)

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done."""
        self._done += pages
        if time.monotonic() - self._noted_at >= NOTED_EVERY_SECONDS:
            self._catalogue.note_progress(self._refresh, self._done, self._expected)
            self._noted_at = time.monotonic()
        self._progress.advance(pages)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How the visit to a wiki ended; the sentences are empty where all went well."""

    ending: Ending
    unavailable: str
    held_back: str
