"""Who may read which page, as rows: pages with the same readers share one row, so a question looks at few of them."""

import json
import sqlite3

from indexer.pages import Principal, Readers

READABLE_PAGES = """
    WITH allowed (id) AS (
        SELECT rights.id FROM rights WHERE layers > 0 AND layers = (
            SELECT count(DISTINCT number) FROM layer
            WHERE layer.rights = rights.id AND principal IN (SELECT value FROM json_each(?))))
    SELECT page.id FROM page WHERE page.rights IN allowed AND (page.former IS NULL OR page.former IN allowed)
"""
"""The keys of the pages that an audience, given as a JSON list, may read: each layer lets one of it in.

A former text, shown after a rollback, may be read only by those who may read the page now and might then.
"""


def as_json(readers: Readers) -> str:
    """Return *readers* always in the same form."""
    return json.dumps(sorted(sorted(layer) for layer in readers), ensure_ascii=False)


def from_json(text: str) -> Readers:
    """Return what `as_json` wrote."""
    return frozenset(frozenset(Principal(name) for name in layer) for layer in json.loads(text))


def key(connection: sqlite3.Connection, readers: Readers) -> int:
    """Return the key of the row for *readers*, added where there is none; that of nobody has no layers."""
    text = as_json(readers)
    known = connection.execute("SELECT id FROM rights WHERE readers = ?", (text,)).fetchone()
    if known:
        return int(known[0])
    added = connection.execute("INSERT INTO rights (readers, layers) VALUES (?, ?)", (text, len(readers))).lastrowid
    assert added is not None, "SQLite names the row it inserted"
    connection.executemany(
        "INSERT INTO layer (principal, rights, number) VALUES (?, ?, ?)",
        [(name, added, number) for number, layer in enumerate(json.loads(text)) for name in layer],
    )
    return added


def forget_unused(connection: sqlite3.Connection) -> None:
    """Forget the rights that no page has any more."""
    connection.execute(
        """
        DELETE FROM rights WHERE NOT EXISTS (SELECT 1 FROM page WHERE page.rights = rights.id)
                             AND NOT EXISTS (SELECT 1 FROM page WHERE page.former = rights.id)
        """
    )
