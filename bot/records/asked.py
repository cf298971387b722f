"""What was asked before, and what it came to."""

import json
from collections.abc import Iterable

from bot.answers import Answer, Refusal
from bot.questions import Question, QuestionId
from bot.records import outcomes, rows
from bot.records.database import Database
from indexer.pages import Audience, Principal

CANCELLED = "cancelled by the asker"
DELETED = "deleted by the asker"
OFFERED = "offered, not yet taken up"

_ANSWERED_OF = """
    SELECT words FROM (
        SELECT id, asked_at, outcome, coalesce(nullif(read_as, ''), question.text) AS words,
               row_number() OVER (PARTITION BY alike ORDER BY ended_at DESC, place DESC) AS nth_latest
        FROM question JOIN answer ON question_id = id WHERE asker = ? AND why = '' AND reason != 'busy')
    WHERE nth_latest = 1 AND outcome = 'answer'
    AND NOT EXISTS (SELECT 1 FROM feedback WHERE question_id = id AND verdict = 'bad')
    ORDER BY asked_at DESC LIMIT ?
"""


class Asked:
    """The questions of *database*, whatever became of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def audience_of(self, question_id: QuestionId) -> Audience:
        """Return for whom a question was answered; nobody where it was not."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT audience FROM question WHERE id = ?", (question_id,)).fetchone()
        return frozenset(Principal(str(one)) for one in json.loads(row[0])) if row else frozenset()

    def question(self, question_id: QuestionId) -> Question | None:
        """Return a question, whatever became of it; None if there is none."""
        return next(iter(self._questions("id = ?", (question_id,))), None)

    def state(self, question_id: QuestionId) -> str:
        """Return waiting, taken, finished or given_up; empty if there is no such question."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT state FROM question WHERE id = ?", (question_id,)).fetchone()
        return str(row[0]) if row else ""

    def outcome(self, question_id: QuestionId) -> Answer | Refusal | None:
        """Return what a question came to, with all that was shown; None if nothing, or an older version wrote it."""
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT {outcomes.COLUMNS} FROM answer WHERE question_id = ?",  # noqa: S608  a constant
                (question_id,),
            ).fetchone()
        return outcomes.from_row(row) if row else None

    def unanswered(self, count: int) -> list[str]:
        """Return the last *count* questions that the wiki did not answer, the latest first, as they were read."""
        sql = (
            "SELECT coalesce(nullif(read_as, ''), question.text) FROM question JOIN answer ON question_id = id"
            " WHERE reason IN ('not_found', 'declined', 'unsupported') AND why = '' ORDER BY ended_at DESC LIMIT ?"
        )
        with self._database.reading() as connection:
            return [str(row[0]) for row in connection.execute(sql, (count,))]

    def answered_of(self, person: str, count: int) -> list[str]:
        """Return what *person* asked last and got an answer to, as it was read, without repetitions, latest first.

        It is left out where they asked the same again and it was not answered, or somebody found the answer bad.
        """
        with self._database.reading() as connection:
            return [str(row[0]) for row in connection.execute(_ANSWERED_OF, (person, count))]

    def outcome_counts(self) -> dict[str, int]:
        """Return how often questions came to an answer, and how often to a refusal of each reason."""
        sql = "SELECT coalesce(nullif(reason, ''), outcome), count(*) FROM answer GROUP BY 1 ORDER BY 2 DESC"
        with self._database.reading() as connection:
            return {str(name): int(count) for name, count in connection.execute(sql)}

    def _questions(self, where: str, values: Iterable[object]) -> list[Question]:
        with self._database.reading() as connection:
            found = connection.execute(
                f"SELECT {rows.COLUMNS} FROM question WHERE {where} ORDER BY asked_at DESC LIMIT 1",  # noqa: S608
                tuple(values),
            ).fetchall()
        return [rows.from_row(row) for row in found]
