"""What a bot reaches over HTTP: Web API, Socket Mode, response_url, uploads; each becomes a call on the exchange."""

import asyncio
import json
import time
from dataclasses import replace

from aiohttp import WSMsgType, web

from bot.workspace.exchange import Call, Reply, rate_limited
from bot.workspace.faults import Fault, FaultKind
from bot.workspace.hooks import respond
from bot.workspace.shared import Shared
from bot.workspace.wire import Json

MAX_BODY_BYTES = 8 * 1024 * 1024
_NESTED = {"blocks", "view", "chunks", "metadata", "prompts", "attachments", "loading_messages", "files", "message"}
_JSON_ERRORS = {"invalid_json", "json_not_object"}


class Lines:
    """The routes a bot uses."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._sockets: set[web.WebSocketResponse] = set()

    def add_to(self, app: web.Application) -> None:
        """Add the routes, and hang up politely when *app* shuts down."""
        app.router.add_route("GET", "/api/{method}", self._api)
        app.router.add_route("POST", "/api/{method}", self._api)
        app.router.add_get("/link/", self._link)
        app.router.add_post("/hooks/{hook}", self._hook)
        app.router.add_post("/upload/{upload}", self._upload)
        app.on_shutdown.append(self._hang_up)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        method = request.match_info["method"]
        token, arguments = await _read_call(request)
        with self._shared.changing() as exchange:
            fault = exchange.faults.take_for_call(method)
            reply = _instead(fault, arguments) or exchange.answer(token, method, arguments)
            is_cut = fault is not None and fault.kind in (FaultKind.DROPPED_BEFORE, FaultKind.DROPPED_AFTER)
            status = 0 if is_cut else reply.status
            delay = fault.seconds if fault is not None and fault.kind == FaultKind.SLOW else 0.0
            latency = time.perf_counter() - started + delay
            now = exchange.clock.now()
            exchange.calls.append(Call(method, arguments, reply.error, status, latency, now, reply.body))
        await asyncio.sleep(delay)
        if is_cut and request.transport is not None:
            request.transport.abort()
        return web.json_response(reply.body, status=reply.status, headers=reply.headers)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        with self._shared.changing() as exchange:
            if not exchange.takes_ticket(request.query.get("ticket", "")):
                return web.Response(status=408, text="the ticket is used or too old")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        outbox: asyncio.Queue[Json] = asyncio.Queue()
        writer = asyncio.create_task(_write(socket, outbox))
        self._sockets.add(socket)
        number = self._connect(request, outbox)
        try:
            await self._read_acks(socket)
        finally:
            writer.cancel()
            self._sockets.discard(socket)
            with self._shared.changing() as exchange:
                exchange.delivery.leave(number)
        return socket

    def _connect(self, request: web.Request, outbox: "asyncio.Queue[Json]") -> int:
        loop = asyncio.get_running_loop()

        def send(frame: Json) -> None:
            loop.call_soon_threadsafe(outbox.put_nowait, frame)

        def cut() -> None:
            if request.transport is not None:
                loop.call_soon_threadsafe(request.transport.abort)

        with self._shared.changing() as exchange:
            return exchange.delivery.connect(send, cut)

    async def _read_acks(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                continue
            ack = _object(message.data)
            with self._shared.changing() as exchange:
                exchange.delivery.acknowledge(str(ack.get("envelope_id", "")), ack.get("payload") or {})

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        _, body = await _read_call(request)
        body = _object(body["payload"]) if "payload" in body else body
        with self._shared.changing() as exchange:
            reply = respond(exchange, request.match_info["hook"], body)
        if reply.status == 200:
            return web.Response(text="ok")
        return web.json_response(reply.body, status=reply.status)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        with self._shared.changing() as exchange:
            upload = exchange.state.uploads.get(request.match_info["upload"])
            if upload is None:
                return web.Response(status=404)
            exchange.state.uploads[upload.id] = replace(upload, content=content)
        return web.Response(text=f"OK - {len(content)}")

    async def _hang_up(self, app: web.Application) -> None:
        del app
        for socket in list(self._sockets):
            await socket.close(code=1001)


async def _write(socket: web.WebSocketResponse, outbox: "asyncio.Queue[Json]") -> None:
    while not socket.closed:
        frame = await outbox.get()
        try:
            await socket.send_json(frame)
        except ConnectionError:
            return


async def _read_call(request: web.Request) -> tuple[str | None, Json]:
    """Return the token and the arguments; nested JSON is read, the query string merged."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        arguments |= _json_body(await request.text())
    else:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    in_form = arguments.pop("token", None) if request.content_type != "application/json" else request.query.get("token")
    arguments.pop("token", None)
    token = bearer.strip() if scheme.lower() == "bearer" else in_form
    return token, {name: _nested(name, value) for name, value in arguments.items()}


def _json_body(text: str) -> Json:
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        return {"_error": "invalid_json"}
    return body if isinstance(body, dict) else {"_error": "json_not_object"}


def _nested(name: str, value: object) -> object:
    if name not in _NESTED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _object(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _instead(fault: Fault | None, arguments: Json) -> Reply | None:
    """Return what is answered without making the call, if anything is."""
    if arguments.get("_error") in _JSON_ERRORS:
        return Reply({"ok": False, "error": arguments["_error"]})
    return None if fault is None else _faulty(fault)


def _faulty(fault: Fault) -> Reply | None:
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            return rate_limited(fault.seconds)
        case FaultKind.SERVER_ERROR:
            return Reply({"ok": False, "error": "internal_error"}, fault.status)
        case FaultKind.REFUSED:
            return Reply({"ok": False, "error": fault.error})
        case FaultKind.DROPPED_BEFORE:
            return Reply({})
        case _:
            return None
