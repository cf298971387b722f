"""Passages: the pieces of a page that are found, shown and cited."""

from dataclasses import dataclass
from typing import NewType

from indexer.pages import PageId

PassageId = NewType("PassageId", int)

PageKey = tuple[str, PageId]
"""Names a page among all wikis: the wiki and the page's id there."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a page: `page.text[start:end]`, read together with what stands above it.

    *lead* is text repeated from earlier in the page so that the piece can be read alone: a table's header rows, the
    sentence that introduces a list; empty for most. *headings* is the section path without the page's title.
    """

    page_id: PageId
    title: str
    headings: tuple[str, ...]
    anchor: str
    start: int
    end: int
    lead: str
    body: str

    @property
    def text(self) -> str:
        """What is shown and cited: the lead, if any, and the body."""
        return f"{self.lead}\n{self.body}" if self.lead else self.body

    @property
    def breadcrumb(self) -> str:
        """`Page title > Section > Subsection`."""
        return " > ".join((self.title, *self.headings))

    @property
    def indexed_text(self) -> str:
        """What is embedded and searched: the breadcrumb above the text."""
        return f"{self.breadcrumb}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found for a question.

    *score* is the fused score the order is by, 0 to 1. *cosine* and *words* are the raw scores of the two rankings
    (-1 to 1; BM25 with the sign turned, 0 or more), 0.0 where a ranking did not hold the passage. *updated_at* is
    an ISO date and time in UTC, empty where the wiki does not say. *verified* is how sure the verifier is, 0 to 1,
    that the passage answers the question; None where it was not asked. *is_outdated* where its page says that it is.
    """

    passage_id: PassageId
    wiki: str
    page_id: PageId
    title: str
    headings: tuple[str, ...]
    anchor: str
    url: str
    revision: str
    updated_at: str
    text: str
    score: float
    cosine: float
    words: float
    verified: float | None = None
    is_outdated: bool = False

    @property
    def page(self) -> PageKey:
        """The page that it is a piece of."""
        return (self.wiki, self.page_id)

    @property
    def breadcrumb(self) -> str:
        """`Page title > Section > Subsection`."""
        return " > ".join((self.title, *self.headings))

    @property
    def indexed_text(self) -> str:
        """The breadcrumb above the text."""
        return f"{self.breadcrumb}\n{self.text}"
