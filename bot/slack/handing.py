"""Asking a person: the channel's owner, or that of a page, is called, and says when it is settled."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from slack_bolt import App
from slack_sdk import WebClient

from bot.errors import SlackRefused, SlackUnavailable
from bot.questions import Origin, Question, QuestionId
from bot.slack import blocks, buttons, calls, presses
from bot.slack.blocks import Message
from bot.slack.owners import Owner, Owners
from bot.slack.presses import Asked, Press
from bot.slack.rich_text import Block, Element, block, link, quote, section, text, user
from bot.slack.rights import Admins

_NOBODY = (
    "Nobody else is named as the person to ask. An admin can name one for this channel with `/wiki settings`, and the "
    "wiki can name the owner of a page."
)
_CALLED = "Somebody was asked already."
_NOT_YOURS_TO_RESOLVE = "Only the person who was asked, who asked, and admins can do that."
_RESOLVED = "It is resolved already."
_METADATA_TYPE = "footnote_handover"

log = logging.getLogger(__name__)


class Handover(Protocol):
    """A question in a person's hands."""

    @property
    def channel(self) -> str:
        """Where the message is that calls them."""

    @property
    def ts(self) -> str:
        """That message; empty if Slack never said."""

    @property
    def owner(self) -> str:
        """Who was called."""


class Handovers(Protocol):
    """Remembers which questions went to a person."""

    def begin(self, question_id: QuestionId, asked_by: str, owner: str) -> bool:
        """Keep that *question_id* goes to *owner*. False if somebody was called already."""

    def keep_message(self, question_id: QuestionId, channel: str, ts: str) -> bool:
        """Remember which message calls the person. False where the question was taken back by now."""

    def drop(self, question_id: QuestionId) -> None:
        """Forget a handover whose message Slack did not take."""

    def owner(self, question_id: QuestionId) -> str:
        """Return who was called; empty if nobody."""

    def resolve(self, question_id: QuestionId, person: str) -> Handover | None:
        """Keep that *person* has settled it; None if it was settled already, or never handed over."""

    def take_back(self, question_id: QuestionId) -> Handover | None:
        """Forget that a question went to a person, and return how; None if it never did."""


@dataclass(frozen=True, slots=True)
class HandingOver:
    """The buttons "Ask a person" and "Resolved"."""

    client: WebClient
    asked: Asked
    handovers: Handovers
    owners: Owners
    admins: Admins

    def register(self, app: App) -> None:
        """Make *app* call it."""
        presses.listen(app, self.asked, {buttons.HAND_OVER: self._hand_over, buttons.RESOLVE: self._resolve})

    def take_back(self, question: Question) -> None:
        """Delete the message that calls a person for *question*, which its asker has deleted: it repeats the words."""
        handed = self.handovers.take_back(question.id)
        if handed is not None and handed.ts:  # else it is on its way, and deleted once it is there
            self._delete(handed.channel, handed.ts)

    def _delete(self, channel: str, ts: str) -> None:
        try:
            calls.once(lambda: self.client.chat_delete(channel=channel, ts=ts))
        except (SlackRefused, SlackUnavailable) as error:
            log.warning("a call to a person was not deleted", extra={"code": str(error)})

    def _hand_over(self, press: Press) -> str:
        question = press.question
        owner = self.owners.to_ask(question, self.asked.outcome(question.id))
        if owner is None:
            return _NOBODY
        if not self.handovers.begin(question.id, press.person, owner.user):
            return _CALLED
        try:
            ts = self._call(question, owner.user)
        except (SlackRefused, SlackUnavailable):
            self.handovers.drop(question.id)
            raise
        if ts and owner.of_page and not _is_private(question):
            self._tell_owner(question, owner, ts)
        return "I have asked a person to look at it." if _is_private(question) else ""

    def _call(self, question: Question, owner: str) -> str:
        """Call *owner* in the question's thread, or by direct message where the thread is not for everybody.

        Return the ts of the message that does; empty where the question was deleted meanwhile, and it with it.
        """
        channel, thread_ts = _place(question, owner)
        message = _calling(question, owner)
        posted = calls.once(
            lambda: self.client.chat_postMessage(
                channel=channel,
                thread_ts=thread_ts,
                text=message.text,
                blocks=message.blocks,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": _METADATA_TYPE, "event_payload": {"question_id": question.id}},
            )
        )
        if not self.handovers.keep_message(question.id, str(posted["channel"]), str(posted["ts"])):
            self._delete(str(posted["channel"]), str(posted["ts"]))
            return ""
        return str(posted["ts"])

    def _tell_owner(self, question: Question, owner: Owner, ts: str) -> None:
        """Tell *owner* in private too: Slack notifies nobody of a thread in a channel that they are not in."""
        try:
            place = calls.once(lambda: self.client.chat_getPermalink(channel=question.thread.channel, message_ts=ts))
            message = _asking(question.asker.user, str(place["permalink"]))
            self._post(owner.user, message)
        except (SlackRefused, SlackUnavailable) as error:
            log.info("the owner of a page was called in the thread alone", extra={"code": str(error)})

    def _resolve(self, press: Press) -> str:
        question = press.question
        may = press.is_askers or press.person == self.handovers.owner(question.id) or self.admins.has(press.person)
        if not may:
            return _NOT_YOURS_TO_RESOLVE
        if self.handovers.resolve(question.id, press.person) is None:
            return _RESOLVED
        message = _settled(question, press.person)
        press.replace(message.text, message.blocks)
        if _is_private(question) and not press.is_askers:
            self._tell_asker(question, message)
        return ""

    def _tell_asker(self, question: Question, message: Message) -> None:
        self._post(question.asker.user, message)

    def _post(self, person: str, message: Message) -> None:
        calls.once(
            lambda: self.client.chat_postMessage(
                channel=person, text=message.text, blocks=message.blocks, unfurl_links=False, unfurl_media=False
            )
        )


def _is_private(question: Question) -> bool:
    return question.thread.is_direct or question.origin is Origin.COMMAND


def _place(question: Question, owner: str) -> tuple[str, str | None]:
    return (owner, None) if _is_private(question) else (question.thread.channel, question.thread.ts)


def _calling(question: Question, owner: str) -> Message:
    words = blocks.shown_question(question)
    line = [user(owner), text(", can you help "), user(question.asker.user), text(" with this?")]
    row = buttons.actions(buttons.primary(buttons.button(buttons.RESOLVE, "Resolved", question.id)))
    return _with_question("A question needs a person", line, words, [row])


def _asking(asker: str, url: str) -> Message:
    """Return what a page's owner is told in private: not the question, which may be from a channel closed to them."""
    line = [user(asker), text(" asked something about a page that you look after. "), link(url, "Open the thread")]
    return Message(blocks.said("A question about a page of yours needs you").text, (block(section(line)),))


def _settled(question: Question, person: str) -> Message:
    line = [text("Resolved by "), user(person), text(":")]
    return _with_question("Resolved", line, blocks.shown_question(question), [])


def _with_question(head: str, line: Sequence[Element], words: str, more: Sequence[Block]) -> Message:
    return Message(blocks.said(f"{head}: {words}").text, (block(section(line), quote(words)), *more))
