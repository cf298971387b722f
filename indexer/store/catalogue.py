"""The catalogue: every page, passage, vector and failure, in one SQLite file. It is the truth; all else is a cache.

Each write is one transaction, so that a kill at any instant leaves the state before it or after it. One process
writes; any number read, each read within one moment of the catalogue.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from indexer.comparing import KnownFailure, KnownPage
from indexer.pages import Page, PageFailure, PageId
from indexer.store import rows
from indexer.store.database import Database
from indexer.store.reading import Reading
from indexer.store.rows import CutPage, Embedded

REMEMBERED = timedelta(days=30)  # how long the vector of a text that was moved or removed is kept
REFRESHES_KEPT = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """What a few pages of one wiki came to: cut anew, the same but for their particulars, or not readable."""

    wiki: str
    cut: tuple[CutPage, ...]
    same: tuple[Page, ...]
    failed: tuple[PageFailure, ...]


class Catalogue:
    """The catalogue in the SQLite file at *path*, created if there is none. Raises CatalogueUnusable."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Give what can be read of one moment of the catalogue."""
        with self._database.reading() as connection:
            yield Reading(connection)

    def close(self) -> None:
        """Close the file; nothing may use the catalogue any more."""
        self._database.close()

    def known_pages(self, wiki: str) -> dict[PageId, KnownPage]:
        """Return the pages of *wiki* that can be found."""
        sql = """
            SELECT page_id, stamp, recipe, sha, url,
                   (SELECT json_group_array(principal) FROM reader WHERE reader.page = page.id)
            FROM page WHERE wiki = ?
        """
        with self._database.reading() as connection:
            found = connection.execute(sql, (wiki,)).fetchall()
        return {
            page_id: KnownPage(stamp, recipe, sha, url, frozenset(json.loads(readers)))
            for page_id, stamp, recipe, sha, url, readers in found
        }

    def known_failures(self, wiki: str) -> dict[PageId, KnownFailure]:
        """Return the pages of *wiki* that could not be read when they were last tried."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT page_id, stamp, next_try FROM failure WHERE wiki = ?", (wiki,)
            ).fetchall()
        return {row[0]: KnownFailure(row[1], datetime.fromisoformat(row[2])) for row in found}

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
        with self._database.writing() as connection:
            cursor = connection.execute("INSERT INTO refresh (started_at) VALUES (?)", (now.isoformat(),))
            assert cursor.lastrowid is not None, "SQLite names the row it inserted"
            return cursor.lastrowid

    def store(self, batch: Batch, embedded: Embedded, generation: int, now: datetime) -> None:
        """Keep *batch* in one transaction, with the vectors of the texts that had none.

        A passage that says the same at the same place keeps its id. *generation* becomes the catalogue's.
        """
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO wiki (name) VALUES (?)", (batch.wiki,))
            rows.remember(connection, embedded, now)
            for cut_page in batch.cut:
                rows.store_page(connection, cut_page, embedded.embedder)
            for page in batch.same:
                rows.store_particulars(connection, page)
            for failure in batch.failed:
                rows.store_failure(connection, batch.wiki, failure, now)
            rows.set_generation(connection, generation)

    def remove(self, wiki: str, pages: Iterable[PageId], generation: int) -> None:
        """Remove *pages* and what is known of them; *generation* becomes the catalogue's."""
        with self._database.writing() as connection:
            for page_id in pages:
                connection.execute("DELETE FROM page WHERE wiki = ? AND page_id = ?", (wiki, page_id))
                connection.execute("DELETE FROM failure WHERE wiki = ? AND page_id = ?", (wiki, page_id))
            rows.set_generation(connection, generation)

    def remove_wiki(self, wiki: str, generation: int) -> None:
        """Remove a wiki with all its pages; *generation* becomes the catalogue's."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM wiki WHERE name = ?", (wiki,))
            rows.set_generation(connection, generation)

    def forget_failures(self, wiki: str, pages: Iterable[PageId]) -> None:
        """Forget that *pages*, which are gone, could not be read."""
        with self._database.writing() as connection:
            gone = [(wiki, page_id) for page_id in pages]
            connection.executemany("DELETE FROM failure WHERE wiki = ? AND page_id = ?", gone)

    def forget_tokens(self) -> None:
        """Forget all token vectors; their room in the file is used for what comes next."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM token_vectors")

    def end_wiki(self, wiki: str, problem: str, now: datetime) -> None:
        """Note how the refresh of *wiki* ended: well if *problem* is empty, else with that sentence."""
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO wiki (name) VALUES (?)", (wiki,))
            connection.execute("UPDATE wiki SET problem = ? WHERE name = ?", (problem, wiki))
            if not problem:
                connection.execute("UPDATE wiki SET last_success = ? WHERE name = ?", (now.isoformat(), wiki))

    def end_refresh(self, number: int, counts: Mapping[str, int], generation: int, now: datetime) -> None:
        """Note how refresh *number* ended, and forget what is too old to be of use."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE refresh SET ended_at = ?, counts = ?, generation = ? WHERE id = ?",
                (now.isoformat(), json.dumps(dict(counts)), generation, number),
            )
            connection.execute("DELETE FROM refresh WHERE id <= ?", (number - REFRESHES_KEPT,))
            connection.execute("DELETE FROM embedding WHERE used_at < ?", ((now - REMEMBERED).isoformat(),))
            connection.execute(
                """
                DELETE FROM token_vectors
                WHERE used_at < ? AND NOT EXISTS (SELECT 1 FROM passage WHERE text_sha = token_vectors.sha)
                """,
                ((now - REMEMBERED).isoformat(),),
            )
