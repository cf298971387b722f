"""Door of the indexer: `python -m indexer` refreshes again and again; `once`, `search` and `status` do one thing."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from config import logs, settings, wiring
from indexer.errors import IndexerError
from indexer.locking import locked
from indexer.pages import EVERYONE
from indexer.passages import Hit
from indexer.ports import Progress
from indexer.schedule import RefreshStopped, refresh_for_ever
from indexer.status import IndexStatus, index_status
from indexer.sync import Refreshed

SECONDS_BETWEEN_LINES = 30

log = logging.getLogger("indexer")


class WrongFile(Exception):
    """A file of questions cannot be read; the message names the line."""


class Bar:
    """Progress as a bar on a terminal."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] = tqdm(desc="pages", unit=" pages", file=sys.stderr, leave=False, disable=None)

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""
        self._bar.reset(total=pages)

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done."""
        self._bar.update(pages)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


class Lines:
    """Progress as a log line now and then; stops the refresh once *has_ended* is set."""

    def __init__(self, has_ended: threading.Event) -> None:
        self._has_ended = has_ended
        self._expected = 0
        self._done = 0
        self._last_line = time.monotonic()

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""
        self._expected = pages

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done. Raises RefreshStopped."""
        self._done += pages
        if self._has_ended.is_set():
            raise RefreshStopped
        if time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            log.info("refreshing", extra={"done": self._done, "expected": self._expected})
            self._last_line = time.monotonic()


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments* say and return the exit status: 0 done, 1 failed with a sentence, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        read = settings.load()
        logs.set_up(read.log_level)
        indexing = wiring.indexing(read)
        with closing(indexing.catalogue):
            return _act(options, indexing)
    except (settings.SettingsWrong, IndexerError, WrongFile) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was indexed so far is kept, and the next refresh goes on from there.", file=sys.stderr)
        return 1


def _act(options: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Do the one thing that was asked for."""
    # Embedding threads that wait for each other by spinning made a refresh four times slower beside a busy bot.
    # libgomp looks at this once, when PyTorch is first needed.
    os.putenv("GOMP_SPINCOUNT", "0")
    if options.command == "once":
        return _once(options, indexing)
    if options.command == "search":
        return _search(options, indexing)
    if options.command == "status":
        return _status(options, indexing)
    return _for_ever(indexing)


def _for_ever(indexing: wiring.Indexing) -> int:
    """Refresh again and again."""
    sync = wiring.sync(indexing)

    def refresh(has_ended: threading.Event) -> None:
        with locked(indexing.data_dir):
            refreshed = sync.refresh(Lines(has_ended))
        for sentence in (*refreshed.unavailable, *refreshed.held_back):
            log.warning("wiki not refreshed in full", extra={"why": sentence})
        log.info("refreshed", extra=_counts(refreshed) | {"seconds": refreshed.seconds})

    refresh_for_ever(refresh, indexing.minutes_between_refreshes)
    return 0


def _once(options: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Refresh, or only say what a refresh would do."""
    sync = wiring.sync(indexing)
    wishes = {"full": options.full, "accept_removals": options.accept_removals}
    bar = Bar()
    progress: Progress = bar if sys.stderr.isatty() else Lines(threading.Event())
    try:
        if options.dry_run:
            refreshed = sync.rehearse(progress, **wishes)
        else:
            with locked(indexing.data_dir):
                refreshed = sync.refresh(progress, **wishes)
    finally:
        bar.close()
    if options.dry_run and not options.json:
        print("Nothing was written. A refresh would come to:")
    print(json.dumps(_refreshed_json(refreshed)) if options.json else _refreshed_text(refreshed))
    for sentence in (*refreshed.unavailable, *refreshed.held_back):
        print(sentence, file=sys.stderr)
    return 1 if refreshed.unavailable else 0


def _search(options: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Find passages that everyone may read, for one question or for each in a file."""
    audience = frozenset({EVERYONE})
    if options.file is None:
        hits = indexing.search.find(options.question, audience, options.count)
        print(json.dumps([_hit_json(hit) for hit in hits], ensure_ascii=False) if options.json else _hits_text(hits))
        return 0
    for asked_id, question in _questions(options.file):
        hits = indexing.search.find(question, audience, options.count)
        print(json.dumps({"id": asked_id, "hits": [_hit_json(hit) for hit in hits]}, ensure_ascii=False), flush=True)
    return 0


def _status(options: argparse.Namespace, indexing: wiring.Indexing) -> int:
    """Say how the index is doing."""
    status = index_status(indexing.catalogue, indexing.snapshots)
    print(json.dumps(asdict(status), ensure_ascii=False) if options.json else _status_text(status))
    return 0


def _counts(refreshed: Refreshed) -> dict[str, int]:
    names = ("new", "changed", "removed", "unchanged", "failed", "passages", "generation")
    return {name: getattr(refreshed, name) for name in names}


def _refreshed_json(refreshed: Refreshed) -> dict[str, object]:
    counts = _counts(refreshed)
    passages, generation = counts.pop("passages"), counts.pop("generation")
    return {"pages": counts, "passages": passages, "seconds": refreshed.seconds, "generation": generation}


def _refreshed_text(refreshed: Refreshed) -> str:
    failed = (
        f"{refreshed.failed:,} not readable (python -m indexer status says why)" if refreshed.failed else "0 failed"
    )
    return (
        f"Pages: {refreshed.new:,} new, {refreshed.changed:,} changed, {refreshed.removed:,} removed, "
        f"{refreshed.unchanged:,} unchanged, {failed}.\n"
        f"{refreshed.passages:,} passages, generation {refreshed.generation}, {refreshed.seconds:.1f} seconds."
    )


def _hit_json(hit: Hit) -> dict[str, object]:
    names = ("passage_id", "page_id", "title", "headings", "anchor", "url", "revision", "text", "score")
    return {name: getattr(hit, name) for name in names}


def _hits_text(hits: Sequence[Hit]) -> str:
    if not hits:
        return "Nothing found."
    return "\n\n".join(_hit_text(rank, hit) for rank, hit in enumerate(hits, 1))


def _hit_text(rank: int, hit: Hit) -> str:
    lines = [f"{rank}. {' › '.join((hit.title, *hit.headings))}  {hit.score:.2f}"]
    lines += [f"   {line}" for line in (hit.url or str(hit.page_id), *hit.text.splitlines())]
    return "\n".join(line.rstrip() for line in lines)


def _status_text(status: IndexStatus) -> str:
    last = status.last_refresh
    sizes = f"{status.catalogue_bytes / 1e6:.1f} MB, snapshots {status.snapshot_bytes / 1e6:.1f} MB"
    lines = [f"Generation {status.generation}: {status.pages:,} pages, {status.passages:,} passages, {sizes}"]
    lines += [f"Last refresh: {_moment(last.started_at)} to {_moment(last.ended_at)}"] if last else []
    for wiki in status.wikis:
        lines.append(
            f"{wiki.name}: {wiki.pages:,} pages, {wiki.passages:,} passages, "
            f"last refreshed in full: {_moment(wiki.last_success)}"
        )
        lines += [f"  {wiki.problem}"] if wiki.problem else []
    for failure in status.failures:
        tries = f"tried {failure.attempts} times, next after {_moment(failure.next_try)}"
        lines.append(f"Not readable: {failure.wiki} {failure.page_id}: {failure.why} ({tries})")
    return "\n".join(lines)


def _moment(iso: str) -> str:
    """Return an ISO date and time in UTC as people read it."""
    return f"{iso[:10]} {iso[11:16]} UTC" if iso else "not yet"


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


def _positive(text: str) -> int:
    """Read a number of hits."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m indexer",
        description="Makes the wikis findable. Without a command: refreshes now, then again and again.",
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    once = commands.add_parser("once", help="refresh every wiki now", description="Refresh every wiki now.")
    once.add_argument("--full", action="store_true", help="read every page again, also those that look unchanged")
    once.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    once.add_argument(
        "--accept-removals", action="store_true", help="remove what is gone from a wiki even if it is a lot at once"
    )
    search = commands.add_parser("search", help="find passages", description="Find passages, best first.")
    asked = search.add_mutually_exclusive_group(required=True)
    asked.add_argument("question", nargs="?", help="what to look for")
    asked.add_argument("--file", type=Path, help='questions, one {"id": …, "question": "…"} a line; prints JSON lines')
    search.add_argument("--count", type=_positive, default=10, help="how many passages at most (default: 10)")
    status = commands.add_parser("status", help="say how the index is doing", description="Say how the index is doing.")
    for command in (once, search, status):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `… | head` ends us in silence, like any other command
    sys.exit(main())
