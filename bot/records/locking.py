"""One bot at a time works with one data folder: a second would take the first one's questions for left over."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import RecordsUnusable

LOCK_NAME = "bot.lock"


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Keep every other bot away from *data_dir* until the block ends. Raises RecordsUnusable where one is there.

    The lock goes with its process, however that ends.
    """
    path = data_dir / LOCK_NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise RecordsUnusable(f"{path} cannot be written ({error.strerror})") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecordsUnusable(
                f"another bot works with {data_dir}: stop it, or give this one a folder of its own (FOOTNOTE_DATA_DIR)"
            ) from error
        yield
