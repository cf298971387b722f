"""What was asked of the indexer: by its own clock, on the command line, or in Slack. One queue for all.

        ask               take               end
nothing ───► waiting ───────────────► running ───► done, failed, stopped
                │  ◄── put back, or its taker was killed │
                └── stop ──► stopped   ◄─────── stop ────┘ at the next page
Whoever holds the lease takes and ends; anybody may ask, look and stop.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from indexer.planning import NO_WISHES, Wishes
from indexer.store import leases
from indexer.store.database import Database

KEPT = 200  # that have ended

_COLUMNS = "id, wiki, wishes, asked_at, taken_at, ended_at, done, expected, fence, ending, stop, outcome, result"
_WITHDRAWN = "It was stopped before it was begun."
_STOPPED = "It was stopped. What was stored until then stays."


class RequestState(StrEnum):
    """Where a request stands."""

    WAITING = "waiting"
    """Nobody works on it: it was not taken yet, or its taker is no more."""
    RUNNING = "running"
    """Its taker is alive."""
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Request:
    """A refresh that was asked for, of the wiki of that name or, where it is empty, of all."""

    number: int
    wiki: str
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """How a request stands. Times are ISO in UTC, empty for what has not happened.

    While it runs, *done* of *expected* pages were looked at. *before* others have their turn first. *is_stopping*
    says that somebody wants it to end. *outcome* is a sentence, and *result* what the refresh came to as JSON; both
    are empty until it has ended. *is_attended* says whether anybody works on the catalogue, be it on another request.
    """

    number: int
    wiki: str
    wishes: Wishes
    state: RequestState
    asked_at: str
    taken_at: str
    ended_at: str
    done: int
    expected: int
    before: int
    is_stopping: bool
    is_attended: bool
    outcome: str
    result: str

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing more to come."""
        return bool(self.ended_at)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request ended: *state*, a sentence, and what the refresh came to as JSON, empty where to nothing."""

    state: RequestState
    outcome: str
    result: str = ""


IsDead = Callable[[str], bool]
"""Says whether an owner of the lease is a process that is no more."""


class Requests:
    """The requests in *database*; *fence* tells the number of the lease that this process had last."""

    def __init__(self, database: Database, fence: Callable[[], int]) -> None:
        self._database = database
        self._fence = fence

    def ask(self, wiki: str, wishes: Wishes, now: datetime) -> int:
        """Have a wiki refreshed soon, or all where *wiki* is empty; return the request's number.

        The same request is not kept twice while it waits.
        """
        asked = (wiki, _as_json(wishes))
        with self._database.writing() as connection:
            sql = "SELECT id FROM request WHERE wiki = ? AND wishes = ? AND taken_at = '' AND ended_at = ''"
            waiting = connection.execute(sql, asked).fetchone()
            if waiting is not None:
                return int(waiting[0])
            sql = "INSERT INTO request (wiki, wishes, asked_at) VALUES (?, ?, ?)"
            number = connection.execute(sql, (*asked, now.isoformat())).lastrowid
            assert number is not None, "SQLite names the row it inserted"
            return number

    def has_any(self) -> bool:
        """Return whether there are requests that have not ended."""
        with self._database.reading() as connection:
            return connection.execute("SELECT 1 FROM request WHERE ended_at = ''").fetchone() is not None

    def take(self, now: datetime, number: int | None = None) -> Request | None:
        """Take the request that waits longest, or the one of that *number*; None where there is none to take.

        Only for whoever holds the lease: what was taken and not ended is nobody's then, and waits again. Raises
        LeaseLost.
        """
        with self._database.writing() as connection:
            leases.check(connection, self._fence())
            _put_back(connection, "taken_at != ''", (), now)
            sql = "SELECT id, wiki, wishes FROM request WHERE ended_at = '' AND id = ifnull(?, id) ORDER BY id LIMIT 1"
            row = connection.execute(sql, (number,)).fetchone()
            if row is None:
                return None
            sql = "UPDATE request SET taken_at = ?, fence = ?, done = 0, expected = 0 WHERE id = ?"
            connection.execute(sql, (now.isoformat(), self._fence(), row[0]))
            return Request(row[0], row[1], _from_json(row[2]))

    def note(self, request: Request, done: int, expected: int) -> bool:
        """Note how far *request* is, and return whether somebody wants it to end. Raises LeaseLost."""
        with self._database.writing() as connection:
            leases.check(connection, self._fence())
            sql = "UPDATE request SET done = ?, expected = ? WHERE id = ? RETURNING stop"
            row = connection.execute(sql, (done, expected, request.number)).fetchone()
            return row is None or bool(row[0])

    def put_back(self, request: Request, now: datetime) -> None:
        """Let a request wait again, or end it where somebody wanted that; nothing if another has taken it over."""
        with self._database.writing() as connection:
            _put_back(connection, "id = ? AND fence = ?", (request.number, self._fence()), now)

    def end(self, request: Request, ended: Ended, now: datetime) -> None:
        """Note how a request ended; nothing if it has ended already, or another has taken it over."""
        with self._database.writing() as connection:
            connection.execute(
                """
                UPDATE request SET ended_at = ?, ending = ?, outcome = ?, result = ?
                WHERE id = ? AND fence = ? AND ended_at = ''
                """,
                (now.isoformat(), ended.state, ended.outcome, ended.result, request.number, self._fence()),
            )
            connection.execute("DELETE FROM request WHERE ended_at != '' AND id <= ?", (request.number - KEPT,))

    def stop(self, number: int, now: datetime, is_dead: IsDead) -> bool:
        """End a request: at once if it waits, else at the next page its taker looks at. False if it has ended."""
        with self._database.writing() as connection:
            found = _status(connection, number, now, is_dead)
            if found is None or found.has_ended:
                return False
            connection.execute("UPDATE request SET stop = 1 WHERE id = ?", (number,))
            if found.state is RequestState.WAITING:
                _put_back(connection, "id = ?", (number,), now)
            return True

    def status(self, number: int, now: datetime, is_dead: IsDead) -> RequestStatus | None:
        """Return how a request stands; None where it is not known, or was forgotten long after its end."""
        with self._database.reading() as connection:
            return _status(connection, number, now, is_dead)

    def unended(self, now: datetime, is_dead: IsDead) -> list[RequestStatus]:
        """Return the requests that wait or run, in the order of their turns."""
        with self._database.reading() as connection:
            fence = leases.present(connection, now, is_dead)
            sql = f"SELECT {_COLUMNS} FROM request WHERE ended_at = '' ORDER BY id"  # noqa: S608 - constants of ours
            rows = connection.execute(sql).fetchall()
        return [_as_status(row, before, fence) for before, row in enumerate(rows)]

    def last_ended(self, now: datetime, is_dead: IsDead) -> RequestStatus | None:
        """Return the request of a person that ended last; a timer's has no wishes."""
        with self._database.reading() as connection:
            sql = "SELECT id FROM request WHERE ended_at != '' AND wishes != ? ORDER BY ended_at DESC, id DESC LIMIT 1"
            row = connection.execute(sql, (_as_json(NO_WISHES),)).fetchone()
            return _status(connection, row[0], now, is_dead) if row is not None else None


def _put_back(connection: sqlite3.Connection, which: str, values: tuple[int, ...], now: datetime) -> None:
    """Let those requests wait again that have not ended, but for those that were to stop: these end."""
    waits = f"UPDATE request SET taken_at = '' WHERE {which} AND ended_at = '' AND stop = 0"  # noqa: S608 - ours
    ends = f"""
        UPDATE request SET ended_at = ?, ending = ?, outcome = iif(taken_at = '', ?, ?)
        WHERE {which} AND ended_at = '' AND stop = 1
    """  # noqa: S608 - a condition of ours
    connection.execute(waits, values)
    connection.execute(ends, (now.isoformat(), RequestState.STOPPED, _WITHDRAWN, _STOPPED, *values))


def _status(connection: sqlite3.Connection, number: int, now: datetime, is_dead: IsDead) -> RequestStatus | None:
    """Return how one request stands."""
    sql = f"SELECT {_COLUMNS} FROM request WHERE id = ?"  # noqa: S608 - constants of ours
    row = connection.execute(sql, (number,)).fetchone()
    if row is None:
        return None
    sql = "SELECT count(*) FROM request WHERE ended_at = '' AND id < ?"
    (before,) = connection.execute(sql, (number,)).fetchone()
    return _as_status(row, before, leases.present(connection, now, is_dead))


def _as_status(row: tuple[Any, ...], before: int, present: int | None) -> RequestStatus:
    """Return the status of a row of `_COLUMNS`; *present* is the lease under which somebody works."""
    number, wiki, wishes, asked_at, taken_at, ended_at, done, expected, fence, ending, stop, outcome, result = row
    is_running = bool(taken_at) and not ended_at and fence == present
    return RequestStatus(
        number=number,
        wiki=wiki,
        wishes=_from_json(wishes),
        state=RequestState(ending or (RequestState.RUNNING if is_running else RequestState.WAITING)),
        asked_at=asked_at,
        taken_at=taken_at,
        ended_at=ended_at,
        done=done,
        expected=expected,
        before=before,
        is_stopping=bool(stop) and not ended_at,
        is_attended=present is not None,
        outcome=outcome,
        result=result,
    )


def _as_json(wishes: Wishes) -> str:
    return json.dumps(sorted(name for name, is_wished in asdict(wishes).items() if is_wished))


def _from_json(wishes: str) -> Wishes:
    return Wishes(**dict.fromkeys(json.loads(wishes), True))
