"""Which message in Slack is a question's reply."""

from bot.questions import QuestionId
from bot.records.database import Database


class ReplyRecords:
    """The replies to the questions of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_reply(self, question_id: QuestionId) -> None:
        """Remember that the first message of a reply is about to be posted."""
        with self._database.change() as connection:
            connection.execute("UPDATE question SET has_reply = 1 WHERE id = ?", (question_id,))

    def keep_reply(self, question_id: QuestionId, ts: str) -> None:
        """Remember that the message *ts* is the question's reply."""
        with self._database.change() as connection:
            connection.execute("UPDATE question SET has_reply = 1, reply_ts = ? WHERE id = ?", (ts, question_id))

    def reply_ts(self, question_id: QuestionId) -> str | None:
        """Return the reply's message; empty if one was begun and Slack never said which, None if none was begun."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT has_reply, reply_ts FROM question WHERE id = ?", (question_id,)).fetchone()
        return str(row[1]) if row and row[0] else None
