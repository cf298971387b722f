"""Replies in Slack: one message in the question's thread, edited in place.

    show(Found) ─► chat.postMessage
    show(Writing) ─► chat.update, at most every SECONDS_BETWEEN_UPDATES, or not at all
    show(Answer) ─► chat.update, tried until Slack takes it

A first message whose posting got no reply may stand in the thread all the same: each carries the question's id in its
metadata, and the thread is searched for it before another is posted.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.answers import Answer, Found, Refusal, ShownPassage, Step, Writing
from bot.questions import Question, QuestionId
from bot.slack import blocks, calls
from bot.slack.blocks import Message

METADATA_TYPE = "footnote_answer"
SECONDS_BETWEEN_UPDATES = 1.5  # chat.update is Tier 3: 50 a minute, and each one takes Slack's time to show
MAX_THREAD_PAGES = 5  # of 200 messages each, from the question on

_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}

log = logging.getLogger(__name__)


class ReplyRecords(Protocol):
    """Remembers across restarts which message is a question's reply."""

    def begin_reply(self, question_id: QuestionId) -> None:
        """Remember that the first message of a reply is about to be posted."""

    def keep_reply(self, question_id: QuestionId, ts: str) -> None:
        """Remember that the message *ts* is the question's reply."""

    def reply_ts(self, question_id: QuestionId) -> str | None:
        """Return the reply's message; empty if one was begun and Slack never said which, None if none was begun."""


class SlackReplies:
    """Opens replies. *clock* gives monotonic seconds; *wait* waits for so many seconds and may return early."""

    def __init__(
        self, client: WebClient, records: ReplyRecords, clock: Callable[[], float], wait: Callable[[float], object]
    ) -> None:
        """Post with *client*, which must not try calls again by itself: see `client_for`."""
        self._client = client
        self._records = records
        self._clock = clock
        self._wait = wait

    def reply_to(self, question: Question) -> "SlackReply":
        """Return the reply of *question*; one already begun before a restart is taken up again, not doubled."""
        posted = PostedMessage(self._client, self._records, question)
        return SlackReply(posted, self._clock, self._wait)


class SlackReply:
    """The reply to one question."""

    def __init__(self, posted: "PostedMessage", clock: Callable[[], float], wait: Callable[[float], object]) -> None:
        self._posted = posted
        self._clock = clock
        self._wait = wait
        self._passages: tuple[ShownPassage, ...] = ()
        self._quiet_until = clock()

    def show(self, step: Step) -> None:
        """Show *step* in place of what was shown before. Raises SlackUnavailable or SlackRefused.

        What is shown on the way to an answer may be left out: when the last was shown a moment ago, or Slack is busy.
        """
        match step:
            case Found():
                self._passages = step.passages
                self._show_if_quiet(blocks.found(step))
            case Writing():
                self._show_if_quiet(blocks.writing(step, self._passages))
            case Answer():
                self._show_surely(blocks.answer(step))
            case Refusal():
                self._show_surely(blocks.refusal(step))

    def apologise(self, error: Exception) -> None:
        """Say in one friendly sentence that there is no answer this time. Raises SlackUnavailable or SlackRefused."""
        self._show_surely(blocks.apology(error, self._passages))

    def _show_surely(self, message: Message) -> None:
        calls.patiently(lambda: self._posted.change_to(message), self._wait)

    def _show_if_quiet(self, message: Message) -> None:
        if self._clock() < self._quiet_until:
            return
        pause = SECONDS_BETWEEN_UPDATES
        try:
            self._posted.change_to(message)
        except calls.FOREIGN as error:
            if not calls.may_pass(error):
                raise calls.ours(error) from error
            pause = max(pause, calls.retry_after(error))
            log.info("an update was left out", extra={"error": type(error).__name__})
        self._quiet_until = self._clock() + pause


class PostedMessage:
    """The one message in Slack that holds the reply to *question*. Raises Slack's own errors."""

    def __init__(self, client: WebClient, records: ReplyRecords, question: Question) -> None:
        self._client = client
        self._records = records
        self._question = question
        self._thread = question.thread
        ts = records.reply_ts(question.id)
        self._ts = ts or ""
        self._may_be_lost = ts == ""

    def change_to(self, message: Message) -> None:
        """Make the message say *message*; post it where there is none, or none any more."""
        if self._may_be_lost:
            self._find()
        if not self._ts or not self._update(message):
            self._post(message)

    def _update(self, message: Message) -> bool:
        """Return whether the message was still there to be edited."""
        try:
            self._client.chat_update(
                channel=self._thread.channel,
                ts=self._ts,
                text=message.text,
                blocks=message.blocks,
                metadata=self._metadata(),
            )
        except SlackApiError as error:
            if calls.code_of(error) not in _GONE:
                raise
            log.warning("a reply is gone, posting anew", extra={"question": self._question.id})
            self._ts = ""
        return bool(self._ts)

    def _post(self, message: Message) -> None:
        self._records.begin_reply(self._question.id)
        self._may_be_lost = True
        posted = self._client.chat_postMessage(
            channel=self._thread.channel,
            thread_ts=self._thread.ts,
            unfurl_links=False,
            unfurl_media=False,
            text=message.text,
            blocks=message.blocks,
            metadata=self._metadata(),
        )
        self._keep(str(posted["ts"]))

    def _find(self) -> None:
        """Look in the thread for a message that was posted without our learning of it."""
        try:
            ts = self._ts_in_thread()
        except SlackApiError as error:
            if calls.may_pass(error):
                raise
            log.warning("a thread cannot be read", extra={"code": calls.code_of(error)})
            ts = ""
        self._may_be_lost = False
        if ts:
            self._keep(ts)

    def _ts_in_thread(self) -> str:
        cursor = ""
        for _ in range(MAX_THREAD_PAGES):
            page = self._client.conversations_replies(
                channel=self._thread.channel,
                ts=self._thread.ts,
                oldest=self._question.ts,
                limit=200,
                include_all_metadata=True,
                cursor=cursor or None,
            )
            own = [m for m in page["messages"] if m.get("metadata") == self._metadata()]
            if own:
                return str(own[0]["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return ""

    def _keep(self, ts: str) -> None:
        self._ts = ts
        self._may_be_lost = False
        self._records.keep_reply(self._question.id, ts)

    def _metadata(self) -> dict[str, object]:
        return {"event_type": METADATA_TYPE, "event_payload": {"question_id": self._question.id}}
