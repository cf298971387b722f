"""What in the wikis makes answers worse: pages that are empty, twice there, old, too long, or with links to nowhere.

Knows how to judge what the catalogue holds; knows nothing of how it is kept. A text is read once and remembered as a
sketch; after that only those of pages whose sketches are alike are read again.
"""

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from indexer.pages import PageId, SectionLink

STALE_AFTER = timedelta(days=365)
MOST_PASSAGES = 60  # of one page: about 9,000 words; its title says little about any of them
TABLE_SHARE = 0.8  # of a page's characters

SHINGLE_WORDS = 5
FEWEST_WORDS = 30  # of a page that is compared: short ones are alike by chance
ALIKE = 0.8  # share of the shingles that two pages have in common
HASHES = 32  # per page; two pages alike by 0.8 share one of 8 bands of 4 in 98 cases of 100
BAND = 4

_WORD = re.compile(r"\w+")


class FindingKind(StrEnum):
    """What may be wrong with a page."""

    EMPTY = "empty"
    NEAR_DUPLICATE = "near-duplicate"
    STALE = "stale"
    TOO_LONG = "too long"
    ALL_TABLE = "all table"
    DEAD_SECTION_LINK = "dead section link"


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is remembered of a text. *in_tables* is the share of its characters that stand in tables.

    *bands* are hashes, one of which pages that say nearly the same have in common; none of a text too short for that.
    """

    in_tables: float
    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportedPage:
    """A page as the catalogue holds it, as far as it is judged. *updated_at* is None where the wiki does not say."""

    wiki: str
    page_id: PageId
    title: str
    updated_at: datetime | None
    sketch: Sketch
    passages: int
    anchors: frozenset[str]
    links: tuple[SectionLink, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that may be wrong with one page; *detail* says what, in a few words."""

    kind: FindingKind
    wiki: str
    page_id: PageId
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How many findings of each kind there were on *day*, an ISO date, while *generation* was shown."""

    generation: int
    day: str
    counts: Mapping[str, int]


def findings(pages: Sequence[ReportedPage], text_of: Callable[[ReportedPage], str], now: datetime) -> list[Finding]:
    """Return all that may be wrong with *pages*, by kind, wiki and page; *text_of* reads the text of one."""
    found = [
        Finding(kind, page.wiki, page.page_id, page.title, detail)
        for page in pages
        for kind, detail in _of_one(page, now)
    ]
    found += _dead_links(pages)
    found += _near_duplicates(pages, text_of)
    kinds = list(FindingKind)
    return sorted(found, key=lambda one: (kinds.index(one.kind), one.wiki, one.page_id, one.detail))


def counted(found: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each kind that there is, in the order of kinds."""
    counts = Counter(one.kind for one in found)
    return {kind.value: counts[kind] for kind in FindingKind if counts[kind]}


def sketched(text: str) -> Sketch:
    """Return the sketch of *text*."""
    in_tables = sum(len(line) for line in text.splitlines() if line.startswith("|"))
    shingles = _shingles(text)
    is_compared = len(shingles) > FEWEST_WORDS - SHINGLE_WORDS
    return Sketch(round(in_tables / max(1, len(text)), 4), _bands(shingles) if is_compared else ())


def _of_one(page: ReportedPage, now: datetime) -> Iterator[tuple[FindingKind, str]]:
    """Yield what can be said of a page alone."""
    if not page.passages:
        yield FindingKind.EMPTY, "nothing to find in it"
        return
    if page.updated_at is not None and now - page.updated_at > STALE_AFTER:
        yield FindingKind.STALE, f"not touched since {page.updated_at:%Y-%m-%d}"
    if page.passages > MOST_PASSAGES:
        yield FindingKind.TOO_LONG, f"{page.passages} passages"
    if page.sketch.in_tables > TABLE_SHARE:
        yield FindingKind.ALL_TABLE, f"{int(100 * page.sketch.in_tables)} % of it stands in tables"


def _dead_links(pages: Sequence[ReportedPage]) -> Iterator[Finding]:
    """Yield the links to sections that their page does not have; a page that is not known may be elsewhere."""
    led_to = {(page.wiki, link.page_id) for page in pages for link in page.links}
    anchors = {
        (page.wiki, page.page_id): {_letters(name) for name in (*page.anchors, "", "top", page.title)}
        for page in pages
        if (page.wiki, page.page_id) in led_to
    }
    for page in pages:
        for link in page.links:
            known = anchors.get((page.wiki, link.page_id))
            if known is not None and _letters(link.anchor) not in known:
                detail = f"{link.page_id}#{link.anchor}"
                yield Finding(FindingKind.DEAD_SECTION_LINK, page.wiki, page.page_id, page.title, detail)


def _near_duplicates(pages: Sequence[ReportedPage], text_of: Callable[[ReportedPage], str]) -> Iterator[Finding]:
    """Yield the pages that say nearly the same as one before them."""

    @cache
    def shingles(place: int) -> NDArray[np.uint64]:
        return _shingles(text_of(pages[place]))

    for first, second in sorted(_candidates(pages)):
        alike = _likeness(shingles(first), shingles(second))
        if alike >= ALIKE:
            page, other = pages[second], pages[first]
            detail = f"{100 * alike:.0f} % as {other.wiki} {other.page_id}"
            yield Finding(FindingKind.NEAR_DUPLICATE, page.wiki, page.page_id, page.title, detail)


def _shingles(text: str) -> NDArray[np.uint64]:
    """Return the hashes of each run of five words, each once."""
    words = [word.lower() for word in _WORD.findall(text)]
    runs = (" ".join(words[at : at + SHINGLE_WORDS]) for at in range(max(0, len(words) - SHINGLE_WORDS + 1)))
    return np.unique(np.fromiter((zlib.crc32(run.encode()) for run in runs), np.uint64))


def _candidates(pages: Sequence[ReportedPage]) -> set[tuple[int, int]]:
    """Return the pairs of pages that agree in a band."""
    places: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for place, page in enumerate(pages):
        for band in enumerate(page.sketch.bands):
            places[band].append(place)
    return {pair for alike in places.values() for pair in _neighbours(alike)}


def _bands(shingles: NDArray[np.uint64]) -> tuple[int, ...]:
    """Return a hash of each four of the smallest hashes (Broder 1997; Leskovec et al., chapter 3)."""
    factors, offsets = _mixers()
    mixed = (shingles[:, None] * factors + offsets) >> np.uint64(16)  # (shingles, hashes)
    smallest = mixed.min(axis=0).reshape(-1, BAND)  # (bands, 4)
    return tuple(zlib.crc32(band.tobytes()) for band in smallest)


@cache
def _mixers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the factor and the offset of each hash, always the same: bands are kept."""
    chance = np.random.default_rng(1997)
    factors = chance.integers(1, 2**32, HASHES, dtype=np.uint64) | np.uint64(1)
    return factors, chance.integers(0, 2**32, HASHES, dtype=np.uint64)


def _neighbours(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first place with each of the others: of a hundred copies, ninety-nine pairs and not five thousand."""
    first, *others = places
    yield from ((first, other) for other in others)


def _likeness(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Return the share of the shingles of both that they have in common."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def _letters(anchor: str) -> str:
    """Return what site generators agree on in an anchor; what they make of punctuation differs."""
    return "".join(filter(str.isalnum, anchor)).casefold()
