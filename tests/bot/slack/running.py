"""A whole bot but for its index and model, talking to a local workspace through the real Bolt and slack_sdk."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakSet

from slack_sdk import WebClient

from bot.answers import Answer, Refusal
from bot.asking import Asking
from bot.ports import Answering, Audiences, IndexDesk, Intake
from bot.questions import Question, QuestionId
from bot.records import Records
from bot.records.database import Database
from bot.records.journal import Journal
from bot.slack.app import Feature, SlackApp, client_for
from bot.slack.audiences import EveryonesPages
from bot.slack.features import Surroundings, all_features
from bot.slack.owners import EmailOf
from bot.slack.reply import SlackReplies
from bot.slack.telling import Telling
from bot.slack.web import SlackWeb
from bot.worker import Worker
from bot.workspace import Message, Workspace
from indexer.errors import CatalogueUnusable
from indexer.pages import Audience
from indexer.passages import PageKey, PassageId
from tests.fakes_bot import StillClock

MAYA, JONAS, PRIYA = "U0MAYA", "U0JONAS", "U0PRIYA"
HELP = "C0ITHELP"
SECONDS = 10.0
LOOK_SECONDS = 0.01  # between two looks at a job
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
EVERYONES = EveryonesPages()
OVER_HTTP: WeakSet[Workspace] = WeakSet()
"""The workspaces that post signed requests to the bot; the others wait for its Socket Mode connection."""


@dataclass
class SureMind:
    """A mind that is sure of what it was told to be sure of, and keeps what it was asked to forget."""

    sure_of: set[str] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)
    open_to_all: bool = False
    closed_since: bool = False
    is_damaged: bool = False

    def is_sure(self, question: Question, audience: Audience) -> bool:  # noqa: ARG002  the port's words
        """Return whether *question* is one of those."""
        return question.text in self.sure_of

    def may_read(self, passages: Sequence[PassageId], audience: Audience) -> bool:  # noqa: ARG002  the port's words
        """Return whether it was told that the pages are open."""
        return self.open_to_all

    def may_open(self, pages: Iterable[PageKey], audience: Audience) -> bool:  # noqa: ARG002  the port's words
        """Return whether it was told of nothing that closed them."""
        if self.is_damaged:
            raise CatalogueUnusable("the catalogue is damaged")
        return not self.closed_since

    def forget(self, question: Question, audience: Audience) -> None:  # noqa: ARG002  the port's words
        """Keep it."""
        self.forgotten.append(question.text)


class WatchedJournal(Journal):
    """A journal that tells when a line was written."""

    def __init__(self, database: Database, written: threading.Condition) -> None:
        super().__init__(database)
        self._written = written

    def write(self, person: str, deed: str) -> None:
        """Write it, and tell."""
        super().write(person, deed)
        with self._written:
            self._written.notify_all()


class WatchedRecords(Records):
    """Records that tell when a question has come to something."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, lambda: datetime.now(UTC))
        self._ended = threading.Condition()
        self.journal = WatchedJournal(self._database, self._ended)

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Record it, and tell."""
        super().finish(question_id, outcome)
        with self._ended:
            self._ended.notify_all()

    def give_up(self, question_id: QuestionId, why: str) -> None:
        """Record it, and tell."""
        super().give_up(question_id, why)
        with self._ended:
            self._ended.notify_all()

    def wait_for(self, question_id: QuestionId) -> None:
        """Wait until the question's answer is on record, which is a moment after it is seen."""
        with self._ended:
            assert self._ended.wait_for(lambda: self.asked.state(question_id) == "finished", SECONDS)

    def wait_for_last(self, seconds: float = SECONDS) -> None:
        """Wait until all questions have come to something."""
        with self._ended:
            assert self._ended.wait_for(lambda: self.unended() == 0, seconds)

    def wait_for_deed(self, deed: str) -> None:
        """Wait until an admin's deed is in the journal."""
        with self._ended:
            assert self._ended.wait_for(lambda: deed in {one.deed for one in self.journal.latest(50)}, SECONDS)

    def unended(self) -> int:
        """Return how many wait or are being answered."""
        with self._database.reading() as connection:
            sql = "SELECT count(*) FROM question WHERE state IN ('waiting', 'taken')"
            return int(connection.execute(sql).fetchone()[0])


@dataclass(frozen=True, slots=True)
class RunningBot:
    """What a test looks at."""

    records: WatchedRecords
    worker: Worker
    app: SlackApp | SlackWeb
    replies: SlackReplies
    mind: SureMind
    telling: Telling


@contextmanager
def opened(path: Path) -> Iterator[WatchedRecords]:
    """Open the records at *path* for a while."""
    records = WatchedRecords(path)
    try:
        yield records
    finally:
        records.close()


def replies_in(workspace: Workspace, records: Records) -> SlackReplies:
    """Return replies in *workspace*, on a clock that leaps over every wait."""
    clock = StillClock()
    client = client_for(workspace.bot_token, workspace.api_url)
    return SlackReplies(client, records.replies, clock, clock.wait)


def a_worker(
    workspace: Workspace,
    records: Records,
    answering: Answering,
    replies: SlackReplies | None = None,
    audiences: Audiences = EVERYONES,
) -> Worker:
    """Return a worker that replies in *workspace*."""
    shown = replies or replies_in(workspace, records)
    return Worker(records, lambda _: answering, audiences, shown, pause=lambda _: 0.0)


def an_app(workspace: Workspace, client: WebClient, features: list[Feature]) -> SlackApp | SlackWeb:
    """Return what takes events in *workspace*, over whichever transport it is reached."""
    if workspace in OVER_HTTP:
        return SlackWeb(client, SIGNING_SECRET, features, port=0)
    return SlackApp(client, workspace.app_token, features)


@contextmanager
def running(
    workspace: Workspace,
    path: Path,
    answering: Answering,
    intake_for: Callable[[Records], Intake] = lambda records: records,
    *,
    admins: frozenset[str] = frozenset(),
    desk: IndexDesk | None = None,
    audiences: Audiences = EVERYONES,
    owner_of: EmailOf = lambda wiki, page_id: "",  # noqa: ARG005  the port's words
) -> Iterator[RunningBot]:
    """Run a bot with its records at *path*; *intake_for* stands between Slack and the records."""
    with opened(path) as records:
        replies, mind = replies_in(workspace, records), SureMind()
        worker = a_worker(workspace, records, answering, replies, audiences)
        client = client_for(workspace.bot_token, workspace.api_url)
        asking = Asking(intake_for(records), worker.wake, worker.drop)
        ending = threading.Event()
        telling = Telling(client, records.tellings, lambda: desk, lambda _: ending.wait(LOOK_SECONDS))
        around = Surroundings(
            client, records, replies, audiences, admins, asking, lambda: mind, lambda: desk, telling, owner_of
        )
        app = an_app(workspace, client, all_features(around))
        worker.apologise_for(records.recover())
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            app.start()
            if isinstance(app, SlackWeb):
                workspace.post_to(app.url, SIGNING_SECRET)
            workspace.wait_for(lambda: workspace.connections, SECONDS)  # a command finds nobody before
            if desk is not None:
                telling.resume()
            yield RunningBot(records, worker, app, replies, mind, telling)
        finally:
            app.close()
            ending.set()
            telling.close()
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


def ephemeral(workspace: Workspace, person: str, channel: str, text: str) -> Message:
    """Wait until *person* alone is told something that says *text*, and return it."""

    def told() -> Message | None:
        said = [m for m in workspace.messages(channel, person) if m.is_ephemeral and text in f"{m.text} {m.blocks}"]
        return said[-1] if said else None

    return workspace.wait_for(told, SECONDS)
