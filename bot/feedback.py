"""What people say of answers."""

from dataclasses import dataclass
from enum import StrEnum

from bot.answers import ShownPassage
from bot.questions import QuestionId


class Verdict(StrEnum):
    """Whether an answer helped."""

    GOOD = "good"
    BAD = "bad"


class Reason(StrEnum):
    """Why an answer did not help."""

    UNSAID = ""
    WRONG = "wrong"
    OUTDATED = "outdated"
    MISSING = "missing"
    NOT_ALLOWED = "not_allowed"
    STYLE = "style"


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """What one person said of one answer.

    *question* is as it was read, *answer* the text with its markers, or what the refusal said; *passages* are those
    the model was shown, in their order, with text and revision. *correction* and *page* are the person's own words,
    empty where they gave none. *given_at* is ISO, UTC.
    """

    question_id: QuestionId
    person: str
    given_at: str
    question: str
    passages: tuple[ShownPassage, ...]
    answer: str
    is_refusal: bool
    verdict: Verdict
    reason: Reason
    correction: str
    page: str
    model: str
    generation: int
