"""The workspace's clock, which can be moved forward so that minutes pass in a test at once."""

import time


class Clock:
    """Seconds since 1970; it runs with the machine's clock unless *start* is given, and can be advanced."""

    def __init__(self, start: float | None = None) -> None:
        self._start = start
        self._advanced_seconds = 0.0

    @property
    def stands_still(self) -> bool:
        """Tell whether time passes only through `advance`."""
        return self._start is not None

    def now(self) -> float:
        """Return the moment in seconds since 1970, UTC.

        >>> clock = Clock(start=1000.0)
        >>> clock.advance(60)
        >>> clock.now()
        1060.0
        """
        return (time.time() if self._start is None else self._start) + self._advanced_seconds

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass at once."""
        self._advanced_seconds += seconds
