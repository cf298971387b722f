"""What the indexer needs from the world."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.pages import Page, PageFailure, PageId, PageRef

Vectors = NDArray[np.float32]
"""float32 of shape (texts, dimensions), each row of length 1."""

Vector = NDArray[np.float32]
"""float32 of shape (dimensions,), of length 1."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """What a text means: as a whole, and token by token as it stands there.

    *tokens* is of shape (tokens, dimensions), without the tokens that a model adds of its own, but with at least one
    row; every row has length 1.
    """

    vector: Vector
    tokens: Vectors


class Wiki(Protocol):
    """One wiki that can be indexed."""

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""

    def validate(self) -> None:
        """Check that the wiki can be read at all. Raises WikiMisconfigured or WikiUnavailable."""

    def listing(self) -> list[PageRef]:
        """Return every page there is. Raises WikiUnavailable rather than return a part of them."""

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page, or why it could not be read, in the order asked for."""

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the address of a section of a page, with a text fragment for *quote* where it is not empty.

        Empty where the wiki has no address of its own.
        """


class Embedder(Protocol):
    """Turns text into vectors whose dot product says how near two meanings are."""

    @property
    def name(self) -> str:
        """What the vectors are made with; vectors of different names are never compared."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    @property
    def max_tokens(self) -> int:
        """The most tokens of one text that are embedded; what is beyond is lost."""

    def count_tokens(self, text: str) -> int:
        """Return how many of `max_tokens` *text* takes, special tokens left out."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return float32 of shape (len(texts), dimensions), each row of length 1."""

    def embed_question(self, text: str) -> Vector:
        """Return float32 of shape (dimensions,), of length 1."""

    def embed_passages_by_token(self, texts: Sequence[str]) -> list[Embedding]:
        """Return an embedding for each text, in order; its vector is that of `embed_passages`."""

    def embed_question_by_token(self, text: str) -> Embedding:
        """Return the embedding of *text*; its vector is that of `embed_question`."""


class Progress(Protocol):
    """Where long work tells how far it is."""

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done."""
