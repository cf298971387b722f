"""What is shown of a recommendation: the article's table, the user's own numbers, and commands that exist."""

import json

import pytest

from bot.advice.asking import Advice, advise, known, mistakes
from bot.advice.figures import Tally, prefill
from bot.advice.plain import as_plain
from bot.advice.situation import Assumptions, Situation
from bot.advice.steps import as_pairs
from bot.errors import SituationUnusable

CASES: dict[str, dict[str, str]] = {
    "defaults": {},
    "both": {"need": "both", "labels": "300", "prompted": "yes"},
    "fine-tune": {"need": "behaviour", "change": "never", "must_cite": "no", "labels": "300", "prompted": "yes"},
    "later": {"need": "both", "labels": "20"},
    "prompt": {"need": "behaviour", "change": "never", "must_cite": "no", "labels": "300"},
    "labels": {"need": "behaviour", "change": "never", "must_cite": "no"},
    "all-fits": {"change": "never", "must_cite": "no", "material": "all-fits"},
    "multi-step": {"material": "too-large"},
    "pages": {"judged": "100", "missing_page": "40"},
    "mend": {"judged": "100", "not_retrieved": "30", "wrong_format": "4"},
    "nothing at stake": {"questions_a_month": "0", "value_right": "0", "cost_wrong": "0"},
    "all wrong": {"judged": "9", "wrong_although_retrieved": "9"},
}


def advice_for(name: str) -> Advice:
    """Return the advice for one of the cases."""
    return advise(CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_tables_are_whole(name: str) -> None:
    """Every row has a cell for each column, and no cell is empty."""
    shown = advice_for(name).report

    for table in (shown.comparison, shown.costs):
        assert {len(row) for row in table} == {len(table[0])}
        assert all(cell.strip() for row in table for cell in row)


def test_the_article_s_table_is_filled_with_the_case_s_numbers() -> None:
    """Its six rows, in its order, for fine-tuning and for RAG."""
    table = advise({"labels": "40", "wage": "60", "evaluation_hours": "0"}).report.comparison

    assert [row[0] for row in table[1:]] == [
        "Upfront work",
        "Cost per query",
        "Data refresh",
        "Requires labelled data",
        "Good for behaviour changes",
        "Good for factual recall",
    ]
    assert table[1][1].startswith("$320")
    assert table[2][2].startswith("$0.000057, 2.5 s")
    assert table[4][1:] == ("Yes: 200, you have 40", "No")


@pytest.mark.parametrize("name", CASES)
def test_the_last_step_gives_the_same_advice_again(name: str) -> None:
    """The pairs it holds are the case, whole."""
    advice = advice_for(name)
    pairs = as_pairs(advice.recommendation.situation, advice.recommendation.assumed)

    again = advise(known(Tally(), pairs).values)

    assert again.recommendation == advice.recommendation


@pytest.mark.parametrize("name", CASES)
def test_json_is_whole_and_has_no_infinity(name: str) -> None:
    """Scripts parse it strictly."""
    advice = advice_for(name)

    text = json.dumps(as_plain(advice.recommendation, advice.report, (), ""), allow_nan=False)

    assert json.loads(text)["verdict"] == advice.recommendation.verdict


def test_formulas_show_the_case_s_numbers() -> None:
    """Each line can be checked with a pocket calculator."""
    lines = "\n".join(advise({"evaluation_hours": "0"}).report.formulas)

    assert "$6.00 / ($6.00 + $2.00) = 75 %" in lines
    assert "3,000 / 100 × $8.00 = $240 a month" in lines
    assert "200 × 2 / 60 × $40 = $267" in lines
    assert "1,200 × (1 − 0) / 785 + 120 / 118 = 2.5 s" in lines
    assert "2.55 × 2 × $0.04 / 3,600 = $0.000057" in lines
    assert "600 × (1 − 0) / 785 = 0.76 s = $0.000017 a question" in lines
    assert "$267 / $0.000017 = 16 million questions" in lines


def test_measured_accuracy_is_held_against_the_required() -> None:
    """The interval says whether it is surely above, surely below, or neither."""
    above = advise({"judged": "1000", "wrong_format": "50"}).report.accuracy
    below = advise({"judged": "1000", "wrong_format": "500"}).report.accuracy
    between = advise({"judged": "20", "wrong_format": "5"}).report.accuracy

    assert "with 95 % certainty: above that" in above
    assert "with 95 % certainty: below that" in below
    assert "with 95 % certainty: on both sides of that" in between


def test_too_few_questions_to_judge_by_is_said() -> None:
    """How many are needed, what those there are can show, and how long collecting takes."""
    shown = advise({"need": "both", "labels": "100", "prompted": "yes", "labels_a_month": "14"}).report.evaluation

    assert "comparison of 128 judged questions; you have 100, which show" in shown
    assert "at 14 a month that takes 2 months" in shown


def test_what_nobody_said_is_marked_as_assumed() -> None:
    """Three answers to one reason count as said where one of them was."""
    answered = advise({"cost_wrong": "9", "change": "daily"}).report.answered

    assert [given.names[0] for given in answered if not given.is_assumed] == ["change", "questions_a_month"]


def test_the_strongest_reasons_are_those_that_decide() -> None:
    """That no failures are counted argues for nothing."""
    strongest = advise(CASES["both"]).report.strongest

    assert len(strongest) == 3
    assert not any("judged" in given.names for given in strongest)


def test_every_wrong_value_is_named() -> None:
    """All of them at once, each with its reason."""
    with pytest.raises(SituationUnusable) as raised:
        advise({"change": "hourly", "labels": "-1", "wage": "much", "colour": "red"})

    assert [line.split(":")[0] for line in str(raised.value).splitlines()] == ["change", "labels", "colour", "wage"]


def test_more_failures_than_judged_answers_cannot_be() -> None:
    """The sentence says what is missing."""
    assert mistakes({"missing_page": "3", "judged": "2"}) == {
        "judged": "3 failures are counted; say how many answers were judged in all"
    }


def test_text_counts_before_the_bot_s_own_figures() -> None:
    """And where it gives failures, those counted by the bot are left out altogether."""
    tally = Tally(days=30, questions=100, answered=60, refused={"not_found": 30, "declined": 10})

    knows = known(tally, "of 50 judged 7 not found")

    assert knows.values == {"questions_a_month": "101", "judged": "50", "not_retrieved": "7"}


# The bot's own figures


def test_figures_become_answers() -> None:
    """Volume by the month, failures sorted by how the bot's own checks ended, speeds as measured."""
    tally = Tally(
        days=10,
        questions=100,
        answered=50,
        refused={"not_found": 20, "declined": 15, "unsupported": 10, "failed": 5},
        prompt_tokens=640.4,
        output_tokens=41.0,
        prefill_speed=990.0,
        decode_speed=131.0,
    )

    assert {each.name: each.value for each in prefill(tally)} == {
        "questions_a_month": "304",
        "judged": "95",
        "missing_page": "20",
        "not_retrieved": "15",
        "wrong_although_retrieved": "10",
        "passage_tokens": "540",
        "output_tokens": "41",
        "prefill_speed": "990",
        "decode_speed": "131",
    }


def test_people_s_judgement_counts_before_the_bot_s() -> None:
    """Ten thumbs are enough; one down without a reason was a wrong answer, one for "not allowed" no failure."""
    tally = Tally(
        days=60,
        questions=900,
        answered=800,
        refused={"not_found": 100},
        thumbs_up=30,
        complaints={"wrong": 4, "": 2, "missing": 3, "outdated": 1, "style": 5, "not_allowed": 1},
        labels=14,
    )

    assert {each.name: each.value for each in prefill(tally)} == {
        "questions_a_month": "456",
        "labels": "14",
        "labels_a_month": "7.1",
        "judged": "46",
        "missing_page": "4",
        "wrong_although_retrieved": "6",
        "wrong_format": "5",
    }


def test_few_figures_say_nothing() -> None:
    """Two days and five questions are no month and no measurement."""
    assert prefill(Tally(days=2, questions=5, answered=4, refused={"not_found": 1})) == []
    assert prefill(Tally()) == []


@pytest.mark.parametrize("kind", [Situation, Assumptions])
def test_every_value_has_its_sentence(kind: type[Situation] | type[Assumptions]) -> None:
    """A constant that is shown without words cannot be changed with sense."""
    assert all(field.description for field in kind.model_fields.values())
