"""Whom a text notifies and where it leads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import WebClient

from bot.workspace import Workspace
from bot.workspace.forms import escape, typed
from bot.workspace.mentions import read_blocks, read_markdown, read_mrkdwn
from tests.bot.workspace.asking import answer, section


@pytest.mark.parametrize(
    ("text", "ping"),
    [
        ("<!channel>", "<!channel>"),
        ("<!HERE|look>", "<!HERE>"),
        ("`<!everyone>`", "<!everyone>"),
        ("<@U0MAYA>", "<@U0MAYA>"),
        ("<@U0MAYA|maya>", "<@U0MAYA>"),
        ("<!subteam^S0WIKIADMINS|@admins>", "<!subteam^S0WIKIADMINS>"),
    ],
)
def test_token_notifies_in_mrkdwn_and_markdown(text: str, ping: str) -> None:
    """Every notifying token is found, labels and code notwithstanding."""
    assert read_mrkdwn(text).pings == (ping,)
    assert read_markdown(text).pings == (ping,)


@pytest.mark.parametrize(
    "text",
    [
        "&lt;!channel&gt;",
        "&amp;lt;!channel&amp;gt;",
        "@channel",
        "＜!channel＞",
        "<!chan\u200bnel>",
        "<#C0GENERAL>",
        "<!date^1^{date}|x>",
    ],
)
def test_what_is_no_token_notifies_nobody(text: str) -> None:
    """Escaped, plain, full-width and broken tokens are only text."""
    assert read_mrkdwn(text).pings == ()


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.example/x, now", ("https://a.example/x,",)),
        ("<https://a.example|https://b.example>", ("https://a.example",)),
        ("<javascript:alert(1)|x>", ("javascript:alert(1)",)),
        ("<!date^1^{date}^https://a.example|x>", ("https://a.example",)),
    ],
)
def test_links_of_mrkdwn_are_found(text: str, links: tuple[str, ...]) -> None:
    """Labelled, bare and hidden addresses count; a label that looks like one does not."""
    assert read_mrkdwn(text).links == links


def test_links_of_markdown_are_found() -> None:
    """Inline links, images, references and autolinks all lead somewhere."""
    text = "[a](https://a.example) ![b](https://b.example/b.png) <https://c.example>\n[d]: https://d.example"

    assert set(read_markdown(text).links) == {
        "https://a.example",
        "https://b.example/b.png",
        "https://c.example",
        "https://d.example",
    }


def test_rich_text_notifies_by_its_elements_only() -> None:
    """A rich text's words are never markup; its user, group and broadcast elements notify."""
    parts = [
        {"type": "text", "text": "<!channel>"},
        {"type": "user", "user_id": "U0MAYA"},
        {"type": "broadcast", "range": "here"},
        {"type": "link", "url": "https://a.example"},
    ]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}

    reach = read_blocks([{"type": "container", "child_blocks": [block]}])

    assert (reach.pings, reach.links) == (("<@U0MAYA>", "<!here>"), ("https://a.example",))


def test_plain_text_notifies_nobody() -> None:
    """A header's text is no markup."""
    assert read_blocks([{"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}]).pings == ()


def test_message_remembers_every_ping_it_ever_made(workspace: Workspace, client: WebClient) -> None:
    """An edit cannot take back a notification."""
    ts = client.chat_postMessage(channel="C0GENERAL", text="<!here>", blocks=[section("<https://a.example|x>")])["ts"]

    client.chat_update(channel="C0GENERAL", ts=ts, text="calm", blocks=[section("nothing")])

    (message,) = workspace.messages("#general")
    assert (message.pings, message.links) == (("<!here>",), ())


def test_link_names_makes_a_bare_mention_count(workspace: Workspace, client: WebClient) -> None:
    """A bare @channel notifies only where the bot asks Slack to look for it."""
    for extra in ({}, {"link_names": True}, {"parse": "full"}):
        answer(client, "chat.postMessage", channel="C0GENERAL", text="@channel", **extra)

    assert [message.pings for message in workspace.messages("#general")] == [(), ("<!channel>",), ("<!channel>",)]


@given(st.text())
def test_escaped_text_notifies_nobody(text: str) -> None:
    """No text gets a mention through the escape."""
    assert read_mrkdwn(escape(text)).pings == ()


def test_composer_escapes_and_turns_the_bots_name_into_a_mention() -> None:
    """What a person types is text, but for @Footnote."""
    assert typed("@Footnote is a < b?", {"footnote": "U0FOOTNOTE"}, {}) == "<@U0FOOTNOTE> is a &lt; b?"
