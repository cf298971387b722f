"""A small Confluence in memory, Cloud or Data Center, that answers as their documentation says."""

import base64
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from indexer.wikis.confluence_api import Edition
from tests.indexer.wikis.serving import Asked, Reply, json_reply

ACCOUNT = ("ada@example.org", "secret")
BASIC = "Basic " + base64.b64encode(":".join(ACCOUNT).encode()).decode()
_SPACE_NUMBERS = {"OPS": "11", "HR": "22", "OLD": "33", "OTHER": "44"}


@dataclass(frozen=True, slots=True)
class Held:
    """A page as the wiki holds it; *users* and *groups* restrict who may read it and what is below it."""

    id: str
    title: str
    storage: str
    space: str
    version: int
    when: datetime
    parent: str = ""
    status: str = "current"
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass
class FakeConfluence:
    """The wiki. *offset* is how far the account's time zone is from UTC: CQL is read in it, to the minute."""

    edition: Edition = Edition.CLOUD
    now: datetime = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
    offset: timedelta = timedelta()
    at_once: int = 500
    readers: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {"OPS": {"group": ["staff"]}})
    """Who sees each space: `group` and `user`, and `anonymous` where everybody does."""
    pages: dict[str, Held] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Pages that the account may not see: Confluence says that there are none."""
    closed: set[str] = field(default_factory=set)
    """Pages whose restrictions the account may not read."""
    unindexed: set[str] = field(default_factory=set)
    """Pages that the search does not find yet."""
    tells_restrictions: bool = True
    """Whether a search tells restrictions; old Data Centers do not."""
    most_told: int = 200
    """How many people of one restriction are told."""
    rest_rights: int = 200
    """The status of Data Center's REST resource for the rights of a space."""
    has_rpc: bool = True
    _number: int = 100

    def edit(self, title: str, storage: str, space: str = "OPS", parent: str = "") -> str:
        """Create or edit a page; return its number."""
        known = next((page for page in self.pages.values() if page.title == title and page.status == "current"), None)
        if known:
            self.pages[known.id] = replace(known, storage=storage, version=known.version + 1, when=self.now)
            return known.id
        self._number += 1
        number = str(self._number)
        above = self.named(parent).id if parent else ""
        self.pages[number] = Held(number, title, storage, space, 1, self.now, above)
        return number

    def named(self, title: str) -> Held:
        """Return the page of that name."""
        return next(page for page in self.pages.values() if page.title == title)

    def set_status(self, title: str, status: str) -> None:
        """Put a page into the trash or the archive, or take it out: no version, no date."""
        page = self.named(title)
        self.pages[page.id] = replace(page, status=status)

    def purge(self, title: str) -> None:
        """Delete a page for good."""
        del self.pages[self.named(title).id]

    def restrict(self, title: str, users: set[str] | None = None, groups: set[str] | None = None) -> None:
        """Say who may read a page; nobody named: whoever may read what is above. No version, no date."""
        page = self.named(title)
        self.pages[page.id] = replace(page, users=frozenset(users or ()), groups=frozenset(groups or ()))

    def move(self, title: str, parent: str = "", space: str = "OPS") -> None:
        """Put a page below another, or into another space: no version, no date."""
        page = self.named(title)
        self.pages[page.id] = replace(page, parent=self.named(parent).id if parent else "", space=space)

    def answer(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.headers.get("authorization") not in {BASIC, "Bearer secret"}:
            return json_reply({"message": "Unauthorized"}, 401)
        path = asked.path.removeprefix("/wiki")
        if path == "/rest/api/content/search":
            return self._search(asked)
        if match := re.fullmatch(r"/rest/api/content/(\w+)/restriction/byOperation/read", path):
            return self._restriction_of(match[1])
        if path.startswith("/api/v2/") and self.edition is Edition.CLOUD:
            return self._cloud(path.removeprefix("/api/v2"), asked)
        if self.edition is Edition.DATA_CENTER:
            return self._data_center(path, asked)
        return json_reply({"message": "No such resource"}, 404)

    def _search(self, asked: Asked) -> Reply:
        found = [page for page in self._matching(asked.params["cql"]) if self._is_visible(page)]
        found = [page for page in found if page.id not in self.unindexed and page.status != "trashed"]
        with_text = "body.storage" in asked.params["expand"]
        return self._part([self._content(page, with_text=with_text) for page in found], asked)

    def _matching(self, cql: str) -> list[Held]:
        if match := re.fullmatch(r"type = page and id in \(([\d, ]+)\)", cql):
            return [self.pages[number] for number in match[1].split(", ") if number in self.pages]
        match = re.fullmatch(
            r'type = page and space in \((.*?)\)(?: and lastmodified >= "(.*?)")? order by (lastmodified|created) asc',
            cql,
        )
        assert match, cql
        keys = {key.strip('"') for key in match[1].split(", ")}
        since = datetime.min.replace(tzinfo=UTC)
        if match[2]:
            since = datetime.strptime(match[2], "%Y-%m-%d %H:%M").replace(tzinfo=UTC) - self.offset
        found = [page for page in self.pages.values() if page.space in keys and page.when.replace(second=0) >= since]
        return sorted(found, key=lambda page: (page.when if match[3] == "lastmodified" else 0, int(page.id)))

    def _part(self, values: list[object], asked: Asked) -> Reply:
        start = int(asked.params.get("start", asked.params.get("cursor", "at-0").removeprefix("at-")))
        count = min(int(asked.params["limit"]), self.at_once)
        answer: dict[str, object] = {"results": values[start : start + count], "_links": {}}
        if start + count < len(values):
            place = f"cursor=at-{start + count}" if self.edition is Edition.CLOUD else f"start={start + count}"
            answer["_links"] = {"next": f"{asked.path}?{place}&limit={count}"}
        return json_reply(answer)

    def _is_visible(self, page: Held) -> bool:
        return page.id not in self.hidden and not any(one in self.hidden for one in self._above(page))

    def _above(self, page: Held) -> list[str]:
        """Return the pages above, outermost first."""
        found: list[str] = []
        while page.parent:
            found.insert(0, page.parent)
            if page.parent not in self.pages:
                break
            page = self.pages[page.parent]
        return found

    def _content(self, page: Held, *, with_text: bool) -> dict[str, object]:
        content: dict[str, object] = {
            "id": page.id,
            "type": "page",
            "status": page.status,
            "title": page.title,
            "space": {"id": int(_SPACE_NUMBERS[page.space]), "key": page.space, "status": "current"},
            "version": {"number": page.version, "when": page.when.strftime("%Y-%m-%dT%H:%M:%S.000Z")},
            "ancestors": [{"id": above, "type": "page"} for above in self._above(page)],
        }
        if self.tells_restrictions:
            content["restrictions"] = {"read": self._restriction(page)}
        if with_text:
            content["body"] = {"storage": {"value": page.storage, "representation": "storage"}}
        return content

    def _restriction(self, page: Held) -> dict[str, object]:
        is_cloud = self.edition is Edition.CLOUD
        users = [
            {"accountId": one} if is_cloud else {"username": one, "userKey": f"key-{one}"} for one in sorted(page.users)
        ]
        groups = [{"name": one, "id": f"id-{one}"} if is_cloud else {"name": one} for one in sorted(page.groups)]
        told = {"user": self._people(users), "group": self._people(groups)}
        return {"operation": "read", "restrictions": told}

    def _people(self, people: list[dict[str, str]]) -> dict[str, object]:
        some = people[: self.most_told]
        return {"results": some, "start": 0, "limit": self.most_told, "size": len(some)}

    def _restriction_of(self, number: str) -> Reply:
        page = self.pages.get(number)
        if page is None or not self._is_visible(page):
            return json_reply({"message": "No content found"}, 404)
        if number in self.closed:
            return json_reply({"message": "Not permitted"}, 403)
        return json_reply(self._restriction(page))

    def _cloud(self, path: str, asked: Asked) -> Reply:
        if path == "/spaces":
            keys = [key for key in asked.params["keys"].split(",") if key in _SPACE_NUMBERS]
            return self._part([self._space(key) for key in keys], asked)
        if match := re.fullmatch(r"/spaces/(\d+)/(permissions|pages)", path):
            key = next(key for key, number in _SPACE_NUMBERS.items() if number == match[1])
            if match[2] == "permissions":
                return self._part(self._cloud_rights(key), asked)
            return self._part(self._of_status(key, asked.params["status"]), asked)
        number = path.removeprefix("/pages/")
        page = self.pages.get(number)
        if page is None or not self._is_visible(page):
            return json_reply({"errors": [{"status": 404, "code": "NOT_FOUND"}]}, 404)
        return json_reply({"id": page.id, "status": page.status, "title": page.title})

    def _cloud_rights(self, key: str) -> list[object]:
        to_read = {"key": "read", "targetType": "space"}
        rights: list[object] = [
            {"principal": {"type": kind, "id": f"id-{one}" if kind == "group" else one}, "operation": to_read}
            for kind in ("user", "group", "role")
            for one in self.readers.get(key, {}).get(kind, [])
        ]
        to_write = {"key": "create", "targetType": "page"}
        return [*rights, {"principal": {"type": "group", "id": "id-writers"}, "operation": to_write}]

    def _data_center(self, path: str, asked: Asked) -> Reply:
        if path == "/rest/api/content":
            return self._part(self._of_status(asked.params["spaceKey"], asked.params["status"]), asked)
        if path == "/rpc/json-rpc/confluenceservice-v2":
            return self._rpc(asked)
        if match := re.fullmatch(r"/rest/api/space/([^/]+)(/permissions)?", path):
            if match[1] not in _SPACE_NUMBERS:
                return json_reply({"message": "No space"}, 404)
            return self._data_center_rights(match[1]) if match[2] else json_reply(self._space(match[1]))
        number = path.removeprefix("/rest/api/content/")
        page = self.pages.get(number)
        if page is None or not self._is_visible(page):
            return json_reply({"statusCode": 404, "message": "No content found"}, 404)
        assert asked.params["status"] == "any"
        return json_reply({"id": page.id, "type": "page", "status": page.status})

    def _data_center_rights(self, key: str) -> Reply:
        if self.rest_rights != 200:
            return json_reply({"message": "no"}, self.rest_rights)
        to_read = {"targetType": "space", "operationKey": "read"}
        held = self.readers.get(key, {})
        rights: list[object] = [
            {"subject": {"type": "group", "name": one}, "operation": to_read} for one in held.get("group", [])
        ]
        rights += [
            {"subject": {"type": "user", "userKey": f"key-{one}"}, "operation": to_read} for one in held.get("user", [])
        ]
        rights += [{"subject": {"type": "anonymous"}, "operation": to_read} for _ in held.get("anonymous", [])]
        to_write = {"targetType": "page", "operationKey": "create"}
        return json_reply([*rights, {"subject": {"type": "group", "name": "writers"}, "operation": to_write}])

    def _rpc(self, asked: Asked) -> Reply:
        if not self.has_rpc:
            return json_reply({"jsonrpc": "2.0", "id": 1, "error": {"code": 500, "message": "not permitted"}})
        assert asked.method == "POST"
        held = self.readers.get("OPS", {})
        rights = [{"type": "VIEWSPACE", "userName": None, "groupName": one} for one in held.get("group", [])]
        rights += [{"type": "VIEWSPACE", "userName": one, "groupName": None} for one in held.get("user", [])]
        rights += [{"type": "VIEWSPACE", "userName": None, "groupName": None} for _ in held.get("anonymous", [])]
        others = [{"type": "EDITSPACE", "userName": None, "groupName": "writers"}]
        sets = [{"type": "VIEWSPACE", "spacePermissions": rights}, {"type": "EDITSPACE", "spacePermissions": others}]
        return json_reply({"jsonrpc": "2.0", "id": 1, "result": sets})

    def _of_status(self, key: str, status: str) -> list[object]:
        return [{"id": page.id} for page in self.pages.values() if (page.space, page.status) == (key, status)]

    def _space(self, key: str) -> dict[str, object]:
        return {"id": int(_SPACE_NUMBERS[key]), "key": key, "status": "archived" if key == "OLD" else "current"}
