"""A follow-up, read by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.following import asks, standalone, subject
from bot.questions import MAX_QUESTION_CHARACTERS

LEAVE = "How many days of annual leave do staff in the UK get?"
EXPENSES = "Who approves expenses over 500 pounds?"


@pytest.mark.parametrize(
    ("follow_up", "before", "read"),
    [
        ("And in Germany?", LEAVE, "How many days of annual leave do staff in Germany get?"),
        ("in Germany?", LEAVE, "How many days of annual leave do staff in Germany get?"),
        ("and in France", "What happens during an incident in New York?", "What happens during an incident in France?"),
        ("What about contractors?", EXPENSES, "Who approves expenses over 500 pounds, for contractors?"),
        ("for interns?", EXPENSES, "Who approves expenses over 500 pounds for interns?"),
        ("How do I claim them?", EXPENSES, "How do I claim expenses?"),
        ("When is its deadline?", "How do I book annual leave?", "When is annual leave's deadline?"),
        ("Is that paid?", "How do I book annual leave?", "Is annual leave paid?"),
        ("How long?", "How do I book annual leave?", "How long, annual leave?"),
        ("and who approves it?", "How do I book annual leave?", "and who approves annual leave?"),
    ],
)
def test_follow_up_carries_what_was_asked_before(follow_up: str, before: str, read: str) -> None:
    """Pronouns and ellipses get the last question's subject."""
    assert standalone(follow_up, before) == read


@pytest.mark.parametrize(
    "question",
    [
        "What is the wifi password?",
        "How do I book a meeting room?",
        "Is that form online?",
        "Is it true that we must ask Maya?",
        "Is it possible to work from Spain?",
        "What if I am sick?",
    ],
)
def test_question_that_says_all_by_itself_stays(question: str) -> None:
    """A word that only looks like a pronoun changes nothing."""
    assert standalone(question, LEAVE) is None


@pytest.mark.parametrize("before", ["", "   ", "?!", "it?"])
def test_nothing_is_carried_from_a_question_about_nothing(before: str) -> None:
    """Without a subject a pronoun stays."""
    assert standalone("Who approves it?", before) is None


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("And in Germany?", True),
        ("how do I book it", True),
        ("what about interns", True),
        ("can I carry it over", True),
        ("Thanks!", False),
        ("ok, I will ask Maya then", False),
        ("I booked it yesterday.", False),
        ("great, and in Germany?", True),
        ("👍", False),
    ],
)
def test_only_questions_are_follow_ups(text: str, is_question: bool) -> None:  # noqa: FBT001  a test's expectation
    """Thanks and remarks in the thread are left alone."""
    assert asks(text) is is_question


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_words_can_follow_any_others(follow_up: str, before: str) -> None:
    """Nothing raises, grows without bound, or comes back as it was."""
    read = standalone(follow_up, before)

    assert read is None or (read != follow_up and len(read) <= MAX_QUESTION_CHARACTERS)
    asks(follow_up)
    subject(before)
