"""Takes a block of a page apart where it may be broken: a list between items, a table between rows, code between lines.

A block that fits is one atom. A bigger one is split at the first kind of place that helps, and its parts again at the
next kind, down to words and at last characters, so that no atom is bigger than a passage may be.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from indexer.pages import Block, BlockKind

Measure = Callable[[str], int]
"""How big a text is, in tokens; at least 1."""

FEWEST_CHARACTERS = 80  # parts shorter than this stay together: cutting costs time by the number of atoms
MOST_LEAD_SHARE = 3  # a lead takes at most this part (a third) of a passage
CHARACTERS_TO_TOKEN = 2  # a cautious guess, where text has no place to break: two such parts make one passage

INTRODUCED, AFTER_TEXT, ANYWHERE = 2.0, 0.3, 3.0
"""Prices: to part what a colon introduces, a list or code from the text above it, words in the middle of a sentence."""


@dataclass(frozen=True, slots=True)
class Lead:
    """Text repeated above a part that cannot be read alone, and its size in tokens, 0 if there is none."""

    text: str = ""
    size: int = 0


NO_LEAD = Lead()


@dataclass(frozen=True, slots=True)
class Atom:
    """A part of a page that is not broken: `page.text[start:end]`, *size* tokens.

    *price* is how bad it is to begin a passage with it, 0 for not at all; *lead* is what then stands above it.
    """

    start: int
    end: int
    size: int
    price: float = 0.0
    lead: Lead = NO_LEAD


@dataclass(frozen=True, slots=True)
class _Joint:
    """A kind of place where a block may be broken, after each match of *pattern*, and at what price."""

    pattern: re.Pattern[str]
    price: float


_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[^a-z\s])|(?<=[。！？])")
_TEXT_JOINTS = (_Joint(_LINE, 0.5), _Joint(_SENTENCE, 0.8))
_JOINTS = {
    BlockKind.TABLE: (_Joint(_LINE, 0.2), _Joint(re.compile(r" (?=\| )"), 1.5)),
    BlockKind.LIST: (_Joint(re.compile(r"\n(?=\S)"), 0.4), _Joint(_LINE, 0.8), _Joint(_SENTENCE, 1.2)),
    BlockKind.CODE: (
        _Joint(re.compile(r"\n[ \t]*\n(?=\S)"), 0.3),
        _Joint(re.compile(r"\n(?=[^\s)\]}])"), 0.6),
        _Joint(_LINE, 1.0),
    ),
}
_TABLE_HEAD = re.compile(r"[^\n]*\n\|(?: --- \|)+(?=\n)")
_LAST_SPACE = re.compile(r"\s(?=\S*\Z)")
_TOP_LINE = re.compile(r"^\S.*$", re.MULTILINE)


class Splitter:
    """Splits the blocks of one *text* into atoms of at most *limit* tokens, their leads included."""

    def __init__(self, text: str, measure: Measure, limit: int) -> None:
        self._text = text
        self._measure = measure
        self._limit = limit

    def atoms(self, block: Block, before: Block | None) -> list[Atom]:
        """Return the atoms of *block*; *before* is the block above it in the same section, if any."""
        whole = Atom(block.start, block.end, self._size(block.start, block.end), self._price(block, before))
        introduction = self._introduction(before)
        if whole.size <= self._limit:
            return [self._led(whole, introduction)]
        lead = introduction if block.kind is BlockKind.LIST else self._repeated_lead(block)
        parts = self._split(whole, _JOINTS.get(block.kind, _TEXT_JOINTS), self._limit - lead.size, block)
        return [
            self._led(whole_part, above) for whole_part, above in self._leads(list(parts), block, introduction, lead)
        ]

    def _size(self, start: int, end: int) -> int:
        """Return the size of a part; one that cannot fit is not counted, which keeps huge blocks cheap."""
        return self._limit + 1 if end - start > 100 * self._limit else self._measure(self._text[start:end])

    def _led(self, atom: Atom, lead: Lead) -> Atom:
        return replace(atom, lead=lead) if lead.size + atom.size <= self._limit else atom

    def _lead(self, text: str) -> Lead:
        """Return *text* as a lead, or none if it would take too much of a passage."""
        most = self._limit // MOST_LEAD_SHARE
        if not text or len(text) > 8 * most:
            return NO_LEAD
        size = self._measure(text)
        return Lead(text, size) if size <= most else NO_LEAD

    def _introduces(self, before: Block | None) -> bool:
        return before is not None and self._text.endswith((":", "："), before.start, before.end)

    def _price(self, block: Block, before: Block | None) -> float:
        if before is None:
            return 0.0
        if self._introduces(before):
            return INTRODUCED
        return 0.0 if block.kind in {BlockKind.PARAGRAPH, BlockKind.QUOTE} else AFTER_TEXT

    def _introduction(self, before: Block | None) -> Lead:
        """Return the last sentence of the block above if it introduces what follows."""
        if before is None or not self._introduces(before):
            return NO_LEAD
        line_start = self._text.rfind("\n", before.start, before.end) + 1
        last_line = self._text[max(line_start, before.start) : before.end].strip()
        ends = [match.end() for match in _SENTENCE.finditer(last_line) if match.end() < len(last_line)]
        return self._lead(last_line[ends[-1] if ends else 0 :])

    def _repeated_lead(self, block: Block) -> Lead:
        """Return what stands above each further part: a table's head, a fence with its language."""
        if block.kind is BlockKind.CODE:
            return self._lead(self._text[block.start : block.end].partition("\n")[0])
        head = _TABLE_HEAD.match(self._text, block.start, block.end)
        return self._lead(head[0]) if head and block.kind is BlockKind.TABLE else NO_LEAD

    def _leads(
        self, parts: Sequence[Atom], block: Block, introduction: Lead, lead: Lead
    ) -> Iterator[tuple[Atom, Lead]]:
        """Yield each part with its lead: a list item's for what is nested in it, a row's first cell for its others."""
        item = NO_LEAD
        for part in parts:
            above = lead
            if part.start == block.start:
                above = introduction
            elif block.kind is BlockKind.LIST and self._text[part.start].isspace():
                above = item
            elif block.kind is BlockKind.TABLE and self._text[part.start - 1] != "\n":
                above = self._with_first_cell(part, block, lead)
            yield part, above if above.size + part.size <= self._limit else lead
            if block.kind is BlockKind.LIST:
                lines = list(_TOP_LINE.finditer(self._text, part.start, part.end))
                item = self._lead(lines[-1][0]) if lines else item

    def _with_first_cell(self, part: Atom, block: Block, head: Lead) -> Lead:
        row_start = self._text.rfind("\n", block.start, part.start) + 1
        cell_end = self._text.find(" | ", row_start, part.start)
        cell = self._text[max(row_start, block.start) : cell_end] if cell_end > 0 else ""
        lead = self._lead(f"{head.text}\n{cell} |") if head.text and cell.strip("| ") else NO_LEAD
        return lead if lead.text else head

    def _split(self, part: Atom, joints: Sequence[_Joint], room: int, block: Block) -> Iterator[Atom]:
        """Yield *part* if there is room for it, or else its parts at the first of *joints* that helps."""
        if part.size <= room:
            yield part
            return
        if not joints:
            yield from self._split_anywhere(part, room)
            return
        places = [part.start, *self._places(part, joints[0].pattern, block), part.end]
        for start, end in pairwise(places):
            is_first = start == part.start
            size = part.size if len(places) == 2 else self._size(start, end)
            smaller = Atom(start, end, size, part.price if is_first else joints[0].price)
            yield from self._split(smaller, joints[1:], room, block)

    def _places(self, part: Atom, pattern: re.Pattern[str], block: Block) -> list[int]:
        """Return where *part* may be broken, so that no part is tiny and a head or a fence keeps a line with it."""
        lowest, highest = self._unbroken_ends(block)
        places = [part.start]
        for match in pattern.finditer(self._text, part.start, part.end):
            if match.end() - places[-1] >= FEWEST_CHARACTERS and lowest < match.end() < min(highest, part.end):
                places.append(match.end())
        return places[1:]

    def _unbroken_ends(self, block: Block) -> tuple[int, int]:
        """Return between which places *block* may be broken."""
        if block.kind is BlockKind.CODE:
            return self._text.find("\n", block.start) + 1, self._text.rfind("\n", block.start, block.end)
        if block.kind is BlockKind.TABLE and (head := _TABLE_HEAD.match(self._text, block.start, block.end)):
            return head.end() + 1, block.end
        return block.start, block.end

    def _split_anywhere(self, part: Atom, room: int) -> Iterator[Atom]:
        """Yield parts of even length, broken at white space where there is some near."""
        length = part.end - part.start
        count = max(2, math.ceil(length / (room * CHARACTERS_TO_TOKEN)))
        if length < 2:
            yield part
            return
        places = [part.start]
        for number in range(1, count):
            place = self._white_space_before(part.start + max(1, length * number // count), places[-1])
            if place > places[-1]:
                places.append(place)
        for start, end in pairwise([*places, part.end]):
            size = self._size(start, end)
            smaller = Atom(start, end, size, part.price if start == part.start else ANYWHERE)
            yield from [smaller] if size <= room else self._split_anywhere(smaller, room)

    def _white_space_before(self, place: int, earliest: int) -> int:
        """Return the end of the last white space in the later half before *place*, or *place* if there is none."""
        match = _LAST_SPACE.search(self._text, (earliest + place) // 2, place)
        return match.end() if match else place
