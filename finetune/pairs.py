"""Pairs to train the verifier on: a question, a text under its breadcrumb, and whether the text answers it. Pure.

example ─► its passages, gold or not ─────────────────────────────► whole passages
        └► sentences of the answer; likely ones that are no answer ─► single sentences
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from finetune import matching, sentences
from finetune.errors import DatasetWrong
from finetune.examples import Example

QUESTION = "\nQuestion: "
WRONG_SENTENCES = 2  # of the passages that are not gold, for each example
MAX_LIKENESS = 0.5  # of a sentence beside the answer's on the gold passage: more may be the answer in other words


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage of an example: its breadcrumb, and the text below."""

    breadcrumb: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Whether *text*, whose first line is its breadcrumb, answers *question*. *example* is what it was made of."""

    example: str
    source: str
    question: str
    text: str
    is_answer: bool
    is_passage: bool


def of(example: Example) -> list[Pair]:
    """Return the pairs of *example*: each of its passages, then sentences. Raises DatasetWrong."""
    question, shown = read_prompt(example.user)
    if max(example.gold, default=0) > len(shown):
        raise DatasetWrong(f"{example.id}: gold names a passage that is not shown; make the dataset again.")
    gold = [passage for number, passage in enumerate(shown, start=1) if number in example.gold]
    other = [passage for number, passage in enumerate(shown, start=1) if number not in example.gold]

    def pair(passage: Shown, text: str, *, is_answer: bool, is_passage: bool) -> Pair:
        below = f"{passage.breadcrumb}\n{text}"
        return Pair(example.id, example.source, question, below, is_answer, is_passage)

    pairs = [pair(one, one.text, is_answer=True, is_passage=True) for one in gold]
    pairs += [pair(one, one.text, is_answer=False, is_passage=True) for one in other]
    right = list(_cited(example, shown))
    pairs += [pair(one, sentence, is_answer=True, is_passage=False) for one, sentence in right]
    said = " ".join(sentence for _, sentence in right)
    beside = [found for one in gold for found in _sentences(one) if matching.likeness(found[1], said) < MAX_LIKENESS]
    wrong = _likeliest(question, beside)[:1]
    wrong += _likeliest(question, [found for one in other for found in _sentences(one)])[:WRONG_SENTENCES]
    return pairs + [pair(one, sentence, is_answer=False, is_passage=False) for one, sentence in wrong]


def read_prompt(user: str) -> tuple[str, list[Shown]]:
    """Return the question and the passages of a prompt that `bot/prompt.py` wrote. Raises DatasetWrong."""
    above, separator, question = user.rpartition(QUESTION)
    if not separator:
        raise DatasetWrong("A user message does not end in a question; make the dataset again.")
    shown: list[Shown] = []
    start = 0
    while above.startswith(f"[{len(shown) + 1}] ", start):
        following = re.compile(rf"^\[{len(shown) + 2}\] ", re.MULTILINE).search(above, start)
        end = following.start() if following else len(above)
        breadcrumb, _, text = above[start:end].strip().partition("\n")
        shown.append(Shown(breadcrumb.partition("] ")[2], text))
        start = end
    return question.strip(), shown


def _cited(example: Example, shown: Sequence[Shown]) -> Iterator[tuple[Shown, str]]:
    """Yield the sentences of the answer, each with the first passage it cites."""
    if example.answerable:
        for text, number in re.findall(r"(\S.*?[.!?:]) \[(\d)\](?:\[\d\])?(?= |$)", example.answer):
            yield shown[int(number) - 1], text


def _sentences(passage: Shown) -> list[tuple[Shown, str]]:
    lines = [line for line in passage.text.splitlines() if not line.startswith(("```", "|--", "| --"))]
    return [(passage, one) for line in lines for one in sentences.split(line) if len(one.split()) >= 3]


def _likeliest(question: str, found: Sequence[tuple[Shown, str]]) -> list[tuple[Shown, str]]:
    return sorted(found, key=lambda one: -matching.likeness(question, one[1]))
