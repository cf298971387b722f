"""Questions that were handed to a person."""

from dataclasses import dataclass

from bot.questions import QuestionId
from bot.records.database import Database


@dataclass(frozen=True, slots=True)
class Handover:
    """A question in a person's hands. *owner* and *resolved_by* are Slack ids or empty, *ts* the message that calls."""

    question_id: QuestionId
    asked_by: str
    owner: str
    channel: str
    ts: str
    resolved_by: str


class Handovers:
    """The handovers of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, question_id: QuestionId, asked_by: str, owner: str) -> bool:
        """Keep that *question_id* goes to *owner*. False if somebody was called already."""
        with self._database.change() as connection:
            kept = connection.execute(
                "INSERT INTO handover (question_id, asked_by, asked_at, owner, channel) VALUES (?, ?, ?, ?, '')"
                " ON CONFLICT (question_id) DO NOTHING",
                (question_id, asked_by, self._database.time(), owner),
            )
            return kept.rowcount == 1

    def keep_message(self, question_id: QuestionId, channel: str, ts: str) -> bool:
        """Remember which message calls the person. False where the question was taken back by now."""
        with self._database.change() as connection:
            sql = "UPDATE handover SET channel = ?, ts = ? WHERE question_id = ?"
            return connection.execute(sql, (channel, ts, question_id)).rowcount == 1

    def owner(self, question_id: QuestionId) -> str:
        """Return who was called; empty if nobody."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT owner FROM handover WHERE question_id = ?", (question_id,)).fetchone()
        return str(row[0]) if row else ""

    def drop(self, question_id: QuestionId) -> None:
        """Forget a handover whose message Slack did not take, so that it can be tried again."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM handover WHERE question_id = ? AND ts = ''", (question_id,))

    def resolve(self, question_id: QuestionId, person: str) -> Handover | None:
        """Keep that *person* has answered it; None if it was resolved already, or never handed over."""
        with self._database.change() as connection:
            row = connection.execute(
                "UPDATE handover SET resolved_by = ?, resolved_at = ? WHERE question_id = ? AND resolved_by = ''"
                " RETURNING question_id, asked_by, owner, channel, ts, resolved_by",
                (person, self._database.time(), question_id),
            ).fetchone()
        return Handover(*row) if row else None

    def take_back(self, question_id: QuestionId) -> Handover | None:
        """Forget that a question went to a person, and return how; None if it never did."""
        with self._database.change() as connection:
            row = connection.execute(
                "DELETE FROM handover WHERE question_id = ?"
                " RETURNING question_id, asked_by, owner, channel, ts, resolved_by",
                (question_id,),
            ).fetchone()
        return Handover(*row) if row else None

    def count_open(self) -> int:
        """Return how many wait for a person."""
        with self._database.reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM handover WHERE resolved_by = ''").fetchone()
        return int(count)
