"""Which commit of a git repository last wrote each file, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NewType

from dulwich.objects import Commit
from dulwich.walk import WalkEntry

Sha = NewType("Sha", str)
"""The name of a commit, a tree or a file's content: 40 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Touch:
    """The last commit that wrote a file, and when."""

    commit: Sha
    at: datetime


class History:
    """Which commit last wrote each file; history is read back as far as the files asked for need."""

    def __init__(self, entries: Iterator[WalkEntry], folder: str) -> None:
        self._entries = entries
        self._prefix = f"{folder.strip('/')}/".encode() if folder.strip("/") else b""
        self._touched: dict[bytes, Touch] = {}

    def last_touch(self, path: bytes) -> Touch | None:
        """Return the last commit that wrote the file at *path*, None where history does not say."""
        while path not in self._touched:
            entry = next(self._entries, None)
            if entry is None:
                return None
            self._note(entry)
        return self._touched[path]

    def _note(self, entry: WalkEntry) -> None:
        touch = Touch(Sha(entry.commit.id.decode()), _time_of(entry.commit))
        for written in _paths_written(entry):
            if written.startswith(self._prefix):
                self._touched.setdefault(written[len(self._prefix) :], touch)


def _paths_written(entry: WalkEntry) -> Iterator[bytes]:
    """Yield the paths that a commit wrote; a merge wrote only what differs from each of its parents."""
    for change in entry.changes():
        one = change[0] if isinstance(change, list) else change
        if one is not None and one.new is not None and one.new.path is not None:
            yield one.new.path


def _time_of(commit: Commit) -> datetime:
    try:
        return datetime.fromtimestamp(commit.commit_time, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)
