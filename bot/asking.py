"""What happens to a question from outside: it is kept, changed, taken back, offered or refused.

Knows who may do what to which question; knows nothing of Slack's wire.
"""

from collections.abc import Callable

from bot.ports import Intake, Kept
from bot.questions import Question, QuestionId

MAX_WAITING_OF_ONE = 5  # questions of one person; at 2 s an answer their last one is answered within 10 s


class Asking:
    """Puts questions in the queue *intake*. *wake* tells the worker of one, *drop* to stop answering one."""

    def __init__(self, intake: Intake, wake: Callable[[], None], drop: Callable[[QuestionId], None]) -> None:
        self._intake = intake
        self._wake = wake
        self._drop = drop

    def keep(self, question: Question) -> Kept:
        """Keep *question*, on disk when this returns. Raises RecordsUnusable."""
        kept = self._intake.admit(question, MAX_WAITING_OF_ONE)
        if kept is Kept.NEW:
            self._wake()
        return kept

    def change(self, question_id: QuestionId, text: str) -> bool:
        """Answer the question anew after its asker has edited it to *text*. False where nothing has to be done."""
        if self._intake.change(question_id, text) is None:
            return False
        self._drop(question_id)
        self._wake()
        return True

    def cancel(self, question: Question, person: str) -> bool:
        """Stop *question* for *person*, who must have asked it. False where it was theirs not, or had ended."""
        if question.asker.user != person or not self._intake.cancel(question.id):
            return False
        self._drop(question.id)
        return True

    def withdraw(self, question_id: QuestionId) -> bool:
        """Forget a question whose message was deleted. False if it was never asked."""
        self._drop(question_id)
        return self._intake.withdraw(question_id)

    def offer(self, question: Question) -> bool:
        """Keep *question* until its asker takes up the offer of an answer. False if it was there already."""
        return self._intake.offer(question)

    def take_up(self, question: Question, person: str) -> bool:
        """Answer an offered *question* for *person*, who must have asked it. False where it cannot be."""
        if question.asker.user != person or not self._intake.take_up(question.id):
            return False
        self._wake()
        return True

    def again(self, question: Question, person: str) -> bool:
        """Answer *question* once more for *person*, who must have asked it. False where it cannot be."""
        if question.asker.user != person or not self._intake.again(question.id):
            return False
        self._wake()
        return True

    def follows(self, question: Question) -> bool:
        """Return whether the asker of *question* has asked in its thread before."""
        thread = question.thread
        return self._intake.has_asked(thread.team, thread.channel, thread.ts, question.asker.user)
