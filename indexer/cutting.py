"""Cuts a page into passages: pieces that can be found, read and cited alone.

    blocks ─► regions (between H2s) ─► sections ─► atoms ─► the cheapest way to group them ─► passages

A group costs something for each passage, for being shorter than it should, for mixing sections and for where it
begins; the cheapest grouping is found exactly. Pure: knows nothing of wikis, models and stores.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from indexer.pages import Block, BlockKind, Page
from indexer.passages import Passage
from indexer.splitting import Atom, Measure, Splitter

MOST_BODY_TOKENS = 220
FEWEST_BODY_TOKENS = 120
MOST_BREADCRUMB_TOKENS = 40
MOST_TITLE_TOKENS = 16  # of a breadcrumb that is too long
MOST_CHARACTERS_A_TOKEN = 8  # a tokenizer counts 100 kB of one letter as one unknown word

PASSAGE_PRICE = 0.3
SHORTNESS_PRICE = 2.0  # of an empty passage; falls with the square of what is missing
MIXING_PRICE = 0.4  # for each further section: two of 90 tokens are merged, two of 110 stay apart


def cut(page: Page, count_tokens: Callable[[str], int], max_tokens: int) -> list[Passage]:
    """Return the passages of *page*, in order; the indexed text of each has at most *max_tokens* tokens.

    Bodies do not overlap and hold every character of the page but white space and headings. *max_tokens* should be
    64 or more.
    """

    def measure(text: str) -> int:
        return max(1, len(text) // MOST_CHARACTERS_A_TOKEN, count_tokens(text))

    most_breadcrumb = min(MOST_BREADCRUMB_TOKENS, max_tokens // 3)
    limit = min(MOST_BODY_TOKENS, max_tokens - most_breadcrumb)
    splitter = Splitter(page.text, measure, limit)
    breadcrumbs = _Breadcrumbs(page.title, measure, most_breadcrumb)
    drafts = [
        _passage(page, region, group, breadcrumbs)
        for region in _regions(page, splitter, measure)
        for group in _grouped(region, limit)
    ]
    fits = _Fits(page, count_tokens, max_tokens)
    return [passage for draft in drafts for passage in fits.parts(draft)]


@dataclass(frozen=True, slots=True)
class _Section:
    """The content between one heading and the next: the headings above it, those right before it, and its atoms."""

    path: tuple[Block, ...]
    headings_before: tuple[Block, ...]
    headings_size: int
    atoms: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """An atom within its region: which section it is of, and whether it is the section's first or last."""

    atom: Atom
    section: int
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class _Region:
    """What one passage may mix: the sections under one H2, or before the first."""

    sections: tuple[_Section, ...]

    def places(self) -> list[_Place]:
        return [
            _Place(atom, number, is_first=at == 0, is_last=at == len(section.atoms) - 1)
            for number, section in enumerate(self.sections)
            for at, atom in enumerate(section.atoms)
        ]


def _regions(page: Page, splitter: Splitter, measure: Measure) -> Iterator[_Region]:
    sections = _sections(page, splitter, measure)
    for _, group in groupby(sections, key=lambda section: [heading for heading in section.path if heading.level <= 2]):
        yield _Region(tuple(group))


def _sections(page: Page, splitter: Splitter, measure: Measure) -> Iterator[_Section]:
    """Yield the sections that have content, in order; a section goes on only until the next heading."""
    path: list[Block] = []
    before: list[Block] = []
    for is_heading, group in groupby(page.blocks, key=lambda block: block.kind is BlockKind.HEADING):
        if is_heading:
            before = list(group)
            path = _path_after(path, before)
            continue
        blocks = list(group)
        size = sum(measure(page.text[heading.start : heading.end]) for heading in before)
        above = [None, *blocks[:-1]]
        atoms = [
            atom for block, before_it in zip(blocks, above, strict=True) for atom in splitter.atoms(block, before_it)
        ]
        yield _Section(tuple(path), tuple(before), size, tuple(atoms))


def _path_after(path: Sequence[Block], headings: Sequence[Block]) -> list[Block]:
    """Return the path below *headings*; the page's title is above all, and in no path."""
    path = list(path)
    for heading in headings:
        path = [above for above in path if above.level < heading.level]
        if heading.headings:
            path.append(heading)
    return path


def _grouped(region: _Region, limit: int) -> list[list[_Place]]:
    """Return the cheapest grouping of the region's atoms, none of more than *limit* tokens."""
    places = region.places()
    prices = [0.0] + [float("inf")] * len(places)  # the lowest price of grouping everything up to there
    starts = [0] * (len(places) + 1)  # where the last group of that grouping begins
    for start in range(len(places)):
        for end, price in _groups_from(region, places, start, limit):
            if prices[start] + price < prices[end]:
                prices[end], starts[end] = prices[start] + price, start
    groups: list[list[_Place]] = []
    end = len(places)
    while end:
        groups.append(places[starts[end] : end])
        end = starts[end]
    return groups[::-1]


def _groups_from(region: _Region, places: Sequence[_Place], start: int, limit: int) -> Iterator[tuple[int, float]]:
    """Yield the end and the price of each group that may begin at *start*; sections are mixed only whole."""
    first = places[start]
    price = PASSAGE_PRICE + first.atom.price
    size = first.atom.lead.size
    for at in range(start, len(places)):
        place = places[at]
        mixed = place.section - first.section
        if mixed and not first.is_first:
            return
        if mixed and place.is_first:
            size += region.sections[place.section].headings_size
            size += region.sections[first.section].headings_size if mixed == 1 else 0
        size += place.atom.size
        if size > limit and at > start:
            return
        if not mixed or place.is_last:
            missing = max(0.0, 1 - size / FEWEST_BODY_TOKENS)
            yield at + 1, price + MIXING_PRICE * mixed + SHORTNESS_PRICE * missing**2


def _passage(page: Page, region: _Region, group: Sequence[_Place], breadcrumbs: "_Breadcrumbs") -> Passage:
    first, last = group[0], group[-1]
    section = region.sections[first.section]
    path = _common(section.path, [region.sections[place.section].path for place in group])
    own = [heading for heading in section.headings_before if heading in section.path and heading not in path]
    start = own[0].start if own and first.is_first and first.section != last.section else first.atom.start
    body = page.text[start : last.atom.end].rstrip()
    start += len(body) - len(body.lstrip("\n"))
    title, headings = breadcrumbs.of(path)
    return Passage(
        page_id=page.page_id,
        title=title,
        headings=headings,
        anchor=path[-1].anchor if path else "",
        start=start,
        end=start + len(body.lstrip("\n")),
        lead=first.atom.lead.text,
        body=body.lstrip("\n"),
    )


def _common(path: Sequence[Block], others: Sequence[Sequence[Block]]) -> tuple[Block, ...]:
    length = len(path)
    for other in others:
        while path[:length] != other[:length]:
            length -= 1
    return tuple(path[:length])


class _Breadcrumbs:
    """Titles and headings that together take at most *most* tokens: the title shortened, the deepest headings kept."""

    def __init__(self, title: str, measure: Measure, most: int) -> None:
        self._title = title
        self._measure = measure
        self._most = most
        self._known: dict[tuple[Block, ...], tuple[str, tuple[str, ...]]] = {}

    def of(self, path: tuple[Block, ...]) -> tuple[str, tuple[str, ...]]:
        if path not in self._known:
            self._known[path] = self._clipped(path[-1].headings if path else ())
        return self._known[path]

    def _clipped(self, headings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        if self._size(self._title, headings) <= self._most:
            return self._title, headings
        room = min(MOST_TITLE_TOKENS, self._most // 2) if headings else self._most
        title = self._shortened(self._title, room)
        while len(headings) > 1 and self._size(title, headings) > self._most:
            headings = headings[1:]
        if headings and self._size(title, headings) > self._most:
            headings = (self._shortened(headings[0], self._most - self._size(title, ("",))),)
        return title, headings

    def _size(self, title: str, headings: tuple[str, ...]) -> int:
        return self._measure(" > ".join((title, *headings)))

    def _shortened(self, text: str, room: int) -> str:
        """Return the first words of *text* that there is room for, with an ellipsis; letters, if not one word fits."""
        text = text[: room * MOST_CHARACTERS_A_TOKEN]
        if self._measure(text) <= room:
            return text
        words = text.split(" ")
        for count in range(len(words) - 1, 0, -1):
            if self._measure(shorter := " ".join(words[:count]) + "…") <= room:
                return shorter
        return text[: max(1, room - 1)] + "…" if room > 1 else ""


@dataclass(frozen=True, slots=True)
class _Fits:
    """The last word on size: a tokenizer may count a whole as more than its parts."""

    page: Page
    count_tokens: Callable[[str], int]
    max_tokens: int

    def parts(self, passage: Passage) -> Iterator[Passage]:
        """Yield *passage* if it fits, without its lead if it fits so, or else the halves of it that fit."""
        if self.count_tokens(passage.indexed_text) <= self.max_tokens or len(passage.body) < 2:
            yield passage
        elif passage.lead:
            yield from self.parts(replace(passage, lead=""))
        else:
            middle = passage.start + _middle(passage.body)
            for start, end in ((passage.start, middle), (middle, passage.end)):
                body = self.page.text[start:end]
                if body.strip():
                    yield from self.parts(replace(passage, start=start, end=end, body=body))


def _middle(body: str) -> int:
    """Return the place after the last white space in the second quarter of *body*, or its middle."""
    half = len(body) // 2
    space = max(body.rfind(space, half // 2, half) for space in " \n")
    return space + 1 if space > 0 else half
