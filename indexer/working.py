"""Works off what was asked of the indexer, one request at a time, and follows how far a request is."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from indexer.errors import IndexerBusy, IndexerError, LeaseLost
from indexer.locking import is_dead, working
from indexer.planning import RefreshStopped
from indexer.ports import Progress
from indexer.store.catalogue import Catalogue
from indexer.store.requests import Ended, Request, Requests, RequestState, RequestStatus
from indexer.sync import Refreshed, Sync

ALL_WELL = "All is well."
NOTED_EVERY_SECONDS = 1.0
PATIENCE = timedelta(seconds=10)  # an indexer that has nothing to do takes a request within a second or two


def work_off(
    catalogue: Catalogue,
    sync: Sync,
    progress: Progress,
    clock: Callable[[], datetime],
    number: int | None = None,
    noted_every_seconds: float = NOTED_EVERY_SECONDS,
) -> Refreshed | None:
    """Do what was asked for longest ago, or the request of that *number*, and return what it came to.

    None where there is nothing to do. Raises as `Sync.refresh`, and RefreshStopped where this process or an admin ends
    it: a request waits again where another indexer works or this process ends, and has ended after anything else.
    """
    if not catalogue.requests.has_any():
        return None
    with working(catalogue, clock):
        request = catalogue.requests.take(clock(), number)
        if request is None:
            return None
        heeding = _Heeding(progress, catalogue.requests, request, noted_every_seconds)
        return _worked_off(catalogue.requests, sync, heeding, request, clock)


def _worked_off(
    requests: Requests, sync: Sync, progress: Progress, request: Request, clock: Callable[[], datetime]
) -> Refreshed:
    """Do *request* under the lease, and note how it ended."""
    ended: Ended | None = Ended(RequestState.FAILED, "It failed; the indexer's log says why.")
    try:
        refreshed = sync.refresh_under_lease(progress, request.wishes, request.wiki)
        sentences = " ".join((*refreshed.unavailable, *refreshed.held_back))
        ended = Ended(RequestState.DONE, sentences or ALL_WELL, json.dumps(asdict(refreshed)))
    except (IndexerBusy, LeaseLost, RefreshStopped):
        ended = None
        raise
    except IndexerError as error:
        ended = Ended(RequestState.FAILED, str(error))
        raise
    finally:
        if ended is not None:
            requests.end(request, ended, clock())
        else:
            requests.put_back(request, clock())
    return refreshed


def read_result(text: str) -> Refreshed | None:
    """Return what a request came to from its JSON; None where it came to nothing, or another version wrote it."""
    try:
        said = json.loads(text)
        return Refreshed(**said | {name: tuple(said[name]) for name in ("unavailable", "held_back")})
    except (ValueError, TypeError, KeyError):
        return None


class _Heeding:
    """Progress that is noted in the request's row now and then, and that ends the refresh where somebody wants that."""

    def __init__(self, progress: Progress, requests: Requests, request: Request, every_seconds: float) -> None:
        self._progress = progress
        self._requests = requests
        self._request = request
        self._every_seconds = every_seconds
        self._noted_at = time.monotonic()
        self._done = 0
        self._expected = 0

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all. Raises RefreshStopped, or LeaseLost."""
        self._expected = pages
        self._progress.expect(pages)
        self._note()

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done. Raises RefreshStopped, or LeaseLost."""
        self._done += pages
        self._progress.advance(pages)
        if time.monotonic() - self._noted_at >= self._every_seconds:
            self._note()

    def _note(self) -> None:
        self._noted_at = time.monotonic()
        if self._requests.note(self._request, self._done, self._expected):
            raise RefreshStopped


@dataclass(frozen=True, slots=True)
class Seen:
    """How a request stands. *is_left_alone* says that it waits, and that nobody seems to be there to take it."""

    status: RequestStatus
    is_left_alone: bool


class Watch:
    """Looks at request *number* of *catalogue* again and again; one that waits *patience* long is left alone."""

    def __init__(
        self, catalogue: Catalogue, number: int, clock: Callable[[], datetime], patience: timedelta = PATIENCE
    ) -> None:
        self._catalogue = catalogue
        self._number = number
        self._clock = clock
        self._patience = patience
        self._alone_since: datetime | None = None

    def look(self) -> Seen | None:
        """Return how the request stands now; None where it is not known any more. Raises IndexerError."""
        now = self._clock()
        status = self._catalogue.requests.status(self._number, now, is_dead)
        if status is None:
            return None
        if status.has_ended or status.is_attended:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        return Seen(status, self._alone_since is not None and now - self._alone_since >= self._patience)


def follow(watch: Watch, progress: Progress, pause: Callable[[], object]) -> Seen | None:
    """Look until a request has ended, or is left alone, telling *progress*; *pause* comes between two looks.

    None where the request is not known any more. Raises IndexerError.
    """
    done = 0
    while (seen := watch.look()) is not None:
        progress.expect(seen.status.expected)
        progress.advance(seen.status.done - done)
        done = seen.status.done
        if seen.status.has_ended or seen.is_left_alone:
            break
        pause()
    return seen
