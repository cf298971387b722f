"""What the bot needs from the world."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import NewType, Protocol

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

    def log_probability(self, prompt: Prompt, text: str) -> float:
        """Return the natural logarithm of how likely *text* comes after *prompt*, whatever the grammar.

        Raises ModelFailed.
        """

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the completion in pieces, greedy. Closing the iterator stops it. Raises ModelFailed."""


class QuestionQueue(Protocol):
    """Questions that wait for an answer, kept on disk."""

    def put(self, question: Question) -> bool:
        """Keep *question*; on disk when this returns. False if it was already there, answered or not."""

    def take(self) -> Question | None:
        """Return the question whose turn it is and mark it taken; None if none waits.

        Everyone's oldest question comes before anyone's second.
        """

    def take_alike(self, question: Question) -> Question | None:
        """Return the oldest waiting question that asks the same as *question*, and mark it taken; None if none does."""

    def before(self, question: Question) -> Question | None:
        """Return what the same person asked last in the same thread, or a while ago in a direct message."""

    def note(self, question: Question, audience: Audience) -> None:
        """Remember how *question* was read, and for whom it is answered."""

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Record what the question came to, and what was shown; nothing if it was changed or cancelled meanwhile."""

    def give_up(self, question_id: QuestionId, why: str) -> None:
        """Record that the question cannot be answered, with the error's class and message."""

    def put_back(self, question_id: QuestionId) -> None:
        """Make a taken question wait again, after those that wait."""

    def waiting(self) -> int:
        """Return how many questions wait."""


@dataclass(frozen=True, slots=True)
class WikiHealth:
    """How one wiki stands. *last_success* is an ISO date and time in UTC, *problem* a sentence; both may be empty."""

    name: str
    pages: int
    passages: int
    last_success: str
    problem: str


@dataclass(frozen=True, slots=True)
class IndexHealth:
    """How the index is doing. *unreadable* pages could not be read; *refreshed_at* is ISO in UTC, or empty.

    *to_mend* is a sentence on what is wrong with pages, empty before the first report. *under_way* has a line for each
    refresh that waits or runs.
    """

    generation: int
    pages: int
    passages: int
    wikis: tuple[WikiHealth, ...]
    unreadable: int
    refreshed_at: str
    to_mend: str = ""
    under_way: tuple[str, ...] = ()


class JobKind(StrEnum):
    """What can be done to the index."""

    REINDEX = "reindex"
    """Bring it up to date."""
    FULL = "reindex --full"
    """Read every page again."""
    REHEARSE = "reindex --dry-run"
    """Say what bringing it up to date would come to."""
    ROLL_BACK = "rollback"
    """Show the generation before."""
    GO_FORWARD = "rollback --to newest"
    """Show the newest generation again."""


@dataclass(frozen=True, slots=True)
class IndexJob:
    """One thing to do, to the wiki of that name or, where it is empty, to all."""

    kind: JobKind
    wiki: str = ""

    @property
    def words(self) -> str:
        """The job as it is typed."""
        return f"{self.kind.value} {self.wiki}".strip()


JobId = NewType("JobId", str)
"""The name of a job that was begun, or of the indexer's request for it; it holds across restarts of the bot."""


@dataclass(frozen=True, slots=True)
class NotBegun:
    """Why a job was not begun, in a sentence for the admin."""

    why: str


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    """Nobody works on it yet, or not any more."""
    WORKING = "working"
    STOPPING = "stopping"
    """It ends at the next page."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far a job is: pages *done* of those *expected*, in *seconds*.

    *before* others have their turn first while it waits. *is_here* says that the bot does itself what the indexer
    should. *came_to* are sentences, the shortest summary first, empty until it has ended.
    """

    job: IndexJob
    state: JobState = JobState.WORKING
    done: int = 0
    expected: int = 0
    seconds: float = 0.0
    before: int = 0
    is_here: bool = False
    came_to: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self.state is JobState.ENDED

    @property
    def seconds_left(self) -> float | None:
        """How long the rest may take; None while nothing can be said."""
        if not self.done or self.done > self.expected:
            return None
        return self.seconds / self.done * (self.expected - self.done)


@dataclass(frozen=True, slots=True)
class Told:
    """A job that *person* is told about in the message *ts* of *channel*, both empty until there is one."""

    job_id: JobId
    job: IndexJob
    person: str
    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What an admin did. *at* is ISO in UTC; *person* a Slack id."""

    at: str
    person: str
    deed: str


class IndexDesk(Protocol):
    """Looks after the index."""

    def wikis(self) -> tuple[str, ...]:
        """Return the names of the wikis that are indexed."""

    def health(self) -> IndexHealth:
        """Return how the index is doing at this moment. Raises IndexerError."""

    def begin(self, job: IndexJob) -> JobId | NotBegun:
        """Begin *job*, or let it wait its turn; the same that waits already is one job. Raises IndexerError."""

    def take_up(self, job_id: JobId) -> None:
        """See to it that a job begun before a restart comes to an end; nothing where it has, or is not known."""

    def progress(self, job_id: JobId) -> IndexProgress | None:
        """Return how far a job is, or what it came to; None where it is not known any more. Raises IndexerError."""

    def stop(self, job_id: JobId) -> bool:
        """Stop a job soon. False where there is nothing to stop. Raises IndexerError."""


class IndexQueue(Protocol):
    """What waits for the indexer, a process of its own that may or may not run."""

    def ask(self, job: IndexJob) -> JobId:
        """Let *job* wait its turn; the same that waits already is one job. Raises IndexerError."""

    def progress(self, job_id: JobId) -> IndexProgress | None:
        """Return how far a job is, or what it came to; None where it is not known. Raises IndexerError."""

    def stop(self, job_id: JobId) -> bool:
        """Stop a job soon. False where there is nothing to stop. Raises IndexerError."""

    def mind(self, job_id: JobId, ending: Event) -> None:
        """Return when a job has ended or *ending* is set; do it here where nobody else takes it."""


class Line(Protocol):
    """How long the queue is, and how fast."""

    def waiting(self) -> int:
        """Return how many questions wait."""

    def seconds_per_question(self) -> float:
        """Return how long the latest answers took, on average."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question in the line, 1 for the one that is answered next."""

    question: Question
    number: int


class WaitingLine(Line, Protocol):
    """The line itself."""

    def line(self, count: int) -> list[Waiting]:
        """Return the first *count* questions that wait, in the order in which they will be taken."""


class Kept(StrEnum):
    """What became of a question that came in."""

    NEW = "new"
    """It waits for its answer."""
    KNOWN = "known"
    """It was there already: Slack sent it twice."""
    TOO_MANY = "too_many"
    """Its asker has too many waiting; this one will not be answered."""


class Intake(Protocol):
    """Where questions come in and are taken back, before and while the queue holds them."""

    def admit(self, question: Question, at_most: int) -> Kept:
        """Keep *question*, unanswered where its asker has *at_most* waiting already; on disk when this returns.

        Counting and keeping are one act: of many that come at once, no more than *at_most* slip past.
        """

    def offer(self, question: Question) -> bool:
        """Keep *question* until its asker takes up the offer of an answer. False if it was already there."""

    def take_up(self, question_id: QuestionId) -> bool:
        """Let an offered question wait for its answer. False if it was no longer offered."""

    def change(self, question_id: QuestionId, text: str) -> Question | None:
        """Let a question wait again with its new *text*; None if nothing has to be done."""

    def again(self, question_id: QuestionId) -> bool:
        """Let a question that has its answer wait for another. False if it has none."""

    def cancel(self, question_id: QuestionId) -> bool:
        """End a question that waits or is being answered. False if it had ended already."""

    def withdraw(self, question_id: QuestionId) -> bool:
        """End a question whose message is gone, whatever became of it. False if it was never asked."""

    def has_asked(self, team: str, channel: str, thread_ts: str, person: str) -> bool:
        """Return whether *person* has asked in the thread, and not taken it back."""


class AnswerCache(Protocol):
    """Answers that can be given again where the same is asked and the same passages are found."""

    def look_up(self, likeness: str, fingerprint: str) -> Answer | Refusal | None:
        """Return what the question of *likeness* came to, if it was shown what *fingerprint* stands for."""

    def keep(self, likeness: str, fingerprint: str, outcome: Answer | Refusal) -> None:
        """Keep *outcome* in place of what was kept for other passages."""

    def drop(self, likeness: str) -> None:
        """Forget the answer to the question of *likeness*, if one is kept."""


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
