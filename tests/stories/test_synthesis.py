"""How a question of several pages is answered: how long it may take, both sides with their sources, what is missing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answering import Limits, Trust
from bot.confidence import Scale, Scales
from bot.ports import Piece, Prompt
from bot.synthesising import Synthesiser
from bot.workspace import Workspace
from tests.bot.slack.running import HELP, MAYA, SECONDS, ephemeral, replies, reply_once, running
from tests.fakes import MappedFinder, ScriptedModel
from tests.fakes_bot import a_hit

OPEN = Scale(weights={}, means={}, bias=10, threshold=0.5)
UK = a_hit(1, "Leave in the UK", text="Staff get 28 days of leave.")
GERMANY = a_hit(2, "Leave in Germany", text="Staff get 30 days of leave.")
QUESTION = "compare leave in the UK, Germany and Japan"
SIDES = {"leave in the UK": [UK], "leave in Germany": [GERMANY]}
READING = "Reading several pages, up to 20 s"


class HeldModel(ScriptedModel):
    """A model that waits before it writes a word until it is let go on."""

    def __init__(self, *drafts: str) -> None:
        super().__init__(*drafts)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the next draft's words."""
        self.reached.set()
        assert self.go_on.wait(SECONDS)
        yield from super().complete(prompt, max_tokens)


def two_notes() -> HeldModel:
    """Return a model that notes something on each of two passages."""
    return HeldModel("Staff get 28 days of leave. [1]", "Staff get 30 days of leave. [2]")


def over(model: ScriptedModel) -> Synthesiser:
    """Return the real use case with *model* over three searches, of which one finds nothing."""
    limits = Limits(hits=10, passages=3, passage_tokens=200, answer_tokens=50, synthesis_seconds=20)
    return Synthesiser(MappedFinder(SIDES), model, Trust(Scales(OPEN, OPEN)), limits)


@pytest.mark.parametrize("channel", [HELP, "D0MAYA"], ids=["channel", "direct message"])
def test_a_comparison_is_answered_from_several_pages(workspace: Workspace, path: Path, channel: str) -> None:
    """How long it may take is said first; then each side under its name, with its source; what is silent is named."""
    model = two_notes()
    with running(workspace, path, over(model)) as bot:
        ts = workspace.say(MAYA, channel, f"<@{workspace.bot_user_id}> {QUESTION}")
        assert model.reached.wait(SECONDS)
        workspace.wait_for(lambda: READING in str(replies(workspace, channel, ts)), SECONDS)
        model.go_on.set()
        reply = reply_once(workspace, channel, ts, "Germany: Staff get 30 days of leave.")
        bot.records.wait_for_last()

    assert "UK: Staff get 28 days of leave. [1]" in reply.text
    assert "I found nothing on Japan in the wiki." in reply.text
    assert {link.split(":~:")[0] for link in reply.links} == {UK.url, GERMANY.url}


def test_a_command_is_told_how_long_it_may_take(workspace: Workspace, path: Path) -> None:
    """In private, like its answer."""
    model = two_notes()
    with running(workspace, path, over(model)):
        workspace.command(MAYA, HELP, "/ask", QUESTION)
        ephemeral(workspace, MAYA, HELP, "takes up to 20 s")
        model.go_on.set()
        ephemeral(workspace, MAYA, HELP, "Germany: Staff get 30 days of leave.")

    assert all(message.is_ephemeral for message in workspace.messages(HELP))


def test_reading_can_be_stopped(workspace: Workspace, path: Path) -> None:
    """The second passage is not read any more."""
    model = two_notes()
    with running(workspace, path, over(model)) as bot:
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> {QUESTION}")
        assert model.reached.wait(SECONDS)
        reply = reply_once(workspace, HELP, ts, READING)
        workspace.press(MAYA, HELP, reply.ts, "stop")
        reply_once(workspace, HELP, ts, "Stopped")
        model.go_on.set()
        bot.records.wait_for_last()

    assert len(model.prompts) <= 1


def test_what_was_shown_is_every_note(workspace: Workspace, path: Path) -> None:
    """The audit has both passages and both questions that the model was asked."""
    model = two_notes()
    model.go_on.set()
    with running(workspace, path, over(model)) as bot:
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> {QUESTION}")
        reply = reply_once(workspace, HELP, ts, "Germany: Staff get 30 days of leave.")
        bot.records.wait_for_last()
        workspace.press(MAYA, HELP, reply.ts, "shown")
        modal = workspace.wait_for(lambda: next(iter(workspace.modals(MAYA)), None), SECONDS)

    seen = str(modal.blocks)
    assert all(words in seen for words in (UK.text, GERMANY.text, "Question: leave in the UK", "notes 2.00"))
