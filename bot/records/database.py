"""The one SQLite file behind the bot's records: opened, migrated, and changed one transaction at a time."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.errors import RecordsUnusable
from bot.migrations import MIGRATIONS

Acted = TypeVar("Acted")

_BUSY_MILLISECONDS = 10_000  # another process may hold the file: a backup, an operator's shell
_CURES = {
    sqlite3.SQLITE_FULL: "the disk is full: make room and start again",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written: look at it and at the space left on it",
    sqlite3.SQLITE_READONLY: "the file may not be written: give the bot's user the right to",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: check the folder and its rights",
    sqlite3.SQLITE_PERM: "the file cannot be opened: check the folder and its rights",
    sqlite3.SQLITE_BUSY: "another process keeps it locked: end that process",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked: end that process",
    sqlite3.SQLITE_CORRUPT: "it is damaged: put a backup in its place, or move it away to begin anew",
    sqlite3.SQLITE_NOTADB: "it is no SQLite file: put a backup in its place, or move it away to begin anew",
}


class _Errand(Generic[Acted]):
    """What one thread asks of the one that has hold of the file."""

    def __init__(self, act: Callable[[sqlite3.Connection], Acted]) -> None:
        self._act = act
        self._results: list[Acted] = []
        self._error: RecordsUnusable | None = None
        self.is_done = False

    def run(self, connection: sqlite3.Connection) -> None:
        """Do it."""
        self._results.append(self._act(connection))

    def end(self, error: RecordsUnusable | None) -> None:
        """Note that it is on disk, or what undid it."""
        self._error = error
        self.is_done = True

    def result(self) -> Acted:
        """Return what it came to. Raises RecordsUnusable."""
        if self._error is not None:
            raise RecordsUnusable(str(self._error)) from self._error
        return self._results[0]


class Database:
    """The file *path*. Any thread may call; one change is made at a time and is on disk when it ends."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        """Open or make the file; *now* gives aware UTC. Raises RecordsUnusable."""
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._errands: deque[_Errand[Any]] = deque()
        with self._errors_named():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._prepare()

    def close(self) -> None:
        """Close the file. Nothing else may be called afterwards."""
        with self._lock:
            self._connection.close()

    def time(self) -> str:
        """Return the present moment as the records write it: ISO, UTC."""
        return self._now().isoformat()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction, undone where the block fails. Raises RecordsUnusable."""
        with self._errors_named(), self._lock, self._transaction() as connection:
            yield connection

    def together(self, act: Callable[[sqlite3.Connection], Acted]) -> Acted:
        """Return what *act* does in one transaction with whatever other threads ask for at the same moment.

        A wait for the disk takes milliseconds, and a hundred events may come in one of them: the first thread to get
        hold of the file acts for all that wait, and one commit is on disk for them all. Raises RecordsUnusable to each.
        """
        mine = _Errand(act)
        self._errands.append(mine)
        with self._lock:
            if not mine.is_done:
                self._run_errands()
        return mine.result()

    def _run_errands(self) -> None:
        errands: list[_Errand[Any]] = []
        while self._errands:
            errands.append(self._errands.popleft())
        undone: RecordsUnusable | None = RecordsUnusable(f"{self._path}: a change was undone together with another")
        try:
            with self._errors_named(), self._transaction() as connection:
                for errand in errands:
                    errand.run(connection)
            undone = None
        except RecordsUnusable as error:
            undone = error
        finally:
            for errand in errands:
                errand.end(undone)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for a question that changes nothing. Raises RecordsUnusable."""
        with self._errors_named(), self._lock:
            yield self._connection

    def _prepare(self) -> None:
        for pragma in (f"busy_timeout = {_BUSY_MILLISECONDS}", "journal_mode = WAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk before the question is acked
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise RecordsUnusable(
                    f"{self._path} was written by a newer Footnote (its records are version {version}, this one knows"
                    f" {len(MIGRATIONS)}): run the newer one, or move the file away to begin anew"
                )
            for statement in (s for step in MIGRATIONS[version:] for s in step):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:  # neither committed nor already undone by SQLite itself
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RecordsUnusable(f"{self._path} cannot be used: {_cure(error)}") from error


def _cure(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest its shade
    return _CURES.get(code, f"{type(error).__name__}: {error}")
