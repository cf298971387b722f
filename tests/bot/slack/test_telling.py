"""How far a job is, told in one message, whatever Slack does to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.ports import IndexJob, JobKind
from bot.slack import desk_words
from bot.workspace import Workspace
from bot.workspace.faults import Fault, FaultKind
from tests.bot.slack.running import HELP, MAYA, SECONDS, RunningBot, ephemeral, running
from tests.fakes_bot import ScriptedAnswering
from tests.fakes_desk import Indexed, a_queueing_desk

MAYAS = "D0MAYA"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Give a fresh workspace on localhost."""
    with Workspace.start() as workspace:
        yield workspace


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[Indexed]:
    """Give a desk for whose indexer everything waits."""
    made = a_queueing_desk(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def bot(workspace: Workspace, tmp_path: Path, indexed: Indexed) -> Iterator[RunningBot]:
    """Give a bot with that desk."""
    with running(workspace, tmp_path / "records.db", ScriptedAnswering(), desk=indexed.desk) as bot:
        yield bot


def ask(workspace: Workspace) -> None:
    """Let Maya have the index refreshed."""
    workspace.command(MAYA, HELP, "/wiki", "reindex")
    ephemeral(workspace, MAYA, HELP, "I have asked for it")


def texts(workspace: Workspace) -> list[str]:
    """Return what Maya's direct message says."""
    return [message.text for message in workspace.messages(MAYAS)]


def wait_until_told(workspace: Workspace, words: str) -> None:
    """Wait until the direct message says *words*."""
    workspace.wait_for(lambda: any(words in text for text in texts(workspace)), SECONDS)


def wait_until_all_is_told(bot: RunningBot) -> None:
    """Wait until nothing is told any more."""
    for thread in list(bot.telling._threads.values()):
        thread.join(SECONDS)


def test_end_is_told_however_long_slack_is_away(workspace: Workspace, bot: RunningBot, indexed: Indexed) -> None:
    """It is tried again until Slack takes it, and only then forgotten."""
    ask(workspace)
    wait_until_told(workspace, "waits for the indexer")
    workspace.inject(Fault(FaultKind.SERVER_ERROR, "chat.update", times=12))

    indexed.work()
    wait_until_told(workspace, "40 pages new")

    assert len(texts(workspace)) == 1
    assert [call.error for call in workspace.calls("chat.update")].count("") >= 2
    assert bot.records.journal.latest(1)[0].deed == "reindex"


def test_message_is_posted_once_though_slack_is_away_at_once(
    workspace: Workspace,
    bot: RunningBot,  # noqa: ARG001 - it runs
) -> None:
    """The post is taken, the first edit is not."""
    workspace.inject(Fault(FaultKind.SERVER_ERROR, "chat.update", times=3))
    ask(workspace)
    wait_until_told(workspace, "waits for the indexer")

    assert len(texts(workspace)) == 1


def test_message_that_is_gone_is_not_written_again(workspace: Workspace, bot: RunningBot, indexed: Indexed) -> None:
    """Whoever took it away does not want it; the job goes on all the same."""
    ask(workspace)
    wait_until_told(workspace, "waits for the indexer")
    workspace.inject(Fault(FaultKind.REFUSED, "chat.update", error="message_not_found"))

    indexed.work()
    wait_until_all_is_told(bot)

    assert len(texts(workspace)) == 1
    assert bot.records.tellings.all() == []
    assert len(indexed.index.found_pages("page")) == 40


def test_post_whose_reply_was_lost_leaves_nothing_untrue(
    workspace: Workspace,
    bot: RunningBot,  # noqa: ARG001 - it runs
    indexed: Indexed,
) -> None:
    """It cannot be known that the first one arrived; what it says stays true."""
    workspace.inject(Fault(FaultKind.DROPPED_AFTER, "chat.postMessage"))
    ask(workspace)
    wait_until_told(workspace, "waits for the indexer")

    indexed.work()
    wait_until_told(workspace, "40 pages new")

    assert len(texts(workspace)) <= 2
    assert set(texts(workspace)[:-1]) <= {desk_words.asked_for(IndexJob(JobKind.REINDEX)).text}


def test_damaged_index_ends_the_telling(workspace: Workspace, bot: RunningBot, indexed: Indexed) -> None:
    """Nobody is left with a message that waits for ever."""
    ask(workspace)
    wait_until_told(workspace, "waits for the indexer")
    with closing(sqlite3.connect(indexed.index.catalogue.path)) as connection, connection:
        connection.execute("DROP TABLE request")

    wait_until_told(workspace, "The index cannot be read")

    assert "no such table" in texts(workspace)[0]
    wait_until_all_is_told(bot)
    assert bot.records.tellings.all() == []
