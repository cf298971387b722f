"""Replies in Slack: one message that is edited in place, a stream in a direct message, or for one person's eyes.

show(Found) ─► chat.postMessage          a direct message: chat.startStream       /ask: nothing yet
show(Writing) ─► chat.update, at most every SECONDS_BETWEEN_UPDATES   chat.appendStream
show(Answer) ─► chat.update, tried until Slack takes it   chat.stopStream, chat.update       the response_url
"""

import logging
import threading
from collections.abc import Callable

from slack_sdk import WebClient

from bot.answers import Answer, Found, Refusal, Step, Writing
from bot.channels import Tone
from bot.errors import SlackRefused
from bot.ports import Reply
from bot.questions import Origin, Question, QuestionId
from bot.slack import blocks, calls
from bot.slack.blocks import Frame, Message
from bot.slack.posted import PostedMessage, ReplyRecords
from bot.slack.private import PrivateMessage
from bot.slack.stream import Stream

SECONDS_BETWEEN_UPDATES = 1.5  # chat.update is Tier 3: 50 a minute, and each one takes Slack's time to show

_INVITE_ME = "I cannot write there: invite me to the channel first, and then ask again."
_CLOSED_THERE = "I cannot write there: the channel was archived, or lets only some people write. Ask me here instead."
_NOT_THERE = {
    "not_in_channel": _INVITE_ME,
    "channel_not_found": _INVITE_ME,
    "is_archived": _CLOSED_THERE,
    "restricted_action": _CLOSED_THERE,
    "restricted_action_read_only_channel": _CLOSED_THERE,
    "restricted_action_thread_only_channel": _CLOSED_THERE,
    "restricted_action_non_threadable_channel": _CLOSED_THERE,
    "restricted_action_thread_locked": _CLOSED_THERE,
    "thread_not_found": "I cannot write there: the thread is gone. Ask me here instead.",
}
"""What its asker is told in private where Slack lets nothing be written below a question, by Slack's code."""

log = logging.getLogger(__name__)


def _in_full(_question: Question) -> Tone:
    return Tone.FULL


class SlackReplies:
    """Opens replies. *clock* gives monotonic seconds; *wait* waits for so many seconds and may return early."""

    def __init__(
        self,
        client: WebClient,
        records: ReplyRecords,
        clock: Callable[[], float],
        wait: Callable[[float], object],
        tone_of: Callable[[Question], Tone] = _in_full,
    ) -> None:
        """Post with *client*, which must not try calls again by itself: see `client_for`."""
        self._client = client
        self._records = records
        self._clock = clock
        self._wait = wait
        self._tone_of = tone_of
        self._lock = threading.Lock()
        self._open: dict[QuestionId, PostedMessage] = {}

    def reply_to(self, question: Question) -> Reply:
        """Return the reply of *question*; one already begun before a restart is taken up again, not doubled."""
        frame = Frame(question, self._tone_of(question))
        if question.origin is Origin.COMMAND:
            return PrivateReply(PrivateMessage(self._client, question), frame, self._wait)
        posted = self._posted(question)
        stream = Stream(self._client, posted, self._clock) if _may_be_streamed(question) else None
        return SlackReply(posted, stream, frame, (self._clock, self._wait), lambda: self._close(question.id))

    def notice(self, question: Question, number: int, seconds: float) -> None:
        """Say where the answer will be that *question* is number *number* in line and may take *seconds*.

        Raises SlackUnavailable or SlackRefused.
        """
        posted, message = self._posted(question), blocks.waiting(number, seconds, Frame(question))
        calls.once(lambda: posted.notice(message))
        if question.thread.is_direct:
            calls.once(lambda: posted.show_status(f"is waiting for its turn: {blocks.wait_in_words(seconds)}"))

    def stop(self, question: Question) -> None:
        """Show that *question* was cancelled, and nothing more. Raises SlackUnavailable or SlackRefused."""
        calls.patiently(lambda: self._posted(question).end_with(blocks.cancelled()), self._wait)
        self._close(question.id)

    def remove(self, question: Question) -> None:
        """Delete the reply of *question*, which is gone itself. Raises SlackUnavailable or SlackRefused."""
        calls.patiently(lambda: self._posted(question).remove(), self._wait)
        self._close(question.id)

    def _posted(self, question: Question) -> PostedMessage:
        with self._lock:
            if question.id not in self._open:
                self._open[question.id] = PostedMessage(self._client, self._records, question)
            return self._open[question.id]

    def _close(self, question_id: QuestionId) -> None:
        with self._lock:
            self._open.pop(question_id, None)


class SlackReply:
    """The reply to one question. *hands* are the clock and the way to wait; *close* is called once it has ended."""

    def __init__(
        self,
        posted: PostedMessage,
        stream: Stream | None,
        frame: Frame,
        hands: tuple[Callable[[], float], Callable[[float], object]],
        close: Callable[[], None],
    ) -> None:
        self._posted = posted
        self._stream = stream
        self._frame = frame
        self._clock, self._wait = hands
        self._close = close
        self._found = Found(())
        self._quiet_until = self._clock()

    def show(self, step: Step) -> None:
        """Show *step* in place of what was shown before. Raises SlackUnavailable or SlackRefused.

        What is shown on the way to an answer may be left out: when the last was shown a moment ago, or Slack is busy.
        """
        match step:
            case Found():
                self._found = step
                if not self._streams(lambda stream: stream.begin(step, self._frame)):
                    self._show_if_quiet(blocks.found(step, self._frame))
            case Writing():
                if not self._streams(lambda stream: stream.write(step.text)):
                    self._show_if_quiet(blocks.writing(step, self._found, self._frame))
            case Answer():
                self._show_surely(blocks.answer(step, self._frame))
            case Refusal():
                self._show_surely(blocks.refusal(step, self._frame))

    def apologise(self, error: Exception) -> None:
        """Say in one friendly sentence that there is no answer this time, in private where it cannot be said there.

        Raises SlackUnavailable or SlackRefused.
        """
        if isinstance(error, SlackRefused) and str(error) in _NOT_THERE:
            private = PrivateMessage(self._posted.client, self._frame.question)
            message = blocks.unsaid(self._frame.question, _NOT_THERE[str(error)])
            calls.patiently(lambda: private.send(message), self._wait)
            self._close()
            return
        self._show_surely(blocks.apology(error, self._found.passages))

    def _streams(self, act: Callable[[Stream], bool]) -> bool:
        """Return whether the stream has shown it, or will; a stream that fails is left for messages that are edited."""
        if self._stream is None:
            return False
        try:
            if act(self._stream):
                return True
        except calls.FOREIGN as error:
            log.info("a stream failed, editing the message instead", extra={"code": calls.code_of(error)})
            self._stream.leave()
        self._stream = None
        return False

    def _show_surely(self, message: Message) -> None:
        if self._stream is not None:
            self._stream.end()
            self._stream = None
        calls.patiently(lambda: self._posted.change_to(message), self._wait)
        self._close()

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


class PrivateReply:
    """The reply to `/ask`: its end alone, for its asker alone."""

    def __init__(self, message: PrivateMessage, frame: Frame, wait: Callable[[float], object]) -> None:
        self._message = message
        self._frame = frame
        self._wait = wait

    def show(self, step: Step) -> None:
        """Show an answer or a refusal, and that it will take a while. Raises SlackUnavailable or SlackRefused."""
        match step:
            case Answer():
                self._send(blocks.answer(step, self._frame))
            case Refusal():
                self._send(blocks.refusal(step, self._frame))
            case Found():
                self._say_how_long(step)
            case Writing():
                return

    def apologise(self, error: Exception) -> None:
        """Say in one friendly sentence that there is no answer this time. Raises SlackUnavailable or SlackRefused."""
        self._send(blocks.apology(error))

    def _say_how_long(self, step: Found) -> None:
        if not step.up_to_seconds:
            return
        try:
            self._message.send(
                blocks.said(f"Several pages are read for this, which takes up to {step.up_to_seconds} s.")
            )
        except calls.FOREIGN as error:
            log.info("how long it takes was left out", extra={"error": type(error).__name__})

    def _send(self, message: Message) -> None:
        calls.patiently(lambda: self._message.send(message), self._wait)


def _may_be_streamed(question: Question) -> bool:
    """Return whether a stream may hold the reply: in a direct message, in a thread that is the question's own."""
    return question.thread.is_direct and question.thread.ts == question.ts
