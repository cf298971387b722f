"""Timers that ask, and work that goes on whatever one piece of it comes to, until told to end."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from indexer.errors import DiskFull, IndexerBusy
from indexer.planning import RefreshStopped
from indexer.schedule import work_for_ever

SOON = {"handbook": 0.0005}  # minutes
AT_ONCE = 0.001  # seconds


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """Give the signals back to the test runner."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_errors_of_one_refresh_do_not_stop_the_next(number: signal.Signals) -> None:
    """An error of ours, a busy catalogue, any other error, then a signal in the fourth, which is told to stop."""
    calls: list[str] = []

    def work(has_ended: threading.Event) -> None:
        calls.append("called")
        if len(calls) == 1:
            raise DiskFull("no room")
        if len(calls) == 2:
            raise IndexerBusy("another one")
        if len(calls) == 3:
            raise ZeroDivisionError
        os.kill(os.getpid(), number)
        has_ended.wait()
        calls.append("stopped")
        raise RefreshStopped

    work_for_ever(lambda _: None, work, SOON, AT_ONCE)

    assert calls == ["called", "called", "called", "called", "stopped"]


def test_every_wiki_is_asked_for_by_its_own_timer() -> None:
    """At once, and then as often as it is set to: here one once and the other again and again."""
    asked: list[str] = []

    def work(has_ended: threading.Event) -> None:
        assert not has_ended.is_set()
        if asked.count("handbook") >= 3 and "slow" in asked:
            os.kill(os.getpid(), signal.SIGTERM)
            has_ended.wait()

    work_for_ever(asked.append, work, SOON | {"slow": 60.0}, AT_ONCE)

    assert asked.count("slow") == 1


def test_work_never_overlaps() -> None:
    """What takes longer than the interval is not joined by another."""
    running: list[int] = []
    most: list[int] = []

    def work(has_ended: threading.Event) -> None:
        running.append(1)
        most.append(len(running))
        has_ended.wait(0.02)
        running.pop()
        if len(most) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    work_for_ever(lambda _: None, work, SOON, AT_ONCE)

    assert max(most) == 1
