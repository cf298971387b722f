"""A small MediaWiki in memory that answers its action API as 1.39 does, on loopback.

What it imitates was measured on the real one: `tests/indexer/wikis/test_mediawiki_real.py` runs the same stories there.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.indexer.wikis.serving import Asked, Reply, json_reply

NAMESPACES = {0: "", 1: "Talk", 2: "User", 10: "Template", 3000: "Handbook"}
CONTENT = (0, 3000)


@dataclass(frozen=True, slots=True)
class Held:
    """A page as the wiki holds it."""

    pageid: int
    title: str
    text: str
    lastrevid: int
    edited_at: datetime

    @property
    def is_redirect(self) -> bool:
        """Whether the page only leads to another."""
        return self.text.startswith("#REDIRECT")

    @property
    def namespace(self) -> int:
        """The number of the part of the wiki it is in."""
        prefix = self.title.split(":")[0] if ":" in self.title else ""
        return next((number for number, name in NAMESPACES.items() if name == prefix), 0)


@dataclass
class FakeMediaWiki:
    """The wiki. *now* is its own clock; *piece* how many rows or pages one answer has at most."""

    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    piece: int = 500
    is_private: bool = False
    splits_batches: bool = False
    """Whether each second page comes without its properties first, as where an answer would be too long."""
    account: tuple[str, str] = ("Admin@idx", "secret")
    pages: dict[str, Held] = field(default_factory=dict)
    feed: list[dict[str, object]] = field(default_factory=list)
    deleted: dict[str, Held] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    _pageid: int = 0
    _revid: int = 0
    _rcid: int = 0
    _sessions: int = 0

    def edit(self, title: str, text: str) -> int:
        """Create or edit a page; return its number."""
        known = self.pages.get(title)
        self._revid += 1
        self._pageid += known is None
        pageid = known.pageid if known else self._pageid
        self.pages[title] = Held(pageid, title, text, self._revid, self.now)
        self._row("edit" if known else "new", title, pageid, revid=self._revid)
        return pageid

    def delete(self, title: str) -> None:
        """Delete a page: its earlier rows vanish from the feed."""
        held = self.deleted[title] = self.pages.pop(title)
        self.feed = [row for row in self.feed if row["pageid"] != held.pageid or row["type"] == "log"]
        self._log("delete", "delete", title, held.pageid)

    def restore(self, title: str) -> None:
        """Undelete a page, under its old number."""
        self.pages[title] = self.deleted.pop(title)
        self._log("delete", "restore", title, self.pages[title].pageid)

    def move(self, title: str, to: str, *, leaves_redirect: bool = True) -> None:
        """Move a page: the feed names the old title, and the number of the redirect where one stays."""
        held = self.pages.pop(title)
        self._revid += 1
        self.pages[to] = replace(held, title=to, lastrevid=self._revid)
        pageid = held.pageid
        if leaves_redirect:
            self._pageid += 1
            self._revid += 1
            pageid = self._pageid
            self.pages[title] = Held(pageid, title, f"#REDIRECT [[{to}]]", self._revid, self.now)
        self._log("move", "move", title, pageid, target_title=to)

    def forget(self, older_than: timedelta) -> None:
        """Prune the feed, as `$wgRCMaxAge` does."""
        first = _said(self.now - older_than)
        self.feed = [row for row in self.feed if str(row["timestamp"]) >= first]

    def answer(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.path != "/w/api.php":
            return Reply(b"<html>Not found</html>", 404, {"Content-Type": "text/html"})
        if asked.params.get("assert") == "user" and not self._is_known(asked):
            return _error("assertuserfailed", "You are no longer logged in.")
        is_login = asked.params["action"] == "login" or asked.params.get("meta") == "tokens"
        if self.is_private and not is_login and not self._is_known(asked):
            return _error("readapidenied", "You need read permission to use this module.")
        return {"query": self._query, "parse": self._parse, "login": self._login}[asked.params["action"]](asked)

    def _is_known(self, asked: Asked) -> bool:
        return any(f"session={session}" in asked.headers.get("cookie", "") for session in self.sessions)

    def _login(self, asked: Asked) -> Reply:
        if asked.params["lgtoken"] != "token+\\":
            return json_reply({"login": {"result": "WrongToken"}})
        if (asked.params["lgname"], asked.params["lgpassword"]) != self.account:
            return json_reply({"login": {"result": "Failed", "reason": "Incorrect username or password entered."}})
        self._sessions += 1
        session = f"number-{self._sessions}"
        self.sessions.add(session)
        return json_reply({"login": {"result": "Success"}}, Set_Cookie=f"session={session}; path=/")

    def _parse(self, asked: Asked) -> Reply:
        held = next((held for held in self.pages.values() if held.pageid == int(asked.params["pageid"])), None)
        if held is None:
            return _error("nosuchpageid", f"There is no page with ID {asked.params['pageid']}.")
        text = f'<div class="mw-parser-output">{_rendered(held.text)}</div>'
        return json_reply(
            {"parse": {"title": held.title, "pageid": held.pageid, "revid": held.lastrevid, "text": text}}
        )

    def _query(self, asked: Asked) -> Reply:
        params = asked.params
        if params.get("meta") == "tokens":
            return json_reply({"batchcomplete": True, "query": {"tokens": {"logintoken": "token+\\"}}})
        if params.get("meta") == "siteinfo":
            return json_reply({"batchcomplete": True, "curtimestamp": _said(self.now), "query": self._site()})
        if params.get("list") == "recentchanges":
            return json_reply(self._recent_changes(params.get("rcstart", ""), params.get("rccontinue", "")))
        if params.get("generator") == "allpages":
            return json_reply(self._all_pages(int(params["gapnamespace"]), params))
        if "pageids" in params:
            return json_reply({"batchcomplete": True, "query": {"pages": self._by_id(params["pageids"].split("|"))}})
        return json_reply({"batchcomplete": True, "query": {"pages": self._by_title(params["titles"].split("|"))}})

    def _site(self) -> dict[str, object]:
        general = {
            "generator": "MediaWiki 1.39.17",
            "server": "https://wiki.test",
            "script": "/w/index.php",
            "articlepath": "/wiki/$1",
        }
        namespaces = {str(number): {"id": number, "content": number in CONTENT} for number in NAMESPACES}
        return {"general": general, "namespaces": namespaces}

    def _recent_changes(self, start: str, proceed: str) -> dict[str, object]:
        first, _, rcid = proceed.partition("|")
        rows = [row for row in sorted(self.feed, key=_by_time) if str(row["timestamp"]) >= start]
        rest = [row for row in rows if _by_time(row) >= (first, int(rcid or 0))]
        answer: dict[str, object] = {"batchcomplete": True, "query": {"recentchanges": rest[: self.piece]}}
        if len(rest) > self.piece:
            following = rest[self.piece]
            answer["continue"] = {"rccontinue": f"{following['timestamp']}|{following['rcid']}", "continue": "-||"}
        return answer

    def _all_pages(self, namespace: int, params: object) -> dict[str, object]:
        assert isinstance(params, dict)
        held = [one for title, one in sorted(self.pages.items()) if one.namespace == namespace and not one.is_redirect]
        rest = [one for one in held if one.title >= params.get("gapcontinue", "")]
        batch, following = rest[: self.piece], rest[self.piece : self.piece + 1]
        pages = [_info(one) for one in batch]
        if self.splits_batches and len(batch) > 1 and "incontinue" not in params:
            bare = [page if place % 2 == 0 else _bare(page) for place, page in enumerate(pages)]
            again = {"gapcontinue": batch[0].title, "incontinue": batch[1].pageid, "continue": "gapcontinue||"}
            return {"continue": again, "query": {"pages": bare}}
        answer: dict[str, object] = {"batchcomplete": True}
        if pages:
            answer["query"] = {"pages": pages}
        if following:
            answer["continue"] = {"gapcontinue": following[0].title, "continue": "gapcontinue||"}
        return answer

    def _by_id(self, ids: list[str]) -> list[dict[str, object]]:
        by_id = {str(held.pageid): held for held in self.pages.values()}
        return [_info(by_id[one]) if one in by_id else {"pageid": int(one), "missing": True} for one in ids]

    def _by_title(self, titles: list[str]) -> list[dict[str, object]]:
        return [
            _info(self.pages[title]) if title in self.pages else {"ns": 0, "title": title, "missing": True}
            for title in titles
        ]

    def _log(self, kind: str, action: str, title: str, pageid: int, **params: str) -> None:
        self._row("log", title, pageid, revid=0, logtype=kind, logaction=action, logparams=params)

    def _row(self, kind: str, title: str, pageid: int, **more: object) -> None:
        self._rcid += 1
        row = {"type": kind, "title": title, "pageid": pageid, "rcid": self._rcid, "timestamp": _said(self.now)}
        self.feed.append(row | more)


def _by_time(row: dict[str, object]) -> tuple[str, int]:
    rcid = row["rcid"]
    assert isinstance(rcid, int)
    return str(row["timestamp"]), rcid


def _info(held: Held) -> dict[str, object]:
    return {
        "pageid": held.pageid,
        "ns": held.namespace,
        "title": held.title,
        "touched": _said(held.edited_at),
        "lastrevid": held.lastrevid,
        "revisions": [{"timestamp": _said(held.edited_at)}],
    } | ({"redirect": True} if held.is_redirect else {})


def _bare(page: dict[str, object]) -> dict[str, object]:
    return {name: page[name] for name in ("pageid", "ns", "title")}


def _said(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _error(code: str, info: str) -> Reply:
    return json_reply({"error": {"code": code, "info": info}}, MediaWiki_API_Error=code)


def _rendered(text: str) -> str:
    return "\n".join(_blocks(text))


def _blocks(text: str) -> Iterator[str]:
    for block in text.split("\n\n"):
        if match := re.fullmatch(r"== (.*) ==", block):
            anchor = html.escape(match[1].replace(" ", "_"))
            old = f'<span id="{anchor.replace("&amp;", ".26")}"></span>' if "&" in anchor else ""
            yield f'<h2>{old}<span class="mw-headline" id="{anchor}">{html.escape(match[1])}</span></h2>'
        else:
            yield f"<p>{html.escape(block)}\n</p>"
