"""What the bot needs from the world."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bot.answers import Answer, Refusal, Step
from bot.questions import Question, QuestionId
from indexer.pages import Audience
from indexer.passages import Hit


class PassageFinder(Protocol):
    """Finds passages that an audience may read."""

    def find(self, question: str, audience: Audience, count: int) -> list[Hit]:
        """Return at most *count* hits, best first; never one that *audience* may not read."""

    def generation(self) -> int:
        """Return the number of the index's present generation, 0 before the first refresh."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is given: the fixed rules, the numbered passages with the question, and what it may write.

    *grammar* is GBNF.
    """

    system: str
    user: str
    grammar: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of written text and the tokens so far."""

    text: str
    prompt_tokens: int
    output_tokens: int


class LanguageModel(Protocol):
    """Writes text after a prompt. One at a time: a second call waits for the first to end."""

    @property
    def name(self) -> str:
        """What answers are attributed to: file name and adapter, with short hashes."""

    def count_tokens(self, text: str) -> int:
        """Return how many tokens *text* takes, taken as plain text without control tokens."""

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the completion in pieces, greedy. Closing the iterator stops it. Raises ModelFailed."""


class QuestionQueue(Protocol):
    """Questions that wait for an answer, kept on disk."""

    def put(self, question: Question) -> bool:
        """Keep *question*; on disk when this returns. False if it was already there, answered or not."""

    def take(self) -> Question | None:
        """Return the oldest waiting question and mark it taken; None if none waits."""

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Record what the question came to, and what was shown."""

    def give_up(self, question_id: QuestionId, why: str) -> None:
        """Record that the question cannot be answered, with the error's class and message."""

    def put_back(self, question_id: QuestionId) -> None:
        """Make a taken question wait again, after those that wait."""

    def waiting(self) -> int:
        """Return how many questions wait."""


class Reply(Protocol):
    """The one reply that a question gets, shown as it grows."""

    def show(self, step: Step) -> None:
        """Show *step* in place of what was shown before. Raises SlackUnavailable or SlackRefused."""

    def apologise(self, error: Exception) -> None:
        """Say in one friendly sentence that there is no answer this time, chosen by the error's class."""


class Replies(Protocol):
    """Opens replies."""

    def reply_to(self, question: Question) -> Reply:
        """Return the reply of *question*; one already begun before a restart is taken up again, not doubled."""


class Audiences(Protocol):
    """Decides what an asker may read where the answer will be seen."""

    def of(self, question: Question) -> Audience:
        """Return the principals that everyone who will see the reply counts as."""


class Answering(Protocol):
    """The use case, as the worker sees it."""

    def steps(self, question: str, audience: Audience) -> Iterator[Step]:
        """Yield Found, Writing…, then one Answer or Refusal; a Refusal may come alone. Raises BotError."""
