"""What people think of answers, kept with the very passages that were shown."""

from bot.answers import Answer, Refusal
from bot.feedback import FeedbackRow, Reason, Verdict
from bot.questions import Question, QuestionId
from bot.records import outcomes
from bot.records.database import Database


class Feedback:
    """The feedback of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(self, question: Question, outcome: Answer | Refusal, person: str, verdict: Verdict) -> None:
        """Keep *person*'s verdict; a second one takes the first one's place, reason and all."""
        with self._database.change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, '', '', '', ?, ?, ?)",
                (
                    question.id,
                    person,
                    verdict.value,
                    self._database.time(),
                    question.full_text,
                    outcomes.to_json(outcome),
                ),
            )

    def explain(self, question_id: QuestionId, person: str, reason: Reason, correction: str, page: str) -> bool:
        """Add why *person* finds the answer bad. False if they gave no such verdict."""
        with self._database.change() as connection:
            explained = connection.execute(
                "UPDATE feedback SET reason = ?, correction = ?, page = ?"
                " WHERE question_id = ? AND person = ? AND verdict = 'bad'",
                (reason.value, correction, page, question_id, person),
            )
            return explained.rowcount == 1

    def rows(self) -> list[FeedbackRow]:
        """Return everything, oldest first; what another version wrote in a way that cannot be read is left out."""
        sql = (
            "SELECT question_id, person, given_at, question, verdict, reason, correction, page, outcome"
            " FROM feedback ORDER BY given_at, question_id, person"
        )
        with self._database.reading() as connection:
            found = connection.execute(sql).fetchall()
        return [row for row in map(_row, found) if row is not None]

    def counts(self) -> dict[str, int]:
        """Return how often answers were called good, and how often bad for each reason, `unsaid` among them."""
        sql = "SELECT verdict, reason, count(*) FROM feedback GROUP BY verdict, reason ORDER BY verdict DESC, reason"
        with self._database.reading() as connection:
            found = connection.execute(sql).fetchall()
        return {("good" if verdict == "good" else reason or "unsaid"): count for verdict, reason, count in found}


def _row(row: tuple[str, str, str, str, str, str, str, str, str]) -> FeedbackRow | None:
    question_id, person, given_at, question, verdict, reason, correction, page, kept = row
    outcome = outcomes.from_json(kept)
    if outcome is None:
        return None
    return FeedbackRow(
        question_id=QuestionId(question_id),
        person=person,
        given_at=given_at,
        question=question,
        passages=outcome.passages,
        answer=outcome.text,
        is_refusal=isinstance(outcome, Refusal),
        verdict=Verdict(verdict),
        reason=Reason(reason),
        correction=correction,
        page=page,
        model=outcome.model,
        generation=outcome.generation,
    )
