"""Questions to begin with, in a direct message: what its person got answered before, and what the wiki surely answers.

Each can be read by itself and fits on its button. Nobody is shown what others asked.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

from slack_sdk import WebClient

from bot.following import stands_alone
from bot.ports import Audiences
from bot.questions import MAX_QUESTION_CHARACTERS, Asker, Question, QuestionId, Thread
from bot.slack import calls
from bot.slack.offers import Foresight
from bot.slack.rich_text import words_of
from indexer.errors import IndexerError

STARTERS = (
    "How many days of annual leave do I get?",
    "How do I claim expenses?",
    "What do I do when I am sick?",
    "Can I work from abroad?",
    "How do I report a security incident?",
    "How do I get a new laptop?",
    "How much parental leave do I get?",
    "What do I need on my first day?",
)
"""What many teams ask of their wikis; shown where this one answers it."""

MAX_PROMPTS = 4  # Slack's limit
MAX_CHARACTERS = 75  # of a prompt's title: Slack's limit
_OWN_FIRST = 2
_OWN_LOOKED_AT = 20


class OwnQuestions(Protocol):
    """Knows what each person asked."""

    def answered_of(self, person: str, count: int) -> list[str]:
        """Return what *person* asked last and got an answer to, as it was read, without repetitions, latest first."""


@dataclass(frozen=True, slots=True)
class Suggesting:
    """Suggests questions. *foresight* is None until the index and the model are there."""

    client: WebClient
    asked: OwnQuestions
    audiences: Audiences
    foresight: Callable[[], Foresight | None]

    def suggest(self, person: str, team: str, channel: str) -> None:
        """Show *person* questions to begin with in the direct message *channel*; none where none is known.

        Raises SlackUnavailable or SlackRefused.
        """
        prompts = self._prompts(person, Thread(team, channel, "", is_direct=True))
        if not prompts:
            return
        calls.once(
            lambda: self.client.assistant_threads_setSuggestedPrompts(
                channel_id=channel,
                title="Ask the wiki",
                prompts=[{"title": prompt, "message": prompt} for prompt in prompts],
            )
        )

    def _prompts(self, person: str, thread: Thread) -> list[str]:
        own = list(_fit(self.asked.answered_of(person, _OWN_LOOKED_AT)))
        mixed = dict.fromkeys(own[:_OWN_FIRST])
        mixed |= dict.fromkeys(islice(self._answered_surely(person, thread), MAX_PROMPTS - len(mixed)))
        return list(mixed | dict.fromkeys(own))[:MAX_PROMPTS]

    def _answered_surely(self, person: str, thread: Thread) -> Iterator[str]:
        """Yield what many teams ask and the wiki surely answers this person."""
        foresight = self.foresight()
        if foresight is None:
            return
        for text in STARTERS:
            question = Question(QuestionId(""), text, Asker(person), thread, "", datetime.now(UTC))
            try:
                if foresight.is_sure(question, self.audiences.of(question)):
                    yield text
            except IndexerError:
                return


def _fit(questions: Iterable[str]) -> Iterator[str]:
    """Yield those *questions* that can be read alone, as they are shown, and that need not be cut for it."""
    for question in questions:
        shown = words_of(" ".join(question.split()), MAX_QUESTION_CHARACTERS)
        if 0 < len(shown) <= MAX_CHARACTERS and stands_alone(shown):
            yield shown
