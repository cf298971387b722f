"""Asked first: a question to nobody in particular, which the wiki surely answers, is offered an answer in private."""

from dataclasses import dataclass
from typing import Protocol

from slack_sdk import WebClient

from bot.ports import Audiences
from bot.questions import Question
from bot.slack import blocks, buttons, calls
from indexer.pages import Audience

_OFFER = "The wiki seems to have an answer to that. Shall I answer here?"


class Foresight(Protocol):
    """Tells, without asking the model, whether a question will surely be answered."""

    def is_sure(self, question: Question, audience: Audience) -> bool:
        """Return whether the passages that *audience* may read surely answer *question*."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Offers answers to questions that were kept for it."""

    client: WebClient
    audiences: Audiences
    foresight: Foresight

    def make(self, question: Question) -> None:
        """Offer the asker of *question* an answer that nobody else sees yet, if the wiki surely has one.

        Raises SlackUnavailable or SlackRefused.
        """
        if not self.foresight.is_sure(question, self.audiences.of(question)):
            return
        yes = buttons.primary(buttons.button(buttons.TAKE_UP, "Answer here", question.id))
        message = blocks.said(_OFFER)
        row = buttons.actions(yes, buttons.button(buttons.LEAVE, "No, thanks", question.id))
        calls.once(
            lambda: self.client.chat_postEphemeral(
                channel=question.thread.channel,
                user=question.asker.user,
                text=message.text,
                blocks=[*message.blocks, row],
            )
        )
