"""The page in the browser and its calls: what it shows, what it can do, and who may use it.

Every request must name this machine as its host and come from no other site; the page and its calls need the token in
the address.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.workspace import gestures, submissions
from bot.workspace.errors import CallRefused, GestureRefused
from bot.workspace.exchange import Exchange
from bot.workspace.faults import Fault, FaultKind
from bot.workspace.forms import typed
from bot.workspace.gestures import find_channel, find_message, find_person, find_view
from bot.workspace.messages import Message
from bot.workspace.shared import Shared
from bot.workspace.wire import Json

_FOLDER = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guard(port: int) -> Middleware:
    """Return a middleware that refuses requests a foreign web page could cause."""
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        named = request.headers.get("Host")
        is_link = named == "127.0.0.1" and request.path == "/link/"  # slack-sdk's socket client names no port
        if not (named in hosts or is_link) or (origin is not None and origin not in origins):
            return web.Response(status=403, text="only from this machine")
        return await handler(request)

    return only_from_here


class Page:
    """The routes a browser uses, all behind *token*."""

    def __init__(self, shared: Shared, token: str) -> None:
        self._shared = shared
        self._token = token

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/", self._show)
        app.router.add_get("/page.js", _script)
        app.router.add_get("/page.css", _style)
        app.router.add_get("/control/state", self._state)
        app.router.add_post("/control/{deed}", self._do)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        if not self._is_let_in(request):
            return web.Response(status=403, text="open the address that was printed at the start", headers=_HEADERS)
        return _file("page.html", "text/html")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        if not self._is_let_in(request):
            return web.Response(status=403, headers=_HEADERS)
        if request.query.get("version") == str(self._shared.version):
            return web.Response(status=204, headers=_HEADERS)
        try:
            with self._shared.reading() as exchange:
                shown = _shown(exchange, request.query.get("person", "maya"))
                return web.json_response(shown | {"version": self._shared.version}, headers=_HEADERS)
        except GestureRefused as refusal:
            return web.json_response({"error": str(refusal)}, status=400, headers=_HEADERS)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        if not self._is_let_in(request):
            return web.Response(status=403, headers=_HEADERS)
        deed = DEEDS.get(request.match_info["deed"])
        if deed is None or request.content_type != "application/json":
            return web.Response(status=404, headers=_HEADERS)
        try:
            body = json.loads(await request.text())
            with self._shared.changing() as exchange:
                return web.json_response({"ok": True, **deed(exchange, body)}, headers=_HEADERS)
        except (GestureRefused, CallRefused, KeyError, TypeError, ValueError) as refusal:
            return web.json_response({"ok": False, "error": str(refusal)}, status=400, headers=_HEADERS)

    def _is_let_in(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.query.get("token", "").encode(), self._token.encode())


async def _script(request: web.Request) -> web.StreamResponse:
    del request
    return _file("page.js", "text/javascript")


async def _style(request: web.Request) -> web.StreamResponse:
    del request
    return _file("page.css", "text/css")


def _file(name: str, content_type: str) -> web.Response:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=content_type, charset="utf-8", headers=_HEADERS)


def _shown(exchange: Exchange, who: str) -> Json:
    person = find_person(exchange, who)
    state = exchange.state
    channels = [channel for channel in state.channels.values() if person.id in channel.members]
    home = state.homes.get(person.id)
    return {
        "you": person.id,
        "connections": exchange.delivery.connections,
        "people": [
            {"id": each.id, "name": each.real_name, "is_bot": each.is_bot, "is_admin": each.is_admin}
            for each in state.people.values()
        ],
        "channels": [{"id": channel.id, "name": channel.name, "kind": channel.kind} for channel in channels],
        "messages": {channel.id: _seen(exchange, channel.id, person.id) for channel in channels},
        "notes": [
            {
                "channel": channel,
                "thread_ts": ts,
                "prompts": list(notes.prompts),
                "status": notes.status_at(exchange.clock.now()),
            }
            for (channel, ts), notes in state.notes.items()
        ],
        "modals": [{"id": view.id, "errors": dict(view.errors), **view.body} for view in state.modals(person.id)],
        "home": {"id": home.id, "blocks": home.blocks} if home else None,
    }


def _seen(exchange: Exchange, channel: str, person: str) -> list[Json]:
    seen = [message.seen_by(person) for message in exchange.state.messages(channel)]
    return [_message(message) for message in seen if message is not None]


def _message(message: Message) -> Json:
    return {
        "ts": message.ts,
        "thread_ts": message.thread_ts if message.is_reply else None,
        "user": message.user,
        "text": message.text,
        "blocks": [*message.chunks, *message.blocks],
        "is_markdown": message.is_markdown,
        "is_streaming": message.is_streaming,
        "is_ephemeral": message.is_ephemeral,
        "is_edited": message.edited_ts is not None,
        "reactions": [{"name": each.name, "count": len(each.people)} for each in message.reactions],
    }


def _say(exchange: Exchange, body: Json) -> Json:
    person = find_person(exchange, body["person"])
    channel = find_channel(exchange, body["channel"], person)
    text = str(body["text"])
    if text.startswith("/") and not body.get("thread_ts"):
        name, _, rest = text.partition(" ")
        gestures.command(exchange, person, channel, name, rest.strip())
        return {}
    return {"ts": gestures.say(exchange, person, channel, typed(text), body.get("thread_ts")).ts}


def _press(exchange: Exchange, body: Json) -> Json:
    person = find_person(exchange, body["person"])
    wanted = (str(body["action_id"]), body.get("block_id"))
    if "view_id" in body:
        gestures.press_in_view(exchange, find_view(exchange, body["view_id"]), wanted, body.get("value"))
        return {}
    message = find_message(exchange, body["channel"], body["ts"])
    gestures.press(exchange, person, message, wanted, body.get("value"))
    return {}


def _submit(exchange: Exchange, body: Json) -> Json:
    submissions.submit(exchange, find_view(exchange, body["view_id"]), body["values"])
    return {}


def _close(exchange: Exchange, body: Json) -> Json:
    submissions.close(exchange, find_view(exchange, body["view_id"]))
    return {}


def _open_home(exchange: Exchange, body: Json) -> Json:
    gestures.open_home(exchange, find_person(exchange, body["person"]), str(body.get("tab", "home")))
    return {}


def _react(exchange: Exchange, body: Json) -> Json:
    message = find_message(exchange, body["channel"], body["ts"])
    gestures.react(exchange, find_person(exchange, body["person"]), message, str(body["name"]))
    return {}


def _edit(exchange: Exchange, body: Json) -> Json:
    gestures.edit(exchange, find_channel(exchange, body["channel"]), body["ts"], typed(str(body["text"])))
    return {}


def _delete(exchange: Exchange, body: Json) -> Json:
    gestures.delete(exchange, find_channel(exchange, body["channel"]), body["ts"])
    return {}


def _disconnect(exchange: Exchange, body: Json) -> Json:
    exchange.delivery.disconnect(str(body.get("reason", "refresh_requested")))
    return {}


def _inject(exchange: Exchange, body: Json) -> Json:
    exchange.faults.put(Fault(**{**body, "kind": FaultKind(body["kind"])}))
    return {}


def _advance(exchange: Exchange, body: Json) -> Json:
    exchange.clock.advance(float(body["seconds"]))
    return {}


DEEDS: Mapping[str, Callable[[Exchange, Json], Json]] = {
    "say": _say,
    "press": _press,
    "submit": _submit,
    "close": _close,
    "open_home": _open_home,
    "react": _react,
    "edit": _edit,
    "delete": _delete,
    "disconnect": _disconnect,
    "inject": _inject,
    "advance": _advance,
}
