"""Compares systems on questions whose answers are known: the same questions, marked the same way, in one table.

    questions.jsonl ─► each system answers all ─► marks ─► figures with intervals ─► a table, a report

Two layers: with the passages given (only the reader is judged), and end to end through the bot's own search.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from finetune import calibrate, matching, metrics, plot, sentences
from finetune.calibrate import Fitted, Judged
from finetune.errors import DatasetWrong
from finetune.metrics import Asked, Mark
from finetune.ports import Answering, Describing, Piece, Reply

HEADLINES = ("contains", "right and rightly cited", "citation precision", "citation recall", "refusal recall",
             "false refusals", "unsupported sentences", "truthfulness", "p50 ms")  # fmt: skip
JUDGED_BY = ("cosine", "coverage", "names", "verified", "willing", "kept", "answers")
"""The signals of `bot/confidence.py` that the judge is fitted on: those that given passages and a search share."""

SURE = 0.05
"""How likely chance alone may be to make two systems differ so much, for one to be called better."""

UNANSWERED_KINDS = ("near-miss", "off-topic", "adversarial")


class _Passage(BaseModel):
    model_config = ConfigDict(frozen=True)

    title: str = ""
    headings: tuple[str, ...] = ()
    text: str


class _Line(BaseModel):
    """A question as `dataset` writes it for dev, or as our golden questions are."""

    model_config = ConfigDict(frozen=True)

    id: str
    question: Annotated[str, Field(min_length=1)]
    kind: str = ""
    source: str = ""
    group: str = ""
    passages: tuple[_Passage, ...] | None = None
    gold: tuple[int, ...] = ()
    answer: str = ""
    quotes: tuple[str, ...] = ()
    must_contain: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the passages to answer it from (None: the bot searches)."""

    asked: Asked
    pieces: tuple[Piece, ...] | None
    group: str


def read(path: Path) -> list[Question]:
    """Return the questions of *path*. Raises DatasetWrong with the line of the first that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetWrong(f"{path} cannot be read: {error}.") from error
    found = [_question(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise DatasetWrong(f"{path} holds no questions.")
    return found


def _question(path: Path, number: int, text: str) -> Question:
    try:
        line = _Line.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise DatasetWrong(f"{path}, line {number}: {where}: {problem['msg']}.") from error
    is_answerable = bool(line.gold) if line.passages is not None else line.kind not in UNANSWERED_KINDS
    asked = Asked(
        id=line.id,
        question=line.question,
        kind=line.kind,
        source=line.source,
        is_answerable=is_answerable,
        gold=line.gold,
        gold_texts=line.quotes if line.passages is None else (),
        answer=sentences.without_markers(line.answer),
        must_contain=line.must_contain,
    )
    if line.passages is None:
        return Question(asked, None, line.group or line.id)
    pieces = tuple(Piece("", one.title, one.headings, one.text) for one in line.passages)
    return Question(asked, pieces, line.group or line.id)


def answer_all(system: Answering, questions: Sequence[Question], name: str, describe: Describing) -> dict[str, Reply]:
    """Return the reply of *system* to each question, by its id."""
    replies = {}
    for done, question in enumerate(questions):
        describe(name, done, len(questions))
        replies[question.asked.id] = system.answer(question.asked.question, question.pieces)
    return replies


def report(questions: Sequence[Question], replies: Mapping[str, Mapping[str, Reply]]) -> dict[str, Any]:
    """Return the figures of each system over all questions, by kind and by source, with intervals."""
    asked = {question.asked.id: question.asked for question in questions}
    figures: dict[str, Any] = {"questions": len(questions), "systems": {}}
    marked: dict[str, dict[str, Mark]] = {}
    for name, given in replies.items():
        marks = {identity: metrics.mark(asked[identity], reply) for identity, reply in given.items()}
        marked[name] = marks
        listed = list(marks.values())
        figures["systems"][name] = {
            "all": metrics.summary(listed),
            "95 %": {
                "truthfulness": metrics.interval(listed, metrics.truthfulness, seed=1),
                "contains": metrics.interval(listed, metrics.containment, seed=1),
            },
            "kinds": _grouped(marks, {identity: one.kind for identity, one in asked.items()}),
            "sources": _grouped(marks, {identity: one.source for identity, one in asked.items()}),
        }
    figures["differences"] = _differences(marked)
    return figures


def judged(questions: Sequence[Question], replies: Mapping[str, Reply], kept: float) -> tuple[Fitted, dict[str, Reply]]:
    """Return the scale fitted to *replies*, which were written with open scales, and the replies that it leaves.

    Each of those was judged by a scale that had not seen its page; one that is not let through is a refusal. *kept* of
    the answerable questions that were answered at all are let through where the scale is fitted. Raises DatasetWrong.
    """
    written = [one for one in questions if not replies[one.asked.id].is_refusal]
    known = [Judged(replies[one.asked.id].signals, one.asked.is_answerable, one.group) for one in written]
    passed = calibrate.unseen(known, JUDGED_BY, kept)
    left = dict(replies)
    for question, is_passed in zip(written, passed, strict=True):
        if not is_passed:
            left[question.asked.id] = replace(left[question.asked.id], is_refusal=True, citations=(), sentences=())
    return calibrate.fit(known, JUDGED_BY, kept), left


def whether_to_switch(figures: Mapping[str, Any], in_use: str, other: str) -> str:
    """Return in a sentence whether the system *other* should replace the one *in_use*, and why."""
    now, then = (figures["systems"][name]["all"]["truthfulness"] for name in (in_use, other))
    chance = figures["differences"].get(f"{in_use} / {other}", figures["differences"].get(f"{other} / {in_use}", 1.0))
    said = f"truthfulness {then:+.2f} against {now:+.2f}, p = {chance:.3f} on {figures['questions']} questions"
    if then > now and chance < SURE:
        return f"Switch to {other}: {said}."
    if then < now and chance < SURE:
        return f"Stay: {other} is worse, {said}."
    return f"Stay: {other} is not surely better, {said}. More questions would tell."


def as_markdown(figures: Mapping[str, Any]) -> str:
    """Return the table of *figures*, one system a row."""
    lines = ["| system | " + " | ".join(HEADLINES) + " |", "|---" * (len(HEADLINES) + 1) + "|"]
    for name, system in figures["systems"].items():
        cells = []
        for headline in HEADLINES:
            value = system["all"][headline]
            cell = "–" if value is None else f"{value:.0f}" if headline.endswith("ms") else f"{value:.3f}"
            if headline in system["95 %"]:
                low, high = system["95 %"][headline]
                cell += f" ({low:.2f} to {high:.2f})"
            cells.append(cell)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([f"{figures['questions']} questions", "", *lines, ""])


class Extractive:
    """A baseline without a model (port Answering): the sentence of the first passage most like the question."""

    def __init__(self, finder: Answering | None = None) -> None:
        """Take what searches where no passages are given: a bot, of whose reply only the passages are used."""
        self._finder = finder

    def answer(self, question: str, pieces: Sequence[Piece] | None) -> Reply:
        """Return that sentence, citing its passage; of given passages, the one most like the question is first."""
        if pieces is None:
            assert self._finder is not None, "questions without passages need a bot that searches"
            shown = self._finder.answer(question, None).passages
            place = 0
        else:
            shown = tuple(pieces)
            place = max(range(len(shown)), key=lambda n: _asked_share(question, shown[n].full_text), default=0)
        if not shown:
            return Reply(is_refusal=True, text="", citations=(), sentences=(), passages=(), total_ms=0.0)
        lines = [line for line in shown[place].text.splitlines() if not line.startswith("#")]
        written = [sentence for line in lines for sentence in sentences.split(line)] or [shown[place].title]
        best = max(written, key=lambda sentence: matching.likeness(question, sentence))
        return Reply(
            is_refusal=False,
            text=f"{best} [{place + 1}]",
            citations=((place + 1,),),
            sentences=(best,),
            passages=shown,
            total_ms=0.0,
        )


class Refusing:
    """A baseline that always refuses (port Answering)."""

    def answer(self, question: str, pieces: Sequence[Piece] | None) -> Reply:  # noqa: ARG002 - the port's words
        """Refuse."""
        return Reply(is_refusal=True, text="", citations=(), sentences=(), passages=tuple(pieces or ()), total_ms=0.0)


def save(folder: Path, figures: Mapping[str, Any], replies: Mapping[str, Mapping[str, Reply]]) -> None:
    """Write the report, its table and chart, and every reply into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "replies.jsonl").open("w", encoding="utf-8") as file:
        for name, given in replies.items():
            for identity, reply in given.items():
                line = {"system": name, "id": identity, "refusal": reply.is_refusal, "text": reply.text}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    (folder / "report.md").write_text(as_markdown(figures), encoding="utf-8")
    shares = [name for name in HEADLINES if not name.endswith("ms")]
    systems = {
        name: [math.nan if (value := system["all"][share]) is None else value for share in shares]
        for name, system in figures["systems"].items()
    }
    (folder / "report.png").write_bytes(plot.bars(f"{figures['questions']} questions", shares, systems))
    (folder / "report.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")


def _grouped(marks: Mapping[str, Mark], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: metrics.summary(group) for name, group in metrics.by(marks, names).items() if name}


def _differences(marked: Mapping[str, Mapping[str, Mark]]) -> dict[str, float]:
    """Return for each pair of systems how likely it is that chance alone makes them differ in being truthful."""
    names = list(marked)
    found = {}
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            same = [identity for identity in marked[first] if identity in marked[second]]
            one = [marked[first][identity].truth == 1 for identity in same]
            other = [marked[second][identity].truth == 1 for identity in same]
            found[f"{first} / {second}"] = round(metrics.mcnemar(one, other), 5)
    return found


def _asked_share(question: str, text: str) -> float:
    return matching.share_of(matching.content_words(question), matching.content_words(text))
