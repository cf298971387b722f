"""What Bolt calls: questions are kept before the acknowledgement, everything else happens after it.

    middleware ─► keep, change or withdraw a question ─► acknowledged ─► listeners ─► say what there is to say

A listener would run after the acknowledgement, and what it could not write down would be lost; where the middleware
cannot, the event is not acknowledged and Slack sends it again.
"""

import logging
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from slack_bolt import Ack, App, BoltContext, BoltResponse, Respond
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk import WebClient

from bot.asking import Asking
from bot.channels import ChannelRecords
from bot.errors import BotError, SlackRefused, SlackUnavailable
from bot.ports import Kept, Line
from bot.questions import Question, QuestionId
from bot.slack import blocks, calls, incoming
from bot.slack.incoming import Deleted, Edited
from bot.slack.reply import SlackReplies
from indexer.errors import IndexerError

_NOTHING_ASKED = (
    "Write your question after the command: `/ask how many days of leave do I get?` Only you see the answer."
)
_TOO_MANY = "You have several questions waiting already. I will take the next one once those are answered."
_NO_MORE = "I no longer do that. Ask me again, and use the buttons below the new answer."
_KNOWN = "I know this question already: look in its thread."

Body = Mapping[str, object]

log = logging.getLogger(__name__)


class Questions(Protocol):
    """Knows what was asked."""

    def question(self, question_id: QuestionId) -> Question | None:
        """Return a question, whatever became of it; None if there is none."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes questions from Slack.

    *offer* shows its asker the offer of an answer, if there is one; *take_back* deletes the call to a person.
    """

    client: WebClient
    asking: Asking
    asked: Questions
    channels: ChannelRecords
    replies: SlackReplies
    line: Line
    offer: Callable[[Question], None]
    take_back: Callable[[Question], None]

    def register(self, app: App) -> None:
        """Make *app* keep each question, and acknowledge every event it is sent."""
        app.middleware(self._keep)
        app.command(incoming.ASK_COMMAND)(self._answer_command)
        app.shortcut(incoming.ANSWER_SHORTCUT)(self._take_shortcut)
        app.event(re.compile(".*"))(self._follow_up)
        app.action(re.compile(r"source_\d+"))(_acknowledge)
        app.action(re.compile(".*"))(_decline)
        app.shortcut(re.compile(".*"))(_decline)
        app.view(re.compile(".*"))(_acknowledge)
        app.error(_tell)

    def _keep(self, body: Body, context: BoltContext, next_: Callable[[], BoltResponse]) -> BoltResponse:
        bot = context.bot_user_id or ""
        question = self._question_in(body, bot)
        changed = incoming.change_in(body, bot)
        if question is not None:
            context["question"] = question
            context["kept"] = self.asking.keep(question)
            if context["kept"] is Kept.NEW:
                log.info("question kept", extra={"question": question.id})
            elif context["kept"] is Kept.KNOWN and isinstance(changed, Edited) and not self._change(changed):
                self.asking.take_up(question, question.asker.user)  # who was offered an answer has asked for it now
        elif changed is not None:
            context["change"] = changed if self._change(changed) else None
        else:
            self._keep_remark(body, bot, context)
        return next_()

    def _question_in(self, body: Body, bot: str) -> Question | None:
        now = datetime.now(UTC)
        return (
            incoming.question_in(body, bot)
            or incoming.command_in(body, bot, now)
            or incoming.shortcut_in(body, bot, now)
        )

    def _keep_remark(self, body: Body, bot: str, context: BoltContext) -> None:
        """Keep what was said to nobody by name, where it follows on a question or may be offered an answer."""
        remark = incoming.remark_in(body, bot)
        if remark is None:
            return
        if remark.thread.ts != remark.ts:
            if self.asking.follows(remark):
                context["question"], context["kept"] = remark, self.asking.keep(remark)
        elif self.channels.settings(remark.thread.team, remark.thread.channel).asks_first and self.asking.offer(remark):
            context["offered"] = remark

    def _change(self, changed: Edited | Deleted) -> bool:
        if isinstance(changed, Deleted):
            return self.asking.withdraw(changed.question_id)
        return self.asking.change(changed.question_id, changed.text)

    def _answer_command(self, ack: Ack, context: BoltContext) -> None:
        if "question" not in context:
            ack(_NOTHING_ASKED)
            return
        if context["kept"] is Kept.TOO_MANY:
            ack(_TOO_MANY)
            return
        waiting = self.line.waiting()
        seconds = waiting * self.line.seconds_per_question() if waiting > 1 else 0.0
        message = blocks.private_question(context["question"], seconds)
        ack(text=message.text, blocks=list(message.blocks))

    def _take_shortcut(self, ack: Ack, context: BoltContext, respond: Respond) -> None:
        ack()
        said = {Kept.TOO_MANY: _TOO_MANY, Kept.KNOWN: _KNOWN}.get(context.get("kept", Kept.NEW))
        if said:
            respond(text=said, response_type="ephemeral", replace_original=False)

    def _follow_up(self, body: Body, context: BoltContext) -> None:
        """Do what an event leaves to do once it is acknowledged."""
        try:
            if context.get("kept") is Kept.TOO_MANY:
                self._tell_too_many(context["question"])
            elif isinstance(context.get("change"), Deleted):
                self._remove_reply(context["change"].question_id)
            elif "offered" in context:
                self.offer(context["offered"])
            self._stop(incoming.stopped_in(body))
        except (SlackRefused, SlackUnavailable) as error:
            log.warning("an event had no echo", extra={"code": str(error)})

    def _tell_too_many(self, question: Question) -> None:
        thread = question.thread
        calls.once(
            lambda: self.client.chat_postEphemeral(
                channel=thread.channel,
                user=question.asker.user,
                text=_TOO_MANY,
                thread_ts=None if thread.ts == question.ts else thread.ts,
            )
        )

    def _remove_reply(self, question_id: QuestionId) -> None:
        question = self.asked.question(question_id)
        if question is not None:
            self.take_back(question)
            self.replies.remove(question)

    def _stop(self, question_id: QuestionId | None) -> None:
        """Stop the question whose stream was stopped by Slack's own button; in a direct message that is its asker."""
        question = self.asked.question(question_id) if question_id is not None else None
        if question is not None and self.asking.cancel(question, question.asker.user):
            self.replies.stop(question)


def _acknowledge(ack: Ack) -> None:
    """Acknowledge a click that opens an address; Slack shows a warning sign where nobody does."""
    ack()


def _decline(ack: Ack, body: Body, respond: Respond) -> None:
    """Say that a button or shortcut, from an older version of ours, does nothing any more."""
    ack()
    log.info("a press on what is no more", extra={"kind": str(body.get("type"))})
    if body.get("response_url"):
        respond(text=_NO_MORE, response_type="ephemeral", replace_original=False)


def _tell(error: Exception) -> None:
    """Log what Bolt would log together with the whole request, words included."""
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("slack sent what nobody listens to", extra={"kind": str(error.request.body.get("type"))})
    else:
        why = {"why": str(error)} if isinstance(error, BotError | IndexerError) else {}  # another may quote a question
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
        log.error("an event was not taken", extra={"error": type(error).__name__, "where": where, **why})
