"""What admins did, line by line."""

from bot.ports import Deed
from bot.records.database import Database


class Journal:
    """The journal of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, person: str, deed: str) -> None:
        """Add a line."""
        with self._database.change() as connection:
            sql = "INSERT INTO journal (at, person, deed) VALUES (?, ?, ?)"
            connection.execute(sql, (self._database.time(), person, deed))

    def latest(self, count: int) -> list[Deed]:
        """Return the last *count* lines, the newest first."""
        with self._database.reading() as connection:
            sql = "SELECT at, person, deed FROM journal ORDER BY id DESC LIMIT ?"
            return [Deed(*row) for row in connection.execute(sql, (count,))]
