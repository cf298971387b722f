"""The indexer's queue of requests, as an admin's desk uses it; worked off here where no indexer runs."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.ports import IndexJob, IndexProgress, JobId, JobKind, JobState
from indexer.errors import IndexerBusy, IndexerError, LeaseLost
from indexer.locking import is_dead
from indexer.planning import RefreshStopped, Wishes
from indexer.store.catalogue import Catalogue
from indexer.store.requests import RequestState, RequestStatus
from indexer.sync import Refreshed, Sync
from indexer.working import NOTED_EVERY_SECONDS, PATIENCE, Watch, read_result, work_off

SECONDS_BETWEEN_LOOKS = 1.0

log = logging.getLogger(__name__)


class CatalogueQueue:
    """The requests of *catalogue* (port IndexQueue). One that waits *patience* long is done here, by *sync*."""

    def __init__(
        self,
        catalogue: Catalogue,
        sync: Sync,
        clock: Callable[[], datetime],
        patience: timedelta = PATIENCE,
        seconds_between_looks: float = SECONDS_BETWEEN_LOOKS,
        noted_every_seconds: float = NOTED_EVERY_SECONDS,
    ) -> None:
        self._catalogue = catalogue
        self._sync = sync
        self._clock = clock
        self._patience = patience
        self._seconds_between_looks = seconds_between_looks
        self._noted_every_seconds = noted_every_seconds
        self._here: set[int] = set()
        with catalogue.reading() as reading:
            self._identity = reading.identity()

    def ask(self, job: IndexJob) -> JobId:
        """Put *job* in the queue; its id names the catalogue too, which an operator may delete at any time."""
        wishes = Wishes(full=job.kind is JobKind.FULL, listing=True)
        return JobId(f"{self._identity}-{self._catalogue.requests.ask(job.wiki, wishes, self._clock())}")

    def progress(self, job_id: JobId) -> IndexProgress | None:
        """Return how far a request is, or what it came to."""
        number, now = self._number(job_id), self._clock()
        status = None if number is None else self._catalogue.requests.status(number, now, is_dead)
        return None if status is None else _progress(status, now, is_here=status.number in self._here)

    def stop(self, job_id: JobId) -> bool:
        """Stop a request, whoever works on it."""
        number = self._number(job_id)
        return number is not None and self._catalogue.requests.stop(number, self._clock(), is_dead)

    def mind(self, job_id: JobId, ending: threading.Event) -> None:
        """Look until a request has ended, and do it where nobody else does."""
        number = self._number(job_id)
        if number is None:
            return
        watch = Watch(self._catalogue, number, self._clock, self._patience)
        while not ending.is_set():
            try:
                seen = watch.look()
                if seen is None or seen.status.has_ended:
                    break
                if seen.is_left_alone:
                    self._work_off(number, ending)
            except (IndexerBusy, LeaseLost, RefreshStopped) as error:
                log.debug("a request waits again", extra={"why": str(error)})
            except IndexerError as error:
                log.warning("a request failed", extra={"request": number, "why": str(error)})
            ending.wait(self._seconds_between_looks)
        self._catalogue.close_own()

    def _work_off(self, number: int, ending: threading.Event) -> None:
        """Do a request in this process, as the indexer would."""
        log.info("no indexer runs, so the bot refreshes", extra={"request": number})
        self._here.add(number)
        try:
            progress, every = _Ended(ending), self._noted_every_seconds
            work_off(self._catalogue, self._sync, progress, self._clock, number, every)
        finally:
            self._here.discard(number)

    def _number(self, job_id: JobId) -> int | None:
        """Return the number of a request of this catalogue, None for any other job."""
        identity, _, number = job_id.rpartition("-")
        return int(number) if identity == self._identity and number.isdecimal() else None


class _Ended:
    """Progress that only looks whether the bot is ending; how far it is stands in the request."""

    def __init__(self, ending: threading.Event) -> None:
        self._ending = ending

    def expect(self, pages: int) -> None:
        """Take no notice."""

    def advance(self, pages: int = 1) -> None:  # noqa: ARG002 - the port's words
        """Raise RefreshStopped where the bot is ending."""
        if self._ending.is_set():
            raise RefreshStopped


def summary(came_to: Refreshed) -> tuple[str, ...]:
    """Return in sentences what a refresh came to; the first alone says enough."""
    counts = f"{_pages(came_to.new)} new, {came_to.changed:,} changed, {came_to.removed:,} removed"
    rest = f"{came_to.unchanged:,} unchanged; {came_to.passages:,} passages, generation {came_to.generation}."
    why = "`python -m indexer status` says why."
    unreadable = (f"{_pages(came_to.failed)} not readable: {why}",) if came_to.failed else ()
    return (f"{counts}, {rest}", *unreadable, *came_to.unavailable, *came_to.held_back)


def _pages(count: int) -> str:
    return f"{count:,} page{'' if count == 1 else 's'}"


def _progress(status: RequestStatus, now: datetime, *, is_here: bool) -> IndexProgress:
    """Return how far a request is at *now*."""
    return IndexProgress(
        job=IndexJob(JobKind.FULL if status.wishes.full else JobKind.REINDEX, status.wiki),
        state=_state(status),
        done=status.done,
        expected=status.expected,
        seconds=_seconds(status, now),
        before=status.before,
        is_here=is_here,
        came_to=_came_to(status) if status.has_ended else (),
    )


def _state(status: RequestStatus) -> JobState:
    if status.has_ended:
        return JobState.ENDED
    if status.is_stopping:
        return JobState.STOPPING
    return JobState.WORKING if status.state is RequestState.RUNNING else JobState.WAITING


def _seconds(status: RequestStatus, now: datetime) -> float:
    """Return how long a request has been worked on."""
    if not status.taken_at:
        return 0.0
    until = datetime.fromisoformat(status.ended_at) if status.ended_at else now
    return (until - datetime.fromisoformat(status.taken_at)).total_seconds()


def _came_to(status: RequestStatus) -> tuple[str, ...]:
    result = read_result(status.result)
    return summary(result) if result is not None else (status.outcome,)
