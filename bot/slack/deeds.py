"""What people do with questions of their own: stop, ask again, share, take up an offer.

Who may do it is decided here, at each press, whoever the button was shown to.
"""

import threading
from dataclasses import dataclass, field, replace

from slack_bolt import App

from bot.answers import Answer, Refusal
from bot.asking import Asking
from bot.errors import SlackRefused
from bot.questions import Origin, Question, QuestionId
from bot.slack import blocks, buttons, presses
from bot.slack.blocks import Frame, Message
from bot.slack.presses import Asked, Press
from bot.slack.reply import SlackReplies
from bot.slack.rich_text import block, section, text, user
from bot.slack.rights import Rights

_NOT_YOURS = "Only the person who asked can do that."
_ENDED = "It has ended already."
_CLOSED = "Somebody in the channel may not read the pages behind this answer, or not any more, so I cannot share it."
_SHARED = "It is shared already."


@dataclass(frozen=True, slots=True)
class OwnQuestions:
    """The buttons that belong to who asked."""

    asking: Asking
    asked: Asked
    replies: SlackReplies
    rights: Rights
    _sharing: threading.Lock = field(default_factory=threading.Lock)
    _shared: set[QuestionId] = field(default_factory=set)

    def register(self, app: App) -> None:
        """Make *app* call it."""
        presses.listen(
            app,
            self.asked,
            {
                buttons.STOP: self._stop,
                buttons.AGAIN: self._again,
                buttons.SHARE: self._share,
                buttons.TAKE_UP: self._take_up,
                buttons.LEAVE: _leave,
            },
        )

    def _stop(self, press: Press) -> str:
        if not press.is_askers:
            return _NOT_YOURS
        if not self.asking.cancel(press.question, press.person):
            return _ENDED
        self.replies.stop(press.question)
        return ""

    def _again(self, press: Press) -> str:
        if not press.is_askers:
            return _NOT_YOURS
        return "" if self.asking.again(press.question, press.person) else _ENDED

    def _take_up(self, press: Press) -> str:
        if not press.is_askers:
            return _NOT_YOURS
        if not self.asking.take_up(press.question, press.person):
            return _ENDED
        return _leave(press)

    def _share(self, press: Press) -> str:
        question, outcome = press.question, self.asked.outcome(press.question.id)
        if not press.is_askers or question.origin is not Origin.COMMAND:
            return _NOT_YOURS
        if outcome is None:
            return presses.UNKNOWN
        in_channel = replace(question, origin=Origin.MENTION)
        if not self.rights.may_be_shown(outcome, in_channel, self.asked.audience_of(question.id)):
            return _CLOSED
        with self._sharing:
            if question.id in self._shared:
                return _SHARED
            _post_to_channel(_as_shared(outcome, in_channel), press)
            self._shared.add(question.id)
        return ""


def _leave(press: Press) -> str:
    press.respond(delete_original=True)
    return ""


def _post_to_channel(message: Message, press: Press) -> None:
    status = 0
    for shown in (message.blocks, message.plainer) if message.plainer else (message.blocks,):
        status = press.respond(
            text=message.text,
            blocks=list(shown),
            response_type="in_channel",
            replace_original=False,
            unfurl_links=False,
            unfurl_media=False,
        ).status_code
        if status == 200:
            return
    raise SlackRefused(f"response_url answered {status}")


def _as_shared(outcome: Answer | Refusal, question: Question) -> Message:
    """Return the reply as the channel sees it, with whom it comes from and what was asked."""
    frame = Frame(question)
    message = blocks.answer(outcome, frame) if isinstance(outcome, Answer) else blocks.refusal(outcome, frame)
    asked = [user(question.asker.user), text(" asked: "), text(blocks.shown_question(question), italic=True)]
    head = block(section(asked))
    return Message(message.text, (head, *message.blocks), (head, *message.plainer) if message.plainer else ())
