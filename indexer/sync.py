"""One refresh: what changed in the wikis becomes findable, what is gone from them is not found any more.

each wiki: validate ─► listing ─► compare with the catalogue ─► fetch ─► cut ─► embed ─► store, a batch a transaction
           then what is gone is removed, if the listing was whole and the loss does not look like an outage
last:      a new snapshot of the vectors, where many are newer than the present one
A kill or Ctrl-C at any point loses nothing that was stored; the next refresh goes on from there.
"""

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from indexer.compacting import compact
from indexer.comparing import Comparison, KnownPage, compare, compare_all, content_sha, looks_like_an_outage
from indexer.cutting import cut
from indexer.errors import WikiMisconfigured, WikiUnavailable
from indexer.pages import Page, PageFailure, PageId
from indexer.passages import Passage
from indexer.ports import Embedder, Progress, Vector, Wiki
from indexer.store.catalogue import Batch, Catalogue
from indexer.store.rows import CutPage, Embedded
from indexer.store.vectors import Snapshots, pack_tokens

RECIPE = 1  # one more makes every page be read and cut again: raise it when reading or cutting changes
BATCH = 32  # pages stored at once: a few seconds of embedding, all that a kill can cost
TEXTS = 256  # embedded at once: their token vectors take 40 MB until they are packed

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
class _Survey:
    """A wiki that could be listed, and what has to be done about it. *held_back* is a sentence, or empty."""

    wiki: Wiki
    recipe: str
    known: dict[PageId, KnownPage]
    comparison: Comparison
    held_back: str


class Sync:
    """Refreshes *catalogue* and *snapshots* from *wikis*. Only whoever holds the data folder's lock may call it.

    With *keeps_tokens*, passages get token vectors for MaxSim; without, those there are are forgotten.
    """

    def __init__(
        self,
        wikis: Sequence[Wiki],
        embedder: Embedder,
        catalogue: Catalogue,
        snapshots: Snapshots,
        clock: Callable[[], datetime],
        *,
        keeps_tokens: bool = True,
    ) -> None:
        self._wikis = wikis
        self._embedder = embedder
        self._catalogue = catalogue
        self._snapshots = snapshots
        self._clock = clock
        self._keeps_tokens = keeps_tokens

    def refresh(self, progress: Progress, *, full: bool = False, accept_removals: bool = False) -> Refreshed:
        """Bring the catalogue up to date; *full* reads every page again, *accept_removals* believes any loss.

        A wiki that cannot be read is left as it is, and said in the outcome. Raises DiskFull or EmbedderUnusable.
        """
        began = time.monotonic()
        number = self._catalogue.begin_refresh(self._clock())
        counts: Counter[str] = Counter()
        surveys, unavailable = self._survey(full=full, accept_removals=accept_removals)
        progress.expect(sum(len(survey.comparison.to_fetch) for survey in surveys))
        generation = self._generation() + 1
        for survey in surveys:
            try:
                self._take_in(survey, generation, counts, progress)
            except WikiUnavailable as error:
                unavailable[survey.wiki.name] = str(error)
                continue
            counts += self._remove_gone(survey, generation)
            self._catalogue.end_wiki(survey.wiki.name, survey.held_back, self._clock())
        for name, why in unavailable.items():
            self._catalogue.end_wiki(name, why, self._clock())
        counts += self._remove_dropped_wikis(generation)
        if not self._keeps_tokens:
            self._catalogue.forget_tokens()
        refreshed = self._outcome(counts, surveys, unavailable, time.monotonic() - began)
        self._catalogue.end_refresh(number, dict(counts), refreshed.generation, self._clock())
        compact(self._catalogue, self._snapshots, self._embedder.name)
        return refreshed

    def rehearse(self, progress: Progress, *, full: bool = False, accept_removals: bool = False) -> Refreshed:
        """Return what `refresh` would come to, with the passages and the generation of now. Writes nothing."""
        began = time.monotonic()
        surveys, unavailable = self._survey(full=full, accept_removals=accept_removals)
        progress.expect(sum(len(survey.comparison.to_fetch) for survey in surveys))
        counts: Counter[str] = Counter()
        for survey in surveys:
            counts.update(_counted_before(survey))
            try:
                for fetched in survey.wiki.fetch(survey.comparison.to_fetch):
                    counts[_sort(fetched, survey)] += 1
                    progress.advance()
            except WikiUnavailable as error:
                unavailable[survey.wiki.name] = str(error)
                continue
            counts["removed"] += 0 if survey.held_back else len(survey.comparison.gone)
        counts["removed"] += sum(pages for _, pages in self._dropped_wikis())
        return self._outcome(counts, surveys, unavailable, time.monotonic() - began)

    def _survey(self, *, full: bool, accept_removals: bool) -> tuple[list[_Survey], dict[str, str]]:
        """List every wiki; return the surveys, and by name why the other wikis cannot be read."""
        surveys: list[_Survey] = []
        unavailable: dict[str, str] = {}
        for wiki in self._wikis:
            try:
                wiki.validate()
                listed = wiki.listing()
            except (WikiMisconfigured, WikiUnavailable) as error:
                unavailable[wiki.name] = str(error)
                continue
            recipe = self._recipe(wiki)
            known = self._known_pages(wiki.name)
            failures = self._catalogue.known_failures(wiki.name)
            if full:
                comparison = compare_all(known, failures, listed)
            else:
                comparison = compare(known, failures, listed, recipe, self._clock())
            loss = (len(comparison.gone), len(known), len(listed))
            held_back = "" if accept_removals else _why_held_back(wiki.name, *loss)
            surveys.append(_Survey(wiki, recipe, known, comparison, held_back))
        return surveys, unavailable

    def _known_pages(self, wiki: str) -> dict[PageId, KnownPage]:
        """Return the pages of *wiki* that can be found; one that lacks token vectors is of no recipe of today."""
        known = self._catalogue.known_pages(wiki)
        lacking = self._catalogue.pages_without_tokens(wiki) if self._keeps_tokens else ()
        return known | {page_id: replace(known[page_id], recipe="") for page_id in lacking}

    def _recipe(self, wiki: Wiki) -> str:
        """Return all that passages depend on besides the page; the form of the wiki's addresses is part of it."""
        address = wiki.link(PageId("0"), "", "")
        return f"{RECIPE} {self._embedder.name} {self._embedder.max_tokens} {address}"

    def _take_in(self, survey: _Survey, generation: int, counts: Counter[str], progress: Progress) -> None:
        """Fetch, cut, embed and store what is new or changed, batch by batch, adding to *counts* what is done."""
        counts.update(_counted_before(survey))
        self._catalogue.forget_failures(survey.wiki.name, survey.comparison.forgotten)
        for fetched in _in_batches(survey.wiki.fetch(survey.comparison.to_fetch)):
            sorts = [_sort(page, survey) for page in fetched]
            counts.update(sorts)
            alters = "new" in sorts or "changed" in sorts
            self._store(self._batch(survey, fetched), generation if alters else self._generation())
            progress.advance(len(fetched))

    def _batch(self, survey: _Survey, fetched: Sequence[Page | PageFailure]) -> Batch:
        """Cut the pages that have to be."""
        pages = [page for page in fetched if isinstance(page, Page)]
        anew = [page for page in pages if not _is_same(page, survey)]
        return Batch(
            wiki=survey.wiki.name,
            cut=tuple(CutPage(page, content_sha(page), survey.recipe, self._passages(page)) for page in anew),
            same=tuple(page for page in pages if _is_same(page, survey)),
            failed=tuple(failure for failure in fetched if isinstance(failure, PageFailure)),
        )

    def _passages(self, page: Page) -> tuple[Passage, ...]:
        """Cut *page* to what the embedder takes."""
        return tuple(cut(page, self._embedder.count_tokens, self._embedder.max_tokens))

    def _store(self, batch: Batch, generation: int) -> None:
        """Embed what has no vector yet, then store all of *batch* at once."""
        embedded = self._embedded_by_token(batch) if self._keeps_tokens else self._embedded(batch)
        self._catalogue.store(batch, embedded, generation, self._clock())

    def _embedded(self, batch: Batch) -> Embedded:
        """Embed what has no vector yet."""
        texts = self._catalogue.texts_to_embed(batch.cut, self._embedder.name)
        vectors = self._embedder.embed_passages(texts) if texts else ()
        return Embedded(self._embedder.name, dict(zip(texts, vectors, strict=True)), {})

    def _embedded_by_token(self, batch: Batch) -> Embedded:
        """Embed what has no vector or no token vectors yet."""
        texts = self._catalogue.texts_to_embed_by_token(batch.cut, self._embedder.name)
        vectors: dict[str, Vector] = {}
        tokens: dict[str, bytes] = {}
        for start in range(0, len(texts), TEXTS):
            some = texts[start : start + TEXTS]
            for text, embedding in zip(some, self._embedder.embed_passages_by_token(some), strict=True):
                vectors[text], tokens[text] = embedding.vector, pack_tokens(embedding.tokens)
        return Embedded(self._embedder.name, vectors, tokens)

    def _remove_gone(self, survey: _Survey, generation: int) -> Counter[str]:
        """Remove what the wiki does not list any more, unless that is held back."""
        gone = survey.comparison.gone
        if not gone or survey.held_back:
            return Counter()
        self._catalogue.remove(survey.wiki.name, gone, generation)
        return Counter(removed=len(gone))

    def _dropped_wikis(self) -> list[tuple[str, int]]:
        """Return the wikis that are not among the settings any more, with how many pages they have."""
        named = {wiki.name for wiki in self._wikis}
        with self._catalogue.reading() as reading:
            return [(name, reading.count_pages(name)) for name in reading.wiki_names() if name not in named]

    def _remove_dropped_wikis(self, generation: int) -> Counter[str]:
        """Remove the wikis that are not among the settings any more."""
        counts: Counter[str] = Counter()
        for name, pages in self._dropped_wikis():
            self._catalogue.remove_wiki(name, generation if pages else self._generation())
            counts["removed"] += pages
            log.warning("a wiki that is not in the settings was removed", extra={"wiki": name, "pages": pages})
        return counts

    def _generation(self) -> int:
        with self._catalogue.reading() as reading:
            return reading.generation()

    def _outcome(
        self, counts: Counter[str], surveys: Sequence[_Survey], unavailable: Mapping[str, str], seconds: float
    ) -> Refreshed:
        """Return what the refresh came to."""
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
                unavailable=tuple(unavailable.values()),
                held_back=tuple(survey.held_back for survey in surveys if survey.held_back),
            )


def _why_held_back(wiki: str, gone: int, known: int, listed: int) -> str:
    """Return the sentence for an admin where a loss is not believed, else nothing."""
    if not looks_like_an_outage(gone, known, listed):
        return ""
    return (
        f"Wiki {wiki}: {gone} of {known} pages are gone from it, which may be an outage, so they stay in the index. "
        "If they are meant to go: python -m indexer once --accept-removals"
    )


def _counted_before(survey: _Survey) -> Counter[str]:
    """Return the counts of the pages that need not be fetched."""
    return Counter(unchanged=survey.comparison.unchanged, failed=survey.comparison.waiting)


def _sort(fetched: Page | PageFailure, survey: _Survey) -> str:
    """Return as what a page counts."""
    if isinstance(fetched, PageFailure):
        return "failed"
    known = survey.known.get(fetched.page_id)
    if known is None:
        return "new"
    is_shown_the_same = (known.url, known.readers) == (fetched.url, fetched.readers)
    return "unchanged" if is_shown_the_same and _is_same(fetched, survey) else "changed"


def _is_same(page: Page, survey: _Survey) -> bool:
    """Say whether the passages that the catalogue has of *page* are still right."""
    known = survey.known.get(page.page_id)
    return known is not None and (known.sha, known.recipe) == (content_sha(page), survey.recipe)


def _in_batches(pages: Iterable[Page | PageFailure]) -> Iterator[list[Page | PageFailure]]:
    """Yield *pages* by the batch, the last one perhaps smaller."""
    rest = iter(pages)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch
