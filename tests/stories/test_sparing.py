"""The same question again: answered at once from the same passages, and anew as soon as a page or its rights change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answering import Answerer, Limits, Trust
from bot.confidence import Scale, Scales
from bot.sparing import SparingAnswering
from bot.workspace import Workspace
from indexer.passages import Hit
from tests.bot.slack.running import HELP, JONAS, MAYA, opened, reply_once, running
from tests.fakes import FixedFinder, ScriptedModel
from tests.fakes_bot import a_hit

OPEN = Scale(weights={}, means={}, bias=10, threshold=0.5)
LIMITS = Limits(hits=10, passages=3, passage_tokens=200, answer_tokens=50, synthesis_seconds=20)
UK = a_hit(1, text="Staff in the UK get 28 days.")
EDITED = a_hit(1, text="Staff in the UK get 29 days.")


@pytest.fixture
def model() -> ScriptedModel:
    """Return a model that writes what the page says at the time."""
    return ScriptedModel("Staff in the UK get 28 days. [1]", "Staff in the UK get 29 days. [1]")


@pytest.fixture
def found() -> list[Hit]:
    """Return what the search finds; the test edits it."""
    return [UK]


@pytest.fixture
def sparing(tmp_path: Path, model: ScriptedModel, found: list[Hit]) -> Iterator[SparingAnswering]:
    """Return what answers from the cache where it may."""

    class Finder(FixedFinder):
        """Finds what is there at the moment."""

        def __init__(self) -> None:
            super().__init__([])
            self._hits = found

    with opened(tmp_path / "records.db") as records:
        answerer = Answerer(Finder(), model, Trust(Scales(OPEN, OPEN)), LIMITS)
        yield SparingAnswering(answerer, records.cache, "scripted", lambda: False)


def ask(workspace: Workspace, person: str, says: str) -> None:
    """Ask in #it-help and wait for an answer that says *says*."""
    ts = workspace.say(person, HELP, f"<@{workspace.bot_user_id}> how many days off in the UK?")
    reply_once(workspace, HELP, ts, says)


def test_kept_answer_is_given_until_its_page_changes(
    workspace: Workspace, tmp_path: Path, sparing: SparingAnswering, model: ScriptedModel, found: list[Hit]
) -> None:
    """Two people get the words of one generation; after an edit the next one gets the new words."""
    with running(workspace, tmp_path / "records.db", sparing):
        ask(workspace, MAYA, "28 days")
        ask(workspace, JONAS, "28 days")
        assert len(model.prompts) == 1
        found[:] = [EDITED]

        ask(workspace, JONAS, "29 days")

    assert len(model.prompts) == 2
