"""A whole index over a wiki in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.locking import working
from indexer.pages import EVERYONE, Principal
from indexer.passages import Hit
from indexer.planning import Wishes
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.history import RolledBack
from indexer.store.vectors import Snapshots
from indexer.sync import Habits, Refreshed, Sync
from tests.fakes_indexer import FakeEmbedder, FakeWiki, SilentProgress, SteadyClock


@dataclass(frozen=True, slots=True)
class SmallIndex:
    """An index in a folder of its own, with the real catalogue, snapshots, sync and search."""

    wiki: FakeWiki
    embedder: FakeEmbedder
    catalogue: Catalogue
    snapshots: Snapshots
    search: Search
    sync: Sync
    clock: SteadyClock

    def refresh(self, *, full: bool = False, accept_removals: bool = False, listing: bool = False) -> Refreshed:
        """Refresh, unseen."""
        return self.sync.refresh(SilentProgress(), Wishes(full=full, accept_removals=accept_removals, listing=listing))

    def show(self, generation: int | None) -> RolledBack:
        """Roll back, or forward."""
        with working(self.catalogue, self.clock):
            return self.catalogue.show(generation, self.clock())

    def texts(self, audience: Iterable[str] = (EVERYONE,)) -> set[str]:
        """Return the text of every passage that *audience* can find with the word "page"."""
        return {hit.text for hit in self.find("page", 1000, audience)}

    def find(self, question: str, count: int = 10, audience: Iterable[str] = (EVERYONE,)) -> list[Hit]:
        """Find as *audience*."""
        return self.search.find(question, frozenset(Principal(name) for name in audience), count)

    def found_pages(self, question: str, audience: Iterable[str] = (EVERYONE,)) -> set[str]:
        """Return the pages with a hit among the first hundred."""
        return {hit.page_id for hit in self.find(question, 100, audience)}

    def passage_ids(self) -> dict[str, int]:
        """Return the id of each passage by its text, as the catalogue has them."""
        everything = self.find("page", 1000)
        return {hit.text: hit.passage_id for hit in everything}

    def tokens_kept(self) -> int:
        """Return how many texts have token vectors in the catalogue."""
        with self.catalogue._database.reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM token_vectors").fetchone()
        return int(count)


def build_index(
    folder: Path,
    embedder: FakeEmbedder | None = None,
    wiki: FakeWiki | None = None,
    *,
    keeps_tokens: bool = True,
    generations_kept: int = 20,
) -> SmallIndex:
    """Build an index in *folder*, or open the one that is there."""
    wiki = wiki or FakeWiki()
    embedder = embedder or FakeEmbedder()
    catalogue = Catalogue(folder / "wiki.db")
    snapshots = Snapshots(folder / "snapshots")
    clock = SteadyClock()
    habits = Habits(keeps_tokens=keeps_tokens, generations_kept=generations_kept)
    return SmallIndex(
        wiki=wiki,
        embedder=embedder,
        catalogue=catalogue,
        snapshots=snapshots,
        search=Search(catalogue, embedder, snapshots),
        sync=Sync([wiki], embedder, catalogue, snapshots, clock, habits),
        clock=clock,
    )


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SmallIndex]:
    """Give an index of nothing yet."""
    built = build_index(tmp_path)
    yield built
    built.catalogue.close()
