"""How pages, passages and failures become rows of the catalogue, inside a transaction of the caller's."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from indexer.codes import codes_in
from indexer.pages import NOBODY, FailureKind, Page, PageFailure, PageId, Readers, both
from indexer.passages import Passage
from indexer.ports import Vector
from indexer.store import history, rights
from indexer.store.vectors import pack

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


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is written, and the generation that it makes."""

    generation: int
    now: datetime


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


def store_page(connection: sqlite3.Connection, cut_page: CutPage, embedder: str, moment: Moment) -> None:
    """Put a page and its passages in the place of what was known of it, which becomes its past."""
    page = cut_page.page
    before = page_key(connection, page.wiki, page.page_id)
    if before:
        history.remember(connection, before, moment.generation, moment.now)
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
    if not before:
        history.remember_new(connection, key, moment.generation, moment.now)
    kept = passage_ids(connection, key)
    for order, (sha, passage) in enumerate(named(cut_page.passages, embedder)):
        if sha in kept:
            _move_passage(connection, kept.pop(sha), order, passage, embedder)
        else:
            _add_passage(connection, key, order, sha, passage, embedder)
    for passage_id in kept.values():
        history.keep_vectors(connection, "id = ?", passage_id, moment.now)
        connection.execute("DELETE FROM passage WHERE id = ?", (passage_id,))


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


def store_particulars(connection: sqlite3.Connection, page: Page) -> bool:
    """Keep what may change without a change of the text, and that the page could be read.

    Return whether it shows: another address, or other readers.
    """
    updated_at = page.updated_at.isoformat() if page.updated_at else ""
    allowed = rights.key(connection, page.readers)
    key = page_key(connection, page.wiki, page.page_id)
    before = connection.execute("SELECT url, rights FROM page WHERE id = ?", (key,)).fetchone()
    connection.execute(
        """
        UPDATE page SET stamp = ?, revision = ?, url = ?, updated_at = ?, rights = ?, anchors = ?, links = ?, missed = 0
        WHERE id = ?
        """,
        (
            *(page.stamp, page.revision, page.url, updated_at, allowed),
            *(json.dumps(sorted({block.anchor for block in page.blocks if block.level})), _links_as_json(page), key),
        ),
    )
    forget_failure(connection, page.wiki, page.page_id)
    return bool(before != (page.url, allowed))


def _links_as_json(page: Page) -> str:
    return json.dumps([(link.page_id, link.anchor) for link in page.links], ensure_ascii=False)


def store_failure(connection: sqlite3.Connection, wiki: str, failure: PageFailure, now: datetime) -> bool:
    """Note that a page could not be read, and when to try again; return whether fewer may read it now."""
    row = connection.execute(
        "SELECT attempts FROM failure WHERE wiki = ? AND page_id = ?", (wiki, failure.page_id)
    ).fetchone()
    attempts = 1 + (row[0] if row else 0)
    wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
    connection.execute(
        """
        INSERT OR REPLACE INTO failure (wiki, page_id, stamp, why, kind, attempts, next_try)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        (wiki, failure.page_id, failure.stamp, failure.why, failure.kind, attempts, (now + wait).isoformat()),
    )
    return failure.kind is FailureKind.CLOSED and store_readers(connection, wiki, failure.page_id, NOBODY)


def store_readers(connection: sqlite3.Connection, wiki: str, page_id: PageId, readers: Readers) -> bool:
    """Note who may read a page from now on; return whether these are others."""
    sql = "UPDATE page SET rights = ?3 WHERE wiki = ?1 AND page_id = ?2 AND rights IS NOT ?3"
    return connection.execute(sql, (wiki, page_id, rights.key(connection, readers))).rowcount > 0


def store_readers_of(connection: sqlite3.Connection, page: Page) -> bool:
    """Note who may read a page whose new text waits; return whether these are others. It is open to no more by it."""
    sql = """
        SELECT stamp, ifnull(readers, '[]') FROM page LEFT JOIN rights ON rights.id = page.rights
        WHERE wiki = ? AND page_id = ?
    """
    row = connection.execute(sql, (page.wiki, page.page_id)).fetchone()
    if row is None:
        return False
    forget_failure(connection, page.wiki, page.page_id)
    allowed = page.readers if row[0] == page.stamp else both(rights.from_json(row[1]), page.readers)
    return store_readers(connection, page.wiki, page.page_id, allowed)


def forget_failure(connection: sqlite3.Connection, wiki: str, page_id: PageId) -> None:
    """Forget that a page could not be read."""
    connection.execute("DELETE FROM failure WHERE wiki = ? AND page_id = ?", (wiki, page_id))


def remove_page(connection: sqlite3.Connection, wiki: str, page_id: PageId, now: datetime) -> bool:
    """Remove a page and all that is known of it, but for the vectors of its texts, which may come back.

    Return whether it was there.
    """
    key = page_key(connection, wiki, page_id)
    history.keep_vectors(connection, "page = ?", key, now)
    forget_failure(connection, wiki, page_id)
    return connection.execute("DELETE FROM page WHERE id = ?", (key,)).rowcount > 0


def set_generation(connection: sqlite3.Connection, generation: int) -> None:
    """Make *generation* the catalogue's."""
    connection.execute("UPDATE fact SET value = ? WHERE name = 'generation'", (str(generation),))
