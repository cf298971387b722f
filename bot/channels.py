"""What can be set for one channel."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Tone(StrEnum):
    """How much an answer says beside its sentences."""

    FULL = "full"
    """The sources with the words they say, and who to turn to."""
    BRIEF = "brief"
    """The sources as links alone."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel's settings.

    *wikis* are the names of those that are searched, all where it is empty. With *asks_first*, a question to nobody
    that the wiki surely answers is offered an answer, to its asker alone. *owner* is the id of the person to turn to.
    """

    wikis: frozenset[str] = frozenset()
    asks_first: bool = False
    owner: str = ""
    tone: Tone = Tone.FULL


class ChannelRecords(Protocol):
    """Knows what is set for a channel."""

    def settings(self, team: str, channel: str) -> ChannelSettings:
        """Return what is set for *channel*; the defaults where nobody has set anything."""
