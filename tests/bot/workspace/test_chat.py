"""Posting, changing and deleting messages."""

import pytest
from slack_sdk import WebClient

from bot.workspace import Workspace
from bot.workspace.people import BOT_USER_ID
from tests.bot.workspace.asking import answer, button, error, refusal, section

GENERAL = "C0GENERAL"


def test_posted_message_is_there_for_everybody(workspace: Workspace, client: WebClient) -> None:
    """What the bot posts is kept with its author and its time."""
    ts = client.chat_postMessage(channel=GENERAL, text="Hello")["ts"]

    (message,) = workspace.messages("#general", seen_by="Sam")
    assert (message.ts, message.text, message.user) == (ts, "Hello", BOT_USER_ID)


def test_timestamps_increase_on_a_still_clock(client: WebClient) -> None:
    """Two messages of one moment still have an order."""
    first, second = (client.chat_postMessage(channel=GENERAL, text="Hello")["ts"] for _ in range(2))

    assert float(first) < float(second)


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("C0NOWHERE", "channel_not_found"), ("C0LEADERSHIP", "channel_not_found"), ("#general", "channel_not_found")],
)
def test_unknown_and_private_channels_are_not_found(client: WebClient, channel: str, expected: str) -> None:
    """A private channel without the bot looks as if it did not exist; a name is no id."""
    assert error(client, "chat.postMessage", channel=channel, text="Hello") == expected


def test_private_channel_opens_with_an_invitation(workspace: Workspace, client: WebClient) -> None:
    """Once invited, the bot may write."""
    workspace.invite("Maya", "#leadership")

    assert answer(client, "chat.postMessage", channel="C0LEADERSHIP", text="Hello")["ok"]


def test_archived_channel_takes_no_message(workspace: Workspace, client: WebClient) -> None:
    """Nobody writes into an archived channel."""
    workspace.archive("#general")

    assert error(client, "chat.postMessage", channel=GENERAL, text="Hello") == "is_archived"


def test_persons_id_stands_for_their_direct_message(workspace: Workspace, client: WebClient) -> None:
    """chat.postMessage takes a person's id."""
    channel = client.chat_postMessage(channel="U0SAM", text="Hello")["channel"]

    assert channel == workspace.direct("Sam")


def test_message_needs_content_within_limits(client: WebClient) -> None:
    """Nothing, too much, and two kinds of text at once are refused."""
    assert error(client, "chat.postMessage", channel=GENERAL) == "no_text"
    assert error(client, "chat.postMessage", channel=GENERAL, text="  ") == "no_text"
    assert error(client, "chat.postMessage", channel=GENERAL, text="x" * 40_001) == "msg_too_long"
    assert error(client, "chat.postMessage", channel=GENERAL, markdown_text="x" * 12_001) == "msg_too_long"
    assert error(client, "chat.postMessage", channel=GENERAL, markdown_text="a", text="b") == "markdown_text_conflict"
    assert error(client, "chat.postMessage", text="Hello") == "invalid_arguments"
    assert error(client, "chat.postMessage", channel=GENERAL, blocks="[{") == "invalid_blocks_format"


def test_thread_must_start_with_a_message_of_the_channel(workspace: Workspace, client: WebClient) -> None:
    """Neither an invented ts nor a reply's ts starts a thread."""
    parent = workspace.say("Maya", "#general", "A question")
    reply = workspace.say("Jonas", "#general", "An answer", thread_ts=parent)

    assert error(client, "chat.postMessage", channel=GENERAL, text="Hello", thread_ts="1.000001") == "thread_not_found"
    assert error(client, "chat.postMessage", channel=GENERAL, text="Hello", thread_ts=reply) == "thread_not_found"
    assert answer(client, "chat.postMessage", channel=GENERAL, text="Hello", thread_ts=parent)["ok"]


def test_update_keeps_what_is_not_given(workspace: Workspace, client: WebClient) -> None:
    """Blocks stay when only the text changes, and an empty list takes them away."""
    ts = client.chat_postMessage(channel=GENERAL, text="One", blocks=[section("One")])["ts"]

    client.chat_update(channel=GENERAL, ts=ts, text="Two")
    (kept,) = workspace.messages("#general")
    answer(client, "chat.update", channel=GENERAL, ts=ts, blocks=[])
    (cleared,) = workspace.messages("#general")

    assert (kept.text, len(kept.blocks), kept.edited_ts is not None) == ("Two", 1, True)
    assert (cleared.text, cleared.blocks) == ("Two", ())


def test_update_is_for_own_messages_within_limits(workspace: Workspace, client: WebClient) -> None:
    """Another's message, no message, and more than 4,000 characters are refused."""
    foreign = workspace.say("Maya", "#general", "Mine")
    own = client.chat_postMessage(channel=GENERAL, text="Hello")["ts"]

    assert error(client, "chat.update", channel=GENERAL, ts=foreign, text="x") == "cant_update_message"
    assert error(client, "chat.update", channel=GENERAL, ts="1.000001", text="x") == "message_not_found"
    assert error(client, "chat.update", channel=GENERAL, ts=own, text="x" * 4_001) == "msg_too_long"
    assert error(client, "chat.update", channel=GENERAL, ts=own) == "no_text"


def test_delete_is_for_own_messages(workspace: Workspace, client: WebClient) -> None:
    """The bot takes back only what it wrote."""
    foreign = workspace.say("Maya", "#general", "Mine")
    own = client.chat_postMessage(channel=GENERAL, text="Hello")["ts"]

    client.chat_delete(channel=GENERAL, ts=own)

    assert error(client, "chat.delete", channel=GENERAL, ts=foreign) == "cant_delete_message"
    assert [message.ts for message in workspace.messages("#general")] == [foreign]


def test_deleted_parent_leaves_a_mark_above_its_replies(workspace: Workspace) -> None:
    """A thread survives its first message."""
    parent = workspace.say("Maya", "#general", "A question")
    workspace.say("Jonas", "#general", "An answer", thread_ts=parent)

    workspace.delete("#general", parent)

    assert [message.subtype for message in workspace.thread("#general", parent)] == ["tombstone", None]


def test_ephemeral_is_seen_by_one_person_and_cannot_be_changed(workspace: Workspace, client: WebClient) -> None:
    """An ephemeral is in nobody else's window, in no history, and out of chat.update's reach."""
    ts = client.chat_postEphemeral(channel=GENERAL, user="U0MAYA", text="Psst")["message_ts"]

    assert [message.text for message in workspace.messages("#general", seen_by="Maya")] == ["Psst"]
    assert workspace.messages("#general", seen_by="Sam") == []
    assert error(client, "chat.update", channel=GENERAL, ts=ts, text="x") == "message_not_found"
    assert answer(client, "conversations.history", channel=GENERAL)["messages"] == []


def test_ephemeral_needs_a_member(workspace: Workspace, client: WebClient) -> None:
    """Nobody outside the channel can be whispered to."""
    workspace.invite("Maya", "#leadership")

    assert error(client, "chat.postEphemeral", channel="C0LEADERSHIP", user="U0SAM", text="x") == "user_not_in_channel"


def test_scheduled_message_appears_when_its_time_comes(workspace: Workspace, client: WebClient) -> None:
    """Time moved forward posts what is due."""
    client.chat_scheduleMessage(channel=GENERAL, text="Later", post_at=1_800_000_060)

    assert workspace.messages("#general") == []
    workspace.advance(61)
    assert [message.text for message in workspace.messages("#general")] == ["Later"]
    assert error(client, "chat.scheduleMessage", channel=GENERAL, text="x", post_at=5) == "time_in_past"


def test_permalink_names_the_thread(workspace: Workspace, client: WebClient) -> None:
    """A reply's address leads into its thread."""
    parent = workspace.say("Maya", "#general", "A question")
    reply = client.chat_postMessage(channel=GENERAL, text="x", thread_ts=parent)["ts"]

    assert client.chat_getPermalink(channel=GENERAL, message_ts=reply)["permalink"].endswith(
        f"?thread_ts={parent}&cid={GENERAL}"
    )


def test_reactions_are_put_once_and_taken_once(workspace: Workspace, client: WebClient) -> None:
    """A second add or remove is refused, and so is a name that is no emoji's."""
    ts = workspace.say("Maya", "#general", "A question")

    client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
    again = refusal(lambda: client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes"))
    client.reactions_remove(channel=GENERAL, timestamp=ts, name="eyes")
    missing = refusal(lambda: client.reactions_remove(channel=GENERAL, timestamp=ts, name="eyes"))

    assert (again["error"], missing["error"]) == ("already_reacted", "no_reaction")
    assert error(client, "reactions.add", channel=GENERAL, timestamp=ts, name="two words") == "invalid_name"
    assert error(client, "reactions.add", channel=GENERAL, timestamp="1.000001", name="eyes") == "message_not_found"


def test_missing_ids_are_given(workspace: Workspace, client: WebClient) -> None:
    """Slack names every block and element that has no name."""
    unnamed = {"type": "button", "text": {"type": "plain_text", "text": "Press"}}
    client.chat_postMessage(
        channel=GENERAL, text="x", blocks=[section("One"), {"type": "actions", "elements": [unnamed]}]
    )

    (message,) = workspace.messages("#general")
    ids = [block["block_id"] for block in message.blocks] + [message.blocks[1]["elements"][0]["action_id"]]
    assert len(set(ids)) == 3
    assert button("x")["action_id"] not in ids
