"""Which events are questions."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.questions import Asker, Question, QuestionId, Thread
from bot.slack.incoming import Deleted, Edited, change_in, question_in, remark_in, shortcut_in

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


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share", "me_message"])
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


RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "user", "user_id": "U0BOT"},
                {"type": "text", "text": " is <this> the "},
                {"type": "link", "url": "https://w.example/?a&b", "text": "limit"},
                {"type": "emoji", "name": "eyes"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "hotels"}]},
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "meals?", "style": {"bold": True}}],
                },
            ],
        },
    ],
}
PASSED_ON = {"is_share": True, "is_msg_unfurl": True, "author_id": "U7", "text": "how many days &amp; hours?"}


@pytest.mark.parametrize("text", [None, "", "<@U0BOT>"])
def test_words_that_stand_in_rich_text_alone_are_read(text: str | None) -> None:
    """Slack's clients send a text too; what posts in a person's name need not."""
    question = question_in(a_body(text=text, blocks=[RICH]), "U0BOT")

    assert question
    assert question.text == "is <this> the limit:eyes:\nhotels\nmeals?"


def test_message_passed_on_to_the_bot_is_the_question() -> None:
    """Without words of its own; with words, those are what is asked."""
    direct = question_in(a_direct_message(text="", attachments=[PASSED_ON]), "U0BOT")
    mention = question_in(a_body(text="<@U0BOT>", attachments=[PASSED_ON]), "U0BOT")
    with_words = question_in(a_body(text="<@U0BOT> and in Germany?", attachments=[PASSED_ON]), "U0BOT")

    assert [q.text for q in (direct, mention, with_words) if q] == ["how many days & hours?"] * 2 + ["and in Germany?"]


def test_preview_of_a_web_page_is_no_question() -> None:
    """What a page on the web says is nobody's question."""
    question = question_in(
        a_body(text="<@U0BOT>", attachments=[{"text": "Buy now?", "from_url": "https://x"}]), "U0BOT"
    )

    assert question
    assert question.text == ""


def test_file_alone_in_a_direct_message_is_kept() -> None:
    """Its sender is told what a question is, rather than left waiting."""
    question = question_in(a_direct_message(subtype="file_share", text="", files=[{"id": "F1"}]), "U0BOT")

    assert question
    assert question.text == ""


def test_words_of_an_app_in_rich_text_are_answered_by_the_shortcut() -> None:
    """An app's message often has no text."""
    body: Fields = {"type": "message_action", "callback_id": "answer_from_wiki", "team": {"id": "T1"}}
    body |= {"user": {"id": "U1"}, "channel": {"id": "C1"}, "message": {"ts": TS, "bot_id": "B1", "blocks": [RICH]}}

    question = shortcut_in(body, "U0BOT", datetime.now(UTC))

    assert question
    assert question.text.startswith("is <this> the limit")


def test_person_named_in_rich_text_is_who_is_asked() -> None:
    """What is said to a person is no remark to nobody."""
    rich = {"type": "rich_text", "elements": [{"type": "user", "user_id": "U7"}, {"type": "text", "text": "why?"}]}

    assert remark_in(a_body(type="message", text="", blocks=[rich]), "U0BOT") is None
    assert remark_in(a_body(type="message", text="", blocks=[RICH | {"elements": RICH["elements"][1:]}]), "U0BOT")


def test_question_belongs_to_the_team_that_installed_the_app() -> None:
    """In a channel shared with another workspace `team_id` is that one's, which has no channel settings."""
    body = a_body() | {"team_id": "T0THEIRS", "authorizations": [{"team_id": "T1", "user_id": "U0BOT"}]}

    question = question_in(body, "U0BOT")

    assert question
    assert (question.thread.team, question.id) == ("T1", f"T1:C1:{TS}")


KNOWN = QuestionId(f"T1:C1:{TS}")
NOW = {
    "type": "message",
    "user": "U1",
    "text": "how many weeks?",
    "ts": TS,
    "edited": {"user": "U1", "ts": "1777887009.0"},
}


def a_change(**fields: object) -> Fields:
    """Return a message event about another message."""
    event = {"type": "message", "channel": "C1", "channel_type": "channel", "ts": "1777887009.000001"} | fields
    return {"type": "event_callback", "team_id": "T1", "event": event}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (a_change(subtype="message_changed", message=NOW), Edited(KNOWN, "how many weeks?")),
        (
            a_change(subtype="message_changed", message=NOW, previous_message=NOW | {"text": "how many?"}),
            Edited(KNOWN, "how many weeks?"),
        ),
        (a_change(subtype="message_changed", message=NOW, previous_message=NOW), None),
        (a_change(subtype="message_changed", message={**NOW, "edited": None}), None),
        (a_change(subtype="message_changed", message=NOW | {"bot_id": "B1"}), None),
        (a_change(subtype="message_changed", message=NOW | {"subtype": "tombstone"}), Deleted(KNOWN)),
        (a_change(subtype="message_deleted", deleted_ts=TS), Deleted(KNOWN)),
        (a_change(subtype="message_deleted", deleted_ts=TS, previous_message=NOW), Deleted(KNOWN)),
        (a_body(text="<@U0BOT> how many weeks?", edited=NOW["edited"]), Edited(KNOWN, "how many weeks?")),
        (a_body(), None),
        (a_change(subtype="message_replied", message=NOW), None),
        (a_change(subtype="message_deleted"), None),
    ],
)
def test_edits_and_deletions_are_read_with_and_without_what_stood_there(
    body: Fields, expected: Edited | Deleted | None
) -> None:
    """Slack's reference shows both events without the message of before."""
    assert change_in(body, "U0BOT") == expected


words = st.text(max_size=20)
json_values = (
    st.none() | st.booleans() | st.floats(allow_nan=False) | words | st.lists(words) | st.dictionaries(words, words)
)
keys = st.sampled_from(["type", "elements", "text", "url", "name", "is_share", "ts", "user_id"])
fields = st.sampled_from(
    "type user text channel ts thread_ts subtype bot_id channel_type team blocks attachments files edited message "
    "previous_message deleted_ts".split()
)
pieces = st.recursive(json_values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))


@settings(deadline=None)  # a busy machine is no failure
@given(st.dictionaries(fields, pieces))
def test_odd_event_never_fails(changes: Fields) -> None:
    """An event that made the reading fail would be sent again and again."""
    body = a_body(**changes)

    question_in(body, "U0BOT")
    remark_in(body, "U0BOT")
    change_in(body, "U0BOT")
