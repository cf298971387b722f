"""Answers that can be given again, for as long as the same passages are found for the same people."""

from bot.answers import Answer, Refusal
from bot.records import outcomes
from bot.records.database import Database

MAX_KEPT = 2000  # answers, a few kilobytes each


class Cache:
    """The answers kept in *database*, the latest *max_kept* of them."""

    def __init__(self, database: Database, max_kept: int = MAX_KEPT) -> None:
        self._database = database
        self._max_kept = max_kept

    def look_up(self, likeness: str, fingerprint: str) -> Answer | Refusal | None:
        """Return what the question of *likeness* came to, if it was shown what *fingerprint* stands for."""
        sql = "SELECT outcome FROM cached WHERE likeness = ? AND fingerprint = ?"
        with self._database.reading() as connection:
            row = connection.execute(sql, (likeness, fingerprint)).fetchone()
        return outcomes.from_json(row[0]) if row else None

    def keep(self, likeness: str, fingerprint: str, outcome: Answer | Refusal) -> None:
        """Keep *outcome* in place of what was kept for other passages, and drop the oldest beyond those."""
        with self._database.change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO cached VALUES (?, ?, ?, ?)",
                (likeness, fingerprint, outcomes.to_json(outcome), self._database.time()),
            )
            connection.execute(
                "DELETE FROM cached WHERE likeness IN"
                " (SELECT likeness FROM cached ORDER BY kept_at DESC LIMIT -1 OFFSET ?)",
                (self._max_kept,),
            )

    def clear(self) -> None:
        """Forget everything: another version of the program, or of its settings, might answer otherwise."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM cached")

    def drop(self, likeness: str) -> None:
        """Forget the answer to the question of *likeness*, if one is kept."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM cached WHERE likeness = ?", (likeness,))
