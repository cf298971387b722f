"""Who waits is told where they stand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.errors import SlackUnavailable
from bot.ports import Waiting
from bot.questions import Origin, Question
from bot.usher import LOOKS_BETWEEN_NOTICES, Usher
from tests.fakes_bot import NOW, a_question


class StillLine:
    """A line that the test sets."""

    def __init__(self, *questions: Question) -> None:
        self.questions = list(questions)

    def waiting(self) -> int:
        """Count them."""
        return len(self.questions)

    def seconds_per_question(self) -> float:
        """Return two."""
        return 2.0

    def line(self, count: int) -> list[Waiting]:
        """Return the first *count*."""
        return [Waiting(question, number) for number, question in enumerate(self.questions[:count], 1)]


class Told:
    """What people were told; Slack takes nothing while *is_away*."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int, float]] = []
        self.is_away = False

    def __call__(self, question: Question, number: int, seconds: float) -> None:
        """Keep it."""
        if self.is_away:
            raise SlackUnavailable("away")
        self.said.append((question.ts, number, seconds))


def an_usher(line: StillLine, told: Told, now: datetime = NOW + timedelta(seconds=10)) -> Usher:
    """Return an usher ten seconds after everything was asked."""
    return Usher(line, told, lambda: now)


def test_those_who_wait_are_told_their_number_and_time() -> None:
    """Both come from the order of the queue and its measured speed."""
    told = Told()

    an_usher(StillLine(a_question(ts="1.1"), a_question(ts="2.1")), told).look()

    assert told.said == [("1.1", 1, 2.0), ("2.1", 2, 4.0)]


def test_who_has_just_asked_is_not_told() -> None:
    """Most are answered before they could read it."""
    told = Told()

    an_usher(StillLine(a_question()), told, NOW + timedelta(seconds=1)).look()

    assert told.said == []


def test_command_is_not_told() -> None:
    """It has no message that could be changed later."""
    told = Told()

    an_usher(StillLine(replace(a_question(), origin=Origin.COMMAND)), told).look()

    assert told.said == []


def test_only_a_new_number_is_told_and_not_too_often() -> None:
    """Slack allows few edits a minute."""
    line, told = StillLine(a_question(ts="1.1"), a_question(ts="2.1"), a_question(ts="3.1")), Told()
    usher = an_usher(line, told)
    usher.look()
    told.said.clear()

    for _ in range(LOOKS_BETWEEN_NOTICES):
        usher.look()
        line.questions = line.questions[-2:]
    usher.look()

    assert told.said == [("2.1", 1, 2.0), ("3.1", 2, 4.0)]


def test_slack_being_away_is_no_failure() -> None:
    """A notice is not worth a question."""
    told = Told()
    told.is_away = True

    an_usher(StillLine(a_question()), told, datetime.now(UTC)).look()

    assert told.said == []
