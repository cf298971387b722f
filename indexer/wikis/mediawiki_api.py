"""MediaWiki's action API: logging in, errors that come with status 200, and answers that come in pieces.

ask ─► error in the body? ─► lagging, busy: again · logged out: log in, again · refused · no such page · else away
pieces ─► merged by page id until the API says that a batch is complete
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from indexer.errors import WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.wikis.http import Answer, Http, reader_of, retry_after
from indexer.wikis.mediawiki_said import (
    LoginAnswer,
    MaybeError,
    PageSaid,
    Piece,
    Site,
    SiteAnswer,
    SiteOrError,
    TokenAnswer,
)
from indexer.wikis.patience import TryAgain

MAX_PIECES = 10_000  # of one question: 500 pages each make five million
MAX_LAG_SECONDS = "5"  # of the database behind its master, as MediaWiki's etiquette asks for

_PASSING = frozenset(
    "maxlag ratelimited actionthrottledtext readonly timeout servererror http-curl-error search-error".split()
)
_LOGGED_OUT = frozenset("assertuserfailed assertnameduserfailed notloggedin badtoken".split())
_REFUSED = frozenset("readapidenied permissiondenied mwoauth-invalid-authorization apidisabled".split())
_NO_API = (301, 302, 303, 307, 308, 400, 403, 404, 405, 410)

Model = TypeVar("Model", bound=BaseModel)
Read = TypeVar("Read")


class NoSuchPage(Exception):
    """The API knows no page of that id."""


class _Failed(Exception):
    """The API says that something is wrong, in *code*."""

    def __init__(self, code: str, info: str) -> None:
        super().__init__(f"{code}: {info[:200]}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Account:
    """A bot password: a name such as `Admin@footnote`, and the password. Both empty: nobody."""

    name: str = ""
    password: str = ""


class MediaWikiApi:
    """The API of the wiki that is read at *url*, which may be the address of any of its pages or of `api.php`."""

    def __init__(self, wiki: str, url: str, account: Account, http: Callable[[str], Http]) -> None:
        self._wiki = wiki
        self._url = url
        self._account = account
        parts = urlsplit(url)
        self._http = http(f"{parts.scheme}://{parts.netloc}")
        self._path: str | None = None
        self._is_logged_in = False

    def ask(self, kind: type[Model], **params: str) -> Model:
        """Return the answer to one question. Raises NoSuchPage, WikiUnavailable, WikiMisconfigured or WikiRefused."""
        path = self._found_path()
        for _ in range(2):
            self._log_in(path)
            try:
                return self._post(path, params | self._standing(), reader_of(kind))
            except _Failed as failed:
                if failed.code not in _LOGGED_OUT or not self._account.name:
                    raise self._as_ours(failed) from failed
                self._is_logged_in = False
        raise WikiRefused(f"The wiki {self._wiki!r} logs the bot's account out again and again.")

    def pieces(self, **params: str) -> Iterator[Piece]:
        """Yield an answer piece by piece. Raises as `ask`, and WikiUnavailable where it never ends, or too early."""
        proceed: dict[str, str | int] = {}
        for _ in range(MAX_PIECES):
            piece = self.ask(Piece, **params | _as_text(proceed))
            yield piece
            if piece.proceed is None and piece.batchcomplete:
                return
            if piece.proceed is None:
                raise WikiUnavailable(f"The wiki {self._wiki!r} ended its answer before a batch was complete.")
            if piece.proceed == proceed:
                break
            proceed = piece.proceed
        raise WikiUnavailable(f"The wiki {self._wiki!r} goes round in circles at {proceed}.")

    def pages(self, **params: str) -> Iterator[tuple[list[PageSaid], dict[str, str]]]:
        """Yield whole batches of pages, each page once, with what to send back to go on after the batch.

        Raises as `pieces` does.
        """
        pages: dict[str, dict[str, JsonValue]] = {}
        for piece in self.pieces(**params):
            for page in piece.query.pages:
                pages.setdefault(f"{page.get('pageid')} {page.get('title')}", {}).update(page)
            if piece.batchcomplete:
                yield self._checked(list(pages.values())), _as_text(piece.proceed or {})
                pages = {}

    def site(self) -> Site:
        """Return what the wiki says of itself."""
        return self.ask(SiteAnswer, **_SITE).query

    def now(self) -> str:
        """Return the time by the wiki's own clock, as it writes it: `2026-11-23T05:08:32Z`."""
        return self.ask(SiteAnswer, **_SITE).curtimestamp

    def address(self, of: str) -> str:
        """Return an address that the wiki gave, `//host` or `/path`, in full."""
        return urljoin(self._url, of)

    def _checked(self, pages: list[dict[str, JsonValue]]) -> list[PageSaid]:
        try:
            return TypeAdapter(list[PageSaid]).validate_python(pages)
        except ValidationError as error:
            raise WikiUnavailable(f"The wiki {self._wiki!r} describes a page as no wiki does.") from error

    def _standing(self) -> dict[str, str]:
        standing = {"format": "json", "formatversion": "2", "maxlag": MAX_LAG_SECONDS}
        return standing | {"assert": "user"} if self._account.name else standing

    def _found_path(self) -> str:
        """Return the path of `api.php`. Raises WikiMisconfigured if there is none near the address we have."""
        if self._path is None:
            tried = _candidates(urlsplit(self._url).path)
            self._path = next((path for path in tried if self._is_api(path)), None)
            if self._path is None:
                raise WikiMisconfigured(
                    f"There is no MediaWiki at {self._url} for the wiki {self._wiki!r}: none of {', '.join(tried)} is "
                    'its API. Correct its "url" in FOOTNOTE_WIKIS, best to the address of api.php.'
                )
        return self._path

    def _is_api(self, path: str) -> bool:
        """Say whether *path* answers as MediaWiki's API does, if only with an error of it."""
        params = {"action": "query", "meta": "siteinfo", "format": "json", "formatversion": "2"}
        return self._http.get(path, params, _looks_like_mediawiki, also=_NO_API)

    def _log_in(self, path: str) -> None:
        if self._is_logged_in or not self._account.name:
            return
        plain = {"format": "json", "formatversion": "2"}
        asked = {"action": "query", "meta": "tokens", "type": "login"} | plain
        try:
            token = self._post(path, asked, reader_of(TokenAnswer)).query.tokens.logintoken
            form = {"action": "login", "lgname": self._account.name, "lgpassword": self._account.password} | plain
            login = self._post(path, form | {"lgtoken": token}, reader_of(LoginAnswer)).login
        except _Failed as failed:
            raise self._as_ours(failed) from failed
        if login.result != "Success":
            raise WikiRefused(
                f"The wiki {self._wiki!r} does not let {self._account.name!r} in: {login.reason or login.result}. Make "
                'a bot password at Special:BotPasswords and set "user" and "password" in FOOTNOTE_WIKIS.'
            )
        self._is_logged_in = True

    def _post(self, path: str, form: Mapping[str, str], read: Callable[[Answer], Read]) -> Read:
        return self._http.post(path, form, lambda answer: read(_without_error(answer)))

    def _as_ours(self, failed: _Failed) -> Exception:
        if failed.code in {"nosuchpageid", "missingtitle"}:
            return NoSuchPage(str(failed))
        if failed.code in _REFUSED | _LOGGED_OUT:
            return WikiRefused(
                f"The wiki {self._wiki!r} does not let the bot read ({failed}). Let an account that may make a bot "
                'password at Special:BotPasswords, and set "user" and "password" in FOOTNOTE_WIKIS to it.'
            )
        return WikiUnavailable(f"The wiki {self._wiki!r} answered {failed}")


_SITE = {"action": "query", "meta": "siteinfo", "siprop": "general|namespaces", "curtimestamp": "1"}


_read_error = reader_of(MaybeError)


def _without_error(answer: Answer) -> Answer:
    """Return *answer* unless it says that something is wrong. Raises TryAgain or _Failed."""
    error = _read_error(answer).error
    if error is None:
        return answer
    if error.code in _PASSING or error.code.startswith("internal_api_error"):
        raise TryAgain(f"{error.code}: {error.info[:200]}", retry_after(answer.headers))
    raise _Failed(error.code, error.info)


def _looks_like_mediawiki(answer: Answer) -> bool:
    """Say whether *answer* is of MediaWiki's API, an error of it included. Raises TryAgain where it was cut short."""
    if answer.status != 200 or not answer.headers.get("content-type", "").startswith("application/json"):
        return False
    said = reader_of(SiteOrError)(answer)
    return said.error is not None or said.query.general.generator.startswith("MediaWiki")


def _as_text(proceed: Mapping[str, str | int]) -> dict[str, str]:
    return {name: str(value) for name, value in proceed.items()}


def _candidates(path: str) -> list[str]:
    """Return where `api.php` may be, for a wiki one of whose addresses has *path*.

    >>> _candidates("/wiki/Main_Page")
    ['/wiki/Main_Page/api.php', '/wiki/api.php', '/api.php', '/w/api.php', '/mediawiki/api.php']
    """
    if path.endswith("/api.php"):
        return [path]
    parts = [part for part in path.split("/") if part and not part.endswith(".php")]
    folders = ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]
    near = [f"/{folder}/api.php" if folder else "/api.php" for folder in folders]
    return list(dict.fromkeys([*near, "/w/api.php", "/mediawiki/api.php"]))
