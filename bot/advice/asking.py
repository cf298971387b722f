"""From all that is known of a case to its recommendation: own figures first, then the text, then what was set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.advice.figures import Tally, prefill
from bot.advice.reader import Reading, Understood, read
from bot.advice.recommendation import Recommendation, recommend
from bot.advice.report import Report, report
from bot.advice.situation import Assumptions, Situation, problems, with_answers
from bot.errors import SituationUnusable


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before anybody is asked: values by name, where each comes from, and what was not understood."""

    values: Mapping[str, str]
    understood: tuple[Understood, ...]
    left: str


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation and its report."""

    recommendation: Recommendation
    report: Report


def known(tally: Tally, text: str) -> Known:
    """Return what the bot's own figures and the *text* say; where both do, the text counts."""
    reading: Reading = read(text)
    said = {each.name for each in reading.understood}
    counted = _failures_together(prefill(tally), said)
    understood = (*(each for each in counted if each.name not in said), *reading.understood)
    return Known({each.name: each.value for each in understood} | reading.values, understood, reading.left)


def advise(values: Mapping[str, str], said: Iterable[str] | None = None) -> Advice:
    """Return the advice for *values* by name, defaults for the rest. Raises SituationUnusable, naming each wrong one.

    *said* names the answers that somebody gave; all of *values* where it is not given.
    """
    wrong = mistakes(values)
    if wrong:
        raise SituationUnusable("\n".join(f"{name}: {why}" for name, why in wrong.items()))
    answers, assumed = _apart(values)
    advice = recommend(with_answers(Situation(), answers), with_answers(Assumptions(), assumed))
    return Advice(advice, report(advice, frozenset(values if said is None else said)))


def mistakes(values: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with *values*: a sentence by name, empty if nothing is."""
    answers, assumed = _apart(values)
    return problems(Situation(), answers) | problems(Assumptions(), assumed)


def _apart(values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the answers and the assumptions; an unknown name is among the answers."""
    assumed = {name: value for name, value in values.items() if name in Assumptions.model_fields}
    return {name: value for name, value in values.items() if name not in assumed}, assumed


_COUNTS = {"judged", "missing_page", "not_retrieved", "wrong_although_retrieved", "wrong_format", "too_slow"}


def _failures_together(counted: list[Understood], said: set[str]) -> list[Understood]:
    """Return *counted* without its failures where the text gives any: counts of two sources do not add up."""
    return [each for each in counted if not (said & _COUNTS and each.name in _COUNTS)]
