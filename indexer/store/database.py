"""The catalogue's SQLite file: its connections, its transactions, and its errors in our words."""

import errno
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.errors import CatalogueUnusable, DiskFull, IndexerBusy, IndexerError
from indexer.store.schema import APPLICATION_ID, MIGRATIONS, VERSION

WAIT_SECONDS = 30  # the longest a batch of 32 pages took to write was under one second


class Database:
    """One SQLite file in WAL mode: any number of readers and one writer at a time, a connection per thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._guard = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise translated(error, path) from error
        with self._errors_in_our_words():
            self._prepare()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one moment of the catalogue until the block ends."""
        with self._errors_in_our_words():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are kept together when the block ends, and not at all if it raises."""
        with self._errors_in_our_words():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.rollback()

    @contextmanager
    def trying(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are seen until the block ends, and are never kept."""
        with self._errors_in_our_words():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                connection.rollback()

    def close_own(self) -> None:
        """Close this thread's connection; a thread that ends need not leave one behind."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            with self._guard:
                del self._connections[threading.current_thread()]
            connection.close()
            del self._local.connection

    def close(self) -> None:
        """Close the connections of all threads; nothing may use the catalogue any more."""
        with self._guard:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection, opened on its first use."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self.path)
            self._local.connection = connection
            with self._guard:
                self._close_left_behind()
                self._connections[threading.current_thread()] = connection
        return connection

    def _close_left_behind(self) -> None:
        """Close the connections of threads that have ended; a process runs for months."""
        for thread in [thread for thread in self._connections if not thread.is_alive()]:
            self._connections.pop(thread).close()

    def _prepare(self) -> None:
        """Create the tables, or bring those of an older version up to date."""
        connection = self._connection()
        if _version(connection, self.path) == VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for migration in MIGRATIONS[_version(connection, self.path) :]:
                for statement in _statements(migration):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.rollback()

    @contextmanager
    def _errors_in_our_words(self) -> Iterator[None]:
        """Turn the errors of SQLite into ours."""
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise translated(error, self.path) from error


def translated(error: Exception, path: Path) -> IndexerError:
    """Return our error for an *error* of SQLite or the disk about the file at *path*."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF  # the primary code of an extended one
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(f"There is no room to write {path}; free some space, and the next refresh goes on.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return IndexerBusy(f"Another process has been writing to {path} for {WAIT_SECONDS} seconds; try again later.")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return CatalogueUnusable(f"{path} is damaged or is no catalogue ({error}); move it away to index anew.")
    return CatalogueUnusable(f"{path} cannot be used: {error}. Check that its folder exists and can be written to.")


def _connect(path: Path) -> sqlite3.Connection:
    """Open a connection that leaves transactions to us."""
    # Only close() reaches into another thread's connection, when no thread uses it any more.
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last batch, never the file
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have SQLite write ahead. Where several processes do so to a new file at once it says "locked" without waiting."""
    ends_at = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at:
                raise
            time.sleep(0.01)
        else:
            return


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the catalogue's version, 0 for an empty file. Raises CatalogueUnusable for one we cannot work with."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and owner != APPLICATION_ID:
        raise CatalogueUnusable(f"{path} is another program's database; point FOOTNOTE_DATA_DIR elsewhere.")
    if version > VERSION:
        raise CatalogueUnusable(
            f"{path} has version {version} and this Footnote knows up to {VERSION}: "
            "upgrade Footnote, or point FOOTNOTE_DATA_DIR elsewhere."
        )
    return int(version)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of *script* one by one; `executescript` would end our transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
