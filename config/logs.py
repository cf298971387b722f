"""Logging set-up: one line an entry on stderr, the facts as fields. Question, answer and page text never at INFO."""

import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Line(logging.Formatter):
    """`12:00:01 INFO indexer.sync refreshed pages=12 seconds=3.4`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* on one line, with what was given as `extra` behind the sentence."""
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD]
        return " ".join((super().format(record), *fields))


def set_up(level: str) -> None:
    """Send logs of *level* and above to stderr. Other libraries' chatter only from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for package in ("bot", "indexer", "finetune", "config"):
        logging.getLogger(package).setLevel(level)
