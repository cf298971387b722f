"""Looks at everything an operator sets up and says what is well and what is not, each with its cure."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.errors import BotError
from indexer.errors import IndexerError

MIN_FREE_BYTES = 1_000_000_000  # the prepared model takes up to 0.3 GB, the index of 100,000 passages 0.4 GB


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. *detail* says what was found, or what is wrong and the cure."""

    name: str
    is_well: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What to look at. Each function says in a sentence what it found, or raises a BotError or IndexerError."""

    data_dir: Path
    wikis: Callable[[], str]
    index: Callable[[], str]
    embedder: Callable[[], str]
    model: Callable[[], str]
    slack: Callable[[], str]
    hosts: Sequence[str]


def checks(examined: Examined) -> Iterator[Check]:
    """Yield one check after the other; none stops the others."""
    yield _disk(examined.data_dir)
    for name in ("wikis", "index", "embedder", "model", "slack"):
        look: Callable[[], str] = getattr(examined, name)
        try:
            yield Check(name, is_well=True, detail=look())
        except (BotError, IndexerError) as error:
            yield Check(name, is_well=False, detail=str(error))
    hosts = ", ".join(examined.hosts) or "none: everything stays on this machine"
    yield Check("hosts", is_well=True, detail=f"outside hosts that these settings make Footnote dial: {hosts}")


def _disk(data_dir: Path) -> Check:
    folder = next(parent for parent in (data_dir.resolve(), *data_dir.resolve().parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free for {data_dir}"
    if free < MIN_FREE_BYTES:
        return Check("disk", is_well=False, detail=f"only {detail}; free some, or set FOOTNOTE_DATA_DIR elsewhere")
    return Check("disk", is_well=True, detail=detail)


def as_json(found: Sequence[Check]) -> str:
    """Return the checks as one JSON object."""
    return json.dumps({"well": all(check.is_well for check in found), "checks": [asdict(check) for check in found]})


def as_text(found: Sequence[Check]) -> str:
    """Return the checks a line each."""
    return "\n".join(f"{'well ' if check.is_well else 'WRONG'}  {check.name}: {check.detail}" for check in found)
