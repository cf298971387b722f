"""What a team says about its case, and the assumptions its costs are worked out with; each can be changed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.errors import SituationUnusable


class Change(StrEnum):
    """How often the facts behind the answers change."""

    NEVER = "never"
    YEARLY = "yearly"
    MONTHLY = "monthly"
    WEEKLY = "weekly"
    DAILY = "daily"


class Need(StrEnum):
    """What the model lacks."""

    KNOWLEDGE = "knowledge"
    BEHAVIOUR = "behaviour"
    BOTH = "both"


class Material(StrEnum):
    """What fits into one prompt."""

    ALL_FITS = "all-fits"
    ANSWER_FITS = "answer-fits"
    TOO_LARGE = "too-large"


class Privacy(StrEnum):
    """Where the facts may go."""

    OPEN = "open"
    INSIDE = "inside"
    PER_PERSON = "per-person"


class Maintainer(StrEnum):
    """Who looks after it."""

    NOBODY = "nobody"
    TEAM = "team"
    ENGINEER = "engineer"


class Option(StrEnum):
    """What can be done; the order decides between two that are equally strong: when in doubt, start with retrieval."""

    RETRIEVAL = "rag"
    MULTI_STEP = "multi-step"
    NEITHER_YET = "neither-yet"
    BOTH = "both"
    FINE_TUNE = "fine-tune"


class _Answers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Dollars = Annotated[float, Field(ge=0, le=1_000_000)]


class Situation(_Answers):
    """The answers to the questions of the framework, in their order. Each field's description is its question."""

    change: Annotated[Change, Field(description="How often do the facts change?")] = Change.WEEKLY
    need: Annotated[Need, Field(description="What is missing: knowledge, or behaviour (format, tone, a task)?")] = (
        Need.KNOWLEDGE
    )
    must_cite: Annotated[bool, Field(description="Must an answer name its source?")] = True
    material: Annotated[Material, Field(description="What fits into one prompt?")] = Material.ANSWER_FITS
    labels: Annotated[_Count, Field(description="How many labelled examples are there?")] = 0
    prompted: Annotated[bool, Field(description="Has the best prompt you can write been tried?")] = False
    questions_a_month: Annotated[int, Field(ge=0, le=100_000_000, description="How many questions a month?")] = 3000
    value_right: Annotated[_Dollars, Field(description="What is a right answer worth, in dollars?")] = 2.0
    cost_wrong: Annotated[_Dollars, Field(description="What does a wrong answer cost, in dollars?")] = 6.0
    privacy: Annotated[Privacy, Field(description="Where may the facts go?")] = Privacy.INSIDE
    latency_seconds: Annotated[
        float, Field(gt=0, le=3600, description="Within how many seconds must an answer come?")
    ] = 10.0
    maintainer: Annotated[Maintainer, Field(description="Who will look after it?")] = Maintainer.TEAM
    judged: Annotated[_Count, Field(description="Of how many judged answers are the failures below?")] = 0
    missing_page: Annotated[_Count, Field(description="Failed: no page says it")] = 0
    not_retrieved: Annotated[_Count, Field(description="Failed: a page says it and was not found")] = 0
    wrong_although_retrieved: Annotated[_Count, Field(description="Failed: wrong although the page was shown")] = 0
    wrong_format: Annotated[_Count, Field(description="Failed: wrong format or tone")] = 0
    too_slow: Annotated[_Count, Field(description="Failed: right, but too slow")] = 0

    @model_validator(mode="after")
    def _failures_are_among_the_judged(self) -> Self:
        if self.failures > self.judged:
            raise ValueError(f"{self.failures} failures are counted; say how many answers were judged in all")
        return self

    @property
    def failures(self) -> int:
        """Return how many answers failed."""
        return self.missing_page + self.not_retrieved + self.wrong_answers + self.too_slow

    @property
    def wrong_answers(self) -> int:
        """Return the failures that the model itself made: wrong although retrieved, or wrong in format."""
        return self.wrong_although_retrieved + self.wrong_format


class Assumptions(_Answers):
    """The constants of the formulas. Defaults: the worked example of docs/decisions/0025, with two hours of judging."""

    months: Annotated[int, Field(ge=1, le=60, description="Months within which the work must pay")] = 12
    wage: Annotated[_Dollars, Field(description="Dollars an hour of work costs")] = 40.0
    labels_needed: Annotated[int, Field(ge=1, le=1_000_000, description="Labelled examples a training needs")] = 200
    minutes_per_label: Annotated[float, Field(ge=0, le=600, description="Minutes to write one")] = 2.0
    labels_a_month: Annotated[float, Field(ge=0, le=1e6, description="Examples that feedback brings a month")] = 20.0
    evaluation_hours: Annotated[float, Field(ge=0, le=1000, description="Hours to judge a trained model")] = 2.0
    retrain_hours: Annotated[float, Field(ge=0, le=1000, description="Hours of work for each later training")] = 1.0
    retrains_a_month: Annotated[float, Field(ge=0, le=100, description="Later trainings a month, for behaviour")] = 0.25
    training_upkeep_hours: Annotated[float, Field(ge=0, le=700, description="Hours a month to look after a model")] = (
        1.0
    )
    retrieval_setup_hours: Annotated[float, Field(ge=0, le=1000, description="Hours to connect wiki and bot")] = 4.0
    retrieval_upkeep_hours: Annotated[
        float, Field(ge=0, le=700, description="Hours a month to look after an index")
    ] = 1.0
    steps_setup_hours: Annotated[float, Field(ge=0, le=1000, description="Hours to try out a path of many steps")] = 8.0
    steps: Annotated[int, Field(ge=2, le=20, description="Model calls of one question answered in many steps")] = 4
    prompt_hours: Annotated[float, Field(ge=0, le=1000, description="Hours to try better prompts")] = 3.0
    hours_per_page: Annotated[float, Field(ge=0, le=100, description="Hours to write one missing page")] = 0.5
    fixed_dollars: Annotated[_Dollars, Field(description="Dollars a month for a machine of its own")] = 0.0
    question_tokens: Annotated[int, Field(ge=1, le=100_000, description="Prompt tokens: rules and question")] = 100
    passage_tokens: Annotated[int, Field(ge=0, le=1_000_000, description="Prompt tokens: passages found")] = 500
    example_tokens: Annotated[
        int, Field(ge=0, le=1_000_000, description="Prompt tokens: examples of good answers, which training saves")
    ] = 600
    output_tokens: Annotated[int, Field(ge=1, le=100_000, description="Tokens of an answer")] = 120
    cache_hit: Annotated[float, Field(ge=0, le=1, description="Share of the prompt that is cached")] = 0.0
    prefill_speed: Annotated[float, Field(gt=0, le=1e7, description="Prompt tokens read a second")] = 785.0
    decode_speed: Annotated[float, Field(gt=0, le=1e6, description="Tokens written a second")] = 118.0
    cores: Annotated[float, Field(gt=0, le=1024, description="CPU cores that answer")] = 2.0
    core_hour: Annotated[float, Field(ge=0, le=1000, description="Dollars a core costs an hour")] = 0.04
    input_price: Annotated[float, Field(ge=0, le=1000, description="Hosted model: dollars a million tokens in")] = 0.0
    output_price: Annotated[float, Field(ge=0, le=1000, description="Hosted model: dollars a million tokens out")] = 0.0
    parameters: Annotated[float, Field(gt=0, le=1e13, description="Parameters of the model")] = 135e6
    flop_per_parameter: Annotated[
        float, Field(ge=1, le=20, description="Operations a token and parameter: 4 for LoRA, 6 for all weights")
    ] = 4.0
    tokens_per_label: Annotated[int, Field(ge=1, le=1_000_000, description="Tokens of a labelled example")] = 334
    epochs: Annotated[float, Field(gt=0, le=1000, description="Times each example is learnt")] = 3.0
    peak_teraflops: Annotated[
        float, Field(gt=0, le=1e6, description="Peak of the training machine, 10^12 a second")
    ] = 1.0
    utilisation: Annotated[float, Field(gt=0, le=1, description="Share of that peak a training reaches")] = 0.32
    training_hour: Annotated[
        float, Field(ge=0, le=10_000, description="Dollars the training machine costs an hour")
    ] = 0.08
    reach: Annotated[float, Field(ge=0, le=1, description="Share of what could be gained that is gained")] = 0.5
    training_gain: Annotated[float, Field(ge=0, le=100, description="Points that training gained elsewhere")] = 6.0
    retrieval_gain: Annotated[float, Field(ge=0, le=100, description="Points that retrieval gained elsewhere")] = 5.0
    doubt: Annotated[float, Field(ge=1, le=1e6, description="Judged answers that count as much as elsewhere")] = 50.0
    discordant: Annotated[float, Field(gt=0, le=1, description="Share of questions on which two versions differ")] = 0.2


Kind = TypeVar("Kind", Situation, Assumptions)


def with_answers(values: Kind, given: Mapping[str, str]) -> Kind:
    """Return *values* with those in *given*, by name, as people write them: `$1,200`, `yes`, `daily`.

    Raises SituationUnusable, which names every wrong one.
    """
    wrong = problems(values, given)
    if wrong:
        raise SituationUnusable("\n".join(f"{name}: {why}" for name, why in wrong.items()))
    return type(values).model_validate(_merged(values, given))


def problems(values: Situation | Assumptions, given: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with *values* once *given* is in it: a sentence by name, empty if all is well."""
    try:
        type(values).model_validate(_merged(values, given))
    except ValidationError as error:
        found = {"".join(str(part) for part in each["loc"]) or "judged": each["msg"] for each in error.errors()}
        return {name: _sentence(type(values), name, message) for name, message in found.items()}
    return {}


def _merged(values: BaseModel, given: Mapping[str, str]) -> dict[str, object]:
    return values.model_dump() | {name: _plain(text) for name, text in given.items()}


def _plain(text: str) -> str:
    """Return *text* as pydantic reads it: no dollar sign, no thousands."""
    return text.strip().removeprefix("$").replace(",", "").strip().lower()


def _sentence(kind: type[BaseModel], name: str, message: str) -> str:
    if name not in kind.model_fields:
        return "is no answer and no assumption; `python -m bot advise --help` lists them"
    said = message.removeprefix("Value error, ").replace("Input should", "should").replace("Input must", "must")
    return said[:1].lower() + said[1:]


def choices(name: str) -> list[str]:
    """Return the values an answer may have where it is a choice, an empty list where it is a number.

    >>> choices("need")
    ['knowledge', 'behaviour', 'both']
    >>> choices("must_cite")
    ['yes', 'no']
    """
    annotation = Situation.model_fields[name].annotation
    if annotation is bool:
        return ["yes", "no"]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [member.value for member in annotation]
    return []


def bounds(kind: type[BaseModel], name: str) -> tuple[float, float]:
    """Return the least and the most a number may be; the least of what must be above zero is a millionth.

    >>> bounds(Situation, "labels"), bounds(Assumptions, "utilisation")
    ((0.0, 1000000.0), (1e-06, 1.0))
    """
    least, most = 0.0, 1e13
    for rule in kind.model_fields[name].metadata:
        least = float(getattr(rule, "ge", None) or (1e-6 if getattr(rule, "gt", None) is not None else least))
        most = float(getattr(rule, "le", None) or most)
    return least, most


def is_whole(kind: type[BaseModel], name: str) -> bool:
    """Return whether the answer or assumption *name* is a whole number."""
    return kind.model_fields[name].annotation is int


def written(value: object) -> str:
    """Return *value* as with_answers() reads it.

    >>> written(True), written(3000), written(0.04), written(Need.BOTH), written(135e6), written(1e-6)
    ('yes', '3000', '0.04', 'both', '135000000', '0.000001')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:.0f}" if value == int(value) else repr(value)
        return text if "e" not in text else f"{value:.12f}".rstrip("0")
    return str(value)
