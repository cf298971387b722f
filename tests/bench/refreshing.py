"""What a refresh costs: after one edit, after none, by the size of the wiki; and of a real wiki, where one is named.

`make bench` measures the first; `make bench-index WIKI=folder` both, alone, and puts its sections into the report.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bot.preparing import cpu_name
from config import settings, wiring
from config.wiki_settings import FolderWiki
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.pages import EVERYONE
from indexer.planning import NO_WISHES, Wishes
from indexer.ports import Embedder, Embedding, Vector, Vectors
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.vectors import Snapshots
from indexer.sync import Habits, Sync
from tests.bench import report
from tests.fakes_indexer import TELLS_ALL, FakeWiki, SilentProgress, SteadyClock

SIZES = (10_000, 100_000)
SECTIONS = 10  # of a page; each becomes a passage
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class RefreshCosts:
    """For an index of so many *passages*: milliseconds, medians of five, and bytes of the catalogue a passage.

    *edit_until_found* is from the refresh's start until a search finds the new words, *edit* the whole refresh.
    """

    passages: int
    no_change: float
    edit_until_found: float
    edit: float
    listing: float
    bytes_a_passage: float


@dataclass(frozen=True, slots=True)
class WikiCosts:
    """What a real wiki costs. *bytes* are of the catalogue and the snapshots, *token_bytes* those for MaxSim in it."""

    name: str
    pages: int
    passages: int
    index_seconds: float
    no_change: float
    bytes: int
    token_bytes: int


class Filler:
    """An embedder that gives out random vectors under another's name: a full catalogue in seconds and not in hours."""

    def __init__(self, real: Embedder) -> None:
        self.name, self.dimensions, self.max_tokens = real.name, real.dimensions, real.max_tokens
        self._chance = np.random.default_rng(7)

    def count_tokens(self, text: str) -> int:
        """Return about as many as there are."""
        return len(text) // 4

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return float32 of shape (len(texts), dimensions), each row of length 1, in no direction in particular."""
        drawn = self._chance.standard_normal((len(texts), self.dimensions), dtype=np.float32)
        unit: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return unit

    def embed_question(self, text: str) -> Vector:
        """Return one such row."""
        row: Vector = self.embed_passages([text])[0]
        return row

    def embed_passages_by_token(self, texts: Sequence[str]) -> list[Embedding]:
        """Return one row for each text."""
        return [Embedding(row, row[None, :]) for row in self.embed_passages(texts)]

    def embed_question_by_token(self, text: str) -> Embedding:
        """Return one row."""
        return self.embed_passages_by_token([text])[0]


class UntilFound(SilentProgress):
    """Progress that looks whenever pages are kept, and notes after how many milliseconds it saw what it looks for."""

    def __init__(self, is_found: Callable[[], bool]) -> None:
        super().__init__()
        self.milliseconds = 0.0
        self._is_found = is_found
        self._began = time.perf_counter()

    def advance(self, pages: int = 1) -> None:
        """Look."""
        super().advance(pages)
        if not self.milliseconds and self._is_found():
            self.milliseconds = 1000 * (time.perf_counter() - self._began)


class FilledIndex:
    """An index of about so many passages of made-up text, whose edits the real embedder reads."""

    def __init__(self, folder: Path, passages: int, real: Embedder) -> None:
        self._folder = folder
        self._wiki = FakeWiki(abilities=TELLS_ALL)
        self._catalogue = Catalogue(folder / "wiki.db")
        self._snapshots = Snapshots(folder / "snapshots")
        self._clock = SteadyClock()
        for number in range(passages // SECTIONS):
            self._wiki.write(f"page-{number}", _text(number))
        self._passages = self._sync(Filler(real)).refresh(SilentProgress()).passages
        self._search = Search(self._catalogue, real, self._snapshots)
        self._real = self._sync(real)

    def close(self) -> None:
        """Close the catalogue."""
        self._catalogue.close()

    def costs(self) -> RefreshCosts:
        """Measure."""
        self._edited()  # the first search reads the vectors from the disk
        edits = [self._edited() for _ in range(ROUNDS)]
        return RefreshCosts(
            passages=self._passages,
            no_change=_milliseconds(lambda: self._real.refresh(SilentProgress(), NO_WISHES)),
            edit_until_found=statistics.median(found for found, _ in edits),
            edit=statistics.median(whole for _, whole in edits),
            listing=_milliseconds(lambda: self._real.refresh(SilentProgress(), Wishes(listing=True))),
            bytes_a_passage=0.0,
        )

    def _edited(self) -> tuple[float, float]:
        """Write one page of the ten thousand anew; return the milliseconds until it is found, and of the refresh."""
        word = f"zebra{time.perf_counter_ns()}"
        self._wiki.write("page-0", f"{_text(0)}\n\n# news\n\nThe gate of the harbour is called {word} from now on.")
        question = f"What is called {word}?"
        seen = UntilFound(lambda: word in self._search.find(question, frozenset({EVERYONE}), 1)[0].text)
        began = time.perf_counter()
        self._real.refresh(seen)
        whole = 1000 * (time.perf_counter() - began)
        assert seen.milliseconds, "an edit is found before the refresh ends"
        return seen.milliseconds, whole

    def _sync(self, embedder: Embedder) -> Sync:
        habits = Habits(keeps_tokens=False)
        return Sync([self._wiki], embedder, self._catalogue, self._snapshots, self._clock, habits)


def refresh_costs(passages: int) -> RefreshCosts:
    """Fill an index with about *passages* passages and measure refreshes of it."""
    real = SentenceTransformerEmbedder(str(packaged_model_path()), wiring.EMBEDDED_TOKENS)
    with tempfile.TemporaryDirectory() as folder:
        with closing(FilledIndex(Path(folder), passages, real)) as index:
            costs = index.costs()
        return replace(costs, bytes_a_passage=_bytes(Path(folder).glob("wiki.db*")) / costs.passages)


def wiki_costs(path: Path) -> WikiCosts:
    """Index the folder *path* as it is by default, everything included, then refresh it unchanged."""
    with tempfile.TemporaryDirectory() as folder:
        named = (FolderWiki(name="measured", path=path),)
        read = settings.load(env_file=None).model_copy(update={"data_dir": Path(folder), "wikis": named})
        indexing = wiring.indexing(read)
        with closing(indexing.catalogue) as catalogue:
            sync = wiring.sync(indexing)
            first = sync.refresh(SilentProgress())
            no_change = _milliseconds(lambda: sync.refresh(SilentProgress()))
            with catalogue._database.reading() as connection:
                (tokens,) = connection.execute("SELECT ifnull(sum(length(packed)), 0) FROM token_vectors").fetchone()
        return WikiCosts(
            name=" ".join(part for part in path.parts[-2:] if part != "pages"),
            pages=first.new,
            passages=first.passages,
            index_seconds=first.seconds,
            no_change=no_change,
            bytes=_bytes(itertools.chain(Path(folder).glob("wiki.db*"), Path(folder, "snapshots").rglob("*"))),
            token_bytes=tokens,
        )


def refreshing(costs: Sequence[RefreshCosts]) -> str:
    """Return the section on made-up pages."""
    rows = (
        f"| {one.passages:,} | {one.no_change:.0f} | {one.edit_until_found:.0f} | {one.edit:.0f} | {one.listing:.0f} "
        f"| {one.bytes_a_passage:.0f} |"
        for one in costs
    )
    return "\n".join(
        (
            "## Refreshing: one edit, and none",
            "",
            f"{_where()} Made-up pages of ten passages whose vectors are random numbers, without those for MaxSim.",
            "The page that is edited and the question are embedded by the real model. Milliseconds, medians of five.",
            "What comes after the edit is found is the report, which looks at every page's particulars.",
            "",
            "| passages | no change | an edit, until found | until its refresh ends | with a listing | bytes each |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        )
    )


def real_wiki(one: WikiCosts) -> str:
    """Return the section on a real wiki."""
    return "\n".join(
        (
            "## Refreshing a real wiki",
            "",
            f"{_where()} `{one.name}`, with everything that is on by default.",
            "",
            "| pages | passages | first index, s | passages/s | no change, ms | bytes a passage | for MaxSim |",
            "|---|---|---|---|---|---|---|",
            " | ".join(
                (
                    f"| {one.pages:,} | {one.passages:,}",
                    f"{one.index_seconds:.0f} | {one.passages / one.index_seconds:.0f} | {one.no_change:.0f}",
                    f"{one.bytes / one.passages:,.0f} | {one.token_bytes / one.passages:,.0f} |",
                )
            ),
            "",
        )
    )


def main() -> int:
    """Measure what was asked for, and put it into the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.refreshing", description="Measure refreshes.")
    parser.add_argument("--wiki", type=Path, metavar="FOLDER", help="a folder of pages to index and refresh as well")
    parser.add_argument(
        "--passages",
        type=int,
        nargs="*",
        default=SIZES,
        metavar="N",
        help="sizes to fill (default: 10,000 and 100,000)",
    )
    chosen = parser.parse_args()
    sections = [refreshing([refresh_costs(size) for size in chosen.passages])] if chosen.passages else []
    sections += [real_wiki(wiki_costs(chosen.wiki))] if chosen.wiki else []
    for section in sections:
        print(section)
        report.put(section)
    return 0


def _where() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}, {cpu_name()}."


def _text(number: int) -> str:
    """Return a page with sections of about forty words, like no other page."""
    filler = " ".join(f"word{(number * 31 + place * 17) % 49_999}" for place in range(35))
    sections = (f"# s{place}\n\nPage {number} says {number * SECTIONS + place}. {filler}" for place in range(SECTIONS))
    return "\n\n".join(sections)


def _bytes(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())


def _milliseconds(act: Callable[[], object]) -> float:
    """Return the median time of some rounds of *act*."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
