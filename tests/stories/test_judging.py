"""What people do with an answer: judge it, look behind it, call a person."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.answers import Answer, RefusalReason
from bot.channels import ChannelSettings
from bot.feedback import Reason, Verdict
from bot.workspace import Fault, FaultKind, Message, View, Workspace
from tests.bot.slack.running import (
    HELP,
    JONAS,
    MAYA,
    PRIYA,
    SECONDS,
    RunningBot,
    ephemeral,
    replies,
    reply_once,
    running,
)
from tests.bot.slack.test_mrkdwn import HOSTILE
from tests.fakes_bot import ScriptedAnswering, a_hit, a_refusal, an_answer

ANSWER = "You get 28 days."


def asked(workspace: Workspace, bot: RunningBot, says: str = ANSWER) -> Message:
    """Let Jonas mention the bot in #it-help and return the reply."""
    ts = workspace.say(JONAS, HELP, f"<@{workspace.bot_user_id}> how many days off?")
    reply = reply_once(workspace, HELP, ts, says)
    bot.records.wait_for_last()
    return reply


def the_modal(workspace: Workspace, person: str) -> View:
    """Wait for the modal that opens before *person*."""
    return workspace.wait_for(lambda: next(iter(workspace.modals(person)), None), SECONDS)


def test_thumb_down_asks_why_and_keeps_what_was_shown(workspace: Workspace, path: Path) -> None:
    """Reason and right answer land beside the passages with their revisions; the answer is not given again."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        workspace.press(PRIYA, HELP, reply.ts, "feedback", value="negative")
        form = the_modal(workspace, PRIYA)
        workspace.submit(form.id, {"reason": "outdated", "correction": "You get 30 days.", "page": "Leave 2027"})
        workspace.wait_for(lambda: not workspace.modals(PRIYA), SECONDS)
        (row,) = bot.records.feedback_rows()
        forgotten = bot.mind.forgotten

    assert (row.person, row.verdict, row.reason) == (PRIYA, Verdict.BAD, Reason.OUTDATED)
    assert (row.question, row.correction, row.page) == ("how many days off?", "You get 30 days.", "Leave 2027")
    assert [(p.hit.revision, p.hit.text) for p in row.passages] == [("r1", a_hit().text)]
    assert forgotten == ["how many days off?"]


def test_form_that_is_dismissed_leaves_the_verdict(workspace: Workspace, path: Path) -> None:
    """A thumb down counts without a reason."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        workspace.press(PRIYA, HELP, reply.ts, "feedback", value="negative")
        workspace.close_modal(the_modal(workspace, PRIYA).id)

        assert bot.records.feedback.counts() == {"unsaid": 1}


def test_thumb_up_is_thanked_for(workspace: Workspace, path: Path) -> None:
    """It is kept too: good answers are examples."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        workspace.press(PRIYA, HELP, reply.ts, "feedback", value="positive")
        ephemeral(workspace, PRIYA, HELP, "Thank you")

        assert bot.records.feedback.counts() == {"good": 1}


def test_private_answer_can_be_judged_too(workspace: Workspace, path: Path) -> None:
    """An ephemeral message carries plain buttons."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        workspace.command(MAYA, HELP, "/ask", "how many days off?")
        answer = ephemeral(workspace, MAYA, HELP, ANSWER)
        bot.records.wait_for_last()
        workspace.press(MAYA, HELP, answer.ts, "helpful")
        ephemeral(workspace, MAYA, HELP, "Thank you")

        assert bot.records.feedback.counts() == {"good": 1}


@pytest.mark.parametrize("person", [JONAS, MAYA], ids=["asker", "admin"])
def test_asker_and_admins_see_what_the_bot_was_shown(workspace: Workspace, path: Path, person: str) -> None:
    """Passages with scores and revisions, the prompt, the model and the index."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        workspace.press(person, HELP, reply.ts, "shown")
        modal = the_modal(workspace, person)

    seen = str(modal.blocks)
    answer = an_answer()
    assert all(words in seen for words in (a_hit().text, "score 0.90", "revision r1", answer.prompt, answer.model))
    assert f"index {answer.generation}" in seen


def test_page_that_was_closed_since_is_shown_to_admins_alone(workspace: Workspace, path: Path) -> None:
    """The record has its whole text; who has lost the right to the page reads no more of it."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        bot.mind.closed_since = True
        workspace.press(JONAS, HELP, reply.ts, "shown")
        ephemeral(workspace, JONAS, HELP, "was closed to you or removed since")
        assert workspace.modals(JONAS) == []

        workspace.press(MAYA, HELP, reply.ts, "shown")
        the_modal(workspace, MAYA)


def test_press_that_a_damaged_index_keeps_from_its_end_is_answered(workspace: Workspace, path: Path) -> None:
    """Nobody presses a button and hears nothing; nothing is shown either."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        bot.mind.is_damaged = True
        workspace.press(JONAS, HELP, reply.ts, "shown")

        ephemeral(workspace, JONAS, HELP, "has to look at my records and my index")
        assert workspace.modals(JONAS) == []


def test_button_of_an_older_version_says_that_it_does_nothing(workspace: Workspace, path: Path) -> None:
    """Slack keeps messages for years; a button that nobody takes shows a warning sign alone."""
    old = {"type": "button", "action_id": "an_older_one", "text": {"type": "plain_text", "text": "Old"}, "value": "1"}
    row = {"type": "actions", "elements": [old]}
    with running(workspace, path, ScriptedAnswering()) as bot:
        posted = bot.replies._client.chat_postMessage(
            channel=HELP, text="Old", blocks=[row], unfurl_links=False, unfurl_media=False
        )
        ts = str(posted["ts"])
        workspace.press(JONAS, HELP, ts, "an_older_one")

        ephemeral(workspace, JONAS, HELP, "I no longer do that")


def test_shortcut_of_an_older_version_says_that_it_does_nothing(workspace: Workspace, path: Path) -> None:
    """The app's settings at Slack may still have it."""
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(JONAS, HELP, "how many days off?")
        workspace.shortcut(JONAS, HELP, ts, "an_older_one")

        ephemeral(workspace, JONAS, HELP, "I no longer do that")


def test_nobody_else_sees_what_the_bot_was_shown(workspace: Workspace, path: Path) -> None:
    """They are told so; passages may be closed to them."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        workspace.press(PRIYA, HELP, reply.ts, "shown")

        ephemeral(workspace, PRIYA, HELP, "Only the person who asked and admins")
        assert workspace.modals(PRIYA) == []


def test_admin_whom_slack_does_not_confirm_is_none(workspace: Workspace, path: Path) -> None:
    """A door that cannot be checked stays shut."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        workspace.inject(Fault(FaultKind.SERVER_ERROR, method="users.info"))
        workspace.press(MAYA, HELP, reply.ts, "shown")

        ephemeral(workspace, MAYA, HELP, "Only the person who asked and admins")


def test_named_admins_are_the_only_ones(workspace: Workspace, path: Path) -> None:
    """Where the operator names people, the workspace's own admins are not among them by themselves."""
    with running(workspace, path, ScriptedAnswering(), admins=frozenset({PRIYA})) as bot:
        reply = asked(workspace, bot)
        workspace.press(MAYA, HELP, reply.ts, "shown")
        ephemeral(workspace, MAYA, HELP, "Only the person who asked and admins")
        workspace.press(PRIYA, HELP, reply.ts, "shown")

        the_modal(workspace, PRIYA)


def with_owner(bot: RunningBot, workspace: Workspace) -> None:
    """Make Priya the owner of #it-help."""
    bot.records.channels.set(workspace.team_id, HELP, ChannelSettings(owner=PRIYA), MAYA)


def test_refusal_calls_the_owner_who_resolves_it(workspace: Workspace, path: Path) -> None:
    """The owner is mentioned in the thread, once; the message says who resolved it."""
    refused = a_refusal(RefusalReason.NOT_FOUND, a_hit(), text="I could not find this in the wiki.")
    with running(workspace, path, ScriptedAnswering([refused])) as bot:
        with_owner(bot, workspace)
        reply = asked(workspace, bot, says="I could not find this")
        assert a_hit().url in reply.links
        workspace.press(JONAS, HELP, reply.ts, "ask_a_person")
        call = workspace.wait_for(lambda: _saying(workspace, reply, "needs a person"), SECONDS)
        workspace.press(JONAS, HELP, reply.ts, "ask_a_person")
        ephemeral(workspace, JONAS, HELP, "Somebody was asked already")
        workspace.press("sam", HELP, call.ts, "resolve")
        ephemeral(workspace, "sam", HELP, "Only the person who was asked")
        workspace.press(PRIYA, HELP, call.ts, "resolve")
        workspace.wait_for(lambda: _saying(workspace, reply, "Resolved"), SECONDS)

        assert bot.records.handovers.count_open() == 0
    assert PRIYA in "".join(call.pings)


def test_deleted_question_takes_the_call_to_a_person_along(workspace: Workspace, path: Path) -> None:
    """The call repeats the words that its asker took back, settled or not."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        with_owner(bot, workspace)
        reply = asked(workspace, bot)
        workspace.press(JONAS, HELP, reply.ts, "ask_a_person")
        call = workspace.wait_for(lambda: _saying(workspace, reply, "needs a person"), SECONDS)
        workspace.press(PRIYA, HELP, call.ts, "resolve")
        workspace.wait_for(lambda: _saying(workspace, reply, "Resolved"), SECONDS)
        workspace.delete(HELP, str(reply.thread_ts))
        workspace.wait_for(lambda: not replies(workspace, HELP, str(reply.thread_ts)), SECONDS)

        assert bot.records.handovers.count_open() == 0


def test_question_deleted_while_a_person_is_called_takes_the_call_along(workspace: Workspace, path: Path) -> None:
    """Slack shows the call before it answers the bot that posts it."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        with_owner(bot, workspace)
        reply = asked(workspace, bot)
        workspace.inject(Fault(FaultKind.SLOW, method="chat.postMessage", seconds=1.0))
        workspace.press(JONAS, HELP, reply.ts, "ask_a_person")
        workspace.wait_for(lambda: _saying(workspace, reply, "needs a person"), SECONDS)
        workspace.delete(HELP, str(reply.thread_ts))
        workspace.wait_for(lambda: not replies(workspace, HELP, str(reply.thread_ts)), SECONDS)


def _saying(workspace: Workspace, reply: Message, words: str) -> Message | None:
    below = replies(workspace, HELP, str(reply.thread_ts))
    return next((message for message in below if words in message.text), None)


def test_without_an_owner_nobody_is_called(workspace: Workspace, path: Path) -> None:
    """The asker hears how to mend that."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        reply = asked(workspace, bot)
        workspace.press(JONAS, HELP, reply.ts, "ask_a_person")

        ephemeral(workspace, JONAS, HELP, "Nobody else is named")


def test_private_question_reaches_the_owner_in_private(workspace: Workspace, path: Path) -> None:
    """What was asked with `/ask` is not shown to the channel by calling somebody."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        with_owner(bot, workspace)
        workspace.command(JONAS, HELP, "/ask", "how many days off?")
        answer = ephemeral(workspace, JONAS, HELP, ANSWER)
        bot.records.wait_for_last()
        workspace.press(JONAS, HELP, answer.ts, "ask_a_person")
        call = workspace.wait_for(lambda: next(iter(workspace.messages("D0PRIYA")), None), SECONDS)
        workspace.press(PRIYA, "D0PRIYA", call.ts, "resolve")
        workspace.wait_for(lambda: workspace.messages("D0JONAS"), SECONDS)

    assert "how many days off?" in str(call.blocks)
    assert workspace.messages(HELP, MAYA) == []


def test_owner_whom_slack_does_not_reach_can_be_called_again(workspace: Workspace, path: Path) -> None:
    """A lost call is no call."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        with_owner(bot, workspace)
        reply = asked(workspace, bot)
        workspace.inject(Fault(FaultKind.SERVER_ERROR, method="chat.postMessage"))
        workspace.press(JONAS, HELP, reply.ts, "ask_a_person")
        ephemeral(workspace, JONAS, HELP, "Please try again")
        workspace.press(JONAS, HELP, reply.ts, "ask_a_person")

        workspace.wait_for(lambda: _saying(workspace, reply, "needs a person"), SECONDS)


def test_hostile_words_stay_words_everywhere(workspace: Workspace, path: Path) -> None:
    """In the answer, behind it, in the call to a person and in what is shared: nobody is pinged, nothing is linked."""
    trick = " ".join(HOSTILE)
    hit = a_hit(title=trick, headings=(trick,), text=trick, url="javascript:alert(1)")
    answer: Answer = replace(an_answer(hit, text=trick), prompt=trick, model=trick)
    with running(workspace, path, ScriptedAnswering([answer])) as bot:
        with_owner(bot, workspace)
        ts = workspace.say(JONAS, "D0JONAS", trick)
        (reply,) = workspace.wait_for(lambda: replies(workspace, "D0JONAS", ts), SECONDS)
        bot.records.wait_for_last()
        workspace.press(JONAS, "D0JONAS", reply.ts, "shown")
        the_modal(workspace, JONAS)
        workspace.command(JONAS, HELP, "/ask", trick)
        private = ephemeral(workspace, JONAS, HELP, "Share with the channel")
        bot.records.wait_for_last()
        workspace.press(JONAS, HELP, private.ts, "ask_a_person")
        call = workspace.wait_for(lambda: next(iter(workspace.messages("D0PRIYA")), None), SECONDS)
        workspace.press(JONAS, HELP, private.ts, "share")
        shared = workspace.wait_for(lambda: next(iter(workspace.messages(HELP, MAYA)), None), SECONDS)
        everything = [*replies(workspace, "D0JONAS", ts), private, call, shared]

    assert {person for message in everything for person in message.pings} <= {f"<@{JONAS}>", f"<@{PRIYA}>"}
    assert {url for message in everything for url in message.links} == set()
    assert [call.error for call in workspace.calls() if call.error] == []
