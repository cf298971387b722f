"""Live updates: over a WebSocket the page says whom it shows, and gets what changed as soon as it changes."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from bot.workspace.errors import GestureRefused
from bot.workspace.gestures import find_person
from bot.workspace.shared import Shared
from bot.workspace.showing import log_parts, parts
from bot.workspace.wire import Json

SECONDS_BETWEEN_UPDATES = 0.05  # a stream of tokens is shown twenty times a second, not a thousand
SECONDS_WITHOUT_CHANGE = 5.0  # after which time alone may have changed something: a status ends


@dataclass(slots=True)
class _Looking:
    """What one page shows: as whom, with the developer's log or without, and what it was sent before."""

    person: str = ""
    with_log: bool = False
    sent: dict[str, str] = field(default_factory=dict)


class Live:
    """The WebSockets of open pages."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._sockets: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Keep one page up to date until it leaves."""
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self._sockets.add(socket)
        changed, looking = asyncio.Event(), _Looking()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended: so has the page
                loop.call_soon_threadsafe(changed.set)

        with self._shared.watching(wake):
            sender = asyncio.create_task(self._send_changes(socket, changed, looking))
            try:
                await _read_wishes(socket, changed, looking)
            finally:
                sender.cancel()
                self._sockets.discard(socket)
        return socket

    async def hang_up(self, app: web.Application) -> None:
        """Close every socket, when the application shuts down."""
        del app
        for socket in list(self._sockets):
            await socket.close(code=1001)

    async def _send_changes(self, socket: web.WebSocketResponse, changed: asyncio.Event, looking: _Looking) -> None:
        while not socket.closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), SECONDS_WITHOUT_CHANGE)
            changed.clear()
            update = self._update(looking)
            if update is not None:
                with suppress(ConnectionError):
                    await socket.send_json(update)
            await asyncio.sleep(SECONDS_BETWEEN_UPDATES)

    def _update(self, looking: _Looking) -> Json | None:
        """Return what differs from what was sent, None where nothing does; a part that is gone is None."""
        if not looking.person:
            return None
        with self._shared.reading() as exchange:
            try:
                shown = parts(exchange, find_person(exchange, looking.person))
            except GestureRefused as refusal:
                return {"error": str(refusal)}
            written = {name: json.dumps(part) for name, part in shown.items()}
            if looking.with_log:
                written |= {name: json.dumps(part) for name, part in log_parts(exchange).items()}
        changes = {name: json.loads(part) for name, part in written.items() if looking.sent.get(name) != part}
        gone = dict.fromkeys(looking.sent.keys() - written.keys())
        is_fresh = not looking.sent
        looking.sent = written
        return {"fresh": is_fresh, "parts": changes | gone} if changes or gone else None


async def _read_wishes(socket: web.WebSocketResponse, changed: asyncio.Event, looking: _Looking) -> None:
    async for message in socket:
        if message.type != WSMsgType.TEXT:
            continue
        with suppress(ValueError, AttributeError):
            wish = json.loads(message.data)
            if wish.get("person") != looking.person:
                looking.person, looking.sent = str(wish.get("person", "")), {}
            looking.with_log = bool(wish.get("log"))
            changed.set()
