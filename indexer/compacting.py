"""Keeps the snapshot of the vectors near the catalogue. Searches are right without it, they only start slower."""

import logging

from indexer.errors import SnapshotUnusable
from indexer.store.catalogue import Catalogue
from indexer.store.reading import Reading
from indexer.store.vectors import LooseVectors, Snapshot, Snapshots

MOST_NEWER = 5_000  # vectors that are read from the catalogue into memory in 14 ms
MOST_GONE = 0.1  # share of the passages; more would be looked at in vain by every search

log = logging.getLogger(__name__)


def compact(catalogue: Catalogue, snapshots: Snapshots, embedder: str) -> None:
    """Publish a snapshot of *embedder*'s vectors if the present one is far behind or damaged. Raises DiskFull."""
    current = snapshots.current_name()
    with catalogue.reading() as reading:
        snapshot = _opened(snapshots, current, reading, embedder) if current else None
        if not _is_due(snapshot, reading, embedder) and bool(snapshot) == bool(current):
            return
        vectors = LooseVectors.unpacked(reading.vectors(embedder))
        identity, generation = reading.identity(), reading.generation()
    if not len(vectors):
        return
    try:
        published = snapshots.publish(vectors, identity, embedder, generation)
    except SnapshotUnusable as error:
        log.warning("no snapshot published, searches go on without", extra={"why": str(error)})
        return
    log.info("snapshot published", extra={"snapshot": published.name, "passages": len(published)})


def _opened(snapshots: Snapshots, name: str, reading: Reading, embedder: str) -> Snapshot | None:
    """Open a snapshot with every check; None where it cannot be used."""
    try:
        return snapshots.open(name, reading.identity(), embedder, reading.generation())
    except SnapshotUnusable as error:
        log.warning("snapshot not usable, making another", extra={"snapshot": name, "why": str(error)})
        return None


def _is_due(snapshot: Snapshot | None, reading: Reading, embedder: str) -> bool:
    """Say whether many vectors are newer than *snapshot*, or many of its own are of passages that are gone."""
    total = reading.count_vectors(embedder)
    newer = reading.count_vectors(embedder, snapshot.manifest.highest) if snapshot else total
    gone = len(snapshot) - (total - newer) if snapshot else 0
    return newer > MOST_NEWER or gone > MOST_GONE * total
