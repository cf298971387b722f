"""How the index is doing, for an admin."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from indexer.store.catalogue import Catalogue
from indexer.store.reading import FailureStatus, RefreshStatus, WikiStatus
from indexer.store.vectors import Snapshots


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How the index is doing. *snapshot* is the name of the present one, empty while there is none."""

    generation: int
    pages: int
    passages: int
    wikis: tuple[WikiStatus, ...]
    failures: tuple[FailureStatus, ...]
    last_refresh: RefreshStatus | None
    snapshot: str
    catalogue_bytes: int
    snapshot_bytes: int


def index_status(catalogue: Catalogue, snapshots: Snapshots) -> IndexStatus:
    """Return how the index is doing at this moment."""
    with catalogue.reading() as reading:
        wikis = tuple(reading.wikis())
        return IndexStatus(
            generation=reading.generation(),
            pages=sum(wiki.pages for wiki in wikis),
            passages=reading.count_passages(),
            wikis=wikis,
            failures=tuple(reading.failures()),
            last_refresh=reading.last_refresh(),
            snapshot=snapshots.current_name(),
            catalogue_bytes=_size(catalogue.path.parent.glob(f"{catalogue.path.name}*")),
            snapshot_bytes=_size(snapshots.folder.rglob("*")),
        )


def _size(paths: Iterable[Path]) -> int:
    """Return the bytes of those of *paths* that are files."""
    return sum(path.stat().st_size for path in paths if path.is_file())
