"""An honest fake of the desk for the index."""

from collections.abc import Callable

from bot.index_desk import JobProgress, LocalIndexDesk, Work
from bot.ports import IndexHealth, IndexJob, JobKind, WikiHealth
from indexer.errors import CatalogueUnusable

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
)


def a_desk(
    *, during: Callable[[IndexJob], None] = lambda _: None, is_broken: bool = False, rolls_back: bool = True
) -> LocalIndexDesk:
    """Return a desk over an index of two wikis whose jobs take two steps; *during* is called between them."""

    def look() -> IndexHealth:
        if is_broken:
            raise CatalogueUnusable("wiki.db is damaged: restore it from a backup")
        return HEALTH

    def work(job: IndexJob, progress: JobProgress) -> str:
        progress.expect(10)
        progress.advance(4)
        during(job)
        progress.advance(6)
        return "1 page new, 2 changed, 0 removed."

    works: dict[JobKind, Work] = dict.fromkeys(JobKind, work)
    if not rolls_back:
        del works[JobKind.ROLL_BACK]
    return LocalIndexDesk(("handbook", "runbooks"), look, works)
