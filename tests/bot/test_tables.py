"""What a table in a passage sets side by side."""

from hypothesis import given
from hypothesis import strategies as st

from bot.tables import Table, cells, columns_side_by_side, rows_side_by_side, tables

PLANS = Table(("", "Starter", "Team plan", "Top"), (("Users", "5", "40", "all"), ("Phone", "no", "no", "yes")))
LEVELS = Table(("Level", "Reply"), (("SEV1", "5 minutes"), ("SEV2", "an hour"), ("SEV2, at night", "a day")))


def names(text: str) -> frozenset[str]:
    """Return the words of *text*."""
    return frozenset(text.lower().split())


def sides(*texts: str) -> list[frozenset[str]]:
    """Return what each side is named by."""
    return [names(text) for text in texts]


def test_the_columns_of_the_sides_are_told_row_by_row() -> None:
    """Other columns are left out; a column may say more than the side's name."""
    assert columns_side_by_side(PLANS, sides("team", "top"), names) == [
        "Users – Team plan: 40 – Top: all",
        "Phone – Team plan: no – Top: yes",
    ]


def test_the_rows_of_the_sides_are_told_in_their_order() -> None:
    """The first row of each, with the names of the columns."""
    assert rows_side_by_side(LEVELS, sides("sev2", "sev1"), names) == [
        "Level: SEV2 – Reply: an hour",
        "Level: SEV1 – Reply: 5 minutes",
    ]


def test_a_table_without_one_of_the_sides_compares_nothing() -> None:
    """Nor does one where both sides are the same column or row, or one of them is what the rows are named by."""
    assert columns_side_by_side(PLANS, sides("team", "gold"), names) == []
    assert columns_side_by_side(PLANS, sides("team", "plan"), names) == []
    assert columns_side_by_side(LEVELS, sides("level", "reply"), names) == []
    assert rows_side_by_side(LEVELS, sides("sev1", "sev3"), names) == []
    assert rows_side_by_side(LEVELS, [frozenset(), frozenset()], names) == []


def test_a_row_that_does_not_fit_its_columns_is_left_out() -> None:
    """Nobody can say what its cells mean."""
    text = "| City | Limit |\n| --- | --- |\n| York | £90 | old |\n| Leeds | £100 |\nNo table | at all."

    assert list(tables(text)) == [Table(("City", "Limit"), (("Leeds", "£100"),))]


@given(text=st.text(alphabet="|- \nab:"))
def test_any_text_has_tables_of_whole_rows(text: str) -> None:
    """Whatever stands there, a row has a cell for each column."""
    assert all(len(row) == len(table.columns) for table in tables(text) for row in table.rows)


@given(row=st.text(alphabet="| ab"))
def test_any_row_has_cells(row: str) -> None:
    """Also an empty one."""
    assert cells(row)
