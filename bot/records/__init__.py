"""What the bot remembers, in one SQLite file: questions, what their answers were shown, feedback, channels."""

from bot.records.locking import alone
from bot.records.records import MAX_ATTEMPTS, Records

__all__ = ["MAX_ATTEMPTS", "Records", "alone"]
