"""How replies are marked, and what the marks come to."""

import pytest

from finetune import metrics
from finetune.metrics import Asked, Mark
from finetune.ports import Piece, Reply

PIECES = (
    Piece("a", "Leave", (), "Staff in the UK get 25 days of leave."),
    Piece("b", "Badges", (), "A lost badge costs 10 pounds."),
)
ASKED = Asked("q", "how much leave in the UK", "keyword", "wiki", is_answerable=True, gold=(1,), gold_texts=(),
              answer="Staff in the UK get 25 days of leave.", must_contain=())  # fmt: skip
UNANSWERABLE = Asked("u", "who pays", "near-miss", "wiki", is_answerable=False, gold=(), gold_texts=(), answer="",
                     must_contain=())  # fmt: skip
REFUSED = Reply(is_refusal=True, text="", citations=(), sentences=(), passages=PIECES, total_ms=1.0)


def _reply(sentence: str, *numbers: int) -> Reply:
    return Reply(is_refusal=False, text="", citations=(numbers,), sentences=(sentence,), passages=PIECES, total_ms=9.0)


@pytest.mark.parametrize(
    ("asked", "reply", "truth"),
    [
        (ASKED, _reply("You get 25 days in the UK as staff.", 1), 1),
        (ASKED, _reply("You get 25 days in the UK as staff.", 2), -1),
        (ASKED, _reply("You get 30 days in the UK as staff.", 1), -1),
        (ASKED, REFUSED, 0),
        (UNANSWERABLE, REFUSED, 1),
        (UNANSWERABLE, _reply("A lost badge costs 10 pounds.", 2), -1),
    ],
)
def test_truth_is_one_nought_or_minus_one(asked: Asked, reply: Reply, truth: int) -> None:
    """Right and rightly cited, or rightly refused; refused though answerable; all else."""
    assert metrics.mark(asked, reply).truth == truth


def test_required_strings_are_whole_words() -> None:
    """`no` is not in `know`."""
    asked = Asked("q", "is it", "yes-no", "", is_answerable=True, gold=(1,), gold_texts=(), answer="",
                  must_contain=(("no", "not"), ("25",)))  # fmt: skip

    assert metrics.is_right(asked, "It is not so before day 25.")
    assert not metrics.is_right(asked, "I know of 25.")
    assert not metrics.is_right(asked, "No, 125.")


def test_gold_of_a_searched_question_is_where_its_quote_stands() -> None:
    """Numbers are known only once passages are shown."""
    asked = Asked("q", "badge", "keyword", "", is_answerable=True, gold=(), answer="",
                  gold_texts=("lost badge costs **10** pounds",), must_contain=(("10",),))  # fmt: skip

    assert metrics.mark(asked, _reply("It costs 10 pounds.", 2)).truth == 1
    assert metrics.mark(asked, _reply("It costs 10 pounds.", 1)).truth == -1


def test_summary_counts_what_it_says() -> None:
    """Two right, one wrongly cited, one falsely refused; one refused and one answered that have no answer."""
    marks: list[Mark] = [
        metrics.mark(ASKED, _reply("Staff in the UK get 25 days of leave.", 1)),
        metrics.mark(ASKED, _reply("Staff in the UK get 25 days of leave.", 1)),
        metrics.mark(ASKED, _reply("Staff in the UK get 25 days of leave.", 2)),
        metrics.mark(ASKED, REFUSED),
        metrics.mark(UNANSWERABLE, REFUSED),
        metrics.mark(UNANSWERABLE, _reply("A lost badge costs 10 pounds.", 2)),
    ]

    figures = metrics.summary(marks)

    assert figures["contains"] == 0.75
    assert figures["right and rightly cited"] == 0.5
    assert figures["citation precision"] == pytest.approx(2 / 3, abs=1e-3)
    assert (figures["refusal precision"], figures["refusal recall"], figures["refusal F1"]) == (0.5, 0.5, 0.5)
    assert figures["false refusals"] == 0.25
    assert figures["unsupported sentences"] == 0.25
    assert figures["truthfulness"] == pytest.approx((2 - 1 + 0 + 1 - 1) / 6, abs=1e-3)


def test_interval_holds_the_figure() -> None:
    """And is wide for few questions."""
    marks = [metrics.mark(UNANSWERABLE, REFUSED)] * 6 + [metrics.mark(ASKED, REFUSED)] * 6

    low, high = metrics.interval(marks, metrics.truthfulness, seed=1)

    assert low < 0.5 < high
    assert high - low > 0.3
