"""Door of the indexer: `python -m indexer` refreshes again and again; with a command it does one thing."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from config import logs, settings, wiring
from indexer import options, wording
from indexer.errors import IndexerError
from indexer.health import told
from indexer.locking import working
from indexer.pages import EVERYONE
from indexer.planning import NO_WISHES, RefreshStopped, Wishes
from indexer.ports import Progress
from indexer.progress import Bar, Lines
from indexer.report import findings
from indexer.schedule import work_for_ever
from indexer.status import IndexStatus, index_status
from indexer.store.requests import RequestState
from indexer.working import ALL_WELL, Seen, Watch, follow, read_result, work_off

SECONDS_BETWEEN_LOOKS = 0.5
NO_INDEXER = "It is done once one does: python -m indexer. To refresh at once: python -m indexer once"

log = logging.getLogger("indexer")


class WrongFile(Exception):
    """A file of questions cannot be read; the message names the line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments* say and return the exit status: 0 done, 1 failed with a sentence, 2 wrong use."""
    chosen = options.parser().parse_args(arguments)
    try:
        read = settings.load()
        logs.set_up(read.log_level)
        indexing = wiring.indexing(read)
        with closing(indexing.catalogue):
            return _act(chosen, indexing)
    except (settings.SettingsWrong, IndexerError, WrongFile) as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, RefreshStopped):
        print("Stopped. What was indexed so far is kept, and the next refresh goes on from there.", file=sys.stderr)
        return 1


def _act(chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Do the one thing that was asked for."""
    # Embedding threads that wait for each other by spinning made a refresh four times slower beside a busy bot.
    # libgomp looks at this once, when PyTorch is first needed.
    os.putenv("GOMP_SPINCOUNT", "0")
    commands = {
        "once": _once,
        "reindex": _reindex,
        "search": _search,
        "status": _status,
        "report": _report,
        "rollback": _rollback,
    }
    if chosen.command in commands:
        return commands[chosen.command](chosen, indexing)
    return _for_ever(indexing)


def _for_ever(indexing: wiring.Indexing) -> int:
    """Refresh again and again, and tell how that goes where a port is set for it."""
    sync = wiring.sync(indexing)
    catalogue = indexing.catalogue

    def work(has_ended: threading.Event) -> None:
        refreshed = work_off(catalogue, sync, Lines(has_ended), _now)
        if refreshed is None:
            return
        for sentence in (*refreshed.unavailable, *refreshed.held_back):
            log.warning("wiki not refreshed in full", extra={"why": sentence})
        log.info("refreshed", extra=wording.counts_of(refreshed) | {"seconds": refreshed.seconds})

    with told(indexing.health_port, lambda: _status_of(indexing)) if indexing.health_port else nullcontext():
        work_for_ever(lambda wiki: catalogue.requests.ask(wiki, NO_WISHES, _now()), work, indexing.minutes_between)
    return 0


@contextmanager
def _heeding_ctrl_c() -> Iterator[threading.Event]:
    """Give what is set by Ctrl-C, which interrupts too: an interrupt inside a callback of C code is lost there.

    Not in the middle of an import: there C++ code of PyTorch would end the process by an abort.
    """
    has_ended = threading.Event()

    def end(_signal: int, frame: FrameType | None) -> None:
        has_ended.set()
        if not _is_importing(frame):
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, end)
    try:
        yield has_ended
    finally:
        signal.signal(signal.SIGINT, before)


def _is_importing(frame: FrameType | None) -> bool:
    """Return whether a module is being loaded in *frame* or in what called it."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _once(chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Refresh, or only say what a refresh would do."""
    sync = wiring.sync(indexing)
    wishes = Wishes(full=chosen.full, accept_removals=chosen.accept_removals)
    with _heeding_ctrl_c() as has_ended, closing(Bar(has_ended)) as bar:
        progress: Progress = bar if sys.stderr.isatty() else Lines(has_ended)
        refreshed = sync.rehearse(progress, wishes) if chosen.dry_run else sync.refresh(progress, wishes)
    if chosen.dry_run and not chosen.json:
        print("Nothing was written. A refresh would come to:")
    print(json.dumps(wording.refreshed_json(refreshed)) if chosen.json else wording.refreshed_text(refreshed))
    for sentence in (*refreshed.unavailable, *refreshed.held_back):
        print(sentence, file=sys.stderr)
    return 1 if refreshed.unavailable else 0


def _reindex(chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Put a request in the queue of the running indexer."""
    known = {wiki.name for wiki in indexing.wikis}
    if chosen.wiki and chosen.wiki not in known:
        print(f"There is no wiki {chosen.wiki!r}; there are: {', '.join(sorted(known))}.", file=sys.stderr)
        return 1
    wishes = Wishes(full=chosen.full, accept_removals=chosen.accept_removals, listing=True)
    number = indexing.catalogue.requests.ask(chosen.wiki, wishes, _now())
    if chosen.wait:
        return _wait_for(number, chosen, indexing)
    said = f"Request {number} waits for the running indexer; python -m indexer status shows how it goes."
    print(json.dumps({"request": number}) if chosen.json else said)
    return 0


def _wait_for(number: int, chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Follow a request until it has ended; Ctrl-C ends only that."""
    try:
        with _heeding_ctrl_c() as has_ended, closing(Bar(has_ended)) as bar:
            print(f"Request {number} waits for the running indexer.", file=sys.stderr, flush=True)
            seen = follow(Watch(indexing.catalogue, number, _now), bar, lambda: time.sleep(SECONDS_BETWEEN_LOOKS))
    except (KeyboardInterrupt, RefreshStopped):
        print(f"Request {number} goes on by itself; python -m indexer status shows how it goes.", file=sys.stderr)
        return 1
    if seen is None:
        print(f"Request {number} is not known any more.", file=sys.stderr)
        return 1
    return _say_how_it_ended(seen, chosen)


def _say_how_it_ended(seen: Seen, chosen: argparse.Namespace) -> int:
    """Say what a request came to, or that nobody takes it."""
    status, result = seen.status, read_result(seen.status.result)
    if chosen.json:
        print(json.dumps(wording.ended_json(status, result)))
    elif result is not None:
        print(wording.refreshed_text(result))
    if seen.is_left_alone:
        print(f"Request {status.number} waits, but no indexer runs. {NO_INDEXER}", file=sys.stderr)
        return 1
    if status.state is not RequestState.DONE or status.outcome != ALL_WELL:
        print(status.outcome, file=sys.stderr)
    return 0 if result is not None and not result.unavailable else 1


def _search(chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Find passages that everyone may read, for one question or for each in a file."""
    audience = frozenset({EVERYONE})
    if chosen.file is None:
        hits = indexing.search.find(chosen.question, audience, chosen.count)
        found = [wording.hit_json(hit) for hit in hits]
        print(json.dumps(found, ensure_ascii=False) if chosen.json else wording.hits_text(hits))
        return 0
    for asked_id, question in _questions(chosen.file):
        found = [wording.hit_json(hit) for hit in indexing.search.find(question, audience, chosen.count)]
        print(json.dumps({"id": asked_id, "hits": found}, ensure_ascii=False), flush=True)
    return 0


def _status(chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Say how the index is doing."""
    status = _status_of(indexing)
    print(json.dumps(asdict(status), ensure_ascii=False) if chosen.json else wording.status_text(status))
    return 0


def _report(chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Say what in the wikis makes answers worse."""
    with indexing.catalogue.reading() as reading:
        found = findings(reading.reported_pages(), reading.text_of, _now())
    print(json.dumps([asdict(one) for one in found], ensure_ascii=False) if chosen.json else wording.report_text(found))
    return 0


def _rollback(chosen: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Show an earlier generation, or the newest again."""
    catalogue = indexing.catalogue
    with catalogue.reading() as reading:
        newest = reading.newest_generation()
    generation = newest if chosen.to == options.NEWEST else int(chosen.to) if chosen.to else None
    if chosen.dry_run:
        rolled = catalogue.rehearse_show(generation, _now())
    else:
        with working(catalogue, _now):
            rolled = catalogue.show(generation, _now())
    if chosen.dry_run and not chosen.json:
        print("Nothing was written. A rollback would come to:")
    print(json.dumps(asdict(rolled)) if chosen.json else wording.rolled_back_text(rolled))
    return 0


def _status_of(indexing: wiring.Indexing) -> IndexStatus:
    return index_status(indexing.catalogue, indexing.snapshots, indexing.minutes_between, _now())


def _now() -> datetime:
    return datetime.now(UTC)


def _questions(path: Path) -> list[tuple[object, str]]:
    """Return the ids and questions of a file of JSON lines. Raises WrongFile."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongFile(f"{path} cannot be read: {error}") from error
    return [_question(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _question(path: Path, number: int, line: str) -> tuple[object, str]:
    try:
        asked = json.loads(line)
    except ValueError as error:
        raise WrongFile(f"{path}, line {number} is not JSON: {error}") from error
    if not isinstance(asked, dict) or "id" not in asked or not isinstance(asked.get("question"), str):
        raise WrongFile(f'{path}, line {number} is not of the form {{"id": …, "question": "…"}}')
    return asked["id"], asked["question"]


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `… | head` ends us in silence, like any other command
    sys.exit(main())
