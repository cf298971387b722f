"""The one message in Slack that holds the reply to a question: posted once, edited in place, found again after a crash.

A first message whose posting got no reply may stand in the thread all the same: each carries the question's id in its
metadata, and the thread is searched for it before another is posted.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.questions import Question, QuestionId
from bot.slack import calls
from bot.slack.blocks import Message
from bot.slack.rich_text import Block

Returned = TypeVar("Returned")

METADATA_TYPE = "footnote_answer"
MAX_THREAD_PAGES = 5  # of 200 messages each, from the question on

_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}
_BLOCKS_REFUSED = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}

log = logging.getLogger(__name__)


class ReplyRecords(Protocol):
    """Remembers across restarts which message is a question's reply."""

    def begin_reply(self, question_id: QuestionId) -> None:
        """Remember that the first message of a reply is about to be posted."""

    def keep_reply(self, question_id: QuestionId, ts: str) -> None:
        """Remember that the message *ts* is the question's reply."""

    def reply_ts(self, question_id: QuestionId) -> str | None:
        """Return the reply's message; empty if one was begun and Slack never said which, None if none was begun."""


class PostedMessage:
    """The reply to *question*. Several threads may call; each change is made whole. Raises Slack's own errors."""

    def __init__(self, client: WebClient, records: ReplyRecords, question: Question) -> None:
        self._client = client
        self._records = records
        self._question = question
        self._thread = question.thread
        ts = records.reply_ts(question.id)
        self._ts = ts or ""
        self._may_be_lost = ts == ""
        self._lock = threading.Lock()
        self._is_answering = False
        self._has_ended = False

    @property
    def client(self) -> WebClient:
        """What it is posted with."""
        return self._client

    @property
    def question(self) -> Question:
        """The question that it replies to."""
        return self._question

    def change_to(self, message: Message) -> None:
        """Make the message say *message*; post it where there is none, or none any more. Nothing once it has ended."""
        with self._lock:
            self._is_answering = True
            if not self._has_ended:
                self._change(message)

    def notice(self, message: Message) -> None:
        """Make the message say *message*, unless an answer has begun to be shown."""
        with self._lock:
            if not self._is_answering and not self._has_ended:
                self._change(message)

    def show_status(self, status: str) -> None:
        """Let Slack say *status* below a direct message's thread, unless an answer has begun to be shown.

        The next message clears it, and so do two minutes.
        """
        with self._lock:
            if not self._is_answering and not self._has_ended:
                self._client.assistant_threads_setStatus(
                    channel_id=self._thread.channel, thread_ts=self._thread.ts, status=status
                )

    def end_with(self, message: Message) -> None:
        """Make the message say *message* and nothing else afterwards; nothing is posted where there is none."""
        with self._lock:
            self._has_ended = True
            if self._may_be_lost:
                self._find()
            if self._ts:
                self._update(message)

    def remove(self) -> None:
        """Delete the message, for good."""
        with self._lock:
            self._has_ended = True
            if self._may_be_lost:
                self._find()
            if not self._ts:
                return
            try:
                self._client.chat_delete(channel=self._thread.channel, ts=self._ts)
            except SlackApiError as error:
                if calls.may_pass(error):
                    raise
                log.info("a reply was not deleted", extra={"code": calls.code_of(error)})

    def adopt(self, start: Callable[[], str]) -> str | None:
        """Let *start*, which posts a message and returns its ts, make the reply; None if there is one already."""
        with self._lock:
            if self._ts or self._may_be_lost or self._has_ended:
                return None
            self._is_answering = True
            self._records.begin_reply(self._question.id)
            self._may_be_lost = True
            ts = start()
            self._keep(ts)
            return ts

    def _change(self, message: Message) -> None:
        if self._may_be_lost:
            self._find()
        if not self._ts or not self._update(message):
            self._post(message)

    def _update(self, message: Message) -> bool:
        """Return whether the message was still there to be edited."""
        try:
            _in_blocks_it_takes(
                message,
                lambda blocks: self._client.chat_update(
                    channel=self._thread.channel,
                    ts=self._ts,
                    text=message.text,
                    blocks=blocks,
                    metadata=self._metadata(),
                ),
            )
        except SlackApiError as error:
            if calls.code_of(error) == "streaming_state_conflict":
                self._client.chat_stopStream(channel=self._thread.channel, ts=self._ts)
                return self._update(message)
            if calls.code_of(error) not in _GONE:
                raise
            log.warning("a reply is gone, posting anew", extra={"question": self._question.id})
            self._ts = ""
        return bool(self._ts)

    def _post(self, message: Message) -> None:
        self._records.begin_reply(self._question.id)
        self._may_be_lost = True
        posted = _in_blocks_it_takes(
            message,
            lambda blocks: self._client.chat_postMessage(
                channel=self._thread.channel,
                thread_ts=self._thread.ts,
                unfurl_links=False,
                unfurl_media=False,
                text=message.text,
                blocks=blocks,
                metadata=self._metadata(),
            ),
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
            own = [m for m in page["messages"] if m.get("metadata") == self._metadata() or self._is_stream(m)]
            if own:
                return str(own[0]["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return ""

    def _is_stream(self, message: dict[str, object]) -> bool:
        """Return whether *message* is a stream of ours, which bears no metadata: only where the thread is all ours."""
        is_own = bool(message.get("bot_id")) and not message.get("metadata")
        return is_own and self._thread.is_direct and self._thread.ts == self._question.ts

    def _keep(self, ts: str) -> None:
        self._ts = ts
        self._may_be_lost = False
        self._records.keep_reply(self._question.id, ts)

    def _metadata(self) -> dict[str, object]:
        return {"event_type": METADATA_TYPE, "event_payload": {"question_id": self._question.id}}


def _in_blocks_it_takes(message: Message, call: Callable[[tuple[Block, ...]], Returned]) -> Returned:
    """Return what *call* does with the message's blocks, or with the plainer ones where Slack refuses those."""
    try:
        return call(message.blocks)
    except SlackApiError as error:
        if not message.plainer or calls.code_of(error) not in _BLOCKS_REFUSED:
            raise
        log.warning("slack refused the blocks, sending plainer ones", extra={"code": calls.code_of(error)})
        return call(message.plainer)
