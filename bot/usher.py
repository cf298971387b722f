"""Tells people where they stand in line, while they wait.

Knows the order of the queue and how fast it moves; knows nothing of Slack.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.errors import RecordsUnusable, SlackRefused, SlackUnavailable
from bot.ports import WaitingLine
from bot.questions import Origin, Question, QuestionId

FIRST_NOTICE_AFTER = timedelta(seconds=3)  # most are answered by then
SECONDS_BETWEEN_LOOKS = 3.0
LOOKS_BETWEEN_NOTICES = 3  # of one question: chat.update is Tier 3
MAX_TOLD = 10  # whoever stands further behind is told once they come nearer; each notice is a call to Slack

log = logging.getLogger(__name__)

Show = Callable[[Question, int, float], None]
"""Tells the asker of a question its number in line, 1 for the next, and how many seconds it may take."""


class Usher:
    """Looks at the *line* now and then, and lets *show* tell those who wait. *now* gives aware UTC."""

    def __init__(self, line: WaitingLine, show: Show, now: Callable[[], datetime]) -> None:
        self._line = line
        self._show = show
        self._now = now
        self._stopping = threading.Event()
        self._told: dict[QuestionId, tuple[int, int]] = {}  # the number they were told, and looks since then

    def run(self) -> None:
        """Tell people until stop() is called, from whichever thread."""
        while not self._stopping.wait(SECONDS_BETWEEN_LOOKS):
            try:
                self.look()
            except RecordsUnusable as error:
                log.error("records unusable", extra={"why": str(error)})  # noqa: TRY400  the sentence is enough

    def stop(self) -> None:
        """Make run() return."""
        self._stopping.set()

    def look(self) -> None:
        """Tell whoever has waited for a while, or has come nearer since they were told."""
        waiting = [one for one in self._line.line(MAX_TOLD) if one.question.origin is not Origin.COMMAND]
        told = {one.question.id: self._told.get(one.question.id, (0, LOOKS_BETWEEN_NOTICES)) for one in waiting}
        seconds = self._line.seconds_per_question()
        for one in waiting:
            number, looks = told[one.question.id]
            is_new = self._now() - one.question.asked_at >= FIRST_NOTICE_AFTER and number != one.number
            if is_new and looks >= LOOKS_BETWEEN_NOTICES:
                self._tell(one.question, one.number, one.number * seconds)
                told[one.question.id] = (one.number, 0)
            else:
                told[one.question.id] = (number, looks + 1)
        self._told = told

    def _tell(self, question: Question, number: int, seconds: float) -> None:
        try:
            self._show(question, number, seconds)
        except (SlackRefused, SlackUnavailable) as error:
            log.info("a notice was left out", extra={"code": str(error)})
