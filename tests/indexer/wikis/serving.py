"""A web server on loopback that answers as a test says, and that can fail as servers and networks do."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import httpx2


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its path, its query and form together, its headers in lower case, and its body as it came."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back. With *cut_at*, the body ends there: in silence, or with *resets* by a broken connection."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    resets: bool = False


Fault = Callable[[Reply], Reply]
"""What becomes of a good reply."""


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    """Return *value* as JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json", **named})


def busy(status: int, seconds: int | None = None) -> Fault:
    """Answer with *status*, asking to wait where *seconds* are given."""
    return lambda _: Reply(b"busy", status, {} if seconds is None else {"Retry-After": str(seconds)})


def reset(_: Reply) -> Reply:
    """Break the connection before anything was answered."""
    return Reply(b"", cut_at=0, resets=True)


def reset_midway(reply: Reply) -> Reply:
    """Break the connection in the middle of the body."""
    return Reply(reply.body, reply.status, reply.headers, cut_at=len(reply.body) // 2, resets=True)


def ended_early(reply: Reply) -> Reply:
    """End the body in its middle, though its length was said."""
    return Reply(reply.body, reply.status, reply.headers, cut_at=len(reply.body) // 2)


def cut_json(reply: Reply) -> Reply:
    """Send the first half as if it were all."""
    return Reply(reply.body[: len(reply.body) // 2], reply.status, reply.headers)


def maintenance_page(_: Reply) -> Reply:
    """Answer with a page for people, and status 200."""
    return Reply(b"<html><body>Back soon</body></html>", 200, {"Content-Type": "text/html"})


PASSING_FAULTS: dict[str, Fault] = {
    "429": busy(429),
    "429 with Retry-After": busy(429, 3),
    "500": busy(500),
    "503": busy(503),
    "reset": reset,
    "reset midway": reset_midway,
    "ended early": ended_early,
    "cut JSON": cut_json,
    "maintenance page": maintenance_page,
}
"""All that passes when one asks again."""


class Loopback:
    """The server. *faults* are used up, one a request; `FINE` lets a request through."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.faults: deque[Fault] = deque()
        self.fault_for: Callable[[Asked], Fault | None] = lambda _: None
        self.asked: list[Asked] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def reply_to(self, asked: Asked) -> Reply:
        """Answer, or fail."""
        self.asked.append(asked)
        fault = self.faults.popleft() if self.faults else self.fault_for(asked)
        reply = self.answer(asked)
        return fault(reply) if fault else reply

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and close what is open."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def fine(reply: Reply) -> Reply:
    """Leave a reply as it is."""
    return reply


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Loopback]:
    """Serve for a while."""
    loopback = Loopback(answer)
    loopback.start()
    try:
        yield loopback
    finally:
        loopback.stop()


def transport_to(answer: Callable[[Asked], Reply]) -> httpx2.MockTransport:
    """Return what answers a client without a network, for tests that ask very often."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        parts = urlsplit(str(request.url))
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        params |= dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = answer(Asked(request.method, parts.path, params, headers, request.content))
        return httpx2.Response(reply.status, headers=dict(reply.headers), content=reply.body)

    return httpx2.MockTransport(respond)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    loopback: Loopback

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of broken connections: they are meant."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Log nothing."""

    def _reply(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        params |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.loopback.reply_to(Asked(self.command, parts.path, params, headers, body))
        if reply.cut_at != 0:
            self._send(reply)
        if reply.cut_at is not None:
            self._hang_up(resets=reply.resets)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: reply.cut_at])
        self.wfile.flush()

    def _hang_up(self, *, resets: bool) -> None:
        if resets:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True
