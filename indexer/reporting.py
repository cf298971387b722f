"""Notes at the end of each refresh, in numbers, what in the wikis makes answers worse."""

from datetime import datetime

from indexer.report import Summary, counted, findings
from indexer.store.catalogue import Catalogue


def sum_up(catalogue: Catalogue, refresh: int, now: datetime, *, has_read: bool) -> None:
    """Note the summary for *refresh*, which is the one before where no page was read and nothing else has changed.

    Only texts that are new are read, but for those that may be double. Raises LeaseLost or DiskFull.
    """
    day = now.date().isoformat()
    with catalogue.reading() as reading:
        before, generation = reading.summaries(1), reading.generation()
    if before and not has_read and (before[0].generation, before[0].day) == (generation, day):
        catalogue.note_summary(refresh, before[0])
        return
    catalogue.draw_sketches()
    with catalogue.reading() as reading:
        found = findings(reading.reported_pages(), reading.text_of, now)
    catalogue.note_summary(refresh, Summary(generation, day, counted(found)))
