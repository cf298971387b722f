"""An admin's desk: `/wiki`, the Home tab, a channel's settings; and a clear no for everybody else."""

import threading
from pathlib import Path

import pytest

from bot.answers import RefusalReason
from bot.channels import ChannelSettings, Tone
from bot.ports import IndexJob
from bot.workspace import Workspace
from tests.bot.slack.running import (
    HELP,
    JONAS,
    MAYA,
    PRIYA,
    SECONDS,
    ephemeral,
    reply_once,
    running,
)
from tests.bot.slack.test_mrkdwn import HOSTILE
from tests.fakes_bot import ScriptedAnswering, a_refusal
from tests.fakes_desk import a_desk

COMMANDS = ("status", "reindex", "reindex handbook --full", "rollback", "sources", "gaps", "settings", "log", "", "odd")


def progress_says(workspace: Workspace, words: str) -> None:
    """Wait until Maya's direct message says *words*."""
    workspace.wait_for(lambda: any(words in m.text for m in workspace.messages("D0MAYA")), SECONDS)


@pytest.mark.parametrize("text", COMMANDS)
def test_nobody_but_admins_is_obeyed(workspace: Workspace, path: Path, text: str) -> None:
    """A clear no, and nothing happens."""
    begun: list[IndexJob] = []
    with running(workspace, path, ScriptedAnswering(), desk=a_desk(during=begun.append)) as bot:
        workspace.command(JONAS, HELP, "/wiki", text)
        ephemeral(workspace, JONAS, HELP, "Only admins can do that")

        assert bot.records.journal.latest(1) == []
    assert begun == []
    assert workspace.modals(JONAS) == []


def test_status_tells_index_queue_and_opinions(workspace: Workspace, path: Path) -> None:
    """Problems are said in full."""
    with running(workspace, path, ScriptedAnswering(), desk=a_desk()):
        workspace.command(MAYA, HELP, "/wiki", "status")
        told = ephemeral(workspace, MAYA, HELP, "Index 7")

    seen = str(told.blocks)
    assert all(
        words in seen
        for words in ("88 pages", "412 passages", "runbooks: 28 pages", "could not be reached", "2 pages could not be")
    )
    assert "To mend: 3 empty pages (+1), 2 near-duplicates" in seen
    assert "Request 12 (runbooks): runs since" in seen
    assert "0 questions waiting" in seen


def test_reindex_tells_how_far_it_is_and_what_it_came_to(workspace: Workspace, path: Path) -> None:
    """One message is edited while it works; the summary stays with what it lacks, and an audit line."""
    halfway, go_on = threading.Event(), threading.Event()

    def hold(_job: IndexJob) -> None:
        halfway.set()
        assert go_on.wait(SECONDS)

    with running(workspace, path, ScriptedAnswering(), desk=a_desk(during=hold)) as bot:
        workspace.command(MAYA, HELP, "/wiki", "reindex handbook --full")
        ephemeral(workspace, MAYA, HELP, "I have asked for it")
        assert halfway.wait(SECONDS)
        progress_says(workspace, "4 of 10 pages")
        workspace.command(MAYA, HELP, "/wiki", "reindex")
        ephemeral(workspace, MAYA, HELP, "Another job on the index is under way")
        go_on.set()
        progress_says(workspace, "1 page new, 2 changed")

        assert [deed.deed for deed in bot.records.journal.latest(5)] == ["reindex --full handbook"]
    (told,) = workspace.messages("D0MAYA")
    assert "2 pages not readable" in str(told.blocks)


def test_reindex_can_be_stopped_by_admins_only(workspace: Workspace, path: Path) -> None:
    """What was stored until then stays."""
    halfway, go_on = threading.Event(), threading.Event()

    def hold(_job: IndexJob) -> None:
        halfway.set()
        assert go_on.wait(SECONDS)

    desk = a_desk(during=hold)
    with running(workspace, path, ScriptedAnswering(), desk=desk) as bot:
        workspace.command(MAYA, HELP, "/wiki", "reindex")
        assert halfway.wait(SECONDS)
        progress_says(workspace, "4 of 10 pages")
        (message,) = workspace.messages("D0MAYA")
        workspace.press(JONAS, "D0MAYA", message.ts, "stop_job")
        ephemeral(workspace, JONAS, "D0MAYA", "Only admins can do that")
        workspace.press(MAYA, "D0MAYA", message.ts, "stop_job")
        workspace.wait_for(workspace.is_quiet, SECONDS)
        bot.records.wait_for_deed("stop the job on the index")
        go_on.set()
        progress_says(workspace, "It was stopped")


def test_rollback_is_asked_about_first(workspace: Workspace, path: Path) -> None:
    """Nothing happens until the button is pressed, and whoever presses must be an admin."""
    begun: list[IndexJob] = []
    with running(workspace, path, ScriptedAnswering(), desk=a_desk(during=begun.append)):
        workspace.command(MAYA, HELP, "/wiki", "rollback")
        question = ephemeral(workspace, MAYA, HELP, "Roll back")
        assert begun == []

        workspace.press(MAYA, HELP, question.ts, "roll_back")
        progress_says(workspace, "rollback: 1 page new")


def test_what_an_index_cannot_do_is_said(workspace: Workspace, path: Path) -> None:
    """Neither pretended nor silent."""
    with running(workspace, path, ScriptedAnswering(), desk=a_desk(rolls_back=False)):
        workspace.command(MAYA, HELP, "/wiki", "rollback")
        question = ephemeral(workspace, MAYA, HELP, "Roll back")
        workspace.press(MAYA, HELP, question.ts, "roll_back")
        ephemeral(workspace, MAYA, HELP, "This index cannot do that")
        workspace.command(MAYA, HELP, "/wiki", "reindex nowhere")
        ephemeral(workspace, MAYA, HELP, "There is no wiki of that name; there are: handbook, runbooks")
        workspace.command(MAYA, HELP, "/wiki", "reindex --fast")
        ephemeral(workspace, MAYA, HELP, "I do not understand that")


def test_damaged_index_is_said_with_its_cure(workspace: Workspace, path: Path) -> None:
    """An admin can mend it; everybody else sees that something is wrong."""
    with running(workspace, path, ScriptedAnswering(), desk=a_desk(is_broken=True)):
        workspace.command(MAYA, HELP, "/wiki", "status")
        ephemeral(workspace, MAYA, HELP, "wiki.db is damaged")
        workspace.open_home(JONAS)
        home = workspace.wait_for(lambda: workspace.home(JONAS), SECONDS)

    assert "cannot be read at the moment" in str(home.blocks)


def test_commands_before_the_index_is_open_are_answered(workspace: Workspace, path: Path) -> None:
    """The bot takes questions before it is ready; it says so."""
    with running(workspace, path, ScriptedAnswering()):
        workspace.command(MAYA, HELP, "/wiki", "status")
        ephemeral(workspace, MAYA, HELP, "I am still starting")


def test_gaps_put_like_questions_together(workspace: Workspace, path: Path) -> None:
    """What was asked most often and not answered comes first, without names."""
    refused = a_refusal(RefusalReason.NOT_FOUND, text="I could not find this.")
    with running(workspace, path, ScriptedAnswering([refused]), desk=a_desk()) as bot:
        for person, text in ((JONAS, "wifi password?"), (JONAS, "can I claim a taxi?"), (PRIYA, "how to claim a taxi")):
            ts = workspace.say(person, HELP, f"<@{workspace.bot_user_id}> {text}")
            reply_once(workspace, HELP, ts, "I could not find this")
        bot.records.wait_for_last()
        workspace.command(MAYA, HELP, "/wiki", "gaps")
        told = ephemeral(workspace, MAYA, HELP, "did not answer")

    assert "2 times: how to claim a taxi" in str(told.blocks)
    assert JONAS not in str(told.blocks)


def test_settings_of_a_channel_are_chosen_in_a_form(workspace: Workspace, path: Path) -> None:
    """They hold for the channel by its id, and stand in the form the next time."""
    with running(workspace, path, ScriptedAnswering(), desk=a_desk()) as bot:
        workspace.command(MAYA, HELP, "/wiki", "settings")
        form = workspace.wait_for(lambda: next(iter(workspace.modals(MAYA)), None), SECONDS)
        chosen = {"wikis": ["runbooks"], "asks_first": ["yes"], "owner": PRIYA, "tone": "brief"}
        workspace.submit(form.id, chosen)
        workspace.wait_for(lambda: not workspace.modals(MAYA), SECONDS)
        now = bot.records.channels.settings(workspace.team_id, HELP)
        workspace.command(MAYA, HELP, "/wiki", "settings")
        again = workspace.wait_for(lambda: next(iter(workspace.modals(MAYA)), None), SECONDS)

    assert now == ChannelSettings(frozenset({"runbooks"}), asks_first=True, owner=PRIYA, tone=Tone.BRIEF)
    assert all(words in str(again.blocks) for words in ("initial_options", PRIYA))


def test_home_says_how_the_bot_is_doing(workspace: Workspace, path: Path) -> None:
    """Everybody sees the index and the queue; admins also what people think and what was done."""
    with running(workspace, path, ScriptedAnswering(), desk=a_desk()):
        for person in (MAYA, JONAS):
            workspace.open_home(person)
        maya = workspace.wait_for(lambda: workspace.home(MAYA), SECONDS)
        jonas = workspace.wait_for(lambda: workspace.home(JONAS), SECONDS)

    assert "handbook: 60 pages" in str(maya.blocks)
    assert "I know the wiki as of " in str(jonas.blocks)
    assert "handbook" not in str(jonas.blocks), "a wiki's name may be for its readers alone"
    assert "For admins" in str(maya.blocks)
    assert "For admins" not in str(jonas.blocks)


def test_hostile_command_and_questions_stay_words(workspace: Workspace, path: Path) -> None:
    """What people wrote into questions pings nobody at an admin's desk, and no command breaks it."""
    refused = a_refusal(RefusalReason.NOT_FOUND, text="I could not find this.")
    trick = " ".join(HOSTILE)
    with running(workspace, path, ScriptedAnswering([refused]), desk=a_desk()) as bot:
        ts = workspace.say(JONAS, HELP, f"<@{workspace.bot_user_id}> {trick}")
        reply_once(workspace, HELP, ts, "I could not find this")
        bot.records.wait_for_last()
        workspace.command(MAYA, HELP, "/wiki", "gaps")
        told = ephemeral(workspace, MAYA, HELP, "1 time:")
        workspace.command(MAYA, HELP, "/wiki", f"reindex {trick}")
        ephemeral(workspace, MAYA, HELP, "I do not understand that")

    assert (told.pings, told.links) == ((), ())
