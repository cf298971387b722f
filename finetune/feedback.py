"""Makes examples of what people said of the bot's answers: judged right, put right, or not in the wiki at all. Pure.

    judged right ─────────────────────► the answer as it was, over the passages as they were shown
    judged wrong, with the right words ► those words, where the passages shown hold them up
    judged wrong: not in the wiki ────► the refusal

Nobody's habits fill a dataset: each person's judgements count up to a limit, newest first. Addresses, numbers to call
and mentions are taken out of what people wrote; what is left out is counted by why.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from finetune import matching, sentences
from finetune.examples import Example, Message
from finetune.ports import Piece, Prompting

SOURCE = "feedback"
MOST_OF_ONE_PERSON = 50
MIN_HELD = 0.7  # of a correction's content words, by the passage it is then cited from

_PERSONAL = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "(an address)"),
    (re.compile(r"<[@#!][^>]*>"), "(a name)"),
    (re.compile(r"(?<!\w)\+?\d[\d ()/-]{7,}\d(?!\w)"), "(a number)"),
)


class Verdict(StrEnum):
    """What a person said."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_IN_THE_WIKI = "not in the wiki"


@dataclass(frozen=True, slots=True)
class Judged:
    """One person's word on one answer. *answer* has its markers; *correction* is empty where they gave none."""

    id: str
    person: str
    question: str
    pieces: tuple[Piece, ...]
    answer: str
    is_refusal: bool
    verdict: Verdict
    correction: str


@dataclass(frozen=True, slots=True)
class Made:
    """The examples, and how many judgements came to none, by why."""

    examples: list[Example]
    left_out: Counter[str]


def examples_of(judged: Sequence[Judged], prompting: Prompting) -> Made:
    """Return an example for each of *judged*, newest first, that teaches something."""
    made = Made([], Counter())
    by_person: Counter[str] = Counter()
    seen: set[tuple[str, tuple[Piece, ...]]] = set()
    for one in judged:
        answer, why_not = _answer_of(one)
        if not why_not and by_person[one.person] >= MOST_OF_ONE_PERSON:
            why_not = f"more than {MOST_OF_ONE_PERSON} judgements of one person"
        if not why_not and (one.question, one.pieces) in seen:
            why_not = "judged again since"
        if why_not:
            made.left_out[why_not] += 1
            continue
        by_person[one.person] += 1
        seen.add((one.question, one.pieces))
        made.examples.append(_example(one, answer, prompting))
    return made


def without_personal(text: str) -> str:
    """Return *text* without addresses, mentions and numbers to call.

    >>> without_personal("ask <@U123> or jo@example.org, +44 20 7946 0018")
    'ask (a name) or (an address), (a number)'
    """
    for pattern, put in _PERSONAL:
        text = pattern.sub(put, text)
    return text


def _answer_of(judged: Judged) -> tuple[str, str]:
    """Return what should be answered, empty for the refusal, and why this teaches nothing, empty where it does."""
    if not judged.pieces:
        return "", "no passage was shown"
    if judged.verdict is Verdict.NOT_IN_THE_WIKI:
        return "", "was refused already" if judged.is_refusal else ""
    if judged.verdict is Verdict.RIGHT:
        if judged.is_refusal:
            return "", ""
        return judged.answer, "" if sentences.has_form(judged.answer) else "the answer is not of the form trained"
    if not judged.correction:
        return "", "wrong, but nobody said what is right"
    return _cited(without_personal(judged.correction), judged.pieces)


def _cited(correction: str, pieces: Sequence[Piece]) -> tuple[str, str]:
    """Return *correction* with markers, and why it cannot be taught."""
    told = sentences.split(correction)
    numbers = []
    for sentence in told:
        held = [matching.share_held(sentence, piece) for piece in pieces]
        best = max(range(len(pieces)), key=lambda place: held[place])
        if held[best] < MIN_HELD:
            return "", "the right answer is not in the passages that were shown"
        numbers.append((best + 1,))
    answer = sentences.joined(told, numbers)
    return answer, "" if sentences.has_form(answer) else "the correction is not one to four plain sentences"


def _example(judged: Judged, answer: str, prompting: Prompting) -> Example:
    gold = tuple(sorted({int(number) for number in re.findall(r"\[(\d)\]", answer)}))
    question = prompting.clean(without_personal(judged.question))
    pages = sorted(judged.pieces[number - 1].page_id for number in gold) or [judged.pieces[0].page_id]
    return Example(
        id=f"{SOURCE}-{judged.id}",
        source=SOURCE,
        group=f"{SOURCE}:{pages[0]}",
        kind=judged.verdict.value,
        messages=(
            Message(role="system", content=prompting.system),
            Message(role="user", content=prompting.user(question, judged.pieces)),
            Message(role="assistant", content=answer or prompting.refusal),
        ),
        gold=gold,
        answerable=bool(gold),
    )
