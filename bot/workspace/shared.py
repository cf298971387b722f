"""The exchange behind one lock: who changes it wakes who waits, and a timekeeper wakes it when something is due."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bot.workspace.exchange import Exchange

T = TypeVar("T")


class Shared:
    """Gives out the exchange to one thread at a time; a thread may take it again inside."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._changed = threading.Condition()
        self._has_ended = False
        self._watchers: list[Callable[[], None]] = []
        self._timekeeper = threading.Thread(target=self._keep_time, name="workspace-timekeeper", daemon=True)
        self._timekeeper.start()

    @contextmanager
    def reading(self) -> Iterator[Exchange]:
        """Give the exchange to look at."""
        with self._changed:
            yield self._exchange

    @contextmanager
    def changing(self) -> Iterator[Exchange]:
        """Give the exchange to change; afterwards what is due goes out and everybody waiting looks again."""
        with self._changed:
            try:
                yield self._exchange
            finally:
                self._settle()

    def wait_for(self, predicate: Callable[[], T | None], seconds: float) -> T:
        """Return the first true value of *predicate*, looked at after every change, or raise TimeoutError."""
        deadline = time.monotonic() + seconds
        with self._changed:
            value = predicate()
            while not value:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise TimeoutError(f"not within {seconds} s; the last calls were {self._exchange.calls[-5:]}")
                value = predicate()
            return value

    @contextmanager
    def watching(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call *wake* after every change, from whichever thread made it, until the block ends. It must not block."""
        with self._changed:
            self._watchers.append(wake)
        try:
            yield
        finally:
            with self._changed:
                self._watchers.remove(wake)

    def close(self) -> None:
        """End the timekeeper."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()
        self._timekeeper.join()

    def _settle(self) -> None:
        self._exchange.post_what_is_due()
        self._exchange.delivery.pump()
        self._changed.notify_all()
        for wake in self._watchers:
            wake()

    def _keep_time(self) -> None:
        with self._changed:
            while not self._has_ended:
                moment = self._exchange.next_moment()
                clock = self._exchange.clock
                if moment is not None and moment <= clock.now():
                    self._settle()
                else:
                    self._changed.wait(None if moment is None or clock.stands_still else moment - clock.now())
