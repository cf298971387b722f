"""One indexer at a time in a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.errors import IndexerBusy


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the lock of *data_dir* until the block ends, or the process does. Raises IndexerBusy if another holds it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(data_dir / "LOCK", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 20).decode("ascii", errors="replace").strip() or "unknown"
            raise IndexerBusy(
                f"Another indexer (process {holder}) works on {data_dir}: wait until it is done, or stop it."
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(handle)
