"""Shows on the terminal how far long work is: a bar with the time left, or a line now and then where there is none."""

import sys
import time
from typing import Any, NoReturn

from tqdm import tqdm


class Bar:
    """How far long work is, as a bar on a terminal and a line now and then elsewhere (port Describing)."""

    SECONDS_BETWEEN_LINES = 30

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] = tqdm(file=sys.stderr, leave=False, disable=not sys.stderr.isatty())
        self._said = time.monotonic()
        self._pages = self._indexed = 0

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say that *done* *of* the steps of *what* are done."""
        if self._bar.disable:
            if time.monotonic() - self._said >= self.SECONDS_BETWEEN_LINES:
                self._said = time.monotonic()
                sys.stderr.write(f"{what}: {done:,}{f' of {of:,}' if of else ''}\n")
            return
        self._bar.total = of or None
        self._bar.set_description(what)
        self._bar.update(done - self._bar.n)

    def expect(self, pages: int) -> None:
        """Say how many pages will be indexed (port Progress)."""
        self._pages, self._indexed = pages, 0

    def advance(self, pages: int = 1) -> None:
        """Say that so many more are (port Progress)."""
        self._indexed += pages
        self("pages indexed", self._indexed, self._pages)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


class TrainingLine:
    """Shows a run: a bar with tokens a second and the time left; without a terminal a line a minute."""

    SECONDS_BETWEEN_LINES = 60

    def __init__(self, minutes: float) -> None:
        """Show a run that *minutes* limit; 0 for no limit."""
        self._minutes = minutes
        self._bar: tqdm[NoReturn] = tqdm(unit=" steps", file=sys.stderr, disable=not sys.stderr.isatty())
        self._said = 0.0

    def __call__(self, line: dict[str, Any]) -> None:
        """Show one line of the run's log."""
        if any(name.startswith("dev_") for name in line):
            figures = ", ".join(f"{k.removeprefix('dev_')} {v:.3f}" for k, v in line.items() if k.startswith("dev_"))
            self._say(f"step {line['step']:,}, after {line['seconds'] / 60:.0f} minutes, dev: {figures}")
            return
        left = self._seconds_left(line) / 60
        speed = f"{line['tokens_per_second']:.0f} tokens/s, " if "tokens_per_second" in line else ""
        shown = f"loss {line['loss']:.3f}, {speed}{left:.0f} minutes left"
        self._bar.total = line["of"]
        self._bar.set_postfix_str(shown)
        self._bar.update(line["step"] - self._bar.n)
        if self._bar.disable and time.monotonic() - self._said >= self.SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self._say(f"step {line['step']:,} of {line['of']:,}: {shown}")

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def _seconds_left(self, line: dict[str, Any]) -> float:
        by_steps = float(line["seconds"] * (line["of"] - line["step"]) / max(1, line["step"]))
        by_time = self._minutes * 60 - line["seconds"] if self._minutes else by_steps
        return max(0.0, min(by_steps, by_time))

    def _say(self, text: str) -> None:
        if self._bar.disable:
            sys.stderr.write(f"{text}\n")
        else:
            self._bar.write(text, file=sys.stderr)
