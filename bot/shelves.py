"""The folder wikis on the workspace's shelf: read as the indexer reads them, edited in place.

Knows the indexer's pages and the workspace's port; how the index is refreshed and how it is doing it is told.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.ports import IndexDesk, IndexJob, JobKind, NotBegun
from bot.workspace.people import Person
from bot.workspace.shelf import Heading, IndexHealth, Sheet, SheetRef, ShelfRefused
from indexer.comparing import whole
from indexer.errors import IndexerError
from indexer.pages import NOBODY, Audience, BlockKind, Page, PageId, may_read
from indexer.ports import Wiki
from indexer.wikis.files import INDEX_NAMES, without_ending
from indexer.wikis.frontmatter import split_front_matter
from indexer.wikis.leftovers import without_leftovers
from indexer.wikis.reading import readable

MAX_SOURCE_BYTES = 1_000_000
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True, slots=True)
class Shelved:
    """A wiki whose pages are files in *folder*, by their ids."""

    wiki: Wiki
    folder: Path


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A page and its file."""

    page: Page
    file: Path
    path: str

    @property
    def ref(self) -> SheetRef:
        return SheetRef(self.page.wiki, self.path, self.page.title)


class FolderShelf:
    """A Shelf over *shelved*; *audience* tells whom a person counts as, *health* and *refresh* are the index's.

    Pages are read from the files each time, so that an edit shows at once, before the index knows of it.
    """

    def __init__(
        self,
        shelved: Sequence[Shelved],
        audience: Callable[[Person | None], Audience],
        health: Callable[[], IndexHealth],
        refresh: Callable[[], str],
    ) -> None:
        self._shelved = {each.wiki.name: each for each in shelved}
        self._audience = audience
        self._health = health
        self._refresh = refresh
        self._read: dict[tuple[str, PageId], tuple[str, Page]] = {}

    def sheets(self, person: Person | None) -> list[SheetRef]:
        """Return the pages *person* may read."""
        return [leaf.ref for wiki in self._shelved for leaf in self._leaves(person, wiki)]

    def sheet(self, person: Person | None, wiki: str, path: str) -> Sheet | None:
        """Return a page, with the ways to the others of its wiki."""
        leaves = self._leaves(person, wiki)
        leaf = next((each for each in leaves if each.path == path), None)
        if leaf is None:
            return None
        source = _source(leaf.file)
        ways = {name: each.path for each in leaves for name in (str(each.page.page_id), each.path)}
        return Sheet(
            ref=leaf.ref,
            markdown=_markdown(leaf, source),
            headings=_headings(leaf.page),
            source=source,
            revision=leaf.page.revision,
            updated=f"{leaf.page.updated_at:%-d %B %Y}" if leaf.page.updated_at else "",
            ways=ways,
        )

    def save(self, person: Person | None, wiki: str, path: str, source: str, revision: str) -> None:
        """Replace a page's file in one step."""
        leaf = next((each for each in self._leaves(person, wiki) if each.path == path), None)
        if leaf is None:
            raise ShelfRefused("There is no such page, or you may not read it.")
        if leaf.page.revision != revision:
            raise ShelfRefused("Somebody changed this page since you opened it. Copy your text, and load it again.")
        content = source.replace("\r\n", "\n").encode()
        if len(content) > MAX_SOURCE_BYTES:
            raise ShelfRefused(f"A page may have {MAX_SOURCE_BYTES / 1e6:.0f} MB here.")
        _replace(leaf.file, content)

    def health(self) -> IndexHealth:
        """Return how the index is doing."""
        try:
            return self._health()
        except IndexerError as error:
            raise ShelfRefused(str(error)) from error

    def refresh(self) -> str:
        """Refresh the index."""
        return self._refresh()

    def _leaves(self, person: Person | None, name: str) -> list[_Leaf]:
        shelved = self._shelved.get(name)
        if shelved is None:
            return []
        audience = self._audience(person)
        try:
            pages = self._pages(shelved.wiki)
        except IndexerError as error:
            raise ShelfRefused(str(error)) from error
        root = shelved.folder.resolve()
        return [
            _Leaf(page, (root / page.page_id).resolve(), _path(page.page_id))
            for page in sorted(pages, key=lambda page: page.page_id)
            if may_read(audience, page.readers)
        ]

    def _pages(self, wiki: Wiki) -> list[Page]:
        """Return all pages, for whom the listing says; only those whose stamp is new are read again."""
        refs = {ref.page_id: ref for ref in whole(wiki.listing())}
        known = {page_id: self._read.get((wiki.name, page_id), ("", None)) for page_id in refs}
        stale = [ref for ref in refs.values() if known[ref.page_id][0] != ref.stamp]
        for page in wiki.fetch(stale):
            if isinstance(page, Page):
                self._read[wiki.name, page.page_id] = (page.stamp, page)
        read = {page_id: self._read[wiki.name, page_id][1] for page_id in refs if (wiki.name, page_id) in self._read}
        return [replace(page, readers=refs[page_id].readers or NOBODY) for page_id, page in read.items()]


def _path(page_id: PageId) -> str:
    """Return the path of a page in its address, as `Folder.link` makes it."""
    folder, _, name = without_ending(page_id).rpartition("/")
    if name.lower() in INDEX_NAMES:
        return folder
    return f"{folder}/{name}" if folder else name


def _source(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ShelfRefused(f"{file.name} cannot be read as UTF-8 text.") from error


def _markdown(leaf: _Leaf, source: str) -> str:
    """Return what is drawn: a Markdown page as it was written, any other in the indexer's normal form."""
    if leaf.file.suffix.lower() not in {".md", ".markdown"} or "</" in source:
        return leaf.page.text
    _, body = split_front_matter(readable(source))
    return without_leftovers(body)


def _headings(page: Page) -> list[Heading]:
    headings = [block for block in page.blocks if block.kind is BlockKind.HEADING]
    return [Heading(page.text[block.start : block.end].lstrip("# "), block.anchor) for block in headings]


def _replace(file: Path, content: bytes) -> None:
    """Write *content* beside *file* and put it in its place, with the rights of the old one."""
    try:
        mode = file.stat().st_mode
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".saving-")
        try:
            with os.fdopen(handle, "wb") as beside:
                beside.write(content)
            Path(name).chmod(mode & 0o777)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ShelfRefused(f"The page cannot be saved: {error.strerror}.") from error


def copied(original: Path, copy: Path) -> Path:
    """Bring *copy* up to date with the folder *original* and return it; a file that was edited since is left as it is.

    Each file appears whole, so that an indexer may read the folder meanwhile.
    """
    for source in sorted(path for path in original.rglob("*") if path.is_file()):
        target = copy / source.relative_to(original)
        if target.is_file() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".copying-{os.getpid()}-{target.name}")
        shutil.copy2(source, beside)
        beside.replace(target)
    return copy


def refreshing(index: Callable[[], IndexDesk | None], is_ending: Callable[[float], bool]) -> Callable[[], str]:
    """Return a call that has the index refreshed in its turn by an admin's desk, and says what that came to.

    *index* gives None while the bot is starting; *is_ending* waits so many seconds and says whether it is to end.
    """

    def refresh() -> str:
        desk = index()
        if desk is None:
            raise ShelfRefused("Footnote is still starting. Try again in a moment.")
        try:
            begun = desk.begin(IndexJob(JobKind.REINDEX))
            if isinstance(begun, NotBegun):
                raise ShelfRefused(begun.why)
            while (progress := desk.progress(begun)) is not None and not progress.has_ended:
                if is_ending(SECONDS_BETWEEN_LOOKS):
                    raise ShelfRefused("Footnote is ending. The indexer refreshes without it.")
        except IndexerError as error:
            raise ShelfRefused(str(error)) from error
        if progress is None:
            raise ShelfRefused("The index was replaced in the meantime. Try again.")
        return f"Done in {progress.seconds:.1f} s: {' '.join(progress.came_to)}"

    return refresh
