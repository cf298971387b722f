"""What a reader of any format hands back: a title, the normal form, and where its blocks stand."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from indexer.pages import Block, BlockKind

ANCHOR_OPENS, ANCHOR_CLOSES = "\ue000", "\ue001"
"""Private-use characters around the id of an HTML heading, on its way through Markdown."""

PROTECTED = {"\ue002": "<", "\ue003": "&"}
"""Private-use characters for what HTML had escaped, on its way through Markdown, and what they stand for."""

_UNWANTED = re.compile(r"[\x00\ud800-\udfff\ue000-\ue003]")

_GIVEN_ANCHOR = re.compile(rf"{ANCHOR_OPENS}([^{ANCHOR_CLOSES}]*){ANCHOR_CLOSES}|\s*\{{#([\w.:-]+)\}}\s*$")
_NOT_IN_SLUGS = re.compile(r"[^\w\- ]")
_PERMALINK_SIGN = re.compile(r"\s*[¶🔗]\s*$")


@dataclass(frozen=True, slots=True)
class Reading:
    """A page's *title*, its *text* in normal form with its *blocks*, and when the page itself says it was reviewed.

    `text[block.start:block.end]` is the block, blocks are in order and a blank line stands between them.
    *reviewed_at* is aware UTC, None where the page does not say. *links* are the addresses that its links lead to, as
    they are written.
    """

    title: str
    text: str
    blocks: tuple[Block, ...]
    reviewed_at: datetime | None = None
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """One block before it has a place: its kind, its text in normal form, and a heading's level (else 0)."""

    kind: BlockKind
    text: str
    level: int = 0


def readable(text: str) -> str:
    """Return *text* with line feeds only, and U+FFFD for what has no place in text or is used here as a mark."""
    return _UNWANTED.sub("\ufffd", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


def assemble(pieces: Iterable[Piece], title: str, fallback_title: str, reviewed_at: datetime | None = None) -> Reading:
    """Join *pieces* into a page called *title*, or if that is empty by its first H1, or else *fallback_title*."""
    shown = [piece for piece in pieces if piece.text.strip()]
    title_at = _title_position(shown, title)
    if not title:
        title = fallback_title if title_at is None else without_anchor(shown[title_at].text)
    placer = _Placer()
    for position, piece in enumerate(shown):
        placer.add(piece, is_title=position == title_at)
    return Reading(title, "\n\n".join(placer.texts), tuple(placer.blocks), reviewed_at)


def without_anchor(heading: str) -> str:
    """Return the text of a heading without an id written into it."""
    return _PERMALINK_SIGN.sub("", _GIVEN_ANCHOR.sub("", heading)).strip()


def _title_position(pieces: Sequence[Piece], title: str) -> int | None:
    position = next((at for at, piece in enumerate(pieces) if piece.level == 1), None)
    if position is None or not title or _letters(title) == _letters(without_anchor(pieces[position].text)):
        return position
    return None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


class _Slugs:
    """GitHub's anchors: lower case, no punctuation, hyphens for spaces, and -1, -2 for those already taken."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def of(self, heading: str) -> str:
        plain = _NOT_IN_SLUGS.sub("", heading.strip().lower()).replace(" ", "-")
        slug = plain
        while slug in self._taken:
            self._taken[plain] += 1
            slug = f"{plain}-{self._taken[plain]}"
        self._taken[slug] = 0
        return slug


class _Placer:
    """Gives each piece its offsets, the path of headings above it and the anchor of the innermost."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.blocks: list[Block] = []
        self._length = 0
        self._slugs = _Slugs()
        self._above: list[tuple[int, str, str]] = []  # level, text and anchor of each heading above, outermost first

    def add(self, piece: Piece, *, is_title: bool) -> None:
        text = piece.text
        if piece.kind is BlockKind.HEADING:
            text = self._enter(piece, is_title=is_title)
        start = self._length + 2 if self.texts else 0
        anchor = self._above[-1][2] if self._above else ""
        path = tuple(heading for _, heading, _ in self._above)
        self.blocks.append(Block(piece.kind, start, start + len(text), path, anchor, piece.level))
        self.texts.append(text)
        self._length = start + len(text)

    def _enter(self, piece: Piece, *, is_title: bool) -> str:
        heading = without_anchor(piece.text) or piece.text.strip()
        given = next((first or second for first, second in _GIVEN_ANCHOR.findall(piece.text)), "")
        anchor = given or self._slugs.of(heading)
        while self._above and self._above[-1][0] >= piece.level:
            self._above.pop()
        if not is_title:
            self._above.append((piece.level, heading, anchor))
        return f"{'#' * piece.level} {heading}"
