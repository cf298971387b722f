"""DokuWiki's XML-RPC: logging in, faults that say nothing, and being taken for a guest without being told.

ask ─► closed (401, 403) · switched off · a fault, in older DokuWikis only an empty struct · the value, checked
   └─► it took us for a guest: log in, again
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from indexer.errors import WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.wikis import xmlrpc
from indexer.wikis.http import Answer, Http
from indexer.wikis.patience import TryAgain
from indexer.wikis.xmlrpc import Fault, NotXmlRpc

_ENDPOINT = "/lib/exe/xmlrpc.php"
_CLOSED = (401, 403)
_NOT_THERE = (404, 405, 410)
_SWITCHED_OFF = -32605
_NO_SUCH_PAGE = (0, 121, 131)  # none, a name that is none; older DokuWikis send an empty struct for every fault
_LOGGED_OUT = re.compile(r"\bDW[0-9a-f]{32}=deleted\b")  # what it tells the browser of whoever is a guest
_INSIDE = re.compile(r"(?:/(?:doku\.php|feed\.php|lib/exe)\b|[?#]).*")

Kind = TypeVar("Kind")


class _Said(BaseModel):
    """A part of an answer, of which newer DokuWikis may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Named(_Said):
    """A page as it is listed, by its name."""

    id: str = Field(min_length=1)


class Listed(_Named):
    """The same with when it was last written (seconds), and the MD5 of its source."""

    rev: int = Field(gt=0)
    hash: str = Field(pattern=r"^[0-9a-f]{32}$")


class PageInfo(_Said):
    """What the wiki says of one page: its name, and when it was last written (seconds)."""

    name: str
    version: int = Field(gt=0)


class Closed(Exception):
    """The API does not let whoever asks do this, or read this page."""


class _Failed(Exception):
    """The API says that something is wrong."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"says {fault}" if fault.code else "refuses without saying why")
        self.code = fault.code


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back, a fault included; *is_closed* by its status, *is_guest* as far as the wiki took us for one."""

    value: JsonValue | Fault
    is_closed: bool
    is_guest: bool


class DokuWikiApi:
    """The API of the DokuWiki at *url*, asked as *user* (empty: as a guest)."""

    def __init__(self, wiki: str, url: str, user: str, password: str, http: Callable[[str], Http]) -> None:
        self.url = _INSIDE.sub("", url).rstrip("/")
        self._wiki = wiki
        self._user = user
        self._password = password
        self._http = http(self.url)
        self._guest = http(self.url)
        self._is_logged_in = False

    def check(self) -> None:
        """Ask for the version, as everybody may who may use the API. Raises what `pages` raises."""
        try:
            self._ask(str, "dokuwiki.getVersion")
        except (Closed, _Failed) as error:
            raise self._refused(error) from error

    def pages(self, namespace: str) -> list[Listed]:
        """Return all that the account may read in *namespace* (empty: everywhere) and below.

        Raises WikiUnavailable, WikiMisconfigured or WikiRefused.
        """
        try:
            return self._ask(list[Listed], "dokuwiki.getPagelist", namespace, {"depth": 0, "hash": True})
        except (Closed, _Failed) as error:
            raise self._refused(error) from error

    def names_for_guests(self, namespace: str) -> frozenset[str]:
        """Return the pages that a guest is shown; none if guests may not use the API. Raises WikiUnavailable."""
        try:
            reply = self._post(self._guest, "dokuwiki.getPagelist", namespace, {"depth": 0})
            shown = self._taken(list[_Named], reply)
        except (Closed, _Failed):
            return frozenset()
        return frozenset(page.id for page in shown)

    def info(self, name: str) -> PageInfo | None:
        """Return what the wiki says of a page, None where there is none. Raises Closed, and what `pages` raises."""
        try:
            return self._ask(PageInfo, "wiki.getPageInfo", name)
        except _Failed as failed:
            if failed.code in _NO_SUCH_PAGE:
                return None
            raise WikiUnavailable(f"The wiki {self._wiki!r} {failed} about one page.") from failed

    def html(self, name: str) -> str | None:
        """Return a page as the wiki renders it, None where there is none any more. Raises as `info` does."""
        try:
            return self._ask(str, "wiki.getPageHTML", name)
        except _Failed as failed:
            if failed.code in _NO_SUCH_PAGE:
                return None
            raise WikiUnavailable(f"The wiki {self._wiki!r} {failed} about one page.") from failed

    def _ask(self, kind: type[Kind], method: str, *params: JsonValue) -> Kind:
        """Return the answer to our account, logged in again if the wiki forgot it. Raises Closed and _Failed."""
        for _ in range(2):
            self._log_in()
            reply = self._post(self._http, method, *params)
            if not (self._user and reply.is_guest):
                return self._taken(kind, reply)
            self._is_logged_in = False
        raise WikiUnavailable(f"The wiki {self._wiki!r} takes {self._user!r} for a guest right after the login.")

    def _log_in(self) -> None:
        if self._is_logged_in or not self._user:
            return
        try:
            reply = self._post(self._http, "dokuwiki.login", self._user, self._password)
            self._is_logged_in = bool(self._taken(TypeAdapter(bool | int), reply))
        except (Closed, _Failed) as error:
            raise self._refused(error) from error
        if not self._is_logged_in:
            raise WikiRefused(
                f'The wiki {self._wiki!r} does not let {self._user!r} in. Correct its "user" and "password" in '
                "FOOTNOTE_WIKIS, or leave them out where guests may read."
            )

    def _post(self, http: Http, method: str, *params: JsonValue) -> _Reply:
        body = xmlrpc.written(method, params)
        return http.post_xml(_ENDPOINT, body, self._read, also=(*_CLOSED, *_NOT_THERE))

    def _read(self, answer: Answer) -> _Reply:
        """Return what *answer* holds. Raises TryAgain where it is cut short, WikiMisconfigured where it is none."""
        if answer.status in _NOT_THERE:
            raise WikiMisconfigured(
                f"There is no DokuWiki at {self.url} for the wiki {self._wiki!r}: {_ENDPOINT} is not there (status "
                f'{answer.status}). Correct its "url" in FOOTNOTE_WIKIS to the address of its first page.'
            )
        is_closed = answer.status in _CLOSED
        is_guest = _LOGGED_OUT.search(answer.headers.get("set-cookie", "")) is not None
        try:
            value = xmlrpc.read(answer.content)
        except Fault as fault:
            return _Reply(fault, is_closed, is_guest)
        except NotXmlRpc as reason:
            if is_closed:
                return _Reply(Fault(0, ""), is_closed, is_guest)
            raise TryAgain(f"no answer of XML-RPC: {reason}") from reason
        return _Reply(Fault(0, "") if value == {} else value, is_closed, is_guest)

    def _taken(self, kind: "type[Kind] | TypeAdapter[Kind]", reply: _Reply) -> Kind:
        """Return the value of *reply*. Raises Closed, _Failed, WikiMisconfigured, and WikiUnavailable for another."""
        if isinstance(reply.value, Fault) and reply.value.code == _SWITCHED_OFF:
            raise WikiMisconfigured(
                f"The DokuWiki {self._wiki!r} has its remote API switched off. Let an admin set `remote` and "
                "`remoteuser` in its configuration manager."
            )
        if reply.is_closed:
            raise Closed
        if isinstance(reply.value, Fault):
            raise _Failed(reply.value)
        adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
        try:
            return adapter.validate_python(reply.value, strict=True)
        except ValidationError as error:
            raise WikiUnavailable(f"The wiki {self._wiki!r} answers as no DokuWiki does: {_problem(error)}.") from error

    def _refused(self, error: Exception) -> WikiRefused:
        who = repr(self._user) if self._user else "guests"
        why = str(error) or "it answers that this is forbidden"
        return WikiRefused(
            f"The wiki {self._wiki!r} does not let {who} use its API: {why}. Let an admin add them to `remoteuser` in "
            'its configuration manager, or set "user" and "password" in FOOTNOTE_WIKIS.'
        )


def _problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'the answer'}: {problem['msg']}"
