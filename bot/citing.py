"""Reads the citations in what the model wrote and keeps the sentences that the cited passages hold up.

    "You get 25 days. [1] Ask Maya. [2]" ─► drafts ─► each held against its passage ─► Checked(sentences, dropped)

Knows nothing of models. It cannot tell whether a held-up sentence answers the question, only that the wiki says it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot import wording
from bot.answers import Citation, Sentence, ShownPassage

MIN_SUPPORT = 0.7
"""The share of a sentence's content words that its passage must hold; facts and figures in docs/decisions/0005."""

MAX_QUOTE_CHARACTERS = 300

_MARKERS = re.compile(r"((?:\s*\[\d+\])+)")
_MARKER_NUMBER = re.compile(r"\[(\d+)\]")


class Flaw(StrEnum):
    """Why a sentence was dropped."""

    NO_SUCH_PASSAGE = "cites a passage that was not shown"
    EMPTY = "says nothing"
    NUMBER = "has a number that the passage does not"
    NAME = "names something that the passage does not"
    NEGATION = "says no where the passage says yes, or the other way round"
    QUOTE = "quotes words that are not in the passage"
    WORDS = "has too few words in common with the passage"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that was not kept, and why."""

    text: str
    flaw: Flaw


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a draft: the sentences that hold, their citations in order of number, and what was dropped."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    dropped: tuple[Dropped, ...]

    @property
    def text(self) -> str:
        """The answer with its markers: each sentence followed by the numbers it cites."""
        return " ".join(f"{s.text} {''.join(f'[{n}]' for n in s.citations)}" for s in self.sentences)


def read_citations(draft: str) -> list[Sentence]:
    """Return the sentences of *draft* that carry at least one marker; words after the last marker are left out.

    >>> read_citations("Two rules. [1][2] And a tail")
    [Sentence(text='Two rules.', citations=(1, 2))]
    """
    parts = _MARKERS.split(draft)
    pairs = zip(parts[0::2], parts[1::2], strict=False)
    return [
        Sentence(text.strip(), tuple(dict.fromkeys(int(n) for n in _MARKER_NUMBER.findall(markers))))
        for text, markers in pairs
    ]


def check(draft: str, passages: Sequence[ShownPassage]) -> Checked:
    """Return what of *draft* holds: every sentence kept cites only passages shown, which together hold it up."""
    shown = {passage.number: passage for passage in passages}
    kept: list[Sentence] = []
    dropped: list[Dropped] = []
    for sentence in read_citations(draft):
        flaw = _flaw(sentence, shown)
        if flaw is not None:
            dropped.append(Dropped(sentence.text, flaw))
        elif sentence.text.casefold() not in {earlier.text.casefold() for earlier in kept}:
            kept.append(sentence)
    return Checked(tuple(kept), _citations(kept, shown), tuple(dropped))


def _flaw(sentence: Sentence, shown: dict[int, ShownPassage]) -> Flaw | None:
    if not all(number in shown for number in sentence.citations):
        return Flaw.NO_SUCH_PASSAGE
    cited = [shown[number].hit for number in sentence.citations]
    return flaw_of(sentence.text, "\n".join(f"{' > '.join((hit.title, *hit.headings))}\n{hit.text}" for hit in cited))


def flaw_of(sentence: str, passage: str) -> Flaw | None:
    """Return why *passage* (breadcrumb and text) does not hold *sentence* up, None if it does."""
    content = wording.content_stems(sentence)
    if not content:
        return Flaw.EMPTY
    if not wording.numbers(sentence) <= wording.numbers(passage):
        return Flaw.NUMBER
    if not all(_is_named(name, passage) for name in wording.names(sentence)):
        return Flaw.NAME
    if not all(_is_verbatim(quote, passage) for quote in wording.quoted(sentence)):
        return Flaw.QUOTE
    if support(sentence, passage) < MIN_SUPPORT:
        return Flaw.WORDS
    return Flaw.NEGATION if _contradicts(sentence, passage) else None


def support(sentence: str, passage: str) -> float:
    """Return the share, 0 to 1, of the content words of *sentence* that *passage* holds."""
    held = set(wording.content_stems(passage))
    content = wording.content_stems(sentence)
    return sum(word in held for word in content) / len(content) if content else 0.0


def best_quote(sentence: str, passage: str) -> str:
    """Return the verbatim piece of *passage* that holds most of *sentence*, in whole words, not too long."""
    spans = wording.spans(passage)
    if not spans:
        return _whole_words(passage.strip())
    start, end = max(spans, key=lambda span: _likeness(sentence, passage[span[0] : span[1]]))
    return _whole_words(passage[start:end])


def _is_named(name: str, passage: str) -> bool:
    held = set(wording.words(passage))
    if name in held:
        return True
    stems = {wording.stem(part) for word in held for part in re.split(r"[-_./@#]", word)}
    return all(wording.stem(part) in stems for part in re.split(r"[-_./@#]", name) if part)


def _is_verbatim(quote: str, passage: str) -> bool:
    return " ".join(quote.rstrip(".,;:").casefold().split()) in " ".join(passage.casefold().split())


def _contradicts(sentence: str, passage: str) -> bool:
    """Return whether the nearest piece of *passage* and *sentence* differ in saying yes or no."""
    nearest = best_quote(sentence, passage)
    return wording.is_negated(sentence) != wording.is_negated(nearest)


def _likeness(sentence: str, piece: str) -> float:
    """Return how much of *sentence* stands in *piece*, long pieces that hold little else being marked down (F2)."""
    asked, held = set(wording.content_stems(sentence)), set(wording.content_stems(piece))
    common = len(asked & held)
    if not common:
        return 0.0
    precision, recall = common / len(held), common / len(asked)
    return 5 * precision * recall / (4 * precision + recall)


def _whole_words(text: str) -> str:
    if len(text) <= MAX_QUOTE_CHARACTERS:
        return text
    cut = text[: MAX_QUOTE_CHARACTERS + 1]
    return cut[: cut.rfind(" ")].rstrip() if " " in cut else text[:MAX_QUOTE_CHARACTERS]


def _citations(sentences: Sequence[Sentence], shown: dict[int, ShownPassage]) -> tuple[Citation, ...]:
    """Return one citation for each passage cited, quoting what holds the first sentence that cites it."""
    first: dict[int, str] = {}
    for sentence in sentences:
        for number in sentence.citations:
            first.setdefault(number, sentence.text)
    return tuple(
        Citation(number, shown[number].hit, best_quote(text, shown[number].hit.text))
        for number, text in sorted(first.items())
    )
