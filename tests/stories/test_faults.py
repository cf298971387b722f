"""What goes wrong in the middle of an answer: nothing is lost, nothing comes twice, nothing hangs.

Elsewhere: forged, replayed, oversized and odd requests (tests/bot/slack/test_web.py), wrong tokens (there and in
test_app.py), a deleted question and an archived channel (test_asking.py), a second bot on the same records
(tests/bot/test_locking.py), a message that is gone and lost replies (tests/bot/slack/test_reply.py).
"""

from pathlib import Path

import pytest

from bot.workspace import Fault, FaultKind, Workspace
from tests.bot.slack.running import HELP, JONAS, MAYA, SECONDS, replies, reply_once, running
from tests.fakes_bot import AfterFound, ScriptedAnswering

ANSWER = "You get 28 days."
STREAM = ("chat.startStream", "chat.appendStream", "chat.stopStream")
PASSING = (FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.DROPPED_BEFORE, FaultKind.DROPPED_AFTER)


def mention(workspace: Workspace, person: str = MAYA) -> str:
    """Ask in #it-help and return the message's ts."""
    return workspace.say(person, HELP, f"<@{workspace.bot_user_id}> how many days off?")


@pytest.mark.parametrize("method", STREAM)
@pytest.mark.parametrize("kind", PASSING)
def test_fault_in_a_stream_leaves_one_whole_answer(
    workspace: Workspace, path: Path, kind: FaultKind, method: str
) -> None:
    """Rate limits, server errors and cut lines at its start, in its middle and at its end."""
    workspace.inject(Fault(kind, method=method))
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, "D0MAYA", "how many days off?")
        reply = reply_once(workspace, "D0MAYA", ts, ANSWER)
        workspace.wait_for(workspace.is_quiet, SECONDS)

    assert not reply.is_streaming


@pytest.mark.parametrize("channel", [HELP, "D0MAYA"], ids=["channel", "direct message"])
def test_cut_line_between_found_and_answer_is_no_matter(workspace: Workspace, path: Path, channel: str) -> None:
    """The passages stand there; the answer takes their place although Slack has hung up meanwhile."""
    held = AfterFound()
    with running(workspace, path, held):
        ts = workspace.say(MAYA, channel, f"<@{workspace.bot_user_id}> how many days off?")
        assert held.reached.wait(SECONDS)
        workspace.sever()
        held.go_on.set()

        reply_once(workspace, channel, ts, ANSWER)


def test_reply_deleted_while_it_is_written_is_posted_anew(workspace: Workspace, path: Path) -> None:
    """Whoever tidied up the passages did not mean the answer."""
    held = AfterFound()
    with running(workspace, path, held) as bot:
        ts = mention(workspace)
        assert held.reached.wait(SECONDS)
        (passages,) = replies(workspace, HELP, ts)
        bot.replies._client.chat_delete(channel=HELP, ts=passages.ts)
        held.go_on.set()

        assert reply_once(workspace, HELP, ts, ANSWER).ts != passages.ts


def test_bot_that_is_kicked_while_answering_goes_on_elsewhere(workspace: Workspace, path: Path) -> None:
    """The question ends, in the records too, its asker is told in private, and the next one is answered."""
    held = AfterFound()
    with running(workspace, path, held) as bot:
        mention(workspace)
        assert held.reached.wait(SECONDS)
        workspace.kick(HELP)
        held.go_on.set()
        ts = workspace.say(JONAS, "D0JONAS", "and here?")

        reply_once(workspace, "D0JONAS", ts, ANSWER)
        bot.records.wait_for_last()
        (told,) = [m for m in workspace.messages("D0MAYA") if "invite me to the channel" in m.text]
    assert "how many days off?" in str(told.blocks)


def test_two_bots_of_one_app_answer_each_question_once(workspace: Workspace, tmp_path: Path) -> None:
    """Slack gives each event to one of them, and each has records of its own."""
    with (
        running(workspace, tmp_path / "one.db", ScriptedAnswering()),
        running(workspace, tmp_path / "two.db", ScriptedAnswering()),
    ):
        asked = [mention(workspace, person) for person in (MAYA, JONAS) for _ in range(4)]
        for ts in asked:
            reply_once(workspace, HELP, ts, ANSWER)
        workspace.wait_for(workspace.is_quiet, SECONDS)

        assert [len(replies(workspace, HELP, ts)) for ts in asked] == [1] * 8


def test_event_whose_acknowledgement_is_lost_is_answered_once(workspace: Workspace, path: Path) -> None:
    """Slack sends it again, with the number of the try."""
    workspace.inject(Fault(FaultKind.IGNORED_ACK, times=2))
    answering = ScriptedAnswering()
    with running(workspace, path, answering):
        ts = mention(workspace)
        reply_once(workspace, HELP, ts, ANSWER)
        workspace.advance(3.1)
        workspace.wait_for(workspace.is_quiet, SECONDS)

        assert len(replies(workspace, HELP, ts)) == 1
    assert len(answering.asked) == 1


def test_question_waits_while_the_token_is_not_taken(
    workspace: Workspace, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the log learns what to do, and what was asked meanwhile is answered once, afterwards."""
    workspace.inject(Fault(FaultKind.REFUSED, method="chat.postMessage", error="token_revoked", times=3))
    with running(workspace, path, ScriptedAnswering()):
        ts = mention(workspace)

        reply_once(workspace, HELP, ts, ANSWER)
    sentences = [str(vars(record).get("why")) for record in caplog.records]
    assert any("token_revoked" in why and "FOOTNOTE_SLACK__BOT_TOKEN" in why for why in sentences)
