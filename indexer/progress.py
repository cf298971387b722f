"""How far long work is, for people: a bar on a terminal, a line now and then in a log."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from tqdm import tqdm

from indexer.planning import RefreshStopped

SECONDS_BETWEEN_LINES = 30

log = logging.getLogger(__name__)


class Bar:
    """Progress as a bar on a terminal, nothing elsewhere; stops the refresh once *has_ended* is set."""

    def __init__(self, has_ended: threading.Event) -> None:
        self._has_ended = has_ended
        self._bar: tqdm[NoReturn] = tqdm(desc="pages", unit=" pages", file=sys.stderr, leave=False, disable=None)

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""
        self._bar.total = pages
        self._bar.refresh()

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done. Raises RefreshStopped."""
        if self._has_ended.is_set():
            raise RefreshStopped
        self._bar.update(pages)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


class Lines:
    """Progress as a log line now and then; stops the refresh once *has_ended* is set. *clock* gives seconds."""

    def __init__(self, has_ended: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._has_ended = has_ended
        self._clock = clock
        self._expected = 0
        self._done = 0
        self._began = self._last_line = clock()

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""
        self._expected = pages

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done. Raises RefreshStopped."""
        self._done += pages
        if self._has_ended.is_set():
            raise RefreshStopped
        if self._clock() - self._last_line >= SECONDS_BETWEEN_LINES:
            log.info("refreshing", extra=self._how_far())
            self._last_line = self._clock()

    def _how_far(self) -> dict[str, float]:
        """Return how many pages are done of how many, how fast, and how long the rest may take."""
        a_second = self._done / max(self._clock() - self._began, 0.001)
        left = max(0, self._expected - self._done)
        return {
            "done": self._done,
            "expected": self._expected,
            "pages_a_second": round(a_second, 1),
            "seconds_left": round(left / a_second) if a_second else 0,
        }
