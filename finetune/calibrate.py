"""Fits the bot's scales on questions with known answers: when to answer, and when to say that the wiki does not.

A scale is a logistic model with weights of 0 or more. The judge is fitted on replies written with both scales open, so
that every question has a draft; its threshold keeps a given share of the answered questions. What is reported is of
questions that the fit has not seen: the questions are parted by page or article, and each part is judged by the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from finetune.errors import DatasetWrong

RIDGE = 0.002
PARTS = 5


@dataclass(frozen=True, slots=True)
class Fitted:
    """A scale in the form that `bot/confidence.py` reads."""

    weights: dict[str, float]
    means: dict[str, float]
    bias: float
    threshold: float

    def confidence(self, signals: Mapping[str, float]) -> float:
        """Return how sure it is, 0 to 1."""
        total = self.bias + sum(
            weight * (signals.get(name, self.means[name]) - self.means[name]) for name, weight in self.weights.items()
        )
        return float(1 / (1 + np.exp(-total)))

    def as_json(self) -> dict[str, object]:
        """Return it rounded, for a file."""
        found = asdict(self)
        return {
            name: {key: round(number, 4) for key, number in value.items()}
            if isinstance(value, dict)
            else round(value, 4)
            for name, value in found.items()
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """A question to fit on: its signals, whether it *should* be answered, and the page or article it is about."""

    signals: Mapping[str, float]
    should: bool
    group: str


def fit(judged: Sequence[Judged], names: Sequence[str], kept: float) -> Fitted:
    """Return the scale over the signals *names*; its threshold lets *kept* of those that should be answered through.

    Both outcomes count alike, however many there are of each. Raises DatasetWrong where one is missing.
    """
    should = np.array([one.should for one in judged])
    if not judged or should.all() or not should.any():
        raise DatasetWrong("To calibrate takes questions that should be answered and others that should not.")
    known = {name: [one.signals[name] for one in judged if name in one.signals] for name in names}
    means = {name: float(np.mean(values)) for name, values in known.items() if values}
    table = np.array([[one.signals.get(name, mean) - mean for name, mean in means.items()] for one in judged])
    spread = np.maximum(table.std(axis=0), 1e-6)  # so that the ridge weighs all signals alike
    best = _minimum(table / spread, should)
    weights = {name: float(w) for name, w in zip(means, best[:-1] / spread, strict=True)}
    open_ = Fitted(weights, means, float(best[-1]), 0.0)
    passed = [open_.confidence(one.signals) for one in judged if one.should]
    return Fitted(weights, means, float(best[-1]), float(np.quantile(passed, 1 - kept)))


def unseen(judged: Sequence[Judged], names: Sequence[str], kept: float) -> list[bool]:
    """Return whether each question is answered by a scale that was fitted without its part."""
    groups = sorted({one.group for one in judged})
    part_of = {group: place % PARTS for place, group in enumerate(groups)}
    answered = [False] * len(judged)
    for part in range(PARTS):
        scale = fit([one for one in judged if part_of[one.group] != part], names, kept)
        for place, one in enumerate(judged):
            if part_of[one.group] == part:
                answered[place] = scale.confidence(one.signals) >= scale.threshold
    return answered


def _minimum(table: NDArray[np.float64], should: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weights, none negative, and the bias."""
    weight = np.where(should, 0.5 / should.mean(), 0.5 / (1 - should.mean()))
    count = table.shape[1]

    def loss(theta: NDArray[np.float64]) -> float:
        margin = np.where(should, 1, -1) * (table @ theta[:-1] + theta[-1])
        return float(np.mean(weight * np.logaddexp(0, -margin)) + RIDGE * np.sum(theta[:-1] ** 2))

    bounds = [(0, None)] * count + [(None, None)]
    best: NDArray[np.float64] = minimize(loss, np.zeros(count + 1), bounds=bounds, method="L-BFGS-B").x
    return best
