"""reactions.*: emoji under messages, put there by the bot."""

import re

from bot.workspace import events
from bot.workspace.errors import CallRefused
from bot.workspace.forms import message_form
from bot.workspace.messages import Message, has_reaction, with_reaction, without_reaction
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import BOT_USER_ID
from bot.workspace.wire import Json

_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def add(desk: Desk, arguments: Arguments) -> Json:
    """reactions.add."""
    name, message = _name(arguments), _message(desk, arguments)
    if has_reaction(message, name, BOT_USER_ID):
        raise CallRefused("already_reacted")
    _keep(desk, "reaction_added", name, with_reaction(message, name, BOT_USER_ID))
    return {}


def remove(desk: Desk, arguments: Arguments) -> Json:
    """reactions.remove."""
    name, message = _name(arguments), _message(desk, arguments)
    if not has_reaction(message, name, BOT_USER_ID):
        raise CallRefused("no_reaction")
    _keep(desk, "reaction_removed", name, without_reaction(message, name, BOT_USER_ID))
    return {}


def get(desk: Desk, arguments: Arguments) -> Json:
    """reactions.get."""
    message = _message(desk, arguments)
    return {"type": "message", "channel": message.channel, "message": message_form(message)}


def _name(arguments: Arguments) -> str:
    name = arguments.text("name").strip(":")
    if not _NAME.fullmatch(name):
        raise CallRefused("invalid_name")
    return name


def _message(desk: Desk, arguments: Arguments) -> Message:
    channel = desk.joined_channel(arguments.text("channel"))
    return desk.visible_message(channel, arguments.text("timestamp"))


def _keep(desk: Desk, kind: str, name: str, message: Message) -> None:
    desk.state.put(message)
    desk.echo(events.reaction_changed(kind, BOT_USER_ID, name, message, desk.state.new_ts()))
