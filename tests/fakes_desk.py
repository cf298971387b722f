"""An honest fake of the desk for the index, and the real one over a small index."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.index_desk import JobProgress, LocalIndexDesk, QueueingDesk, Work
from bot.index_queue import CatalogueQueue
from bot.ports import IndexHealth, IndexJob, JobKind, WikiHealth
from indexer.errors import CatalogueUnusable
from indexer.planning import RefreshStopped
from indexer.ports import Progress
from indexer.working import work_off
from tests.fakes_indexer import FakeWiki, SilentProgress
from tests.indexer.conftest import SmallIndex, build_index

HEALTH = IndexHealth(
    generation=7,
    pages=88,
    passages=412,
    wikis=(
        WikiHealth("handbook", 60, 300, "2026-05-03T08:00:00+00:00", ""),
        WikiHealth("runbooks", 28, 112, "", "The wiki could not be reached."),
    ),
    unreadable=2,
    refreshed_at="2026-05-03T08:01:00+00:00",
    to_mend="To mend: 3 empty pages (+1), 2 near-duplicates; in brackets, since the refresh before.",
    under_way=("Request 12 (runbooks): runs since 2026-05-03 08:02 UTC, 4 of 28 pages looked at",),
)


def a_desk(
    *, during: Callable[[IndexJob], None] = lambda _: None, is_broken: bool = False, rolls_back: bool = True
) -> LocalIndexDesk:
    """Return a desk that does its jobs itself, in two steps, over two wikis; *during* is called between them."""

    def look() -> IndexHealth:
        if is_broken:
            raise CatalogueUnusable("wiki.db is damaged: restore it from a backup")
        return HEALTH

    def work(job: IndexJob, progress: JobProgress) -> tuple[str, ...]:
        progress.expect(10)
        progress.advance(4)
        during(job)
        progress.advance(6)
        return ("1 page new, 2 changed, 0 removed.", "2 pages not readable.")

    works: dict[JobKind, Work] = dict.fromkeys(JobKind, work)
    if not rolls_back:
        del works[JobKind.ROLL_BACK]
    return LocalIndexDesk(("handbook", "runbooks"), look, works)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A desk over a small real index, and what it consists of."""

    desk: QueueingDesk
    index: SmallIndex

    def work(self, progress: Progress | None = None) -> None:
        """Work off the oldest request, as the running indexer would."""
        index = self.index
        with suppress(RefreshStopped):
            work_off(index.catalogue, index.sync, progress or SilentProgress(), index.clock, noted_every_seconds=0.0)

    def close(self) -> None:
        """Close both."""
        self.desk.close()
        self.index.catalogue.close()


def a_queueing_desk(folder: Path, *, patience: timedelta = timedelta(days=1), pages: int = 40) -> Indexed:
    """Return a desk over the index in *folder* of a wiki of so many pages that were not read yet."""
    wiki = FakeWiki()
    for number in range(pages):
        wiki.write(f"page-{number}", f"This page is number {number}.")
    index = build_index(folder, wiki=wiki)
    local = LocalIndexDesk(("handbook", "runbooks"), lambda: HEALTH, {})
    queue = CatalogueQueue(
        index.catalogue, index.sync, index.clock, patience, seconds_between_looks=0.01, noted_every_seconds=0.0
    )
    return Indexed(QueueingDesk(local, queue), index)
