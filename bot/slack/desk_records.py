"""What an admin's desk remembers and looks up."""

from typing import Protocol

from bot.channels import ChannelRecords, ChannelSettings
from bot.ports import Deed, Line


class Questions(Protocol):
    """Knows what questions came to."""

    def unanswered(self, count: int) -> list[str]:
        """Return the last *count* questions that the wiki did not answer, the latest first."""

    def outcome_counts(self) -> dict[str, int]:
        """Return how often questions came to an answer, and how often to a refusal of each reason."""


class Opinions(Protocol):
    """Knows what people say of answers."""

    def counts(self) -> dict[str, int]:
        """Return how often answers were called good, and how often bad for each reason."""


class OpenHandovers(Protocol):
    """Knows what waits for a person."""

    def count_open(self) -> int:
        """Return how many wait for a person."""


class Journal(Protocol):
    """Keeps what admins did."""

    def write(self, person: str, deed: str) -> None:
        """Add a line."""

    def latest(self, count: int) -> list[Deed]:
        """Return the last *count* lines, the newest first."""


class Channels(ChannelRecords, Protocol):
    """Keeps what is set for channels."""

    def set(self, team: str, channel: str, settings: ChannelSettings, by: str) -> None:
        """Keep *settings* for *channel*; *by* is the admin's id."""


class DeskRecords(Line, Protocol):
    """What the desk remembers and looks up."""

    @property
    def asked(self) -> Questions:
        """What questions came to."""

    @property
    def feedback(self) -> Opinions:
        """What people say of answers."""

    @property
    def handovers(self) -> OpenHandovers:
        """What waits for a person."""

    @property
    def journal(self) -> Journal:
        """What admins did."""

    @property
    def channels(self) -> Channels:
        """What is set for channels."""
