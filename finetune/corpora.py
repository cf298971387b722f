"""A corpus: pages that are cut, indexed and searched exactly as the bot's wikis are, in a folder of its own."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from finetune.ports import Piece, piece_of
from indexer.comparing import whole
from indexer.cutting import cut
from indexer.pages import EVERYONE, EVERYONE_READS, Page, PageFailure, PageId, PageRef
from indexer.planning import Wishes
from indexer.ports import Abilities, Batch, Cursor, Embedder, ListingPart, Progress, Wiki
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.vectors import Snapshots
from indexer.sync import Sync
from indexer.wikis.markdown import read_markdown

AUDIENCE = frozenset({EVERYONE})


class MarkdownPages:
    """Pages held in memory as Markdown (port Wiki). *pages* maps an id to a title and its text."""

    def __init__(self, name: str, pages: Mapping[str, tuple[str, str]]) -> None:
        self._name = name
        self._pages = pages

    @property
    def name(self) -> str:
        """The corpus's name."""
        return self._name

    def validate(self) -> None:
        """Do nothing: what is in memory can be read."""

    @property
    def abilities(self) -> Abilities:
        """Only lists, but exactly."""
        return Abilities(changes=False, removals=False, exact_listing=True)

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Not for these pages, which never change."""
        raise AssertionError(f"{self._name} has no feed of changes to go on from {cursor}")

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page at once."""
        pages = tuple(PageRef(PageId(page_id), _hash(text)) for page_id, (_, text) in self._pages.items())
        yield ListingPart(pages, is_complete=True)

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page."""
        for ref in refs:
            title, text = self._pages[ref.page_id]
            reading = read_markdown(f"# {title}\n\n{text}", title)
            yield Page(
                wiki=self._name,
                page_id=ref.page_id,
                title=title,
                url="",
                revision=ref.stamp,
                stamp=ref.stamp,
                updated_at=None,
                readers=EVERYONE_READS,
                text=reading.text,
                blocks=reading.blocks,
            )

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:  # noqa: ARG002 - the port's words
        """Return nothing: these pages have no address."""
        return ""


class Corpus:
    """The passages of one wiki, indexed in *folder* (port Finder). Opened by `opened`."""

    def __init__(self, search: Search, pages: Mapping[str, Sequence[Piece]]) -> None:
        self._search = search
        self._pages = pages
        self._everything = [piece for page_id in sorted(pages) for piece in pages[page_id]]

    def find(self, question: str, count: int) -> list[Piece]:
        """Return at most *count* passages, best first, by the bot's own search."""
        hits = self._search.find(question, AUDIENCE, count)
        return [Piece(str(hit.page_id), hit.title, hit.headings, hit.text) for hit in hits]

    def of_page(self, page_id: str) -> Sequence[Piece]:
        """Return the passages of a page in order."""
        return self._pages.get(page_id, ())

    def everything(self) -> Sequence[Piece]:
        """Return every passage, by page."""
        return self._everything


def opened(wiki: Wiki, embedder: Embedder, folder: Path, progress: Progress) -> Corpus:
    """Index what is new in *wiki* and return it. Raises IndexerError."""
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(folder / "wiki.db")
    snapshots = Snapshots(folder / "snapshots")
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - a clock is a value here
    Sync([wiki], embedder, catalogue, snapshots, clock).refresh(progress, Wishes(accept_removals=True))
    pages = {
        str(page.page_id): [piece_of(one) for one in cut(page, embedder.count_tokens, embedder.max_tokens)]
        for page in wiki.fetch(whole(wiki.listing()))
        if isinstance(page, Page)
    }
    return Corpus(Search(catalogue, embedder, snapshots), pages)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
