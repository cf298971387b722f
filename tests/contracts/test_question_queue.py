"""What every QuestionQueue promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.ports import QuestionQueue
from bot.records import Records
from tests.fakes_bot import NOW, MemoryQueue, a_question, a_refusal, an_answer

FIRST, SECOND, THIRD = (a_question(ts=f"{n}.1") for n in (3, 1, 2))


@pytest.fixture(params=["memory", "records"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QuestionQueue]:
    """Return an empty queue."""
    if request.param == "memory":
        yield MemoryQueue()
        return
    records = Records(tmp_path / "records.db", lambda: NOW)
    yield records
    records.close()


def test_empty_queue_gives_nothing(queue: QuestionQueue) -> None:
    """Nothing waits, nothing can be taken."""
    assert (queue.take(), queue.waiting()) == (None, 0)


def test_questions_are_taken_in_the_order_they_were_put(queue: QuestionQueue) -> None:
    """First come, first answered, whatever Slack's timestamps say."""
    for question in (FIRST, SECOND, THIRD):
        queue.put(question)

    assert [queue.take() for _ in range(4)] == [FIRST, SECOND, THIRD, None]


def test_same_question_is_kept_once(queue: QuestionQueue) -> None:
    """A doubled or redelivered event is no second question."""
    assert queue.put(FIRST) is True
    assert queue.put(a_question("the same message, edited meanwhile", ts="3.1")) is False
    assert (queue.waiting(), queue.take(), queue.take()) == (1, FIRST, None)


@pytest.mark.parametrize("end", ["taken", "finished", "refused", "given up", "put back"])
def test_question_that_came_before_is_not_kept_again(queue: QuestionQueue, end: str) -> None:
    """However far it has come, a redelivered event is no second question."""
    queue.put(FIRST)
    queue.take()
    if end == "finished":
        queue.finish(FIRST.id, an_answer())
    elif end == "refused":
        queue.finish(FIRST.id, a_refusal())
    elif end == "given up":
        queue.give_up(FIRST.id, "ModelFailed: x")
    elif end == "put back":
        queue.put_back(FIRST.id)

    assert queue.put(FIRST) is False
    assert queue.waiting() == (1 if end == "put back" else 0)


def test_same_moment_in_another_channel_is_another_question(queue: QuestionQueue) -> None:
    """Timestamps are unique in a channel only."""
    queue.put(FIRST)

    assert queue.put(a_question(ts="3.1", channel="C2")) is True


def test_question_put_back_waits_after_the_others(queue: QuestionQueue) -> None:
    """One that cannot be answered now does not hold up those that can."""
    for question in (FIRST, SECOND):
        queue.put(question)
    queue.take()

    queue.put_back(FIRST.id)

    assert queue.waiting() == 2
    assert [queue.take() for _ in range(3)] == [SECOND, FIRST, None]


def test_ended_questions_do_not_wait(queue: QuestionQueue) -> None:
    """What was answered or given up is never taken again."""
    for question in (FIRST, SECOND, THIRD):
        queue.put(question)
        queue.take()
    queue.finish(FIRST.id, an_answer())
    queue.finish(SECOND.id, a_refusal())
    queue.give_up(THIRD.id, "ModelFailed: x")

    assert (queue.waiting(), queue.take()) == (0, None)


def test_question_is_returned_as_it_was_asked(queue: QuestionQueue) -> None:
    """Its text is not cleaned, its place is kept."""
    question = a_question("  wie viele\n\n Tage? \u202e🧑\u200d🚒 ", channel="D1")

    queue.put(question)

    assert queue.take() == question
