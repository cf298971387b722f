"""Four small decisions behind the advice, each a sum of points that answers add to or take from.

    look up     must facts be looked up when a question comes?     change, citing, what fits, rights …
    train       must behaviour be trained into the weights?        need, examples, failures of the model …
    many steps  does one answer need more than one prompt holds?
    pages       are pages missing, so that nothing else helps?

Points follow the article's order: whether facts change, and whether sources are needed, outweighs all that comes later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.advice import costs
from bot.advice.situation import Assumptions, Change, Maintainer, Material, Need, Option, Privacy, Situation
from bot.advice.wording import dollars, months, pays_back, plural, points, seconds

DOUBT = 10  # failures that count for nothing either way: a handful of failures proves little
FEWEST_NOT_FOUND = 5  # from here on pages not found may stop a training
QUICK_MONTHS = 3.0
GATE_POINTS = -2.0  # what each closed gate leaves of the wish to train


class Axis(StrEnum):
    """One of the four decisions; above zero is yes."""

    LOOK_UP = "look up"
    TRAIN = "train"
    MANY_STEPS = "many steps"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Reason:
    """What the *answers* to one or more questions, by their names, argue for: points by decision, and why."""

    answers: tuple[str, ...]
    sentence: str
    points: Mapping[Axis, float]


@dataclass(frozen=True, slots=True)
class Gate:
    """What must be done before a model is trained, however much training is wished for."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Leanings:
    """The reasons and their sums; *gates* are those that are closed."""

    reasons: tuple[Reason, ...]
    gates: tuple[Gate, ...]

    def wish(self, axis: Axis) -> float:
        """Return the sum for *axis*, gates left aside."""
        return sum(reason.points.get(axis, 0.0) for reason in self.reasons)

    def __getitem__(self, axis: Axis) -> float:
        """Return the sum for *axis*; a closed gate turns the wish to train into a no."""
        wish = self.wish(axis)
        return min(wish, GATE_POINTS * len(self.gates)) if axis is Axis.TRAIN and self.gates else wish


def lean(situation: Situation, assumed: Assumptions) -> Leanings:
    """Return what each answer argues for, in the order of the questions."""
    return Leanings(tuple(rule(situation, assumed) for rule in _RULES), tuple(_closed_gates(situation, assumed)))


_CHANGE = {
    Change.NEVER: (0.0, "The facts never change, so they could be anywhere: in a prompt, an index or the weights."),
    Change.YEARLY: (1.0, "The facts change about once a year: a little in favour of looking them up."),
    Change.MONTHLY: (9.0, "The facts change every month, and what is in the weights stays as it was on training day."),
    Change.WEEKLY: (10.0, "The facts change every week: an index follows in minutes, a training in days."),
    Change.DAILY: (11.0, "The facts change every day: weights would be wrong by the evening, an index follows."),
}
_NEED = {
    Need.KNOWLEDGE: (2.0, -4.0, "What is missing is knowledge: that is retrieval's work, not training's."),
    Need.BEHAVIOUR: (-3.0, 4.0, "What is missing is behaviour: training changes how a model writes, passages do not."),
    Need.BOTH: (2.0, 3.0, "Knowledge and behaviour are both missing: look facts up, and train the behaviour."),
}
_MATERIAL = {
    Material.ALL_FITS: (
        -4.0,
        -6.0,
        "All the facts fit into one prompt: with nothing to choose, nothing need be found.",
    ),
    Material.ANSWER_FITS: (0.0, -4.0, "What one answer needs fits into one prompt: one search will do."),
    Material.TOO_LARGE: (
        1.0,
        4.0,
        "One answer needs more than a prompt holds: several searches, and notes in between.",
    ),
}
_PRIVACY = {
    Privacy.OPEN: (0.0, "The facts may leave your machines, so a hosted model is open to you as well."),
    Privacy.INSIDE: (
        0.0,
        "Nothing may leave your machines: search, model and training all run here, so nothing is lost.",
    ),
    Privacy.PER_PERSON: (3.0, "Rights differ by person: an index can withhold a page, weights cannot."),
}
_MAINTAINER = {
    Maintainer.NOBODY: (-2.0, "Nobody looks after it: an index refreshes itself, a trained model goes stale unseen."),
    Maintainer.TEAM: (
        0.0,
        "Somebody on the team looks after it: enough for an index, and for a training now and then.",
    ),
    Maintainer.ENGINEER: (1.0, "Somebody who trains models looks after it: retraining is no obstacle."),
}


def _change(situation: Situation, _assumed: Assumptions) -> Reason:
    look_up, sentence = _CHANGE[situation.change]
    return Reason(("change",), sentence, {Axis.LOOK_UP: look_up})


def _need(situation: Situation, _assumed: Assumptions) -> Reason:
    look_up, train, sentence = _NEED[situation.need]
    return Reason(("need",), sentence, {Axis.LOOK_UP: look_up, Axis.TRAIN: train})


def _must_cite(situation: Situation, _assumed: Assumptions) -> Reason:
    if situation.must_cite:
        sentence = "Answers must name their source: only what was looked up can be named, weights make sources up."
        return Reason(("must_cite",), sentence, {Axis.LOOK_UP: 9.0})
    return Reason(("must_cite",), "Answers need no source, which leaves every way open.", {Axis.LOOK_UP: 0.0})


def _material(situation: Situation, _assumed: Assumptions) -> Reason:
    look_up, many, sentence = _MATERIAL[situation.material]
    return Reason(("material",), sentence, {Axis.LOOK_UP: look_up, Axis.MANY_STEPS: many})


def _labels(situation: Situation, assumed: Assumptions) -> Reason:
    share = situation.labels / assumed.labels_needed
    train = 2.0 if share >= 5 else 1.0 if share >= 1 else -1.0 if share >= 0.5 else -2.0
    enough = "enough to train on" if share >= 1 else "too few to train on well"
    have = plural(situation.labels, "labelled example")
    return Reason(
        ("labels",), f"{have} of the {assumed.labels_needed:,} a training needs: {enough}.", {Axis.TRAIN: train}
    )


def _prompted(situation: Situation, _assumed: Assumptions) -> Reason:
    if situation.prompted:
        return Reason(("prompted",), "Your best prompt was tried and was not enough.", {Axis.TRAIN: 1.0})
    sentence = "The best prompt has not been tried: it costs an afternoon and may be all you need."
    return Reason(("prompted",), sentence, {Axis.TRAIN: -2.0})


def training_payback(situation: Situation, assumed: Assumptions) -> float:
    """Return after how many months training the behaviour has paid for itself, in quality and computing."""
    each = costs.all_costs(situation, assumed)
    saved = each[Option.RETRIEVAL].question_dollars - each[Option.BOTH].question_dollars
    gained = costs.gains(situation, assumed).training * costs.dollars_a_point(situation)
    month = gained + saved * situation.questions_a_month - costs.training_month(assumed.retrains_a_month, assumed)
    return costs.payback_months(costs.training_setup(situation, assumed), month)


def _stakes(situation: Situation, assumed: Assumptions) -> Reason:
    payback = training_payback(situation, assumed)
    worth = dollars(costs.dollars_a_point(situation))
    gain = points(costs.gains(situation, assumed).training)
    sentence = (
        f"{plural(situation.questions_a_month, 'question')} a month, {dollars(situation.value_right)} for a right "
        f"answer and {dollars(situation.cost_wrong)} lost by a wrong one: a point of accuracy is worth {worth} a "
        f"month, and training that gains {gain} {pays_back(payback)}."
    )
    train = 1.0 if payback <= QUICK_MONTHS else 0.0
    return Reason(("questions_a_month", "value_right", "cost_wrong"), sentence, {Axis.TRAIN: train})


def _privacy(situation: Situation, _assumed: Assumptions) -> Reason:
    look_up, sentence = _PRIVACY[situation.privacy]
    return Reason(("privacy",), sentence, {Axis.LOOK_UP: look_up})


def _latency(situation: Situation, assumed: Assumptions) -> Reason:
    each = costs.all_costs(situation, assumed)
    one, many = each[Option.RETRIEVAL].question_seconds, each[Option.MULTI_STEP].question_seconds
    target = situation.latency_seconds
    slow, very_slow = one > target, many > target
    says = "more than" if slow else "within"
    sentence = f"An answer with passages takes about {seconds(one)}, {says} your {seconds(target)}"
    sentence += f"; in several steps {seconds(many)}." if very_slow else "."
    return Reason(
        ("latency_seconds",),
        sentence,
        {
            Axis.LOOK_UP: -1.0 if slow else 0.0,
            Axis.TRAIN: 1.0 if slow else 0.0,
            Axis.MANY_STEPS: -1.0 if very_slow else 0.0,
        },
    )


def _maintainer(situation: Situation, _assumed: Assumptions) -> Reason:
    train, sentence = _MAINTAINER[situation.maintainer]
    return Reason(("maintainer",), sentence, {Axis.TRAIN: train})


def _failures(situation: Situation, assumed: Assumptions) -> Reason:
    weighed = situation.failures + DOUBT
    model_made = situation.wrong_answers + situation.too_slow / 2
    elsewhere = situation.missing_page + situation.not_retrieved
    return Reason(
        ("judged", "missing_page", "not_retrieved", "wrong_although_retrieved", "wrong_format", "too_slow"),
        _failures_sentence(situation, assumed),
        {
            Axis.LOOK_UP: 2.0 * situation.not_retrieved / weighed,
            Axis.TRAIN: 3.0 * (model_made - elsewhere) / weighed,
            Axis.PAGES: 8.0 * situation.missing_page / weighed - 4.0,
        },
    )


def _failures_sentence(situation: Situation, assumed: Assumptions) -> str:
    if not situation.failures:
        return "No failures are counted yet, so the gains are what others measured, not yours."
    may_gain = costs.gains(situation, assumed)
    return (
        f"Of {plural(situation.judged, 'judged answer')}, {situation.missing_page:,} had no page, "
        f"{situation.not_retrieved:,} were not found, {situation.wrong_answers:,} were wrong all the same, "
        f"{situation.too_slow:,} were slow: writing pages may gain {points(may_gain.pages)}, "
        f"retrieval {points(may_gain.retrieval)}, training {points(may_gain.training)}."
    )


_RULES: tuple[Callable[[Situation, Assumptions], Reason], ...] = (
    _change,
    _need,
    _must_cite,
    _material,
    _labels,
    _prompted,
    _stakes,
    _privacy,
    _latency,
    _maintainer,
    _failures,
)


def _closed_gates(situation: Situation, assumed: Assumptions) -> list[Gate]:
    payback = training_payback(situation, assumed)
    fewest = (assumed.labels_needed + 1) // 2
    closed = {
        Gate(
            "prompt", "Write the best prompt you can first, with examples of good answers in it, and measure it."
        ): not situation.prompted,
        Gate("labels", _collect(situation.labels, fewest, assumed.labels_a_month)): situation.labels < fewest,
        Gate(
            "retrieval",
            f"Mend retrieval first: {situation.not_retrieved:,} failures are pages not found, "
            f"{situation.wrong_answers:,} the model's own.",
        ): situation.not_retrieved > max(situation.wrong_answers, FEWEST_NOT_FOUND - 1),
        Gate(
            "payback",
            f"At these stakes training {pays_back(payback)}, and you allow {plural(assumed.months, 'month')}.",
        ): payback > assumed.months,
    }
    return [gate for gate, is_closed in closed.items() if is_closed]


def _collect(have: int, fewest: int, a_month: float) -> str:
    wait = f" At {a_month:g} a month that takes {months((fewest - have) / a_month)}." if a_month else ""
    return f"Collect labelled examples first: there are {have:,} of at least {fewest:,}.{wait}"
