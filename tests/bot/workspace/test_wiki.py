"""The wiki's routes: who gets in, what is shown, saved and refused."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from bot.workspace import Person, Workspace
from bot.workspace.shelf import Heading, IndexHealth, Sheet, SheetRef, ShelfRefused
from tests.bot.workspace.asking import Json

LEAVE = SheetRef("handbook", "people/leave", "Leave <b>")
PAY = SheetRef("closed", "pay", "Pay")


class MemoryShelf:
    """A Shelf in memory: one page for everyone, one for Maya."""

    def __init__(self) -> None:
        self.texts = {LEAVE: "# Leave\n\n## How much\n\n28 days.", PAY: "# Pay"}
        self.refreshes = 0
        self.fault = ""

    def sheets(self, person: Person | None) -> list[SheetRef]:
        """Return what *person* may read."""
        if self.fault:
            raise ShelfRefused(self.fault)
        return [LEAVE, PAY] if person is not None and person.name == "maya" else [LEAVE]

    def sheet(self, person: Person | None, wiki: str, path: str) -> Sheet | None:
        """Return a page."""
        found = [ref for ref in self.sheets(person) if (ref.wiki, ref.path) == (wiki, path)]
        heading = Heading("How much", "how-much")
        return Sheet(found[0], self.texts[found[0]], [heading], self.texts[found[0]], "r1", "", {}) if found else None

    def save(self, person: Person | None, wiki: str, path: str, source: str, revision: str) -> None:
        """Keep *source*."""
        sheet = self.sheet(person, wiki, path)
        if sheet is None or sheet.revision != revision:
            raise ShelfRefused("no")
        self.texts[sheet.ref] = source

    def health(self) -> IndexHealth:
        """Return figures."""
        return IndexHealth(self.refreshes, 2, 7, "2026-05-04T09:30:00+00:00", ["one page is not readable"])

    def refresh(self) -> str:
        """Count."""
        self.refreshes += 1
        return "Done."


@pytest.fixture
def shelf() -> MemoryShelf:
    """Fill a shelf."""
    return MemoryShelf()


@pytest.fixture
def workspace(shelf: MemoryShelf) -> Iterator[Workspace]:
    """Start a workspace with that shelf."""
    with Workspace.start(shelf=shelf) as running:
        yield running


class Browser:
    """Sends requests and keeps the cookie it is given."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.cookie = ""
        self.headers: dict[str, str] = {}

    def enter(self) -> "Browser":
        """Open the chat by its whole address."""
        self.get(f"/?{urlsplit(self.workspace.page_url).query}")
        return self

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Json, **headers: str) -> tuple[int, Json]:
        """Return status and JSON."""
        named = {"Content-Type": "application/json"} | {name.replace("_", "-"): each for name, each in headers.items()}
        status, text = self._send("POST", path, json.dumps(body), named)
        return status, json.loads(text) if text.startswith("{") else {}

    def _send(self, verb: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(urlsplit(self.workspace.address).netloc)
        connection.request(verb, path, body, headers | ({"Cookie": self.cookie} if self.cookie else {}))
        response = connection.getresponse()
        given = response.headers.get("Set-Cookie")
        self.headers = dict(response.headers)
        self.cookie = given.split(";")[0] if given else self.cookie
        text = response.read().decode()
        connection.close()
        return response.status, text


def test_page_opens_where_the_workspace_was_opened_before(workspace: Workspace) -> None:
    """Without the cookie of an earlier visit there is only a sentence; with it a bare address is enough."""
    stranger, friend = Browser(workspace), Browser(workspace).enter()

    status, said = stranger.get("/wiki/handbook/people/leave")
    assert (status, "28 days" in said, "address that was printed" in said) == (403, False, True)
    status, page = friend.get("/wiki/handbook/people/leave")

    assert status == 200
    assert '<h2 id="how-much">How much</h2>' in page
    assert "Leave &lt;b&gt;" in page
    assert friend.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_cookie_opens_the_wiki_alone(workspace: Workspace) -> None:
    """A browser sends it to every port of this machine; whoever reads it there cannot drive the workspace."""
    friend = Browser(workspace)
    friend.enter()

    assert "HttpOnly" in friend.headers["Set-Cookie"]
    assert "SameSite=Strict" in friend.headers["Set-Cookie"]
    assert "Path=/wiki/" in friend.headers["Set-Cookie"]
    secret = friend.cookie.split("=", 1)[1]
    assert friend.get(f"/?token={secret}")[0] == 403
    assert friend.get("/control/live")[0] == 403


def test_reader_sees_what_they_may_read(workspace: Workspace) -> None:
    """Sam gets neither the closed page nor its name, nor does nobody in particular; Maya gets both."""
    browser = Browser(workspace).enter()

    for who in ("U0SAM", "", "U0NOBODY"):
        assert browser.get(f"/wiki/closed/pay?as={who}")[0] == 404
        assert "Pay" not in browser.get(f"/wiki/handbook/people/leave?as={who}")[1]
    assert browser.get("/wiki/closed/pay?as=U0MAYA")[0] == 200
    assert "Leave" in browser.get("/wiki/?as=U0SAM")[1]


def test_edit_is_saved_as_the_reader(workspace: Workspace, shelf: MemoryShelf) -> None:
    """What is missing, stale or closed is refused with a sentence."""
    browser = Browser(workspace).enter()
    edit = {"wiki": "handbook", "path": "people/leave", "source": "# New", "revision": "r1", "person": "U0SAM"}

    assert browser.post("/wiki/-/save", edit | {"revision": "r0"}) == (400, {"ok": False, "error": "no"})
    assert browser.post("/wiki/-/save", edit | {"wiki": "closed", "path": "pay"})[0] == 400
    assert browser.post("/wiki/-/save", {"wiki": "handbook"})[0] == 400
    assert browser.post("/wiki/-/save", edit) == (200, {"ok": True})
    assert shelf.texts[LEAVE] == "# New"


def test_index_is_looked_at_and_refreshed(workspace: Workspace, shelf: MemoryShelf) -> None:
    """The figures and the problems are there; a refresh says what it did."""
    browser = Browser(workspace).enter()

    _, refreshed = browser.post("/wiki/-/refresh", {})

    assert (refreshed["said"], refreshed["generation"], shelf.refreshes) == ("Done.", 1, 1)
    assert json.loads(browser.get("/wiki/-/health")[1])["problems"] == ["one page is not readable"]


def test_strangers_and_foreign_pages_change_nothing(workspace: Workspace, shelf: MemoryShelf) -> None:
    """Not without the cookie, not from another site, not by a form."""
    stranger, friend = Browser(workspace), Browser(workspace).enter()

    assert stranger.post("/wiki/-/refresh", {})[0] == 403
    assert stranger.post("/wiki/-/save", {})[0] == 403
    assert stranger.get("/wiki/-/health")[0] == 403
    assert friend.post("/wiki/-/refresh", {}, Origin="https://evil.example")[0] == 403
    assert friend.post("/wiki/-/refresh", {}, Content_Type="text/plain")[0] == 403
    assert shelf.refreshes == 0


def test_wiki_that_cannot_be_read_is_said(workspace: Workspace, shelf: MemoryShelf) -> None:
    """In a sentence for whoever runs it."""
    shelf.fault = "The folder <x> is gone."

    status, page = Browser(workspace).enter().get("/wiki/")

    assert status == 503
    assert "The folder &lt;x&gt; is gone." in page


def test_workspace_without_wikis_has_no_wiki() -> None:
    """Where no shelf is given there is nothing under /wiki/."""
    with Workspace.start() as bare:
        assert Browser(bare).enter().get("/wiki/")[0] == 404
