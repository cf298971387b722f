"""Works off what was asked of the indexer, one request at a time."""

from collections.abc import Callable
from datetime import datetime

from indexer.errors import IndexerBusy, IndexerError, LeaseLost
from indexer.planning import RefreshStopped
from indexer.ports import Progress
from indexer.store.requests import Requests
from indexer.sync import Refreshed, Sync


def work_off(requests: Requests, sync: Sync, progress: Progress, clock: Callable[[], datetime]) -> Refreshed | None:
    """Do what was asked for longest ago and return what it came to, None where nothing was.

    Raises as `Sync.refresh`. A request waits again where another indexer works, or where this one is told to stop.
    """
    request = requests.take(clock())
    if request is None:
        return None
    outcome = "failed; the log says why"
    try:
        refreshed = sync.refresh(progress, request.wishes, request.wiki)
        outcome = " ".join((*refreshed.unavailable, *refreshed.held_back)) or "done"
    except (IndexerBusy, LeaseLost, RefreshStopped):
        outcome = ""
        raise
    except IndexerError as error:
        outcome = str(error)
        raise
    finally:
        if outcome:
            requests.end(request, outcome, clock())
        else:
            requests.put_back(request)
    return refreshed
