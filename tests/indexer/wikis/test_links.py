"""A citation's link leads to the sentence it quotes."""

import pytest

from indexer.wikis.links import address_at


@pytest.mark.parametrize(
    ("anchor", "quote", "fragment"),
    [
        ("", "", ""),
        ("leave", "", "#leave"),
        ("größe", "", "#gr%C3%B6%C3%9Fe"),
        ("", "Two weeks.", "#:~:text=Two%20weeks."),
        ("leave", "Well-known, A & B", "#leave:~:text=Well%2Dknown%2C%20A%20%26%20B"),
        (
            "",
            "one two three four five six seven eight nine",
            "#:~:text=one%20two%20three%20four,six%20seven%20eight%20nine",
        ),
        ("", "- first item here\n  - last one", "#:~:text=first%20item%20here,last%20one"),
        ("", "| Bristol | 84 desks |\n| --- | --- |\n| Hamburg | 36 desks |", "#:~:text=Bristol,36%20desks"),
        ("", "1. Run:\n\n```sh\nls\n```", "#:~:text=Run%3A,ls"),
        ("", "| --- |", ""),
    ],
)
def test_fragment_names_the_section_and_the_quotes_ends(anchor: str, quote: str, fragment: str) -> None:
    """Each end lies within one line or cell, as browsers demand, and holds no mark of the normal form."""
    assert address_at("https://wiki.example/page", anchor, quote) == f"https://wiki.example/page{fragment}"
