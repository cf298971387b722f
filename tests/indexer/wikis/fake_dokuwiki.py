"""A small DokuWiki in memory that answers its XML-RPC as 2022-07-31 does, or as newer ones do.

What it imitates was measured on the real one: `tests/indexer/wikis/test_dokuwiki_real.py` runs the same stories there.
"""

import hashlib
import html
import re
import xmlrpc.client  # another's reading of the format; what it reads is ours
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.indexer.wikis.serving import Asked, Reply

BOT = ("footnote", "secret")
GUEST_MARK = f"DW{'0' * 32}=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/; HttpOnly"


@dataclass
class FakeDokuWiki:
    """The wiki. *now* is its clock in seconds; guests may not read what is in the namespaces *private*.

    The account may read all but the pages *denied*. *is_modern*: faults have their number and sentence, which
    2022-07-31 leaves out.
    """

    now: int = 1_772_366_400
    pages: dict[str, tuple[str, int]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    guests_may_ask: bool = True
    is_on: bool = True
    is_modern: bool = False
    sessions: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    _sessions: int = 0

    def edit(self, name: str, text: str) -> str:
        """Save a page, an empty one of which is a deletion; return its name."""
        if text.strip():
            self.pages[name] = (text, self.now)
        else:
            self.pages.pop(name, None)
        return name

    def delete(self, name: str) -> None:
        """Save a page with nothing in it."""
        self.edit(name, "")

    def answer(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.path != "/lib/exe/xmlrpc.php":
            return Reply(b"<html>Not found</html>", 404, {"Content-Type": "text/html"})
        assert asked.headers["content-type"] == "text/xml"
        if not self.is_on:
            return _reply(xmlrpc.client.Fault(-32605, "XML-RPC server not enabled."))
        params, method = xmlrpc.client.loads(asked.body, use_builtin_types=True)
        self.asked.append(str(method))
        if method == "dokuwiki.login":
            return self._login(*map(str, params))
        is_bot = any(f"session={one}" in asked.headers.get("cookie", "") for one in self.sessions)
        mark = {} if is_bot else {"Set-Cookie": GUEST_MARK}
        if not (is_bot or self.guests_may_ask):
            return self._fault(-32603, f"server error. not authorized to call method {method}", 401, mark)
        deeds: dict[str, Callable[..., Reply]] = {
            "dokuwiki.getVersion": lambda *_: _reply('Release 2022-07-31b "Igor"', mark),
            "dokuwiki.getPagelist": lambda below, options: self._list(below, options, is_bot, mark),
            "wiki.getPageInfo": lambda name: self._one(name, self._info, is_bot, mark),
            "wiki.getPageHTML": lambda name: self._one(name, self._html, is_bot, mark),
        }
        return deeds[str(method)](*params)

    def is_shown(self, name: str, *, to_bot: bool) -> bool:
        """Say whether the account, or a guest, may read a page, be it there or not."""
        if to_bot:
            return name not in self.denied
        return not any(name.startswith(f"{namespace}:") for namespace in self.private)

    def _login(self, user: str, password: str) -> Reply:
        if (user, password) != BOT:
            return _reply(value=False, headers={"Set-Cookie": GUEST_MARK})
        self._sessions += 1
        self.sessions.add(f"number-{self._sessions}")
        return _reply(value=True, headers={"Set-Cookie": f"session=number-{self._sessions}; path=/"})

    def _list(self, namespace: str, options: dict[str, object], is_bot: object, mark: dict[str, str]) -> Reply:
        assert options["depth"] == 0
        below = f"{namespace.lower()}:" if namespace else ""
        listed = [
            {"id": name, "rev": rev, "mtime": rev, "size": len(text)}
            | ({"hash": _md5(text)} if "hash" in options else {})
            for name, (text, rev) in self.pages.items()
            if name.startswith(below) and self.is_shown(name, to_bot=bool(is_bot))
        ]
        return _reply(listed, mark)

    def _one(self, name: str, answer: Callable[[str], object], is_bot: object, mark: dict[str, str]) -> Reply:
        if not name and self.is_modern:
            return self._fault(131, "Empty or invalid page ID given", 200, mark)
        name = name.lower() or "start"
        if not self.is_shown(name, to_bot=bool(is_bot)):
            return self._fault(111, "You are not allowed to read this page", 403 if is_bot else 401, mark)
        if name not in self.pages and (self.is_modern or answer == self._info):
            return self._fault(121, "The requested page does not exist", 200, mark)
        return _reply(answer(name), mark)

    def _info(self, name: str) -> object:
        rev = self.pages[name][1]
        modified = xmlrpc.client.DateTime("20260301T12:00:00")
        return {"name": name, "lastModified": modified, "author": "ann", "version": rev}

    def _html(self, name: str) -> object:
        return _rendered(self.pages[name][0]) if name in self.pages else ""

    def _fault(self, code: int, text: str, status: int, mark: dict[str, str]) -> Reply:
        return _reply(xmlrpc.client.Fault(code, text) if self.is_modern else {}, mark, status)


def _reply(value: object, headers: dict[str, str] | None = None, status: int = 200) -> Reply:
    given = value if isinstance(value, xmlrpc.client.Fault) else (value,)
    body = xmlrpc.client.dumps(given, methodresponse=True)  # type: ignore[arg-type]  # whatever a test has it say
    return Reply(body.encode(), status, {"Content-Type": "text/xml"} | (headers or {}))


def _md5(text: str) -> str:
    return hashlib.md5(text.strip().encode(), usedforsecurity=False).hexdigest()


def _rendered(text: str) -> str:
    return "\n".join(_blocks(text))


def _blocks(text: str) -> Iterator[str]:
    taken: Counter[str] = Counter()
    for block in text.split("\n\n"):
        if match := re.fullmatch(r"(={2,6}) (.*) \1", block):
            level = 7 - len(match[1])
            anchor = re.sub(r"[^a-z0-9]+", "_", match[2].lower()).strip("_")
            taken[anchor] += 1
            anchor += str(taken[anchor] - 1) if taken[anchor] > 1 else ""
            heading = f'<h{level} class="sectionedit{sum(taken.values())}" id="{anchor}">{html.escape(match[2])}'
            yield f"{heading}</h{level}>"
        else:
            yield f'<div class="level2">\n\n<p>\n{html.escape(block)}\n</p>\n\n</div>\n<!-- EDIT{{"secid":1}} -->'
