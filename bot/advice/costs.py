"""What each option costs, gains and needs, in dollars, seconds and points (a point: one answer in a hundred).

Each function is one formula of docs/decisions/0025; the report shows it with the numbers filled in.
"""

import math
from dataclasses import dataclass

from bot.advice.situation import Assumptions, Change, Need, Option, Situation

CHANGES_A_MONTH = {Change.NEVER: 0.0, Change.YEARLY: 1 / 12, Change.MONTHLY: 1.0, Change.WEEKLY: 52 / 12}
CHANGES_A_MONTH |= {Change.DAILY: 365 / 12}
Z_ALPHA, Z_BETA = 1.96, 0.84  # 5 % two-sided, power 80 %


def required_accuracy(value_right: float, cost_wrong: float) -> float:
    """Return the share of right answers above which answering pays; 0 where nothing is at stake.

    >>> required_accuracy(2, 6)
    0.75
    """
    at_stake = value_right + cost_wrong
    return cost_wrong / at_stake if at_stake else 0.0


def dollars_a_point(situation: Situation) -> float:
    """Return what one more right answer in a hundred is worth a month."""
    return situation.questions_a_month / 100 * (situation.value_right + situation.cost_wrong)


def seconds_per_answer(prompt_tokens: float, output_tokens: float, assumed: Assumptions) -> float:
    """Return how long the model reads and writes."""
    read = prompt_tokens * (1 - assumed.cache_hit)
    return read / assumed.prefill_speed + output_tokens / assumed.decode_speed


def dollars_per_answer(prompt_tokens: float, output_tokens: float, assumed: Assumptions) -> float:
    """Return what one answer costs: the cores for as long as it takes, and a hosted model's price."""
    seconds = seconds_per_answer(prompt_tokens, output_tokens, assumed)
    hosted = prompt_tokens * assumed.input_price + output_tokens * assumed.output_price
    return seconds * assumed.cores * assumed.core_hour / 3600 + hosted / 1e6


def training_seconds(assumed: Assumptions) -> float:
    """Return how long one training computes."""
    tokens = assumed.labels_needed * assumed.tokens_per_label * assumed.epochs
    operations = tokens * assumed.flop_per_parameter * assumed.parameters
    return operations / (assumed.peak_teraflops * 1e12 * assumed.utilisation)


def training_dollars(assumed: Assumptions) -> float:
    """Return what the computing of one training costs."""
    return training_seconds(assumed) / 3600 * assumed.training_hour


def labelling_dollars(situation: Situation, assumed: Assumptions) -> float:
    """Return what the examples cost that are still to be written."""
    missing = max(0, assumed.labels_needed - situation.labels)
    return missing * assumed.minutes_per_label / 60 * assumed.wage


def retrains_a_month(situation: Situation, assumed: Assumptions) -> float:
    """Return how often a model is trained anew: with each change of a fact where facts are in the weights."""
    facts = 0.0 if situation.need is Need.BEHAVIOUR else CHANGES_A_MONTH[situation.change]
    return max(assumed.retrains_a_month, facts)


def break_even_questions(extra_setup: float, dollars_saved: float) -> float:
    """Return after how many questions a saving on each has paid for the set-up; infinite if nothing is saved."""
    return extra_setup / dollars_saved if dollars_saved > 0 else math.inf


def payback_months(setup: float, dollars_a_month: float) -> float:
    """Return after how many months the set-up has paid for itself; infinite if it never does."""
    return setup / dollars_a_month if dollars_a_month > 0 else math.inf


def questions_to_see(gain: float, discordant: float) -> int:
    """Return how many judged questions show a *gain* (a share) at 5 % with power 80 %: McNemar's test for pairs.

    *discordant* is the share of questions on which the two versions differ; it is at least *gain*.

    >>> questions_to_see(0.10, 0.2), questions_to_see(0.05, 0.2)
    (155, 625)
    """
    assert gain > 0, "a gain of nothing cannot be seen"
    differ = max(discordant, gain)
    spread = Z_ALPHA * math.sqrt(differ) + Z_BETA * math.sqrt(differ - gain**2)
    return math.ceil((spread / gain) ** 2)


def smallest_visible_gain(labels: int, discordant: float) -> float:
    """Return the smallest gain, as a share, that *labels* judged questions can show; 1.0 where they show none."""
    if labels < 1 or questions_to_see(1.0, discordant) > labels:
        return 1.0
    unseen, seen = 0.0, 1.0
    for _ in range(40):
        middle = (unseen + seen) / 2
        if questions_to_see(middle, discordant) <= labels:
            seen = middle
        else:
            unseen = middle
    return seen


def interval(right: int, judged: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927).

    >>> [round(end, 3) for end in interval(62, 100)]
    [0.522, 0.709]
    """
    share, z = right / judged, Z_ALPHA
    middle = (share + z * z / (2 * judged)) / (1 + z * z / judged)
    half = z / (1 + z * z / judged) * math.sqrt(share * (1 - share) / judged + z * z / (4 * judged**2))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Gains:
    """Points that each remedy may bring: pages written, retrieval mended or begun, the model trained."""

    pages: float
    retrieval: float
    training: float


def gains(situation: Situation, assumed: Assumptions) -> Gains:
    """Return what may be gained: what others measured, outweighed more and more by what was judged here."""
    return Gains(
        pages=_gain(0.0, situation.missing_page, situation, assumed),
        retrieval=_gain(
            assumed.retrieval_gain, situation.not_retrieved * right_if_shown(situation), situation, assumed
        ),
        training=_gain(assumed.training_gain, situation.wrong_answers, situation, assumed),
    )


def right_if_shown(situation: Situation) -> float:
    """Return the share of right answers among those whose page was shown; 1.0 where none was judged."""
    shown = situation.judged - situation.missing_page - situation.not_retrieved
    return (situation.judged - situation.failures + situation.too_slow) / shown if shown else 1.0


def _gain(elsewhere: float, mendable: float, situation: Situation, assumed: Assumptions) -> float:
    """Return points: those gained *elsewhere* count as much as assumed.doubt answers, *mendable* failures once each."""
    here = 100 * mendable * assumed.reach
    return (elsewhere * assumed.doubt + here) / (assumed.doubt + situation.judged)


@dataclass(frozen=True, slots=True)
class OptionCost:
    """One option in numbers. *gain* is in points; dollars and seconds are what their names say."""

    option: Option
    setup_dollars: float
    month_dollars: float
    question_dollars: float
    question_seconds: float
    gain: float
    gain_dollars_a_month: float

    @property
    def payback_months(self) -> float:
        """Return after how many months the gain has paid for it all."""
        return payback_months(self.setup_dollars, self.gain_dollars_a_month - self.month_dollars)

    def net_after(self, months: float) -> float:
        """Return what it has brought after *months*, less what it cost, in dollars."""
        return months * (self.gain_dollars_a_month - self.month_dollars) - self.setup_dollars


def training_setup(situation: Situation, assumed: Assumptions) -> float:
    """Return what it costs to train for the first time: examples, computing, judging."""
    judging = assumed.evaluation_hours * assumed.wage
    return labelling_dollars(situation, assumed) + training_dollars(assumed) + judging


def training_month(retrains: float, assumed: Assumptions) -> float:
    """Return what a trained model costs a month: trainings and upkeep."""
    once = training_dollars(assumed) + assumed.retrain_hours * assumed.wage
    return retrains * once + assumed.training_upkeep_hours * assumed.wage


def all_costs(situation: Situation, assumed: Assumptions) -> dict[Option, OptionCost]:
    """Return every option in numbers."""
    may_gain = gains(situation, assumed)
    wage, retrieval_setup = assumed.wage, assumed.retrieval_setup_hours * assumed.wage
    train, upkeep = training_setup(situation, assumed), assumed.retrieval_upkeep_hours * assumed.wage
    behaviour = training_month(assumed.retrains_a_month, assumed)
    facts = training_month(retrains_a_month(situation, assumed), assumed)
    pages = assumed.prompt_hours * wage + situation.missing_page * assumed.hours_per_page * wage
    many = assumed.steps_setup_hours * wage
    rows = {  # set-up, a month, gain
        Option.FINE_TUNE: (train, facts, may_gain.training),
        Option.RETRIEVAL: (retrieval_setup, upkeep, may_gain.retrieval),
        Option.BOTH: (train + retrieval_setup, behaviour + upkeep, may_gain.training + may_gain.retrieval),
        Option.NEITHER_YET: (pages, 0.0, may_gain.pages),
        Option.MULTI_STEP: (retrieval_setup + many, upkeep, may_gain.retrieval),
    }
    return {option: _cost(option, row, situation, assumed) for option, row in rows.items()}


def prompt_tokens(option: Option, assumed: Assumptions) -> int:
    """Return how long a prompt is: retrieval adds passages, training saves the examples of good answers."""
    passages = 0 if option in (Option.FINE_TUNE, Option.NEITHER_YET) else assumed.passage_tokens
    examples = 0 if option in (Option.FINE_TUNE, Option.BOTH) else assumed.example_tokens
    return assumed.question_tokens + passages + examples


def _cost(option: Option, row: tuple[float, float, float], situation: Situation, assumed: Assumptions) -> OptionCost:
    setup, month, gain = row
    calls = assumed.steps if option is Option.MULTI_STEP else 1
    read, write = prompt_tokens(option, assumed) * calls, assumed.output_tokens * calls
    each = dollars_per_answer(read, write, assumed)
    computing = each * situation.questions_a_month
    return OptionCost(
        option=option,
        setup_dollars=setup,
        month_dollars=month + computing + assumed.fixed_dollars,
        question_dollars=each,
        question_seconds=seconds_per_answer(read, write, assumed),
        gain=gain,
        gain_dollars_a_month=gain * dollars_a_point(situation),
    )
