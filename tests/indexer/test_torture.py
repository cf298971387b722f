"""SIGKILL at random instants, again and again over the same catalogue: nothing is corrupt, half there, or lost.

`python -m pytest tests/indexer/test_torture.py --torture 100` kills a hundred times.
"""

import multiprocessing
import random
import sqlite3
import time
from pathlib import Path

import pytest

from tests.fakes_indexer import TELLS_ALL, FakeWiki
from tests.indexer.conftest import SmallIndex, build_index

PAGES = 120
SEEDED = 20260301


def wiki_of(version: int) -> FakeWiki:
    """Return a wiki whose feed has every page in version 1, then every page in version 2, and so on.

    Both passages of a page name the version, so that half a page shows; the cursor tells which versions it passed.
    """
    wiki = FakeWiki(abilities=TELLS_ALL)
    for one in range(1, version + 1):
        for number in range(PAGES):
            wiki.write(f"page-{number}", f"# a\n\nzebra {number} v{one}\n\n# b\n\nokapi {number} v{one}")
    return wiki


def refresh(folder: Path, version: int) -> None:
    """Bring the index in *folder* to a version, in a process of its own."""
    build_index(folder, wiki=wiki_of(version)).refresh(listing=True)


@pytest.mark.slow
def test_killed_again_and_again(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """After each kill the file is sound, every page whole and the cursor behind its pages; the end is complete."""
    kills = request.config.getoption("--torture")
    chance = random.Random(SEEDED)
    context = multiprocessing.get_context("fork")  # a fresh interpreter would spend most of its life importing
    began = time.monotonic()
    refresh(tmp_path / "whole", 2)
    as_long_as = time.monotonic() - began
    killed = 0
    for version in range(1, kills + 1):
        child = context.Process(target=refresh, args=(tmp_path, version))
        child.start()
        child.join(chance.uniform(0, as_long_as))
        child.kill()
        child.join()
        killed += child.exitcode == -9
        if (tmp_path / "wiki.db").exists():
            _check(tmp_path)

    index = build_index(tmp_path, wiki=wiki_of(kills + 1))
    index.refresh()

    assert killed > 0
    assert _versions(index) == {f"page-{number}": kills + 1 for number in range(PAGES)}
    assert index.catalogue.pages_without_tokens("handbook") == set()
    index.catalogue.close()
    _check(tmp_path)


def _check(folder: Path) -> None:
    """Check the file, that no row is without its page, that pages are whole, and that the cursor is not ahead."""
    index = build_index(folder)  # creates the tables where the kill came before they were there
    versions = _versions(index)
    place = int(index.catalogue.wiki_state("handbook").cursor or 0)
    passed, in_next = divmod(place, PAGES)
    for number in range(PAGES):
        assert versions.get(f"page-{number}", 0) >= passed + (number < in_next)
    index.catalogue.close()
    connection = sqlite3.connect(folder / "wiki.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    connection.execute("INSERT INTO code_parts (code_parts, rank) VALUES ('integrity-check', 1)")
    connection.close()


def _versions(index: SmallIndex) -> dict[str, int]:
    """Return the version of each page, both of whose passages must have it."""
    said: dict[str, list[int]] = {}
    for hit in index.find("zebra okapi", 1000):
        said.setdefault(hit.page_id, []).append(int(hit.text.rpartition("v")[2]))
    assert all(len(versions) == 2 and len(set(versions)) == 1 for versions in said.values())
    return {page_id: versions[0] for page_id, versions in said.items()}
