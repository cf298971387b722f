"""How the index is doing, for an admin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.locking import is_dead
from indexer.store.catalogue import Catalogue
from indexer.store.reading import FailureStatus, RefreshStatus, WikiStatus
from indexer.store.requests import RequestStatus
from indexer.store.vectors import Snapshots

LATE_INTERVALS = 3  # a wiki that was not refreshed for so many intervals is in trouble


@dataclass(frozen=True, slots=True)
class WikiHealth:
    """How one wiki stands, and how old that is.

    *last_success* and *listed_at* are ISO dates and times in UTC, *problem* is a sentence; each may be empty.
    *age_seconds* is the time since the last success, *lag_seconds* how much of that is more than the wiki's interval;
    both None before the first. *pending_removals* are pages that are gone and stay until an admin accepts that.
    """

    name: str
    pages: int
    passages: int
    failures: int
    last_success: str
    problem: str
    age_seconds: float | None
    lag_seconds: float | None
    cursor: str
    listed_at: str
    pending_removals: int
    minutes_between_refreshes: float

    @property
    def is_well(self) -> bool:
        """Whether it was refreshed in time, in full and without a problem."""
        return self.age_seconds is not None and self.age_seconds <= self.minutes_between_refreshes * 60 * LATE_INTERVALS


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How the index is doing. *snapshot* is the name of the present one, empty while there is none.

    *generation* is the one that is shown; it is not the newest after a rollback. *findings* are what the last refresh
    found wrong with pages, how many by kind, *findings_before* what the one before it found. *requests* have not ended;
    *last_request* is the one that somebody made and that ended last.
    """

    generation: int
    newest_generation: int
    pages: int
    passages: int
    wikis: tuple[WikiHealth, ...]
    failures: tuple[FailureStatus, ...]
    last_refresh: RefreshStatus | None
    requests_waiting: int
    requests: tuple[RequestStatus, ...]
    last_request: RequestStatus | None
    snapshot: str
    catalogue_bytes: int
    snapshot_bytes: int
    findings: Mapping[str, int] | None
    findings_before: Mapping[str, int] | None


def index_status(
    catalogue: Catalogue, snapshots: Snapshots, minutes_between: Mapping[str, float], now: datetime
) -> IndexStatus:
    """Return how the index is doing at this moment; *minutes_between* has each wiki's interval by its name."""
    requests = tuple(catalogue.requests.unended(now, is_dead))
    last_request = catalogue.requests.last_ended(now, is_dead)
    with catalogue.reading() as reading:
        failures = tuple(reading.failures())
        known = {wiki.name: wiki for wiki in reading.wikis()}
        wikis = tuple(
            _health(known.get(name, WikiStatus(name)), sum(one.wiki == name for one in failures), minutes, now)
            for name, minutes in minutes_between.items()
        )
        newest, before, *_ = (*(one.counts for one in reading.summaries(2)), None, None)
        return IndexStatus(
            generation=reading.generation(),
            newest_generation=reading.newest_generation(),
            pages=sum(wiki.pages for wiki in wikis),
            passages=reading.count_passages(),
            wikis=wikis,
            failures=failures,
            last_refresh=reading.last_refresh(),
            requests_waiting=len(requests),
            requests=requests,
            last_request=last_request,
            snapshot=snapshots.current_name(),
            catalogue_bytes=_size(catalogue.path.parent.glob(f"{catalogue.path.name}*")),
            snapshot_bytes=_size(snapshots.folder.rglob("*")),
            findings=newest,
            findings_before=before,
        )


def _health(wiki: WikiStatus, failures: int, minutes: float, now: datetime) -> WikiHealth:
    """Return how one wiki stands at *now*."""
    age = (now - datetime.fromisoformat(wiki.last_success)).total_seconds() if wiki.last_success else None
    return WikiHealth(
        name=wiki.name,
        pages=wiki.pages,
        passages=wiki.passages,
        failures=failures,
        last_success=wiki.last_success,
        problem=wiki.problem,
        age_seconds=age,
        lag_seconds=None if age is None else max(0.0, age - minutes * 60),
        cursor=wiki.cursor,
        listed_at=wiki.listed_at,
        pending_removals=wiki.pending,
        minutes_between_refreshes=minutes,
    )


def _size(paths: Iterable[Path]) -> int:
    """Return the bytes of those of *paths* that are files."""
    return sum(path.stat().st_size for path in paths if path.is_file())
