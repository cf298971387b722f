"""`python -m bot advise` in the terminal."""

import argparse
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bot import terminal_advice
from bot.advice.figures import Tally
from bot.answers import Answer, Refusal, RefusalReason
from bot.errors import SituationUnusable
from bot.feedback import Reason, Verdict
from bot.records import Records
from tests.fakes_bot import NOW, a_hit, a_question, a_refusal, an_answer

Golden = Callable[[str, str], None]


def printed(*arguments: str, tally: Tally | None = None) -> str:
    """Return what the command prints, 100 characters wide."""
    parser = argparse.ArgumentParser(prog="python -m bot")
    terminal_advice.add_to(parser.add_subparsers())
    written = io.StringIO()
    console = Console(file=written, width=100, highlight=False)
    assert terminal_advice.run(parser.parse_args(["advise", *arguments]), tally or Tally(), console) == 0
    return written.getvalue()


def test_advice_is_as_it_was_read_and_agreed(golden: Golden) -> None:
    """What people see changes only together with its golden file."""
    text = printed("wiki edited daily, JSON format, 300 examples, few-shot was tried, purple", "--set", "wage=60")

    golden("advice/terminal.txt", text)


def test_help_is_as_it_was_read_and_agreed(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lists every answer and assumption with its default."""
    monkeypatch.setenv("COLUMNS", "100")
    commands = argparse.ArgumentParser(prog="python -m bot").add_subparsers()

    golden("help/bot-advise.txt", terminal_advice.add_to(commands).format_help())


def test_json_is_one_object() -> None:
    """With what was understood, and what was not."""
    found = json.loads(printed("edited daily, purple", "--set", "labels=9", "--json"))

    assert found["situation"]["change"] == "daily"
    assert found["situation"]["labels"] == 9
    assert found["not_understood"] == "purple"


def test_set_counts_before_text_and_text_before_figures() -> None:
    """What is said last, and most exactly, counts."""
    tally = Tally(days=30, questions=600)

    figures = json.loads(printed("--json", tally=tally))
    text = json.loads(printed("--json", "70 questions a month", tally=tally))
    exact = json.loads(printed("--json", "70 questions a month", "--set", "questions_a_month=8", tally=tally))

    assert [found["situation"]["questions_a_month"] for found in (figures, text, exact)] == [608, 70, 8]


def test_text_after_set_is_still_text() -> None:
    """The order on the command line does not matter."""
    assert json.loads(printed("--json", "--set", "labels=9", "edited daily"))["situation"]["change"] == "daily"


def test_wrong_value_is_named() -> None:
    """The sentence says which, and what it may be."""
    with pytest.raises(SituationUnusable, match=r"change: .*'daily'"):
        printed("--set", "change=sometimes")


def test_chart_is_written(tmp_path: Path) -> None:
    """To the file that was named."""
    printed("--chart", str(tmp_path / "advice.png"), "--json")

    assert (tmp_path / "advice.png").read_bytes().startswith(b"\x89PNG")


def test_records_count_how_questions_ended(tmp_path: Path) -> None:
    """Answers, refusals by reason, what people said of them, and the speeds of answers."""
    clock = [NOW]
    records = Records(tmp_path / "bot.db", lambda: clock[0])
    outcomes: list[Answer | Refusal] = [an_answer(a_hit()), an_answer(a_hit()), a_refusal(RefusalReason.DECLINED)]
    for number, outcome in enumerate(outcomes):
        question = a_question(ts=f"177788700{number}.000100")
        records.put(question)
        records.take()
        records.finish(question.id, outcome)
    records.feedback.give(question, an_answer(a_hit()), "U1", Verdict.GOOD)
    records.feedback.give(question, an_answer(a_hit()), "U2", Verdict.BAD)
    records.feedback.explain(question.id, "U2", Reason.OUTDATED, "It is 30 days.", "")
    records.feedback.give(question, an_answer(a_hit()), "U3", Verdict.BAD)
    clock[0] += timedelta(days=10)

    tally = records.tally()
    records.close()

    assert (tally.days, tally.questions, tally.answered, tally.refused) == (10.0, 3, 2, {"declined": 1})
    assert (tally.thumbs_up, tally.complaints, tally.labels) == (1, {"": 1, "outdated": 1}, 1)
    assert (tally.prompt_tokens, tally.output_tokens) == (600.0, 30.0)
    assert tally.prefill_speed == pytest.approx(600 / 0.328)
    assert tally.decode_speed == pytest.approx(30 / 1.76)


def test_empty_records_count_nothing(tmp_path: Path) -> None:
    """A bot that was never asked knows nothing of itself."""
    records = Records(tmp_path / "bot.db", lambda: datetime(2026, 5, 1, tzinfo=UTC))

    assert records.tally() == Tally()
    records.close()
