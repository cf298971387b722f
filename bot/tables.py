"""Tables in the text of a passage, in their normal form: their rows as sentences, and what they set side by side."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

RULE = re.compile(r"\s*\n\|?\s*:?-{2}")
"""What stands below the names of a table's columns."""

Names = Callable[[str], frozenset[str]]
"""Returns the words by which a text names something."""


@dataclass(frozen=True, slots=True)
class Table:
    """The names of its columns, and its rows, each with a cell for every column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(text: str) -> Iterator[Table]:
    r"""Yield the tables of *text*; rows with more or fewer cells than there are columns are left out.

    >>> list(tables("Limits:\n| City | Limit |\n| --- | --- |\n| York | £90 |\n"))
    [Table(columns=('City', 'Limit'), rows=(('York', '£90'),))]
    """
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if line.startswith("|") and RULE.match("\n".join(lines[place : place + 2]), len(line)):
            columns = tuple(cells(line))
            below = lines[place + 2 :]
            last = next((row for row, other in enumerate(below) if not other.startswith("|")), len(below))
            rows = (tuple(cells(row)) for row in below[:last])
            yield Table(columns, tuple(row for row in rows if len(row) == len(columns)))


def cells(row: str) -> list[str]:
    """Return the cells of *row*, an empty first one among them; cells in the normal form may hold a bar."""
    inner = row.strip().removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in inner.split(" | " if " | " in inner else "|")]


def as_sentence(row: Sequence[str], columns: Sequence[str]) -> str:
    """Return the cells of *row* with the names of their *columns*; without, where they are not as many.

    >>> as_sentence(["York", "£90"], ["City", "Limit"])
    'City: York – Limit: £90'
    """
    names = columns if len(columns) == len(row) else [""] * len(row)
    named = zip(names, row, strict=True)
    return " – ".join(f"{column}: {cell}" if column else cell for column, cell in named if cell)


def columns_side_by_side(table: Table, sides: Sequence[frozenset[str]], names: Names) -> list[str]:
    """Return the rows of *table* cut down to the columns of all *sides*; nothing where it has no column for one.

    >>> plans = Table(("", "Starter", "Team", "Top"), (("Users", "5", "40", "all"), ("Help", "mail", "mail", "phone")))
    >>> columns_side_by_side(plans, [frozenset({"team"}), frozenset({"top"})], lambda name: frozenset({name.lower()}))
    ['Users – Team: 40 – Top: all', 'Help – Team: mail – Top: phone']
    """
    places = [_first(side, table.columns, names) for side in sides]
    if None in places or 0 in places or len(set(places)) < len(places):
        return []
    kept = [0, *(place for place in places if place is not None)]
    return [as_sentence([row[place] for place in kept], [table.columns[place] for place in kept]) for row in table.rows]


def rows_side_by_side(table: Table, sides: Sequence[frozenset[str]], names: Names) -> list[str]:
    """Return the row of *table* for each of *sides*; nothing where it has none for one."""
    places = [_first(side, [row[0] for row in table.rows], names) for side in sides]
    if len(set(places)) < len(places):
        return []
    found = [table.rows[place] for place in places if place is not None]
    return [as_sentence(row, table.columns) for row in found] if len(found) == len(places) else []


def _first(side: frozenset[str], texts: Sequence[str], names: Names) -> int | None:
    """Return the place of the first of *texts* that names all of *side*."""
    return next((place for place, text in enumerate(texts) if side and side <= names(text)), None)
