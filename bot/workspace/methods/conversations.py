"""conversations.*: channels and what was said in them."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from bot.workspace import events
from bot.workspace.errors import CallRefused
from bot.workspace.forms import channel_form, message_form, parent_form
from bot.workspace.messages import Message
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import BOT_USER_ID, ChannelKind
from bot.workspace.wire import Json

T = TypeVar("T")
MAX_LIMIT = 999
_KINDS: dict[str, ChannelKind] = {"public_channel": "channel", "private_channel": "group", "im": "im"}


def info(desk: Desk, arguments: Arguments) -> Json:
    """conversations.info."""
    return {"channel": channel_form(desk.known_channel(arguments.text("channel")))}


def list_channels(desk: Desk, arguments: Arguments) -> Json:
    """conversations.list: the kinds asked for, as far as the bot may know of them."""
    names = arguments.listed("types", "public_channel")
    if any(name not in (*_KINDS, "mpim") for name in names):
        raise CallRefused("invalid_types")
    kinds = {_KINDS[name] for name in names if name in _KINDS}
    known = [
        channel
        for channel in desk.state.channels.values()
        if channel.kind in kinds and (channel.kind == "channel" or BOT_USER_ID in channel.members)
    ]
    if arguments.flag("exclude_archived"):
        known = [channel for channel in known if not channel.is_archived]
    page, metadata = _page(known, arguments, default=100)
    return {"channels": [channel_form(channel) for channel in page], **metadata}


def members(desk: Desk, arguments: Arguments) -> Json:
    """conversations.members."""
    channel = desk.known_channel(arguments.text("channel"))
    page, metadata = _page(sorted(channel.members), arguments, default=100)
    return {"members": page, **metadata}


def history(desk: Desk, arguments: Arguments) -> Json:
    """conversations.history: newest first, without replies, as the bot may read it."""
    channel = desk.joined_channel(arguments.text("channel"))
    top = [
        message
        for message in desk.state.messages(channel.id)
        if not message.is_ephemeral and (not message.is_reply or message.subtype == "thread_broadcast")
    ]
    page, metadata = _page(_between(top[::-1], arguments), arguments, default=100)
    forms = [parent_form(message, _replies(desk, message)) for message in page]
    return {"messages": forms, "has_more": _has_more(metadata), "pin_count": 0, **metadata}


def replies(desk: Desk, arguments: Arguments) -> Json:
    """conversations.replies: the parent and what was said below it, oldest first; a reply's ts gives it alone."""
    channel = desk.joined_channel(arguments.text("channel"))
    first = desk.state.message(channel.id, arguments.text("ts"))
    if first is None or first.is_ephemeral:
        raise CallRefused("thread_not_found")
    below = [first] if first.is_reply else [first, *_replies(desk, first)]
    page, metadata = _page(_between(below, arguments, always=first), arguments, default=1000)
    forms = [parent_form(each, _replies(desk, each)) if each == first else message_form(each) for each in page]
    return {"messages": forms, "has_more": _has_more(metadata), **metadata}


def open_direct(desk: Desk, arguments: Arguments) -> Json:
    """conversations.open, for one person."""
    if arguments.has("channel"):
        return {"channel": channel_form(desk.known_channel(arguments.text("channel")))}
    people = arguments.listed("users", "")
    if len(people) != 1:
        raise CallRefused("users_list_not_supplied" if not people else "not_enough_users")
    person = desk.known_person(people[0])
    channel = desk.state.direct_channel({person.id, BOT_USER_ID})
    if channel is None:
        raise CallRefused("cannot_dm_bot")
    return {"channel": channel_form(channel) if arguments.flag("return_im") else {"id": channel.id}}


def join(desk: Desk, arguments: Arguments) -> Json:
    """conversations.join: a public channel only."""
    channel = desk.known_channel(arguments.text("channel"))
    if channel.kind != "channel":
        raise CallRefused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise CallRefused("is_archived")
    if BOT_USER_ID not in channel.members:
        channel = replace(channel, members=channel.members | {BOT_USER_ID})
        desk.state.channels[channel.id] = channel
        desk.echo(events.joined(BOT_USER_ID, channel, BOT_USER_ID, desk.state.new_ts()))
    return {"channel": channel_form(channel)}


def _replies(desk: Desk, parent: Message) -> list[Message]:
    thread = desk.state.thread(parent.channel, parent.ts)
    return [message for message in thread if message.ts != parent.ts and not message.is_ephemeral]


def _between(messages: Sequence[Message], arguments: Arguments, always: Message | None = None) -> list[Message]:
    oldest, latest = _moment(arguments, "oldest", 0.0), _moment(arguments, "latest", float("inf"))
    touches = arguments.flag("inclusive")

    def fits(message: Message) -> bool:
        moment = float(message.ts)
        return oldest < moment < latest or (touches and moment in (oldest, latest))

    return [message for message in messages if message is always or fits(message)]


def _moment(arguments: Arguments, name: str, default: float) -> float:
    value = arguments.maybe(name)
    if not value:
        return default
    try:
        return float(value)
    except ValueError as error:
        raise CallRefused(f"invalid_ts_{name}") from error


def _page(everything: Sequence[T], arguments: Arguments, default: int) -> tuple[list[T], Json]:
    limit = arguments.number("limit", default) or default
    if limit < 0 or limit > max(MAX_LIMIT, default):
        raise CallRefused("invalid_limit")
    start = _read_cursor(arguments.maybe("cursor"))
    end = start + limit
    following = _write_cursor(end) if end < len(everything) else ""
    return list(everything[start:end]), {"response_metadata": {"next_cursor": following}}


def _has_more(metadata: Json) -> bool:
    return bool(metadata["response_metadata"]["next_cursor"])


def _write_cursor(place: int) -> str:
    return base64.b64encode(f"next:{place}".encode()).decode()


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (ValueError, binascii.Error) as error:
        raise CallRefused("invalid_cursor") from error
