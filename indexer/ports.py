"""What the indexer needs from the world."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.pages import Page, PageFailure, PageId, PageRef

Vectors = NDArray[np.float32]
"""float32 of shape (texts, dimensions), each row of length 1."""

Vector = NDArray[np.float32]
"""float32 of shape (dimensions,), of length 1."""

Scores = NDArray[np.float32]
"""float32 of shape (texts,), each 0 to 1."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """What a text means: as a whole, and token by token as it stands there.

    *tokens* is of shape (tokens, dimensions), without the tokens that a model adds of its own, but with at least one
    row; every row has length 1.
    """

    vector: Vector
    tokens: Vectors


Cursor = NewType("Cursor", str)
"""A place in a wiki's feed of changes, in that wiki's own words; kept as it is, and handed back."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a wiki can tell.

    *changes*: what was changed since a cursor; without, each refresh lists the whole wiki. *removals*: its changes
    name the pages that are gone; without, these are seen at the next listing. *exact_listing*: a page that a complete
    listing leaves out is gone for certain; without, it must be missing twice, or a fetch must say that it is gone.
    """

    changes: bool
    removals: bool
    exact_listing: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of a wiki's changes. *next* is where to go on once all of this batch is kept.

    *changed* are pages that are new, edited, moved, restored, or read by others than before; one of them may have been
    known as it is already. *removed* are gone for certain. A page that got another id is removed under the old one and
    changed under the new. *expected* is how many pages these changes come to in all batches, where the wiki can tell.
    """

    changed: tuple[PageRef, ...]
    removed: tuple[PageId, ...]
    next: Cursor
    failures: tuple[PageFailure, ...] = ()
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class ListingPart:
    """Some of a wiki's pages. Only the last part *is_complete*: with it, the parts name every page there is.

    A listing that is cut short or capped has no complete part. *failures* are pages that are there but could not be
    listed as they should; they count as present. *expected* is how many pages all parts hold, where the wiki can tell.
    """

    pages: tuple[PageRef, ...]
    is_complete: bool
    failures: tuple[PageFailure, ...] = ()
    expected: int | None = None


class Wiki(Protocol):
    """One wiki that can be indexed.

    What may pass (429, 5xx, a broken connection, half an answer) the adapter tries again, with a limit, before it
    raises WikiUnavailable. Whatever went wrong, it never returns a part as if it were all.
    """

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""

    @property
    def abilities(self) -> Abilities:
        """What this wiki can tell; always the same."""

    def validate(self) -> None:
        """Check that the wiki can be read at all. Raises WikiMisconfigured, WikiRefused or WikiUnavailable."""

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Yield what was changed since *cursor* up to now, oldest first; without a cursor, every page there is.

        By the wiki's own clock, with an overlap where that is coarse: a change may come twice and is never left out.
        The last batch may be empty; there is none only where nothing was changed. Never called without the ability.
        Raises CursorExpired, and what `validate` raises.
        """

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page there is, without its text, the last part marked as complete. Raises as `validate`."""

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page once, or why it could not be read, in any order. Raises as `validate`.

        *refs* may be long: it is read as the pages are, some tens ahead at most.
        """

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


class Verifier(Protocol):
    """Says whether a text answers a question, reading both together."""

    @property
    def name(self) -> str:
        """What the scores are made with."""

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Return how sure it is, 0 to 1, that each of *texts* answers *question*, in their order.

        A text is a passage, or one sentence of it, below its breadcrumb, which is the first line.
        """


class Progress(Protocol):
    """Where long work tells how far it is."""

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all. May raise RefreshStopped."""

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done; none where it is only time to look up. May raise RefreshStopped."""
