"""Decides what a refresh has to do, from what a wiki lists and what is known of it. No disk, no clock."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from indexer.pages import Page, PageId, PageRef, Principal

ALWAYS_REMOVED = 20  # so many pages may go at once from the smallest wiki
REMOVED_SHARE = 0.1  # of a larger wiki; a loss beyond both has mostly been an outage that looked like a short listing


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page as the catalogue holds it, as far as it tells what has changed."""

    stamp: str
    recipe: str
    sha: str
    url: str
    readers: frozenset[Principal]


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A page that could not be read, and when it is worth another try."""

    stamp: str
    next_try: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has to be fetched, how many pages need nothing or wait for another try, and what is gone.

    *forgotten* are pages whose failure is of no interest any more.
    """

    to_fetch: tuple[PageRef, ...]
    unchanged: int
    waiting: int
    gone: tuple[PageId, ...]
    forgotten: tuple[PageId, ...]


def compare(
    known: Mapping[PageId, KnownPage],
    failures: Mapping[PageId, KnownFailure],
    listed: Iterable[PageRef],
    recipe: str,
    now: datetime,
) -> Comparison:
    """Have those pages fetched that are new, have another stamp or recipe, or are due for another try."""
    refs = {ref.page_id: ref for ref in listed}
    waiting = {
        ref.page_id
        for ref in refs.values()
        if (failure := failures.get(ref.page_id)) and failure.stamp == ref.stamp and failure.next_try > now
    }
    to_fetch = tuple(
        ref
        for ref in refs.values()
        if ref.page_id not in waiting
        and (ref.page_id in failures or not _is_current(known.get(ref.page_id), ref, recipe))
    )
    return Comparison(
        to_fetch=to_fetch,
        unchanged=len(refs) - len(to_fetch) - len(waiting),
        waiting=len(waiting),
        gone=_missing(known, refs),
        forgotten=_missing(failures, refs),
    )


def compare_all(
    known: Mapping[PageId, KnownPage], failures: Mapping[PageId, KnownFailure], listed: Iterable[PageRef]
) -> Comparison:
    """Have every page fetched, whatever its stamp."""
    refs = {ref.page_id: ref for ref in listed}
    return Comparison(tuple(refs.values()), 0, 0, gone=_missing(known, refs), forgotten=_missing(failures, refs))


def looks_like_an_outage(gone: int, known: int, listed: int) -> bool:
    """Say whether *gone* of *known* pages is more than people delete from one refresh to the next.

    A wiki that lists nothing at all is not believed, however small it was.

    >>> looks_like_an_outage(gone=20, known=60, listed=40), looks_like_an_outage(gone=21, known=60, listed=39)
    (False, True)
    >>> looks_like_an_outage(gone=80, known=900, listed=820), looks_like_an_outage(gone=5, known=5, listed=0)
    (False, True)
    """
    return gone > max(ALWAYS_REMOVED, REMOVED_SHARE * known) or (gone > 0 and listed == 0)


def content_sha(page: Page) -> str:
    """Return the hexadecimal SHA-256 of all of *page* that its passages are made of."""
    blocks = [(block.kind, block.start, block.end, block.headings, block.anchor, block.level) for block in page.blocks]
    return hashlib.sha256(json.dumps((page.title, page.text, blocks)).encode()).hexdigest()


def _is_current(known: KnownPage | None, ref: PageRef, recipe: str) -> bool:
    """Say whether the catalogue has the page as it is."""
    return known is not None and (known.stamp, known.recipe) == (ref.stamp, recipe)


def _missing(ids: Iterable[PageId], refs: Mapping[PageId, PageRef]) -> tuple[PageId, ...]:
    """Return those of *ids* that the wiki does not list."""
    return tuple(page_id for page_id in ids if page_id not in refs)
