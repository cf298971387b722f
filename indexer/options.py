"""The command line of `python -m indexer`."""

import argparse
from pathlib import Path

NEWEST = "newest"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    described = argparse.ArgumentParser(
        prog="python -m indexer",
        description="Makes the wikis findable. Without a command: refreshes now, then again and again.",
    )
    commands = described.add_subparsers(dest="command", metavar="command")
    for command in (
        _add_once(commands),
        _add_reindex(commands),
        _add_search(commands),
        _add_status(commands),
        _add_report(commands),
        _add_rollback(commands),
    ):
        command.add_argument("--json", action="store_true", help="print JSON")
    return described


def _add_once(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    once = commands.add_parser("once", help="refresh every wiki now", description="Refresh every wiki now.")
    once.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    _add_wishes(once)
    return once


def _add_reindex(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    reindex = commands.add_parser(
        "reindex",
        help="ask the running indexer for a refresh",
        description="Ask the running indexer for a refresh; it joins the queue. Without --wait, nothing is waited for.",
    )
    reindex.add_argument("wiki", nargs="?", default="", help="the wiki's name (default: all of them)")
    reindex.add_argument(
        "--wait",
        action="store_true",
        help="follow it until it has ended; the exit status is 0 only if every wiki was refreshed. Ctrl-C ends the "
        "waiting, not the refresh",
    )
    _add_wishes(reindex)
    return reindex


def _add_search(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    search = commands.add_parser("search", help="find passages", description="Find passages, best first.")
    asked = search.add_mutually_exclusive_group(required=True)
    asked.add_argument("question", nargs="?", help="what to look for")
    asked.add_argument("--file", type=Path, help='questions, one {"id": …, "question": "…"} a line; prints JSON lines')
    search.add_argument("--count", type=_positive, default=10, help="how many passages at most (default: 10)")
    return search


def _add_status(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    return commands.add_parser("status", help="say how the index is doing", description="Say how the index is doing.")


def _add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    return commands.add_parser(
        "report",
        help="say what in the wikis makes answers worse",
        description="Say what in the wikis makes answers worse: pages that are empty, nearly the same as another, not "
        "touched for a year, too long or all table, and links to sections that are not there.",
    )


def _add_rollback(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    rollback = commands.add_parser(
        "rollback",
        help="show an earlier generation, or the newest again",
        description="Show the texts of an earlier generation. Pages that were removed or closed since stay so, and new "
        "texts wait until the newest generation is shown again.",
    )
    rollback.add_argument(
        "--to",
        type=_generation,
        metavar="GENERATION",
        help=f"a generation's number, or `{NEWEST}` to go forward again (default: the one before)",
    )
    rollback.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    return rollback


def _add_wishes(command: argparse.ArgumentParser) -> None:
    command.add_argument("--full", action="store_true", help="read every page again, also those that look unchanged")
    command.add_argument(
        "--accept-removals", action="store_true", help="remove what is gone from a wiki even if it is a lot at once"
    )


def _positive(text: str) -> int:
    """Read a number of hits."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _generation(text: str) -> str:
    """Read a generation's number, or the word for the newest."""
    if text != NEWEST and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no generation's number, and not `{NEWEST}`")
    return text
