"""How pages, passages and failures become rows of the catalogue, inside a transaction of the caller's."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from indexer.pages import Page, PageFailure, PageId
from indexer.passages import Passage
from indexer.ports import Vector
from indexer.store.vectors import pack
from indexer.store.words import codes_in

FIRST_WAIT = timedelta(minutes=15)  # before a page that could not be read is tried again; doubled each time
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CutPage:
    """A page with its passages; *sha* is that of its content, *recipe* how the passages were made."""

    page: Page
    sha: str
    recipe: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Embedded:
    """What *embedder* made of texts: their vectors, and their packed token vectors where those are kept."""

    embedder: str
    vectors: Mapping[str, Vector]
    tokens: Mapping[str, bytes]


def page_key(connection: sqlite3.Connection, wiki: str, page_id: PageId) -> int:
    """Return the key of a page's row, 0 where there is none."""
    row = connection.execute("SELECT id FROM page WHERE wiki = ? AND page_id = ?", (wiki, page_id)).fetchone()
    return row[0] if row else 0


def passage_ids(connection: sqlite3.Connection, page: int) -> dict[str, int]:
    """Return the ids of a page's passages by what they say."""
    return dict(connection.execute("SELECT sha, id FROM passage WHERE page = ?", (page,)).fetchall())


def named(passages: Sequence[Passage], embedder: str) -> Iterator[tuple[str, Passage]]:
    """Yield each passage with a name that stays while it says the same on its page; the like are numbered."""
    seen: Counter[str] = Counter()
    for passage in passages:
        said = json.dumps((embedder, passage.page_id, passage.breadcrumb, passage.lead, passage.body))
        sha = hashlib.sha256(f"{seen[said]} {said}".encode()).hexdigest()
        seen[said] += 1
        yield sha, passage


def _text_sha(text: str, embedder: str) -> str:
    """Return the key of a text's vector."""
    return hashlib.sha256(json.dumps((embedder, text)).encode()).hexdigest()


def remember(connection: sqlite3.Connection, embedded: Embedded, now: datetime) -> None:
    """Keep the vectors of texts, for when a text comes back or moves."""
    name, noted = embedded.embedder, now.isoformat()
    rows = [(_text_sha(text, name), pack(vector), noted) for text, vector in embedded.vectors.items()]
    connection.executemany("INSERT OR REPLACE INTO embedding (sha, vector, used_at) VALUES (?, ?, ?)", rows)
    rows = [(_text_sha(text, name), packed, noted) for text, packed in embedded.tokens.items()]
    connection.executemany("INSERT OR REPLACE INTO token_vectors (sha, packed, used_at) VALUES (?, ?, ?)", rows)


def remembered(connection: sqlite3.Connection, text: str, embedder: str) -> bytes | None:
    """Return the packed vector of a text, None where it is not known."""
    row = connection.execute("SELECT vector FROM embedding WHERE sha = ?", (_text_sha(text, embedder),)).fetchone()
    return row[0] if row else None


def has_tokens(connection: sqlite3.Connection, text: str, embedder: str) -> bool:
    """Return whether the token vectors of a text are known."""
    row = connection.execute("SELECT 1 FROM token_vectors WHERE sha = ?", (_text_sha(text, embedder),)).fetchone()
    return row is not None


def store_page(connection: sqlite3.Connection, cut_page: CutPage, embedder: str) -> None:
    """Put a page and its passages in the place of what was known of it."""
    page = cut_page.page
    connection.execute(
        """
        INSERT INTO page (wiki, page_id, stamp, recipe, sha, revision, title, url, updated_at, text)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?)
        ON CONFLICT (wiki, page_id) DO UPDATE
        SET recipe = excluded.recipe, sha = excluded.sha, title = excluded.title, text = excluded.text
        """,
        (
            *(page.wiki, page.page_id, page.stamp, cut_page.recipe, cut_page.sha),
            *(page.revision, page.title, page.url, page.text),
        ),
    )
    store_particulars(connection, page)
    key = page_key(connection, page.wiki, page.page_id)
    kept = passage_ids(connection, key)
    for order, (sha, passage) in enumerate(named(cut_page.passages, embedder)):
        if sha in kept:
            _move_passage(connection, kept.pop(sha), order, passage, embedder)
        else:
            _add_passage(connection, key, order, sha, passage, embedder)
    connection.executemany("DELETE FROM passage WHERE id = ?", [(passage_id,) for passage_id in kept.values()])


def _move_passage(connection: sqlite3.Connection, passage_id: int, order: int, passage: Passage, embedder: str) -> None:
    """Note where a passage that says the same now stands."""
    text_sha = _text_sha(passage.indexed_text, embedder)  # of an older catalogue, it is not there yet
    connection.execute(
        'UPDATE passage SET ord = ?, anchor = ?, start = ?, "end" = ?, text_sha = ? WHERE id = ?',
        (order, passage.anchor, passage.start, passage.end, text_sha, passage_id),
    )


def _add_passage(
    connection: sqlite3.Connection, page: int, order: int, sha: str, passage: Passage, embedder: str
) -> None:
    """Add a passage, whose vector is remembered by now."""
    connection.execute(
        """
        INSERT INTO passage
            (page, ord, headings, anchor, start, "end", breadcrumb, lead, body, codes, sha, embedder, vector,
             text_sha)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            *(
                page,
                order,
                json.dumps(passage.headings, ensure_ascii=False),
                passage.anchor,
                passage.start,
                passage.end,
            ),
            *(passage.breadcrumb, passage.lead, passage.body, "\n".join(codes_in(passage.indexed_text))),
            *(sha, embedder, remembered(connection, passage.indexed_text, embedder)),
            _text_sha(passage.indexed_text, embedder),
        ),
    )


def store_particulars(connection: sqlite3.Connection, page: Page) -> None:
    """Keep what may change without a change of the text, rights among it, and that the page could be read."""
    updated_at = page.updated_at.isoformat() if page.updated_at else ""
    connection.execute(
        "UPDATE page SET stamp = ?, revision = ?, url = ?, updated_at = ? WHERE wiki = ? AND page_id = ?",
        (page.stamp, page.revision, page.url, updated_at, page.wiki, page.page_id),
    )
    key = page_key(connection, page.wiki, page.page_id)
    connection.execute("DELETE FROM reader WHERE page = ?", (key,))
    connection.executemany("INSERT INTO reader VALUES (?, ?)", [(key, reader) for reader in sorted(page.readers)])
    connection.execute("DELETE FROM failure WHERE wiki = ? AND page_id = ?", (page.wiki, page.page_id))


def store_failure(connection: sqlite3.Connection, wiki: str, failure: PageFailure, now: datetime) -> None:
    """Note that a page could not be read, and when to try again."""
    row = connection.execute(
        "SELECT attempts FROM failure WHERE wiki = ? AND page_id = ?", (wiki, failure.page_id)
    ).fetchone()
    attempts = 1 + (row[0] if row else 0)
    wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
    connection.execute(
        "INSERT OR REPLACE INTO failure (wiki, page_id, stamp, why, attempts, next_try) VALUES (?, ?, ?, ?, ?, ?)",
        (wiki, failure.page_id, failure.stamp, failure.why, attempts, (now + wait).isoformat()),
    )


def set_generation(connection: sqlite3.Connection, generation: int) -> None:
    """Make *generation* the catalogue's."""
    connection.execute("UPDATE fact SET value = ? WHERE name = 'generation'", (str(generation),))
