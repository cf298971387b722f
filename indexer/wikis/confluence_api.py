"""Confluence's REST API, Cloud's and Data Center's: searches that come in parts, restrictions, rights of spaces, trash.

Whatever cannot be told for certain is an error, or a right that nobody has.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from indexer.errors import WikiMisconfigured, WikiUnavailable
from indexer.wikis.confluence_said import (
    CloudRights,
    Content,
    Contents,
    DataCenterRight,
    Ids,
    PageStatus,
    Part,
    Principal,
    Restriction,
    RpcAnswer,
    Space,
    SpaceReaders,
    Spaces,
)
from indexer.wikis.http import Answer, Http, reader_of

MAX_PARTS = 10_000  # of one answer
TRASH_PARTS = 4  # looked at for each space at each refresh: the listing finds what was thrown away earlier

_CLOSED = (401, 403)
_GONE = (404, 410)
_EXPANDED = "version,space,ancestors,restrictions.read.restrictions.user,restrictions.read.restrictions.group"

Found = TypeVar("Found")
PartKind = TypeVar("PartKind", bound=Part)


class Edition(StrEnum):
    """Which Confluence it is."""

    CLOUD = "cloud"
    DATA_CENTER = "data-center"


class Standing(StrEnum):
    """What Confluence says of a page that a search did not find."""

    THERE = "there"
    CLOSED = "closed"
    GONE = "gone"


class ConfluenceApi:
    """The API of one Confluence, whose pages are under the address that *http* knows (`…/wiki` for Cloud)."""

    def __init__(self, wiki: str, edition: Edition, http: Http) -> None:
        self._wiki = wiki
        self._edition = edition
        self._http = http

    @property
    def edition(self) -> Edition:
        """Which Confluence it is."""
        return self._edition

    def search(self, cql: str, at_once: int, *expand: str) -> Iterator[list[Content]]:
        """Yield what a search finds, part by part, with versions, spaces, ancestors and restrictions."""
        params = {"cql": cql, "limit": str(at_once), "expand": ",".join((_EXPANDED, *expand))}
        for part in self._parts("/rest/api/content/search", params, Contents):
            yield part.results

    def restriction(self, page_id: str) -> Restriction | None:
        """Return who may read a page, whatever restricts the pages above; None where that is not told."""
        params = {"expand": "restrictions.user,restrictions.group", "limit": "200"}
        path = f"/rest/api/content/{page_id}/restriction/byOperation/read"
        return self._http.get(path, params, _unless((*_CLOSED, *_GONE), Restriction), also=(*_CLOSED, *_GONE))

    def standing(self, page_id: str) -> Standing:
        """Return what Confluence says of a page: in the trash or in the archive, it is gone."""
        path = f"/api/v2/pages/{page_id}" if self._edition is Edition.CLOUD else f"/rest/api/content/{page_id}"
        return self._http.get(path, {"status": "any"} if "rest" in path else {}, _standing, also=(*_CLOSED, *_GONE))

    def space_ids(self, keys: tuple[str, ...]) -> dict[str, str]:
        """Return the number of each space, empty where it has none. Raises WikiMisconfigured if one cannot be read."""
        found = self._spaces(keys)
        for key in keys:
            if key not in found or found[key].status != "current":
                what = "is archived" if key in found else "is not there, or hidden from the bot's account"
                raise WikiMisconfigured(
                    f'The space {key} of the wiki {self._wiki!r} {what}. Correct its "spaces" in FOOTNOTE_WIKIS.'
                )
        return {key: found[key].id for key in keys}

    def space_readers(self, key: str, space_id: str) -> SpaceReaders | None:
        """Return who may see a space, None where that is not told to the bot's account."""
        if self._edition is Edition.CLOUD:
            return self._cloud_readers(space_id)
        readers = self._rest_readers(key)
        return readers if readers is not None else self._rpc_readers(key)

    def thrown_away(self, key: str, space_id: str) -> set[str]:
        """Return pages of a space that are in the trash or, in Cloud, in the archive; of a full one some."""
        if self._edition is Edition.CLOUD:
            path = f"/api/v2/spaces/{space_id}/pages"
            searches = [
                {"status": status, "sort": "-modified-date", "limit": "250"} for status in ("trashed", "archived")
            ]
        else:
            path = "/rest/api/content"
            searches = [{"type": "page", "spaceKey": key, "status": "trashed", "limit": "200"}]
        found: set[str] = set()
        for params in searches:
            for count, part in enumerate(self._parts(path, params, Ids), start=1):
                found |= {page.id for page in part.results}
                if count == TRASH_PARTS:
                    break
        return found

    def _spaces(self, keys: tuple[str, ...]) -> dict[str, Space]:
        if self._edition is Edition.CLOUD:
            params = {"keys": ",".join(keys), "limit": "250"}
            return {
                space.key: space for part in self._parts("/api/v2/spaces", params, Spaces) for space in part.results
            }
        asked = (self._http.get(f"/rest/api/space/{key}", {}, _unless(_GONE, Space), also=_GONE) for key in keys)
        return {space.key: space for space in asked if space is not None}

    def _cloud_readers(self, space_id: str) -> SpaceReaders:
        """Return who may see a space of Cloud; roles name nobody, so whoever reads by a role alone is left out."""
        groups: set[str] = set()
        users: set[str] = set()
        for part in self._parts(f"/api/v2/spaces/{space_id}/permissions", {"limit": "250"}, CloudRights):
            to_read = [right.principal for right in part.results if right.operation.is_to_read]
            groups |= {principal.id for principal in to_read if principal.type == "group"}
            users |= {principal.id for principal in to_read if principal.type == "user"}
        return SpaceReaders(groups=frozenset(groups), users=frozenset(users))

    def _rest_readers(self, key: str) -> SpaceReaders | None:
        """Return what Data Center 9.1 and later say; None where they do not: they answer 500 to who is no admin."""
        silent = (*_CLOSED, *_GONE, 405, 500)
        read = _unless(silent, list[DataCenterRight])
        rights = self._http.get(f"/rest/api/space/{key}/permissions", {}, read, also=silent)
        if rights is None:
            return None
        to_read = [right.subject or Principal(type="anonymous") for right in rights if right.operation.is_to_read]
        return SpaceReaders(
            groups=frozenset(one.name for one in to_read if one.type == "group" and one.name),
            users=frozenset(one.user_key for one in to_read if one.type == "user" and one.user_key),
            has_everyone=any(one.type == "anonymous" for one in to_read),
        )

    def _rpc_readers(self, key: str) -> SpaceReaders | None:
        """Return what older Data Centers say, None where they do not."""
        call = {"jsonrpc": "2.0", "method": "getSpacePermissionSets", "id": 1, "params": [key]}
        silent = (*_CLOSED, *_GONE, 500)
        path = "/rpc/json-rpc/confluenceservice-v2"
        answer = self._http.post_json(path, call, _unless(silent, RpcAnswer), also=silent)
        if answer is None or answer.result is None:
            return None
        named = [right for one in answer.result if one.type == "VIEWSPACE" for right in one.rights]
        return SpaceReaders(
            groups=frozenset(right.group_name for right in named if right.group_name),
            users=frozenset(right.user_name for right in named if right.user_name),
            has_everyone=any(not right.group_name and not right.user_name for right in named),
        )

    def _parts(self, path: str, params: Mapping[str, str], kind: type[PartKind]) -> Iterator[PartKind]:
        """Yield an answer part by part, as its links lead. Raises WikiUnavailable where they lead in circles."""
        read = reader_of(kind)
        asked: set[frozenset[tuple[str, str]]] = set()
        following = dict(params)
        for _ in range(MAX_PARTS):
            asked.add(frozenset(following.items()))
            part = self._http.get(path, following, read)
            yield part
            if not part.links.next:
                return
            following = dict(params) | dict(parse_qsl(urlsplit(part.links.next).query))
            if frozenset(following.items()) in asked:
                break
        raise WikiUnavailable(f"The wiki {self._wiki!r} goes round in circles at {path}.")


def _unless(statuses: tuple[int, ...], kind: type[Found]) -> Callable[[Answer], Found | None]:
    """Return what reads an answer as *kind*, as None where it has one of *statuses*."""
    read = reader_of(kind)
    return lambda answer: None if answer.status in statuses else read(answer)


_read_status = reader_of(PageStatus)


def _standing(answer: Answer) -> Standing:
    if answer.status in _CLOSED:
        return Standing.CLOSED
    is_there = answer.status not in _GONE and _read_status(answer).status == "current"
    return Standing.THERE if is_there else Standing.GONE
