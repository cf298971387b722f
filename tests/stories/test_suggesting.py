"""What a direct message with the bot suggests to ask."""

from pathlib import Path

from bot.answers import RefusalReason
from bot.slack.suggesting import MAX_CHARACTERS, STARTERS
from bot.workspace import Workspace
from tests.bot.slack.running import JONAS, MAYA, SECONDS, RunningBot, replies, reply_once, running
from tests.bot.slack.test_mrkdwn import HOSTILE
from tests.fakes_bot import ScriptedAnswering, a_refusal

DIRECT = "D0MAYA"
ANSWER = "You get 28 days."
REFUSED = a_refusal(RefusalReason.NOT_FOUND, text="I could not find this.")
SICK, LAPTOP = STARTERS[2], STARTERS[5]


def asked(workspace: Workspace, bot: RunningBot, text: str, says: str = ANSWER) -> str:
    """Let Maya ask in private and wait for what it comes to; return the reply's ts."""
    ts = workspace.say(MAYA, DIRECT, text)
    reply = reply_once(workspace, DIRECT, ts, says)
    bot.records.wait_for_last()
    return reply.ts


def suggested(workspace: Workspace, person: str = MAYA, direct: str = DIRECT) -> list[str]:
    """Open the messages tab and wait for what is suggested."""
    workspace.open_home(person, "messages")
    return [message for _, message in workspace.wait_for(lambda: workspace.prompts(direct), SECONDS)]


def test_what_its_person_got_answered_comes_first(workspace: Workspace, path: Path) -> None:
    """Then what the wiki surely answers; nobody is shown another's questions."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        bot.mind.sure_of |= {LAPTOP, SICK}
        asked(workspace, bot, "how many days off?")
        mine, theirs = suggested(workspace), suggested(workspace, JONAS, "D0JONAS")

    assert mine == ["how many days off?", SICK, LAPTOP]
    assert theirs == [SICK, LAPTOP]


def test_follow_up_is_suggested_as_it_was_read(workspace: Workspace, path: Path) -> None:
    """Not as the fragment that it was asked as."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        ts = workspace.say(MAYA, DIRECT, "How many days of leave do staff in the UK get?")
        reply_once(workspace, DIRECT, ts, ANSWER)
        workspace.say(MAYA, DIRECT, "And in Germany?", ts)
        workspace.wait_for(lambda: len(replies(workspace, DIRECT, ts)) == 3, SECONDS)
        bot.records.wait_for_last()

        assert suggested(workspace) == [
            "How many days of leave do staff in Germany get?",
            "How many days of leave do staff in the UK get?",
        ]


def test_only_what_was_answered_and_can_be_read_alone_is_suggested(workspace: Workspace, path: Path) -> None:
    """No refusals, no fragments, no essays, and nothing whose answer somebody found bad."""
    essay = f"how many days off do I get {'and why ' * 20}?"
    asked_before = ["and in Germany?", "wifi?", essay, "how many days off in Peru?", "how many days off?"]
    refused = "how many days off on the moon?"
    with running(workspace, path, ScriptedAnswering()) as bot:
        for text in asked_before:
            reply_ts = asked(workspace, bot, text)
            if "Peru" in text:
                workspace.press(MAYA, DIRECT, reply_ts, "feedback", value="negative")
                workspace.wait_for(lambda: workspace.modals(MAYA), SECONDS)
    with running(workspace, path, ScriptedAnswering([REFUSED])) as bot:
        asked(workspace, bot, refused, "could not find")

        assert suggested(workspace) == ["how many days off?"]


def test_what_the_wiki_no_longer_answers_is_not_suggested(workspace: Workspace, path: Path) -> None:
    """The last word on a question counts."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        asked(workspace, bot, "how many days off?")
        asked(workspace, bot, "how many holidays are there?")
    with running(workspace, path, ScriptedAnswering([REFUSED])) as bot:
        asked(workspace, bot, "How many days off", "could not find")

        assert suggested(workspace) == ["how many holidays are there?"]


def test_nothing_is_suggested_where_nothing_is_known_to_be_answered(workspace: Workspace, path: Path) -> None:
    """A suggestion that comes to nothing is worse than none."""
    with running(workspace, path, ScriptedAnswering([REFUSED])) as bot:
        asked(workspace, bot, "how many days off?", "could not find")
        workspace.open_home(MAYA, "messages")
        workspace.open_home(MAYA)
        workspace.wait_for(lambda: workspace.home(MAYA), SECONDS)
        workspace.wait_for(workspace.is_quiet, SECONDS)

        assert workspace.prompts(DIRECT) == []


def test_hostile_questions_are_words_on_a_button(workspace: Workspace, path: Path) -> None:
    """Whatever was asked: Slack takes it, and pressing it pings nobody."""
    tricks = [f"how many days off, {trick}?" for trick in HOSTILE if len(trick) < 40]
    with running(workspace, path, ScriptedAnswering()) as bot:
        for trick in tricks[-6:]:
            asked(workspace, bot, trick)
        shown = suggested(workspace)

    assert shown
    assert all("<!" not in prompt and "<@" not in prompt and len(prompt) <= MAX_CHARACTERS for prompt in shown)
    assert [call.error for call in workspace.calls("assistant.threads.setSuggestedPrompts")] == [""]


def test_starters_fit_and_stand_alone() -> None:
    """Each is a prompt as it is."""
    assert all(len(starter) <= MAX_CHARACTERS for starter in STARTERS)
