"""The catalogue's file: versions, damage, full disks, and several processes."""

import errno
import multiprocessing
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.errors import CatalogueUnusable, DiskFull, IndexerBusy, IndexerError
from indexer.locking import is_dead
from indexer.pages import EVERYONE
from indexer.planning import Wishes
from indexer.store.catalogue import Catalogue
from indexer.store.database import Database, translated
from indexer.store.schema import APPLICATION_ID, MIGRATIONS, VERSION
from tests.fakes_indexer import SteadyClock
from tests.indexer.conftest import SmallIndex, build_index


def test_newer_catalogue_is_refused_with_both_versions(tmp_path: Path) -> None:
    """After a downgrade nothing is touched; the message says which versions, and the cure."""
    Catalogue(tmp_path / "wiki.db").close()
    with _plain(tmp_path / "wiki.db") as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 6}")

    with pytest.raises(
        CatalogueUnusable, match=f"version {VERSION + 6} .* up to {VERSION}: upgrade Footnote, or point"
    ):
        Catalogue(tmp_path / "wiki.db")


@pytest.mark.parametrize("version", range(1, VERSION))
def test_older_catalogue_is_brought_up_to_date(index: SmallIndex, tmp_path: Path, version: int) -> None:
    """Passages keep their ids and pages their readers; the next refresh adds what an older version did not keep."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.wiki.write("pay", "Salaries are secret.", readers=["hr", "board"])
    index.refresh()
    before = index.passage_ids()
    _copy_as_of(version, index.catalogue.path, tmp_path / "older" / "wiki.db")

    again = build_index(tmp_path / "older", wiki=index.wiki)

    assert again.passage_ids() == before
    assert again.found_pages("salaries secret", ["board"]) == {"pay"}
    assert again.found_pages("salaries secret", [EVERYONE]) == {"vpn"}
    again.refresh()
    assert again.passage_ids() == before
    assert again.tokens_kept() == 2
    _check_integrity(again.catalogue.path)
    again.catalogue.close()


def test_requests_of_an_older_catalogue_are_still_there(tmp_path: Path) -> None:
    """What waited waits, what its indexer did not end waits again, and what ended has ended."""
    before = next(number for number, migration in enumerate(MIGRATIONS) if "DROP INDEX request_waiting" in migration)
    with _plain(tmp_path / "wiki.db") as connection:
        for migration in MIGRATIONS[:before]:
            connection.executescript(migration)
        columns = "INSERT INTO request (wiki, wishes, asked_at, taken_at, ended_at, outcome) VALUES (?, ?, ?, ?, ?, ?)"
        moment = "2026-05-03T08:00:00+00:00"
        connection.execute(columns, ("handbook", "[]", moment, moment, moment, "done"))
        connection.execute(columns, ("handbook", '["full"]', moment, moment, moment, "no room"))
        connection.execute(columns, ("handbook", '["full"]', moment, moment, "", ""))
        connection.execute(columns, ("", '["listing"]', moment, "", "", ""))
        connection.execute(f"PRAGMA user_version = {before}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    now = SteadyClock()()

    catalogue = Catalogue(tmp_path / "wiki.db")
    found = [catalogue.requests.status(number, now, is_dead) for number in (1, 2, 3, 4)]
    again = catalogue.requests.ask("", Wishes(listing=True), now)

    assert [one and one.state.value for one in found] == ["done", "failed", "waiting", "waiting"]
    assert again == 4
    catalogue.close()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A foreign file is not overwritten."""
    (tmp_path / "wiki.db").write_bytes(b"not a database at all, but long enough to be looked at " * 99)

    with pytest.raises(CatalogueUnusable, match=r"wiki\.db is damaged or is no catalogue"):
        Catalogue(tmp_path / "wiki.db")


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """A SQLite file that we did not make is left alone."""
    with _plain(tmp_path / "wiki.db") as connection:
        connection.execute("CREATE TABLE theirs (x)")

    with pytest.raises(CatalogueUnusable, match="another program's database"):
        Catalogue(tmp_path / "wiki.db")


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file in the place of the data folder is an error with a sentence."""
    (tmp_path / "data").write_text("")

    with pytest.raises(CatalogueUnusable, match="Check that its folder exists"):
        Catalogue(tmp_path / "data" / "wiki.db")


def test_every_error_of_sqlite_has_one_of_ours(tmp_path: Path) -> None:
    """The map is complete: each class of error, and each primary result code, becomes an IndexerError."""
    classes: list[type[Exception]] = [sqlite3.Warning, *_with_subclasses(sqlite3.Error)]
    names = [name for name in dir(sqlite3) if re.fullmatch(r"SQLITE_[A-Z]+", name)]  # result codes, and some constants
    codes = [code for code in (getattr(sqlite3, name) for name in names) if isinstance(code, int)]

    for kind in classes:
        assert isinstance(translated(kind("what"), tmp_path), IndexerError)
    for code in codes:
        assert isinstance(translated(_error(code), tmp_path), IndexerError)


def test_full_disk_is_told_from_other_errors(tmp_path: Path) -> None:
    """Whoever reports it, a full disk is DiskFull, and a writer that does not let go is IndexerBusy."""
    assert isinstance(translated(_error(sqlite3.SQLITE_FULL), tmp_path), DiskFull)
    assert isinstance(translated(OSError(errno.ENOSPC, "No space left"), tmp_path), DiskFull)
    assert isinstance(translated(_error(sqlite3.SQLITE_BUSY), tmp_path), IndexerBusy)
    assert isinstance(translated(_error(sqlite3.SQLITE_CORRUPT), tmp_path), CatalogueUnusable)


def test_errors_inside_a_transaction_come_out_in_our_words(tmp_path: Path) -> None:
    """What SQLite raises in a caller's block is ours outside, and the block's changes are gone."""
    database = Database(tmp_path / "wiki.db")

    with pytest.raises(CatalogueUnusable):
        _write_half(database)

    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM wiki").fetchone() == (0,)
    database.close()


def test_refresh_on_a_full_disk_keeps_whole_batches(index: SmallIndex) -> None:
    """The batch that did not fit is rolled back whole; with room again, the next refresh does the rest."""
    for number in range(200):
        index.wiki.write(f"page-{number}", f"This page is number {number}. " + "All of it is said. " * 40)
    with index.catalogue._database.writing() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 300}")

    with pytest.raises(DiskFull, match="free some space"):
        index.refresh()

    connection.execute("PRAGMA max_page_count = 1000000")
    kept = len(index.found_pages("page"))
    assert 0 < kept < 200
    assert kept % 32 == 0
    assert index.refresh().new == 200 - kept
    _check_integrity(index.catalogue.path)


def test_words_of_removed_passages_are_gone_from_every_table(index: SmallIndex) -> None:
    """Edits and deletions leave nothing behind in the full-text tables, which stay sound."""
    for number in range(40):
        index.wiki.write(f"page-{number}", f"Zebra {number} has ERR-{number}.\n\nAnd more of {number}.")
    index.refresh()
    for number in range(0, 40, 2):
        index.wiki.write(f"page-{number}", f"Okapi {number}.")
    index.wiki.delete(*(f"page-{number}" for number in range(1, 40, 4)))
    index.refresh()

    with _plain(index.catalogue.path) as connection:
        zebras = connection.execute("SELECT count(*) FROM words WHERE words MATCH 'zebra'").fetchone()
        passages = connection.execute("SELECT count(*) FROM passage WHERE body LIKE 'Zebra%'").fetchone()
    _check_integrity(index.catalogue.path)
    assert zebras == passages == (10,)


def test_passage_ids_are_never_used_again(index: SmallIndex) -> None:
    """A removed passage's id may still be in a snapshot, so no other passage ever gets it."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.wiki.write("lunch", "Lunch is at noon.")
    index.refresh()
    before = set(index.passage_ids().values())
    index.wiki.delete("lunch")
    index.refresh()
    index.wiki.write("dinner", "Dinner is at six.")
    index.refresh()

    assert index.passage_ids()["Dinner is at six."] > max(before)


def test_two_processes_may_create_it_at_once(tmp_path: Path) -> None:
    """The bot and the indexer start together on a new data folder."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        assert pool.map(_create, [tmp_path / "wiki.db"] * 8) == ["ok"] * 8


def test_threads_that_have_ended_leave_no_connection_behind(tmp_path: Path) -> None:
    """Each job that somebody is told about has a thread that looks at the catalogue, for months."""
    catalogue = Catalogue(tmp_path / "wiki.db")
    for _ in range(5):
        thread = threading.Thread(target=catalogue.requests.has_any)
        thread.start()
        thread.join()

    assert len(catalogue._database._connections) == 2
    catalogue.close()


def test_reader_sees_one_moment(tmp_path: Path) -> None:
    """What is stored while a block reads is not seen in that block, and is in the next."""
    index = build_index(tmp_path)
    other = build_index(tmp_path)
    index.wiki.write("vpn", "Restart the tunnel.")

    with other.catalogue.reading() as reading:
        before = reading.count_passages()
        index.refresh()
        assert reading.count_passages() == before == 0
    with other.catalogue.reading() as reading:
        assert reading.count_passages() == 1
    index.catalogue.close()
    other.catalogue.close()


def _copy_as_of(version: int, path: Path, older: Path) -> None:
    """Copy what a catalogue of *version* kept, in its form, from the one at *path*."""
    older.parent.mkdir()
    with _plain(older) as connection:
        for migration in MIGRATIONS[:version]:
            connection.executescript(migration)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("ATTACH ? AS newer", (str(path),))
        connection.execute("INSERT OR REPLACE INTO main.fact SELECT name, value FROM newer.fact")
        tables = [row[0] for row in connection.execute("SELECT name FROM newer.sqlite_schema WHERE type = 'table'")]
        for table in ("wiki", "page", "passage", "embedding", "token_vectors", "rights", "layer"):
            columns = [f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})")]
            if columns and table in tables:
                names = ", ".join(columns)
                connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")  # noqa: S608
        if version < 3:
            connection.execute(
                """
                INSERT INTO main.reader SELECT page.id, layer.principal
                FROM newer.page JOIN newer.layer ON layer.rights = page.rights
                """
            )


def _write_half(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO wiki (name) VALUES ('half')")
        connection.execute("INSERT INTO nowhere VALUES (1)")


def _create(path: Path) -> str:
    Catalogue(path).close()
    return "ok"


def _with_subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _with_subclasses(below)


def _error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("what")
    error.sqlite_errorcode = code
    return error


def _check_integrity(path: Path) -> None:
    """Check the file, the full-text tables and the links between rows."""
    with _plain(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        connection.execute("INSERT INTO code_parts (code_parts, rank) VALUES ('integrity-check', 1)")


@contextmanager
def _plain(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection of our own, kept and closed at the end."""
    connection = sqlite3.connect(path)
    try:
        with connection:
            yield connection
    finally:
        connection.close()
