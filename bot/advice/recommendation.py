"""The use case: recommend(situation, assumed) -> what to do, how sure that is, what it costs and what would flip it.

An option is as strong as the weakest decision it rests on, so that exactly one is stronger than zero:

    fine-tune    not looked up, trained               no page missing
    rag          looked up, not trained, one search   no page missing
    multi-step   looked up, not trained, many steps   no page missing
    both         looked up, trained                   no page missing
    neither yet  pages missing; or neither looked up nor trained
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.advice import costs
from bot.advice.costs import OptionCost
from bot.advice.leanings import Axis, Leanings, lean
from bot.advice.situation import Assumptions, Material, Need, Option, Situation

CLEAR_MARGIN, LIKELY_MARGIN = 6.0, 3.0


class Confidence(StrEnum):
    """How far the advised option is ahead of the second."""

    CLEAR = "clear"
    LIKELY = "likely"
    CLOSE = "a close call"


class First(StrEnum):
    """What to do before anything is built or trained, where the advice is neither yet."""

    PAGES = "write the missing pages"
    LABELS = "write a better prompt, and collect labelled examples"
    PROMPT = "write a better prompt"
    ALL_IN_PROMPT = "put all the facts into the prompt"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether judged questions can see the promised *gain* (a share): how many it *needs*, and how many there are.

    *needs* is 0 where nothing is promised; *sees* is the smallest gain that *has* questions can show.
    """

    gain: float
    needs: int
    has: int
    sees: float

    @property
    def is_enough(self) -> bool:
        """Return whether the gain would be seen."""
        return 0 < self.needs <= self.has


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do and why, with everything it was worked out from.

    *accuracy* is the measured share of right answers with its 95 % interval, None where nothing was judged;
    *compute_break_even* counts the questions after which training has paid for itself by shorter prompts alone.
    """

    situation: Situation
    assumed: Assumptions
    verdict: Option
    first: First | None
    second: Option
    margin: float
    strengths: Mapping[Option, float]
    leanings: Leanings
    costs: Mapping[Option, OptionCost]
    required_accuracy: float
    accuracy: tuple[float, float, float] | None
    compute_break_even: float
    saved_seconds: float
    saved_dollars: float
    evaluation: Evaluation

    @property
    def confidence(self) -> Confidence:
        """Return the margin in words."""
        if self.margin >= CLEAR_MARGIN:
            return Confidence.CLEAR
        return Confidence.LIKELY if self.margin >= LIKELY_MARGIN else Confidence.CLOSE

    @property
    def in_steps(self) -> bool:
        """Return whether facts are to be looked up in several steps."""
        looks_up = self.verdict in (Option.RETRIEVAL, Option.MULTI_STEP, Option.BOTH)
        return looks_up and self.leanings[Axis.MANY_STEPS] > 0

    @property
    def trains_later(self) -> bool:
        """Return whether training is worth it as such, and only closed gates stand in its way."""
        return self.leanings.wish(Axis.TRAIN) > 0 and bool(self.leanings.gates)


def recommend(situation: Situation, assumed: Assumptions) -> Recommendation:
    """Return the advice for *situation*."""
    leanings = lean(situation, assumed)
    strong = strengths(leanings)
    ranked = rank(strong)
    each = costs.all_costs(situation, assumed)
    retrieval, both = each[Option.RETRIEVAL], each[Option.BOTH]
    saved = retrieval.question_dollars - both.question_dollars
    return Recommendation(
        situation=situation,
        assumed=assumed,
        verdict=ranked[0],
        first=_first(situation, leanings) if ranked[0] is Option.NEITHER_YET else None,
        second=ranked[1],
        margin=strong[ranked[0]] - strong[ranked[1]],
        strengths=strong,
        leanings=leanings,
        costs=each,
        required_accuracy=costs.required_accuracy(situation.value_right, situation.cost_wrong),
        accuracy=_accuracy(situation),
        compute_break_even=costs.break_even_questions(costs.training_setup(situation, assumed), saved),
        saved_seconds=retrieval.question_seconds - both.question_seconds,
        saved_dollars=saved,
        evaluation=_evaluation(each[ranked[0]].gain / 100, situation, assumed),
    )


def verdict_of(situation: Situation, assumed: Assumptions) -> Option:
    """Return the advised option alone, for trying out what would flip it."""
    return rank(strengths(lean(situation, assumed)))[0]


def strengths(leanings: Leanings) -> dict[Option, float]:
    """Return how strong each option is: as its weakest decision."""
    look_up, train = leanings[Axis.LOOK_UP], leanings[Axis.TRAIN]
    many, pages = leanings[Axis.MANY_STEPS], leanings[Axis.PAGES]
    return {
        Option.RETRIEVAL: min(look_up, -train, -many, -pages),
        Option.MULTI_STEP: min(look_up, -train, many, -pages),
        Option.NEITHER_YET: max(pages, min(-look_up, -train)),
        Option.BOTH: min(look_up, train, -pages),
        Option.FINE_TUNE: min(-look_up, train, -pages),
    }


def rank(strong: Mapping[Option, float]) -> list[Option]:
    """Return the options, the strongest first; of equals, the one that is easier to undo."""
    return sorted(strong, key=lambda option: (-strong[option], list(Option).index(option)))


def _first(situation: Situation, leanings: Leanings) -> First:
    if leanings[Axis.PAGES] > 0:
        return First.PAGES
    if situation.need is not Need.BEHAVIOUR and situation.material is Material.ALL_FITS:
        return First.ALL_IN_PROMPT
    return First.LABELS if any(gate.name == "labels" for gate in leanings.gates) else First.PROMPT


def _accuracy(situation: Situation) -> tuple[float, float, float] | None:
    if not situation.judged:
        return None
    right = situation.judged - situation.failures + situation.too_slow
    low, high = costs.interval(right, situation.judged)
    return right / situation.judged, low, high


def _evaluation(gain: float, situation: Situation, assumed: Assumptions) -> Evaluation:
    needs = costs.questions_to_see(gain, assumed.discordant) if gain > 0 else 0
    sees = costs.smallest_visible_gain(situation.labels, assumed.discordant)
    return Evaluation(gain, needs, situation.labels, sees)
