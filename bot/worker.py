"""From the queue to the replies: one question at a time, until stopped.

    take ─► read ─► audience ─► steps ─► reply.show ─► finish, and the questions that ask the same
                                  │
                                  ├─ Slack is away ──► put back, pause, later again, at most MAX_TRIES times
                                  ├─ dropped ────────► edited, cancelled or deleted: whoever did it has seen to it
                                  └─ anything else ──► apologise, give up, go on with the next question

Knows the order of things; knows nothing of Slack, of models or of SQLite.
"""

import logging
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace

from bot.answers import Answer, Refusal, Step
from bot.errors import ModelFailed, QuestionUnusable, RecordsUnusable, SlackRefused, SlackUnavailable
from bot.following import standalone
from bot.ports import Answering, Audiences, QuestionQueue, Replies, Reply
from bot.questions import Origin, Question, QuestionId

MAX_TRIES = 20  # with the pauses below: more than an hour of Slack being away
SECONDS_BETWEEN_LOOKS = 30.0  # wake() makes looking needless; this is for a disk that has room again

log = logging.getLogger(__name__)


def pause_after(tries: int) -> float:
    """Return how many seconds to leave Slack alone after *tries* failures in a row.

    >>> [pause_after(n) for n in (1, 2, 3, 12)]
    [2.0, 4.0, 8.0, 300.0]
    """
    return min(2.0**tries, 300.0)


class Worker:
    """Answers what waits in the queue."""

    def __init__(  # noqa: PLR0913, PLR0917  # made in one place, and the last three in tests
        self,
        queue: QuestionQueue,
        answering_for: Callable[[Question], Answering],
        audiences: Audiences,
        replies: Replies,
        pause: Callable[[int], float] = pause_after,
        seconds_between_looks: float = SECONDS_BETWEEN_LOOKS,
        corrected: Callable[[str], str] = str,
    ) -> None:
        """Take questions from *queue*, and answer each with what *answering_for* gives for it.

        *pause* says how many seconds to wait after so many failures of Slack; *corrected* puts spelling right.
        """
        self._queue = queue
        self._answering_for = answering_for
        self._audiences = audiences
        self._replies = replies
        self._corrected = corrected
        self._pause = pause
        self._seconds_between_looks = seconds_between_looks
        self._tries: Counter[QuestionId] = Counter()
        self._unended: list[QuestionId] = []
        self._dropped: set[QuestionId] = set()
        self._woken = threading.Event()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Answer questions until stop() is called, from whichever thread."""
        while not self._stopping.is_set():
            self._woken.clear()
            if not self._answer_one_if_disk_allows():
                self._woken.wait(self._seconds_between_looks)

    def wake(self) -> None:
        """Say that a question was put in the queue."""
        self._woken.set()

    def stop(self) -> None:
        """Make run() return soon; a question under way is put back at its next step, for after the restart."""
        self._stopping.set()
        self._woken.set()

    def drop(self, question_id: QuestionId) -> None:
        """Stop answering a question that was edited or cancelled; nothing more of it is shown."""
        self._dropped.add(question_id)

    def answer_one(self) -> bool:
        """Answer the question whose turn it is, and those that ask the same; False if none waits.

        Raises RecordsUnusable.
        """
        self._put_back_unended()
        taken = self._queue.take()
        if taken is None:
            return False
        question: Question | None = taken
        while question is not None:
            is_answered = self._answer_taken(question)
            question = self._queue.take_alike(question) if is_answered and not self._stopping.is_set() else None
        return True

    def _answer_taken(self, taken: Question) -> bool:
        """Return whether *taken* came to an answer or a refusal."""
        self._unended = [taken.id]
        self._dropped.discard(taken.id)
        question = self._read(taken)
        reply = self._replies.reply_to(question)
        came_to = self._answer(question, reply)
        self._end(question, reply, came_to)
        self._unended = []
        return isinstance(came_to, Answer | Refusal)

    def _read(self, question: Question) -> Question:
        """Return *question* made standalone, where it follows on another, and its spelling put right."""
        before = None if question.origin is Origin.COMMAND else self._queue.before(question)
        whole = (standalone(question.text, before.full_text) if before else None) or question.text
        read_as = self._corrected(whole)
        return replace(question, read_as=read_as if read_as != question.text else "")

    def apologise_for(self, questions: Iterable[Question]) -> None:
        """Tell the askers of *questions*, given up after crashes, that there is no answer."""
        error = ModelFailed("taken too often without an end")
        for question in questions:
            unsaid = self._apologise(question, self._replies.reply_to(question), error)
            if unsaid is not None:
                log.error("apology lost", extra={"question": question.id, "why": str(unsaid)})

    def _answer_one_if_disk_allows(self) -> bool:
        try:
            return self.answer_one()
        except RecordsUnusable as error:
            log.error("records unusable", extra={"why": str(error)})  # noqa: TRY400  the sentence is enough
            return False

    def _put_back_unended(self) -> None:
        """Put back the question whose end could not be written down when it came."""
        for question_id in self._unended:
            self._queue.put_back(question_id)
        self._unended = []

    def _answer(self, question: Question, reply: Reply) -> Answer | Refusal | Exception | None:
        """Return what the question came to, what stopped it, or None if stop() or drop() did."""
        try:
            audience = self._audiences.of(question)
            self._queue.note(question, audience)
            steps = self._answering_for(question).steps(question.full_text, audience)
            return self._show(question.id, steps, reply)
        except Exception as error:  # noqa: BLE001  one of two: no question may take the others down
            return error

    def _show(self, question_id: QuestionId, steps: Iterator[Step], reply: Reply) -> Answer | Refusal | None:
        try:
            for step in steps:
                is_last = isinstance(step, Answer | Refusal)
                if question_id in self._dropped or (self._stopping.is_set() and not is_last):
                    return None
                reply.show(step)
                if isinstance(step, Answer | Refusal):
                    return step
        finally:
            if isinstance(steps, Generator):
                steps.close()  # now, not when the last error is forgotten: it stops the model
        raise ModelFailed("the steps ended without an answer or a refusal")

    def _end(self, question: Question, reply: Reply, came_to: Answer | Refusal | Exception | None) -> None:
        if came_to is None:
            self._queue.put_back(question.id)
        elif isinstance(came_to, SlackUnavailable):
            self._try_later(question, came_to)
        elif isinstance(came_to, Exception):
            self._end_without_answer(question, reply, came_to)
        else:
            self._tries.pop(question.id, None)
            self._queue.finish(question.id, came_to)
            log.info("question answered", extra={"question": question.id, "outcome": type(came_to).__name__})

    def _end_without_answer(self, question: Question, reply: Reply, error: Exception) -> None:
        if not isinstance(error, QuestionUnusable):
            log.error("question failed", extra={"question": question.id, **_particulars(error)})
        unsaid = self._apologise(question, reply, error)
        if unsaid is None:
            self._give_up(question, error)
        else:
            self._try_later(question, unsaid)

    def _apologise(self, question: Question, reply: Reply, error: Exception) -> SlackUnavailable | None:
        """Return Slack's error if it did not take the apology and may take it later."""
        try:
            reply.apologise(error)
        except SlackRefused as refused:
            log.error("apology refused", extra={"question": question.id, **_particulars(refused)})  # noqa: TRY400
        except SlackUnavailable as unavailable:
            return unavailable
        return None

    def _try_later(self, question: Question, error: SlackUnavailable) -> None:
        self._tries[question.id] += 1
        tries = self._tries[question.id]
        log.warning("slack unavailable", extra={"question": question.id, "tries": tries, "why": str(error)})
        if tries >= MAX_TRIES:
            self._give_up(question, error)
            return
        self._queue.put_back(question.id)
        self._stopping.wait(self._pause(tries))

    def _give_up(self, question: Question, error: Exception) -> None:
        self._tries.pop(question.id, None)
        self._queue.give_up(question.id, f"{type(error).__name__}: {error}")


def _particulars(error: Exception) -> dict[str, str]:
    """Return what may be logged of *error*: its class and place; its message, which may quote a question, is not."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
    code = {"code": str(error)} if isinstance(error, SlackRefused) else {}
    return {"error": type(error).__name__, "where": where, **code}
