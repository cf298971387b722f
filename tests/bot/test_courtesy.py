"""What asks nothing of the wiki is answered as people would, and what may ask something is not."""

import json
from pathlib import Path

import pytest

from bot import courtesy
from bot.errors import QuestionUnusable
from bot.questions import clean

GOLDEN = Path(__file__).parents[1] / "golden" / "questions.jsonl"


@pytest.mark.parametrize("line", ["hi", "Hello Footnote!", "good morning, everyone", "hey there 👋", "Hallo!"])
def test_a_greeting_is_returned(line: str) -> None:
    """With what to do next."""
    assert courtesy.reply_to(line).startswith("Hello!")


@pytest.mark.parametrize("line", ["thanks!", "Thank you so much", "ok, thx", "great. thanks a lot, bot", "danke :)"])
def test_thanks_are_accepted(line: str) -> None:
    """In a word."""
    assert courtesy.reply_to(line) == "You are welcome."


@pytest.mark.parametrize("line", ["help", "what can you do?", "Who are you?", "hi, how does this bot work"])
def test_help_says_what_the_bot_does(line: str) -> None:
    """And where it can be asked."""
    assert "/ask" in courtesy.reply_to(line)


@pytest.mark.parametrize(
    "line", ["help desk", "thanks to whom?", "hi, where do I book leave?", "hello world service", "who are you hiring"]
)
def test_what_else_is_said_may_be_a_question(line: str) -> None:
    """It is looked for in the wiki."""
    assert clean(line) == line


def test_a_courtesy_is_no_question() -> None:
    """Whoever asks for its answer is told the reply."""
    with pytest.raises(QuestionUnusable, match="You are welcome"):
        clean("  Thanks!\n")


def test_no_golden_question_is_taken_for_a_courtesy() -> None:
    """They all ask something."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()

    assert not any(courtesy.reply_to(json.loads(line)["question"]) for line in lines)
