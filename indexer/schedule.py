"""When to refresh: at once, then every so many minutes, until told to end."""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

from indexer.errors import IndexerError

JITTER_SECONDS = 10  # spreads the load of several indexers on one wiki

log = logging.getLogger(__name__)


class RefreshStopped(Exception):
    """A refresh was told to stop between two batches; what it stored stays."""


class _Told(BaseException):
    """The process was told to end. No error: nothing but `refresh_for_ever` may catch it."""


def refresh_for_ever(refresh: Callable[[threading.Event], object], minutes_between: float) -> None:
    """Call *refresh* now and every *minutes_between* minutes, one at a time, until SIGTERM or SIGINT.

    The event that *refresh* is given is set when it should stop, by raising RefreshStopped. One that fails is logged,
    and the next is tried in its turn. Must be called in the main thread.
    """
    has_ended = threading.Event()
    scheduler = BlockingScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone=UTC)
    scheduler.add_job(
        _guarded(refresh, has_ended),
        trigger="interval",
        seconds=minutes_between * 60,
        jitter=min(JITTER_SECONDS, minutes_between * 6),  # never more than a tenth of the interval
        next_run_time=datetime.now(UTC),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,  # by default a machine busy for a second would skip the refresh
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


def _guarded(refresh: Callable[[threading.Event], object], has_ended: threading.Event) -> Callable[[], None]:
    """Return a call of *refresh* whose errors do not stop the calls after it."""

    def guarded() -> None:
        try:
            refresh(has_ended)
        except RefreshStopped:
            log.info("refresh stopped; the next one goes on from there")
        except IndexerError as error:
            log.error("refresh failed", extra={"why": str(error)})  # noqa: TRY400 - the sentence says it all
        except Exception:  # around one job: whatever it was, the next refresh is tried
            log.exception("refresh failed")

    return guarded
