"""When to refresh: each wiki at once and then every so many minutes, and whatever is asked for, until told to end.

timers, one a wiki ─► ask ─┐
command line, Slack ───────┴► requests in the catalogue ─► work, one at a time
"""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

from indexer.errors import IndexerBusy, IndexerError
from indexer.planning import RefreshStopped

JITTER_SECONDS = 10  # spreads the load of several indexers on one wiki
LOOK_SECONDS = 1  # between two looks at the requests

log = logging.getLogger(__name__)


class _Told(BaseException):
    """The process was told to end. No error: nothing but `work_for_ever` may catch it."""


def work_for_ever(
    ask: Callable[[str], object],
    work: Callable[[threading.Event], object],
    minutes_between: Mapping[str, float],
    look_seconds: float = LOOK_SECONDS,
) -> None:
    """Call *ask* with each wiki's name now and every *minutes_between*, and *work* again and again, until told to end.

    SIGTERM or SIGINT end it; the event that *work* is given is then set, and it should stop by raising RefreshStopped.
    Work never overlaps; what fails is logged, and the next is tried in its turn. Must be called in the main thread.
    """
    has_ended = threading.Event()
    scheduler = BlockingScheduler(
        executors={"default": ThreadPoolExecutor(1), "timers": ThreadPoolExecutor(1)},
        job_defaults={
            "max_instances": 1,
            "coalesce": True,
            "misfire_grace_time": None,  # by default a machine busy for a second would skip the refresh
        },
        timezone=UTC,
    )
    for wiki, minutes in minutes_between.items():
        scheduler.add_job(
            _guarded(partial(ask, wiki)),
            trigger="interval",
            seconds=minutes * 60,
            jitter=min(JITTER_SECONDS, minutes * 6),  # never more than a tenth of the interval
            next_run_time=datetime.now(UTC),
            executor="timers",
        )
    scheduler.add_job(
        _looking(lambda: work(has_ended), has_ended, look_seconds), trigger="date", next_run_time=datetime.now(UTC)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _tell)
    try:
        scheduler.start()
    except _Told:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # a second one does not wait for the batch
        log.info("ending after the present batch")
        has_ended.set()
        scheduler.shutdown(wait=True)


def _tell(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the form of a signal handler
    """Leave whatever the main thread does."""
    raise _Told


def _looking(work: Callable[[], object], has_ended: threading.Event, look_seconds: float) -> Callable[[], None]:
    """Return a call of *work* again and again until the end: a look a second needs no timer of its own."""

    def look() -> None:
        guarded = _guarded(work)
        while not has_ended.wait(look_seconds):
            guarded()

    return look


def _guarded(call: Callable[[], object]) -> Callable[[], None]:
    """Return *call* so that its errors do not stop the calls after it."""

    def guarded() -> None:
        try:
            call()
        except RefreshStopped:
            log.info("refresh stopped; the next one goes on from there")
        except IndexerBusy as error:
            log.debug("another indexer works", extra={"why": str(error)})
        except IndexerError as error:
            log.error("refresh failed", extra={"why": str(error)})  # noqa: TRY400 - the sentence says it all
        except Exception:  # around one job: whatever it was, the next refresh is tried
            log.exception("refresh failed")

    return guarded
