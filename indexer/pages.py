"""A wiki page in its normal form: readable text, and where each block of it stands.

The normal form is what a reader of the rendered page sees: links are their label, emphasis is gone, lists, tables and
code keep a Markdown-like look. Offsets everywhere are Python `str` indexes into `Page.text`.
"""

from collections.abc import Iterable
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
"""All the principals one asker counts as."""

Layer = frozenset[Principal]
"""Those whom one rule lets in: a space's rights, a restriction of a page or of one above it."""

Readers = frozenset[Layer]
"""Who may read a page: whoever is let in by every layer. An empty layer lets nobody in."""

NOBODY: Readers = frozenset()
"""No layer at all: it is not known who may read, so nobody may."""


def readers(*layers: Iterable[Principal]) -> Readers:
    """Return the readers that *layers* have in common; leave out a rule that restricts nothing."""
    return frozenset(frozenset(layer) for layer in layers)


EVERYONE_READS = readers([EVERYONE])


def both(one: Readers, other: Readers) -> Readers:
    """Return the readers whom *one* and *other* let in: nobody where one of them is nobody."""
    return one | other if one and other else NOBODY


def may_read(audience: Audience, allowed: Readers) -> bool:
    """Say whether *audience* is let in by every layer of *allowed*, of which there must be one.

    >>> may_read(frozenset({EVERYONE}), EVERYONE_READS), may_read(frozenset({EVERYONE}), NOBODY)
    (True, False)
    """
    return bool(allowed) and all(not layer.isdisjoint(audience) for layer in allowed)


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
    """That a page exists, and a cheap stamp that differs when it may have changed.

    *readers* says who may read it, where the wiki tells that without the page being fetched; otherwise it is None, and
    a change of rights must show in *stamp*.
    """

    page_id: PageId
    stamp: str
    readers: Readers | None = None


@dataclass(frozen=True, slots=True)
class SectionLink:
    """A link to a section of a page of the same wiki; *anchor* is the section's."""

    page_id: PageId
    anchor: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page as fetched: its normal form, and what a citation of it needs.

    *revision* names this version of the text (a content hash where the wiki has no revisions of its own);
    *updated_at* is aware UTC, None where the wiki does not say. *readers* is NOBODY where one of the layers could not
    be read. *links* are those to sections within the wiki, as far as they can be told.
    """

    wiki: str
    page_id: PageId
    title: str
    url: str
    revision: str
    stamp: str
    updated_at: datetime | None
    readers: Readers
    text: str
    blocks: tuple[Block, ...]
    links: tuple[SectionLink, ...] = ()


class FailureKind(StrEnum):
    """What a failure says of the page that we have."""

    UNREADABLE = "unreadable"
    """Nothing: the last good passages stay, and it is tried again later."""

    CLOSED = "closed"
    """The wiki does not let us in any more (401, 403), or its rights cannot be told: nobody may read what we have."""

    GONE = "gone"
    """The wiki says that there is no such page (404, 410): it may be removed."""


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be read, and why, in a sentence for an admin without secrets."""

    page_id: PageId
    stamp: str
    why: str
    kind: FailureKind = FailureKind.UNREADABLE
