"""A Recommendation in words and tables, the same for Slack, the terminal and scripts."""

import math
from dataclasses import dataclass

from bot.advice.flipping import Flip, flips
from bot.advice.formulas import formulas
from bot.advice.leanings import Axis
from bot.advice.recommendation import First, Recommendation
from bot.advice.situation import Need, Option, Situation, written
from bot.advice.steps import Step, next_steps
from bot.advice.wording import CHOICE_NAMES, OPTION_NAMES, described, dollars, months, plural, points, seconds, share

_HEADLINES = {
    Option.RETRIEVAL: "Use retrieval (RAG): look the facts up when a question comes.",
    Option.MULTI_STEP: "Use retrieval in several steps: search more than once, take notes, then answer.",
    Option.BOTH: "Use both: retrieval for the facts, fine-tuning for the behaviour.",
    Option.FINE_TUNE: "Fine-tune: train the behaviour into the model.",
}
_FIRST_HEADLINES = {
    First.PAGES: "Neither yet: write the missing pages first. No model answers from a page that does not exist.",
    First.LABELS: "Neither yet: write a better prompt, and collect examples for a training later.",
    First.PROMPT: "Neither yet: write a better prompt first.",
    First.ALL_IN_PROMPT: "Neither yet: put all the facts into the prompt. They fit, so nothing need be found.",
}

Table = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer with what it argues for. *is_assumed* where nobody gave it."""

    names: tuple[str, ...]
    question: str
    answer: str
    sentence: str
    is_assumed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All that is shown of a recommendation. Tables begin with their header; no cell is empty."""

    headline: str
    certainty: str
    gates: tuple[str, ...]
    strongest: tuple[Answered, ...]
    answered: tuple[Answered, ...]
    comparison: Table
    costs: Table
    formulas: tuple[str, ...]
    accuracy: str
    evaluation: str
    flips: tuple[str, ...]
    steps: tuple[Step, ...]


def report(advice: Recommendation, said: frozenset[str] = frozenset()) -> Report:
    """Return *advice* in words; *said* names the answers that were given rather than assumed."""
    answered = tuple(_answered(advice, said))
    return Report(
        headline=_FIRST_HEADLINES[advice.first] if advice.first else _headline(advice),
        certainty=_certainty(advice),
        gates=_gates(advice),
        strongest=_strongest(advice, answered),
        answered=answered,
        comparison=_comparison(advice),
        costs=_costs(advice),
        formulas=tuple(formulas(advice)),
        accuracy=_accuracy(advice),
        evaluation=_evaluation(advice),
        flips=tuple(_flip(flip) for flip in flips(advice)),
        steps=tuple(next_steps(advice)),
    )


def _headline(advice: Recommendation) -> str:
    in_steps = " One answer needs several searches." if advice.in_steps and advice.verdict is Option.BOTH else ""
    return _HEADLINES[advice.verdict] + in_steps


def _certainty(advice: Recommendation) -> str:
    names = OPTION_NAMES[advice.verdict], OPTION_NAMES[advice.second]
    return f"{advice.confidence.value.capitalize()}: {names[0]} is {advice.margin:.1f} points ahead of {names[1]}."


def _gates(advice: Recommendation) -> tuple[str, ...]:
    if not advice.trains_later:
        return ()
    return tuple(gate.sentence for gate in advice.leanings.gates)


def _answered(advice: Recommendation, said: frozenset[str]) -> list[Answered]:
    return [
        Answered(
            names=reason.answers,
            question=Situation.model_fields[reason.answers[0]].description or reason.answers[0],
            answer=answer(advice.situation, reason.answers[0]),
            sentence=reason.sentence,
            is_assumed=not said & set(reason.answers),
        )
        for reason in advice.leanings.reasons
    ]


def answer(situation: Situation, name: str) -> str:
    """Return the answer *name* in words."""
    value = written(getattr(situation, name))
    return CHOICE_NAMES[name][value] if name in CHOICE_NAMES else value


def _strongest(advice: Recommendation, answered: tuple[Answered, ...]) -> tuple[Answered, ...]:
    """Return the three answers that argue most for what was decided; that no page is missing argues for nothing."""
    leanings = advice.leanings
    decided = [axis for axis in Axis if axis is not Axis.PAGES or leanings[axis] > 0]

    def weight(place: int) -> float:
        given = leanings.reasons[place].points
        return sum(given.get(axis, 0.0) * math.copysign(1.0, leanings[axis]) for axis in decided)

    places = sorted(range(len(answered)), key=lambda place: -weight(place))
    return tuple(answered[place] for place in places[:3])


def _comparison(advice: Recommendation) -> Table:
    """Return the article's table, filled in for this case."""
    tuned, found, assumed = advice.costs[Option.FINE_TUNE], advice.costs[Option.RETRIEVAL], advice.assumed
    situation = advice.situation
    facts_change = "no fact is in the weights" if situation.need is Need.BEHAVIOUR else "facts would be in the weights"
    labels = f"Yes: {assumed.labels_needed:,}, you have {situation.labels:,}"
    return (
        ("In your case", "Fine-tuning", "RAG"),
        (
            "Upfront work",
            f"{dollars(tuned.setup_dollars)}: examples, training, judging",
            f"{dollars(found.setup_dollars)}: {plural_hours(assumed.retrieval_setup_hours)} to connect the wiki",
        ),
        (
            "Cost per query",
            f"{dollars(tuned.question_dollars)}, {seconds(tuned.question_seconds)}: no passages to read",
            f"{dollars(found.question_dollars)}, {seconds(found.question_seconds)}: search and passages",
        ),
        (
            "Data refresh",
            f"Retrain: days of waiting, {plural_hours(assumed.retrain_hours)} each; {facts_change}",
            "Re-index: minutes, by itself",
        ),
        ("Requires labelled data", labels, "No"),
        ("Good for behaviour changes", f"Yes: may gain {points(tuned.gain)}", "No"),
        (
            "Good for factual recall",
            "Limited: no source to name" if situation.must_cite else "Limited: as of training day",
            f"Yes: may gain {points(found.gain)}, and names its source",
        ),
    )


def plural_hours(hours: float) -> str:
    """Return hours of work.

    >>> plural_hours(4), plural_hours(1), plural_hours(0.5)
    ('4 hours', '1 hour', '0.5 hours')
    """
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def _costs(advice: Recommendation) -> Table:
    rows = [
        (
            ("▸ " if option is advice.verdict else "") + OPTION_NAMES[option],
            dollars(cost.setup_dollars),
            dollars(cost.month_dollars),
            dollars(cost.question_dollars),
            seconds(cost.question_seconds),
            points(cost.gain),
            months(cost.payback_months),
        )
        for option, cost in advice.costs.items()
    ]
    return (("Option", "Set-up", "A month", "A question", "Takes", "May gain", "Pays back in"), *rows)


def _accuracy(advice: Recommendation) -> str:
    needed = advice.required_accuracy
    needs = f"An answer must be right {share(needed)} of the time to be worth giving."
    if advice.accuracy is None:
        return f"{needs} Yours is not measured yet: judge some answers and count the failures."
    now, low, high = advice.accuracy
    gain = advice.costs[advice.verdict].gain / 100
    where = "above that" if low >= needed else "below that" if high < needed else "on both sides of that"
    after = min(1.0, now + gain)
    return (
        f"{needs} Of {plural(advice.situation.judged, 'judged answer')} {share(now)} were right, {share(low)} to "
        f"{share(high)} with 95 % certainty: {where}. With this advice it may be {share(after)}."
    )


def _evaluation(advice: Recommendation) -> str:
    seen = advice.evaluation
    if not seen.needs:
        return "No gain is promised here, so there is none to measure."
    promise = f"The {points(seen.gain * 100)} promised show in a comparison of {plural(seen.needs, 'judged question')}"
    if seen.is_enough:
        return f"{promise}; you have {seen.has:,}, which is enough. Those you judge by must not be trained on."
    sees = f", which show {points(seen.sees * 100)} or more" if seen.sees < 1 else ", which show nothing yet"
    return f"{promise}; you have {seen.has:,}{sees}. {_collecting(advice, seen.needs)}"


def _collecting(advice: Recommendation, needs: int) -> str:
    rate = advice.assumed.labels_a_month
    if not rate:
        return "Collect first: feedback brings none at the moment."
    wait = months((needs - advice.evaluation.has) / rate)
    return f"Collect first: at {rate:g} a month that takes {wait}."


def _flip(flip: Flip) -> str:
    named = CHOICE_NAMES.get(flip.name, {})
    now, then = named.get(flip.now, flip.now), named.get(flip.value, flip.value)
    return f"{described(flip.name)} “{then}” instead of “{now}” → {OPTION_NAMES[flip.verdict]}"
