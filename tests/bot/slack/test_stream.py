"""A stream that comes to its end before the answer does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answers import Found, Writing
from bot.ports import Reply
from bot.questions import Asker, Question, Thread, question_id
from bot.records import Records
from bot.slack.app import client_for
from bot.slack.reply import SlackReplies
from bot.slack.stream import MAX_SECONDS, SECONDS_BETWEEN_APPENDS
from bot.workspace import Workspace
from tests.bot.slack.running import MAYA, opened, replies
from tests.bot.slack.test_mrkdwn import HOSTILE
from tests.fakes_bot import NOW, StillClock, a_hit, an_answer, shown

DIRECT = "D0MAYA"


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """Return empty records."""
    with opened(tmp_path / "records.db") as records:
        yield records


@pytest.fixture
def clock() -> StillClock:
    """Return a clock that the test moves."""
    return StillClock()


@pytest.fixture
def question(workspace: Workspace, records: Records) -> Question:
    """Return a question asked in a direct message."""
    ts = workspace.say(MAYA, DIRECT, "how many days off?")
    thread = Thread("T1", DIRECT, ts, is_direct=True)
    question = Question(question_id("T1", DIRECT, ts), "how many days off?", Asker(MAYA), thread, ts, NOW)
    records.put(question)
    return question


@pytest.fixture
def reply(workspace: Workspace, records: Records, question: Question, clock: StillClock) -> Reply:
    """Return the reply, whose stream has begun."""
    client = client_for(workspace.bot_token, workspace.api_url)
    reply = SlackReplies(client, records.replies, clock, clock.wait).reply_to(question)
    reply.show(Found(shown(a_hit())))
    return reply


def test_long_answer_goes_on_in_the_same_message(
    workspace: Workspace, reply: Reply, question: Question, clock: StillClock
) -> None:
    """Before Slack ends the stream it is stopped, and the message edited with the whole text."""
    reply.show(Writing("You get"))
    clock.seconds += MAX_SECONDS + 1
    reply.show(Writing("You get 28 days."))

    (message,) = replies(workspace, DIRECT, question.ts)
    assert not message.is_streaming
    assert "You get 28 days." in str(message.blocks)
    reply.show(an_answer())
    assert len(replies(workspace, DIRECT, question.ts)) == 1


def test_stream_that_slack_has_ended_is_edited(
    workspace: Workspace, reply: Reply, question: Question, clock: StillClock
) -> None:
    """Its five minutes may be over before ours are."""
    workspace.advance(301)
    clock.seconds += SECONDS_BETWEEN_APPENDS
    reply.show(Writing("You get 28"))
    reply.show(an_answer())

    (message,) = replies(workspace, DIRECT, question.ts)
    assert message.text == "You get 28 days. [1]"


def test_reply_taken_up_after_a_restart_ends_the_open_stream(
    workspace: Workspace, records: Records, reply: Reply, question: Question, clock: StillClock
) -> None:
    """The process died while it was written; the next one edits what stands there."""
    reply.show(Writing("You get"))
    client = client_for(workspace.bot_token, workspace.api_url)

    SlackReplies(client, records.replies, clock, clock.wait).reply_to(question).show(an_answer())

    (message,) = replies(workspace, DIRECT, question.ts)
    assert (message.text, message.is_streaming) == ("You get 28 days. [1]", False)


def test_hostile_draft_acts_on_nobody_at_any_moment(
    workspace: Workspace, reply: Reply, question: Question, clock: StillClock
) -> None:
    """However it is cut into pieces, no piece and no sum of pieces pings or links."""
    draft = " ".join((*HOSTILE, "[it](https://evil.example)", "![x](https://evil.example/x.png)", "**<!here>**"))
    for end in range(1, len(draft), 7):
        clock.seconds += SECONDS_BETWEEN_APPENDS
        reply.show(Writing(draft[:end]))
        (message,) = replies(workspace, DIRECT, question.ts)

        assert (message.pings, set(message.links) - {a_hit().url}) == ((), set())
