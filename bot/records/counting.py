"""What the bot counted of itself: the figures that /advise begins with."""

from datetime import datetime

from bot.advice.figures import Tally
from bot.records.database import Database

_MEANS = """
    SELECT avg(timings ->> 'prompt_tokens'), avg(timings ->> 'output_tokens'),
           avg((timings ->> 'first_token_ms') - (timings ->> 'find_ms')),
           avg((timings ->> 'total_ms') - (timings ->> 'first_token_ms'))
    FROM answer WHERE outcome = 'answer'
"""
_OPINIONS = "SELECT verdict, reason, count(*), sum(correction != '') FROM feedback GROUP BY verdict, reason"


def tally(database: Database) -> Tally:
    """Return what was counted since the first question: how many, how they ended, what people said, how fast it was."""
    with database.reading() as connection:
        questions, first = connection.execute("SELECT count(*), min(asked_at) FROM question").fetchone()
        ends = dict(connection.execute("SELECT reason, count(*) FROM answer GROUP BY reason").fetchall())
        opinions = connection.execute(_OPINIONS).fetchall()
        prompt, output, read, written = (float(mean or 0) for mean in connection.execute(_MEANS).fetchone())
    since = datetime.fromisoformat(database.time()) - datetime.fromisoformat(first) if first else None
    return Tally(
        days=since.total_seconds() / 86_400 if since else 0.0,
        questions=questions,
        answered=ends.pop("", 0),
        refused=ends,
        thumbs_up=sum(count for verdict, _, count, _ in opinions if verdict == "good"),
        complaints={reason: count for verdict, reason, count, _ in opinions if verdict == "bad"},
        labels=sum(corrected for *_, corrected in opinions),
        prompt_tokens=prompt,
        output_tokens=output,
        prefill_speed=1000 * prompt / read if read > 0 else 0.0,
        decode_speed=1000 * output / written if written > 0 else 0.0,
    )
