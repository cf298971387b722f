"""Questions as rows of the table of the same name."""

from datetime import datetime

from bot.questions import Asker, Origin, Question, QuestionId, Thread, likeness

COLUMNS = "id, text, asker, team, channel, thread_ts, is_direct, ts, asked_at, origin, reply_url, read_as"
"""In the order of Row."""

Row = tuple[str, str, str, str, str, str, int, str, str, str, str, str]


def to_row(question: Question) -> Row:
    """Return *question* as the values of COLUMNS."""
    thread = question.thread
    return (
        question.id,
        question.text,
        question.asker.user,
        thread.team,
        thread.channel,
        thread.ts,
        int(thread.is_direct),
        question.ts,
        question.asked_at.isoformat(),
        question.origin.value,
        question.reply_url,
        question.read_as,
    )


def from_row(row: Row) -> Question:
    """Return the question that to_row() made *row* of."""
    question_id, text, asker, team, channel, thread_ts, is_direct, ts, asked_at, origin, reply_url, read_as = row
    return Question(
        id=QuestionId(question_id),
        text=text,
        asker=Asker(asker),
        thread=Thread(team, channel, thread_ts, is_direct=bool(is_direct)),
        ts=ts,
        asked_at=datetime.fromisoformat(asked_at),
        origin=Origin(origin),
        reply_url=reply_url,
        read_as=read_as,
    )


def alike(question: Question) -> str:
    """Return what questions have in common that can be answered together: their words, once they stand alone."""
    return likeness(question.full_text)
