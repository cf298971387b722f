"""A wiki that is a git repository of Markdown and HTML files, or the one behind a GitHub or GitLab wiki.

newest commit ─► difference from the cursor's commit ─► batches, by path ─► files ─► pages
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from indexer.errors import CursorExpired, WikiMisconfigured
from indexer.pages import EVERYONE, Layer, Page, PageFailure, PageId, PageRef, Readers
from indexer.ports import Abilities, Batch, Cursor, ListingPart
from indexer.wikis.files import (
    INDEX_NAMES,
    MAX_PAGE_BYTES,
    FileGone,
    UnreadableFile,
    each,
    is_page,
    read_page,
    section_links,
    without_ending,
)
from indexer.wikis.links import address_at
from indexer.wikis.mirror import Difference, File, Mirror
from indexer.wikis.owners import owner_of
from indexer.wikis.restrictions import FILE, NOBODY_AT_ALL, Restrictions, is_below, layer_of, restricted_by
from indexer.wikis.touches import History, Sha, Touch

log = logging.getLogger(__name__)

BATCH = 200  # pages a batch: a kill costs no more of the work
COMMIT = "{commit}"
"""What stands in an address for the commit that last wrote the page."""

_ANY_COMMIT = "HEAD"


@dataclass(frozen=True, slots=True)
class Web:
    """Where people read the pages: under *base* (empty: nowhere), as the files of a site, a repository or a wiki."""

    base: str
    is_wiki: bool = False

    def address(self, page_id: PageId, commit: str = _ANY_COMMIT) -> str:
        """Return the address of a page, as *commit* has it where the base asks for one."""
        if not self.base:
            return ""
        path = page_id if COMMIT in self.base else self._path(page_id)
        return f"{self.base.replace(COMMIT, commit).rstrip('/')}/{percent_encoded(path)}"

    def _path(self, page_id: PageId) -> str:
        """Return the path as a site publishes it, or a wiki: GitHub's knows no folders, GitLab's does."""
        folder, _, name = without_ending(page_id).rpartition("/")
        if self.is_wiki:
            name = name.replace(" ", "-")
            return f"{folder}/{name}" if folder and "/-/" in self.base else name
        name = "" if name.lower() in INDEX_NAMES else name
        return f"{folder}/{name}" if folder else name


def web_of(repository: str, url: str, folder: str) -> Web:
    """Return where the pages of *repository* are read: at *url*, or if that is empty where its host shows them.

    >>> web_of("https://github.com/acme/handbook.git", "", "docs").base
    'https://github.com/acme/handbook/blob/{commit}/docs'
    """
    parts = urlsplit(repository)
    bare = repository.rstrip("/").removesuffix(".git")
    is_wiki = bare.endswith(".wiki")
    if url or parts.scheme not in {"http", "https"}:
        return Web(url, is_wiki)
    dash = "/-" if "gitlab" in (parts.hostname or "") else ""
    if is_wiki:
        return Web(f"{bare.removesuffix('.wiki')}{dash}/{'wikis' if dash else 'wiki'}", is_wiki)
    if not dash and parts.hostname != "github.com":
        return Web("", is_wiki)
    return Web(f"{bare}{dash}/blob/{COMMIT}/{percent_encoded(folder.strip('/'))}".rstrip("/"), is_wiki)


class _Place(BaseModel):
    """A cursor: all differences from *start* (empty: nothing) to *end* are told as far as the path *after*.

    With *after* empty they are told to the end. *readers* could read the wiki then; with others, all is told anew.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    folder: str
    end: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
    start: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40})?$")] = ""
    after: str = ""
    readers: str = EVERYONE


class Git:
    """The pages under one *folder* of the repository that *mirror* copies; a page's id is its path there.

    *readers* may read it, less whom the `.readers` files of its folders leave out in the newest commit.
    """

    def __init__(self, name: str, mirror: Mirror, web: Web, folder: str, readers: Readers) -> None:
        self._name = name
        self._mirror = mirror
        self._web = web
        self._folder = folder
        self._readers = readers
        self._readers_named = " and ".join(sorted(" or ".join(sorted(layer)) for layer in readers))
        self._newest: Sha | None = None
        self._history: History | None = None
        self._restrictions = Restrictions(readers, self._layer)

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """A commit names every file there is, and two commits all that differs."""
        return Abilities(changes=True, removals=True, exact_listing=True)

    def validate(self) -> None:
        """Check that the repository can be fetched and has pages."""
        if not self._pages(self._fetched()):
            raise WikiMisconfigured(
                f"The repository of the wiki {self._name!r} has no Markdown or HTML page in "
                f'{self._folder or "it"}. Correct its "folder" or its "branch" in FOOTNOTE_WIKIS.'
            )

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Yield what differs between the cursor's commit and the newest one, batch by batch in the order of paths."""
        newest = self._fetched()
        place = self._place(cursor) if cursor is not None else None
        if place is not None and place.after:
            yield from self._batches(place)
        told = place.end if place is not None else ""
        if told != newest:
            yield from self._batches(_Place(folder=self._folder, start=told, end=newest, readers=self._readers_named))

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page of the newest commit."""
        refs = tuple(self._refs(self._pages(self._fetched())))
        yield ListingPart(refs, is_complete=True, expected=len(refs))

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page as the newest commit has it, or why it could not be read."""
        newest = self._fetched()
        yield from each(refs, lambda ref: self._page(ref.page_id, newest))

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the address of a section of a page as it is now; empty where it has none."""
        address = self._web.address(page_id)
        return address_at(address, anchor, quote) if address else ""

    def owner(self, page_id: PageId) -> str:
        """Return the e-mail of whoever looks after a page in the commit fetched last; empty where nobody is named."""
        return owner_of(page_id, lambda path: self._mirror.look_up(self._folder, path.encode()))

    def _fetched(self) -> Sha:
        newest = self._mirror.fetch()
        if newest != self._newest:
            self._newest, self._history = newest, None
            self._restrictions = Restrictions(self._readers, self._layer)
        return newest

    def _layer(self, folder: str) -> Layer | None:
        """Return whom the `.readers` file of a folder lets in, in the newest commit."""
        assert self._newest is not None, "pages are told of a commit that was fetched"
        path = f"{folder}/{FILE}".lstrip("/").encode()
        content = self._mirror.file(self._newest, self._folder, path)
        if content is not None:
            return layer_of(self._mirror.content(content))
        return NOBODY_AT_ALL if self._mirror.has_path(self._newest, self._folder, path) else None

    def _place(self, cursor: Cursor) -> _Place:
        """Return the place that *cursor* names. Raises CursorExpired if it is of another folder or a lost commit."""
        try:
            place = _Place.model_validate_json(cursor)
        except ValidationError as error:
            raise CursorExpired(f"The cursor {cursor[:200]!r} of the wiki {self._name!r} is none of git's.") from error
        commits = [Sha(commit) for commit in (place.start, place.end) if commit]
        is_ours = (place.folder, place.readers) == (self._folder, self._readers_named)
        if not is_ours or not all(self._mirror.has(commit) for commit in commits):
            raise CursorExpired(
                f"The wiki {self._name!r} has another folder or other readers now, or lost its commit {place.end}."
            )
        return place

    def _batches(self, place: _Place) -> Iterator[Batch]:
        """Yield the differences from the start of *place* to its end that come after its path."""
        written, gone = self._differences(Sha(place.start), Sha(place.end))
        rest = iter([ref for ref in written if ref.page_id > place.after])
        removed = () if place.after else tuple(gone)
        batch = tuple(islice(rest, BATCH))
        while True:
            following = tuple(islice(rest, BATCH))
            after = str(batch[-1].page_id) if following else ""
            yield Batch(batch, removed, self._cursor(place, after), expected=len(written))
            if not following:
                return
            batch, removed = following, ()

    def _cursor(self, place: _Place, after: str) -> Cursor:
        start = place.start if after else ""
        return Cursor(place.model_copy(update={"start": start, "after": after}).model_dump_json())

    def _differences(self, start: Sha, end: Sha) -> tuple[list[PageRef], list[PageId]]:
        """Return the pages that *end* has written since *start*, by path, and those that are gone."""
        if not start:
            return list(self._refs(self._pages(end))), []
        difference = self._mirror.difference(start, end, self._folder)
        gone = (self._page_id(path) for path in difference.gone)
        written = {
            ref.page_id: ref for ref in (*self._refs(difference.written), *self._read_by_others(difference, end))
        }
        return sorted(written.values(), key=_by_id), [page_id for page_id in gone if page_id is not None]

    def _read_by_others(self, difference: Difference, end: Sha) -> list[PageRef]:
        """Return the pages below the folders whose `.readers` file was written, or is gone."""
        paths = (*(file.path for file in difference.written), *difference.gone)
        found = {restricted_by(path.decode(errors="replace")) for path in paths}
        folders = [folder for folder in found if folder is not None]
        everything = self._refs(self._pages(end)) if folders else ()
        return [ref for ref in everything if any(is_below(ref.page_id, folder) for folder in folders)]

    def _pages(self, commit: Sha) -> list[File]:
        return [file for file in self._mirror.files(commit, self._folder) if self._page_id(file.path) is not None]

    def _refs(self, files: Iterable[File]) -> Iterator[PageRef]:
        named = ((self._page_id(file.path), file.content) for file in files)
        yield from sorted(
            (PageRef(page_id, content, self._restrictions.of(page_id)) for page_id, content in named if page_id),
            key=_by_id,
        )

    def _page_id(self, path: bytes) -> PageId | None:
        """Return the id of the page at *path*, None where there is none: hidden, packages, or no page by its ending."""
        try:
            text = path.decode()
        except UnicodeDecodeError:
            log.warning("file left out, its name is not UTF-8", extra={"wiki": self._name, "path": ascii(path)})
            return None
        parts = text.split("/")
        is_hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
        is_frame = self._web.is_wiki and parts[-1].startswith("_")  # _Sidebar, _Footer: around every page
        return None if is_hidden or is_frame or not is_page(text) else PageId(text)

    def _page(self, page_id: PageId, newest: Sha) -> Page:
        stamp = self._mirror.file(newest, self._folder, page_id.encode())
        if stamp is None or self._page_id(page_id.encode()) is None:
            raise FileGone("The file is not in the newest commit.")
        content = self._mirror.content(stamp)
        if len(content) > MAX_PAGE_BYTES:
            megabytes = f"{len(content) / 1e6:.1f} MB, more than the {MAX_PAGE_BYTES / 1e6:.0f} MB"
            raise UnreadableFile(f"The file has {megabytes} a page may have.")
        reading = read_page(content, page_id)
        touch = self._last_touch(page_id, newest)
        return Page(
            wiki=self._name,
            page_id=page_id,
            title=reading.title,
            url=self._web.address(page_id, touch.commit if touch else newest),
            revision=stamp[:12],
            stamp=stamp,
            updated_at=reading.reviewed_at or _when(touch),
            readers=self._restrictions.of(page_id),
            text=reading.text,
            blocks=reading.blocks,
            links=section_links(reading.links, page_id),
        )

    def _last_touch(self, page_id: PageId, newest: Sha) -> Touch | None:
        if self._history is None:
            self._history = self._mirror.history(newest, self._folder)
        return self._history.last_touch(page_id.encode())


def _by_id(ref: PageRef) -> str:
    return ref.page_id


def _when(touch: Touch | None) -> datetime | None:
    return touch.at if touch else None
