"""The queue of questions, and all else that the bot remembers beside it.

    put ─► waiting ─► take ─► taken ─► finish ─► finished ─┐
              ▲                 │ └──► give_up ─► given_up  │ change: the asker has edited it
              ├── put_back, recover (after a crash) ─┘      │
              └─────────────────────────────────────────────┘

Every change is on disk when the method returns, power cuts included.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Connection

from bot.advice.figures import Tally
from bot.answers import Answer, Refusal
from bot.feedback import FeedbackRow
from bot.ports import Kept, Waiting
from bot.questions import Question, QuestionId
from bot.records import counting, outcomes, rows
from bot.records.asked import CANCELLED, DELETED, OFFERED, Asked
from bot.records.cache import Cache
from bot.records.channels import Channels
from bot.records.database import Database
from bot.records.feedback import Feedback
from bot.records.handovers import Handovers
from bot.records.journal import Journal
from bot.records.replies import ReplyRecords
from bot.records.tellings import Tellings
from indexer.pages import Audience

MAX_ATTEMPTS = 3  # a question that was taken this often and never ended takes the process down with it
TALK_GOES_ON = timedelta(hours=1)  # a direct message: "and in Germany?" tomorrow follows on nothing
THREAD_GOES_ON = timedelta(days=30)
TOO_MANY = "too many of the asker's questions wait"

_LINE = """
    SELECT id, row_number() OVER (ORDER BY turn, place) AS number FROM (
        SELECT id, place, coalesce(served, 0) + row_number() OVER (PARTITION BY asker ORDER BY place) AS turn
        FROM question LEFT JOIN (
            SELECT asker AS whose, count(*) AS served FROM question WHERE state != 'waiting'
            AND taken_at >= (SELECT min(asked_at) FROM question WHERE state = 'waiting') GROUP BY asker
        ) ON whose = asker WHERE state = 'waiting')
"""  # everyone's first question before anyone's second; what was answered since the oldest one came counts too
_ANSWERS_MEASURED = 20
_SECONDS_GUESSED = 3.0  # before the first answer

log = logging.getLogger(__name__)


class Records:
    """The bot's records in the file *path*, and the queue among them. Any thread may call; one change at a time."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        """Open or make the file; *now* gives aware UTC. Raises RecordsUnusable."""
        self._database = Database(path, now)
        self.asked = Asked(self._database)
        self.replies = ReplyRecords(self._database)
        self.feedback = Feedback(self._database)
        self.handovers = Handovers(self._database)
        self.channels = Channels(self._database)
        self.journal = Journal(self._database)
        self.cache = Cache(self._database)
        self.tellings = Tellings(self._database)

    def close(self) -> None:
        """Close the file. Nothing else may be called afterwards."""
        self._database.close()

    def feedback_rows(self) -> list[FeedbackRow]:
        """Return what people said of answers, with what the model was shown, oldest first."""
        return self.feedback.rows()

    def tally(self) -> Tally:
        """Return what was counted since the first question."""
        return counting.tally(self._database)

    def put(self, question: Question) -> bool:
        """Keep *question*; on disk when this returns. False if it was already there, answered or not."""
        return self._insert(question, "waiting", "")

    def admit(self, question: Question, at_most: int) -> Kept:
        """Keep *question*, unanswered where its asker has *at_most* waiting already; on disk when this returns.

        Questions that come at the same moment are written together: one wait for the disk, not one each.
        """
        return self._database.together(lambda connection: _admit(connection, question, at_most))

    def offer(self, question: Question) -> bool:
        """Keep *question* until its asker takes up the offer of an answer. False as put()."""
        return self._insert(question, "given_up", OFFERED)

    def take_up(self, question_id: QuestionId) -> bool:
        """Let an offered question wait for its answer. False if it was no longer offered."""
        with self._database.change() as connection:
            changed = connection.execute(
                "UPDATE question SET state = 'waiting', why = '', place = (SELECT max(place) + 1 FROM question)"
                " WHERE id = ? AND state = 'given_up' AND why = ?",
                (question_id, OFFERED),
            )
            return changed.rowcount == 1

    def take(self) -> Question | None:
        """Return the question whose turn it is and mark it taken; None if none waits.

        Everyone's oldest question comes before anyone's second.
        """
        with self._database.change() as connection:
            row = connection.execute(
                "UPDATE question SET state = 'taken', attempts = attempts + 1, taken_at = ?"  # noqa: S608  constants
                f" WHERE id = (SELECT id FROM ({_LINE}) WHERE number = 1) RETURNING {rows.COLUMNS}",
                (self._database.time(),),
            ).fetchone()
        return rows.from_row(row) if row else None

    def take_alike(self, question: Question) -> Question | None:
        """Return the oldest waiting question that asks the same as *question*, and mark it taken; None if none does."""
        with self._database.change() as connection:
            row = connection.execute(
                "UPDATE question SET state = 'taken', attempts = attempts + 1, taken_at = ?"  # noqa: S608  constants
                " WHERE id = (SELECT id FROM question WHERE state = 'waiting' AND alike = ? ORDER BY place LIMIT 1)"
                f" RETURNING {rows.COLUMNS}",
                (self._database.time(), rows.alike(question)),
            ).fetchone()
        return rows.from_row(row) if row else None

    def note(self, question: Question, audience: Audience) -> None:
        """Remember how *question* was read, and for whom it is answered."""
        with self._database.change() as connection:
            connection.execute(
                "UPDATE question SET read_as = ?, alike = ?, audience = ? WHERE id = ?",
                (question.read_as, rows.alike(question), json.dumps(sorted(audience)), question.id),
            )

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Record what the question came to, and what was shown; nothing if it was changed or cancelled meanwhile."""
        with self._database.change() as connection:
            ended = connection.execute(
                "UPDATE question SET state = 'finished', ended_at = ? WHERE id = ? AND state IN ('taken', 'finished')",
                (self._database.time(), question_id),
            )
            if ended.rowcount:
                marks = ", ".join("?" * (1 + len(outcomes.COLUMNS.split(","))))
                connection.execute(
                    f"INSERT OR REPLACE INTO answer (question_id, {outcomes.COLUMNS}) VALUES ({marks})",  # noqa: S608
                    (question_id, *outcomes.to_row(outcome)),
                )

    def give_up(self, question_id: QuestionId, why: str) -> None:
        """Record that the question cannot be answered, with the error's class and message."""
        with self._database.change() as connection:
            connection.execute(
                "UPDATE question SET state = 'given_up', why = ?, ended_at = ? WHERE id = ? AND state != 'waiting'",
                (why, self._database.time(), question_id),
            )

    def put_back(self, question_id: QuestionId) -> None:
        """Make a taken question wait again, after those that wait. Being taken this time does not count as a crash."""
        with self._database.change() as connection:
            connection.execute(
                "UPDATE question SET state = 'waiting', attempts = attempts - 1,"
                " place = (SELECT max(place) + 1 FROM question) WHERE id = ? AND state = 'taken'",
                (question_id,),
            )

    def cancel(self, question_id: QuestionId) -> bool:
        """End a question that waits or is being answered. False if it had ended already."""
        with self._database.change() as connection:
            ended = connection.execute(
                "UPDATE question SET state = 'given_up', why = ?, ended_at = ?"
                " WHERE id = ? AND state IN ('waiting', 'taken')",
                (CANCELLED, self._database.time(), question_id),
            )
            return ended.rowcount == 1

    def withdraw(self, question_id: QuestionId) -> bool:
        """End a question whose message is gone, whatever became of it. False if it was never asked."""
        with self._database.change() as connection:
            ended = connection.execute(
                "UPDATE question SET state = 'given_up', why = ?, ended_at = ? WHERE id = ?",
                (DELETED, self._database.time(), question_id),
            )
            return ended.rowcount == 1

    def change(self, question_id: QuestionId, text: str) -> Question | None:
        """Let a question wait again with its new *text*, whatever became of it; None if nothing has to be done.

        That is: it is not known, says the same, was only offered, or its asker took it back.
        """
        with self._database.change() as connection:
            row = connection.execute(
                "UPDATE question SET text = ?, read_as = '', state = 'waiting', attempts = 0, why = '', ended_at = ''"  # noqa: S608
                f" WHERE id = ? AND text != ? AND why NOT IN (?, ?, ?) RETURNING {rows.COLUMNS}",
                (text, question_id, text, CANCELLED, DELETED, OFFERED),
            ).fetchone()
            question = rows.from_row(row) if row else None
            if question is not None:
                connection.execute("UPDATE question SET alike = ? WHERE id = ?", (rows.alike(question), question_id))
        return question

    def again(self, question_id: QuestionId) -> bool:
        """Let a question that has its answer wait for another. False if it has none."""
        with self._database.change() as connection:
            changed = connection.execute(
                "UPDATE question SET state = 'waiting', attempts = 0, place = (SELECT max(place) + 1 FROM question)"
                " WHERE id = ? AND state = 'finished'",
                (question_id,),
            )
            return changed.rowcount == 1

    def recover(self) -> list[Question]:
        """Make questions wait again that a crash left taken; call it once, before the first take.

        Returns those that were taken too often to be tried again; they are given up, and their askers should be told.
        """
        with self._database.change() as connection:
            crashing = connection.execute(
                "UPDATE question"  # noqa: S608  a constant
                " SET state = 'given_up', why = 'taken too often without an end', ended_at = ?"
                f" WHERE state = 'taken' AND attempts >= ? RETURNING {rows.COLUMNS}",
                (self._database.time(), MAX_ATTEMPTS),
            ).fetchall()
            left = connection.execute("UPDATE question SET state = 'waiting' WHERE state = 'taken'").rowcount
        if left or crashing:
            log.warning("questions recovered", extra={"waiting_again": left, "given_up": len(crashing)})
        return [rows.from_row(row) for row in crashing]

    def waiting(self) -> int:
        """Return how many questions wait."""
        with self._database.reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM question WHERE state = 'waiting'").fetchone()
        return int(count)

    def before(self, question: Question) -> Question | None:
        """Return what the same person asked last in the same thread, or within an hour in a direct message.

        Questions that were taken back or never answered do not count, nor do commands, which have no thread.
        """
        is_alone = question.thread.is_direct and question.thread.ts == question.ts
        since = question.asked_at - TALK_GOES_ON if is_alone else question.asked_at - THREAD_GOES_ON
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT {rows.COLUMNS} FROM question WHERE team = ? AND channel = ? AND asker = ?"  # noqa: S608
                " AND (thread_ts = ? OR ?) AND asked_at < ? AND asked_at > ? AND why = '' AND origin != 'command'"
                " ORDER BY asked_at DESC LIMIT 1",
                (
                    question.thread.team,
                    question.thread.channel,
                    question.asker.user,
                    question.thread.ts,
                    int(is_alone),
                    question.asked_at.isoformat(),
                    since.isoformat(),
                ),
            ).fetchone()
        return rows.from_row(row) if row else None

    def has_asked(self, team: str, channel: str, thread_ts: str, person: str) -> bool:
        """Return whether *person* has asked in the thread, and not taken it back."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM question WHERE team = ? AND channel = ? AND thread_ts = ? AND asker = ?"
                " AND why NOT IN (?, ?, ?) LIMIT 1",
                (team, channel, thread_ts, person, CANCELLED, DELETED, OFFERED),
            ).fetchone()
        return row is not None

    def line(self, count: int) -> list[Waiting]:
        """Return the first *count* questions that wait, in the order in which they will be taken."""
        named = ", ".join(f"question.{name.strip()}" for name in rows.COLUMNS.split(","))
        with self._database.reading() as connection:
            found = connection.execute(
                f"SELECT number, {named} FROM ({_LINE}) AS line JOIN question USING (id) ORDER BY number LIMIT ?",  # noqa: S608
                (count,),
            ).fetchall()
        return [Waiting(rows.from_row(row[1:]), row[0]) for row in found]

    def seconds_per_question(self) -> float:
        """Return how long the latest answers that the model wrote took, on average."""
        with self._database.reading() as connection:
            (seconds,) = connection.execute(
                "SELECT avg((julianday(ended_at) - julianday(taken_at)) * 86400) FROM (SELECT taken_at, ended_at"
                " FROM question JOIN answer ON question_id = id"
                " WHERE state = 'finished' AND json_extract(timings, '$.output_tokens') > 0"
                " ORDER BY ended_at DESC LIMIT ?)",
                (_ANSWERS_MEASURED,),
            ).fetchone()
        return _SECONDS_GUESSED if seconds is None else max(float(seconds), 0.1)

    def _insert(self, question: Question, state: str, why: str) -> bool:
        with self._database.change() as connection:
            return _inserted(connection, question, state, why)


def _admit(connection: Connection, question: Question, at_most: int) -> Kept:
    sql = "SELECT count(*) FROM question WHERE state = 'waiting' AND asker = ?"
    (waiting,) = connection.execute(sql, (question.asker.user,)).fetchone()
    state, why, kept = ("waiting", "", Kept.NEW) if waiting < at_most else ("given_up", TOO_MANY, Kept.TOO_MANY)
    return kept if _inserted(connection, question, state, why) else Kept.KNOWN


def _inserted(connection: Connection, question: Question, state: str, why: str) -> bool:
    values = (*rows.to_row(question), rows.alike(question), state, why)
    marks = ", ".join("?" * len(values))
    kept = connection.execute(
        f"INSERT INTO question (place, {rows.COLUMNS}, alike, state, why)"  # noqa: S608  constants
        f" SELECT coalesce(max(place), 0) + 1, {marks} FROM question WHERE true ON CONFLICT (id) DO NOTHING",
        values,
    )
    return kept.rowcount == 1
