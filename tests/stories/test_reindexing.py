"""An admin has the index refreshed from Slack: the indexer does it, the bot tells how far it is, Stop ends it."""

import json
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.ports import IndexJob, JobId, JobKind, Told
from bot.workspace import Message, Workspace
from indexer.locking import is_dead
from tests.bot.slack.running import HELP, JONAS, MAYA, PRIYA, SECONDS, ephemeral, opened, running
from tests.fakes_bot import ScriptedAnswering
from tests.fakes_desk import Indexed, a_desk, a_queueing_desk
from tests.stories.conftest import START_SECONDS, Installation

MAYAS, PRIYAS = "D0MAYA", "D0PRIYA"
PAGES = 300
SUMMARY = "40 pages new, 0 changed, 0 removed"


class Halfway:
    """Holds an indexer after its first 32 of 40 pages."""

    def __init__(self, indexed: Indexed) -> None:
        self._reached, self._go_on = threading.Event(), threading.Event()
        indexed.index.wiki.during_fetch = self._hold

    def wait(self) -> None:
        """Wait until it is there."""
        assert self._reached.wait(SECONDS)

    def leave(self) -> None:
        """Let it go on."""
        self._go_on.set()

    def _hold(self, place: int) -> None:
        if place == 35:
            self._reached.set()
            assert self._go_on.wait(SECONDS)


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[Indexed]:
    """Give a desk over a wiki of 40 pages, for an indexer that the test starts."""
    made = a_queueing_desk(tmp_path / "data")
    yield made
    made.close()


@contextmanager
def indexer_at_work(indexed: Indexed) -> Iterator[None]:
    """Let an indexer work off one request beside the test, and wait for its end."""
    thread = threading.Thread(target=indexed.work)
    thread.start()
    try:
        yield
    finally:
        thread.join(SECONDS)


def told(
    workspace: Workspace, words: str, channel: str = MAYAS, seconds: float = SECONDS, before: str = "nothing"
) -> Message:
    """Wait until a direct message says *words*, and return it; it is the only one but for one that says *before*."""

    def only() -> Message | None:
        return next((m for m in workspace.messages(channel) if words in f"{m.text} {m.blocks}"), None)

    found = workspace.wait_for(only, seconds)
    said = [m for m in workspace.messages(channel) if m.user == workspace.bot_user_id and not m.is_ephemeral]
    assert [m.ts for m in said if m.ts != found.ts and before not in m.text] == []
    return found


def ask(workspace: Workspace, person: str = MAYA, words: str = "reindex") -> None:
    """Let an admin ask for it, and wait for the bot to say that it has."""
    workspace.command(person, HELP, "/wiki", words)
    ephemeral(workspace, person, HELP, "I have asked for it")


def test_indexer_is_followed_from_its_turn_to_its_summary(workspace: Workspace, path: Path, indexed: Indexed) -> None:
    """One message: it waits, so many pages of how many, what it came to; Stop stands there while there is something."""
    halfway = Halfway(indexed)
    with running(workspace, path, ScriptedAnswering(), desk=indexed.desk):
        ask(workspace)
        waiting = told(workspace, "waits for the indexer")
        with indexer_at_work(indexed):
            halfway.wait()
            working = told(workspace, "32 of 40 pages")
            halfway.leave()
        done = told(workspace, SUMMARY)

    assert [ts.ts for ts in (waiting, working)] == [done.ts] * 2
    assert ["stop_job" in str(message.blocks) for message in (waiting, working, done)] == [True, True, False]


def test_stop_ends_the_indexers_work(workspace: Workspace, path: Path, indexed: Indexed) -> None:
    """Pressed by an admin; anybody else is told no. What was stored stays."""
    halfway = Halfway(indexed)
    with running(workspace, path, ScriptedAnswering(), desk=indexed.desk) as bot:
        ask(workspace)
        with indexer_at_work(indexed):
            halfway.wait()
            message = told(workspace, "32 of 40 pages")
            workspace.press(JONAS, MAYAS, message.ts, "stop_job")
            ephemeral(workspace, JONAS, MAYAS, "Only admins can do that")
            workspace.press(MAYA, MAYAS, message.ts, "stop_job")
            stopping = told(workspace, "stopping after the present page")
            bot.records.wait_for_deed("stop the job on the index")
            halfway.leave()
        told(workspace, "It was stopped. What was stored until then stays.")

    assert "stop_job" not in str(stopping.blocks)
    assert len(indexed.index.found_pages("page")) == 32


def test_request_that_waits_is_stopped_without_an_indexer(workspace: Workspace, path: Path, indexed: Indexed) -> None:
    """At once, and no indexer ever begins it."""
    with running(workspace, path, ScriptedAnswering(), desk=indexed.desk):
        ask(workspace)
        message = told(workspace, "waits for the indexer")
        workspace.press(MAYA, MAYAS, message.ts, "stop_job")
        stopped = told(workspace, "It was stopped before it was begun.")

    assert stopped.ts == message.ts
    assert indexed.index.catalogue.requests.unended(indexed.index.clock(), is_dead) == []


def test_two_admins_who_ask_for_the_same_are_both_told(workspace: Workspace, path: Path, indexed: Indexed) -> None:
    """It is done once; whoever asks twice while it waits is told in the message there is."""
    admins = frozenset({MAYA, PRIYA})
    with running(workspace, path, ScriptedAnswering(), desk=indexed.desk, admins=admins):
        ask(workspace)
        ask(workspace, PRIYA)
        told(workspace, "waits for the indexer")
        told(workspace, "waits for the indexer", PRIYAS)
        workspace.command(MAYA, HELP, "/wiki", "reindex")
        ephemeral(workspace, MAYA, HELP, "That waits already")
        indexed.work()
        told(workspace, SUMMARY)
        told(workspace, SUMMARY, PRIYAS)

    assert len(indexed.index.wiki.fetched) == 40


def test_message_is_true_again_after_a_restart(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    """The bot is gone while the indexer works; its next start says in the same message what it came to."""
    before = a_queueing_desk(tmp_path / "data")
    with running(workspace, path, ScriptedAnswering(), desk=before.desk):
        ask(workspace)
        waiting = told(workspace, "waits for the indexer")
    before.desk.close()
    before.work()
    while_away = told(workspace, "waits for the indexer")
    before.close()

    after = a_queueing_desk(tmp_path / "data")
    with running(workspace, path, ScriptedAnswering(), desk=after.desk):
        done = told(workspace, SUMMARY)
    with opened(path) as records:
        left = records.tellings.all()
    after.close()

    assert waiting.ts == while_away.ts == done.ts
    assert left == []


def test_job_that_died_with_the_bot_is_not_under_way_for_ever(workspace: Workspace, path: Path) -> None:
    """Nobody knows what it came to, and the message says so."""
    with running(workspace, path, ScriptedAnswering(), desk=a_desk()):
        ask(workspace, words="reindex --dry-run")
        message = told(workspace, "1 page new")
    with opened(path) as records:
        job = IndexJob(JobKind.REHEARSE)
        records.tellings.keep(Told(JobId("here-of-a-dead-bot"), job, MAYA, MAYAS, message.ts))

    with running(workspace, path, ScriptedAnswering(), desk=a_desk()):
        told(workspace, "I was restarted meanwhile")


def test_bot_does_it_itself_where_no_indexer_runs(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    """It says so, and nobody waits for ever."""
    alone = a_queueing_desk(tmp_path / "data", patience=timedelta(0))
    halfway = Halfway(alone)
    with running(workspace, path, ScriptedAnswering(), desk=alone.desk):
        ask(workspace)
        halfway.wait()
        told(workspace, "32 of 40 pages")
        told(workspace, "No indexer runs, so I do it myself")
        halfway.leave()
        told(workspace, SUMMARY)
    alone.close()


@pytest.fixture
def own(tmp_path: Path, installation: Installation) -> Installation:
    """Give a Footnote over a folder with one page, with a model that is ready."""
    shutil.copytree(installation.data_dir / "models", tmp_path / "data" / "models")
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "first.md").write_text("# First\n\nThe kettle boils at 96 degrees.\n")
    wikis = [{"name": "handbook", "kind": "folder", "path": str(tmp_path / "wiki")}]
    made = Installation(tmp_path / "data", {"FOOTNOTE_WIKIS": json.dumps(wikis)})
    done = made.run("indexer", "once")
    assert done.returncode == 0, done.stderr
    return made


def wait_for_indexer(own: Installation) -> None:
    """Wait until the indexer has started and works off what it is asked for on the command line."""
    assert any(own.run("indexer", "reindex", "--wait").returncode == 0 for _ in range(9))


def write_pages(own: Installation) -> None:
    """Write so many pages that reading them takes a while."""
    for number in range(PAGES):
        sections = (
            f"## Part {part}\n\n{f'Valve {number} of hall {part} opens to the left. ' * 12}" for part in range(3)
        )
        (own.data_dir.parent / "wiki" / f"valve-{number}.md").write_text(
            f"# Valve {number}\n\n" + "\n\n".join(sections)
        )


def status(own: Installation) -> dict[str, Any]:
    """Return what `python -m indexer status --json` prints."""
    found = json.loads(own.run("indexer", "status", "--json").stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.model
@pytest.mark.slow
def test_real_indexer_does_it_until_it_is_stopped_and_then_to_the_end(own: Installation) -> None:
    """Over real sockets and in real processes: Maya asks, sees pages pass, stops it, asks again, reads the summary."""
    with Workspace.start() as workspace, own.bot_in(workspace), own.indexer():
        workspace.wait_for(lambda: workspace.connections, START_SECONDS)
        wait_for_indexer(own)
        write_pages(own)
        workspace.command(MAYA, HELP, "/wiki", "reindex handbook")
        passing = told(workspace, f" of {PAGES} pages", seconds=START_SECONDS)
        workspace.press(MAYA, MAYAS, passing.ts, "stop_job")
        stopped = told(workspace, "It was stopped. What was stored until then stays.", seconds=START_SECONDS)
        after_stop = status(own)
        workspace.command(MAYA, HELP, "/wiki", "reindex handbook")
        done = told(workspace, "0 changed, 0 removed", seconds=START_SECONDS, before="It was stopped")
        after_all = status(own)

    assert passing.ts == stopped.ts != done.ts
    assert 1 <= after_stop["pages"] < PAGES
    assert after_stop["last_request"]["state"] == "stopped"
    assert (after_all["pages"], after_all["last_request"]["state"]) == (PAGES + 1, "done")
    assert f"{PAGES + 1 - after_stop['pages']} pages new" in done.text
    assert "no indexer runs" not in own.log("bot")
    assert "Traceback" not in own.log("bot") + own.log("indexer")


@pytest.mark.model
@pytest.mark.slow
def test_request_and_message_outlive_the_kill_of_both_processes(own: Installation) -> None:
    """SIGKILL in the middle; the next indexer takes it up, and the next bot tells its end in the same message."""
    with Workspace.start() as workspace:
        with own.bot_in(workspace) as bot, own.indexer() as indexer:
            workspace.wait_for(lambda: workspace.connections, START_SECONDS)
            wait_for_indexer(own)
            write_pages(own)
            workspace.command(MAYA, HELP, "/wiki", "reindex handbook")
            passing = told(workspace, f" of {PAGES} pages", seconds=START_SECONDS)
            for process in (bot, indexer):
                process.send_signal(signal.SIGKILL)
                process.wait()
        killed = status(own)
        with own.indexer(), own.bot_in(workspace):
            done = told(workspace, "0 changed, 0 removed", seconds=START_SECONDS)

    assert [request["state"] for request in killed["requests"]] == ["waiting"]
    assert killed["pages"] < PAGES
    assert done.ts == passing.ts
    assert status(own)["pages"] == PAGES + 1
