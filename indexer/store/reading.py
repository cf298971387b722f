"""What can be read of one moment of the catalogue: passages and who may read them, and how the index is doing."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from indexer.aging import HEAD_CHARACTERS, says_it_is_outdated
from indexer.pages import Audience, PageId, SectionLink
from indexer.passages import PageKey, PassageId
from indexer.report import ReportedPage, Summary, sketched
from indexer.store import history, sketches, words
from indexer.store.rights import READABLE_PAGES


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage as it is shown."""

    passage_id: PassageId
    wiki: str
    page_id: PageId
    title: str
    headings: tuple[str, ...]
    anchor: str
    page_url: str
    revision: str
    updated_at: str
    text: str
    is_outdated: bool
    """Its page says so."""


@dataclass(frozen=True, slots=True)
class WikiStatus:
    """How one wiki stands. *last_success* and *listed_at* are ISO dates and times in UTC, *problem* is a sentence.

    Each may be empty. *pending* pages are gone and stay until an admin accepts that.
    """

    name: str
    pages: int = 0
    passages: int = 0
    last_success: str = ""
    problem: str = ""
    cursor: str = ""
    listed_at: str = ""
    pending: int = 0


@dataclass(frozen=True, slots=True)
class FailureStatus:
    """A page that could not be read. *next_try* is an ISO date and time in UTC."""

    wiki: str
    page_id: PageId
    why: str
    attempts: int
    next_try: str


@dataclass(frozen=True, slots=True)
class RefreshStatus:
    """One refresh, *ended_at* empty where it still runs or was killed. Times are ISO in UTC.

    While it runs, *done* of *expected* pages were looked at.
    """

    started_at: str
    ended_at: str
    counts: dict[str, int]
    generation: int
    done: int
    expected: int


class Reading:
    """One moment of the catalogue, for as long as its transaction lasts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def generation(self) -> int:
        """Return the number of what can be found: of the newest refresh that changed it, or what was rolled back to."""
        shown = history.shown(self._connection)
        return self.newest_generation() if shown is None else shown

    def newest_generation(self) -> int:
        """Return how many refreshes have changed what can be found."""
        return history.newest(self._connection)

    def identity(self) -> str:
        """Return the name of this very catalogue, made up when it was created."""
        return self._fact("catalogue")

    def count_passages(self) -> int:
        """Return how many passages there are."""
        return self._count("SELECT count(*) FROM passage")

    def count_vectors(self, embedder: str, above: int = 0) -> int:
        """Return how many passages with an id greater than *above* have a vector of *embedder*."""
        return self._count("SELECT count(*) FROM passage WHERE id > ? AND embedder = ?", above, embedder)

    def vectors(self, embedder: str, above: int = 0) -> list[tuple[int, bytes]]:
        """Return the ids greater than *above*, rising, with their vectors of *embedder*, packed."""
        sql = "SELECT id, vector FROM passage WHERE id > ? AND embedder = ? ORDER BY id"
        return self._connection.execute(sql, (above, embedder)).fetchall()

    def tokens(self, passages: Iterable[PassageId], embedder: str) -> dict[PassageId, bytes]:
        """Return the packed token vectors of *embedder* of those of *passages* that have any."""
        sql = """
            SELECT passage.id, packed FROM passage JOIN token_vectors ON token_vectors.sha = text_sha
            WHERE passage.id IN (SELECT value FROM json_each(?)) AND embedder = ?
        """
        return dict(self._connection.execute(sql, (json.dumps(list(passages)), embedder)).fetchall())

    def best_by_words(self, question: str, audience: Audience, count: int) -> list[tuple[PassageId, float]]:
        """Return at most *count* passages that *audience* may read and that share words with *question*, best first."""
        return words.best(self._connection, question, json.dumps(sorted(audience)), count)

    def holds_word(self, word: str, audience: Audience) -> bool:
        """Return whether a passage that *audience* may read has *word*, or it in the plural."""
        return words.is_held(self._connection, word, json.dumps(sorted(audience)))

    def holding_codes(self, question: str, audience: Audience) -> dict[PassageId, float]:
        """Return the few passages that *audience* may read and that hold a code of *question*, with their share.

        The share, above 0 to 1, is that of the question's codes; one that many passages hold is none.
        """
        return words.holding(self._connection, question, json.dumps(sorted(audience)))

    def readable(self, passages: Iterable[PassageId], audience: Audience) -> set[PassageId]:
        """Return those of *passages* that are still there and that *audience* may read."""
        sql = f"""
            SELECT id FROM passage WHERE id IN (SELECT value FROM json_each(?)) AND page IN ({READABLE_PAGES})
        """  # noqa: S608 - a constant of ours
        asked = (json.dumps(list(passages)), json.dumps(sorted(audience)))
        return {PassageId(row[0]) for row in self._connection.execute(sql, asked)}

    def may_open(self, pages: Iterable[PageKey], audience: Audience) -> bool:
        """Return whether *audience* may read each of *pages* as it is now; one that is gone nobody may."""
        asked = sorted(set(pages))
        sql = f"""
            SELECT count(*) FROM page JOIN json_each(?) AS asked ON wiki = value ->> 0 AND page_id = value ->> 1
            WHERE page.id IN ({READABLE_PAGES})
        """  # noqa: S608 - a constant of ours
        (count,) = self._connection.execute(sql, (json.dumps(asked), json.dumps(sorted(audience)))).fetchone()
        return int(count) == len(asked)

    def passages(self, ids: Iterable[PassageId]) -> dict[PassageId, FoundPassage]:
        """Return the passages of *ids* as they are shown."""
        sql = """
            SELECT passage.id, wiki, page_id, title, headings, anchor, url, revision, updated_at, passage.text,
                   substr(page.text, 1, ?)
            FROM passage JOIN page ON page.id = passage.page WHERE passage.id IN (SELECT value FROM json_each(?))
        """
        rows = self._connection.execute(sql, (HEAD_CHARACTERS, json.dumps(list(ids))))
        return {row[0]: _found_passage(row) for row in rows}

    def wiki_names(self) -> list[str]:
        """Return the names of all wikis that were ever refreshed and not removed."""
        return [row[0] for row in self._connection.execute("SELECT name FROM wiki ORDER BY name")]

    def count_pages(self, wiki: str) -> int:
        """Return how many pages of *wiki* can be found."""
        return self._count("SELECT count(*) FROM page WHERE wiki = ? AND hidden = 0", wiki)

    def wikis(self) -> list[WikiStatus]:
        """Return how each wiki stands, by name."""
        sql = """
            SELECT name, (SELECT count(*) FROM page WHERE wiki = name AND hidden = 0),
                (SELECT count(*) FROM passage JOIN page ON page.id = passage.page WHERE wiki = name),
                last_success, problem, ifnull(cursor, ''), listed_at, pending
            FROM wiki ORDER BY name
        """
        return [WikiStatus(*row) for row in self._connection.execute(sql)]

    def reported_pages(self) -> list[ReportedPage]:
        """Return every page that can be found, by wiki and id, as far as a report judges it."""
        sql = """
            SELECT wiki, page_id, title, updated_at, drawn, iif(drawn IS NULL, text, ''),
                   (SELECT count(*) FROM passage WHERE passage.page = page.id), anchors, links
            FROM page LEFT JOIN sketch USING (sha) WHERE hidden = 0 ORDER BY wiki, page_id
        """
        return [_reported_page(row) for row in self._connection.execute(sql)]

    def text_of(self, page: ReportedPage) -> str:
        """Return the text of a page that is reported on."""
        sql = "SELECT text FROM page WHERE wiki = ? AND page_id = ?"
        return str(self._connection.execute(sql, (page.wiki, page.page_id)).fetchone()[0])

    def summaries(self, count: int) -> list[Summary]:
        """Return what the last *count* refreshes that ended found wrong with pages, in numbers, the newest first."""
        sql = "SELECT summary FROM refresh WHERE summary != '' ORDER BY id DESC LIMIT ?"
        return [Summary(**json.loads(row[0])) for row in self._connection.execute(sql, (count,))]

    def failures(self) -> list[FailureStatus]:
        """Return the pages that could not be read when they were last tried."""
        sql = "SELECT wiki, page_id, why, attempts, next_try FROM failure ORDER BY wiki, page_id"
        return [FailureStatus(*row) for row in self._connection.execute(sql)]

    def last_refresh(self) -> RefreshStatus | None:
        """Return the newest refresh, None before the first."""
        sql = "SELECT started_at, ended_at, counts, generation, done, expected FROM refresh ORDER BY id DESC LIMIT 1"
        row = self._connection.execute(sql).fetchone()
        return RefreshStatus(row[0], row[1], json.loads(row[2]), *row[3:]) if row else None

    def _fact(self, name: str) -> str:
        """Return a single value."""
        (value,) = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return str(value)

    def _count(self, sql: str, *values: str | int) -> int:
        """Return the one number that *sql* asks for."""
        (count,) = self._connection.execute(sql, values).fetchone()
        return int(count)


def _reported_page(row: tuple[Any, ...]) -> ReportedPage:
    """Return the page of a row of `Reading.reported_pages`."""
    wiki, page_id, title, updated_at, drawn, text, passages, anchors, links = row
    return ReportedPage(
        wiki=wiki,
        page_id=page_id,
        title=title,
        updated_at=datetime.fromisoformat(updated_at) if updated_at else None,
        sketch=sketches.from_json(drawn) if drawn is not None else sketched(text),
        passages=passages,
        anchors=frozenset(json.loads(anchors)),
        links=tuple(SectionLink(*link) for link in json.loads(links)),
    )


def _found_passage(row: tuple[Any, ...]) -> FoundPassage:
    """Return the passage of a row of `Reading.passages`."""
    passage_id, wiki, page_id, title, headings, *others, head = row
    said = (*others, says_it_is_outdated(title, head))
    return FoundPassage(passage_id, wiki, page_id, title, tuple(json.loads(headings)), *said)
