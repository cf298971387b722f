"""A Confluence, Cloud or Data Center: searched for what was modified, read with the rights of its pages.

search since the cursor, a day of it again ─► pages, with the readers of their space and of every page above
trash and archive ─► pages that are gone       listing ─► the same search for everything, once a day
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from indexer.errors import CursorExpired
from indexer.pages import (
    EVERYONE,
    NOBODY,
    FailureKind,
    Layer,
    Page,
    PageFailure,
    PageId,
    PageRef,
    Principal,
    Readers,
    readers,
)
from indexer.ports import Abilities, Batch, Cursor, ListingPart
from indexer.wikis.confluence_api import ConfluenceApi, Edition, Standing
from indexer.wikis.confluence_said import Content, Person, Restriction
from indexer.wikis.html import read_body
from indexer.wikis.links import address_at
from indexer.wikis.storage import CloudAnchors, DataCenterAnchors, NotStorage, storage_as_html

SEARCHED_AT_ONCE = 100
READ_AT_ONCE = 25  # pages with their text
BATCH = 200  # pages a batch of changes

OVERLAP = timedelta(hours=26)
"""How much of the past is searched again. CQL knows minutes, in the time zone of the account, which may be 12 hours
behind and 14 ahead of UTC, and the search index lags. What is known already costs a line of the answer."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_FAILURES = {
    Standing.GONE: (FailureKind.GONE, "The wiki has no such page any more, or does not show it to the bot's account."),
    Standing.CLOSED: (FailureKind.CLOSED, "The wiki does not let the bot's account read the page."),
    Standing.THERE: (FailureKind.UNREADABLE, "The wiki's search does not find the page yet."),
}


class _Place(BaseModel):
    """A cursor: everything that was modified up to *at*, by the wiki's clock, is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    spaces: tuple[str, ...]


@dataclass(slots=True)
class _Rights:
    """Who may read pages: asked for once in a refresh, a page above for all the pages below it.

    *by_page* has what a page itself restricts: None where that is nothing, an empty layer where it is not told.
    """

    spaces: Mapping[str, Layer | None]
    by_page: dict[str, Layer | None] = field(default_factory=dict)


class Confluence:
    """The pages of some *spaces*; a page's id is the wiki's own number.

    With *everyone_sees_spaces*, the spaces are open to everyone, whatever the wiki says of them. What pages restrict
    always counts. People and groups are principals such as `handbook:group:staff`.
    """

    def __init__(
        self, name: str, url: str, api: ConfluenceApi, spaces: Sequence[str], *, everyone_sees_spaces: bool
    ) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._api = api
        self._spaces = tuple(sorted(set(spaces)))
        self._everyone_sees_spaces = everyone_sees_spaces
        self._space_ids: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """Edits by search, removals by the trash; the search is no exact listing, for its index lags."""
        return Abilities(changes=True, removals=True, exact_listing=False)

    def validate(self) -> None:
        """Check that the account sees every space."""
        self._space_ids = self._api.space_ids(self._spaces)

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Yield what was modified since *cursor*, more than a day of it again, and what was thrown away."""
        place = self._place(cursor)
        gone = set() if cursor is None else self._thrown_away()
        since = f' and lastmodified >= "{place.at - OVERLAP:%Y-%m-%d %H:%M}"' if place.at > _BEGINNING else ""
        found = self._searched(f"{self._cql()}{since} order by lastmodified asc")
        rights = self._rights(found)
        newest = max((content.version.when for content in found), default=place.at)
        end = _cursor(_Place(at=max(newest, place.at), spaces=self._spaces))
        removed = tuple(PageId(page_id) for page_id in sorted(gone - {content.id for content in found}))
        if not found and not removed:
            return
        for start in range(0, max(len(found), 1), BATCH):
            some = found[start : start + BATCH]
            refs = tuple(self._ref(content, rights) for content in some)
            is_last = start + BATCH >= len(found)
            yield Batch(refs, removed, end if is_last else _cursor(place), expected=len(found))
            removed = ()

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page with its readers: all at once, for those of a page need the pages above it."""
        found = self._searched(f"{self._cql()} order by created asc")
        rights = self._rights(found)
        refs = tuple(self._ref(content, rights) for content in found)
        yield ListingPart(refs, is_complete=True, expected=len(refs))

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page, or why it could not be read."""
        rest = iter(refs)
        spaces: Mapping[str, Layer | None] = {}
        while some := list(islice(rest, READ_AT_ONCE)):
            ids = sorted({ref.page_id for ref in some if _is_number(ref.page_id)}, key=int)
            found = {content.id: content for content in self._found(ids)}
            spaces = spaces or self._space_layers()
            rights = _Rights(spaces, self._told(found.values()))
            for ref in some:
                yield self._page_or_failure(ref, found.get(ref.page_id), rights)

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the address of a section of a page by its number, which leads there whatever it is called."""
        return address_at(f"{self._url}/pages/viewpage.action?pageId={page_id}", anchor, quote)

    def _place(self, cursor: Cursor | None) -> _Place:
        if cursor is None:
            return _Place(at=_BEGINNING, spaces=self._spaces)
        try:
            place = _Place.model_validate_json(cursor)
        except ValidationError as error:
            raise CursorExpired(f"The cursor {cursor[:200]!r} of the wiki {self._name!r} is none of its.") from error
        if place.spaces != self._spaces:
            raise CursorExpired(f"The wiki {self._name!r} is read in other spaces now.")
        return place

    def _cql(self) -> str:
        keys = ", ".join(f'"{key}"' for key in self._spaces)
        return f"type = page and space in ({keys})"

    def _searched(self, cql: str) -> list[Content]:
        """Return the pages that a search finds, each once, of our spaces, and neither trashed nor archived."""
        found: dict[str, Content] = {}
        for contents in self._api.search(cql, SEARCHED_AT_ONCE):
            found |= {content.id: content for content in contents if self._is_ours(content)}
        return list(found.values())

    def _found(self, ids: Sequence[str]) -> list[Content]:
        if not ids:
            return []
        parts = self._api.search(f"type = page and id in ({', '.join(ids)})", READ_AT_ONCE, "body.storage")
        return [content for contents in parts for content in contents if self._is_ours(content)]

    def _is_ours(self, content: Content) -> bool:
        is_current = (content.status, content.space.status) == ("current", "current")
        return is_current and content.type == "page" and content.space.key in self._spaces

    def _thrown_away(self) -> set[str]:
        return {page_id for key, number in self._ids().items() for page_id in self._api.thrown_away(key, number)}

    def _ids(self) -> Mapping[str, str]:
        if not self._space_ids:
            self._space_ids = self._api.space_ids(self._spaces)
        return self._space_ids

    def _rights(self, found: Iterable[Content]) -> _Rights:
        """Return the rights of the spaces, and of the pages *found* where the search told them."""
        return _Rights(self._space_layers(), self._told(found))

    def _space_layers(self) -> dict[str, Layer | None]:
        return {key: self._space_layer(key, number) for key, number in self._ids().items()}

    def _told(self, found: Iterable[Content]) -> dict[str, Layer | None]:
        """Return what the pages *found* restrict, where the search told that, and told it whole."""
        told = ((content.id, content.restrictions.read) for content in found)
        return {page_id: self._layer(read) for page_id, read in told if read is not None and read.is_whole}

    def _space_layer(self, key: str, space_id: str) -> Layer | None:
        """Return who may see a space, None where that is not told."""
        if self._everyone_sees_spaces:
            return frozenset({EVERYONE})
        told = self._api.space_readers(key, space_id)
        if told is None:
            return None
        named = {self._principal("group", one) for one in told.groups}
        named |= {self._principal("user", one) for one in told.users}
        return frozenset(named | ({EVERYONE} if told.has_everyone else set()))

    def _readers(self, content: Content, rights: _Rights) -> Readers:
        """Return the readers of a page: whoever its space, it and every page above it let in."""
        space = rights.spaces.get(content.space.key)
        if space is None:
            return NOBODY
        pages = [self._own_layer(page_id, rights) for page_id in (content.id, *(one.id for one in content.ancestors))]
        return readers(space, *(layer for layer in pages if layer is not None))

    def _own_layer(self, page_id: str, rights: _Rights) -> Layer | None:
        """Return whom a page lets in of itself: None where it restricts nothing, nobody where that is not told."""
        if page_id not in rights.by_page:
            told = self._api.restriction(page_id)
            rights.by_page[page_id] = self._layer(told) if told is not None else frozenset()
        return rights.by_page[page_id]

    def _layer(self, told: Restriction) -> Layer | None:
        """Return those a restriction names, None where it names nobody; of more than are told, those who are told."""
        users, groups = told.restrictions.user, told.restrictions.group
        if told.is_whole and not users.results and not groups.results:
            return None
        named = {self._principal("user", one) for person in users.results for one in _names(person)}
        return frozenset(named | {self._principal("group", self._group_name(group)) for group in groups.results})

    def _group_name(self, group: Person) -> str:
        """Return a group's number in Cloud, where groups can be renamed, and its name in Data Center."""
        return group.id if self._api.edition is Edition.CLOUD and group.id else group.name

    def _principal(self, kind: str, name: str) -> Principal:
        return Principal(f"{self._name}:{kind}:{name}")

    def _ref(self, content: Content, rights: _Rights) -> PageRef:
        return PageRef(PageId(content.id), str(content.version.number), self._readers(content, rights))

    def _page_or_failure(self, ref: PageRef, content: Content | None, rights: _Rights) -> Page | PageFailure:
        if content is None or content.body is None:
            standing = self._api.standing(ref.page_id) if _is_number(ref.page_id) else Standing.GONE
            kind, why = _FAILURES[standing]
            return PageFailure(ref.page_id, ref.stamp, why, kind)
        try:
            return self._page(content, content.body.storage.value, rights)
        except NotStorage as reason:
            return PageFailure(ref.page_id, ref.stamp, str(reason))

    def _page(self, content: Content, storage: str, rights: _Rights) -> Page:
        is_cloud = self._api.edition is Edition.CLOUD
        anchors = CloudAnchors() if is_cloud else DataCenterAnchors(content.title)
        reading = read_body(storage_as_html(storage, anchors.of), content.title)
        page_id = PageId(content.id)
        return Page(
            wiki=self._name,
            page_id=page_id,
            title=reading.title,
            url=self.link(page_id, "", ""),
            revision=str(content.version.number),
            stamp=str(content.version.number),
            updated_at=reading.reviewed_at or content.version.when,
            readers=self._readers(content, rights),
            text=reading.text,
            blocks=reading.blocks,
        )


def _names(person: Person) -> list[str]:
    """Return all that a person is called; a person who has no name is nobody."""
    return [name for name in (person.account_id, person.user_key, person.username) if name]


def _cursor(place: _Place) -> Cursor:
    return Cursor(place.model_dump_json())


def _is_number(page_id: PageId) -> bool:
    return page_id.isascii() and page_id.isdigit() and len(page_id) < 20
