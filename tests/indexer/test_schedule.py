"""Refreshing again and again, whatever one refresh comes to, until told to end."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from indexer.errors import DiskFull
from indexer.schedule import RefreshStopped, refresh_for_ever

SOON = 0.0005  # minutes


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """Give the signals back to the test runner."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_errors_of_one_refresh_do_not_stop_the_next(number: signal.Signals) -> None:
    """An error of ours, any other error, then a signal in the third, which is told to stop and does."""
    calls: list[str] = []

    def refresh(has_ended: threading.Event) -> None:
        calls.append("called")
        if len(calls) == 1:
            raise DiskFull("no room")
        if len(calls) == 2:
            raise ZeroDivisionError
        os.kill(os.getpid(), number)
        has_ended.wait()
        calls.append("stopped")
        raise RefreshStopped

    refresh_for_ever(refresh, SOON)

    assert calls == ["called", "called", "called", "stopped"]


def test_two_refreshes_never_overlap() -> None:
    """One that takes longer than the interval is not joined by another."""
    running: list[int] = []
    most: list[int] = []

    def refresh(has_ended: threading.Event) -> None:
        running.append(1)
        most.append(len(running))
        has_ended.wait(0.1)
        running.pop()
        if len(most) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    refresh_for_ever(refresh, SOON)

    assert max(most) == 1
