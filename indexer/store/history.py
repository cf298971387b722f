"""Former texts of pages, by generation: what a rollback brings back, and what it never does.

past (page, generation) ─► the page's text and passages as they were before that generation changed them
                           HEAD in the place of a generation: as they are while an older generation is shown
A former text may be read by those who may read the page now and might then; a page that is removed takes its past
with it. So whatever was closed or taken away stays so, in every generation. Without vectors, which are kept by content.
"""

import json
import sqlite3
import zlib
from dataclasses import dataclass
from datetime import datetime

from indexer.store import rights

HEAD = 2**62
_PAGE = ("recipe", "sha", "revision", "title", "url", "updated_at", "text")
_PASSAGE = (
    *(
        "sha",
        "ord",
        "headings",
        "anchor",
        "start",
        "end",
        "breadcrumb",
        "lead",
        "body",
        "codes",
        "embedder",
        "text_sha",
    ),
)


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback comes to. *hidden* pages did not exist in that generation; *restored* had another text."""

    generation: int
    newest: int
    restored: int
    hidden: int


def remember(connection: sqlite3.Connection, page: int, generation: int, now: datetime) -> None:
    """Keep a page as it is, before *generation* changes it for the first time. The first generation has no past."""
    if generation <= 1:
        return
    connection.execute(
        """
        INSERT OR IGNORE INTO past (page, generation, noted_at, state, readers)
        VALUES (?1, ?2, ?3, ?4, (SELECT ifnull(readers, '[]') FROM page LEFT JOIN rights ON rights.id = page.rights
                                 WHERE page.id = ?1))
        """,
        (page, generation, now.isoformat(), _state(connection, page)),
    )


def remember_new(connection: sqlite3.Connection, page: int, generation: int, now: datetime) -> None:
    """Note that *generation* made a page."""
    if generation > 1:
        connection.execute(
            "INSERT OR IGNORE INTO past (page, generation, noted_at, state) VALUES (?, ?, ?, NULL)",
            (page, generation, now.isoformat()),
        )


def shown(connection: sqlite3.Connection) -> int | None:
    """Return the generation that was rolled back to, None where the newest is shown."""
    row = connection.execute("SELECT value FROM fact WHERE name = 'shown'").fetchone()
    return int(row[0]) if row else None


def newest(connection: sqlite3.Connection) -> int:
    """Return the newest generation."""
    return int(connection.execute("SELECT value FROM fact WHERE name = 'generation'").fetchone()[0])


def oldest(connection: sqlite3.Connection) -> int:
    """Return the oldest generation that can be shown."""
    (first,) = connection.execute("SELECT min(generation) FROM past WHERE generation < ?", (HEAD,)).fetchone()
    return newest(connection) if first is None else int(first) - 1


def before(connection: sqlite3.Connection, generation: int) -> int:
    """Return the newest generation before *generation* that has other texts; itself where there is none."""
    (last,) = connection.execute("SELECT max(generation) FROM past WHERE generation <= ?", (generation,)).fetchone()
    return generation if last is None else int(last) - 1


def forget(connection: sqlite3.Connection, oldest_kept: int, noted_before: datetime) -> None:
    """Forget what would lead to a generation under *oldest_kept*, or was noted before that date."""
    (ended,) = connection.execute(
        "SELECT ifnull(max(generation), 0) FROM past WHERE noted_at < ?", (noted_before.isoformat(),)
    ).fetchone()
    connection.execute("DELETE FROM past WHERE generation <= ?", (max(oldest_kept, ended),))


def show(connection: sqlite3.Connection, generation: int, now: datetime) -> RolledBack:
    """Show *generation*, none under `oldest`: pages get the text that they had in it, those made later are hidden."""
    last = newest(connection)
    if before(connection, last) < generation:
        generation = last  # no text was changed since
    restored = hidden = 0
    for (page,) in connection.execute("SELECT DISTINCT page FROM past").fetchall():
        connection.execute(
            "INSERT OR IGNORE INTO past (page, generation, noted_at, state) VALUES (?, ?, ?, ?)",
            (page, HEAD, now.isoformat(), _state(connection, page)),
        )
        sql = (
            "SELECT state, readers, generation FROM past WHERE page = ? AND generation > ? ORDER BY generation LIMIT 1"
        )
        state, readers, changed_by = connection.execute(sql, (page, generation)).fetchone()
        former = None if changed_by == HEAD or readers is None else rights.key(connection, rights.from_json(readers))
        connection.execute("UPDATE page SET former = ? WHERE id = ?", (former, page))
        if state == _state(connection, page):
            continue
        restored += state is not None
        hidden += state is None
        _restore(connection, page, state, now)
    if generation == last:
        connection.execute("DELETE FROM past WHERE generation = ?", (HEAD,))
        connection.execute("DELETE FROM fact WHERE name = 'shown'")
    else:
        connection.execute("INSERT OR REPLACE INTO fact VALUES ('shown', ?)", (str(generation),))
    return RolledBack(generation, last, restored, hidden)


def keep_vectors(connection: sqlite3.Connection, which: str, value: int, now: datetime) -> None:
    """Remember the vectors of passages that are about to go from *now* on."""
    connection.execute(
        f"INSERT OR REPLACE INTO embedding SELECT text_sha, vector, ? FROM passage WHERE {which} AND text_sha != ''",  # noqa: S608
        (now.isoformat(), value),
    )
    connection.execute(
        f"UPDATE token_vectors SET used_at = ? WHERE sha IN (SELECT text_sha FROM passage WHERE {which})",  # noqa: S608
        (now.isoformat(), value),
    )


def _state(connection: sqlite3.Connection, page: int) -> bytes | None:
    """Return a page as it is, packed; None while it is hidden."""
    names = ", ".join(_PAGE)
    row = connection.execute(f"SELECT hidden, {names} FROM page WHERE id = ?", (page,)).fetchone()  # noqa: S608
    if row[0]:
        return None
    names = ", ".join(f'"{name}"' for name in _PASSAGE)
    passages = connection.execute(
        f"SELECT {names} FROM passage WHERE page = ? ORDER BY ord, id",  # noqa: S608
        (page,),
    ).fetchall()
    return zlib.compress(json.dumps((row[1:], passages), ensure_ascii=False).encode())


def _restore(connection: sqlite3.Connection, page: int, state: bytes | None, now: datetime) -> None:
    """Give a page a former state. A passage that says the same keeps its id; the others get vectors by content."""
    kept = dict(connection.execute("SELECT sha, id FROM passage WHERE page = ?", (page,)).fetchall())
    columns, passages = json.loads(zlib.decompress(state)) if state is not None else (None, [])
    if columns is not None:
        assigned = ", ".join(f"{name} = ?" for name in _PAGE)
        connection.execute(f"UPDATE page SET hidden = 0, {assigned} WHERE id = ?", (*columns, page))  # noqa: S608
    else:
        connection.execute("UPDATE page SET hidden = 1 WHERE id = ?", (page,))
    keep_vectors(connection, "page = ?", page, now)
    for passage in passages:
        sha, order, _, anchor, start, end = passage[:6]
        if sha in kept:
            connection.execute(
                'UPDATE passage SET ord = ?, anchor = ?, start = ?, "end" = ? WHERE id = ?',
                (order, anchor, start, end, kept.pop(sha)),
            )
        else:
            _add(connection, page, passage)
    connection.executemany("DELETE FROM passage WHERE id = ?", [(passage_id,) for passage_id in kept.values()])


def _add(connection: sqlite3.Connection, page: int, passage: list[object]) -> None:
    """Add a former passage; without a vector that is still known it could not be found, and is left out."""
    names = ", ".join(f'"{name}"' for name in _PASSAGE)
    marks = ", ".join("?" * len(_PASSAGE))
    connection.execute(
        f"INSERT INTO passage (page, {names}, vector) SELECT ?, {marks}, vector FROM embedding WHERE sha = ?",  # noqa: S608
        (page, *passage, passage[-1]),
    )
