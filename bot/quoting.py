"""The wiki's own words in an answer: the sentences of the shown passages that the verifier finds likeliest to answer.

    sentences of the passages ─► verifier, words ─► likeliest ─┬► the first, where a draft falls or answers far less
                                                               └► more of the passage that is cited, to complete it

A small model writes one sentence and stops; what the question needs besides mostly stands near it.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from bot import wording
from bot.answers import Sentence, ShownPassage
from bot.tables import RULE, as_sentence, cells
from indexer.ports import Verifier

MOST_WORDS = 60
LEAST_WORDS = 3
MOST_READ = 60  # sentences; passages of ordinary length have fewer together
MOST_SENTENCES, MOST_WORDS_TOGETHER = 3, 80  # of an answer that is completed
HELD_WEIGHT = 1.0  # log-odds for a sentence that holds every word of the question that others of its passage do not
OUTWEIGHED = 0.3  # of how sure the verifier is of the likeliest sentence: a draft of which it is less sure gives way
NEARLY = 0.05  # how sure the verifier must be of a sentence, of what it is of the passage's likeliest
ALIKE = 0.75  # the share of the shorter sentence's content words from which on two say the same

_FENCE = re.compile(r"^(```|~~~)")
_CODE = re.compile(r"^[ ]*(```|~~~).*?(?:^[ ]*\1|\Z)", re.MULTILINE | re.DOTALL)
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"), ("/*", "*/"), ("<!--", "-->"))
_HEADING = re.compile(r"#{1,6} ")
_COMMENT = re.compile(r"//|/\*|\*[ /]|<!--")
_HASH_COMMENT = re.compile(r"#(?!!)")
_SHELL = re.compile(
    r"[ ]*(?:```|~~~)[ ]*(?:sh|bash|shell|console|text)?[ ]*\n"
)  # "# apt update": the superuser's prompt
_SAID_IN_SHELL = re.compile(r"# ?[A-Z]")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])\s")
_MARKER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A sentence of passage *number*, and how sure the verifier is, 0 to 1, that it answers; *place* orders them.

    *is_beside* marks the rows of a table beside those that are asked for: the limit in London is none in Leeds.
    """

    text: str
    number: int
    sure: float
    place: int
    is_beside: bool


def likeliest(question: str, shown: Sequence[ShownPassage], verifier: Verifier) -> list[Quoted]:
    """Return the sentences of *shown*, likeliest first, by their own score and their passage's.

    None speaks of another code than the *question*.
    """
    told = [
        (passage, text, table)
        for passage in shown
        for text, table in _told(passage.hit.text)
        if not wording.speaks_of_another(question, text)
    ][:MOST_READ]
    found = [(passage, text) for passage, text, _ in told]
    read = _read(question, found, verifier)
    held = _shares(question, [(passage.number, text) for passage, text in found])
    beside = _beside(question, told)
    sure = [_likelier(one, HELD_WEIGHT * share) for one, share in zip(read, held, strict=True)]
    weight = _weights(shown)
    order = sorted(range(len(found)), key=lambda place: -sure[place] * weight[found[place][0].number])
    return [Quoted(found[place][1], found[place][0].number, sure[place], place, beside[place]) for place in order]


def is_outweighed(
    question: str,
    draft: Sequence[Sentence],
    shown: Sequence[ShownPassage],
    quotes: Sequence[Quoted],
    verifier: Verifier,
) -> bool:
    """Return whether the first of *quotes*, the likeliest of *shown*, is far likelier to answer than all of *draft*."""
    if not draft or not quotes:
        return False
    numbered, weight = {passage.number: passage for passage in shown}, _weights(shown)
    said = [(numbered[one.citations[0]], one.text) for one in draft]
    beside = [(quote.number, quote.text) for quote in quotes]
    held = _shares(question, [*((passage.number, text) for passage, text in said), *beside])[: len(said)]
    best = max(
        _likelier(one, HELD_WEIGHT * share) * weight[passage.number]
        for one, share, (passage, _) in zip(_read(question, said, verifier), held, said, strict=True)
    )
    return best < OUTWEIGHED * quotes[0].sure * weight[quotes[0].number]


def _read(question: str, found: Sequence[tuple[ShownPassage, str]], verifier: Verifier) -> list[float]:
    """Return how sure the verifier is of each text, read below its passage's breadcrumb."""
    scores = verifier.scores(question, [f"{passage.hit.breadcrumb}\n{text}" for passage, text in found])
    return [float(score) for score in scores]


def _weights(shown: Sequence[ShownPassage]) -> dict[int, float]:
    """Return by number how much each passage's sentences weigh beside those of the others.

    Search lets the verifier read the first few only: what comes after them weighs no more than the least of these.
    """
    verified = {passage.number: passage.hit.verified for passage in shown}
    least = min((sure for sure in verified.values() if sure is not None), default=1.0)
    return {number: math.sqrt(least if sure is None else sure) for number, sure in verified.items()}


def _shares(question: str, found: Sequence[tuple[int, str]]) -> list[float]:
    """Return how much of *question* each of *found* holds, 0 to 1; a word counts as it sets their passage's apart.

    What all of them hold does not say which one answers: in a table of limits "London" does, "limit" does not.
    """
    asked = _said(question)
    sentences_of = Counter(number for number, _ in found)
    said = [_said(text) & asked for _, text in found]
    holding = Counter((number, word) for (number, _), words in zip(found, said, strict=True) for word in words)
    shares = []
    for (number, _), words in zip(found, said, strict=True):
        apart = {
            word: math.log1p(sentences_of[number] / holding[number, word]) for word in asked if holding[number, word]
        }
        shares.append(sum(apart[word] for word in words) / sum(apart.values()) if apart else 0.0)
    return shares


def _beside(question: str, told: Sequence[tuple[ShownPassage, str, int]]) -> list[bool]:
    """Return which are rows that hold no more of *question* than another row of their table, which holds more of it."""
    asked = _said(question)
    rows: dict[tuple[int, int], set[frozenset[str]]] = {}
    held = [((passage.number, table), _said(text) & asked) for passage, text, table in told]
    for place, words in held:
        rows.setdefault(place, set()).add(words)
    return [place[1] > 0 and any(words < other for other in rows[place]) for place, words in held]


def _likelier(sure: float, by: float) -> float:
    """Return a probability after *by* was added to its log-odds."""
    odds = sure * math.exp(by)
    return odds / (1 - sure + odds)


def _said(text: str) -> frozenset[str]:
    return frozenset(wording.content_stems(text)) | wording.numbers(text)


def completing(answer: Sequence[Sentence], quotes: Sequence[Quoted]) -> list[Quoted]:
    """Return those of *quotes*, likeliest first, that complete *answer*: of the passage that it cites first.

    None says what stands there already, none is a row beside those asked for, and together they stay short. The
    passage's sentences keep their order.
    """
    said = [one.text for one in answer]
    near = [quote for quote in quotes if quote.number == answer[0].citations[0] and not quote.is_beside]
    added: list[Quoted] = []
    for quote in near:
        words = sum(len(text.split()) for text in (*said, quote.text))
        if len(said) >= MOST_SENTENCES or quote.sure < NEARLY * near[0].sure:
            break
        if words <= MOST_WORDS_TOGETHER and not any(_alike(quote.text, text) for text in said):
            said.append(quote.text)
            added.append(quote)
    return sorted(added, key=lambda quote: quote.place)


def _alike(first: str, second: str) -> bool:
    one, other = set(wording.content_stems(first)), set(wording.content_stems(second))
    return len(one & other) >= ALIKE * min(len(one), len(other))


def sentences(text: str) -> Iterator[str]:
    r"""Yield what of *text* can stand alone, each with a mark at its end.

    A table's row comes with the names of its columns, a line that ends in a colon with the list or the command that it
    announces, a line of code between backticks.

    >>> list(sentences("Leave is booked in Roster. Ask first.\n| Country | Days |\n| --- | --- |\n| UK | 28 days |"))
    ['Leave is booked in Roster.', 'Country: UK – Days: 28 days.']
    >>> list(sentences("Bring these:\n- a badge\n- a laptop\n\nThen run:\n```\nmake a badge\n```"))
    ['Bring these: a badge; a laptop.', 'Then run: `make a badge`.']
    """
    return (said for said, _ in _told(text))


def _told(text: str) -> Iterator[tuple[str, int]]:
    """Yield the sentences of *text*, each with the number of the table that it is a row of, or 0."""
    for said, table in _announced(list(_pieces(wording.without_orders(text)))):
        words = said.split()
        if LEAST_WORDS <= len(words) <= MOST_WORDS and said[-1] != "?":
            yield said if said[-1] in ".!:" else f"{said.rstrip(',;')}.", table


class _Kind(Enum):
    PROSE = auto()
    ITEM = auto()
    CODE = auto()
    UNSAID = auto()
    """A heading, or a line of code with more brackets opened than closed, or inside of some."""


class _Piece(NamedTuple):
    """A part of a passage that says something; *table* counts from 1 the tables of which it is a row."""

    kind: _Kind
    text: str
    table: int = 0


def _pieces(text: str) -> Iterator[_Piece]:
    """Yield each piece of *text*; a table's rows are prose."""
    code = [match.span() for match in _CODE.finditer(text)]
    columns: list[str] = []
    tables = 0
    for start, end in wording.spans(text):
        piece = text[start:end].strip()
        if piece.startswith("|") and RULE.match(text, end):
            columns = cells(piece)
            tables += 1
        elif _FENCE.match(piece) or _MARKER.search(piece):
            continue
        elif opened := [first for first, last in code if first <= start < last]:
            yield from _code_piece(text[opened[0] :], start - opened[0])
        elif _HEADING.match(text, text.rfind("\n", 0, start) + 1):
            yield _Piece(_Kind.UNSAID, piece)
        elif piece.startswith("|"):
            yield _Piece(_Kind.PROSE, as_sentence(cells(piece), columns), max(tables, 1))
        else:
            is_item = _ITEM.match(text, text.rfind("\n", 0, start) + 1)
            yield _Piece(_Kind.ITEM if is_item else _Kind.PROSE, piece)


def _code_piece(block: str, start: int) -> Iterator[_Piece]:
    """Yield the line at *start* of a *block* of code with those that it goes on in; nothing for them or a comment."""
    opens = block.rfind("\n", 0, start) + 1
    above = block[:opens].rstrip("\n")
    if above.endswith("\\") or any(character.isalnum() for character in block[opens:start]):
        return
    line = " ".join(part.removesuffix("\\").strip() for part in _continued(block, opens))
    is_inside = any(above.count(opening) > above.count(closing) for opening, closing in _BRACKETS)
    if is_inside or any(line.count(opening) != line.count(closing) for opening, closing in _BRACKETS):
        yield _Piece(_Kind.UNSAID, line)
    elif not _is_comment(line, block):
        yield _Piece(_Kind.CODE, f"`{line}`" if "`" not in line else line)


def _is_comment(line: str, block: str) -> bool:
    if _HASH_COMMENT.match(line):
        return _SHELL.match(block) is None or _SAID_IN_SHELL.match(line) is not None
    return _COMMENT.match(line) is not None


def _continued(block: str, opens: int) -> list[str]:
    """Return the line of *block* at *opens* and, as long as each ends in a backslash, those below it."""
    lines = block[opens:].split("\n")
    last = next((place for place, line in enumerate(lines) if not line.endswith("\\")), len(lines) - 1)
    return lines[: last + 1]


def _announced(pieces: Sequence[_Piece]) -> Iterator[tuple[str, int]]:
    """Yield each piece with its table; what ends in a colon with the command or the short list that follows."""
    place = 0
    while place < len(pieces):
        kind, said, table = pieces[place]
        place += 1
        if kind is _Kind.UNSAID:
            continue
        next_kind = pieces[place].kind if place < len(pieces) else _Kind.PROSE
        if said.endswith(":") and next_kind is _Kind.CODE:
            yield f"{said} {pieces[place].text}", 0
            place += 1
        elif said.endswith(":") and next_kind is _Kind.ITEM and kind is _Kind.PROSE:
            items = itertools.takewhile(lambda piece: piece.kind is _Kind.ITEM, pieces[place:])
            whole = f"{said} {'; '.join(item.text.rstrip('.,;') for item in items)}"
            yield whole if len(whole.split()) <= MOST_WORDS else said, 0
        else:
            yield said, table
