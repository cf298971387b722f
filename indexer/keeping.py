"""From fetched pages to what can be found: cut, embed what has no vector yet, and keep it all in one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from indexer.comparing import content_sha
from indexer.cutting import cut
from indexer.pages import Page, PageFailure, PageId, Readers
from indexer.passages import Passage
from indexer.ports import Cursor, Embedder, Vector
from indexer.store.catalogue import Batch, Catalogue
from indexer.store.rows import CutPage, Embedded
from indexer.store.vectors import pack_tokens

TEXTS = 256  # embedded at once: their token vectors take 40 MB until they are packed


@dataclass(frozen=True, slots=True)
class Intake:
    """What a few references of one wiki came to. *cursor* is kept with it, where there is one.

    *anew* are pages to be cut under *recipe*, *same* those whose passages are still right; *gone* are removed.
    """

    wiki: str
    recipe: str
    anew: Sequence[Page]
    same: Sequence[Page]
    failed: Sequence[PageFailure]
    gone: Sequence[PageId]
    cursor: Cursor | None


class Keeper(Protocol):
    """Where a visit leaves what it found."""

    def keep(self, intake: Intake) -> None:
        """Keep *intake*, all of it or nothing."""

    def set_readers(self, wiki: str, readers: Mapping[PageId, Readers]) -> None:
        """Let pages be read by others from now on."""

    def remove(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Remove pages, and what is known of them."""

    def note_listing(self, wiki: str, missing: Iterable[PageId], recipe: str) -> None:
        """Note that a complete listing was compared, which left *missing* out."""

    def forget_failures(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Forget that pages, which are gone, could not be read."""


class Rehearsal:
    """A keeper that keeps nothing."""

    def keep(self, intake: Intake) -> None:
        """Do nothing."""

    def set_readers(self, wiki: str, readers: Mapping[PageId, Readers]) -> None:
        """Do nothing."""

    def remove(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Do nothing."""

    def note_listing(self, wiki: str, missing: Iterable[PageId], recipe: str) -> None:
        """Do nothing."""

    def forget_failures(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Do nothing."""


class RightsKeeper:
    """Keeps in *catalogue* who may read what, and what is gone: all that acts while a former generation is shown."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], datetime], generation: int) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._generation = generation

    def keep(self, intake: Intake) -> None:
        """Keep the rights; texts and the cursor wait."""
        batch = Batch(
            wiki=intake.wiki,
            cut=(),
            same=(*intake.anew, *intake.same),
            failed=tuple(intake.failed),
            gone=tuple(intake.gone),
            cursor=None,
        )
        self._catalogue.store_rights(batch, self._generation, self._clock())

    def set_readers(self, wiki: str, readers: Mapping[PageId, Readers]) -> None:
        """Write the rights."""
        self._catalogue.set_readers(wiki, readers, self._generation)

    def remove(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Remove pages in one transaction, out of every generation."""
        self._catalogue.remove(wiki, list(pages), self._generation, self._clock())

    def note_listing(self, wiki: str, missing: Iterable[PageId], recipe: str) -> None:
        """Do nothing: what was listed is not taken in yet."""

    def forget_failures(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Do nothing."""


class CatalogueKeeper:
    """Keeps in *catalogue*, whose generation becomes *generation* with the first change of what can be found.

    With *keeps_tokens*, passages get token vectors for MaxSim.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: Embedder,
        clock: Callable[[], datetime],
        generation: int,
        *,
        keeps_tokens: bool,
    ) -> None:
        self._catalogue = catalogue
        self._embedder = embedder
        self._clock = clock
        self._generation = generation
        self._keeps_tokens = keeps_tokens

    def keep(self, intake: Intake) -> None:
        """Cut and embed, then store everything at once. Raises DiskFull, EmbedderUnusable or LeaseLost."""
        batch = Batch(
            wiki=intake.wiki,
            cut=tuple(CutPage(page, content_sha(page), intake.recipe, self._passages(page)) for page in intake.anew),
            same=tuple(intake.same),
            failed=tuple(intake.failed),
            gone=tuple(intake.gone),
            cursor=intake.cursor,
        )
        embedded = self._embedded_by_token(batch) if self._keeps_tokens else self._embedded(batch)
        self._catalogue.store(batch, embedded, self._generation, self._clock())

    def set_readers(self, wiki: str, readers: Mapping[PageId, Readers]) -> None:
        """Write the rights alone: nothing is fetched, cut or embedded for it."""
        self._catalogue.set_readers(wiki, readers, self._generation)

    def remove(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Remove pages in one transaction."""
        self._catalogue.remove(wiki, list(pages), self._generation, self._clock())

    def note_listing(self, wiki: str, missing: Iterable[PageId], recipe: str) -> None:
        """Note it with the time."""
        self._catalogue.note_listing(wiki, missing, recipe, self._clock())

    def forget_failures(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Forget them."""
        self._catalogue.forget_failures(wiki, list(pages))

    def _passages(self, page: Page) -> tuple[Passage, ...]:
        """Cut *page* to what the embedder takes."""
        return tuple(cut(page, self._embedder.count_tokens, self._embedder.max_tokens))

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
