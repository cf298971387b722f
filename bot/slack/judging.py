"""Looking behind an answer and saying whether it helped."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.answers import Answer, Refusal
from bot.feedback import Reason, Verdict
from bot.questions import Question, QuestionId
from bot.slack import buttons, calls, forms, presses
from bot.slack.presses import Asked, Body, Press
from bot.slack.rights import Admins, Rights
from indexer.pages import Audience

_NOT_SHOWN = "Only the person who asked and admins can see what I was shown."
_CLOSED = "I cannot show that: a page behind this answer was closed to you or removed since, or I am still starting."
_THANKS = "Thank you. It was noted together with what I was shown."


class Feedback(Protocol):
    """Keeps what people say of answers."""

    def give(self, question: Question, outcome: Answer | Refusal, person: str, verdict: Verdict) -> None:
        """Keep *person*'s verdict; a second one takes the first one's place."""

    def explain(self, question_id: QuestionId, person: str, reason: Reason, correction: str, page: str) -> bool:
        """Add why *person* finds the answer bad. False if they gave no such verdict."""


@dataclass(frozen=True, slots=True)
class Judging:
    """The thumbs, the form behind the one that points down, and what the model was shown.

    *forget* drops an answer that would else be given again.
    """

    client: WebClient
    asked: Asked
    feedback: Feedback
    admins: Admins
    forget: Callable[[Question, Audience], None]
    rights: Rights

    def register(self, app: App) -> None:
        """Make *app* call it."""
        deeds = {
            buttons.AUDIT: self._show_what_was_shown,
            buttons.HELPFUL: self._praise,
            buttons.NOT_HELPFUL: self._complain,
        }
        presses.listen(app, self.asked, deeds)
        app.action(buttons.FEEDBACK)(self._judge)
        app.view(forms.GIVE_REASON)(self._take_reason)

    def _judge(self, ack: Ack, body: Body, action: Body, respond: Respond) -> None:
        ack()
        verdict, _, known = str(action.get("value") or "").partition("|")
        presses.act(self.asked, self._praise if verdict == buttons.GOOD else self._complain, known, body, respond)

    def _show_what_was_shown(self, press: Press) -> str:
        outcome = self.asked.outcome(press.question.id)
        may_open = outcome is None or self.rights.may_still_open(outcome, press.question)
        if not (press.is_askers and may_open) and not self.admins.has(press.person):
            return _CLOSED if press.is_askers else _NOT_SHOWN
        if outcome is None:
            return presses.UNKNOWN
        self._open(forms.shown(press.question, outcome), press)
        return ""

    def _praise(self, press: Press) -> str:
        return _THANKS if self._keep(press, Verdict.GOOD) else presses.UNKNOWN

    def _complain(self, press: Press) -> str:
        if not self._keep(press, Verdict.BAD):
            return presses.UNKNOWN
        self.forget(press.question, self.asked.audience_of(press.question.id))
        self._open(forms.reasons(press.question.id), press)
        return ""

    def _keep(self, press: Press, verdict: Verdict) -> bool:
        outcome = self.asked.outcome(press.question.id)
        if outcome is None:
            return False
        self.feedback.give(press.question, outcome, press.person, verdict)
        return True

    def _take_reason(self, ack: Ack, body: Body) -> None:
        """Keep why an answer was bad, before the form is taken from its writer's eyes."""
        view = body.get("view")
        assert isinstance(view, dict), "Bolt calls this for a submitted view"
        given, known = forms.read(view), QuestionId(json.loads(view["private_metadata"])["question"])
        reason = Reason(given[forms.REASON])
        self.feedback.explain(known, presses.person_of(body), reason, given[forms.CORRECTION], given[forms.PAGE])
        ack()

    def _open(self, view: forms.View, press: Press) -> None:
        calls.once(lambda: self.client.views_open(trigger_id=press.trigger_id, view=view))
