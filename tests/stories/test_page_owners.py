"""Asking a person where the wiki itself says who looks after its pages."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.answers import RefusalReason
from bot.channels import ChannelSettings
from bot.slack.owners import EmailOf
from bot.workspace import Fault, FaultKind, Message, Workspace
from indexer.pages import EVERYONE_READS, PageId
from indexer.wikis.folder import Folder
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
from tests.fakes_bot import ScriptedAnswering, a_hit, a_refusal, an_answer

PRIYAS = "priya@harbourline.example"
CALL = "can you help"
NOBODY = "Nobody else is named"
ANSWER = "You get 28 days."


def says(email: str) -> EmailOf:
    """Return a wiki that names *email* on every page."""
    return lambda _wiki, _page: email


def asked(workspace: Workspace, bot: RunningBot, words: str = ANSWER) -> Message:
    """Let Jonas ask in #it-help and press "Ask a person" below what comes; return the reply."""
    ts = workspace.say(JONAS, HELP, f"<@{workspace.bot_user_id}> how many days off?")
    reply = reply_once(workspace, HELP, ts, words)
    bot.records.wait_for_last()
    workspace.press(JONAS, HELP, reply.ts, "ask_a_person")
    return reply


def called(workspace: Workspace, reply: Message) -> Message:
    """Wait for the message below the question that calls somebody."""

    def call() -> Message | None:
        below = replies(workspace, HELP, str(reply.thread_ts))
        return next((message for message in below if CALL in str(message.blocks)), None)

    return workspace.wait_for(call, SECONDS)


def told(workspace: Workspace, direct: str) -> Message:
    """Wait for what a person is told by the bot in private."""
    return workspace.wait_for(lambda: next(iter(workspace.messages(direct)), None), SECONDS)


def test_owner_of_the_page_is_called_and_settles_it(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    """The page's front matter names her: she is mentioned in the thread, and told in private, which leads there."""
    page = tmp_path / "people" / "1.md"
    page.parent.mkdir()
    page.write_text(f"---\ntitle: Leave\nowner: {PRIYAS}\n---\nYou get 28 days.", encoding="utf-8")
    wiki = Folder("handbook", tmp_path, "", EVERYONE_READS)
    with running(workspace, path, ScriptedAnswering(), owner_of=lambda _, page_id: wiki.owner(page_id)) as bot:
        reply = asked(workspace, bot)
        call = called(workspace, reply)
        note = told(workspace, "D0PRIYA")
        workspace.press(PRIYA, HELP, call.ts, "resolve")
        workspace.wait_for(lambda: bot.records.handovers.count_open() == 0, SECONDS)

    assert set(call.pings) == {f"<@{PRIYA}>", f"<@{JONAS}>"}
    assert "a page that you look after" in str(note.blocks)
    assert "how many days off?" not in str(note.blocks), "it may be from a channel that is closed to her"
    assert [url for url in note.links if call.ts.replace(".", "") in url]


def test_owner_of_the_channel_goes_before_that_of_the_page(workspace: Workspace, path: Path) -> None:
    """An admin's word decides for a channel, and nobody else hears of the question."""
    with running(workspace, path, ScriptedAnswering(), owner_of=says(PRIYAS)) as bot:
        bot.records.channels.set(workspace.team_id, HELP, ChannelSettings(owner=MAYA), MAYA)
        call = called(workspace, asked(workspace, bot))

    assert f"<@{MAYA}>" in call.pings
    assert workspace.messages("D0PRIYA") == []


def test_who_asks_is_not_asked(workspace: Workspace, path: Path) -> None:
    """The owner of the channel asks: the page's is called instead of them."""
    with running(workspace, path, ScriptedAnswering(), owner_of=says(PRIYAS)) as bot:
        bot.records.channels.set(workspace.team_id, HELP, ChannelSettings(owner=JONAS), MAYA)
        call = called(workspace, asked(workspace, bot))

    assert f"<@{PRIYA}>" in call.pings


def test_refusal_calls_the_owner_of_the_nearest_page_that_has_one(workspace: Workspace, path: Path) -> None:
    """In the order in which the pages are shown."""
    far, near = a_hit(2), a_hit(1)
    refused = a_refusal(RefusalReason.DECLINED, near, far, text="The pages do not say.")
    named = {far.page_id: PRIYAS}

    def owner_of(_wiki: str, page_id: PageId) -> str:
        return named.get(page_id, "")

    with running(workspace, path, ScriptedAnswering([refused]), owner_of=owner_of) as bot:
        call = called(workspace, asked(workspace, bot, "do not say"))

    assert f"<@{PRIYA}>" in call.pings


def test_private_question_reaches_the_page_owner_in_private(workspace: Workspace, path: Path) -> None:
    """Nothing of it is shown in the channel."""
    with running(workspace, path, ScriptedAnswering(), owner_of=says(PRIYAS)) as bot:
        workspace.command(JONAS, HELP, "/ask", "how many days off?")
        answer = ephemeral(workspace, JONAS, HELP, ANSWER)
        bot.records.wait_for_last()
        workspace.press(JONAS, HELP, answer.ts, "ask_a_person")
        call = told(workspace, "D0PRIYA")

    assert CALL in str(call.blocks)
    assert workspace.messages(HELP, MAYA) == []


@pytest.mark.parametrize(
    "named",
    [
        "",
        "U0PRIYA",
        "<@U0PRIYA>",
        "<!channel>",
        "@here",
        "S0WIKIADMINS",
        "somebody@elsewhere.example",
        "jonas@harbourline.example",
    ],
)
def test_what_is_no_other_persons_email_calls_nobody(workspace: Workspace, path: Path, named: str) -> None:
    """A name, a token, a group, a stranger and who asks: nobody is pinged by what a wiki says."""
    with running(workspace, path, ScriptedAnswering(), owner_of=says(named)) as bot:
        reply = asked(workspace, bot)
        ephemeral(workspace, JONAS, HELP, NOBODY)

        assert {person for each in replies(workspace, HELP, str(reply.thread_ts)) for person in each.pings} == set()


def test_owner_whom_slack_does_not_name_now_is_nobody(workspace: Workspace, path: Path) -> None:
    """The press is answered all the same."""
    with running(workspace, path, ScriptedAnswering(), owner_of=says(PRIYAS)) as bot:
        workspace.inject(Fault(FaultKind.SERVER_ERROR, method="users.lookupByEmail"))
        asked(workspace, bot)

        ephemeral(workspace, JONAS, HELP, NOBODY)


def test_owner_is_called_in_the_thread_where_private_words_fail(workspace: Workspace, path: Path) -> None:
    """The call stands; the second notice is a courtesy."""
    with running(workspace, path, ScriptedAnswering(), owner_of=says(PRIYAS)) as bot:
        workspace.inject(Fault(FaultKind.SERVER_ERROR, method="chat.getPermalink"))
        call = called(workspace, asked(workspace, bot))

    assert f"<@{PRIYA}>" in call.pings
    assert workspace.messages("D0PRIYA") == []


def test_page_is_asked_for_by_its_wiki(workspace: Workspace, path: Path) -> None:
    """Two wikis may have a page of the same id."""
    here, there = replace(a_hit(1), wiki="runbooks"), a_hit(1)
    answer = an_answer(here, there)
    looked_for: list[tuple[str, PageId]] = []

    def owner_of(wiki: str, page_id: PageId) -> str:
        looked_for.append((wiki, page_id))
        return ""

    with running(workspace, path, ScriptedAnswering([answer]), owner_of=owner_of) as bot:
        asked(workspace, bot)
        ephemeral(workspace, JONAS, HELP, NOBODY)

    assert looked_for == [("runbooks", here.page_id), ("handbook", there.page_id)]
