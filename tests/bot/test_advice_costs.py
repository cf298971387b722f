"""The formulas: the worked example of docs/decisions/0025 to the printed digits, and what must hold for any case."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.advice import costs
from bot.advice.leanings import training_payback
from bot.advice.recommendation import recommend
from bot.advice.situation import Assumptions, Change, Need, Option, Situation
from bot.advice.wording import count, dollars, months, seconds, share

EXAMPLE = Situation(labels=0, questions_a_month=3000, value_right=2, cost_wrong=6)
ASSUMED = Assumptions(evaluation_hours=0)


def test_an_answer_of_the_worked_example() -> None:
    """1,200 tokens in and 120 out on 2 cores at $0.04 an hour."""
    answer = costs.all_costs(EXAMPLE, ASSUMED)[Option.RETRIEVAL]

    assert seconds(answer.question_seconds) == "2.5 s"
    assert dollars(answer.question_dollars) == "$0.000057"


def test_what_training_saves_in_the_worked_example() -> None:
    """A block of 600 tokens of examples is no longer read."""
    advice = recommend(EXAMPLE, ASSUMED)

    assert seconds(advice.saved_seconds) == "0.76 s"
    assert dollars(advice.saved_dollars) == "$0.000017"


def test_set_up_of_the_worked_example() -> None:
    """200 labels at 2 minutes and $40 an hour; the computing is less than a dollar."""
    assert dollars(costs.labelling_dollars(EXAMPLE, ASSUMED)) == "$267"
    assert 0 < costs.training_dollars(ASSUMED) < 1
    assert dollars(costs.training_setup(EXAMPLE, ASSUMED)) == "$267"


def test_break_even_on_computing_of_the_worked_example() -> None:
    """About 16 million questions; about 20 million with the Q8_0 file, which reads 990 tokens a second."""
    slower, faster = ASSUMED, Assumptions(evaluation_hours=0, prefill_speed=990)

    assert count(recommend(EXAMPLE, slower).compute_break_even) == "16 million"
    assert count(recommend(EXAMPLE, faster).compute_break_even) == "20 million"


def test_what_accuracy_is_worth_in_the_worked_example() -> None:
    """75 % are needed, a point is worth $240 a month, and one point pays the set-up back in about a month."""
    assert share(costs.required_accuracy(2, 6)) == "75 %"
    assert dollars(costs.dollars_a_point(EXAMPLE)) == "$240"
    assert months(costs.payback_months(costs.training_setup(EXAMPLE, ASSUMED), 240)) == "1.1 months"


def test_required_accuracy_of_the_published_example() -> None:
    """$300 lost by a wrong answer against $50 won by a right one."""
    assert share(costs.required_accuracy(50, 300)) == "85.7 %"


def test_computing_follows_the_parameters() -> None:
    """0.54 GFLOP a token for a LoRA of 135 million parameters, 32 for one of 8 billion."""
    small, large = Assumptions(), Assumptions(parameters=8e9)

    assert small.flop_per_parameter * small.parameters == 0.54e9
    assert costs.training_seconds(large) / costs.training_seconds(small) == pytest.approx(32 / 0.54)


def test_speed_of_training_is_the_measured_one() -> None:
    """The defaults stand for about 590 tokens a second, which was measured on two cores."""
    assumed = Assumptions()
    tokens = assumed.labels_needed * assumed.tokens_per_label * assumed.epochs

    assert tokens / costs.training_seconds(assumed) == pytest.approx(590, rel=0.01)


@pytest.mark.parametrize(("gain", "needs"), [(0.10, 155), (0.05, 625)])
def test_sample_size_is_the_published_one(gain: float, needs: int) -> None:
    """McNemar's test at 5 % with power 80 %, a fifth of the questions discordant."""
    assert costs.questions_to_see(gain, 0.2) == needs


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_questions_needed_do_see_the_gain(gain: float, discordant: float) -> None:
    """The smallest gain that so many questions show is no larger than the gain they were counted for."""
    needed = costs.questions_to_see(gain, discordant)

    assert costs.smallest_visible_gain(needed, discordant) <= gain + 1e-6


def test_no_question_shows_nothing() -> None:
    """With nothing judged even a gain of everything goes unseen."""
    assert costs.smallest_visible_gain(0, 0.2) == 1.0


@given(st.integers(1, 5000), st.data())
def test_interval_holds_the_share(judged: int, data: st.DataObject) -> None:
    """The interval stays between none and all, and the measured share lies in it."""
    right = data.draw(st.integers(0, judged))

    low, high = costs.interval(right, judged)

    assert 0.0 <= low <= right / judged + 1e-9
    assert right / judged - 1e-9 <= high <= 1.0


def test_nothing_at_stake_needs_no_accuracy() -> None:
    """Where neither a right nor a wrong answer counts there is nothing to divide by."""
    assert costs.required_accuracy(0, 0) == 0.0


def test_nothing_saved_never_breaks_even() -> None:
    """No number of questions pays for a training that makes no prompt shorter."""
    advice = recommend(EXAMPLE, Assumptions(example_tokens=0))

    assert math.isinf(advice.compute_break_even)
    assert count(advice.compute_break_even) == "no number of"


def test_a_hosted_model_is_priced_by_its_tokens() -> None:
    """A million tokens in at $3 and out at $15 come on top of the machine's own cost."""
    hosted = Assumptions(input_price=3, output_price=15, core_hour=0)

    answer = costs.all_costs(EXAMPLE, hosted)[Option.RETRIEVAL]

    assert answer.question_dollars == pytest.approx(1200 * 3e-6 + 120 * 15e-6)


def test_what_is_cached_is_not_read() -> None:
    """A prompt that is wholly cached costs only the answer."""
    cached = Assumptions(cache_hit=1.0)

    assert costs.seconds_per_answer(1200, 118, cached) == 1.0


def test_gains_begin_elsewhere_and_end_here() -> None:
    """What others measured counts as much as 50 judged answers, so 5,000 of one's own outweigh it."""
    none = costs.gains(EXAMPLE, ASSUMED)
    some = costs.gains(EXAMPLE.model_copy(update={"judged": 50, "wrong_although_retrieved": 20}), ASSUMED)
    many = costs.gains(EXAMPLE.model_copy(update={"judged": 5000, "wrong_although_retrieved": 2000}), ASSUMED)

    assert none.training == 6.0
    assert some.training == pytest.approx((6 + 20) / 2)
    assert many.training == pytest.approx(20, abs=0.2)


def test_retrieval_gains_only_what_would_then_be_right() -> None:
    """Ten pages not found bring ten answers only where the model is right once it is shown the page."""
    half_right = Situation(judged=100, not_retrieved=20, wrong_although_retrieved=40)
    sure = Assumptions(reach=1.0, doubt=1, retrieval_gain=0)

    assert costs.right_if_shown(half_right) == 0.5
    assert costs.gains(half_right, sure).retrieval == pytest.approx(100 * 20 * 0.5 / 101)


def test_facts_in_the_weights_are_trained_with_each_change() -> None:
    """Daily facts mean a training a day; behaviour alone is trained now and then."""
    facts = Situation(change=Change.DAILY, need=Need.KNOWLEDGE)
    behaviour = Situation(change=Change.DAILY, need=Need.BEHAVIOUR)

    assert costs.retrains_a_month(facts, ASSUMED) == pytest.approx(365 / 12)
    assert costs.retrains_a_month(behaviour, ASSUMED) == ASSUMED.retrains_a_month


def test_total_cost_is_set_up_and_months() -> None:
    """What an option has brought is gain less upkeep for each month, less its set-up."""
    option = costs.all_costs(EXAMPLE, ASSUMED)[Option.BOTH]

    assert option.net_after(0) == -option.setup_dollars
    assert option.net_after(option.payback_months) == pytest.approx(0, abs=1e-6)


def test_training_pays_back_within_the_month_at_the_example_s_stakes() -> None:
    """Six points at $240 against $267 and upkeep."""
    assert training_payback(EXAMPLE, ASSUMED) == pytest.approx(266.67 / (6 * 240 - 50), rel=0.01)
