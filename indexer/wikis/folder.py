"""A wiki that is a folder of Markdown and HTML files."""

import errno
import hashlib
import logging
import os
import stat as file_modes
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote as percent_encoded

from indexer.errors import WikiMisconfigured, WikiUnavailable
from indexer.pages import Layer, Page, PageFailure, PageId, PageRef, Readers, both
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
from indexer.wikis.owners import owner_of
from indexer.wikis.restrictions import FILE, NOBODY_AT_ALL, Restrictions, layer_of

log = logging.getLogger(__name__)

SKIPPED_FOLDERS = frozenset({"node_modules"})


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder or a page: where it really is on disk, and its path in the wiki."""

    real_path: str
    page_id: str
    is_link: bool


class Folder:
    """The pages of one folder and the folders in it; a page's id is its path there, with `/`.

    Hidden folders and `node_modules` are no part of it. A symbolic link is followed if it stays inside. *readers* may
    read it, less whom the `.readers` files of its folders leave out.
    """

    def __init__(self, name: str, path: Path, url: str, readers: Readers) -> None:
        self._name = name
        self._path = path
        self._url = url
        self._readers = readers

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """Only lists, but exactly: a file that is not there is gone."""
        return Abilities(changes=False, removals=False, exact_listing=True)

    def validate(self) -> None:
        """Check that the folder is there and can be listed. Raises WikiMisconfigured, with the cure."""
        cure = f'Correct its "path" in FOOTNOTE_WIKIS, or make {self._path} a folder that can be read.'
        if not self._path.is_dir():
            raise WikiMisconfigured(f"The wiki {self._name!r} has no folder {self._path}. {cure}")
        try:
            os.scandir(self._path).close()
        except OSError as error:
            raise WikiMisconfigured(
                f"The folder {self._path} of the wiki {self._name!r} cannot be read: {error.strerror}. {cure}"
            ) from error

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Not for a folder, which keeps no history."""
        raise AssertionError(f"{self._name} has no feed of changes to go on from {cursor}")

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page at once, in the order of their ids. Raises WikiUnavailable if a folder cannot be listed."""
        try:
            refs = list(self._walk(self._path.resolve(strict=True)))
        except OSError as error:
            folder = error.filename or self._path
            raise WikiUnavailable(
                f"The folder {folder} of the wiki {self._name!r} cannot be listed: {error.strerror}."
            ) from error
        pages = tuple(sorted(refs, key=lambda ref: ref.page_id))
        yield ListingPart(pages, is_complete=True, expected=len(pages))

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page, or why it could not be read, in the order asked for."""
        root = self._path.resolve()
        yield from each(refs, lambda ref: self._page(ref, root))

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the base address and the path without its ending; empty where no base address is set."""
        if not self._url:
            return ""
        folder, _, name = without_ending(page_id).rpartition("/")
        name = "" if name.lower() in INDEX_NAMES else name
        path = f"{folder}/{name}" if folder else name
        return address_at(f"{self._url.rstrip('/')}/{percent_encoded(path)}", anchor, quote)

    def owner(self, page_id: PageId) -> str:
        """Return the e-mail of whoever looks after a page by the files as they are now; empty where nobody is named."""
        root = self._path.resolve()
        return owner_of(page_id, lambda path: _content(root, path))

    def _walk(self, root: Path) -> Iterator[PageRef]:
        """Yield the pages under *root*; links come last, so that a page is known by its own path, and only once."""
        restrictions = self._restrictions(root)
        seen: set[str] = set()
        waiting = deque([_Place(str(root), "", is_link=False)])
        while waiting:
            place = waiting.popleft()
            state = _state(place.real_path)
            if state is None or place.real_path in seen:
                continue
            seen.add(place.real_path)
            if file_modes.S_ISDIR(state.st_mode):
                inside = self._places_in(place)
                waiting.extendleft(reversed([found for found in inside if not found.is_link]))
                waiting.extend(found for found in inside if found.is_link and self._is_inside(found, root))
            elif file_modes.S_ISREG(state.st_mode) and is_page(place.page_id):
                stamp = f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"
                page_id = PageId(place.page_id)
                yield PageRef(page_id, stamp, _readers_of(restrictions, page_id, Path(place.real_path), root))

    def _restrictions(self, root: Path) -> Restrictions:
        return Restrictions(self._readers, lambda folder: _layer(root / folder / FILE))

    def _places_in(self, folder: _Place) -> list[_Place]:
        """Return what is in *folder*, by name, without what is hidden or never holds pages."""
        with os.scandir(folder.real_path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        places = (_place(entry, folder.page_id) for entry in found if not _is_skipped(entry.name))
        return [place for place in places if self._has_sound_name(place)]

    def _has_sound_name(self, place: _Place) -> bool:
        try:
            place.page_id.encode()
        except UnicodeEncodeError:
            path = ascii(place.page_id)
            log.warning("file left out, its name is not UTF-8", extra={"wiki": self._name, "path": path})
            return False
        return True

    def _is_inside(self, link: _Place, root: Path) -> bool:
        is_inside = Path(link.real_path).is_relative_to(root)
        if not is_inside:
            log.warning("link out of the folder not followed", extra={"wiki": self._name, "path": link.page_id})
        return is_inside

    def _page(self, ref: PageRef, root: Path) -> Page:
        path = _inside(root, ref.page_id)
        content, state = _read(path)
        reading = read_page(content, ref.page_id)
        return Page(
            wiki=self._name,
            page_id=ref.page_id,
            title=reading.title,
            url=self.link(ref.page_id, "", ""),
            revision=hashlib.sha256(content).hexdigest()[:12],
            stamp=ref.stamp,
            updated_at=reading.reviewed_at or _modified_at(state),
            readers=_readers_of(self._restrictions(root), ref.page_id, path, root),
            text=reading.text,
            blocks=reading.blocks,
            links=section_links(reading.links, ref.page_id),
        )


def _place(entry: os.DirEntry[str], folder_id: str) -> _Place:
    page_id = f"{folder_id}/{entry.name}" if folder_id else entry.name
    if entry.is_symlink():
        return _Place(os.path.realpath(entry.path), page_id, is_link=True)
    return _Place(entry.path, page_id, is_link=False)


def _state(path: str) -> os.stat_result | None:
    """Return the state of a file or folder, or None if it is gone, or a link that leads nowhere."""
    try:
        return Path(path).stat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            return None
        raise


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name in SKIPPED_FOLDERS


def _readers_of(restrictions: Restrictions, page_id: PageId, real_path: Path, root: Path) -> Readers:
    """Return who may read a page, by the folders on the way to it and by those where it really is."""
    allowed, real_id = restrictions.of(page_id), PageId(real_path.relative_to(root).as_posix())
    return allowed if real_id == page_id else both(allowed, restrictions.of(real_id))


def _layer(file: Path) -> Layer | None:
    """Return whom a `.readers` file lets in, None where there is none; nobody where it is there and no file."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return NOBODY_AT_ALL
    try:
        return layer_of(file.read_bytes()) if file.is_file() else NOBODY_AT_ALL
    except OSError:
        return NOBODY_AT_ALL


def _inside(root: Path, path: str) -> Path:
    inside = (root / path).resolve()
    if not inside.is_relative_to(root):
        raise UnreadableFile("The file is outside the wiki's folder.")
    return inside


def _read(path: Path) -> tuple[bytes, os.stat_result]:
    try:
        state = path.stat()
        if not file_modes.S_ISREG(state.st_mode):
            raise UnreadableFile("This is not a file any more.")
        if state.st_size > MAX_PAGE_BYTES:
            megabytes = f"{state.st_size / 1e6:.1f} MB, more than the {MAX_PAGE_BYTES / 1e6:.0f} MB"
            raise UnreadableFile(f"The file has {megabytes} a page may have.")
        return path.read_bytes(), state
    except FileNotFoundError as error:
        raise FileGone("The file was gone when it was to be read.") from error
    except OSError as error:
        raise UnreadableFile(f"The file cannot be read: {error.strerror}.") from error


def _content(root: Path, path: str) -> bytes | None:
    try:
        return _read(_inside(root, path))[0]
    except UnreadableFile:
        return None


def _modified_at(state: os.stat_result) -> datetime | None:
    try:
        return datetime.fromtimestamp(state.st_mtime, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None
