"""Pairs to train the verifier on: a question, a text under its breadcrumb, and whether the text answers it.

draft ───► its gold passages, and the likeliest others of the corpus ─► whole passages ─┐
       └─► sentences that answer; likely ones that are no answer ─────► single sentences ┴► pairs, in lists
example ─► the same, of the passages that it shows (what people said of the bot's answers)
heading ─► the passage under it, and others of its page, all without their last heading ─► pairs, in a list
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from finetune import matching, sentences
from finetune.drafts import Draft
from finetune.errors import DatasetWrong
from finetune.examples import Example
from finetune.ports import Finder, Piece
from finetune.showing import Located, harmless

QUESTION = "\nQuestion: "
WRONG_PASSAGES = 4  # found by the search, the likeliest first; then one of the same page, and one of any
WRONG_SENTENCES = 2  # of the passages that are not gold
MAX_LIKENESS = 0.5  # of a sentence beside the answer's on the gold passage: more may be the answer in other words
MIN_LIKENESS = 0.8  # of a sentence of the gold passage with a quote that it holds
HEADING_WORDS = range(2, 9)  # content words of a heading that says by itself what is below it


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage of an example: its breadcrumb, and the text below."""

    breadcrumb: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Whether *text*, whose first line is its breadcrumb, answers *question*. *example* is what it was made of.

    The passages of an example are a list, and so are its sentences: the answers among them should come first.
    """

    example: str
    source: str
    question: str
    text: str
    is_answer: bool
    is_passage: bool


def of_draft(asked: Located, finder: Finder, hits: Sequence[Piece], rng: np.random.Generator) -> list[Pair]:
    """Return the pairs of a draft: its gold passages, likely ones that do not answer, and sentences of both.

    *hits* are what a search in *finder* found, best first.
    """
    draft = asked.draft
    golds = asked.golds if draft.is_answered else ()
    found = [piece for piece in (*asked.golds, *hits) if piece not in golds and harmless(piece, asked)]
    same = [one for page in sorted(draft.pages) for one in finder.of_page(page)]
    anything = finder.everything()
    near = list(dict.fromkeys(found))[:WRONG_PASSAGES]
    for some in (same, anything):
        piece = some[int(rng.integers(len(some)))] if some else None
        if piece is not None and piece not in golds and piece not in near and harmless(piece, asked):
            near.append(piece)
    right = [(_shown(pieces[0]), text) for text, pieces in asked.claims]
    right += [one for gold in golds for one in _quoted(_shown(gold), draft)]
    mine = _List(draft.id, draft.source, draft.question)
    gold, other = [_shown(piece) for piece in golds], [_shown(piece) for piece in near]
    return list(mine.pairs(gold, other, list(dict.fromkeys(right))))


def of(example: Example) -> list[Pair]:
    """Return the pairs of *example*: each of its passages, then sentences. Raises DatasetWrong."""
    question, shown = read_prompt(example.user)
    if max(example.gold, default=0) > len(shown):
        raise DatasetWrong(f"{example.id}: gold names a passage that is not shown; make the dataset again.")
    gold = [passage for number, passage in enumerate(shown, start=1) if number in example.gold]
    other = [passage for number, passage in enumerate(shown, start=1) if number not in example.gold]
    mine = _List(example.id, example.source, question)
    return list(mine.pairs(gold, other, list(_cited(example, shown))))


def of_headings(source: str, pieces: Sequence[Piece], rng: np.random.Generator) -> Iterator[list[Pair]]:
    """Yield a list for each telling heading among the *pieces* of a page, asking which of them stands below it.

    All are shown without their last heading, so that the text alone must tell.
    """
    for heading in dict.fromkeys(piece.headings for piece in pieces if piece.headings):
        below = [piece for piece in pieces if piece.headings == heading]
        beside = [piece for piece in pieces if piece.headings[: len(heading)] != heading]
        asked = " ".join((below[0].title, heading[-1]))
        telling = len(matching.content_words(heading[-1])) in HEADING_WORDS
        if not telling or len(beside) < 2 or any(matching.holds(piece, heading[-1]) for piece in beside):
            continue
        chosen = [beside[place] for place in rng.permutation(len(beside))[: WRONG_PASSAGES + 1]]
        mine = _List(f"{source}:{below[0].page_id}#{'/'.join(heading)}", source, asked)
        yield list(mine.passages([_without_heading(below[0])], [_without_heading(piece) for piece in chosen]))


def wordings(question: str) -> tuple[str, ...]:
    """Return *question* as people type it: as it is, in small letters without a mark, and in keywords alone.

    >>> wordings("How much leave do I get in the UK?")
    ('How much leave do I get in the UK?', 'how much leave do i get in the uk', 'much leave UK')
    """
    bare = question.strip().rstrip("?!. ")
    keywords = [word for word in re.findall(r"[^\s,;:?!()\"]+", bare) if matching.content_words(word)]
    shortest = " ".join(keywords) if len(keywords) >= 2 else bare
    return question, bare.lower(), shortest


def write(path: Path, pairs: Iterable[Pair]) -> None:
    """Write *pairs* to *path*, one JSON object a line."""
    lines = (json.dumps(asdict(pair), ensure_ascii=False) for pair in pairs)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read(path: Path) -> list[Pair]:
    """Return the pairs in *path*. Raises DatasetWrong."""
    try:
        with path.open(encoding="utf-8") as file:
            return [_pair(line, f"{path}:{number}") for number, line in enumerate(file, start=1)]
    except OSError as error:
        raise DatasetWrong(f"{path} is not there; make it with `python -m finetune dataset`.") from error


def _pair(line: str, place: str) -> Pair:
    try:
        pair = Pair(**json.loads(line))
        is_right = all(isinstance(getattr(pair, name), kind) for name, kind in Pair.__annotations__.items())
    except (TypeError, ValueError) as error:
        raise DatasetWrong(f"{place}: no pair of a question and a text; make the dataset again.") from error
    if not is_right:
        raise DatasetWrong(f"{place}: a field has another kind of value; make the dataset again.")
    return pair


@dataclass(frozen=True, slots=True)
class _List:
    """What the pairs of one question have in common."""

    example: str
    source: str
    question: str

    def pairs(
        self, gold: Sequence[Shown], other: Sequence[Shown], right: Sequence[tuple[Shown, str]]
    ) -> Iterator[Pair]:
        """Yield *gold* and *other* passages, then the *right* sentences, and likely wrong ones of both."""
        yield from self.passages(gold, other)
        for one, sentence in right:
            yield self._pair(one, sentence, is_answer=True, is_passage=False)
        said = " ".join(sentence for _, sentence in right)
        beside = [one for each in gold for one in _sentences(each) if matching.likeness(one[1], said) < MAX_LIKENESS]
        wrong = _likeliest(self.question, beside)[:1]
        wrong += _likeliest(self.question, [one for each in other for one in _sentences(each)])[:WRONG_SENTENCES]
        for one, sentence in wrong:
            yield self._pair(one, sentence, is_answer=False, is_passage=False)

    def passages(self, gold: Sequence[Shown], other: Sequence[Shown]) -> Iterator[Pair]:
        """Yield *gold* and *other* passages."""
        for passages, is_answer in ((gold, True), (other, False)):
            for one in passages:
                yield self._pair(one, one.text, is_answer=is_answer, is_passage=True)

    def _pair(self, passage: Shown, text: str, *, is_answer: bool, is_passage: bool) -> Pair:
        below = f"{passage.breadcrumb}\n{text}"
        return Pair(self.example, self.source, self.question, below, is_answer, is_passage)


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


def _quoted(passage: Shown, draft: Draft) -> Iterator[tuple[Shown, str]]:
    """Yield the sentences of *passage* that a quote of *draft* holds."""
    quotes = [matching.content_words(matching.without_marks(quote.text)) for quote in draft.quotes]
    for one, sentence in _sentences(passage):
        mine = matching.content_words(sentence)
        if mine and any(matching.share_of(mine, quote) >= MIN_LIKENESS for quote in quotes):
            yield one, sentence


def _shown(piece: Piece) -> Shown:
    breadcrumb, _, text = piece.full_text.partition("\n")
    return Shown(breadcrumb, text)


def _without_heading(piece: Piece) -> Shown:
    return Shown(" > ".join((piece.title, *piece.headings[:-1])), piece.text)


def _sentences(passage: Shown) -> list[tuple[Shown, str]]:
    lines = [line for line in passage.text.splitlines() if not line.startswith(("```", "|--", "| --"))]
    return [(passage, one) for line in lines for one in sentences.split(line) if len(one.split()) >= 3]


def _likeliest(question: str, found: Sequence[tuple[Shown, str]]) -> list[tuple[Shown, str]]:
    return sorted(found, key=lambda one: -matching.likeness(question, one[1]))
