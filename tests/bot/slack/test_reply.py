"""Replies in a local workspace, with all that can go wrong on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answers import Found, Writing
from bot.errors import ModelFailed, SlackRefused, SlackUnavailable
from bot.ports import Reply
from bot.questions import Asker, Question, Thread, question_id
from bot.records import Records
from bot.slack.app import client_for
from bot.slack.reply import SECONDS_BETWEEN_UPDATES, SlackReplies
from bot.workspace import Fault, FaultKind, Message, Workspace
from tests.bot.slack.running import HELP, MAYA, a_worker, opened, replies
from tests.fakes_bot import NOW, ScriptedAnswering, StillClock, a_hit, an_answer, shown, some_steps

FOUND, ANSWER = Found(shown(a_hit())), an_answer()
LOST_WAYS = [FaultKind.DROPPED_BEFORE, FaultKind.DROPPED_AFTER, FaultKind.SERVER_ERROR]


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """Return empty records."""
    with opened(tmp_path / "records.db") as records:
        yield records


@pytest.fixture
def question(workspace: Workspace, records: Records) -> Question:
    """Return a question that was asked in the workspace and kept."""
    ts = workspace.say(MAYA, HELP, "how many days off?")
    thread = Thread("T1", HELP, ts, is_direct=False)
    question = Question(question_id("T1", HELP, ts), "how many days off?", Asker(MAYA), thread, ts, NOW)
    records.put(question)
    return question


@pytest.fixture
def clock() -> StillClock:
    """Return a clock that the test moves."""
    return StillClock()


def a_reply(workspace: Workspace, records: Records, question: Question, clock: StillClock) -> Reply:
    """Return the reply of *question*, as after a restart."""
    client = client_for(workspace.bot_token, workspace.api_url)
    return SlackReplies(client, records.replies, clock, clock.wait).reply_to(question)


@pytest.fixture
def reply(workspace: Workspace, records: Records, question: Question, clock: StillClock) -> Reply:
    """Return a reply that has said nothing yet."""
    return a_reply(workspace, records, question, clock)


def the_one(workspace: Workspace, question: Question) -> Message:
    """Return the only reply below *question*."""
    (only,) = replies(workspace, HELP, question.ts)
    return only


def called(workspace: Workspace) -> list[str]:
    """Return the methods called, in order."""
    return [call.method for call in workspace.calls()]


def test_passages_are_posted_and_the_answer_takes_their_place(
    workspace: Workspace, question: Question, reply: Reply
) -> None:
    """One message in the thread, edited in place, without previews of the pages it links."""
    reply.show(FOUND)
    first = the_one(workspace, question)
    reply.show(ANSWER)

    assert first.text == "Found 1 passage, writing…"
    assert the_one(workspace, question).text == "You get 28 days. [1]"
    post = next(call for call in workspace.calls() if call.method == "chat.postMessage")
    assert (post.arguments["unfurl_links"], post.arguments["unfurl_media"]) in {(False, False), ("0", "0")}


def test_drafts_are_shown_now_and_then(workspace: Workspace, reply: Reply, clock: StillClock) -> None:
    """Fourteen pieces in three and a half seconds make two edits; nothing waits."""
    reply.show(FOUND)
    for n in range(14):
        clock.seconds += 0.25
        reply.show(Writing(f"You get {n}"))

    assert called(workspace) == ["chat.postMessage", "chat.update", "chat.update"]
    assert clock.waits == []


def test_answer_is_shown_right_after_a_draft(workspace: Workspace, question: Question, reply: Reply) -> None:
    """The last word never falls to the throttle."""
    reply.show(FOUND)
    reply.show(ANSWER)

    assert the_one(workspace, question).text == "You get 28 days. [1]"


@pytest.mark.parametrize("kind", [*LOST_WAYS, FaultKind.RATE_LIMITED])
@pytest.mark.parametrize("times", [1, 4])
def test_answer_is_shown_through_faults_of_the_update(
    workspace: Workspace, question: Question, reply: Reply, kind: FaultKind, times: int
) -> None:
    """The last edit is tried until Slack takes it."""
    reply.show(FOUND)
    workspace.inject(Fault(kind, method="chat.update", times=times))

    reply.show(ANSWER)

    assert the_one(workspace, question).text == "You get 28 days. [1]"


@pytest.mark.parametrize("kind", [*LOST_WAYS, FaultKind.RATE_LIMITED])
@pytest.mark.parametrize("times", [1, 3])
def test_first_message_is_posted_once_through_faults(
    workspace: Workspace, question: Question, reply: Reply, kind: FaultKind, times: int
) -> None:
    """A post whose reply was lost is found in the thread, not made again."""
    workspace.inject(Fault(kind, method="chat.postMessage", times=times))

    reply.show(FOUND)
    reply.show(ANSWER)

    assert the_one(workspace, question).text == "You get 28 days. [1]"


def test_lost_first_message_is_found_after_a_restart(
    workspace: Workspace, records: Records, question: Question, reply: Reply, clock: StillClock
) -> None:
    """Even when the process died before it learned what Slack had done."""
    workspace.inject(Fault(FaultKind.DROPPED_AFTER, method="chat.postMessage"))
    reply.show(FOUND)

    a_reply(workspace, records, question, clock).show(ANSWER)

    assert the_one(workspace, question).text == "You get 28 days. [1]"


def test_message_of_another_question_in_the_thread_is_left_alone(
    workspace: Workspace, records: Records, question: Question, reply: Reply, clock: StillClock
) -> None:
    """Each question of a thread has a reply of its own."""
    reply.show(ANSWER)
    ts = workspace.say(MAYA, HELP, "and in Germany?", thread_ts=question.ts)
    second = Question(question_id("T1", HELP, ts), "and?", question.asker, question.thread, ts, NOW)
    records.put(second)
    workspace.inject(Fault(FaultKind.DROPPED_BEFORE, method="chat.postMessage"))

    a_reply(workspace, records, second, clock).show(an_answer(text="30 days."))

    texts = [m.text for m in replies(workspace, HELP, question.ts) if m.user != MAYA]
    assert texts == ["You get 28 days. [1]", "30 days. [1]"]


def test_draft_that_slack_does_not_take_is_left_out(
    workspace: Workspace, question: Question, reply: Reply, clock: StillClock
) -> None:
    """Slack is left alone for as long as it asks, and the answer comes all the same."""
    reply.show(FOUND)
    clock.seconds += SECONDS_BETWEEN_UPDATES
    workspace.inject(Fault(FaultKind.RATE_LIMITED, method="chat.update", seconds=20))
    reply.show(Writing("You"))
    clock.seconds += 19
    reply.show(Writing("You get"))
    clock.seconds += 2
    reply.show(Writing("You get 28"))

    assert called(workspace) == ["chat.postMessage", "chat.update", "chat.update"]
    assert the_one(workspace, question).text == "You get 28"
    assert clock.waits == []


def test_slack_staying_away_is_said(workspace: Workspace, reply: Reply) -> None:
    """The worker puts the question back."""
    reply.show(FOUND)
    workspace.inject(Fault(FaultKind.SERVER_ERROR, method="chat.update", times=99, status=503))

    with pytest.raises(SlackUnavailable):
        reply.show(ANSWER)


@pytest.mark.parametrize("step", [FOUND, ANSWER], ids=["found", "answer"])
@pytest.mark.parametrize("code", ["not_in_channel", "is_archived", "channel_not_found", "missing_scope"])
def test_refusal_of_slack_is_said(workspace: Workspace, reply: Reply, code: str, step: Found) -> None:
    """Nothing is written for a channel that cannot be written to."""
    workspace.inject(Fault(FaultKind.REFUSED, method="chat.postMessage", error=code))

    with pytest.raises(SlackRefused, match=code):
        reply.show(step)


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_message_that_is_gone_is_posted_anew(workspace: Workspace, question: Question, reply: Reply, code: str) -> None:
    """Somebody deleted the passages while the answer was being written."""
    reply.show(FOUND)
    workspace.inject(Fault(FaultKind.REFUSED, method="chat.update", error=code))

    reply.show(ANSWER)

    assert replies(workspace, HELP, question.ts)[-1].text == "You get 28 days. [1]"
    assert called(workspace) == ["chat.postMessage", "chat.update", "chat.postMessage"]


@pytest.mark.parametrize("code", ["missing_scope", "thread_not_found", "channel_not_found"])
def test_thread_that_cannot_be_read_does_not_stop_the_answer(
    workspace: Workspace, question: Question, reply: Reply, code: str
) -> None:
    """Rather a second message than none, where the bot may not look whether the first arrived."""
    workspace.inject(Fault(FaultKind.DROPPED_BEFORE, method="chat.postMessage"))
    workspace.inject(Fault(FaultKind.REFUSED, method="conversations.replies", error=code))

    reply.show(FOUND)
    reply.show(ANSWER)

    assert the_one(workspace, question).text == "You get 28 days. [1]"


def test_lost_message_is_found_on_the_second_page_of_a_long_thread(
    workspace: Workspace, question: Question, reply: Reply
) -> None:
    """Others went on talking in the thread before the bot's message."""
    for n in range(210):
        workspace.say(MAYA, HELP, f"{n}", thread_ts=question.ts)
    workspace.inject(Fault(FaultKind.DROPPED_AFTER, method="chat.postMessage"))

    reply.show(ANSWER)

    assert len([m for m in replies(workspace, HELP, question.ts) if m.user != MAYA]) == 1
    assert called(workspace).count("conversations.replies") == 2


def test_apology_takes_the_place_of_the_draft_and_keeps_the_passages(
    workspace: Workspace, question: Question, reply: Reply
) -> None:
    """The asker can still read the pages."""
    reply.show(FOUND)

    reply.apologise(ModelFailed("out of memory"))

    message = the_one(workspace, question)
    assert message.text.startswith("Sorry, I lost my thread")
    assert message.links == (a_hit().url,)


class Died(BaseException):
    """The process ended."""


@pytest.mark.parametrize("is_lost", [False, True])
def test_restart_in_the_middle_of_an_answer_goes_on_in_the_same_message(
    workspace: Workspace,
    tmp_path: Path,
    records: Records,
    question: Question,
    is_lost: bool,  # noqa: FBT001  two cases
) -> None:
    """Passages were shown and the process died: the answer takes their place, there is one message."""
    if is_lost:
        workspace.inject(Fault(FaultKind.DROPPED_AFTER, method="chat.postMessage"))
    dying = ScriptedAnswering()

    def die(step: object) -> None:
        if isinstance(step, Writing):
            raise Died

    dying.before_step = die
    with pytest.raises(Died):
        a_worker(workspace, records, dying).answer_one()
    before = the_one(workspace, question)

    with opened(tmp_path / "records.db") as after:
        after.recover()
        assert a_worker(workspace, after, ScriptedAnswering(some_steps())).answer_one()

    answered = the_one(workspace, question)
    assert (before.text, answered.text) == ("Found 1 passage, writing…", "You get 28 days. [1]")
    assert before.ts == answered.ts


def test_crashing_question_is_apologised_for_in_its_own_message(
    workspace: Workspace, records: Records, question: Question, reply: Reply
) -> None:
    """After its last crash the passages do not stand there as if the answer were coming."""
    reply.show(FOUND)

    a_worker(workspace, records, ScriptedAnswering()).apologise_for([question])

    assert the_one(workspace, question).text.startswith("Sorry")
