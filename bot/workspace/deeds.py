"""What the page can do, by name: each deed reads a JSON body, acts on the exchange and returns what the page needs."""

from collections.abc import Callable, Mapping

from bot.workspace import gestures, submissions
from bot.workspace.errors import GestureRefused
from bot.workspace.exchange import Exchange
from bot.workspace.faults import Fault, FaultKind
from bot.workspace.forms import typed
from bot.workspace.gestures import find_channel, find_message, find_person, find_view
from bot.workspace.wire import Json


def _say(exchange: Exchange, body: Json) -> Json:
    person = find_person(exchange, body["person"])
    channel = find_channel(exchange, body["channel"], person)
    text = str(body["text"])
    if text.startswith("/") and not body.get("thread_ts"):
        name, _, rest = text.partition(" ")
        gestures.command(exchange, person, channel, name, rest.strip())
        return {}
    return {"ts": gestures.say(exchange, person, channel, _typed(exchange, text), body.get("thread_ts")).ts}


def _press(exchange: Exchange, body: Json) -> Json:
    person = find_person(exchange, body["person"])
    wanted = (str(body["action_id"]), body.get("block_id"))
    pressed = gestures.Pressed(wanted, body.get("value"), body.get("state") or {})
    if "view_id" in body:
        gestures.press_in_view(exchange, find_view(exchange, body["view_id"]), pressed)
        return {}
    gestures.press(exchange, person, find_message(exchange, body["channel"], body["ts"]), pressed)
    return {}


def _suggest(exchange: Exchange, body: Json) -> Json:
    person = find_person(exchange, body["person"])
    wanted = (str(body["action_id"]), body.get("block_id"))
    place = (
        find_view(exchange, body["view_id"])
        if "view_id" in body
        else find_message(exchange, body["channel"], body["ts"])
    )
    gestures.look_up(exchange, person, place, wanted, str(body["typed"]))
    return {}


def _submit(exchange: Exchange, body: Json) -> Json:
    submissions.submit(exchange, find_view(exchange, body["view_id"]), body["values"])
    return {}


def _close(exchange: Exchange, body: Json) -> Json:
    submissions.close(exchange, find_view(exchange, body["view_id"]))
    return {}


def _shortcut(exchange: Exchange, body: Json) -> Json:
    message = find_message(exchange, body["channel"], body["ts"])
    gestures.shortcut(exchange, find_person(exchange, body["person"]), message, str(body["callback_id"]))
    return {}


def _open_home(exchange: Exchange, body: Json) -> Json:
    gestures.open_home(exchange, find_person(exchange, body["person"]), str(body.get("tab", "home")))
    return {}


def _react(exchange: Exchange, body: Json) -> Json:
    message = find_message(exchange, body["channel"], body["ts"])
    gestures.react(exchange, find_person(exchange, body["person"]), message, str(body["name"]))
    return {}


def _edit(exchange: Exchange, body: Json) -> Json:
    _check_author(exchange, body)
    gestures.edit(exchange, find_channel(exchange, body["channel"]), body["ts"], _typed(exchange, str(body["text"])))
    return {}


def _delete(exchange: Exchange, body: Json) -> Json:
    _check_author(exchange, body)
    gestures.delete(exchange, find_channel(exchange, body["channel"]), body["ts"])
    return {}


def _invite(exchange: Exchange, body: Json) -> Json:
    gestures.invite(exchange, find_person(exchange, body["person"]), find_channel(exchange, body["channel"]))
    return {}


def _disconnect(exchange: Exchange, body: Json) -> Json:
    exchange.delivery.disconnect(str(body.get("reason", "refresh_requested")))
    return {}


def _sever(exchange: Exchange, body: Json) -> Json:
    del body
    exchange.delivery.sever()
    return {}


def _redeliver(exchange: Exchange, body: Json) -> Json:
    """Send again the events of one message, or of the newest that a person wrote."""
    ts = body.get("ts") or _newest(exchange)
    return {"count": exchange.redeliver(str(ts))}


def _inject(exchange: Exchange, body: Json) -> Json:
    wishes = {name: body[name] for name in ("method", "times", "seconds", "status", "error") if name in body}
    exchange.faults.put(Fault(FaultKind(body["kind"]), **wishes))
    return {}


def _calm(exchange: Exchange, body: Json) -> Json:
    del body
    exchange.faults.clear()
    return {}


def _advance(exchange: Exchange, body: Json) -> Json:
    exchange.clock.advance(float(body["seconds"]))
    return {}


def _typed(exchange: Exchange, text: str) -> str:
    people = {person.name: person.id for person in exchange.state.people.values()}
    channels = {each.name: each.id for each in exchange.state.channels.values() if each.kind != "im"}
    return typed(text, people, channels)


def _check_author(exchange: Exchange, body: Json) -> None:
    message = find_message(exchange, body["channel"], body["ts"])
    if message.user != find_person(exchange, body["person"]).id:
        raise GestureRefused("people change only what they wrote themselves")


def _newest(exchange: Exchange) -> str:
    written = [
        message.ts
        for channel in exchange.state.channels
        for message in exchange.state.messages(channel)
        if message.bot_id is None and not message.is_ephemeral
    ]
    if not written:
        raise GestureRefused("nobody has written anything yet")
    return max(written, key=float)


DEEDS: Mapping[str, Callable[[Exchange, Json], Json]] = {
    "say": _say,
    "press": _press,
    "suggest": _suggest,
    "submit": _submit,
    "close": _close,
    "shortcut": _shortcut,
    "open_home": _open_home,
    "react": _react,
    "edit": _edit,
    "delete": _delete,
    "invite": _invite,
    "disconnect": _disconnect,
    "sever": _sever,
    "redeliver": _redeliver,
    "inject": _inject,
    "calm": _calm,
    "advance": _advance,
}
