"""Systems compared on the same questions."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from finetune import evaluate
from finetune.errors import DatasetWrong
from finetune.ports import Answering, Piece, Reply
from tests.finetune.tiny import silent

LINES = [
    {"id": "1", "question": "how many days of leave", "source": "wiki", "kind": "keyword", "gold": [2],
     "answer": "You get 25 days of leave. [2]",
     "passages": [{"title": "Badges", "text": "Ask reception."},
                  {"title": "Leave", "text": "You get 25 days of leave."}]},
    {"id": "2", "question": "who pays for lunch", "source": "wiki", "kind": "near-miss", "gold": [],
     "passages": [{"title": "Lunch", "text": "Lunch is at noon."}]},
]  # fmt: skip


class Scripted:
    """A system that always says the same (port Answering)."""

    def answer(self, question: str, pieces: Sequence[Piece] | None) -> Reply:  # noqa: ARG002 - the port's words
        """Say it."""
        return Reply(is_refusal=False, text="", citations=((1,),), sentences=("So.",), passages=tuple(pieces or ()),
                     total_ms=5.0)  # fmt: skip


def _questions(tmp_path: Path, lines: Sequence[object] = LINES) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_systems_stand_side_by_side(tmp_path: Path) -> None:
    """A row each, with intervals, and how likely chance makes them differ."""
    questions = evaluate.read(_questions(tmp_path))
    systems: dict[str, Answering] = {
        "extractive": evaluate.Extractive(),
        "refusing": evaluate.Refusing(),
        "scripted": Scripted(),
    }
    replies = {name: evaluate.answer_all(one, questions, name, silent) for name, one in systems.items()}

    figures = evaluate.report(questions, replies)
    evaluate.save(tmp_path / "out", figures, replies)

    truth = {name: one["all"]["truthfulness"] for name, one in figures["systems"].items()}
    assert truth == {"extractive": 0.0, "refusing": 0.5, "scripted": -1.0}
    assert set(figures["differences"]) == {"extractive / refusing", "extractive / scripted", "refusing / scripted"}
    assert (tmp_path / "out" / "report.md").read_text().count("\n| ") == 4
    assert len((tmp_path / "out" / "replies.jsonl").read_text().splitlines()) == 6


def test_extractive_baseline_quotes_the_likeliest_passage(tmp_path: Path) -> None:
    """Not the first that was given."""
    (first, _) = evaluate.read(_questions(tmp_path))

    reply = evaluate.Extractive().answer(first.asked.question, first.pieces)

    assert (reply.sentences, reply.citations) == (("You get 25 days of leave.",), ((2,),))


def test_golden_questions_can_be_read() -> None:
    """They have no passages: the bot searches for them."""
    questions = evaluate.read(Path(__file__).parents[1] / "golden" / "questions.jsonl")

    assert all(question.pieces is None for question in questions)
    assert {question.asked.is_answerable for question in questions} == {True, False}
    assert all(question.asked.must_contain for question in questions if question.asked.is_answerable)


@pytest.mark.parametrize("line", [{"id": "1"}, {"question": "q"}, [1], {"id": "1", "question": ""}])
def test_wrong_line_is_named(tmp_path: Path, line: object) -> None:
    """With its number."""
    with pytest.raises(DatasetWrong, match=r"questions\.jsonl, line 3"):
        evaluate.read(_questions(tmp_path, [*LINES, line]))


@pytest.mark.parametrize(
    ("now", "then", "chance", "said"),
    [(-0.03, 0.12, 0.01, "Switch to new"), (0.12, -0.03, 0.01, "Stay: new is worse"), (0.0, 0.1, 0.4, "not surely")],
)
def test_a_comparison_ends_in_a_plain_word(now: float, then: float, chance: float, said: str) -> None:
    """Better only where chance alone would hardly make the difference."""
    systems = {"old": {"all": {"truthfulness": now}}, "new": {"all": {"truthfulness": then}}}

    words = evaluate.whether_to_switch(
        {"questions": 99, "systems": systems, "differences": {"new / old": chance}}, "old", "new"
    )

    assert words.startswith(said) or said in words
    assert f"{then:+.2f} against {now:+.2f}" in words
