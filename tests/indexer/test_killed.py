"""A kill at any point of a refresh: nothing stored is lost, nothing is half there, and the next refresh ends well."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.store.vectors import Snapshots
from tests.fakes_indexer import FakeWiki
from tests.indexer.conftest import build_index
from tests.indexer.test_vectors import CATALOGUE, EMBEDDER, publish, some_vectors

PAGES = 100


def wiki_of(version: int) -> FakeWiki:
    """Return a wiki whose pages all have two passages of the same version, so that a half page shows."""
    wiki = FakeWiki()
    for number in range(PAGES):
        for _ in range(version):
            wiki.write(f"page-{number}", f"# a\n\nzebra {number} v{version}\n\n# b\n\nokapi {number} v{version}")
    return wiki


REFRESH_AND_DIE = """
import os, signal, sys
from pathlib import Path
from tests.fakes_indexer import SilentProgress
from tests.indexer.conftest import build_index
from tests.indexer.test_killed import wiki_of

steps = 0

def die_in_time():
    global steps
    steps += 1
    if steps == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return 0

index = build_index(Path(sys.argv[1]), wiki=wiki_of(2))
index.catalogue._database._connection().set_progress_handler(die_in_time, 1000)  # of SQLite's own small steps
index.refresh()
"""


@pytest.mark.parametrize("steps", [1, 5, 15, 30, 60, 90, 120, 140])
def test_refresh_killed_inside_sqlite(tmp_path: Path, steps: int) -> None:
    """Every page is old or new as a whole, the tables are sound, and the next refresh makes all of it new."""
    before = build_index(tmp_path, wiki=wiki_of(1))
    before.refresh()
    before.catalogue.close()

    child = subprocess.run([sys.executable, "-c", REFRESH_AND_DIE, tmp_path, str(steps)], check=False)

    assert child.returncode == -9, "the refresh was over before the kill"
    index = build_index(tmp_path, wiki=wiki_of(2))
    hits = index.find("zebra okapi", 1000)
    versions = {(hit.page_id, hit.text.rsplit(" ", 1)[1]) for hit in hits}
    assert (len(hits), len(versions)) == (2 * PAGES, PAGES)
    refreshed = index.refresh()
    assert refreshed.changed + refreshed.unchanged == PAGES
    assert {hit.text.rsplit(" ", 1)[1] for hit in index.find("zebra okapi", 1000)} == {"v2"}
    assert index.catalogue.pages_without_tokens("handbook") == set()
    index.catalogue.close()
    _check_integrity(tmp_path / "wiki.db")


PUBLISH_AND_DIE = """
import os, signal, sys
from pathlib import Path
from tests.indexer.test_vectors import publish, some_vectors

fsync, calls = os.fsync, 0

def die_in_time(handle):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)

os.fsync = die_in_time
publish(Path(sys.argv[1]), some_vectors(60))
"""


@pytest.mark.parametrize("call", [1, 2, 3, 4, 5, 6])
def test_publishing_killed_at_each_wait_for_the_disk(tmp_path: Path, call: int) -> None:
    """CURRENT names a whole snapshot, the old or the new, and the next one is published and swept clean."""
    publish(tmp_path, some_vectors(50))

    child = subprocess.run([sys.executable, "-c", PUBLISH_AND_DIE, tmp_path, str(call)], check=False)

    assert child.returncode == -9
    snapshots = Snapshots(tmp_path)
    survivor = snapshots.open(snapshots.current_name(), CATALOGUE, EMBEDDER, 1)
    assert len(survivor) == (60 if call == 6 else 50)
    publish(tmp_path, some_vectors(70))
    assert len(snapshots.open(snapshots.current_name(), CATALOGUE, EMBEDDER, 1)) == 70
    assert not list(tmp_path.glob("tmp-*"))


def _check_integrity(path: Path) -> None:
    """Check the file, its full-text tables, and that no row is without its page."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    connection.close()
