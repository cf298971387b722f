"""Which events are questions."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.questions import Asker, Question, QuestionId, Thread
from bot.slack.incoming import question_in

TS = "1777887000.000100"
Fields = dict[str, object]


def a_body(**changes: object) -> Fields:
    """Return an app_mention's event_callback, with some fields of the event changed or, if None, left out."""
    event: Fields = {
        "type": "app_mention",
        "user": "U1",
        "text": "<@U0BOT> how many days?",
        "channel": "C1",
        "ts": TS,
        "team": "T9",
    }
    event = {name: value for name, value in (event | changes).items() if value is not None}
    return {"type": "event_callback", "team_id": "T1", "event": event}


def a_direct_message(**changes: object) -> Fields:
    """Return a message.im's event_callback."""
    return a_body(**{"type": "message", "channel": "D1", "channel_type": "im", "text": "how many days?"} | changes)


def test_mention_is_a_question_in_a_thread_of_its_own() -> None:
    """The answer goes into a thread under the mention."""
    assert question_in(a_body(), "U0BOT") == Question(
        id=QuestionId(f"T1:C1:{TS}"),
        text="how many days?",
        asker=Asker("U1"),
        thread=Thread("T1", "C1", TS, is_direct=False),
        ts=TS,
        asked_at=datetime(2026, 5, 4, 9, 30, 0, 100, tzinfo=UTC),
    )


def test_mention_in_a_thread_is_answered_in_that_thread() -> None:
    """The root is the thread's, the question the message's."""
    question = question_in(a_body(thread_ts="1.1"), "U0BOT")

    assert question
    assert (question.thread.ts, question.ts, question.id) == ("1.1", TS, f"T1:C1:{TS}")


def test_direct_message_is_a_question_without_a_mention() -> None:
    """In a direct message everything is meant for the bot."""
    question = question_in(a_direct_message(), "U0BOT")

    assert question
    assert (question.text, question.thread.is_direct) == ("how many days?", True)


def test_mention_and_its_message_event_have_one_id() -> None:
    """Slack sends both for one message, in workspaces of an organisation too."""
    mention = question_in(a_body(channel="D1", team="T2"), "U0BOT")
    message = question_in(a_direct_message(team=None), "U0BOT")

    assert mention
    assert message
    assert mention.id == message.id


def test_mention_without_words_is_kept() -> None:
    """Its asker is told what a question is, rather than left waiting."""
    question = question_in(a_body(text="<@U0BOT>"), "U0BOT")

    assert question
    assert question.text == ""


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share"])
def test_words_sent_with_a_file_or_to_the_channel_are_a_question(subtype: str) -> None:
    """They are a person's words all the same."""
    assert question_in(a_direct_message(subtype=subtype), "U0BOT")


@pytest.mark.parametrize(
    "body",
    [
        a_direct_message(bot_id="B1"),
        a_body(bot_id="B1"),
        a_direct_message(user=None),
        a_direct_message(subtype="message_changed"),
        a_direct_message(subtype="message_deleted"),
        a_direct_message(subtype="channel_join"),
        a_direct_message(subtype="bot_message"),
        a_direct_message(subtype="file_share", text=""),
        a_direct_message(text=None),
        a_body(type="message", channel_type="channel"),
        a_body(type="message", channel_type="group"),
        a_body(type="reaction_added"),
        a_body(ts=None),
        a_body(ts="now"),
        a_body(channel=None),
        {"type": "event_callback"},
        {"type": "block_actions", "user": {"id": "U1"}},
        {"type": "event_callback", "event": "odd"},
    ],
    ids=lambda body: str(body.get("event")),
)
def test_other_events_are_no_questions(body: Fields) -> None:
    """Bots, edits, joins and what is said to others in a channel are left alone."""
    assert question_in(body, "U0BOT") is None


words = st.text(max_size=20)
json_values = (
    st.none() | st.booleans() | st.floats(allow_nan=False) | words | st.lists(words) | st.dictionaries(words, words)
)
fields = st.sampled_from(
    ["type", "user", "text", "channel", "ts", "thread_ts", "subtype", "bot_id", "channel_type", "team"]
)


@settings(deadline=None)  # a busy machine is no failure
@given(st.dictionaries(fields, json_values))
def test_odd_event_never_fails(changes: Fields) -> None:
    """An event that made the reading fail would be sent again and again."""
    question_in(a_body(**changes), "U0BOT")
