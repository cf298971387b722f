"""Slack over signed HTTP instead of Socket Mode: the same features, behind one address that Slack posts to.

    request ─► small enough? ─► not taken before? ─► Bolt, in a thread: signature, then the features ─► response

It listens on this machine only: a proxy with a certificate stands before it.
"""

import asyncio
import hashlib
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import uvicorn
from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk import WebClient

from bot.errors import SlackUnavailable
from bot.slack.app import Feature, bolt, listener_threads, sign_in

PATH = "/slack/events"
MAX_BODY_BYTES = 1_000_000  # Slack's largest payload, a view, has 250 kB
SECONDS_REMEMBERED = 600.0  # a signature is good for five minutes on either side of our clock

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)


class BodyTooLarge(Exception):
    """A request has more bytes than Slack ever sends."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with."""

    status: int
    body: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"text/plain;charset=utf-8"),)


class Endpoint:
    """The ASGI application that hands each request to *app*, in one of *threads*, once. *clock* gives seconds."""

    def __init__(self, app: App, threads: ThreadPoolExecutor, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._threads = threads
        self._seen = SeenSignatures(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http", "the server is told to speak HTTP alone"
        answer = await self._answer(scope, receive)
        await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        await send({"type": "http.response.body", "body": answer.body.encode()})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["path"] != PATH:
            return Answer(404, "Not Found")
        if scope["method"] != "POST":
            return Answer(405, "Method Not Allowed")
        try:
            body = await _body(receive)
        except BodyTooLarge:
            return Answer(413, "Payload Too Large")
        headers = _headers(scope)
        signature = headers.get("x-slack-signature", "")
        if self._seen.has(signature):
            log.warning("a request was sent a second time and left alone")
            return Answer(200)
        request = BoltRequest(body=body, query=scope["query_string"].decode("latin-1"), headers=dict(headers))
        loop = asyncio.get_running_loop()
        response: BoltResponse = await loop.run_in_executor(self._threads, self._app.dispatch, request)
        if response.status == 200:
            self._seen.add(signature)  # one that was not taken may come again, and a forged one must cost no memory
        return _answer_of(response)


class SeenSignatures:
    """The signatures of the last ten minutes, by their hashes. Used in one thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[bytes, float] = {}

    def has(self, signature: str) -> bool:
        """Return whether *signature* came before, lately."""
        self._forget()
        return _hash(signature) in self._seen

    def add(self, signature: str) -> None:
        """Remember *signature* for a while."""
        self._seen[_hash(signature)] = self._clock()

    def _forget(self) -> None:
        before = self._clock() - SECONDS_REMEMBERED
        while self._seen and next(iter(self._seen.values())) < before:
            del self._seen[next(iter(self._seen))]


class SlackWeb:
    """Takes what Slack posts, between start() and close()."""

    def __init__(self, client: WebClient, signing_secret: str, features: Iterable[Feature], port: int) -> None:
        """Talk to Slack as the bot of *client*; listen on 127.0.0.1 at *port*, any free one for 0."""
        self._client = client
        self._signing_secret = signing_secret
        self._features = tuple(features)
        self._port = port
        self._listeners, self._requests = listener_threads(), listener_threads()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address on this machine; the proxy's own is what Slack is told."""
        return f"http://127.0.0.1:{self._port}{PATH}"

    def start(self) -> None:
        """Check the bot's token, listen and return. Raises SlackRefused or SlackUnavailable."""
        identity = sign_in(self._client)
        app = bolt(self._client, identity, self._features, self._listeners, self._signing_secret)
        try:
            listener = socket.create_server(("127.0.0.1", self._port))
        except OSError as error:
            raise SlackUnavailable(
                f"FOOTNOTE_SLACK__HTTP_PORT: port {self._port} cannot be used ({error.strerror}); choose another"
            ) from error
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            Endpoint(app, self._requests),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="slack-web", daemon=True)
        self._thread.start()
        log.info("listening for slack", extra={"team": identity["team_id"], "port": self._port})

    def close(self) -> None:
        """Stop listening. What was not acknowledged is sent again by Slack."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self._requests.shutdown()
        self._listeners.shutdown()


async def _body(receive: Receive) -> str:
    """Return the request's body. Raises BodyTooLarge before more than MAX_BODY_BYTES are held."""
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > MAX_BODY_BYTES:
            raise BodyTooLarge
        more = bool(message.get("more_body"))
    return b"".join(parts).decode("utf-8", "replace")


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _answer_of(response: BoltResponse) -> Answer:
    headers = tuple(
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    )
    return Answer(response.status, response.body or "", headers)


def _hash(signature: str) -> bytes:
    return hashlib.sha256(signature.encode("utf-8", "replace")).digest()
