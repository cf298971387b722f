"""A reply written before its asker's eyes, in a direct message: Slack's native stream.

It lives about five minutes, and any call to it may fail; the message is then edited instead, with the whole text.
The draft that is streamed is unchecked and is replaced by the checked answer.
"""

import logging
from collections.abc import Callable

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.answers import Found
from bot.slack import blocks, buttons, calls, mrkdwn, sources
from bot.slack.blocks import Frame
from bot.slack.posted import PostedMessage
from bot.slack.rich_text import Element, web_address, words_of

MAX_SECONDS = 240.0  # Slack ends a stream after about 300
SECONDS_BETWEEN_APPENDS = 0.7  # chat.appendStream is Tier 4: 100 a minute
MAX_CHARACTERS = 3000

log = logging.getLogger(__name__)


class Stream:
    """The stream in which the reply *posted* is written. *clock* gives monotonic seconds. Raises Slack's own errors."""

    def __init__(self, client: WebClient, posted: PostedMessage, clock: Callable[[], float]) -> None:
        self._client = client
        self._posted = posted
        self._clock = clock
        self._thread = posted.question.thread
        self._ts = ""
        self._written = ""
        self._ends_at = clock() + MAX_SECONDS
        self._quiet_until = 0.0

    def begin(self, step: Found, frame: Frame) -> bool:
        """Show which passages were found. False if the reply stands there already, as after a restart."""
        chunks: list[Element] = [
            {"type": "task_update", "id": "find", "title": "Searching the wiki", "status": "complete"} | _found(step),
            {"type": "blocks", "blocks": [buttons.actions(buttons.button(buttons.STOP, "Stop", frame.question.id))]},
        ]
        ts = self._posted.adopt(lambda: self._start(chunks))
        self._ts = ts or ""
        return ts is not None

    def write(self, draft: str) -> bool:
        """Show as much more of *draft*, which only grows, as is due. False where the stream is nearly over."""
        if not self._ts or self._clock() > self._ends_at:
            self.end()
            return False
        if self._clock() < self._quiet_until:
            return True
        text = mrkdwn.markdown(draft[:MAX_CHARACTERS])
        more = text[len(self._written) :]
        if more:
            self._client.chat_appendStream(
                channel=self._thread.channel, ts=self._ts, chunks=[{"type": "markdown_text", "text": more}]
            )
            self._written = text
            self._quiet_until = self._clock() + SECONDS_BETWEEN_APPENDS
        return True

    def end(self) -> None:
        """Stop it, so that the message can be edited. One that cannot be stopped has ended by itself."""
        if not self._ts:
            return
        ts, self._ts = self._ts, ""
        try:
            self._client.chat_stopStream(channel=self._thread.channel, ts=ts)
        except calls.FOREIGN as error:
            log.info("a stream was not stopped", extra={"code": calls.code_of(error)})

    def leave(self) -> None:
        """Give it up after a failure: what was shown is replaced."""
        self.end()

    def _start(self, chunks: list[Element]) -> str:
        started = self._client.chat_startStream(
            channel=self._thread.channel, thread_ts=self._thread.ts, chunks=chunks, task_display_mode="timeline"
        )
        if not started.get("ts"):
            raise SlackApiError("no ts", started)  # type: ignore[no-untyped-call]  # slack_sdk leaves it so
        return str(started["ts"])


def _found(step: Found) -> Element:
    count = len(step.passages)
    shown = [
        {"type": "url", "url": p.hit.url, "text": words_of(sources.breadcrumb(p.hit), 100)}
        for p in step.passages[: sources.MAX_FOUND]
        if web_address(p.hit.url)
    ]
    said = f"{count} passage{'' if count == 1 else 's'} found. {blocks.reading_line(step)}".removesuffix(". ")
    output: Element = {"output": said}
    return output | {"sources": shown} if shown else output
