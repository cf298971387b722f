"""Keeps the snapshot of the vectors near the catalogue. Searches are right without it, they only start slower."""

import logging

from indexer.errors import SnapshotUnusable
from indexer.store.catalogue import Catalogue
from indexer.store.reading import Reading
from indexer.store.vectors import LooseVectors, Snapshot, Snapshots

MOST_NEWER = 5_000  # vectors that are read from the catalogue into memory in 14 ms
MOST_GONE = 0.1  # share of the passages; more would be looked at in vain by every search

log = logging.getLogger(__name__)


class Compactor:
    """Publishes snapshots of *embedder*'s vectors. One whose file nobody has touched is checked once, not each time."""

    def __init__(self, catalogue: Catalogue, snapshots: Snapshots, embedder: str) -> None:
        self._catalogue = catalogue
        self._snapshots = snapshots
        self._embedder = embedder
        self._checked: Snapshot | None = None
        self._trace = ""  # of the file of what was checked

    def compact(self) -> None:
        """Publish a snapshot if the present one is far behind or damaged. Raises DiskFull."""
        current = self._snapshots.current_name()
        with self._catalogue.reading() as reading:
            snapshot = self._opened(current, reading) if current else None
            if not _is_due(snapshot, reading, self._embedder) and bool(snapshot) == bool(current):
                return
            vectors = LooseVectors.unpacked(reading.vectors(self._embedder))
            identity, generation = reading.identity(), reading.newest_generation()
        if not len(vectors):
            return
        try:
            published = self._snapshots.publish(vectors, identity, self._embedder, generation)
        except SnapshotUnusable as error:
            log.warning("no snapshot published, searches go on without", extra={"why": str(error)})
            return
        log.info("snapshot published", extra={"snapshot": published.name, "passages": len(published)})

    def _opened(self, name: str, reading: Reading) -> Snapshot | None:
        """Open a snapshot with every check; None where it cannot be used."""
        trace = self._snapshots.trace(name)
        if self._checked is not None and trace == self._trace:
            return self._checked
        try:
            self._checked = self._snapshots.open(name, reading.identity(), self._embedder, reading.newest_generation())
        except SnapshotUnusable as error:
            log.warning("snapshot not usable, making another", extra={"snapshot": name, "why": str(error)})
            self._checked = None
        self._trace = trace
        return self._checked


def _is_due(snapshot: Snapshot | None, reading: Reading, embedder: str) -> bool:
    """Say whether many vectors are newer than *snapshot*, or many of its own are of passages that are gone."""
    total = reading.count_vectors(embedder)
    newer = reading.count_vectors(embedder, snapshot.manifest.highest) if snapshot else total
    gone = len(snapshot) - (total - newer) if snapshot else 0
    return newer > MOST_NEWER or gone > MOST_GONE * total
