"""A newcomer's story: the bot is pointed at a MediaWiki with two settings, a page is edited, the next answer cites it.

The real MediaWiki, indexer, bot and model, each in its own process, over real sockets.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.workspace import Workspace
from tests.indexer.wikis.real_mediawiki import CURE, RealMediaWiki, free_port, is_there
from tests.stories.conftest import ROOT, START_SECONDS, Installation
from tests.stories.test_slack import final_reply

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.skipif(not is_there(), reason=CURE)]

QUESTION = "At what temperature does the kettle in the kitchen boil?"
EVERY_SIX_SECONDS = "0.1"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealMediaWiki]:
    """Give a wiki that was just installed, with three pages."""
    made = RealMediaWiki(tmp_path / "mediawiki", free_port())
    (tmp_path / "mediawiki").mkdir()
    made.install()
    with made.serving():
        made.edit("Kettle", "The kettle in the kitchen boils at 96 degrees.")
        made.edit("Cat", "The office cat is called Fender and sleeps in the post room.")
        made.edit("Bicycles", "The bicycle shed behind the office takes 14 bicycles.")
        yield made


@pytest.fixture
def own(tmp_path: Path, installation: Installation, real: RealMediaWiki) -> Installation:
    """Give a Footnote that was told two things, what kind of wiki it is and where, with a model that is ready."""
    shutil.copytree(installation.data_dir / "models", tmp_path / "data" / "models")
    wikis = json.dumps([{"kind": "mediawiki", "url": real.url}])
    made = Installation(tmp_path / "data", {"FOOTNOTE_WIKIS": wikis})
    done = made.run("indexer", "once")
    assert done.returncode == 0, done.stderr
    return made


def shown(workspace: Workspace) -> str:
    """Let Maya ask in her direct message, and return the final reply with its sources."""
    channel = workspace.direct("Maya Okafor")
    ts = workspace.say("Maya Okafor", channel, QUESTION)
    reply = workspace.wait_for(final_reply(workspace, channel, ts), START_SECONDS)
    return str((reply.text, *reply.blocks, *reply.chunks))


@contextmanager
def indexer_running(own: Installation) -> Iterator["subprocess.Popen[str]"]:
    """Run the scheduler; its log comes line by line."""
    command = [sys.executable, "-m", "indexer"]
    environment = own.environment({"FOOTNOTE_MINUTES_BETWEEN_REFRESHES": EVERY_SIX_SECONDS})
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.communicate(timeout=60)


def wait_until_logged(indexer: "subprocess.Popen[str]", words: str) -> None:
    """Read the log until a refresh came to that."""
    assert indexer.stderr is not None, "it is a pipe"
    assert any("refreshed" in line and words in line for line in indexer.stderr)


def test_edit_is_cited_after_an_admin_asked_for_a_reindex(real: RealMediaWiki, own: Installation) -> None:
    """Maya asks, edits the page, types `/wiki reindex`, asks again: the new words are cited, and the old are gone."""
    with Workspace.start() as workspace, own.bot_in(workspace):
        workspace.wait_for(lambda: workspace.connections, START_SECONDS)
        before = shown(workspace)
        page = real.edit("Kettle", "The kettle in the kitchen boils at 81 degrees.")
        workspace.command("Maya Okafor", "general", "/wiki", "reindex")
        workspace.wait_for(lambda: any("1 changed" in m.text for m in workspace.messages("D0MAYA")), START_SECONDS)
        after = shown(workspace)

    assert "96 degrees" in before
    assert "81 degrees" in after
    assert "96 degrees" not in after
    assert f"{real.url}/index.php?curid={page}" in after


def test_edit_is_cited_after_the_interval(real: RealMediaWiki, own: Installation) -> None:
    """Nobody does anything but edit: the running indexer sees it by itself."""
    with Workspace.start() as workspace, own.bot_in(workspace), indexer_running(own) as indexer:
        workspace.wait_for(lambda: workspace.connections, START_SECONDS)
        wait_until_logged(indexer, "changed=0")
        real.edit("Kettle", "The kettle in the kitchen boils at 72 degrees.")
        wait_until_logged(indexer, "changed=1")
        after = shown(workspace)

    assert "72 degrees" in after
    assert "96 degrees" not in after
