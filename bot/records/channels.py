"""What admins have set for a channel, by its id: renaming it changes nothing."""

import json

from bot.channels import ChannelSettings, Tone
from bot.records.database import Database


class Channels:
    """The channels of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settings(self, team: str, channel: str) -> ChannelSettings:
        """Return what is set for *channel*; the defaults where nobody has set anything."""
        sql = "SELECT wikis, asks_first, owner, tone FROM channel WHERE team = ? AND id = ?"
        with self._database.reading() as connection:
            row = connection.execute(sql, (team, channel)).fetchone()
        if row is None:
            return ChannelSettings()
        wikis, asks_first, owner, tone = row
        return ChannelSettings(frozenset(json.loads(wikis)), bool(asks_first), owner, Tone(tone))

    def set(self, team: str, channel: str, settings: ChannelSettings, by: str) -> None:
        """Keep *settings* for *channel*; *by* is the admin's id."""
        with self._database.change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO channel VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    team,
                    channel,
                    json.dumps(sorted(settings.wikis)),
                    int(settings.asks_first),
                    settings.owner,
                    settings.tone.value,
                    by,
                    self._database.time(),
                ),
            )
