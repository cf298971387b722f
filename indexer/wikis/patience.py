"""Trying again what may pass: so many times, as long apart as the other side asks, or longer each time."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from indexer.errors import WikiUnavailable

log = logging.getLogger(__name__)

MAX_TRIES = 5  # with the waits between them half a minute, if the wiki does not say how long to wait
FIRST_WAIT_SECONDS = 2.0
MAX_WAIT_SECONDS = 120.0  # a wiki that wants to be left alone for longer is asked again at the next refresh

Found = TypeVar("Found")


class TryAgain(Exception):
    """An answer is of no use, but another may be; *seconds* is how long the wiki wants to be left alone, if it says."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """How to wait: *pause* for so many seconds, with jitter by *draw*, which gives a number from 0 to 1."""

    pause: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random

    def ask(self, wiki: str, where: str, attempt: Callable[[], Found]) -> Found:
        """Return what *attempt* does, tried again where it raises TryAgain. Raises WikiUnavailable after the last."""
        why = ""
        for tried in range(1, MAX_TRIES + 1):
            try:
                return attempt()
            except TryAgain as reason:
                why = str(reason)
                if tried < MAX_TRIES:
                    self._wait(wiki, tried, reason)
        raise WikiUnavailable(f"The wiki {wiki!r} could not be read at {where}: {why} ({MAX_TRIES} tries).")

    def _wait(self, wiki: str, tried: int, reason: TryAgain) -> None:
        """Wait as long as the wiki asks and a little longer, or about twice as long as the last time."""
        if reason.seconds is None:
            seconds = FIRST_WAIT_SECONDS * 2 ** (tried - 1) * (1 + self.draw()) / 2
        elif reason.seconds <= MAX_WAIT_SECONDS:
            seconds = reason.seconds + self.draw()
        else:
            raise WikiUnavailable(
                f"The wiki {wiki!r} wants to be left alone for {reason.seconds:.0f} seconds: {reason}."
            ) from reason
        log.info("asking a wiki again", extra={"wiki": wiki, "why": str(reason), "seconds": round(seconds, 1)})
        self.pause(seconds)
