"""chat.*: posting, changing and deleting messages."""

from dataclasses import replace

from bot.workspace.errors import CallRefused
from bot.workspace.forms import message_form
from bot.workspace.limits import MAX_UPDATED_TEXT, check_blocks, check_markdown, check_metadata, check_text
from bot.workspace.messages import Message
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import BOT_ID, BOT_USER_ID, TEAM_DOMAIN, Channel
from bot.workspace.state import Scheduled
from bot.workspace.wire import Json

MAX_SCHEDULE_SECONDS = 120 * 24 * 3600


def post_message(desk: Desk, arguments: Arguments) -> Json:
    """chat.postMessage."""
    channel = desk.writable_channel(arguments.text("channel"))
    message = desk.post(_new_message(desk, channel, arguments))
    return {"channel": channel.id, "ts": message.ts, "message": message_form(message)}


def post_ephemeral(desk: Desk, arguments: Arguments) -> Json:
    """chat.postEphemeral: only one person sees it, nobody can change it and no event tells of it."""
    channel = desk.writable_channel(arguments.text("channel"))
    person = arguments.text("user")
    if person not in channel.members:
        raise CallRefused("user_not_in_channel")
    message = desk.post(replace(_new_message(desk, channel, arguments), visible_to=person))
    return {"message_ts": message.ts}


def update(desk: Desk, arguments: Arguments) -> Json:
    """chat.update: what is not given stays as it was, except that a given text or markdown replaces the other."""
    channel = desk.joined_channel(arguments.text("channel"))
    previous = desk.own_message(channel, arguments.text("ts"), "cant_update_message")
    _refuse_while_streaming(desk, previous, "streaming_state_conflict")
    if previous.subtype == "tombstone":
        raise CallRefused("message_not_found")
    message = desk.change(_changed(previous, arguments), previous)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message_form(message)}


def delete(desk: Desk, arguments: Arguments) -> Json:
    """chat.delete."""
    channel = desk.joined_channel(arguments.text("channel"))
    message = desk.own_message(channel, arguments.text("ts"), "cant_delete_message")
    _refuse_while_streaming(desk, message, "cant_delete_message")
    desk.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(desk: Desk, arguments: Arguments) -> Json:
    """chat.getPermalink."""
    channel = desk.known_channel(arguments.text("channel"))
    message = desk.visible_message(channel, arguments.text("message_ts"))
    address = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.is_reply else ""
    return {"channel": channel.id, "permalink": address + thread}


def schedule_message(desk: Desk, arguments: Arguments) -> Json:
    """chat.scheduleMessage."""
    channel = desk.writable_channel(arguments.text("channel"))
    due = float(arguments.number("post_at", 0))
    if due <= desk.state.clock.now():
        raise CallRefused("time_in_past")
    if due > desk.state.clock.now() + MAX_SCHEDULE_SECONDS:
        raise CallRefused("time_too_far")
    scheduled = Scheduled(desk.state.new_id("Q"), due, _new_message(desk, channel, arguments))
    desk.state.scheduled[scheduled.id] = scheduled
    return {"channel": channel.id, "scheduled_message_id": scheduled.id, "post_at": int(due)}


def _new_message(desk: Desk, channel: Channel, arguments: Arguments) -> Message:
    content = _content(arguments)
    thread_ts = arguments.maybe("thread_ts")
    desk.check_thread(channel, thread_ts)
    if thread_ts and arguments.flag("reply_broadcast"):
        content = replace(content, subtype="thread_broadcast")
    return replace(content, channel=channel.id, ts=desk.state.new_ts(), thread_ts=thread_ts)


def _content(arguments: Arguments) -> Message:
    text, markdown = arguments.maybe("text") or "", arguments.maybe("markdown_text") or ""
    blocks, attachments = arguments.objects("blocks", "invalid_blocks_format"), arguments.objects("attachments")
    if not (text.strip() or markdown.strip() or blocks or attachments):
        raise CallRefused("no_text")
    if markdown and (text or blocks):
        raise CallRefused("markdown_text_conflict")
    check_text(text)
    check_markdown([markdown])
    check_blocks(blocks)
    return Message(
        channel="",
        ts="",
        user=BOT_USER_ID,
        bot_id=BOT_ID,
        text=markdown or text,
        is_markdown=bool(markdown),
        blocks=tuple(blocks),
        attachments=tuple(attachments),
        metadata=_metadata(arguments),
        links_names=arguments.flag("link_names") or arguments.maybe("parse") == "full",
    )


def _changed(previous: Message, arguments: Arguments) -> Message:
    given = [name for name in ("text", "markdown_text", "blocks", "attachments") if arguments.has(name)]
    if not given:
        raise CallRefused("no_text")
    check_text(arguments.maybe("text") or "", MAX_UPDATED_TEXT)
    cleared = given == ["blocks"] and not arguments.objects("blocks", "invalid_blocks_format") and previous.text
    content = replace(previous, is_markdown=False) if cleared else _content(arguments)
    says = arguments.has("text") or arguments.has("markdown_text")
    return replace(
        previous,
        text=content.text if says else previous.text,
        is_markdown=content.is_markdown if says else previous.is_markdown,
        chunks=() if says else previous.chunks,
        blocks=tuple(arguments.objects("blocks")) if arguments.has("blocks") else previous.blocks,
        attachments=content.attachments if arguments.has("attachments") else previous.attachments,
        metadata=content.metadata or previous.metadata,
        links_names=content.links_names,
        stream=previous.stream and replace(previous.stream, is_open=False),
    )


def _metadata(arguments: Arguments) -> Json | None:
    metadata = arguments.mapping("metadata", "invalid_metadata_format")
    if metadata is not None:
        check_metadata(metadata)
    return metadata


def _refuse_while_streaming(desk: Desk, message: Message, error: str) -> None:
    if message.stream is not None and message.stream.lives(desk.state.clock.now()):
        raise CallRefused(error)
