"""Each formula with its name, its letters and the numbers of this case."""

from collections.abc import Iterator

from bot.advice import costs
from bot.advice.recommendation import Recommendation
from bot.advice.situation import Option
from bot.advice.wording import count, dollars, pays_back, points, seconds, share


def formulas(advice: Recommendation) -> Iterator[str]:
    """Yield a line for each formula, what matters most first: accuracy, then the work, then computing."""
    yield from _of_accuracy(advice)
    yield from _of_training(advice)
    yield from _of_computing(advice)


def _of_accuracy(advice: Recommendation) -> Iterator[str]:
    case, assumed = advice.situation, advice.assumed
    right, wrong = dollars(case.value_right), dollars(case.cost_wrong)
    needed = share(advice.required_accuracy)
    yield f"Required accuracy = wrong / (wrong + right) = {wrong} / ({wrong} + {right}) = {needed}"
    point = costs.dollars_a_point(case)
    yield (
        f"A point of accuracy = questions a month / 100 × (right + wrong) = {case.questions_a_month:,} / 100 × "
        f"{dollars(case.value_right + case.cost_wrong)} = {dollars(point)} a month"
    )
    gain = advice.costs[Option.FINE_TUNE].gain
    yield (
        f"Gain by training = (elsewhere × doubt + 100 × the model's failures × reach) / (doubt + judged) = "
        f"({assumed.training_gain:g} × {assumed.doubt:g} + 100 × {case.wrong_answers} × {assumed.reach:g}) / "
        f"({assumed.doubt:g} + {case.judged}) = {points(gain)}"
    )


def _of_training(advice: Recommendation) -> Iterator[str]:
    case, assumed = advice.situation, advice.assumed
    missing = max(0, assumed.labels_needed - case.labels)
    labelling, computing = costs.labelling_dollars(case, assumed), costs.training_dollars(assumed)
    setup = costs.training_setup(case, assumed)
    yield (
        f"Examples = missing × minutes / 60 × wage = {missing:,} × {assumed.minutes_per_label:g} / 60 × "
        f"{dollars(assumed.wage)} = {dollars(labelling)}"
    )
    yield (
        f"Computing a training = examples × tokens × epochs × operations × parameters / (peak × utilisation) = "
        f"{assumed.labels_needed:,} × {assumed.tokens_per_label} × {assumed.epochs:g} × "
        f"{assumed.flop_per_parameter:g} × {count(assumed.parameters)} / "
        f"({assumed.peak_teraflops:g}e12 × {assumed.utilisation:g}) = "
        f"{seconds(costs.training_seconds(assumed))} = {dollars(computing)}"
    )
    yield (
        f"Set-up of training = examples + computing + judging = {dollars(labelling)} + {dollars(computing)} + "
        f"{assumed.evaluation_hours:g} h × {dollars(assumed.wage)} = {dollars(setup)}"
    )
    month = costs.training_month(assumed.retrains_a_month, assumed)
    gained = advice.costs[Option.FINE_TUNE].gain_dollars_a_month
    saved = advice.saved_dollars * case.questions_a_month
    yield (
        f"Training has paid after set-up / (gain + saved computing − upkeep) = {dollars(setup)} / "
        f"({dollars(gained)} + {dollars(saved)} − {dollars(month)}): it "
        f"{pays_back(costs.payback_months(setup, gained + saved - month))}"
    )


def _of_computing(advice: Recommendation) -> Iterator[str]:
    assumed = advice.assumed
    found = advice.costs[Option.RETRIEVAL]
    prompt = costs.prompt_tokens(Option.RETRIEVAL, assumed)
    yield (
        f"An answer takes prompt × (1 − cached) / read + answer / written = {prompt:,} × (1 − {assumed.cache_hit:g}) / "
        f"{assumed.prefill_speed:g} + {assumed.output_tokens} / {assumed.decode_speed:g} = "
        f"{seconds(found.question_seconds)}"
    )
    hosted = " + tokens × price" if assumed.input_price or assumed.output_price else ""
    yield (
        f"An answer costs seconds × cores × core-hour / 3,600{hosted} = {found.question_seconds:.2f} × "
        f"{assumed.cores:g} × ${assumed.core_hour:g} / 3,600 = {dollars(found.question_dollars)}"
    )
    yield (
        f"Training saves the examples in the prompt: {assumed.example_tokens:,} × (1 − {assumed.cache_hit:g}) / "
        f"{assumed.prefill_speed:g} = {seconds(advice.saved_seconds)} = {dollars(advice.saved_dollars)} a question"
    )
    setup = costs.training_setup(advice.situation, assumed)
    yield (
        f"Break-even on computing alone = set-up / saved = {dollars(setup)} / {dollars(advice.saved_dollars)} = "
        f"{count(advice.compute_break_even)} questions: a check, not a reason"
    )
