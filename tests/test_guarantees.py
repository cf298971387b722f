"""docs/guarantees.md names a test for every promise of the index, and each one is there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "guarantees.md"
_NAMED = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<test>test_\w+)`")


def test_every_promise_names_tests_that_are_there() -> None:
    """A test that is renamed or removed takes a promise along; here it is seen."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| promise ")]

    named = {match.groups() for row in promises for match in _NAMED.finditer(row)}

    assert all(_NAMED.search(row) for row in promises)
    assert {f"{file}::{test}" for file, test in named if test not in named_in(TESTS / file)} == set()


def named_in(file: Path) -> set[str]:
    """Return the names of the tests of a file, none where there is no such file."""
    if not file.is_file():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
