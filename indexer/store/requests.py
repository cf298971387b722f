"""What was asked of the indexer: by its own clock, on the command line, or in Slack. One queue for all."""

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from indexer.planning import Wishes
from indexer.store.database import Database

KEPT = 200  # that have ended


@dataclass(frozen=True, slots=True)
class Request:
    """A refresh that was asked for, of the wiki of that name or, where it is empty, of all."""

    number: int
    wiki: str
    wishes: Wishes


class Requests:
    """The requests in *database*. Anybody may ask; whoever holds the lease works them off."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, wiki: str, wishes: Wishes, now: datetime) -> int:
        """Have a wiki refreshed soon, or all where *wiki* is empty; return the request's number.

        The same request is not kept twice while it waits.
        """
        asked = (wiki, _as_json(wishes))
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO request (wiki, wishes, asked_at) VALUES (?, ?, ?)", (*asked, now.isoformat())
            )
            sql = "SELECT id FROM request WHERE wiki = ? AND wishes = ? AND taken_at = ''"
            return int(connection.execute(sql, asked).fetchone()[0])

    def take(self, now: datetime) -> Request | None:
        """Return the request that waits longest, None where none does. One whose taker was killed waits again."""
        with self._database.reading() as connection:
            if not connection.execute("SELECT 1 FROM request WHERE ended_at = ''").fetchone():
                return None
        with self._database.writing() as connection:
            _put_back_orphans(connection, now)
            sql = "SELECT id, wiki, wishes FROM request WHERE taken_at = '' ORDER BY id LIMIT 1"
            row = connection.execute(sql).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE request SET taken_at = ? WHERE id = ?", (now.isoformat(), row[0]))
            return Request(row[0], row[1], Wishes(**dict.fromkeys(json.loads(row[2]), True)))

    def put_back(self, request: Request) -> None:
        """Let a request wait again, unless the same was asked for meanwhile."""
        with self._database.writing() as connection:
            connection.execute("UPDATE OR REPLACE request SET taken_at = '' WHERE id = ?", (request.number,))

    def end(self, request: Request, outcome: str, now: datetime) -> None:
        """Note how a request ended, in a sentence."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE request SET ended_at = ?, outcome = ? WHERE id = ?", (now.isoformat(), outcome, request.number)
            )
            connection.execute("DELETE FROM request WHERE ended_at != '' AND id <= ?", (request.number - KEPT,))


def _put_back_orphans(connection: sqlite3.Connection, now: datetime) -> None:
    """Let wait again what was taken by an indexer that works no more."""
    sql = "SELECT count(*) FROM lease WHERE owner != '' AND until > ?"
    (working,) = connection.execute(sql, (now.isoformat(),)).fetchone()
    if not working:
        connection.execute("UPDATE OR REPLACE request SET taken_at = '' WHERE taken_at != '' AND ended_at = ''")


def _as_json(wishes: Wishes) -> str:
    return json.dumps(sorted(name for name, is_wished in asdict(wishes).items() if is_wished))
