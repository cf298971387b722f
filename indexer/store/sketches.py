"""Sketches of texts by the content of their page, so that a report reads each text once."""

import json
import sqlite3
from collections.abc import Iterable, Iterator

from indexer.report import Sketch, sketched


def from_json(drawn: str) -> Sketch:
    """Return a sketch as it is kept."""
    in_tables, bands = json.loads(drawn)
    return Sketch(in_tables, tuple(bands))


def new(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield the content and the sketch of each page that has none yet."""
    sql = "SELECT DISTINCT sha, text FROM page WHERE NOT EXISTS (SELECT 1 FROM sketch WHERE sketch.sha = page.sha)"
    for sha, text in connection.execute(sql):
        sketch = sketched(text)
        yield sha, json.dumps((sketch.in_tables, sketch.bands))


def keep(connection: sqlite3.Connection, drawn: Iterable[tuple[str, str]]) -> None:
    """Keep sketches by their content, and forget those that no page has any more."""
    connection.executemany("INSERT OR IGNORE INTO sketch (sha, drawn) VALUES (?, ?)", drawn)
    connection.execute("DELETE FROM sketch WHERE sha NOT IN (SELECT sha FROM page)")
