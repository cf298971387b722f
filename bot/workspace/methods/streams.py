"""chat.startStream, appendStream and stopStream: a message written before its reader's eyes."""

from dataclasses import replace

from bot.workspace.errors import CallRefused
from bot.workspace.forms import message_form
from bot.workspace.limits import MAX_TEXT, check_blocks, check_chunks, check_markdown, check_metadata
from bot.workspace.messages import Message, Stream
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import BOT_ID, BOT_USER_ID, TEAM_ID, Channel
from bot.workspace.wire import Json


def start(desk: Desk, arguments: Arguments) -> Json:
    """chat.startStream."""
    channel = desk.writable_channel(arguments.text("channel"))
    thread_ts = arguments.text("thread_ts")
    desk.check_thread(channel, thread_ts)
    recipient = _recipient(channel, arguments)
    empty = Message(channel.id, desk.state.new_ts(), BOT_USER_ID, thread_ts=thread_ts, bot_id=BOT_ID, is_markdown=True)
    first = _extended(empty, _chunks(arguments))
    stream = Stream(desk.state.clock.now(), recipient, first.text, first.chunks)
    message = desk.post(replace(first, stream=stream))
    return {"channel": channel.id, "ts": message.ts}


def append(desk: Desk, arguments: Arguments) -> Json:
    """chat.appendStream."""
    message = _open_stream(desk, arguments)
    chunks = _chunks(arguments)
    if not chunks:
        raise CallRefused("no_text")
    desk.state.put(_extended(message, chunks))
    return {"channel": message.channel, "ts": message.ts}


def stop(desk: Desk, arguments: Arguments) -> Json:
    """chat.stopStream: from now on everybody sees all of it."""
    message = _open_stream(desk, arguments)
    extended = _extended(message, _chunks(arguments))
    blocks = arguments.objects("blocks", "invalid_blocks_format")
    check_blocks(blocks)
    metadata = arguments.mapping("metadata", "invalid_metadata_format")
    if metadata is not None:
        check_metadata(metadata)
    finished = desk.change(
        replace(
            extended,
            stream=message.stream and replace(message.stream, is_open=False),
            blocks=tuple(blocks),
            metadata=metadata,
        ),
        message,
    )
    return {"channel": message.channel, "ts": message.ts, "message": message_form(finished)}


def _recipient(channel: Channel, arguments: Arguments) -> str | None:
    if channel.kind == "im":
        return None
    if arguments.maybe("recipient_team_id") is None:
        raise CallRefused("missing_recipient_team_id")
    if arguments.maybe("recipient_user_id") is None:
        raise CallRefused("missing_recipient_user_id")
    if arguments.maybe("recipient_team_id") != TEAM_ID:
        raise CallRefused("team_not_found")
    recipient = arguments.text("recipient_user_id")
    if recipient not in channel.members:
        raise CallRefused("user_not_in_channel")
    return recipient


def _open_stream(desk: Desk, arguments: Arguments) -> Message:
    channel = desk.joined_channel(arguments.text("channel"))
    message = desk.own_message(channel, arguments.text("ts"), "message_not_owned_by_app")
    if message.stream is None or not message.stream.lives(desk.state.clock.now()):
        raise CallRefused("message_not_in_streaming_state")
    return message


def _chunks(arguments: Arguments) -> list[Json]:
    chunks = arguments.objects("chunks", "invalid_chunks")
    check_chunks(chunks)
    markdown = arguments.maybe("markdown_text")
    if markdown:
        check_markdown([markdown])
        return [{"type": "markdown_text", "text": markdown}, *chunks]
    return chunks


def _extended(message: Message, chunks: list[Json]) -> Message:
    text = message.text + "".join(chunk["text"] for chunk in chunks if chunk["type"] == "markdown_text")
    if len(text) > MAX_TEXT:
        raise CallRefused("msg_too_long", f"[ERROR] a stream may have {MAX_TEXT} characters")
    shown = list(message.chunks)
    for chunk in chunks:
        shown = _with_chunk(shown, chunk)
    return replace(message, text=text, chunks=tuple(shown))


def _with_chunk(shown: list[Json], chunk: Json) -> list[Json]:
    if chunk["type"] == "markdown_text":
        return shown
    if chunk["type"] == "blocks":
        return [*shown, *chunk["blocks"]]
    key = (chunk["type"], chunk.get("id"))
    if all((each["type"], each.get("id")) != key for each in shown):
        return [*shown, chunk]
    return [chunk if (each["type"], each.get("id")) == key else each for each in shown]
