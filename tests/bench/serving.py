"""`python -m tests.bench.serving [loads] [memory]`: acknowledgements under load, and whether the memory stays flat.

The bot runs in a process of its own with the real Bolt, slack_sdk and records, over the workspace's real sockets; its
answers take no time. Nothing may be lost or answered twice: that is asserted before a figure is written.
"""

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.workspace import Channel, Person, Population, Workspace
from tests.bench import report
from tests.bench.bot_alone import ANSWER_ALONE, EVERY_STEP

PEOPLE, ROOMS = 50, 20
QUESTIONS = 200
MINUTE = 60.0
ASKED_FOR_MEMORY, LOOKS = 2000, 5
_LEGEND = (
    "From an event's sending to its acknowledgement; the bot's own messages are events too. None lost, none twice."
)
PATIENCE_SECONDS = 240.0
SECONDS_BETWEEN_LOOKS = 0.5  # each one takes the workspace's time
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@dataclass(frozen=True, slots=True)
class Acks:
    """Milliseconds from an event's sending to its acknowledgement, and how many events there were."""

    p50: float
    p99: float
    worst: float
    events: int


def main() -> int:
    """Measure and write both sections, or the one that is named: `loads` or `memory`."""
    named = [name for name in sys.argv[1:] if name in SECTIONS] or list(SECTIONS)
    for name in named:
        section = SECTIONS[name]()
        report.put(section)
        print(section)
    return 0


def loads() -> str:
    """Return the section on acknowledgements: paced over a minute and all at once, over both transports."""
    rows = []
    for transport, secret in (("Socket Mode", ""), ("signed HTTP", SECRET)):
        for name, seconds in (("in a minute", MINUTE), ("at once", 0.0)):
            acks = _under_load(seconds, secret)
            rows.append(f"| {transport}, {name} | {acks.p50:.0f} | {acks.p99:.0f} | {acks.worst:.0f} | {acks.events} |")
            print(rows[-1], flush=True)
    return "\n".join(
        (
            f"## Under load: {QUESTIONS} questions of {PEOPLE} people",
            "",
            _LEGEND,
            "",
            "| | p50 ms | p99 ms | worst ms | events |",
            "|---|---|---|---|---|",
            *rows,
            "",
        )
    )


def memory() -> str:
    """Return the section on the memory of the bot's process after each part of 2,000 questions."""
    with _place() as (workspace, folder), _bot(workspace, folder, "", EVERY_STEP) as bot:
        sizes = [(0, _resident_mb(bot))]
        for part in range(LOOKS):
            count = ASKED_FOR_MEMORY // LOOKS
            asked = _ask(workspace, part * count, count, seconds=0.0, at_once=40)
            _expect_one_answer_each(workspace, asked)
            sizes.append(((part + 1) * count, _resident_mb(bot)))
            print(sizes[-1], flush=True)
    cells = " | ".join(f"{size:.0f}" for _, size in sizes)
    return "\n".join(
        (
            f"## Memory over {ASKED_FOR_MEMORY:,} questions",
            "",
            "Resident memory of the bot's process without a model, in MB.",
            "",
            "| questions answered | " + " | ".join(f"{count:,}" for count, _ in sizes) + " |",
            "|---" * (len(sizes) + 1) + "|",
            f"| MB | {cells} |",
            "",
        )
    )


def _under_load(seconds: float, secret: str) -> Acks:
    with _place() as (workspace, folder), _bot(workspace, folder, secret, ANSWER_ALONE):
        asked = _ask(workspace, 0, QUESTIONS, seconds)
        _expect_one_answer_each(workspace, asked)
        envelopes = workspace.envelopes()
    assert all(envelope.attempt == 0 for envelope in envelopes), "nothing had to be sent twice"
    waits = sorted(1000 * ((e.acked_at or 1e9) - e.sent_at) for e in envelopes)
    return Acks(statistics.median(waits), waits[int(0.99 * len(waits))], waits[-1], len(waits))


@contextmanager
def _place() -> Iterator[tuple[Workspace, Path]]:
    """Give a workspace of fifty people in twenty rooms, and a folder."""
    everybody = [Person(f"U{n:04}", f"p{n}", f"Person {n}", f"p{n}@x.example") for n in range(PEOPLE)]
    bot = Person("U0FOOTNOTE", "footnote", "Footnote", "", is_bot=True)
    members = frozenset(person.id for person in (*everybody, bot))
    rooms = tuple(Channel(f"C{n:04}", f"room-{n}", "channel", members, 0) for n in range(ROOMS))
    population = Population((*everybody, bot), rooms)
    with tempfile.TemporaryDirectory() as folder, Workspace.start(population=population) as workspace:
        yield workspace, Path(folder)


@contextmanager
def _bot(workspace: Workspace, folder: Path, secret: str, shows: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.bot_alone", str(folder / "bot.db")]
    where = [workspace.api_url, workspace.bot_token, workspace.app_token, secret, shows]
    with subprocess.Popen([*command, *where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        assert bot.stdin is not None
        address = bot.stdout.readline().strip()
        if secret:
            workspace.post_to(address, secret)
        workspace.wait_for(lambda: workspace.connections, PATIENCE_SECONDS)
        try:
            yield bot
        finally:
            bot.stdin.close()


def _ask(workspace: Workspace, first: int, count: int, seconds: float, at_once: int = 10**9) -> list[tuple[str, str]]:
    """Ask *count* questions spread over *seconds*, everybody in turn; return channel and ts of each.

    After every *at_once* the answers are waited for, and a minute passes on the workspace's clock.
    """
    began = time.monotonic()
    asked: list[tuple[str, str]] = []
    for place, number in enumerate(itertools.count(first)):
        if place == count:
            return asked
        time.sleep(max(0.0, began + seconds * place / count - time.monotonic()))
        channel, person = f"C{number % ROOMS:04}", f"U{number % PEOPLE:04}"
        asked.append((channel, workspace.say(person, channel, f"<@{workspace.bot_user_id}> question {number}?")))
        if place % at_once == at_once - 1:
            _expect_one_answer_each(workspace, asked[-1:])
            workspace.advance(MINUTE)  # Slack's limits are not what is measured
    raise AssertionError("counting goes on for ever")


def _expect_one_answer_each(workspace: Workspace, asked: Sequence[tuple[str, str]]) -> None:
    """Wait until each question has its final reply, and check that none has two."""
    wanted = set(asked)

    def replies() -> Counter[tuple[str, str]]:
        everything = (m for channel in {channel for channel, _ in wanted} for m in workspace.messages(channel))
        final = (m for m in everything if m.bot_id and "28 days" in m.text and "A draft" not in str(m.blocks))
        return Counter((m.channel, str(m.thread_ts)) for m in final)

    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not (workspace.is_quiet() and wanted <= replies().keys()):
        assert time.monotonic() < ends_at, "each question has its answer"
        time.sleep(SECONDS_BETWEEN_LOOKS)
    assert set(replies().values()) == {1}, "none is answered twice"


def _resident_mb(process: subprocess.Popen[str]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


SECTIONS = {"loads": loads, "memory": memory}

if __name__ == "__main__":
    sys.exit(main())
