"""Messages written before their reader's eyes."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.workspace import Workspace
from bot.workspace.people import TEAM_ID
from tests.bot.workspace.asking import Json, answer, error, section

FOR_MAYA = {"recipient_team_id": TEAM_ID, "recipient_user_id": "U0MAYA"}


def text(words: str) -> list[Json]:
    """Return chunks of one text."""
    return [{"type": "markdown_text", "text": words}]


def task(status: str) -> list[Json]:
    """Return chunks of one task."""
    return [{"type": "task_update", "id": "1", "title": "Reading", "status": status}]


def started(workspace: Workspace, client: WebClient) -> tuple[str, str]:
    """Start a stream for Maya in #general and return the channel and its ts."""
    parent = workspace.say("Maya", "#general", "A question")
    stream = answer(client, "chat.startStream", channel="C0GENERAL", thread_ts=parent, chunks=text("First"), **FOR_MAYA)
    return "C0GENERAL", str(stream["ts"])


def test_sdk_streams_into_a_direct_message(workspace: Workspace, client: WebClient) -> None:
    """The SDK's own chat_stream needs no recipient in a direct message; its pieces join up."""
    channel = workspace.direct("Maya")
    parent = workspace.say("Maya", channel, "A question")
    stream = client.chat_stream(channel=channel, thread_ts=parent, buffer_size=4)

    stream.append(markdown_text="The an")
    stream.append(markdown_text="swer ")
    stream.stop(markdown_text="is 42.", blocks=[section("Sources")])

    reply = workspace.thread(channel, parent)[1]
    assert (reply.text, reply.ts, reply.is_streaming) == ("The answer is 42.", stream.ts, False)
    assert reply.blocks[0]["text"]["text"] == "Sources"
    assert [call.method for call in workspace.calls()] == ["chat.startStream", "chat.appendStream", "chat.stopStream"]


def test_short_text_is_started_and_stopped(workspace: Workspace, client: WebClient) -> None:
    """Text shorter than the SDK's buffer makes two calls."""
    channel = workspace.direct("Maya")
    stream = client.chat_stream(channel=channel, thread_ts=workspace.say("Maya", channel, "A question"))

    stream.append(markdown_text="Yes.")
    stream.stop()

    assert [call.method for call in workspace.calls()] == ["chat.startStream", "chat.stopStream"]
    assert workspace.messages(channel)[1].text == "Yes."


def test_channel_stream_names_its_reader(workspace: Workspace, client: WebClient) -> None:
    """In a channel both recipient ids are needed, and a thread everywhere."""
    parent = workspace.say("Maya", "#general", "A question")

    def start(**arguments: object) -> str:
        return error(client, "chat.startStream", channel="C0GENERAL", **arguments)

    assert start() == "invalid_arguments"
    assert start(thread_ts=parent) == "missing_recipient_team_id"
    assert start(thread_ts=parent, recipient_team_id=TEAM_ID) == "missing_recipient_user_id"
    assert start(thread_ts=parent, recipient_team_id="T1", recipient_user_id="U0MAYA") == "team_not_found"
    assert start(thread_ts="1.000001", **FOR_MAYA) == "thread_not_found"


def test_others_see_the_first_piece_until_it_stops(workspace: Workspace, client: WebClient) -> None:
    """Only the reader sees a channel stream grow."""
    channel, ts = started(workspace, client)

    client.chat_appendStream(channel=channel, ts=ts, chunks=text(" second"))
    seen_while_open = [workspace.messages(channel, seen_by=person)[1].text for person in ("Maya", "Jonas")]
    client.chat_stopStream(channel=channel, ts=ts)

    assert seen_while_open == ["First second", "First"]
    assert workspace.messages(channel, seen_by="Jonas")[1].text == "First second"


def test_stream_ends_after_five_minutes(workspace: Workspace, client: WebClient) -> None:
    """Steady appends do not prolong it; chat.update rescues it."""
    channel, ts = started(workspace, client)

    for _ in range(4):
        workspace.advance(70)
        client.chat_appendStream(channel=channel, ts=ts, chunks=text(" more"))
    workspace.advance(30)

    assert (
        error(client, "chat.appendStream", channel=channel, ts=ts, chunks=text("x")) == "message_not_in_streaming_state"
    )
    assert error(client, "chat.stopStream", channel=channel, ts=ts) == "message_not_in_streaming_state"
    client.chat_update(channel=channel, ts=ts, text="All of it")
    assert workspace.messages(channel, seen_by="Jonas")[1].text == "All of it"


def test_open_stream_cannot_be_updated_or_deleted(workspace: Workspace, client: WebClient) -> None:
    """A stream is first stopped, then changed."""
    channel, ts = started(workspace, client)

    assert error(client, "chat.update", channel=channel, ts=ts, text="x") == "streaming_state_conflict"
    assert error(client, "chat.delete", channel=channel, ts=ts) == "cant_delete_message"


def test_stopped_and_ordinary_messages_do_not_stream(workspace: Workspace, client: WebClient) -> None:
    """Appending needs an open stream of the bot's own."""
    channel, ts = started(workspace, client)
    client.chat_stopStream(channel=channel, ts=ts)
    ordinary = client.chat_postMessage(channel=channel, text="x")["ts"]

    for each in (ts, ordinary):
        assert (
            error(client, "chat.appendStream", channel=channel, ts=each, chunks=text("x"))
            == "message_not_in_streaming_state"
        )


def test_task_is_replaced_by_its_next_state(workspace: Workspace, client: WebClient) -> None:
    """A task of the same id changes in place."""
    channel, ts = started(workspace, client)

    for status in ("in_progress", "complete"):
        client.chat_appendStream(channel=channel, ts=ts, chunks=task(status))

    assert [chunk["status"] for chunk in workspace.messages(channel)[1].chunks] == ["complete"]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([{"type": "poem"}], "invalid_chunks"),
        (task("lost"), "invalid_chunks"),
        (text("x" * 12_001), "invalid_chunks"),
        (text("x" * 7_000) * 2, "msg_too_long"),
        ([{"type": "blocks", "blocks": [{"type": "poem"}]}], "invalid_blocks"),
        ([], "no_text"),
    ],
)
def test_unsound_pieces_are_refused(workspace: Workspace, client: WebClient, chunks: list[Json], expected: str) -> None:
    """Chunks have kinds and limits of their own."""
    channel, ts = started(workspace, client)

    assert error(client, "chat.appendStream", channel=channel, ts=ts, chunks=chunks) == expected


def test_mention_split_over_two_pieces_is_seen(workspace: Workspace, client: WebClient) -> None:
    """A token is read in the whole text, not piece by piece."""
    channel, ts = started(workspace, client)

    client.chat_appendStream(channel=channel, ts=ts, chunks=text(" <!chan"))
    client.chat_appendStream(channel=channel, ts=ts, chunks=text("nel>"))

    assert workspace.messages(channel)[1].pings == ("<!channel>",)


def test_sdk_raises_what_the_workspace_refuses(workspace: Workspace, client: WebClient) -> None:
    """An expired stream surfaces as SlackApiError, with the ts to rescue it by."""
    channel = workspace.direct("Maya")
    stream = client.chat_stream(channel=channel, thread_ts=workspace.say("Maya", channel, "A question"), buffer_size=1)
    stream.append(markdown_text="x")
    workspace.advance(301)

    with pytest.raises(SlackApiError, match="message_not_in_streaming_state"):
        stream.append(markdown_text="y")

    assert stream.ts is not None
