"""Honest fakes of the bot's ports, and samples of what passes through them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from bot.answers import Answer, Citation, Found, Refusal, RefusalReason, Sentence, ShownPassage, Step, Timings, Writing
from bot.questions import Asker, Question, QuestionId, Thread, likeness, question_id
from indexer.pages import Audience, PageId
from indexer.passages import Hit, PassageId

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def a_question(
    text: str = "How many days off do I get?", ts: str = "1777887000.000100", channel: str = "C1"
) -> Question:
    """Return a question asked in a thread of its own."""
    thread = Thread("T1", channel, ts, is_direct=channel.startswith("D"))
    return Question(question_id("T1", channel, ts), text, Asker("U1"), thread, ts, NOW)


def a_hit(
    number: int = 1,
    title: str = "Annual leave (UK)",
    headings: tuple[str, ...] = ("How much",),
    url: str | None = None,
    updated_at: str = "2026-05-03T08:00:00+00:00",
    text: str = "You get 28 days of annual leave a year.",
) -> Hit:
    """Return a hit on page *number*."""
    return Hit(
        passage_id=PassageId(number),
        wiki="handbook",
        page_id=PageId(f"people/{number}.md"),
        title=title,
        headings=headings,
        anchor="how-much",
        url=f"https://wiki.example.org/people/{number}#how-much" if url is None else url,
        revision="r1",
        updated_at=updated_at,
        text=text,
        score=0.9,
        cosine=0.8,
        words=7.5,
    )


def shown(*hits: Hit) -> tuple[ShownPassage, ...]:
    """Return *hits* numbered from 1."""
    return tuple(ShownPassage(number, hit) for number, hit in enumerate(hits, 1))


def an_answer(*hits: Hit, text: str = "You get 28 days.") -> Answer:
    """Return an answer of one sentence that cites each of *hits* (one, if none is given) and quotes it whole."""
    passages = shown(*(hits or (a_hit(),)))
    numbers = tuple(p.number for p in passages)
    return Answer(
        text=text + "".join(f" [{n}]" for n in numbers),
        sentences=(Sentence(text, numbers),),
        citations=tuple(Citation(p.number, p.hit, p.hit.text) for p in passages),
        passages=passages,
        timings=Timings(find_ms=12.0, first_token_ms=340.0, total_ms=2100.0, prompt_tokens=600, output_tokens=30),
        model="smollm2-135m",
        generation=7,
        prompt="rules, passages, question",
    )


def a_refusal(reason: RefusalReason = RefusalReason.NOT_FOUND, *hits: Hit, text: str = "") -> Refusal:
    """Return a refusal with *hits* as the nearest passages."""
    return Refusal(reason, text, shown(*hits), Timings(), "smollm2-135m", 7, "")


def some_steps(answer: Answer | None = None) -> list[Step]:
    """Return the steps of an answer that goes well."""
    last = answer or an_answer()
    return [Found(last.passages), Writing("You get"), Writing(last.text), last]


class MemoryQueue:
    """A QuestionQueue that forgets everything when the process ends; the rest is as on disk."""

    def __init__(self) -> None:
        self.kept: dict[QuestionId, Question] = {}
        self.line: list[QuestionId] = []
        self.taken: list[QuestionId] = []
        self.finished: dict[QuestionId, Answer | Refusal] = {}
        self.given_up: dict[QuestionId, str] = {}
        self.audiences: dict[QuestionId, Audience] = {}

    def put(self, question: Question) -> bool:
        """Keep *question*. False if it was already there."""
        if question.id in self.kept:
            return False
        self.kept[question.id] = question
        self.line.append(question.id)
        return True

    def take(self) -> Question | None:
        """Return the oldest waiting question and mark it taken."""
        if not self.line:
            return None
        askers = [self.kept[i].asker for i in self.line]
        turns = [(askers[:place].count(asker), place) for place, asker in enumerate(askers)]
        self.taken.append(self.line.pop(min(turns)[1]))
        return self.kept[self.taken[-1]]

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Record the outcome."""
        if question_id not in self.taken:
            return
        self.taken.remove(question_id)
        self.finished[question_id] = outcome

    def give_up(self, question_id: QuestionId, why: str) -> None:
        """Record why there is none."""
        self.taken.remove(question_id)
        self.given_up[question_id] = why

    def put_back(self, question_id: QuestionId) -> None:
        """Make it wait again, last."""
        if question_id in self.taken:
            self.taken.remove(question_id)
            self.line.append(question_id)

    def take_alike(self, question: Question) -> Question | None:
        """Return the oldest waiting question with the same words."""
        same = [i for i in self.line if likeness(self.kept[i].full_text) == likeness(question.full_text)]
        if not same:
            return None
        self.line.remove(same[0])
        self.taken.append(same[0])
        return self.kept[same[0]]

    def before(self, question: Question) -> Question | None:
        """Return the asker's last question in the thread."""
        asked = [q for q in self.kept.values() if (q.asker, q.thread) == (question.asker, question.thread)]
        return max((q for q in asked if q.asked_at < question.asked_at), key=lambda q: q.asked_at, default=None)

    def note(self, question: Question, audience: Audience) -> None:
        """Keep how it was read, and for whom."""
        self.kept[question.id] = question
        self.audiences[question.id] = audience

    def waiting(self) -> int:
        """Return how many wait."""
        return len(self.line)


class ScriptedAnswering:
    """An Answering that plays one script a question, the last one again and again; an exception in it is raised."""

    def __init__(self, *scripts: Sequence[Step | Exception]) -> None:
        self.scripts = list(scripts) or [some_steps()]
        self.asked: list[tuple[str, Audience]] = []
        self.closed = 0
        self.before_step: Callable[[Step], None] = lambda _: None

    def steps(self, question: str, audience: Audience) -> Iterator[Step]:
        """Yield the next script's steps."""
        self.asked.append((question, audience))
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                self.before_step(step)
                yield step
        finally:
            self.closed += 1


class AfterFound(ScriptedAnswering):
    """An answering that waits once the passages are shown, until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.before_step = self._hold

    def _hold(self, step: Step) -> None:
        if not isinstance(step, Found):
            self.reached.set()
            assert self.go_on.wait(10)


class RecordingReply:
    """A Reply that keeps what it was told to show. Each of *failures* is raised once, in order, None for a success."""

    def __init__(self, failures: list[Exception | None] | None = None) -> None:
        self.steps: list[Step] = []
        self.apologies: list[Exception] = []
        self.last: Step | Exception | None = None
        self.failures = failures if failures is not None else []

    def show(self, step: Step) -> None:
        """Keep *step*."""
        self._fail()
        self.steps.append(step)
        self.last = step

    def apologise(self, error: Exception) -> None:
        """Keep *error*."""
        self._fail()
        self.apologies.append(error)
        self.last = error

    def _fail(self) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure


class RecordingReplies:
    """Replies kept by question, each opened once and taken up again; *failures* are those of every reply together."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.replies: dict[QuestionId, RecordingReply] = {}

    def reply_to(self, question: Question) -> RecordingReply:
        """Return the reply of *question*."""
        return self.replies.setdefault(question.id, RecordingReply(self.failures))


class StillClock:
    """Monotonic seconds that pass only when told to, or when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds

    def wait(self, seconds: float) -> None:
        """Let *seconds* pass at once."""
        self.waits.append(seconds)
        self.seconds += seconds
