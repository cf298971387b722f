"""Signed HTTP: what Slack posts to an app's address, in place of a Socket Mode connection.

A frame of the delivery becomes one POST; a 200 within the ack time is the acknowledgement, its body the answer.
"""

import hashlib
import hmac
import http.client
import json
import queue
import threading
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from bot.workspace.shared import Shared
from bot.workspace.wire import Json

SECONDS = 3.0  # Slack waits for so long
THREADS = 16  # Slack posts many at once


class Poster:
    """Posts every envelope of *shared* to *url*, signed with *secret*, until close()."""

    def __init__(self, shared: Shared, url: str, secret: str) -> None:
        self._shared = shared
        self._url = urlsplit(url)
        self._secret = secret
        self._frames: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._post_all, name="workspace-post", daemon=True) for _ in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()
        with shared.changing() as exchange:
            self._number = exchange.delivery.connect(self._frames.put, lambda: None)

    def close(self) -> None:
        """Post nothing more."""
        with self._shared.changing() as exchange:
            exchange.delivery.leave(self._number)
        for _ in self._threads:
            self._frames.put(None)
        for thread in self._threads:
            thread.join()

    def _post_all(self) -> None:
        while (frame := self._frames.get()) is not None:
            if "envelope_id" in frame:
                self._post(frame)

    def _post(self, frame: Json) -> None:
        with self._shared.reading() as exchange:
            now = exchange.clock.now()
        kind, body = _body(frame)
        try:
            status, answer = self._send(body, _headers(frame, kind) | sign(self._secret, body, int(now)))
        except (OSError, http.client.HTTPException):
            return  # no ack: it is sent again
        if status == 200:
            with self._shared.changing() as exchange:
                exchange.delivery.acknowledge(str(frame["envelope_id"]), _answer(answer))

    def _send(self, body: str, headers: Mapping[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=SECONDS)
        try:
            connection.request("POST", self._url.path, body.encode(), dict(headers))
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


def sign(secret: str, body: str, timestamp: int) -> dict[str, str]:
    """Return Slack's two headers for *body*, sent at *timestamp*, in seconds since 1970."""
    base = f"v0:{timestamp}:{body}".encode()
    signature = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={signature}"}


def _body(frame: Json) -> tuple[str, str]:
    """Return the content type and the body: events are JSON, the rest forms."""
    payload = frame["payload"]
    if frame["type"] == "events_api":
        return "application/json", json.dumps(payload)
    form = payload if frame["type"] == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form)


def _headers(frame: Json, kind: str) -> dict[str, str]:
    attempt = int(frame.get("retry_attempt") or 0)
    retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"} if attempt else {}
    return {"Content-Type": kind} | retry


def _answer(body: str) -> Json:
    if not body:
        return {}
    try:
        answer = json.loads(body)
    except ValueError:
        return {"text": body}
    return answer if isinstance(answer, dict) else {}
