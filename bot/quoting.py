"""The wiki's own words in an answer: the sentences of the shown passages that the verifier finds likeliest to answer.

    sentences of the passages ─► verifier ─► likeliest ─┬► the first, where nothing that the model wrote is held up
                                                        └► more of the passage that an answer cites, to complete it

A small model writes one sentence and stops; what the question needs besides mostly stands near it.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot import wording
from bot.answers import Sentence, ShownPassage
from indexer.ports import Verifier

MOST_WORDS = 60
LEAST_WORDS = 3
MOST_READ = 60  # sentences; passages of ordinary length have fewer together
MOST_SENTENCES, MOST_WORDS_TOGETHER = 3, 80  # of an answer that is completed
NEARLY = 0.05  # how sure the verifier must be of a sentence, of what it is of the passage's likeliest
ALIKE = 0.75  # the share of the shorter sentence's content words from which on two say the same

_FENCE = re.compile(r"^(```|~~~)")
_RULE = re.compile(r"\s*\n\|?\s*:?-{2}")  # below the names of a table's columns
_MARKER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A sentence of passage *number*, and how sure the verifier is, 0 to 1, that it answers; *place* orders them."""

    text: str
    number: int
    sure: float
    place: int


def likeliest(question: str, shown: Sequence[ShownPassage], verifier: Verifier) -> list[Quoted]:
    """Return the sentences of *shown*, likeliest first, by their own score and their passage's."""
    found = [(passage, text) for passage in shown for text in sentences(passage.hit.text)][:MOST_READ]
    sure = verifier.scores(question, [f"{passage.hit.breadcrumb}\n{text}" for passage, text in found]).tolist()
    whole = [1.0 if passage.hit.verified is None else passage.hit.verified for passage, _ in found]
    order = sorted(range(len(found)), key=lambda place: -sure[place] * whole[place] ** 0.5)
    return [Quoted(found[place][1], found[place][0].number, sure[place], place) for place in order]


def completing(answer: Sequence[Sentence], quotes: Sequence[Quoted]) -> list[Quoted]:
    """Return those of *quotes*, likeliest first, that complete *answer*: of the passage that it cites first.

    None says what stands there already, and together they stay short. The passage's sentences keep their order.
    """
    said = [one.text for one in answer]
    near = [quote for quote in quotes if quote.number == answer[0].citations[0]]
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
    r"""Yield what of *text* can stand alone, each with a mark at its end; a table's row with the names of its columns.

    >>> list(sentences("Leave is booked in Roster. Ask first.\n| Country | Days |\n| --- | --- |\n| UK | 28 days |"))
    ['Leave is booked in Roster.', 'Country: UK – Days: 28 days.']
    """
    columns: list[str] = []
    for start, end in wording.spans(text):
        piece = text[start:end].strip()
        if piece.startswith("|") and _RULE.match(text, end):
            columns = _cells(piece)
            continue
        if _FENCE.match(piece) or _MARKER.search(piece):
            continue
        said = _row(_cells(piece), columns) if piece.startswith("|") else piece
        words = said.split()
        if LEAST_WORDS <= len(words) <= MOST_WORDS and said[-1] != "?":
            yield said if said[-1] in ".!:" else f"{said.rstrip(',;')}."


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("| ").split("|")]


def _row(cells: Sequence[str], columns: Sequence[str]) -> str:
    named = itertools.zip_longest(columns[: len(cells)], cells, fillvalue="")
    return " – ".join(f"{column}: {cell}" if column else cell for column, cell in named if cell)
