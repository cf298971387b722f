"""What people do with the bot in the browser, over both transports: the real Bolt behind the page, a scripted model.

Every story leaves its picture in build/screenshots.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answers import RefusalReason
from bot.channels import ChannelSettings
from bot.feedback import Reason, Verdict
from bot.ports import IndexJob
from bot.workspace import Workspace
from tests.bot.slack.running import HELP, JONAS, MAYA, OVER_HTTP, PRIYA, SECONDS, RunningBot, running
from tests.browser import scenes
from tests.browser.window import Window, left
from tests.fakes_bot import ScriptedAnswering, a_hit, a_refusal, an_answer, some_steps
from tests.fakes_desk import a_desk

QUESTION = "How many days of leave do staff in the UK get?"


in_both_transports = pytest.mark.parametrize("workspace", ["socket mode", "signed http"], indirect=True)
"""For the stories that between them send every kind of thing; the bot's own stories run all of them over both."""


@pytest.fixture
def workspace(request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """Give a workspace that reaches its bot over Socket Mode, unless signed HTTP is asked for."""
    with Workspace.start() as running_one:
        if getattr(request, "param", "") == "signed http":
            OVER_HTTP.add(running_one)
        yield running_one


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the records are."""
    return tmp_path / "records.db"


def with_owner(bot: RunningBot, workspace: Workspace) -> None:
    """Let Priya look after #it-help."""
    bot.records.channels.set(workspace.team_id, HELP, ChannelSettings(owner=PRIYA), MAYA)


@in_both_transports
def test_question_is_answered_followed_up_and_looked_behind(workspace: Workspace, window: Window, path: Path) -> None:
    """Mention, source with its words, a follow-up without a mention, and the prompt for who wants to know."""
    germany = an_answer(a_hit(2, title="Annual leave (Germany)", text="You get 30 days."), text="You get 30 days.")
    answering = ScriptedAnswering(some_steps(), some_steps(germany))
    with running(workspace, path, answering), left(window):
        scenes.in_channel(window, workspace)

        scenes.ask(window, QUESTION)
        quoted = scenes.open_source(window)
        window.picture("story-answer")
        scenes.follow_up(window, "And in Germany?")
        window.picture("story-follow-up")
        behind = scenes.look_behind(window)

    assert a_hit().text in quoted
    assert [text for text, _ in answering.asked] == [QUESTION, "How many days of leave do staff in Germany get?"]
    assert an_answer().prompt in behind


def test_thumb_down_asks_why(workspace: Workspace, window: Window, path: Path) -> None:
    """The reason and the right answer are kept."""
    with running(workspace, path, ScriptedAnswering()) as bot, left(window):
        scenes.in_channel(window, workspace)
        scenes.ask(window, QUESTION)

        scenes.complain(window, "It is outdated", "You get 30 days.")

        (row,) = bot.records.feedback_rows()
    assert (row.verdict, row.reason, row.correction) == (Verdict.BAD, Reason.OUTDATED, "You get 30 days.")


def test_private_answer_is_shared(workspace: Workspace, window: Window, path: Path) -> None:
    """Others see it when its asker says so, and not before."""
    with running(workspace, path, ScriptedAnswering()), left(window):
        scenes.in_channel(window, workspace)

        scenes.ask_in_private(window, QUESTION)
        window.be("Jonas Brandt")

        window.see("#messages .message", "You get 28 days.")
        assert not window.all("#messages .ephemeral")


def test_refused_question_goes_to_a_person(workspace: Workspace, window: Window, path: Path) -> None:
    """The owner of the channel is called in the thread."""
    refused = a_refusal(RefusalReason.NOT_FOUND, a_hit(), text="I could not find this in the wiki.")
    with running(workspace, path, ScriptedAnswering([refused])) as bot, left(window):
        with_owner(bot, workspace)
        scenes.in_channel(window, workspace)
        scenes.ask(window, "What is the dress code?")

        scenes.call_a_person(window)

        assert bot.records.handovers.count_open() == 1
    assert "The nearest pages:" in str(workspace.messages(HELP)[1].blocks)


def test_admin_reindexes_and_watches(workspace: Workspace, window: Window, path: Path) -> None:
    """How far it is stands in the direct message, then what it came to."""
    go_on = threading.Event()

    def hold(_job: IndexJob) -> None:
        assert go_on.wait(SECONDS)

    with running(workspace, path, ScriptedAnswering(), desk=a_desk(during=hold)), left(window):
        scenes.in_channel(window, workspace)

        scenes.reindex(window)
        go_on.set()

        window.see("#messages .message", "1 page new, 2 changed")
        assert not window.all("#messages .message button:not(.quiet)")


def test_channel_where_the_bot_may_offer_offers_in_private(workspace: Workspace, window: Window, path: Path) -> None:
    """An admin switches it on in the form; then a question to nobody is offered an answer that its asker takes up."""
    question = "how many days off do we get?"
    with running(workspace, path, ScriptedAnswering(), desk=a_desk()) as bot, left(window):
        bot.mind.sure_of.add(question)
        scenes.in_channel(window, workspace)
        scenes.choose_settings(window, "Priya Nair")
        settings = bot.records.channels.settings(workspace.team_id, HELP)
        window.be("Jonas Brandt")

        scenes.be_offered_an_answer(window, question)

    assert (settings.asks_first, settings.owner) == (True, PRIYA)
    assert [m.user for m in workspace.messages(HELP, MAYA)] == [JONAS, workspace.bot_user_id]


@in_both_transports
def test_case_becomes_advice_with_a_chart(workspace: Workspace, window: Window, path: Path) -> None:
    """From words to a form, from a mended mistake to reasons, costs and a picture."""
    with running(workspace, path, ScriptedAnswering()), left(window):
        scenes.in_channel(window, workspace)

        scenes.be_advised(window)

        assert window.is_in_sight("img.upload"), "a picture that is loaded late does not push itself out of sight"
    (message, chart) = workspace.messages("D0MAYA")[-2:]
    assert message.text.startswith("Use both")
    assert len(chart.files) == 1


def test_home_shows_how_the_bot_is_doing(workspace: Workspace, window: Window, path: Path) -> None:
    """It is published as it is opened."""
    with running(workspace, path, ScriptedAnswering(), desk=a_desk()), left(window):
        scenes.in_channel(window, workspace)

        scenes.open_home(window)

        assert "handbook: 60 pages" in window.see("#home").text
