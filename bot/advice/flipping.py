"""What would flip the advice: each answer and each assumption changed alone, all others as they are."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bot.advice.recommendation import Recommendation, verdict_of
from bot.advice.situation import Assumptions, Option, Situation, bounds, choices, is_whole, with_answers, written

_HALVINGS = 30
_FARTHEST = 1000.0  # numbers are tried up to so many times as large and as small as they are
_FAILURES = ("missing_page", "not_retrieved", "wrong_although_retrieved", "wrong_format", "too_slow")


@dataclass(frozen=True, slots=True)
class Flip:
    """With the answer or assumption *name* at *value* instead of *now*, the advice is *verdict*.

    *times* is how far that is from now: 2.0 is twice or half as much, 1.0 for a choice beside the one made.
    """

    name: str
    now: str
    value: str
    verdict: Option
    times: float


def flips(advice: Recommendation) -> list[Flip]:
    """Return the smallest change of each answer and assumption that flips *advice*, the likeliest first."""
    found = [*_of_choices(advice), *_of_numbers(advice, advice.situation), *_of_numbers(advice, advice.assumed)]
    return sorted(found, key=lambda flip: flip.times)


def _of_choices(advice: Recommendation) -> Iterator[Flip]:
    for name in Situation.model_fields:
        values = choices(name)
        if not values:
            continue
        now = values.index(written(getattr(advice.situation, name)))
        nearest = sorted(range(len(values)), key=lambda place: abs(place - now))
        for place in nearest[1:]:
            verdict = verdict_of(with_answers(advice.situation, {name: values[place]}), advice.assumed)
            if verdict is not advice.verdict:
                yield Flip(name, values[now], values[place], verdict, 1.0 + (abs(place - now) - 1) / 2)
                break


def _of_numbers(advice: Recommendation, values: Situation | Assumptions) -> Iterator[Flip]:
    for name in type(values).model_fields:
        if isinstance(values, Assumptions) or not (choices(name) or name == "judged"):
            now = float(getattr(values, name))
            ends = (now / _FARTHEST, now * _FARTHEST) if now else (_FARTHEST,)
            found = [flip for end in ends for flip in _towards(advice, values, name, end)]
            yield from sorted(found, key=lambda flip: flip.times)[:1]


def _towards(advice: Recommendation, values: Situation | Assumptions, name: str, end: float) -> Iterator[Flip]:
    """Yield the flip nearest to now on the way to *end*, if there is one there, found by halving the way."""

    def verdict_at(number: float) -> Option:
        return _verdict(advice, _at(values, name, number))

    now = float(getattr(values, name))
    least, most = bounds(type(values), name)
    same, other = now, min(max(end, least), most)
    if verdict_at(other) is advice.verdict:
        return
    for _ in range(_HALVINGS):
        middle = math.sqrt(same * other) if same and other else (same + other) / 2
        if verdict_at(middle) is advice.verdict:
            same = middle
        else:
            other = middle
    tidy = next((n for n in _rounded(other) if verdict_at(n) is not advice.verdict), other)
    reached = _at(values, name, tidy)
    yield Flip(
        name,
        written(getattr(values, name)),
        written(getattr(reached, name)),
        _verdict(advice, reached),
        _times(now, float(getattr(reached, name))),
    )


def _at(values: Situation | Assumptions, name: str, number: float) -> Situation | Assumptions:
    """Return *values* with *name* at *number*, whole where it must be; added failures are added to the judged."""
    least, most = bounds(type(values), name)
    kept = min(max(number, least), most)
    changed = values.model_copy(update={name: round(kept) if is_whole(type(values), name) else kept})
    if isinstance(changed, Situation) and name in _FAILURES:
        return changed.model_copy(update={"judged": max(changed.judged, changed.failures)})
    return changed


def _verdict(advice: Recommendation, values: Situation | Assumptions) -> Option:
    if isinstance(values, Situation):
        return verdict_of(values, advice.assumed)
    return verdict_of(advice.situation, values)


def _rounded(number: float) -> Iterator[float]:
    """Yield *number* rounded to one digit, to two, and so on."""
    for digits in range(1, 6):
        yield float(f"{number:.{digits}g}")


def _times(now: float, value: float) -> float:
    """Return how many times as large or as small *value* is; from or to nothing counts as the difference."""
    if not now or not value:
        return 1.0 + abs(value - now)
    return max(now / value, value / now)
