"""What the page shows one person, in parts: what has not changed need not be sent again."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from bot.workspace.delivery import Envelope
from bot.workspace.exchange import Call, Exchange
from bot.workspace.messages import Message
from bot.workspace.people import TEAM_NAME, Channel, Person
from bot.workspace.state import Upload
from bot.workspace.views import View
from bot.workspace.wire import Json

MAX_LOG = 300  # calls, and as many envelopes


def parts(exchange: Exchange, person: Person) -> dict[str, object]:
    """Return everything *person* sees, by the name of the part."""
    state = exchange.state
    channels = [channel for channel in state.channels.values() if person.id in channel.members]
    home = state.homes.get(person.id)
    shown: dict[str, object] = {
        "you": person.id,
        "team": TEAM_NAME,
        "has_wiki": exchange.has_wiki,
        "connections": exchange.delivery.connections,
        "people": [_person(each) for each in state.people.values()],
        "groups": [{"id": group.id, "handle": group.handle} for group in state.groups.values()],
        "channels": [_channel(channel) for channel in channels],
        "commands": [asdict(command) for command in exchange.commands],
        "shortcuts": [asdict(shortcut) for shortcut in exchange.shortcuts],
        "notes": list(_notes(exchange, {channel.id for channel in channels})),
        "modals": [_modal(view) for view in state.modals(person.id)],
        "home": {"id": home.id, "blocks": home.blocks} if home else None,
        "suggestions": dict(state.suggestions.get(person.id, {})),
    }
    files = state.uploads
    return shown | {f"messages/{channel.id}": _messages(exchange, channel, person.id, files) for channel in channels}


def log_parts(exchange: Exchange) -> dict[str, object]:
    """Return the newest calls and envelopes, one part each, and the faults that wait."""
    first = max(0, len(exchange.calls) - MAX_LOG)
    calls = {f"log/call-{number}": _call(call) for number, call in enumerate(exchange.calls[first:], first)}
    envelopes = {f"log/{each.id}": _envelope(each) for each in exchange.delivery.envelopes[-MAX_LOG:]}
    waiting = exchange.faults.waiting()
    faults = [{"kind": each.kind, "method": each.method, "times": each.times} for each in waiting]
    return {**calls, **envelopes, "faults": faults}


def _person(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.real_name,
        "handle": person.name,
        "is_bot": person.is_bot,
        "is_admin": person.is_admin,
    }


def _channel(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "members": sorted(channel.members),
        "is_archived": channel.is_archived,
    }


def _notes(exchange: Exchange, channels: set[str]) -> Iterator[Json]:
    now = exchange.clock.now()
    for (channel, ts), notes in exchange.state.notes.items():
        if channel in channels:
            status = notes.status_at(now)
            yield {
                "channel": channel,
                "thread_ts": ts,
                "title": notes.title,
                "prompts": list(notes.prompts),
                "status": status,
                "loading": list(notes.status.loading_messages) if status and notes.status else [],
            }


def _modal(view: View) -> Json:
    return {"id": view.id, "hash": view.hash, "errors": dict(view.errors), **view.body}


def _messages(exchange: Exchange, channel: Channel, person: str, files: Mapping[str, Upload]) -> list[Json]:
    seen = [message.seen_by(person) for message in exchange.state.messages(channel.id)]
    return [_message(message, files) for message in seen if message is not None]


def _message(message: Message, files: Mapping[str, Upload]) -> Json:
    return {
        "ts": message.ts,
        "thread_ts": message.thread_ts if message.is_reply else None,
        "user": message.user,
        "text": message.text,
        "blocks": [*message.chunks, *message.blocks],
        "attachments": list(message.attachments),
        "files": [_file(files[each]) for each in message.files if each in files],
        "is_markdown": message.is_markdown,
        "is_streaming": message.is_streaming,
        "is_ephemeral": message.is_ephemeral,
        "is_edited": message.edited_ts is not None and message.bot_id is None,
        "is_deleted": message.subtype == "tombstone",
        "reactions": [{"name": each.name, "people": list(each.people)} for each in message.reactions],
    }


def _file(upload: Upload) -> Json:
    return {"id": upload.id, "name": upload.name, "title": upload.title or upload.name, "size": upload.length}


def _call(call: Call) -> Json:
    return {
        "kind": "call",
        "name": call.method,
        "at": call.at,
        "milliseconds": round(call.latency * 1000, 1),
        "status": call.status,
        "error": call.error,
        "sent": call.arguments,
        "answer": call.answer,
    }


def _envelope(envelope: Envelope) -> Json:
    inner = envelope.payload.get("event", envelope.payload)
    acked_at = envelope.acked_at
    return {
        "kind": "event",
        "name": str(inner.get("command") or inner.get("type") or envelope.kind),
        "at": envelope.sent_at,
        "milliseconds": None if acked_at is None else round((acked_at - envelope.sent_at) * 1000, 1),
        "attempt": envelope.attempt,
        "error": "",
        "is_acked": envelope.is_acked,
        "sent": envelope.payload,
        "answer": envelope.answer,
    }
