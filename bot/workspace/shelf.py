"""What the workspace needs of the wikis it shows: a port, so that it knows neither indexer nor disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.workspace.people import Person


class ShelfRefused(Exception):
    """Something cannot be done with a page or with the index; the message says why, to the person who asked."""


@dataclass(frozen=True, slots=True)
class SheetRef:
    """A page that may be read. *path* is where it is in its wiki, as in its address: without an ending."""

    wiki: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in the order of the page, and the anchor by which passages are cited."""

    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page to show. *markdown* is its text without front matter, *headings* all its headings.

    *source* is what the file holds and what is edited, *revision* names that version. *updated* is a date for people.
    *ways* leads from each address that a link of the page may name to the path of the page it means.
    """

    ref: SheetRef
    markdown: str
    headings: Sequence[Heading]
    source: str
    revision: str
    updated: str
    ways: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class IndexHealth:
    """How the index is doing. *refreshed_at* is an ISO date and time in UTC, empty before the first refresh."""

    generation: int
    pages: int
    passages: int
    refreshed_at: str
    problems: Sequence[str]


class Shelf(Protocol):
    """The wikis of the workspace. *person* is None for somebody unknown, who may read what everyone may."""

    def sheets(self, person: Person | None) -> list[SheetRef]:
        """Return the pages *person* may read, by wiki and path. Raises ShelfRefused."""

    def sheet(self, person: Person | None, wiki: str, path: str) -> Sheet | None:
        """Return a page; None if there is none that *person* may read. Raises ShelfRefused."""

    def save(self, person: Person | None, wiki: str, path: str, source: str, revision: str) -> None:
        """Write *source* over the *revision* that *person* saw. Raises ShelfRefused if it was changed since."""

    def health(self) -> IndexHealth:
        """Return how the index is doing. Raises ShelfRefused."""

    def refresh(self) -> str:
        """Refresh the index and return a sentence on what changed; takes seconds to minutes. Raises ShelfRefused."""
