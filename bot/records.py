"""What the bot remembers, in one SQLite file: the queue of questions, their replies, and what each answer was shown.

    put ─► waiting ─► take ─► taken ─► finish ─► finished
              ▲                 │ └──► give_up ─► given_up
              └── put_back, recover (after a crash) ─┘

Every change is on disk when the method returns, power cuts included.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bot.answers import Answer, Refusal
from bot.errors import RecordsUnusable
from bot.migrations import MIGRATIONS
from bot.questions import Asker, Question, QuestionId, Thread

MAX_ATTEMPTS = 3  # a question that was taken this often and never ended takes the process down with it

_BUSY_MILLISECONDS = 10_000  # another process may hold the file: a backup, an operator's shell
_QUESTION_COLUMNS = "id, text, asker, team, channel, thread_ts, is_direct, ts, asked_at"
_CURES = {
    sqlite3.SQLITE_FULL: "the disk is full: make room and start again",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written: look at it and at the space left on it",
    sqlite3.SQLITE_READONLY: "the file may not be written: give the bot's user the right to",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: check the folder and its rights",
    sqlite3.SQLITE_PERM: "the file cannot be opened: check the folder and its rights",
    sqlite3.SQLITE_BUSY: "another process keeps it locked: end that process",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked: end that process",
    sqlite3.SQLITE_CORRUPT: "it is damaged: put a backup in its place, or move it away to begin anew",
    sqlite3.SQLITE_NOTADB: "it is no SQLite file: put a backup in its place, or move it away to begin anew",
}

log = logging.getLogger(__name__)


class Records:
    """The bot's records in the file *path*. Any thread may call; one change is made at a time."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        """Open or make the file; *now* gives aware UTC. Raises RecordsUnusable."""
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        with self._errors_named():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._prepare()

    def close(self) -> None:
        """Close the file. Nothing else may be called afterwards."""
        with self._lock:
            self._connection.close()

    def put(self, question: Question) -> bool:
        """Keep *question*; on disk when this returns. False if it was already there, answered or not."""
        thread = question.thread
        with self._change() as connection:
            kept = connection.execute(
                f"INSERT INTO question (place, {_QUESTION_COLUMNS})"  # noqa: S608  a constant
                " SELECT coalesce(max(place), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM question WHERE true"
                " ON CONFLICT (id) DO NOTHING",
                (
                    question.id,
                    question.text,
                    question.asker.user,
                    thread.team,
                    thread.channel,
                    thread.ts,
                    thread.is_direct,
                    question.ts,
                    question.asked_at.isoformat(),
                ),
            )
            return kept.rowcount == 1

    def take(self) -> Question | None:
        """Return the oldest waiting question and mark it taken; None if none waits."""
        with self._change() as connection:
            row = connection.execute(
                "UPDATE question SET state = 'taken', attempts = attempts + 1, taken_at = ?"  # noqa: S608  a constant
                " WHERE id = (SELECT id FROM question WHERE state = 'waiting' ORDER BY place LIMIT 1)"
                f" RETURNING {_QUESTION_COLUMNS}",
                (self._time(),),
            ).fetchone()
        return _question(row) if row else None

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Record what the question came to, and what was shown."""
        with self._change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (question_id, *_columns(outcome))
            )
            connection.execute(
                "UPDATE question SET state = 'finished', ended_at = ? WHERE id = ?", (self._time(), question_id)
            )

    def give_up(self, question_id: QuestionId, why: str) -> None:
        """Record that the question cannot be answered, with the error's class and message."""
        with self._change() as connection:
            connection.execute(
                "UPDATE question SET state = 'given_up', why = ?, ended_at = ? WHERE id = ?",
                (why, self._time(), question_id),
            )

    def put_back(self, question_id: QuestionId) -> None:
        """Make a taken question wait again, after those that wait. Being taken this time does not count as a crash."""
        with self._change() as connection:
            connection.execute(
                "UPDATE question SET state = 'waiting', attempts = attempts - 1,"
                " place = (SELECT max(place) + 1 FROM question) WHERE id = ? AND state = 'taken'",
                (question_id,),
            )

    def waiting(self) -> int:
        """Return how many questions wait."""
        with self._reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM question WHERE state = 'waiting'").fetchone()
        return int(count)

    def recover(self) -> list[Question]:
        """Make questions wait again that a crash left taken; call it once, before the first take.

        Returns those that were taken too often to be tried again; they are given up, and their askers should be told.
        """
        with self._change() as connection:
            crashing = connection.execute(
                "UPDATE question"  # noqa: S608  a constant
                " SET state = 'given_up', why = 'taken too often without an end', ended_at = ?"
                f" WHERE state = 'taken' AND attempts >= ? RETURNING {_QUESTION_COLUMNS}",
                (self._time(), MAX_ATTEMPTS),
            ).fetchall()
            left = connection.execute("UPDATE question SET state = 'waiting' WHERE state = 'taken'").rowcount
        if left or crashing:
            log.warning("questions recovered", extra={"waiting_again": left, "given_up": len(crashing)})
        return [_question(row) for row in crashing]

    def begin_reply(self, question_id: QuestionId) -> None:
        """Remember that the first message of a reply is about to be posted."""
        with self._change() as connection:
            connection.execute("UPDATE question SET has_reply = 1 WHERE id = ?", (question_id,))

    def keep_reply(self, question_id: QuestionId, ts: str) -> None:
        """Remember that the message *ts* is the question's reply."""
        with self._change() as connection:
            connection.execute("UPDATE question SET has_reply = 1, reply_ts = ? WHERE id = ?", (ts, question_id))

    def reply_ts(self, question_id: QuestionId) -> str | None:
        """Return the reply's message; empty if one was begun and Slack never said which, None if none was begun."""
        with self._reading() as connection:
            row = connection.execute("SELECT has_reply, reply_ts FROM question WHERE id = ?", (question_id,)).fetchone()
        return str(row[1]) if row and row[0] else None

    def _prepare(self) -> None:
        for pragma in (f"busy_timeout = {_BUSY_MILLISECONDS}", "journal_mode = WAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk before the question is acked
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise RecordsUnusable(
                    f"{self._path} was written by a newer Footnote (its records are version {version}, this one knows"
                    f" {len(MIGRATIONS)}): run the newer one, or move the file away to begin anew"
                )
            for statement in (s for step in MIGRATIONS[version:] for s in step):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._errors_named(), self._lock, self._transaction() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._errors_named(), self._lock:
            yield self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:  # neither committed nor already undone by SQLite itself
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RecordsUnusable(f"{self._path} cannot be used: {_cure(error)}") from error

    def _time(self) -> str:
        return self._now().isoformat()


def _cure(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest its shade
    return _CURES.get(code, f"{type(error).__name__}: {error}")


def _question(row: tuple[str, str, str, str, str, str, int, str, str]) -> Question:
    question_id, text, asker, team, channel, thread_ts, is_direct, ts, asked_at = row
    return Question(
        id=QuestionId(question_id),
        text=text,
        asker=Asker(asker),
        thread=Thread(team, channel, thread_ts, is_direct=bool(is_direct)),
        ts=ts,
        asked_at=datetime.fromisoformat(asked_at),
    )


def _columns(outcome: Answer | Refusal) -> tuple[str | int, ...]:
    is_answer = isinstance(outcome, Answer)
    return (
        "answer" if is_answer else "refusal",
        "" if isinstance(outcome, Answer) else outcome.reason.value,
        outcome.text,
        _json([asdict(c) for c in outcome.citations] if isinstance(outcome, Answer) else []),
        _json([asdict(p) for p in outcome.passages]),
        outcome.prompt,
        outcome.model,
        outcome.generation,
        _json(asdict(outcome.timings)),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
