"""Where a quote of a page's file stands among its passages."""

from finetune.matching import likeness, locate
from finetune.ports import Piece


def _pieces(*texts: str) -> list[Piece]:
    return [Piece("leave.md", "Leave", ("Carry over",), text) for text in texts]


def test_quote_is_found_without_its_marks() -> None:
    """Links and emphasis of the file are not in a passage; its words are."""
    pieces = _pieces("Ask Maya first.", "You may carry up to 5 days, see the policy.")

    assert locate("You may carry **up to 5 days**, see [the policy](../p.md#x).", pieces) == [1]


def test_quote_with_some_other_words_is_found_by_most_of_its_words() -> None:
    """A table's row whose marks became words is still recognised."""
    pieces = _pieces("Nothing of that.", "| UK | 25 days | Maya Hart approves within two working days |")

    assert locate("UK: 25 days (Maya Hart approves within two working days)", pieces) == [1]


def test_quote_over_a_border_is_in_both_passages() -> None:
    """A quote that was cut apart rests on two passages."""
    pieces = _pieces(
        "Other text.", "First close the valve and wait", "until the lamp is green then open the gate again"
    )

    assert locate("First close the valve and wait until the lamp is green then open the gate again", pieces) == [1, 2]


def test_quote_of_another_page_is_nowhere() -> None:
    """Too few words in common is no place at all."""
    assert locate("The moon is made of green cheese and stone.", _pieces("Ask Maya first.")) == []
    assert locate("anything", []) == []


def test_likeness_looks_at_meaning_carrying_words() -> None:
    """Two ways to ask for the same are alike, small words aside."""
    assert likeness("How many days of leave do I get?", "days of leave") > 0.6
    assert likeness("days of leave", "who brings the cake") == 0.0
