"""What people who write to the bot in Slack may read."""

from bot.questions import Question
from indexer.pages import EVERYONE, Audience


class EveryonesPages:
    """Whoever asks, wherever they ask, is answered from the pages that everyone may read, and no others."""

    def of(self, question: Question) -> Audience:  # noqa: ARG002  the port's: rules that look at the channel need it
        """Return everyone, as the one principal."""
        return frozenset({EVERYONE})
