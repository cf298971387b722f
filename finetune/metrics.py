"""How good answers are: right, rightly cited, refused where they should be, held up by what they cite. Pure.

Definitions follow facts of the trade: truthfulness as in CRAG (+1 right and rightly cited or rightly refused, 0 refused
though answerable, -1 else), refusal as precision and recall of the unanswerable, support by content words.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from finetune import matching
from finetune.ports import Reply

MIN_RECALL = 0.6  # of a written answer's new words, where no required strings are given
MIN_SUPPORT = 0.7  # the bot's own check asks for the same share
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what is known about it. *gold* are numbers of the given passages, empty if it has no answer.

    An answer is right if it holds one string of every group in *must_contain*; without groups, if it holds most of
    what *answer* says beyond the question, its numbers included. *gold_texts* replace *gold* where the bot searches.
    """

    id: str
    question: str
    kind: str
    source: str
    is_answerable: bool
    gold: tuple[int, ...]
    gold_texts: tuple[str, ...]
    answer: str
    must_contain: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """One reply, marked. The numbers are 0 or 1 but for the last three; None where they do not apply."""

    is_answerable: bool
    is_refused: bool
    contains: bool
    cites_gold: bool
    cited: int
    cited_gold: int
    sentences: int
    sentences_on_gold: int
    unsupported: int
    words: int
    milliseconds: float

    @property
    def truth(self) -> int:
        """+1, 0 or -1."""
        if not self.is_answerable:
            return 1 if self.is_refused else -1
        if self.is_refused:
            return 0
        return 1 if self.contains and self.cites_gold else -1


def mark(asked: Asked, reply: Reply) -> Mark:
    """Return how *reply* answers *asked*."""
    gold = _gold_numbers(asked, reply)
    cited = {number for numbers in reply.citations for number in numbers}
    on_gold = sum(bool(gold & set(numbers)) for numbers in reply.citations)
    return Mark(
        is_answerable=asked.is_answerable,
        is_refused=reply.is_refusal,
        contains=asked.is_answerable and not reply.is_refusal and is_right(asked, " ".join(reply.sentences)),
        cites_gold=bool(gold & cited),
        cited=len(cited),
        cited_gold=len(cited & gold),
        sentences=len(reply.sentences),
        sentences_on_gold=on_gold,
        unsupported=sum(
            not _is_supported(sentence, numbers, reply)
            for sentence, numbers in zip(reply.sentences, reply.citations, strict=True)
        ),
        words=len(" ".join(reply.sentences).split()),
        milliseconds=reply.total_ms,
    )


def is_right(asked: Asked, text: str) -> bool:
    """Return whether *text* says what the answer of *asked* says."""
    if asked.must_contain:
        return all(any(_holds(text, one) for one in group) for group in asked.must_contain)
    known = matching.content_words(asked.answer)
    new = known - matching.content_words(asked.question) or known
    said = matching.content_words(text)
    numbers = {word for word in new if word.isdigit()}
    return numbers <= said and matching.share_of(new, said) >= MIN_RECALL


def summary(marks: Sequence[Mark]) -> dict[str, float | None]:
    """Return the figures of *marks*: shares of 0 to 1, truthfulness -1 to 1; None where nothing counts."""
    can = [one for one in marks if one.is_answerable]
    cannot = [one for one in marks if not one.is_answerable]
    answered = [one for one in can if not one.is_refused]
    refused = [one for one in marks if one.is_refused]
    written = [one for one in marks if not one.is_refused]
    return {
        "questions": float(len(marks)),
        "answerable": float(len(can)),
        "contains": _mean(one.contains for one in can),
        "contains, of answered": _mean(one.contains for one in answered),
        "right and rightly cited": _mean(one.contains and one.cites_gold for one in can),
        "citation precision": _ratio(sum(m.cited_gold for m in answered), sum(m.cited for m in answered)),
        "citation recall": _ratio(sum(m.sentences_on_gold for m in answered), sum(m.sentences for m in answered)),
        "refusal precision": _mean(not one.is_answerable for one in refused),
        "refusal recall": _mean(one.is_refused for one in cannot),
        "refusal F1": _f1(_mean(not m.is_answerable for m in refused), _mean(m.is_refused for m in cannot)),
        "false refusals": _mean(one.is_refused for one in can),
        "unsupported sentences": _ratio(sum(m.unsupported for m in written), sum(m.sentences for m in written)),
        "truthfulness": _mean(one.truth for one in marks),
        "median words": _percentile([float(one.words) for one in written], 50),
        "p50 ms": _percentile([one.milliseconds for one in marks], 50),
        "p95 ms": _percentile([one.milliseconds for one in marks], 95),
    }


def interval(marks: Sequence[Mark], figure: Callable[[Sequence[Mark]], float | None], seed: int) -> tuple[float, float]:
    """Return the bootstrap 95 % interval of *figure*."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        value = figure([marks[place] for place in rng.integers(0, len(marks), len(marks))])
        values += [value] if value is not None else []
    return (float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))) if values else (0.0, 0.0)


def truthfulness(marks: Sequence[Mark]) -> float | None:
    """Return the mean of +1, 0 and -1."""
    return _mean(one.truth for one in marks)


def containment(marks: Sequence[Mark]) -> float | None:
    """Return the share of the answerable that are answered right."""
    return _mean(one.contains for one in marks if one.is_answerable)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Return the exact two-sided probability that two systems differ so by chance, over the same questions.

    >>> round(mcnemar([True] * 9 + [False], [False] * 9 + [True]), 4)
    0.0215
    """
    better = sum(a and not b for a, b in zip(first, second, strict=True))
    worse = sum(b and not a for a, b in zip(first, second, strict=True))
    differing = better + worse
    tail = sum(math.comb(differing, k) for k in range(min(better, worse) + 1)) / 2**differing
    return float(min(1.0, 2 * tail))


def by(marks: Mapping[str, Mark], names: Mapping[str, str]) -> dict[str, list[Mark]]:
    """Return the marks of each group; *names* gives each question's group."""
    groups: dict[str, list[Mark]] = {}
    for identity, one in marks.items():
        groups.setdefault(names[identity], []).append(one)
    return dict(sorted(groups.items()))


def _gold_numbers(asked: Asked, reply: Reply) -> frozenset[int]:
    if not asked.gold_texts:
        return frozenset(asked.gold)
    return frozenset(
        number
        for number, piece in enumerate(reply.passages, start=1)
        if any(matching.holds(piece, text) for text in asked.gold_texts)
    )


def _is_supported(sentence: str, numbers: Sequence[int], reply: Reply) -> bool:
    cited = [reply.passages[number - 1].full_text for number in numbers if 1 <= number <= len(reply.passages)]
    held = matching.content_words("\n".join(cited))
    return matching.share_of(matching.content_words(sentence), held) >= MIN_SUPPORT


def _holds(text: str, wanted: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(wanted.casefold())}(?!\w)", text.casefold()) is not None


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _f1(precision: float | None, recall: float | None) -> float | None:
    if not precision or not recall:
        return None if precision is None and recall is None else 0.0
    return round(2 * precision * recall / (precision + recall), 4)


def _percentile(values: Sequence[float], at: float) -> float | None:
    return round(float(np.percentile(values, at)), 1) if values else None
