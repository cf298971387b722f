"""A wiki page in its normal form: readable text, and where each block of it stands.

The normal form is what a reader of the rendered page sees: links are their label, emphasis is gone, lists, tables and
code keep a Markdown-like look. Offsets everywhere are Python `str` indexes into `Page.text`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

PageId = NewType("PageId", str)
"""A wiki's own immutable id of a page; for a folder, the page's path in it."""

Principal = NewType("Principal", str)
"""Someone or some group that may read: a person, a wiki group, or everyone."""

EVERYONE = Principal("everyone")

Audience = frozenset[Principal]
"""All the principals one asker counts as. A page is readable if one of its readers is among them."""


class BlockKind(StrEnum):
    """What a block is, for whoever cuts or shows it."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page: `page.text[start:end]`.

    *headings* is the path of section headings above it, outermost first, without the page's title; a heading block
    has itself as the last. *anchor* is the fragment of the innermost heading, empty before the first one.
    *level* is 1–6 for a heading and 0 for all else.
    """

    kind: BlockKind
    start: int
    end: int
    headings: tuple[str, ...]
    anchor: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class PageRef:
    """That a page exists, and a cheap stamp that differs when it may have changed."""

    page_id: PageId
    stamp: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page as fetched: its normal form, and what a citation of it needs.

    *revision* names this version of the text (a content hash where the wiki has no revisions of its own);
    *updated_at* is aware UTC, None where the wiki does not say. *readers* is never empty by accident: nobody may read
    a page whose readers are unknown.
    """

    wiki: str
    page_id: PageId
    title: str
    url: str
    revision: str
    stamp: str
    updated_at: datetime | None
    readers: frozenset[Principal]
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be read, and why, in a sentence for an admin."""

    page_id: PageId
    stamp: str
    why: str
