"""The catalogue: every page, passage, vector and failure, in one SQLite file. It is the truth; all else is a cache.

Each write is one transaction, so that a kill at any instant leaves the state before it or after it. One process
writes; any number read, each read within one moment of the catalogue.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from indexer.comparing import KnownFailure, KnownPage
from indexer.errors import GenerationForgotten
from indexer.pages import FailureKind, Page, PageFailure, PageId, Readers
from indexer.ports import Cursor
from indexer.report import Summary
from indexer.store import history, leases, rights, rows, sketches
from indexer.store.database import Database
from indexer.store.history import RolledBack
from indexer.store.reading import Reading
from indexer.store.requests import Requests
from indexer.store.rows import CutPage, Embedded, Moment

REMEMBERED = timedelta(days=30)  # how long the vector of a text that was moved or removed is kept
REFRESHES_KEPT = 200

_OF_IDS = " AND page_id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a few pages of one wiki came to: cut anew, the same but for their particulars, not readable, or gone.

    *cursor* is where the wiki's changes go on once this is kept; None where that is said by a later batch.
    """

    wiki: str
    cut: tuple[CutPage, ...]
    same: tuple[Page, ...]
    failed: tuple[PageFailure, ...]
    gone: tuple[PageId, ...]
    cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class WikiState:
    """How far a wiki is known: its cursor, None at first, and when and under which recipe it was last listed."""

    cursor: Cursor | None
    listed_at: datetime | None
    recipe: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How the visit to a wiki ended: well if *problem* is empty, else with that sentence.

    *pending* pages are gone and kept until an admin accepts that; with *lists_again*, the next visit lists the wiki.
    """

    wiki: str
    problem: str
    pending: int
    lists_again: bool


class Catalogue:
    """The catalogue in the SQLite file at *path*, created if there is none. Raises CatalogueUnusable.

    Pages are written only by whoever holds the lease; a write after another took it raises LeaseLost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)
        self._fence = 0
        self.requests = Requests(self._database, lambda: self._fence)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Give what can be read of one moment of the catalogue."""
        with self._database.reading() as connection:
            yield Reading(connection)

    def close_own(self) -> None:
        """Close what this thread has open of the file."""
        self._database.close_own()

    def close(self) -> None:
        """Close the file; nothing may use the catalogue any more."""
        self._database.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for one transaction of whoever holds the lease. Raises LeaseLost."""
        with self._database.writing() as connection:
            leases.check(connection, self._fence)
            yield connection

    def take_lease(self, owner: str, lasts: timedelta, now: datetime, is_dead: Callable[[str], bool]) -> None:
        """Become the one who writes. Raises IndexerBusy while another does whose lease lasts and who is not dead."""
        with self._database.writing() as connection:
            self._fence = leases.take(connection, owner, lasts, now, is_dead)

    def renew_lease(self, lasts: timedelta, now: datetime) -> None:
        """Go on being the one who writes. Raises LeaseLost."""
        with self._writing() as connection:
            leases.renew(connection, lasts, now)

    def give_lease_back(self) -> None:
        """Let another write, if the lease is still held."""
        with self._database.writing() as connection:
            leases.give_back(connection, self._fence)

    def wiki_state(self, wiki: str) -> WikiState:
        """Return how far *wiki* is known."""
        with self._database.reading() as connection:
            sql = "SELECT cursor, listed_at, recipe FROM wiki WHERE name = ?"
            row = connection.execute(sql, (wiki,)).fetchone() or (None, "", "")
        return WikiState(row[0], datetime.fromisoformat(row[1]) if row[1] else None, row[2])

    def count_pages(self, wiki: str) -> int:
        """Return how many pages of *wiki* there are."""
        with self.reading() as reading:
            return reading.count_pages(wiki)

    def known_pages(self, wiki: str, ids: Iterable[PageId] | None = None) -> dict[PageId, KnownPage]:
        """Return the pages of *wiki*, all or those of *ids* that there are."""
        sql = """
            SELECT page_id, stamp, recipe, sha, url, ifnull(readers, '[]'), missed
            FROM page LEFT JOIN rights ON rights.id = page.rights WHERE wiki = ?
        """
        values = [wiki] if ids is None else [wiki, json.dumps(list(ids))]
        with self._database.reading() as connection:
            found = connection.execute(sql if ids is None else sql + _OF_IDS, values).fetchall()
        return {
            page_id: KnownPage(stamp, recipe, sha, url, rights.from_json(readers), missed)
            for page_id, stamp, recipe, sha, url, readers, missed in found
        }

    def known_failures(self, wiki: str, ids: Iterable[PageId] | None = None) -> dict[PageId, KnownFailure]:
        """Return the pages of *wiki* that could not be read when they were last tried, all or those of *ids*."""
        sql = "SELECT page_id, stamp, next_try, kind FROM failure WHERE wiki = ?"
        values = [wiki] if ids is None else [wiki, json.dumps(list(ids))]
        with self._database.reading() as connection:
            found = connection.execute(sql if ids is None else sql + _OF_IDS, values).fetchall()
        return {
            row[0]: KnownFailure(row[1], datetime.fromisoformat(row[2]), row[3] == FailureKind.CLOSED) for row in found
        }

    def failing_pages(self, wiki: str) -> dict[PageId, bool]:
        """Return the pages of *wiki* that could not be read, and of each whether an older text of it is known."""
        sql = """
            SELECT failure.page_id, page.id IS NOT NULL
            FROM failure LEFT JOIN page USING (wiki, page_id) WHERE failure.wiki = ?
        """
        with self._database.reading() as connection:
            return {PageId(row[0]): bool(row[1]) for row in connection.execute(sql, (wiki,))}

    def pages_without_tokens(self, wiki: str) -> set[PageId]:
        """Return the pages of *wiki* with a passage whose token vectors are not known."""
        sql = """
            SELECT DISTINCT page_id FROM page JOIN passage ON passage.page = page.id
            WHERE wiki = ? AND NOT EXISTS (SELECT 1 FROM token_vectors WHERE sha = text_sha)
        """
        with self._database.reading() as connection:
            return {PageId(row[0]) for row in connection.execute(sql, (wiki,))}

    def texts_to_embed(self, pages: Sequence[CutPage], embedder: str) -> list[str]:
        """Return the texts of *pages* that no vector of *embedder* is known for, each once."""
        texts: dict[str, None] = {}
        with self._database.reading() as connection:
            for page in pages:
                kept = rows.passage_ids(connection, rows.page_key(connection, page.page.wiki, page.page.page_id))
                for sha, passage in rows.named(page.passages, embedder):
                    if sha not in kept and rows.remembered(connection, passage.indexed_text, embedder) is None:
                        texts[passage.indexed_text] = None
        return list(texts)

    def texts_to_embed_by_token(self, pages: Sequence[CutPage], embedder: str) -> list[str]:
        """Return the texts of *pages* that a vector or token vectors of *embedder* are not known for, each once."""
        texts = dict.fromkeys(self.texts_to_embed(pages, embedder))
        with self._database.reading() as connection:
            for text in (passage.indexed_text for page in pages for passage in page.passages):
                if not rows.has_tokens(connection, text, embedder):
                    texts[text] = None
        return list(texts)

    def begin_refresh(self, now: datetime) -> int:
        """Note that a refresh began, and return its number."""
        with self._writing() as connection:
            cursor = connection.execute("INSERT INTO refresh (started_at) VALUES (?)", (now.isoformat(),))
            assert cursor.lastrowid is not None, "SQLite names the row it inserted"
            return cursor.lastrowid

    def note_progress(self, number: int, done: int, expected: int) -> None:
        """Note how far refresh *number* is."""
        with self._writing() as connection:
            connection.execute("UPDATE refresh SET done = ?, expected = ? WHERE id = ?", (done, expected, number))

    def store(self, batch: Batch, embedded: Embedded, generation: int, now: datetime) -> None:
        """Keep *batch* in one transaction, its cursor too, with the vectors of the texts that had none.

        A passage that says the same at the same place keeps its id. *generation* becomes the catalogue's where
        something else can be found than before.
        """
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO wiki (name) VALUES (?)", (batch.wiki,))
            rows.remember(connection, embedded, now)
            is_altered = bool(batch.cut)
            for cut_page in batch.cut:
                rows.store_page(connection, cut_page, embedded.embedder, Moment(generation, now))
            for page in batch.same:
                is_altered |= rows.store_particulars(connection, page)
            for failure in batch.failed:
                is_altered |= rows.store_failure(connection, batch.wiki, failure, now)
            for page_id in batch.gone:
                is_altered |= rows.remove_page(connection, batch.wiki, page_id, now)
            if batch.cursor is not None:
                connection.execute("UPDATE wiki SET cursor = ? WHERE name = ?", (batch.cursor, batch.wiki))
            if is_altered:
                rows.set_generation(connection, generation)

    def store_rights(self, batch: Batch, generation: int, now: datetime) -> None:
        """Keep only what *batch* says about who may read what, and what is gone: a former generation is shown."""
        with self._writing() as connection:
            is_altered = False
            for page in batch.same:
                is_altered |= rows.store_readers_of(connection, page)
            for failure in batch.failed:
                is_altered |= rows.store_failure(connection, batch.wiki, failure, now)
            for page_id in batch.gone:
                is_altered |= rows.remove_page(connection, batch.wiki, page_id, now)
            if is_altered:
                rows.set_generation(connection, generation)

    def shown_generation(self) -> int | None:
        """Return the generation that was rolled back to, None where the newest is shown."""
        with self._database.reading() as connection:
            return history.shown(connection)

    def show(self, generation: int | None, now: datetime) -> RolledBack:
        """Show *generation*, None for the one before the one that is shown. Raises GenerationForgotten, LeaseLost."""
        with self._writing() as connection:
            return _shown(connection, generation, now)

    def rehearse_show(self, generation: int | None, now: datetime) -> RolledBack:
        """Return what `show` would come to, and keep nothing. Raises GenerationForgotten."""
        with self._database.trying() as connection:
            return _shown(connection, generation, now)

    def set_readers(self, wiki: str, readers: Mapping[PageId, Readers], generation: int) -> None:
        """Let pages of *wiki* be read by others from now on, in one small transaction."""
        if not readers:
            return
        with self._writing() as connection:
            for page_id, allowed in readers.items():
                rows.store_readers(connection, wiki, page_id, allowed)
            rows.set_generation(connection, generation)

    def remove(self, wiki: str, pages: Sequence[PageId], generation: int, now: datetime) -> None:
        """Remove *pages* and what is known of them."""
        if not pages:
            return
        with self._writing() as connection:
            is_altered = [rows.remove_page(connection, wiki, page_id, now) for page_id in pages]
            if any(is_altered):
                rows.set_generation(connection, generation)

    def remove_wiki(self, wiki: str, generation: int) -> None:
        """Remove a wiki with all its pages; *generation* becomes the catalogue's."""
        with self._writing() as connection:
            connection.execute("DELETE FROM wiki WHERE name = ?", (wiki,))
            rows.set_generation(connection, generation)

    def note_listing(self, wiki: str, missing: Iterable[PageId], recipe: str, now: datetime) -> None:
        """Note that a complete listing was compared under *recipe*; each of *missing* was left out once more."""
        absent = json.dumps(list(missing))
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO wiki (name) VALUES (?)", (wiki,))
            connection.execute(
                """
                UPDATE page SET missed = iif(page_id IN (SELECT value FROM json_each(?2)), missed + 1, 0)
                WHERE wiki = ?1 AND (missed > 0 OR page_id IN (SELECT value FROM json_each(?2)))
                """,
                (wiki, absent),
            )
            connection.execute(
                "UPDATE wiki SET listed_at = ?, recipe = ? WHERE name = ?", (now.isoformat(), recipe, wiki)
            )

    def forget_failures(self, wiki: str, pages: Sequence[PageId]) -> None:
        """Forget that *pages*, which are gone, could not be read."""
        if not pages:
            return
        with self._writing() as connection:
            gone = [(wiki, page_id) for page_id in pages]
            connection.executemany("DELETE FROM failure WHERE wiki = ? AND page_id = ?", gone)

    def forget_tokens(self) -> None:
        """Forget all token vectors; their room in the file is used for what comes next."""
        with self._writing() as connection:
            connection.execute("DELETE FROM token_vectors")

    def end_wiki(self, ending: Ending, now: datetime) -> None:
        """Note how the visit to a wiki ended."""
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO wiki (name) VALUES (?)", (ending.wiki,))
            connection.execute(
                """
                UPDATE wiki SET problem = ?2, pending = ?3, listed_at = iif(?4, '', listed_at),
                                last_success = iif(?2 = '', ?5, last_success)
                WHERE name = ?1
                """,
                (ending.wiki, ending.problem, ending.pending, ending.lists_again, now.isoformat()),
            )

    def draw_sketches(self) -> None:
        """Sketch the texts that are new, and forget the sketches of those that are gone."""
        with self._database.reading() as connection:
            drawn = list(sketches.new(connection))
        with self._writing() as connection:
            sketches.keep(connection, drawn)

    def note_summary(self, number: int, summary: Summary) -> None:
        """Note what was wrong with pages at the end of refresh *number*."""
        with self._writing() as connection:
            connection.execute("UPDATE refresh SET summary = ? WHERE id = ?", (json.dumps(asdict(summary)), number))

    def end_refresh(self, number: int, counts: Mapping[str, int], generations_kept: int, now: datetime) -> None:
        """Note how refresh *number* ended, and forget what is too old to be of use."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE refresh SET ended_at = ?, counts = ?, generation = ? WHERE id = ?",
                (now.isoformat(), json.dumps(dict(counts)), history.newest(connection), number),
            )
            connection.execute("DELETE FROM refresh WHERE id <= ?", (number - REFRESHES_KEPT,))
            rights.forget_unused(connection)
            if history.shown(connection) is None:  # a former generation needs all there is to go forward again
                _forget_past(connection, generations_kept, now - REMEMBERED)


def _forget_past(connection: sqlite3.Connection, generations_kept: int, before: datetime) -> None:
    """Forget generations beyond so many, and the vectors of texts that were not used since *before*."""
    history.forget(connection, history.newest(connection) - generations_kept, before)
    connection.execute("DELETE FROM embedding WHERE used_at < ?", (before.isoformat(),))
    connection.execute(
        """
        DELETE FROM token_vectors
        WHERE used_at < ? AND NOT EXISTS (SELECT 1 FROM passage WHERE text_sha = token_vectors.sha)
        """,
        (before.isoformat(),),
    )


def _shown(connection: sqlite3.Connection, generation: int | None, now: datetime) -> RolledBack:
    """Show a generation within the transaction."""
    newest, oldest = history.newest(connection), history.oldest(connection)
    present = history.shown(connection) or newest
    asked = history.before(connection, present) if generation is None else generation
    if not oldest <= asked <= newest or (generation is None and asked == present):
        raise GenerationForgotten(
            f"There is no generation {asked} to show: those from {oldest} to {newest} are kept, and {present} is shown."
        )
    return history.show(connection, asked, now)
