"""Asks wikis over HTTP, politely: few at a time, waiting when told to, never taking a part for the whole.

ask ─► 200 and readable ─► what *read* made of it
 ▲ └─► 429, 5xx, reset, cut short, unreadable ─► wait (Retry-After, or longer each time) ─┐
 └──────────────────────────────── so many times ─────────────────────────────────────────┘
"""

import time
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from indexer.errors import WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.wikis.patience import Patience, TryAgain

MAX_ANSWER_BYTES = 64_000_000  # decompressed; 500 long pages have about 10 MB
MAX_ANSWER_SECONDS = 300.0  # however slowly the bytes drip
USER_AGENT = "Footnote/0.1 (answers a team's questions from its wiki; reads only)"

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_TIMEOUT = httpx2.Timeout(60.0, connect=10.0)

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a wiki answered: the whole body, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Http:
    """One wiki's web server, asked one question at a time. Redirects are told to the operator, not followed."""

    def __init__(
        self,
        wiki: str,
        base_url: str,
        headers: Mapping[str, str],
        *,
        patience: Patience,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._wiki = wiki
        self._base_url = base_url.rstrip("/")
        self._patience = patience
        self._client = httpx2.Client(
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **headers},
            timeout=_TIMEOUT,
            follow_redirects=False,
            transport=transport,
        )
        weakref.finalize(self, self._client.close)

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        read: Callable[[Answer], Read],
        also: Collection[int] = (),
    ) -> Read:
        """Return what *read* makes of the answer, which has status 200 or one of *also*.

        *read* may raise TryAgain. Raises WikiUnavailable; where trying again will not help, WikiMisconfigured or
        WikiRefused.
        """
        return self._ask("GET", path, read, also, params=dict(params))

    def post(self, path: str, form: Mapping[str, str], read: Callable[[Answer], Read]) -> Read:
        """Return what *read* makes of the answer to *form*, which has status 200; raises as `get` does."""
        return self._ask("POST", path, read, (), data=dict(form))

    def post_json(self, path: str, body: object, read: Callable[[Answer], Read], also: Collection[int] = ()) -> Read:
        """Return what *read* makes of the answer to *body*, sent as JSON, as `get` does."""
        return self._ask("POST", path, read, also, json=body)

    def post_xml(self, path: str, body: bytes, read: Callable[[Answer], Read], also: Collection[int] = ()) -> Read:
        """Return what *read* makes of the answer to *body*, which is XML, as `get` does."""
        return self._ask("POST", path, read, also, content=body, headers={"Content-Type": "text/xml"})

    def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[Answer], Read],
        also: Collection[int],
        **sent: object,
    ) -> Read:
        url = f"{self._base_url}{path}"
        return self._patience.ask(self._wiki, url, lambda: read(self._checked(self._answer(method, url, sent), also)))

    def _answer(self, method: str, url: str, sent: Mapping[str, Any]) -> Answer:
        """Return the whole answer, whatever its status. Raises TryAgain, WikiUnavailable, WikiMisconfigured."""
        try:
            with self._client.stream(method, url, **sent) as response:
                return Answer(response.status_code, dict(response.headers), self._body(response))
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise WikiMisconfigured(
                f'The address {url} of the wiki {self._wiki!r} is none: {error}. Correct its "url" in FOOTNOTE_WIKIS.'
            ) from error
        except httpx2.HTTPError as error:
            raise TryAgain(f"{type(error).__name__}, {error}") from error

    def _body(self, response: httpx2.Response) -> bytes:
        until = time.monotonic() + MAX_ANSWER_SECONDS
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise WikiUnavailable(f"The wiki {self._wiki!r} answered more than {MAX_ANSWER_BYTES} bytes at once.")
            if time.monotonic() > until:
                raise TryAgain(f"the answer was not whole after {MAX_ANSWER_SECONDS:.0f} seconds")
        return bytes(body)

    def _checked(self, answer: Answer, also: Collection[int]) -> Answer:
        """Return *answer* if its status says that it is one."""
        if answer.status == 200 or answer.status in also:
            return answer
        if answer.status in _PASSING:
            raise TryAgain(f"status {answer.status}", retry_after(answer.headers))
        if 300 <= answer.status < 400:
            raise WikiMisconfigured(
                f"The wiki {self._wiki!r} is not at {self._base_url}: it sends to "
                f'{answer.headers.get("location", "nowhere")[:200]}. Correct its "url" in FOOTNOTE_WIKIS, or give '
                "an account that may read it."
            )
        if answer.status in {401, 403}:
            raise WikiRefused(
                f"The wiki {self._wiki!r} refuses the bot's account (status {answer.status}). Correct its account in "
                "FOOTNOTE_WIKIS, or let it read."
            )
        raise WikiUnavailable(f"The wiki {self._wiki!r} answered with status {answer.status} at {self._base_url}.")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, by the wiki's own clock; None where it asks for nothing.

    >>> retry_after({"retry-after": "7"})
    7.0
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    until, now = _http_date(asked), _http_date(headers.get("date", "")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0) if until else None


def reader_of(kind: type[Read]) -> Callable[[Answer], Read]:
    """Return what reads an answer as JSON of the form *kind*, and raises TryAgain for anything else."""
    adapter: TypeAdapter[Read] = TypeAdapter(kind)

    def read(answer: Answer) -> Read:
        try:
            return adapter.validate_json(answer.content)
        except ValidationError as error:
            raise TryAgain(_first_problem(error, answer)) from error

    return read


def _first_problem(error: ValidationError, answer: Answer) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the answer"
    return f"{where}: {problem['msg']} ({len(answer.content)} bytes of {answer.headers.get('content-type', 'no type')})"


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
