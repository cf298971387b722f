"""What every Reply promises."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.answers import Answer, Found, Refusal, RefusalReason, Writing
from bot.errors import ModelFailed
from bot.ports import Replies
from bot.questions import Asker, Question, Thread, question_id
from bot.records import Records
from bot.slack.app import client_for
from bot.slack.reply import SlackReplies
from bot.workspace import Workspace
from tests.fakes_bot import (
    NOW,
    RecordingReplies,
    StillClock,
    a_hit,
    a_question,
    a_refusal,
    an_answer,
    shown,
    some_steps,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where replies are seen: *replies* opens them, *ask* asks a new question, *seen* gives all that stands below it.

    Passages are seen as "found", an apology as "sorry", all else as its text.
    """

    replies: Replies
    ask: Callable[[], Question]
    seen: Callable[[Question], list[str]]


def in_memory() -> Iterator[Place]:
    """Yield the fake."""
    replies, numbers = RecordingReplies(), itertools.count(1)

    def seen(question: Question) -> list[str]:
        last = replies.replies[question.id].last
        match last:
            case None:
                return []
            case Found():
                return ["found"]
            case Exception():
                return ["sorry"]
            case Writing() | Answer() | Refusal():
                return [last.text]

    yield Place(replies, lambda: a_question(ts=f"{next(numbers)}.1"), seen)


def in_slack(path: Path) -> Iterator[Place]:
    """Yield the real one, in a local workspace."""
    workspace, clock = Workspace.start(), StillClock()
    records = Records(path, lambda: NOW)
    replies = SlackReplies(client_for(workspace.bot_token, workspace.api_url), records.replies, clock, clock.wait)

    def ask() -> Question:
        ts = workspace.say("U0MAYA", "C0ITHELP", "how many days off?")
        thread = Thread("T1", "C0ITHELP", ts, is_direct=False)
        question = Question(question_id("T1", "C0ITHELP", ts), "how many?", Asker("U0MAYA"), thread, ts, NOW)
        records.put(question)
        return question

    def seen(question: Question) -> list[str]:
        texts = [m.text for m in workspace.thread("C0ITHELP", question.ts) if m.ts != question.ts]
        return [{"Found": "found", "Sorry,": "sorry"}.get(text.split()[0], text) for text in texts]

    yield Place(replies, ask, seen)
    records.close()
    workspace.close()


@pytest.fixture(params=["memory", "slack"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Return a place where nothing was said yet."""
    yield from in_memory() if request.param == "memory" else in_slack(tmp_path / "records.db")


def test_opening_a_reply_says_nothing(place: Place) -> None:
    """A reply is seen once it has something to show."""
    question = place.ask()

    place.replies.reply_to(question)

    assert place.seen(question) == []


def test_steps_follow_one_another_in_one_place(place: Place) -> None:
    """Whatever came before, the answer stands alone at the end."""
    question = place.ask()
    reply = place.replies.reply_to(question)
    reply.show(Found(shown(a_hit())))
    found = place.seen(question)

    for step in some_steps():
        reply.show(step)

    assert found == ["found"]
    assert place.seen(question) == ["You get 28 days. [1]"]


@pytest.mark.parametrize("last", [an_answer(), a_refusal(RefusalReason.DECLINED, text="The wiki does not say.")])
def test_answer_or_refusal_may_come_alone(place: Place, last: Answer | Refusal) -> None:
    """What needs no model is shown at once."""
    question = place.ask()

    place.replies.reply_to(question).show(last)

    assert place.seen(question) == [last.text]


@pytest.mark.parametrize("before", [[], [Found(shown(a_hit()))], [Found(shown(a_hit())), Writing("You")]])
def test_apology_takes_the_place_of_what_was_shown(place: Place, before: list[Found | Writing]) -> None:
    """No draft is left standing beside it."""
    question = place.ask()
    reply = place.replies.reply_to(question)
    for step in before:
        reply.show(step)

    reply.apologise(ModelFailed("out of memory"))

    assert place.seen(question) == ["sorry"]


def test_reply_begun_before_a_restart_is_taken_up_again(place: Place) -> None:
    """It is the same reply, not a second one."""
    question = place.ask()
    place.replies.reply_to(question).show(Found(shown(a_hit())))

    place.replies.reply_to(question).show(an_answer())

    assert place.seen(question) == ["You get 28 days. [1]"]


def test_questions_have_replies_of_their_own(place: Place) -> None:
    """What is shown for one does not change another."""
    first, second = place.ask(), place.ask()
    place.replies.reply_to(first).show(an_answer())

    place.replies.reply_to(second).show(Found(shown(a_hit())))

    assert place.seen(first) == ["You get 28 days. [1]"]
    assert place.seen(second) == ["found"]
