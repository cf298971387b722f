"""The payloads Slack sends to a bot: events, commands, presses and submitted forms."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.workspace.forms import message_form, view_form
from bot.workspace.messages import Message
from bot.workspace.people import APP_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, Channel, ChannelKind, Person
from bot.workspace.views import View
from bot.workspace.wire import Json

VERIFICATION_TOKEN = "local-workspace"  # noqa: S105  Slack's deprecated token, sent but never checked
_HISTORY_SCOPES: Mapping[ChannelKind, str] = {
    "channel": "channels:history",
    "group": "groups:history",
    "im": "im:history",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event and the *scope* without which Slack does not send it; *is_echo* for what the bot itself caused."""

    body: Json
    scope: str | None = None
    is_echo: bool = False


def event_callback(event: Json, event_id: str, at: float) -> Json:
    """Wrap *event* as the Events API does."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(at),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event_id}",
        "event": event,
    }


def message_sent(message: Message, channel: Channel) -> Event:
    """Tell of a new message."""
    return _message_event(message_form(message) | {"event_ts": message.ts}, message, channel)


def bot_mentioned(message: Message) -> Event:
    """Tell of a new message that calls the bot."""
    body = message_form(message) | {"type": "app_mention", "channel": message.channel, "event_ts": message.ts}
    return Event(body, "app_mentions:read")


def message_changed(message: Message, previous: Message, channel: Channel, event_ts: str) -> Event:
    """Tell of an edit."""
    body = {
        "type": "message",
        "subtype": "message_changed",
        "message": message_form(message),
        "previous_message": message_form(previous),
        "hidden": True,
        "ts": event_ts,
        "event_ts": event_ts,
    }
    return _message_event(body, message, channel)


def message_deleted(previous: Message, channel: Channel, event_ts: str) -> Event:
    """Tell of a deletion."""
    body = {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message_form(previous),
        "deleted_ts": previous.ts,
        "hidden": True,
        "ts": event_ts,
        "event_ts": event_ts,
    }
    return _message_event(body, previous, channel)


def reaction_changed(kind: str, person: str, name: str, message: Message, event_ts: str) -> Event:
    """Tell of a reaction; *kind* is ``reaction_added`` or ``reaction_removed``."""
    item = {"type": "message", "channel": message.channel, "ts": message.ts}
    body = {
        "type": kind,
        "user": person,
        "reaction": name,
        "item": item,
        "item_user": message.user,
        "event_ts": event_ts,
    }
    return Event(body, "reactions:read", is_echo=person == BOT_USER_ID)


def home_opened(person: str, channel: str, tab: str, home: View | None, event_ts: str) -> Event:
    """Tell that *person* looks at the bot's Home or Messages *tab*."""
    body: Json = {"type": "app_home_opened", "user": person, "channel": channel, "tab": tab, "event_ts": event_ts}
    return Event(body | ({"view": view_form(home)} if home else {}))


def session_stopped(person: str, message: Message, event_ts: str) -> Event:
    """Tell that *person* pressed Slack's own stop button below the stream *message*."""
    body = {
        "type": "agent_session_stopped",
        "user": person,
        "channel": message.channel,
        "thread_ts": message.thread_ts or message.ts,
        "streaming_message_ts": [message.ts],
        "event_ts": event_ts,
    }
    return Event(body, "assistant:write")


def joined(person: str, channel: Channel, inviter: str, event_ts: str) -> Event:
    """Tell that *person*, perhaps the bot itself, joined *channel*."""
    body = {"type": "member_joined_channel", "user": person, "channel": channel.id, "inviter": inviter, "team": TEAM_ID}
    letter = "C" if channel.kind == "channel" else "G"
    return Event(body | {"channel_type": letter, "event_ts": event_ts}, "channels:read")


def slash_command(
    command: str, text: str, person: Person, channel: Channel, *, trigger_id: str, response_url: str
) -> Json:
    """Return the payload of a slash command."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def interaction(kind: str, person: Person, trigger_id: str) -> Json:
    """Return what interactions have in common; *kind* is ``block_actions``, ``view_submission`` or ``view_closed``."""
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": trigger_id,
    }


def suggestion(person: Person, block_id: str, action_id: str, typed: str) -> Json:
    """Return the question for the options of an external menu in which *typed* was written so far."""
    asked = interaction("block_suggestion", person, "")
    del asked["trigger_id"]
    return asked | {"block_id": block_id, "action_id": action_id, "value": typed}


def message_shortcut(person: Person, trigger_id: str, callback_id: str, message: Message, channel: Channel) -> Json:
    """Return the payload of a shortcut that *person* chose from the menu of *message*."""
    return interaction("message_action", person, trigger_id) | {
        "callback_id": callback_id,
        "action_ts": message.ts,
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "message": message_form(message),
    }


def pressed_in_message(message: Message, channel: Channel, action: Json, response_url: str, values: Json) -> Json:
    """Return what a press below *message* adds; an ephemeral is not repeated to the bot."""
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.is_ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload: Json = {
        "container": container,
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "state": {"values": values},
        "response_url": response_url,
        "actions": [action],
    }
    return payload if message.is_ephemeral else payload | {"message": message_form(message)}


def pressed_in_view(view: View, action: Json, values: Json) -> Json:
    """Return what a press inside *view* adds; *values* as in `submitted`."""
    form = view_form(view) | {"state": {"values": values}}
    return {"container": {"type": "view", "view_id": view.id}, "view": form, "actions": [action]}


def submitted(view: View, values: Json) -> Json:
    """Return what a submitted form adds; *values* map block_id to action_id to the element's state."""
    return {"view": view_form(view) | {"state": {"values": values}}, "response_urls": []}


def closed(view: View) -> Json:
    """Return what a dismissed form adds."""
    return {"view": view_form(view), "is_cleared": False}


def _message_event(body: Json, message: Message, channel: Channel) -> Event:
    full = body | {"channel": channel.id, "channel_type": channel.kind}
    return Event(full, _HISTORY_SCOPES[channel.kind], is_echo=message.bot_id is not None)


def _channel_name(channel: Channel) -> str:
    if channel.kind == "im":
        return "directmessage"
    return channel.name if channel.kind == "channel" else "privategroup"
