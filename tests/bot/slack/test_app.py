"""From a mention to its answer, through the real Bolt and slack_sdk."""

import logging
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bot.answers import Found
from bot.errors import QuestionUnusable, RecordsUnusable, SlackRefused, SlackUnavailable
from bot.ports import Kept
from bot.questions import Question, clean
from bot.records import Records
from bot.slack.app import SlackApp, client_for
from bot.workspace import Fault, FaultKind, Workspace
from tests.bot.slack.running import HELP, MAYA, SECONDS, replies, reply_once, running
from tests.bot.slack.test_mrkdwn import HOSTILE
from tests.fakes_bot import NOW, ScriptedAnswering, a_hit, an_answer, shown

ANSWER = "You get 28 days."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the records are."""
    return tmp_path / "records.db"


def calls_of(workspace: Workspace, method: str) -> int:
    """Return how often *method* was called."""
    return sum(call.method == method for call in workspace.calls())


def test_mention_is_answered_in_its_thread(workspace: Workspace, path: Path) -> None:
    """Passages first, then the answer in the same message, with its sources linked."""
    answering = ScriptedAnswering()
    with running(workspace, path, answering):
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many days off?")

        reply = reply_once(workspace, HELP, ts, ANSWER)

    assert [asked for asked, _ in answering.asked] == ["how many days off?"]
    assert (reply.thread_ts, reply.pings) == (ts, ())
    assert set(reply.links) == {a_hit().url}


def test_direct_message_is_answered_and_followed_up(workspace: Workspace, path: Path) -> None:
    """No mention is needed, in the thread below the answer neither."""
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, "D0MAYA", "how many days off?")
        reply_once(workspace, "D0MAYA", ts, ANSWER)

        workspace.say(MAYA, "D0MAYA", "and in Germany?", thread_ts=ts)

        workspace.wait_for(lambda: sum(ANSWER in m.text for m in replies(workspace, "D0MAYA", ts)) == 2, SECONDS)


def test_doubled_and_redelivered_events_are_answered_once(workspace: Workspace, path: Path) -> None:
    """Slack may send an event as often as it likes."""
    answering = ScriptedAnswering()
    with running(workspace, path, answering):
        workspace.inject(Fault(FaultKind.DUPLICATE_EVENT, times=2))
        first = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many days off?")
        reply_once(workspace, HELP, first, ANSWER)
        workspace.redeliver(first)

        second = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> and after that?")
        reply_once(workspace, HELP, second, ANSWER)

        assert len(replies(workspace, HELP, first)) == 1
    assert len(answering.asked) == 2


class FullOnce(Records):
    """Records that have no room for the first question they are given."""

    was_full = threading.Event()

    def admit(self, question: Question, at_most: int) -> Kept:
        """Fail once."""
        if not self.was_full.is_set():
            self.was_full.set()
            raise RecordsUnusable("the disk is full")
        return super().admit(question, at_most)


class Quoting(Records):
    """Records with a bug that quotes the question."""

    def admit(self, question: Question, at_most: int) -> Kept:
        """Fail."""
        raise ValueError(question.text, at_most)


def test_bug_that_quotes_a_question_is_logged_without_its_words(
    workspace: Workspace, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The class of the error and its place are enough to find it."""
    told = threading.Event()

    def watch(record: logging.LogRecord) -> bool:
        if record.msg == "an event was not taken":
            told.set()
        return True

    caplog.handler.addFilter(watch)
    quoting = Quoting(path, lambda: NOW)
    with running(workspace, path, ScriptedAnswering(), lambda _: quoting), closing(quoting):
        workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> xyzzy")
        assert told.wait(SECONDS)

    caplog.handler.removeFilter(watch)
    (where,) = [vars(record)["where"] for record in caplog.records if record.msg == "an event was not taken"]
    assert "test_app.py" in where
    assert "xyzzy" not in "\n".join(str(vars(record)) for record in caplog.records)


def test_question_that_could_not_be_kept_is_sent_again(workspace: Workspace, path: Path) -> None:
    """No ack without the question on disk: Slack redelivers, and the answer comes."""
    full_once = FullOnce(path, lambda: NOW)
    with running(workspace, path, ScriptedAnswering(), lambda _: full_once) as bot, closing(full_once):
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many days off?")
        assert full_once.was_full.wait(SECONDS)
        assert bot.records.waiting() == 0
        workspace.advance(3.1)

        reply_once(workspace, HELP, ts, ANSWER)


def test_bot_killed_between_keeping_and_acknowledging_answers_once(workspace: Workspace, path: Path) -> None:
    """The question is on disk and Slack sends it again: that is one question."""
    child = subprocess.Popen(
        [sys.executable, "-c", DIES_BEFORE_ACK, str(path), workspace.api_url, workspace.bot_token, workspace.app_token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    with child:
        assert child.stdout
        assert child.stdout.readline() == b"connected\n"
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many days off?")
        assert child.wait(SECONDS) == -9
    answering = ScriptedAnswering()

    with running(workspace, path, answering):
        workspace.advance(3.1)
        reply_once(workspace, HELP, ts, ANSWER)
        workspace.redeliver(ts)
        other = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> another?")
        reply_once(workspace, HELP, other, ANSWER)

        assert len(replies(workspace, HELP, ts)) == 1
    assert len(answering.asked) == 2


DIES_BEFORE_ACK = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from bot.asking import Asking
from bot.records import Records
from bot.slack.app import SlackApp, client_for
from bot.slack.audiences import EveryonesPages
from bot.slack.features import Surroundings, all_features
from bot.slack.reply import SlackReplies
from bot.slack.telling import Telling

path, api_url, bot_token, app_token = sys.argv[1:]

class Dying(Records):
    def admit(self, question, at_most):
        super().admit(question, at_most)
        os.kill(os.getpid(), 9)

client, records = client_for(bot_token, api_url), Dying(Path(path), lambda: datetime.now(UTC))
asking = Asking(records, lambda: None, lambda _: None)
replies = SlackReplies(client, records.replies, lambda: 0.0, lambda _: None)
nothing = lambda: None
telling = Telling(client, records.tellings, nothing, print)
around = Surroundings(client, records, replies, EveryonesPages(), frozenset(), asking, nothing, nothing, telling, print)
app = SlackApp(client, app_token, all_features(around))
app.start()
print("connected", flush=True)
sys.stdin.read()
"""


def test_mention_without_words_is_told_what_a_question_is(workspace: Workspace, path: Path) -> None:
    """Nobody who calls the bot is left without a reply."""
    try:
        clean("")
    except QuestionUnusable as error:
        unusable = error

    with running(workspace, path, ScriptedAnswering([unusable])):
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}>")

        reply_once(workspace, HELP, ts, "I need a question in words")


def test_edits_bots_and_talk_among_people_are_left_alone(workspace: Workspace, path: Path) -> None:
    """The bot speaks when it is spoken to, and its own reply is no question."""
    answering = ScriptedAnswering()
    with running(workspace, path, answering):
        chat = workspace.say(MAYA, HELP, "how many days off, anyone?")
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many?")
        reply_once(workspace, HELP, ts, ANSWER)
        direct = workspace.say(MAYA, "D0MAYA", "how many?")
        reply_once(workspace, "D0MAYA", direct, ANSWER)

    assert replies(workspace, HELP, chat) == []
    assert len(answering.asked) == 2


def test_hostile_question_and_page_ping_nobody_and_link_nowhere(workspace: Workspace, path: Path) -> None:
    """Whatever is written into a page or a question, only the wiki's own addresses are linked."""
    trick = " ".join(HOSTILE)
    page = a_hit(1, title=trick, headings=(trick,), text=trick)
    other = a_hit(2, title=trick, url="javascript:alert(1)", text=trick)
    answer = an_answer(page, other, text=trick)
    with running(workspace, path, ScriptedAnswering([Found(shown(page, other)), answer])):
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> {trick}")
        workspace.wait_for(lambda: calls_of(workspace, "chat.update") == 1, SECONDS)

        (reply,) = replies(workspace, HELP, ts)

    assert reply.pings == ()
    assert set(reply.links) == {page.url}
    assert [call.error for call in workspace.calls() if call.error] == []


def test_no_words_of_people_are_logged(workspace: Workspace, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither by us nor by Bolt nor by slack_sdk, at INFO or above, when all goes well or when it does not."""
    with caplog.at_level(logging.INFO), running(workspace, path, ScriptedAnswering([ValueError("xyzzy")])):
        workspace.inject(Fault(FaultKind.SERVER_ERROR, method="chat.postMessage"))
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> xyzzy")
        reply_once(workspace, HELP, ts, "Sorry")
        workspace.say(MAYA, HELP, "xyzzy to everybody")

    logged = "\n".join(str(vars(record)) for record in caplog.records if record.levelno >= logging.INFO)
    assert "question kept" in logged
    assert "xyzzy" not in logged


def test_faults_on_the_way_do_not_keep_the_answer_from_its_asker(workspace: Workspace, path: Path) -> None:
    """Lost posts, rate limits and server errors, one after another, end in one message with the whole answer."""
    with running(workspace, path, ScriptedAnswering()):
        workspace.inject(Fault(FaultKind.DROPPED_AFTER, method="chat.postMessage"))
        for kind in (FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.DROPPED_BEFORE):
            workspace.inject(Fault(kind, method="chat.update"))
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many days off?")

        reply_once(workspace, HELP, ts, ANSWER)


def test_bot_answers_after_slack_asked_it_to_reconnect(workspace: Workspace, path: Path) -> None:
    """Slack closes every connection now and then; what is asked meanwhile is not lost."""
    with running(workspace, path, ScriptedAnswering()):
        workspace.disconnect()
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many days off?")

        reply_once(workspace, HELP, ts, ANSWER)


def test_click_on_a_source_is_acknowledged(workspace: Workspace, path: Path) -> None:
    """Slack shows a warning sign beside a button whose click nobody takes."""
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> how many days off?")
        reply = reply_once(workspace, HELP, ts, ANSWER)
        workspace.wait_for(workspace.is_quiet, SECONDS)

        workspace.press(MAYA, HELP, reply.ts, "source_1")

        workspace.wait_for(workspace.is_quiet, SECONDS)
    assert [e.is_acked for e in workspace.envelopes() if e.kind == "interactive"] == [True]


def test_every_event_is_acknowledged(workspace: Workspace, path: Path) -> None:
    """Slack turns off an app that leaves events lying, even those it does not need."""
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, HELP, "how many days off, anyone?")
        workspace.edit(HELP, ts, "never mind")
        workspace.react(MAYA, HELP, ts, "wave")
        workspace.open_home(MAYA)
        workspace.delete(HELP, ts)

        workspace.wait_for(workspace.is_quiet, SECONDS)


def test_words_of_a_command_that_nobody_takes_are_not_logged(
    workspace: Workspace, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Bolt would log the whole request."""
    told = threading.Event()

    def watch(record: logging.LogRecord) -> bool:
        if "nobody listens" in record.msg:
            told.set()
        return True

    caplog.handler.addFilter(watch)
    with caplog.at_level(logging.INFO), running(workspace, path, ScriptedAnswering()):
        workspace.command(MAYA, HELP, "/nothing", "xyzzy")
        assert told.wait(SECONDS)

    caplog.handler.removeFilter(watch)
    assert "xyzzy" not in "\n".join(str(vars(record)) for record in caplog.records)


def an_app(workspace: Workspace, bot_token: str = "", app_token: str = "", api_url: str = "") -> SlackApp:
    """Return an app with one thing wrong."""
    client = client_for(bot_token or workspace.bot_token, api_url or workspace.api_url)
    return SlackApp(client, app_token or workspace.app_token, [])


def test_wrong_bot_token_is_named(workspace: Workspace) -> None:
    """The operator reads which setting to mend."""
    app = an_app(workspace, bot_token="xoxb-wrong")

    with pytest.raises(
        SlackRefused, match=r"^FOOTNOTE_SLACK__BOT_TOKEN is not accepted by Slack: invalid_auth\. Copy it"
    ):
        app.start()

    app.close()


@pytest.mark.parametrize("token", ["xapp-wrong", "the bot's"])
def test_wrong_app_token_is_named(workspace: Workspace, token: str) -> None:
    """A wrong one, and the bot's token in its place."""
    app = an_app(workspace, app_token=workspace.bot_token if token == "the bot's" else token)

    with pytest.raises(SlackRefused, match=r"^FOOTNOTE_SLACK__APP_TOKEN is not accepted by Slack: "):
        app.start()

    app.close()


def test_unreachable_slack_is_named(workspace: Workspace) -> None:
    """The operator reads which address does not answer."""
    app = an_app(workspace, api_url="http://127.0.0.1:1/api/")

    with pytest.raises(SlackUnavailable, match=r"^Slack cannot be reached at http://127\.0\.0\.1:1/api/"):
        app.start()

    app.close()
