"""The wiki in the browser: pages with their sections, an edit box, and the index's health beside them.

A citation leads to `/wiki/<wiki>/<path>#<anchor>`; `as` in the query says who looks, `quote` what to mark on the page.
"""

import asyncio
import json
from collections.abc import Callable
from html import escape
from itertools import groupby
from string import Template

from aiohttp import web

from bot.workspace import sheets
from bot.workspace.control import HEADERS, Door, page_file
from bot.workspace.errors import GestureRefused
from bot.workspace.gestures import find_person
from bot.workspace.people import Person
from bot.workspace.shared import Shared
from bot.workspace.shelf import Sheet, SheetRef, Shelf, ShelfRefused
from bot.workspace.wire import Json

ELSEWHERE = "Open the workspace by the address that was printed at the start, then come back to this page."
MISSING = "There is no such page, or you may not read it."


class WikiView:
    """The routes of the wiki, behind the same door as the chat."""

    def __init__(self, shared: Shared, shelf: Shelf, door: Door) -> None:
        self._shared = shared
        self._shelf = shelf
        self._door = door

    def add_to(self, app: web.Application) -> None:
        """Add the routes; no wiki's name begins with a hyphen."""
        app.router.add_get("/wiki/", self._show)
        app.router.add_get("/wiki/-/health", self._health)
        app.router.add_post("/wiki/-/save", self._save)
        app.router.add_post("/wiki/-/refresh", self._refresh)
        app.router.add_get("/wiki/{wiki}/{path:.*}", self._show)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        if not self._door.lets_read(request):
            return _told(403, ELSEWHERE)
        person = self._reader(request.query.get("as", ""))
        wiki, path = request.match_info.get("wiki", ""), request.match_info.get("path", "").strip("/")
        try:
            return await asyncio.to_thread(self._drawn, person, wiki, path)
        except ShelfRefused as refusal:
            return _told(503, str(refusal))

    def _drawn(self, person: Person | None, wiki: str, path: str) -> web.Response:
        known = self._shelf.sheets(person)
        if not wiki:
            first = next(iter(known), None)
            wiki, path = (first.wiki, first.path) if first else ("", "")
        sheet = self._shelf.sheet(person, wiki, path)
        if sheet is None:
            return _told(404, MISSING)
        response = web.Response(text=_page(sheet, known, person), content_type="text/html", headers=HEADERS)
        return self._door.remember(response)

    async def _health(self, request: web.Request) -> web.StreamResponse:
        if not self._door.lets_read(request):
            return _told(403, ELSEWHERE)
        return await _answered(lambda: _health_form(self._shelf))

    async def _save(self, request: web.Request) -> web.StreamResponse:
        if not self._door.lets_read(request) or request.content_type != "application/json":
            return _told(403, ELSEWHERE)
        try:
            body = json.loads(await request.text())
            words = [str(body[name]) for name in ("wiki", "path", "source", "revision")]
            person = self._reader(str(body.get("person", "")))
        except (KeyError, TypeError, ValueError):
            return _told(400, "wiki, path, source and revision are needed")

        def save() -> Json:
            wiki, path, source, revision = words
            self._shelf.save(person, wiki, path, source, revision)
            return {}

        return await _answered(save)

    async def _refresh(self, request: web.Request) -> web.StreamResponse:
        if not self._door.lets_read(request) or request.content_type != "application/json":
            return _told(403, ELSEWHERE)
        return await _answered(lambda: {"said": self._shelf.refresh(), **_health_form(self._shelf)})

    def _reader(self, who: str) -> Person | None:
        with self._shared.reading() as exchange:
            try:
                return find_person(exchange, who)
            except GestureRefused:
                return None


async def _answered(act: Callable[[], Json]) -> web.Response:
    try:
        return web.json_response({"ok": True, **await asyncio.to_thread(act)}, headers=HEADERS)
    except ShelfRefused as refusal:
        return web.json_response({"ok": False, "error": str(refusal)}, status=400, headers=HEADERS)


def _health_form(shelf: Shelf) -> Json:
    health = shelf.health()
    return {
        "generation": health.generation,
        "pages": health.pages,
        "passages": health.passages,
        "refreshed_at": health.refreshed_at,
        "problems": list(health.problems),
    }


def _page(sheet: Sheet, known: list[SheetRef], person: Person | None) -> str:
    reader = person.id if person else ""
    ref = sheet.ref
    return Template(page_file("wiki.html")).substitute(
        title=escape(ref.title),
        wiki=escape(ref.wiki),
        path=escape(ref.path),
        reader=escape(reader),
        reader_name=escape(person.real_name if person else "somebody unknown"),
        revision=escape(sheet.revision),
        updated=escape(sheet.updated or "unknown"),
        pages=_listed(known, ref, reader),
        contents=sheets.contents(sheet),
        page=sheets.drawn(sheet, reader),
        source=escape(sheet.source),
    )


def _listed(known: list[SheetRef], here: SheetRef, reader: str) -> str:
    """Return the pages by wiki and folder, those of the top first, the folder of *here* open."""
    folders: dict[tuple[str, str], list[SheetRef]] = {}
    for ref in known:
        folders.setdefault((ref.wiki, ref.path.rpartition("/")[0]), []).append(ref)
    parts: list[str] = []
    for wiki, group in groupby(sorted(folders), key=lambda key: key[0]):
        parts.append(f"<h2>{escape(wiki)}</h2>")
        parts += [_folder(folder, folders[wiki, folder], here, reader) for _, folder in group]
    return "".join(parts)


def _folder(folder: str, refs: list[SheetRef], here: SheetRef, reader: str) -> str:
    items = "".join(_entry(ref, here, reader) for ref in sorted(refs, key=lambda ref: ref.title.casefold()))
    if not folder:
        return f"<ul>{items}</ul>"
    state = " open" if here in refs else ""
    return f"<details{state}><summary>{escape(folder)}</summary><ul>{items}</ul></details>"


def _entry(ref: SheetRef, here: SheetRef, reader: str) -> str:
    current = ' aria-current="page"' if ref == here else ""
    return f'<li><a href="{escape(sheets.address(ref.wiki, ref.path, reader))}"{current}>{escape(ref.title)}</a></li>'


def _told(status: int, words: str) -> web.Response:
    text = Template(page_file("told.html")).substitute(words=escape(words))
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)
