"""Work on the index that an admin has asked for, with progress and a way to stop it.

reindex ─► the queue of the indexer, which does it; minded, and done here where no indexer runs
all else ─► a thread of this process, one job at a time
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from secrets import token_hex

from bot.ports import IndexHealth, IndexJob, IndexProgress, IndexQueue, JobId, JobKind, JobState, NotBegun
from indexer.errors import IndexerError
from indexer.planning import RefreshStopped

QUEUED = frozenset({JobKind.REINDEX, JobKind.FULL})
"""What the indexer does; the rest takes a moment, or writes nothing."""

log = logging.getLogger(__name__)


class JobProgress:
    """How far one job is (indexer's port Progress); *note* is told, and it is ended once *is_stopped*."""

    def __init__(self, note: Callable[[int, int], None], is_stopped: Callable[[], bool]) -> None:
        self._note = note
        self._is_stopped = is_stopped
        self._done = 0
        self._expected = 0

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""
        self._expected = pages
        self._note(self._done, self._expected)

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done. Raises RefreshStopped."""
        self._done += pages
        self._note(self._done, self._expected)
        if self._is_stopped():
            raise RefreshStopped


Work = Callable[[IndexJob, JobProgress], tuple[str, ...]]
"""Does a job and returns in sentences what it came to, the shortest summary first. Raises IndexerError."""


class LocalIndexDesk:
    """Does the jobs in *works* in this process (port IndexDesk), one at a time. *look* says how the index is doing."""

    def __init__(self, wikis: tuple[str, ...], look: Callable[[], IndexHealth], works: Mapping[JobKind, Work]) -> None:
        self._wikis = wikis
        self._look = look
        self._works = works
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._job_id = JobId("")
        self._progress: IndexProgress | None = None
        self._thread: threading.Thread | None = None

    def wikis(self) -> tuple[str, ...]:
        """Return the names of the wikis that are indexed."""
        return self._wikis

    def health(self) -> IndexHealth:
        """Return how the index is doing at this moment."""
        return self._look()

    def begin(self, job: IndexJob) -> JobId | NotBegun:
        """Begin *job*, if no other is under way."""
        if job.wiki and job.wiki not in self._wikis:
            return NotBegun(f"There is no wiki of that name; there are: {', '.join(self._wikis)}.")
        work = self._works.get(job.kind)
        if work is None:
            return NotBegun("This index cannot do that.")
        with self._lock:
            if self._progress is not None and not self._progress.has_ended:
                return NotBegun("Another job on the index is under way.")
            self._stopping.clear()
            self._job_id, self._progress = JobId(f"here-{token_hex(8)}"), IndexProgress(job)
            self._thread = threading.Thread(target=self._do, args=(work, job), name="index-job", daemon=True)
            self._thread.start()
            return self._job_id

    def take_up(self, job_id: JobId) -> None:
        """Do nothing: no job of this process outlives it."""

    def progress(self, job_id: JobId) -> IndexProgress | None:
        """Return how far the present job is, or what the last one came to."""
        with self._lock:
            return self._progress if job_id == self._job_id else None

    def stop(self, job_id: JobId) -> bool:
        """Stop the present job soon."""
        with self._lock:
            progress = self._progress
            if job_id != self._job_id or progress is None or progress.has_ended:
                return False
            self._stopping.set()
            self._progress = replace(progress, state=JobState.STOPPING)
            return True

    def close(self) -> None:
        """Stop the present job, and wait until it has stopped."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _do(self, work: Work, job: IndexJob) -> None:
        began = time.monotonic()
        came_to: tuple[str, ...] = ("It failed; the log says why.",)
        try:
            came_to = work(job, JobProgress(lambda done, of: self._note(done, of, began), self._stopping.is_set))
        except RefreshStopped:
            came_to = ("It was stopped.",)
        except IndexerError as error:
            log.warning("a job on the index failed", extra={"error": type(error).__name__})
            came_to = (str(error),)
        finally:
            with self._lock:
                ended = self._progress or IndexProgress(job)
                seconds = time.monotonic() - began
                self._progress = replace(ended, state=JobState.ENDED, seconds=seconds, came_to=came_to)

    def _note(self, done: int, expected: int, began: float) -> None:
        with self._lock:
            progress = self._progress
            assert progress is not None, "a job that notes has begun"
            self._progress = replace(progress, done=done, expected=expected, seconds=time.monotonic() - began)


class QueueingDesk:
    """Leaves refreshes to the indexer's *queue* and minds them there; *local* does all else (port IndexDesk)."""

    def __init__(self, local: LocalIndexDesk, queue: IndexQueue) -> None:
        self._local = local
        self._queue = queue
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._minders: dict[JobId, threading.Thread] = {}

    def wikis(self) -> tuple[str, ...]:
        """Return the names of the wikis that are indexed."""
        return self._local.wikis()

    def health(self) -> IndexHealth:
        """Return how the index is doing at this moment."""
        return self._local.health()

    def begin(self, job: IndexJob) -> JobId | NotBegun:
        """Put a refresh in the queue; begin anything else at once."""
        if job.kind not in QUEUED or (job.wiki and job.wiki not in self.wikis()):
            return self._local.begin(job)
        job_id = self._queue.ask(job)
        self.take_up(job_id)
        return job_id

    def take_up(self, job_id: JobId) -> None:
        """Mind a job in the queue until it has ended."""
        with self._lock:
            if job_id in self._minders:
                return
            self._minders[job_id] = threading.Thread(target=self._mind, args=(job_id,), name="minder", daemon=True)
            self._minders[job_id].start()

    def progress(self, job_id: JobId) -> IndexProgress | None:
        """Return how far a job is, or what it came to."""
        return self._local.progress(job_id) or self._queue.progress(job_id)

    def stop(self, job_id: JobId) -> bool:
        """Stop a job soon."""
        return self._local.stop(job_id) or self._queue.stop(job_id)

    def close(self) -> None:
        """Stop what this process does, and wait until it has; what is in the queue stays there."""
        self._ending.set()
        self._local.close()
        with self._lock:
            minders = list(self._minders.values())
        for minder in minders:
            minder.join()

    def _mind(self, job_id: JobId) -> None:
        try:
            self._queue.mind(job_id, self._ending)
        finally:
            with self._lock:
                del self._minders[job_id]
