"""/advise as people use it: the real bot process and the real Bolt over the workspace's sockets, and the terminal.

Nothing is indexed here and no model is ready: advice needs neither, so it comes while the bot is still starting.
"""

import json
from pathlib import Path

import pytest

from bot.workspace import Message, Workspace
from bot.workspace.views import View
from tests.bot.slack.running import SECONDS, running
from tests.fakes_bot import ScriptedAnswering
from tests.stories.conftest import START_SECONDS, Installation

pytestmark = pytest.mark.slow

MAYA, DIRECT = "Maya Okafor", "D0MAYA"
CASE = "3,000 questions a month, wiki edited daily, must cite, JSON format, a wrong answer costs $6"


@pytest.fixture
def fresh(tmp_path: Path) -> Installation:
    """Give a Footnote that was never started."""
    (tmp_path / "data").mkdir()
    return Installation(tmp_path / "data", {"FOOTNOTE_MODEL__ADAPTER_PATH": ""})


def modal(workspace: Workspace) -> View | None:
    """Return what is open before Maya."""
    return next(iter(workspace.modals(MAYA)), None)


def advice_and_chart(workspace: Workspace) -> list[Message] | None:
    """Return what the bot wrote to Maya once both are there."""
    mine = [message for message in workspace.messages(DIRECT) if message.user == workspace.bot_user_id]
    return mine if len(mine) == 2 else None


def test_a_case_in_words_becomes_advice_with_a_table_and_a_chart(fresh: Installation) -> None:
    """Maya describes her case, corrects two answers, is told of a mistake, and gets reasons, costs and a picture."""
    with Workspace.start() as workspace, fresh.bot_in(workspace):
        workspace.wait_for(lambda: workspace.connections, START_SECONDS)

        workspace.command(MAYA, "general", "/advise", CASE)
        form = workspace.wait_for(lambda: modal(workspace), START_SECONDS)
        workspace.submit(form.id, {"labels": "400", "prompted": "yes", "wrong_format": "40"})
        wrong = workspace.wait_for(lambda: next((v for v in workspace.modals(MAYA) if v.errors), None), START_SECONDS)
        workspace.submit(wrong.id, {"labels": "400", "prompted": "yes", "wrong_format": "40", "judged": "200"})
        message, chart = workspace.wait_for(lambda: advice_and_chart(workspace), START_SECONDS)

    assert set(wrong.errors) == {"judged"}
    assert message.text.startswith("Use both: retrieval for the facts, fine-tuning for the behaviour.")
    table = next(block for block in message.blocks if block["type"] == "table")
    assert [row[0]["text"] for row in table["rows"]][1:4] == ["Upfront work", "Cost per query", "Data refresh"]
    assert len(chart.files) == 1
    assert [call.error for call in workspace.calls("files.completeUploadExternal")] == [""]
    assert not message.pings


def test_advice_is_a_conversation(workspace: Workspace, path: Path) -> None:
    """Over either transport: the form is filled in from the words, and the advice follows in the asker's messages."""
    with running(workspace, path, ScriptedAnswering()):
        workspace.command(MAYA, "general", "/advise", CASE)
        form = workspace.wait_for(lambda: modal(workspace), SECONDS)
        workspace.submit(form.id, {"labels": "400", "prompted": "yes", "wrong_format": "40", "judged": "200"})
        message, _chart = workspace.wait_for(lambda: advice_and_chart(workspace), SECONDS)

    assert message.text.startswith("Use both: retrieval for the facts, fine-tuning for the behaviour.")
    assert not message.pings


def test_the_terminal_gives_the_same_advice(fresh: Installation) -> None:
    """The same reader, the same rules, one JSON object."""
    case = ("labels=400", "prompted=yes", "wrong_format=40", "judged=200")

    done = fresh.run("bot", "advise", CASE, "--set", *case, "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["verdict"], found["required_accuracy"]) == ("both", 0.75)


def test_a_wrong_value_in_the_terminal_is_a_sentence(fresh: Installation) -> None:
    """Status 1, and no traceback."""
    done = fresh.run("bot", "advise", "--set", "change=sometimes")

    assert done.returncode == 1
    assert done.stderr.startswith("change: should be 'never'")
