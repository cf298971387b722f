"""From the queue to the replies."""

import logging
import threading
from dataclasses import replace

import pytest

from bot.answers import Answer, Refusal, Writing
from bot.errors import ModelFailed, QuestionUnusable, RecordsUnusable, SlackRefused, SlackUnavailable
from bot.ports import Answering
from bot.questions import Origin, Question, QuestionId
from bot.slack.audiences import EveryonesPages
from bot.worker import MAX_TRIES, Worker
from indexer.pages import EVERYONE
from tests.fakes_bot import (
    MemoryQueue,
    RecordingReplies,
    ScriptedAnswering,
    a_question,
    a_refusal,
    an_answer,
    some_steps,
)

ASKED = a_question().id


def a_worker(
    queue: MemoryQueue, answering: ScriptedAnswering | None = None, replies: RecordingReplies | None = None
) -> Worker:
    """Return a worker that does not pause."""
    scripted = answering or ScriptedAnswering()
    return Worker(queue, lambda _: scripted, EveryonesPages(), replies or RecordingReplies(), lambda _: 0.0)


@pytest.fixture
def queue() -> MemoryQueue:
    """Return a queue in which one question waits."""
    queue = MemoryQueue()
    queue.put(a_question())
    return queue


def test_question_is_shown_step_by_step_and_finished(queue: MemoryQueue) -> None:
    """Passages, draft and answer are shown in order; the answer is recorded."""
    answering, replies = ScriptedAnswering(), RecordingReplies()

    assert a_worker(queue, answering, replies).answer_one()

    assert replies.replies[ASKED].steps == some_steps()
    assert queue.finished == {ASKED: an_answer()}
    assert answering.asked == [("How many days off do I get?", frozenset({EVERYONE}))]


@pytest.mark.parametrize("origin", Origin)
def test_a_mistyped_question_is_read_as_it_was_meant(origin: Origin) -> None:
    """Wherever it was asked, and so it is told to whoever asked and kept with the question."""
    queue, answering, read = MemoryQueue(), ScriptedAnswering(), list[Question]()
    queue.put(replace(a_question("How many holidys?"), origin=origin))
    replies = RecordingReplies()

    def answering_for(question: Question) -> Answering:
        read.append(question)
        return answering

    def corrected(question: str) -> str:
        return question.replace("holidys", "holidays")

    Worker(queue, answering_for, EveryonesPages(), replies, lambda _: 0.0, corrected=corrected).answer_one()

    assert [question.read_as for question in read] == ["How many holidays?"]
    assert answering.asked == [("How many holidays?", frozenset({EVERYONE}))]


def test_refusal_alone_is_shown_and_finished(queue: MemoryQueue) -> None:
    """What is surely not in the wiki is refused without other steps."""
    replies = RecordingReplies()

    a_worker(queue, ScriptedAnswering([a_refusal()]), replies).answer_one()

    assert replies.replies[ASKED].steps == [a_refusal()]
    assert queue.finished == {ASKED: a_refusal()}


def test_nothing_waiting_is_said() -> None:
    """An empty queue is no work."""
    assert not a_worker(MemoryQueue()).answer_one()


def test_failure_is_apologised_for_and_the_next_question_answered(queue: MemoryQueue) -> None:
    """One lost answer takes nothing else with it."""
    queue.put(a_question(ts="2.1"))
    replies = RecordingReplies()
    failed = ModelFailed("out of memory")
    worker = a_worker(queue, ScriptedAnswering([*some_steps()[:2], failed], some_steps()), replies)

    worker.answer_one()
    worker.answer_one()

    assert replies.replies[ASKED].apologies == [failed]
    assert queue.given_up == {ASKED: "ModelFailed: out of memory"}
    assert list(queue.finished) == [a_question(ts="2.1").id]


@pytest.mark.parametrize("error", [ZeroDivisionError("bug"), KeyError("bug"), RecursionError(), MemoryError()])
def test_bug_is_apologised_for_too(error: Exception, queue: MemoryQueue) -> None:
    """Every accepted question ends in a visible message, whatever went wrong."""
    replies = RecordingReplies()

    a_worker(queue, ScriptedAnswering([error]), replies).answer_one()

    assert replies.replies[ASKED].apologies == [error]
    assert list(queue.given_up) == [ASKED]


def test_steps_without_an_end_are_a_failure(queue: MemoryQueue) -> None:
    """A draft is never left standing as if it were the answer."""
    replies = RecordingReplies()

    a_worker(queue, ScriptedAnswering(some_steps()[:2]), replies).answer_one()

    (apology,) = replies.replies[ASKED].apologies
    assert isinstance(apology, ModelFailed)


def test_unusable_question_is_told_so_and_is_no_error(queue: MemoryQueue, caplog: pytest.LogCaptureFixture) -> None:
    """The asker can mend it; the operator need not hear of it."""
    replies = RecordingReplies()
    unusable = QuestionUnusable("I need a question in words.")

    with caplog.at_level(logging.INFO):
        a_worker(queue, ScriptedAnswering([unusable]), replies).answer_one()

    assert replies.replies[ASKED].apologies == [unusable]
    assert queue.given_up == {ASKED: "QuestionUnusable: I need a question in words."}
    assert caplog.records == []


def test_question_is_tried_again_when_slack_was_away(queue: MemoryQueue) -> None:
    """It waits behind the others, and is answered later."""
    queue.put(a_question(ts="2.1"))
    replies = RecordingReplies(SlackUnavailable("URLError"))
    worker = a_worker(queue, replies=replies)

    worker.answer_one()
    in_line = list(queue.line)
    worker.answer_one()
    worker.answer_one()

    assert in_line == [a_question(ts="2.1").id, ASKED]
    assert set(queue.finished) == {ASKED, a_question(ts="2.1").id}
    assert queue.given_up == {}


def test_question_is_given_up_when_slack_stays_away(queue: MemoryQueue) -> None:
    """There is an end to trying."""
    worker = a_worker(queue, replies=RecordingReplies(*[SlackUnavailable("URLError")] * MAX_TRIES))

    while worker.answer_one():
        pass

    assert queue.given_up == {ASKED: "SlackUnavailable: URLError"}


def test_pauses_grow_while_slack_is_away(queue: MemoryQueue) -> None:
    """Slack is left alone for longer after each failure of a question."""
    tries: list[int] = []

    def no_pause(n: int) -> float:
        tries.append(n)
        return 0.0

    replies = RecordingReplies(*[SlackUnavailable("URLError")] * 3)
    worker = Worker(queue, lambda _: ScriptedAnswering(), EveryonesPages(), replies, no_pause)

    while worker.answer_one():
        pass

    assert tries == [1, 2, 3]


def test_apology_that_slack_did_not_take_is_tried_again(queue: MemoryQueue) -> None:
    """The question goes round once more rather than end in silence."""
    replies = RecordingReplies(SlackUnavailable("URLError"))
    worker = a_worker(queue, ScriptedAnswering([ModelFailed("x")]), replies)

    worker.answer_one()
    worker.answer_one()

    assert len(replies.replies[ASKED].apologies) == 1
    assert list(queue.given_up) == [ASKED]


def test_reply_that_slack_refuses_is_given_up_with_its_code(
    queue: MemoryQueue, caplog: pytest.LogCaptureFixture
) -> None:
    """In a channel that the bot was removed from, nothing can be said; the log says why."""
    refused = SlackRefused("not_in_channel")
    worker = a_worker(queue, replies=RecordingReplies(refused, refused))

    worker.answer_one()

    assert queue.given_up == {ASKED: "SlackRefused: not_in_channel"}
    assert [vars(r)["code"] for r in caplog.records] == ["not_in_channel", "not_in_channel"]


def test_nothing_that_was_asked_or_written_is_logged(queue: MemoryQueue, caplog: pytest.LogCaptureFixture) -> None:
    """An error's message may quote a question; only its class, its place and the question's id are logged."""
    error = ValueError("cannot read 'How many days off do I get?'")

    with caplog.at_level(logging.INFO):
        a_worker(queue, ScriptedAnswering([error])).answer_one()

    (record,) = caplog.records
    logged = str(vars(record)) + (record.exc_text or "")
    assert "days off" not in logged
    assert (vars(record)["question"], vars(record)["error"]) == (ASKED, "ValueError")
    assert "fakes_bot.py" in vars(record)["where"]


class SignallingQueue(MemoryQueue):
    """A queue that tells when it was found empty and when a question was finished."""

    def __init__(self) -> None:
        super().__init__()
        self.empty, self.done = threading.Event(), threading.Event()

    def take(self) -> Question | None:
        """Take, and tell if there was nothing."""
        taken = super().take()
        if taken is None:
            self.empty.set()
        return taken

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Finish, and tell."""
        super().finish(question_id, outcome)
        self.done.set()


class FullDisk(SignallingQueue):
    """A queue that cannot record the end of a question until there is *room*, and tells when it *failed*."""

    def __init__(self) -> None:
        super().__init__()
        self.room, self.failed = False, threading.Event()

    def finish(self, question_id: QuestionId, outcome: Answer | Refusal) -> None:
        """Fail until there is room."""
        self._fail_without_room()
        super().finish(question_id, outcome)

    def put_back(self, question_id: QuestionId) -> None:
        """Fail until there is room."""
        self._fail_without_room()
        super().put_back(question_id)

    def _fail_without_room(self) -> None:
        if not self.room:
            self.failed.set()
            raise RecordsUnusable("the disk is full")


def test_question_whose_end_could_not_be_recorded_is_taken_up_when_it_can() -> None:
    """A full disk leaves the shown answer standing, and no question stuck once there is room."""
    queue, replies = FullDisk(), RecordingReplies()
    queue.put(a_question())
    worker = a_worker(queue, replies=replies)
    for _ in range(2):
        with pytest.raises(RecordsUnusable):
            worker.answer_one()
    shown_once = list(replies.replies[ASKED].steps)
    queue.room = True

    worker.answer_one()

    assert shown_once == some_steps()
    assert replies.replies[ASKED].apologies == []
    assert list(queue.finished) == [ASKED]


def test_stopping_puts_the_question_back_at_its_next_step(queue: MemoryQueue) -> None:
    """SIGTERM does not wait for the model to end, and closes it."""
    answering, replies = ScriptedAnswering(), RecordingReplies()
    worker = a_worker(queue, answering, replies)
    answering.before_step = lambda step: worker.stop() if isinstance(step, Writing) else None

    worker.run()

    assert queue.line == [ASKED]
    assert replies.replies[ASKED].steps == some_steps()[:1]
    assert answering.closed == 1


def test_stopping_lets_a_finished_answer_through(queue: MemoryQueue) -> None:
    """What is ready is shown and recorded, not thrown away."""
    answering = ScriptedAnswering()
    worker = a_worker(queue, answering)
    answering.before_step = lambda step: worker.stop() if isinstance(step, Answer) else None

    worker.run()

    assert list(queue.finished) == [ASKED]


def test_crashing_questions_are_apologised_for(queue: MemoryQueue) -> None:
    """Whoever asked a question that took the bot down learns that there is no answer."""
    replies = RecordingReplies()

    a_worker(queue, replies=replies).apologise_for([a_question()])

    assert len(replies.replies[ASKED].apologies) == 1


def running(worker: Worker) -> threading.Thread:
    """Start *worker* in a thread of its own."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    return thread


def test_put_wakes_a_resting_worker() -> None:
    """A question does not wait for the next look at the queue."""
    queue = SignallingQueue()
    worker = a_worker(queue)
    thread = running(worker)
    assert queue.empty.wait(5)

    queue.put(a_question())
    worker.wake()

    assert queue.done.wait(5)
    worker.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_resting_worker_stops_at_once() -> None:
    """Stopping does not wait for the next look at the queue."""
    queue = SignallingQueue()
    worker = a_worker(queue)
    thread = running(worker)
    assert queue.empty.wait(5)

    worker.stop()

    thread.join(5)
    assert not thread.is_alive()


def test_worker_pausing_for_slack_stops_at_once(queue: MemoryQueue) -> None:
    """A restart does not wait for a pause to end; the question is kept for after it."""
    pausing = threading.Event()

    def a_long_pause(_: int) -> float:
        pausing.set()
        return 3600.0

    replies = RecordingReplies(SlackUnavailable("URLError"))
    worker = Worker(queue, lambda _: ScriptedAnswering(), EveryonesPages(), replies, a_long_pause)
    thread = running(worker)
    assert pausing.wait(5)

    worker.stop()

    thread.join(5)
    assert not thread.is_alive()
    assert queue.line == [ASKED]


def test_worker_outlives_a_full_disk() -> None:
    """While the records cannot be written the worker looks again now and then."""
    queue = FullDisk()
    queue.put(a_question())
    worker = Worker(
        queue, lambda _: ScriptedAnswering(), EveryonesPages(), RecordingReplies(), seconds_between_looks=0.001
    )
    thread = running(worker)
    assert queue.failed.wait(5)

    queue.room = True

    assert queue.done.wait(5)
    worker.stop()
    thread.join(5)
    assert list(queue.finished) == [ASKED]
