"""Whom a job on the index is told about, and in which message, so that a restart can go on with it."""

from bot.ports import IndexJob, JobId, JobKind, Told
from bot.records.database import Database


class Tellings:
    """The jobs of *database* that somebody is told about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, told: Told) -> None:
        """Remember that somebody is told, in place of what was remembered of that job and person."""
        with self._database.change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO telling (job_id, person, kind, wiki, channel, ts) VALUES (?, ?, ?, ?, ?, ?)",
                (told.job_id, told.person, told.job.kind, told.job.wiki, told.channel, told.ts),
            )

    def forget(self, told: Told) -> None:
        """Forget that somebody is told: there is nothing more to say."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM telling WHERE job_id = ? AND person = ?", (told.job_id, told.person))

    def all(self) -> list[Told]:
        """Return what was not told to its end."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT job_id, kind, wiki, person, channel, ts FROM telling").fetchall()
        return [Told(JobId(row[0]), IndexJob(JobKind(row[1]), row[2]), *row[3:]) for row in rows]
