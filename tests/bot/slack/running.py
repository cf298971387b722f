"""A whole bot but for its index and model, talking to a local workspace through the real Bolt and slack_sdk."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.ports import Answering, QuestionQueue
from bot.records import Records
from bot.slack.app import SlackApp, client_for
from bot.slack.audiences import EveryonesPages
from bot.slack.reply import SlackReplies
from bot.worker import Worker
from bot.workspace import Message, Workspace
from tests.fakes_bot import StillClock

MAYA = "U0MAYA"
HELP = "C0ITHELP"
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RunningBot:
    """What a test looks at."""

    records: Records
    worker: Worker
    app: SlackApp


@contextmanager
def opened(path: Path) -> Iterator[Records]:
    """Open the records at *path* for a while."""
    records = Records(path, lambda: datetime.now(UTC))
    try:
        yield records
    finally:
        records.close()


def a_worker(workspace: Workspace, records: Records, answering: Answering) -> Worker:
    """Return a worker that replies in *workspace*, on a clock that leaps over every wait."""
    clock = StillClock()
    client = client_for(workspace.bot_token, workspace.api_url)
    replies = SlackReplies(client, records, clock, clock.wait)
    return Worker(records, answering, EveryonesPages(), replies, pause=lambda _: 0.0)


@contextmanager
def running(
    workspace: Workspace,
    path: Path,
    answering: Answering,
    queue_for: Callable[[Records], QuestionQueue] = lambda records: records,
) -> Iterator[RunningBot]:
    """Run a bot with its records at *path*; *queue_for* stands between Slack and the records."""
    with opened(path) as records:
        worker = a_worker(workspace, records, answering)
        client = client_for(workspace.bot_token, workspace.api_url)
        app = SlackApp(client, workspace.app_token, queue_for(records), worker.wake)
        worker.apologise_for(records.recover())
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            app.start()
            yield RunningBot(records, worker, app)
        finally:
            app.close()
            worker.stop()
            thread.join(SECONDS)


def replies(workspace: Workspace, channel: str, ts: str) -> list[Message]:
    """Return what stands below the message *ts*."""
    return [m for m in workspace.thread(channel, ts) if m.ts != ts]


def reply_once(workspace: Workspace, channel: str, ts: str, text: str) -> Message:
    """Wait until there is a reply below *ts* that says *text*, and return it; there must be only one."""
    workspace.wait_for(lambda: any(text in m.text for m in replies(workspace, channel, ts)), SECONDS)
    (only,) = replies(workspace, channel, ts)
    return only
