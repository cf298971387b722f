"""The page in the browser and its calls: which files it is made of, what it can do, and who may use it.

Every request must name this machine as its host and come from no other site; the page and its calls need the token in
the address. The page's own files hold nothing of the workspace and need none.
"""

import hmac
import json
import secrets
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.workspace.deeds import DEEDS
from bot.workspace.errors import CallRefused, GestureRefused
from bot.workspace.live import Live
from bot.workspace.shared import Shared

_FOLDER = Path(__file__).parent / "page"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
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


class Door:
    """Lets in whoever knows *token*, which stands in the address; the wiki also by a cookie left at an earlier visit.

    The cookie is what lets the address of a wiki page, which is printed in answers and holds no token, open in a
    browser that has the workspace open. A browser sends cookies to every port of this machine, so the cookie holds a
    secret of its own that opens the wiki alone.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._wiki_token = secrets.token_urlsafe(24)
        self._cookie = f"footnote-wiki-{port}"

    def lets_in(self, request: web.Request) -> bool:
        """Tell whether the address of *request* holds the token."""
        return _is_same(request.query.get("token", ""), self._token)

    def lets_read(self, request: web.Request) -> bool:
        """Tell whether *request* may see the wiki."""
        return self.lets_in(request) or _is_same(request.cookies.get(self._cookie, ""), self._wiki_token)

    def remember(self, response: web.Response) -> web.Response:
        """Leave the cookie: for this site's own requests only, out of reach of scripts, until the browser closes."""
        response.set_cookie(self._cookie, self._wiki_token, httponly=True, samesite="Strict", path="/wiki/")
        return response


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


class Page:
    """The routes a browser uses for the chat."""

    def __init__(self, shared: Shared, door: Door) -> None:
        self._shared = shared
        self._door = door
        self._live = Live(shared)

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/", self._show)
        app.router.add_get("/favicon.ico", _icon)
        app.router.add_get("/page/{name}", _part_of_page)
        app.router.add_get("/control/live", self._follow)
        app.router.add_get("/control/file/{upload}", self._file)
        app.router.add_post("/control/{deed}", self._do)
        app.on_shutdown.append(self._live.hang_up)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        if not self._door.lets_in(request):
            return web.Response(status=403, text="open the address that was printed at the start", headers=HEADERS)
        return self._door.remember(_file("chat.html", "text/html"))

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        if not self._door.lets_in(request):
            return web.Response(status=403, headers=HEADERS)
        return await self._live.serve(request)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """Give a picture that the bot uploaded; any other file is not shown."""
        if not self._door.lets_in(request):
            return web.Response(status=403, headers=HEADERS)
        with self._shared.reading() as exchange:
            upload = exchange.state.uploads.get(request.match_info["upload"])
        kind = _IMAGES.get(Path(upload.name).suffix.lower()) if upload else None
        if upload is None or kind is None or not upload.is_complete:
            return web.Response(status=404, headers=HEADERS)
        return web.Response(body=upload.content, content_type=kind, headers=HEADERS)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        if not self._door.lets_in(request):
            return web.Response(status=403, headers=HEADERS)
        deed = DEEDS.get(request.match_info["deed"])
        if deed is None or request.content_type != "application/json":
            return web.Response(status=404, headers=HEADERS)
        try:
            body = json.loads(await request.text())
            with self._shared.changing() as exchange:
                return web.json_response({"ok": True, **deed(exchange, body)}, headers=HEADERS)
        except KeyError as missing:
            return _refused(f"{missing.args[0]} is missing")
        except (GestureRefused, CallRefused, TypeError, ValueError) as refusal:
            return _refused(str(refusal))


def page_file(name: str) -> str:
    """Return the text of one of the page's own files."""
    return (_FOLDER / name).read_text(encoding="utf-8")


async def _part_of_page(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    kind = _TYPES.get(Path(name).suffix)
    if kind is None or name not in {path.name for path in _FOLDER.iterdir()}:
        return web.Response(status=404, headers=HEADERS)
    return _file(name, kind)


async def _icon(request: web.Request) -> web.StreamResponse:
    del request
    return _file("mark.svg", _TYPES[".svg"])


def _file(name: str, content_type: str) -> web.Response:
    return web.Response(text=page_file(name), content_type=content_type, charset="utf-8", headers=HEADERS)


def _refused(why: str) -> web.Response:
    return web.json_response({"ok": False, "error": why}, status=400, headers=HEADERS)
