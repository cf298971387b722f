"""Tells an admin how far a job on the index is: one message, edited until the job has ended, across restarts."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from slack_sdk import WebClient

from bot.errors import SlackRefused, SlackUnavailable
from bot.ports import IndexDesk, JobId, Told
from bot.slack import calls, desk_words
from bot.slack.blocks import Message
from indexer.errors import IndexerBusy, IndexerError

SECONDS_BETWEEN_LOOKS = 2.0
CLOSE_SECONDS = 5.0  # a call to Slack may hang for longer; what was not told is told after the next start

log = logging.getLogger(__name__)


class Tellings(Protocol):
    """Remembers whom a job is told about."""

    def keep(self, told: Told) -> None:
        """Remember that somebody is told, in place of what was remembered of that job and person."""

    def forget(self, told: Told) -> None:
        """Forget that somebody is told: there is nothing more to say."""

    def all(self) -> list[Told]:
        """Return what was not told to its end."""


class Telling:
    """Tells in Slack by *client*. *index* is None until it is open; *wait* returns true where the bot ends."""

    def __init__(
        self,
        client: WebClient,
        tellings: Tellings,
        index: Callable[[], IndexDesk | None],
        wait: Callable[[float], object],
    ) -> None:
        self._client = client
        self._tellings = tellings
        self._index = index
        self._wait = wait
        self._is_closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: dict[tuple[JobId, str], threading.Thread] = {}

    def begin(self, told: Told) -> bool:
        """Tell somebody how far a job is from now on. False where they are told already."""
        with self._lock:
            if (told.job_id, told.person) in self._threads:
                return False
            self._tellings.keep(told)
            self._start(told)
        return True

    def resume(self) -> None:
        """Go on with what was not told to its end before the bot was restarted; the index must be open."""
        index = self._index()
        assert index is not None, "it is resumed once the index is open"
        with self._lock:
            for told in self._tellings.all():
                index.take_up(told.job_id)
                self._start(told)

    def close(self) -> None:
        """Leave off soon; what was not told to its end is remembered."""
        self._is_closing.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(CLOSE_SECONDS)

    def _start(self, told: Told) -> None:
        thread = threading.Thread(target=self._tell, args=(told,), name="telling", daemon=True)
        self._threads[told.job_id, told.person] = thread
        thread.start()

    def _tell(self, told: Told) -> None:
        """Show how far a job is until it has ended, or the bot does."""
        try:
            self._tell_until_the_end(told)
        except SlackRefused as error:  # the message is gone, or may not be sent
            log.info("how far a job is cannot be told", extra={"code": str(error)})
            self._tellings.forget(told)
        finally:
            with self._lock:
                del self._threads[told.job_id, told.person]

    def _tell_until_the_end(self, told: Told) -> None:
        shown = ""
        while True:
            message, is_last = self._now(told)
            try:
                if message is not None and (is_last or message.text != shown):
                    if not told.ts:  # first what stays true: a kill may come before it is known where it stands
                        told = self._posted(told, desk_words.asked_for(told.job))
                    self._change(told, message, is_last=is_last)
                    shown = message.text
            except SlackUnavailable as error:
                log.info("how far a job is was not told", extra={"code": str(error)})
            else:
                if is_last:
                    log.info("a job on the index has ended", extra={"job": told.job.words})
                    self._tellings.forget(told)
                    return
            if self._wait(SECONDS_BETWEEN_LOOKS) is True or self._is_closing.is_set():
                return

    def _now(self, told: Told) -> tuple[Message | None, bool]:
        """Return what there is to say, None for nothing new, and whether it is the last."""
        index = self._index()
        try:
            progress = index.progress(told.job_id) if index is not None else None
        except IndexerBusy:
            return None, False
        except IndexerError as error:
            return desk_words.ended(told.job, (f"The index cannot be read: {error}",)), True
        if progress is None:
            return desk_words.lost(told.job), True
        return desk_words.progress(told.job_id, progress), progress.has_ended

    def _change(self, told: Told, message: Message, *, is_last: bool) -> None:
        """Show *message* in place of what stands there. Raises SlackRefused or SlackUnavailable."""

        def update() -> object:
            return self._client.chat_update(
                channel=told.channel, ts=told.ts, text=message.text, blocks=list(message.blocks)
            )

        if is_last:
            calls.patiently(update, self._wait)
        else:
            calls.once(update)

    def _posted(self, told: Told, message: Message) -> Told:
        posted = calls.once(
            lambda: self._client.chat_postMessage(
                channel=told.person,
                text=message.text,
                blocks=list(message.blocks),
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        told = replace(told, channel=str(posted["channel"]), ts=str(posted["ts"]))
        self._tellings.keep(told)
        return told
