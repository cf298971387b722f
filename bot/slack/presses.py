"""Presses on the buttons below an answer: acknowledged at once, looked up, done, and answered where there is need."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slack_bolt import Ack, App, Respond

from bot.answers import Answer, Refusal
from bot.errors import RecordsUnusable, SlackRefused, SlackUnavailable
from bot.questions import Question, QuestionId
from bot.slack.rich_text import Block
from indexer.errors import IndexerError
from indexer.pages import Audience

UNKNOWN = "I no longer know this question."
BROKEN = "Sorry, I cannot do that at the moment: whoever runs me has to look at my records and my index."
FAILED = "Slack did not take that. Please try again."

Body = Mapping[str, object]

log = logging.getLogger(__name__)


class Asked(Protocol):
    """Knows what was asked and what it came to."""

    def question(self, question_id: QuestionId) -> Question | None:
        """Return a question, whatever became of it; None if there is none."""

    def outcome(self, question_id: QuestionId) -> Answer | Refusal | None:
        """Return what a question came to, with all that was shown; None if nothing."""

    def audience_of(self, question_id: QuestionId) -> Audience:
        """Return for whom a question was answered; nobody where it was not."""


@dataclass(frozen=True, slots=True)
class Press:
    """One press by *person* on a button below *question*; *trigger_id* opens a modal, *respond* answers."""

    question: Question
    person: str
    trigger_id: str
    respond: Respond

    @property
    def is_askers(self) -> bool:
        """Whether who presses is who asked."""
        return self.person == self.question.asker.user

    def replace(self, text: str, blocks: Sequence[Block]) -> None:
        """Put *text* and *blocks* in the place of the message whose button was pressed. Raises SlackRefused."""
        answer = self.respond(text=text, blocks=list(blocks), replace_original=True)
        if answer.status_code != 200:
            raise SlackRefused(f"response_url answered {answer.status_code}")


Deed = Callable[[Press], str]
"""Does what a press asks for; returns a sentence for who pressed, and for nobody else, or an empty one."""


def listen(app: App, asked: Asked, deeds: Mapping[str, Deed]) -> None:
    """Make *app* do each of *deeds*, by action_id, on the question whose id the button carries."""
    for action_id, deed in deeds.items():
        app.action(action_id)(_listener(asked, deed))


def act(asked: Asked, deed: Deed, known: str, body: Body, respond: Respond) -> None:
    """Do *deed* on the question *known*, and tell who pressed what there is to tell."""
    try:
        question = asked.question(QuestionId(known))
        said = UNKNOWN if question is None else deed(Press(question, person_of(body), _trigger(body), respond))
    except (SlackRefused, SlackUnavailable) as error:
        log.warning("a press had no effect", extra={"code": str(error)})
        said = FAILED
    except (RecordsUnusable, IndexerError) as error:
        log.error("a press had no effect", extra={"why": str(error)})  # noqa: TRY400  the sentence is enough
        said = BROKEN
    if said:
        respond(text=said, response_type="ephemeral", replace_original=False)


def person_of(body: Body) -> str:
    """Return who did it."""
    person = body.get("user")
    return str(person.get("id") or "") if isinstance(person, Mapping) else ""


def _listener(asked: Asked, deed: Deed) -> Callable[..., None]:
    def listener(ack: Ack, body: Body, action: Body, respond: Respond) -> None:
        ack()
        act(asked, deed, str(action.get("value") or ""), body, respond)

    return listener


def _trigger(body: Body) -> str:
    return str(body.get("trigger_id") or "")
