"""Decides what a refresh has to do, from what a wiki lists and what is known of it. No disk, no clock."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from indexer.errors import WikiUnavailable
from indexer.pages import FailureKind, Page, PageFailure, PageId, PageRef, Readers, both
from indexer.ports import ListingPart

ALWAYS_REMOVED = 20  # so many pages may go at once from the smallest wiki
REMOVED_SHARE = 0.1  # of a larger wiki; a loss beyond both has mostly been an outage that looked like a short listing


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page as the catalogue holds it, as far as it tells what has changed."""

    stamp: str
    recipe: str
    sha: str
    url: str
    readers: Readers
    missed: int = 0
    """Complete listings in a row that left it out."""


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A page that could not be read, and when it is worth another try; nobody may read one that *is_closed*."""

    stamp: str
    next_try: datetime
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue holds of the pages that are being fetched."""

    pages: Mapping[PageId, KnownPage]
    failures: Mapping[PageId, KnownFailure]

    def is_same(self, page: Page, recipe: str) -> bool:
        """Say whether the passages that the catalogue has of *page* are still right."""
        known = self.pages.get(page.page_id)
        return known is not None and (known.sha, known.recipe) == (content_sha(page), recipe)

    def sort_of(self, page: Page, recipe: str) -> str:
        """Return as what a page counts."""
        known = self.pages.get(page.page_id)
        if known is None:
            return "new"
        is_shown_the_same = (known.url, known.readers) == (page.url, page.readers)
        return "unchanged" if is_shown_the_same and self.is_same(page, recipe) else "changed"

    def judged(self, failure: PageFailure, ref: PageRef | None) -> PageFailure:
        """Return *failure*, as one that closes the page where it may hide a change of rights."""
        page_id = failure.page_id
        is_open = ref is not None and failure.kind is FailureKind.UNREADABLE
        if ref is not None and is_open and closes(ref, self.pages.get(page_id), self.failures.get(page_id)):
            return replace(failure, kind=FailureKind.CLOSED)
        if is_open and (before := self.failures.get(page_id)) and before.is_closed:
            return replace(failure, kind=FailureKind.CLOSED)
        return failure


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has to be fetched, whose readers are others now, and what is gone.

    *readers* need no fetch. *forgotten* are pages whose failure is of no interest any more.
    """

    to_fetch: tuple[PageRef, ...]
    readers: Mapping[PageId, Readers]
    gone: tuple[PageId, ...]
    forgotten: tuple[PageId, ...]


def whole(parts: Iterable[ListingPart]) -> list[PageRef]:
    """Return the pages of a listing. Raises WikiUnavailable if it ended before it was complete, or with a failure."""
    pages: list[PageRef] = []
    is_complete = False
    for part in parts:
        if part.failures:
            raise WikiUnavailable(f"The listing has pages that cannot be told: {part.failures[0].why}")
        pages.extend(part.pages)
        is_complete = part.is_complete
    if not is_complete:
        raise WikiUnavailable(f"The listing ended after {len(pages)} pages before it was complete.")
    return pages


def compare(
    known: Mapping[PageId, KnownPage],
    failures: Mapping[PageId, KnownFailure],
    listed: Iterable[PageRef],
    recipe: str,
    now: datetime,
) -> Comparison:
    """Have those pages fetched that are new, have another stamp or recipe, or are due for another try."""
    refs = {ref.page_id: ref for ref in listed}
    to_fetch = (ref for ref in refs.values() if _is_worth_a_fetch(ref, known, failures, recipe, now))
    return _compared(known, failures, refs, to_fetch)


def compare_all(
    known: Mapping[PageId, KnownPage], failures: Mapping[PageId, KnownFailure], listed: Iterable[PageRef]
) -> Comparison:
    """Have every page fetched, whatever its stamp."""
    refs = {ref.page_id: ref for ref in listed}
    return _compared(known, failures, refs, refs.values())


def most_removed(known: int) -> int:
    """Return how many of *known* pages people may delete from one refresh to the next; more looks like an outage.

    >>> most_removed(60), most_removed(900)
    (20, 90)
    """
    return max(ALWAYS_REMOVED, int(REMOVED_SHARE * known))


def closes(ref: PageRef, known: KnownPage | None, failure: KnownFailure | None) -> bool:
    """Say whether a page that could not be read has perhaps got other readers: then nobody may read what we have.

    A second failure of the same stamp tells nothing new.
    """
    is_news = known is not None and known.stamp != ref.stamp and (failure is None or failure.stamp != ref.stamp)
    return is_news and ref.readers is None


def content_sha(page: Page) -> str:
    """Return the hexadecimal SHA-256 of all of *page* that its passages are made of."""
    blocks = [(block.kind, block.start, block.end, block.headings, block.anchor, block.level) for block in page.blocks]
    return hashlib.sha256(json.dumps((page.title, page.text, blocks)).encode()).hexdigest()


def _compared(
    known: Mapping[PageId, KnownPage],
    failures: Mapping[PageId, KnownFailure],
    refs: Mapping[PageId, PageRef],
    to_fetch: Iterable[PageRef],
) -> Comparison:
    """Return the comparison that has *to_fetch* fetched."""
    return Comparison(
        to_fetch=tuple(to_fetch),
        readers=_other_readers(known, failures, refs.values()),
        gone=_missing(known, refs),
        forgotten=_missing(failures, refs),
    )


def _other_readers(
    known: Mapping[PageId, KnownPage], failures: Mapping[PageId, KnownFailure], refs: Iterable[PageRef]
) -> dict[PageId, Readers]:
    """Return the readers that known pages have from now on.

    A text that is about to change may not be read by more than before: those whom the new readers let in come with the
    new text. A page that was closed stays closed until it can be read.
    """
    others: dict[PageId, Readers] = {}
    for ref in refs:
        page, failure = known.get(ref.page_id), failures.get(ref.page_id)
        if page is None or ref.readers is None or (failure is not None and failure.is_closed):
            continue
        told = ref.readers if ref.stamp == page.stamp else both(page.readers, ref.readers)
        if told != page.readers:
            others[ref.page_id] = told
    return others


def _is_worth_a_fetch(
    ref: PageRef,
    known: Mapping[PageId, KnownPage],
    failures: Mapping[PageId, KnownFailure],
    recipe: str,
    now: datetime,
) -> bool:
    """Say whether a page is new, has another stamp or recipe, or is due for another try."""
    failure = failures.get(ref.page_id)
    if failure is None:
        return not _is_current(known.get(ref.page_id), ref, recipe)
    return failure.stamp != ref.stamp or failure.next_try <= now


def _is_current(known: KnownPage | None, ref: PageRef, recipe: str) -> bool:
    """Say whether the catalogue has the page as it is."""
    return known is not None and (known.stamp, known.recipe) == (ref.stamp, recipe)


def _missing(ids: Iterable[PageId], refs: Mapping[PageId, PageRef]) -> tuple[PageId, ...]:
    """Return those of *ids* that the wiki does not list."""
    return tuple(page_id for page_id in ids if page_id not in refs)
