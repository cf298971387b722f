"""Work on the index that an admin has asked for: one job at a time, in a thread, with progress and a way to stop it."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.ports import IndexHealth, IndexJob, IndexProgress, JobKind
from indexer.errors import IndexerError
from indexer.planning import RefreshStopped

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


Work = Callable[[IndexJob, JobProgress], str]
"""Does a job and returns in a sentence what it came to. Raises IndexerError."""


class LocalIndexDesk:
    """Does the jobs in *works* in this process (port IndexDesk). *look* says how the index is doing."""

    def __init__(self, wikis: tuple[str, ...], look: Callable[[], IndexHealth], works: Mapping[JobKind, Work]) -> None:
        self._wikis = wikis
        self._look = look
        self._works = works
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._progress: IndexProgress | None = None
        self._thread: threading.Thread | None = None

    def wikis(self) -> tuple[str, ...]:
        """Return the names of the wikis that are indexed."""
        return self._wikis

    def health(self) -> IndexHealth:
        """Return how the index is doing at this moment."""
        return self._look()

    def begin(self, job: IndexJob) -> str:
        """Begin *job*; return why not in a sentence, empty where it has begun."""
        if job.wiki and job.wiki not in self._wikis:
            return f"There is no wiki of that name; there are: {', '.join(self._wikis)}."
        work = self._works.get(job.kind)
        if work is None:
            return "This index cannot do that."
        with self._lock:
            if self._progress is not None and not self._progress.has_ended:
                return "Another job on the index is under way."
            self._stopping.clear()
            self._progress = IndexProgress(job)
            self._thread = threading.Thread(target=self._do, args=(work, job), name="index-job", daemon=True)
            self._thread.start()
        return ""

    def progress(self) -> IndexProgress | None:
        """Return how far the present job is, or what the last one came to; None where there was none."""
        with self._lock:
            return self._progress

    def stop(self) -> bool:
        """Stop the present job soon. False where there is none."""
        with self._lock:
            is_working = self._progress is not None and not self._progress.has_ended
        self._stopping.set()
        return is_working

    def close(self) -> None:
        """Stop the present job, and wait until it has stopped."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def _do(self, work: Work, job: IndexJob) -> None:
        began = time.monotonic()
        came_to = "It failed; the log says why."
        try:
            came_to = work(job, JobProgress(lambda done, of: self._note(done, of, began), self._stopping.is_set))
        except RefreshStopped:
            came_to = "It was stopped. What was stored until then stays."
        except IndexerError as error:
            log.warning("a job on the index failed", extra={"error": type(error).__name__})
            came_to = str(error)
        finally:
            with self._lock:
                ended = self._progress or IndexProgress(job)
                self._progress = replace(ended, seconds=time.monotonic() - began, came_to=came_to)

    def _note(self, done: int, expected: int, began: float) -> None:
        with self._lock:
            progress = self._progress
            assert progress is not None, "a job that notes has begun"
            self._progress = replace(progress, done=done, expected=expected, seconds=time.monotonic() - began)
