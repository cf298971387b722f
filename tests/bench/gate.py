"""Fits the confidence gate: `make fit-gate` writes bot/gate.json and prints how it does on questions it has not seen.

Fitted on the hand-written rows: questions that the sample wiki answers, against off-topic ones and ones about another
wiki. Near-misses are left to what comes after the model. Held against the golden questions. No weight is negative: more
of a signal is never less confidence. The threshold keeps KEPT of the answered questions it is fitted on.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bot.confidence import GATE_FILE, Gate, Signals, signals
from config import settings, wiring
from indexer.pages import EVERYONE
from tests.bench import questions

ROWS = Path(__file__).parents[2] / "finetune" / "rows"
KEPT = 0.98
RIDGE = 0.0005
Asked = tuple[str, str, bool]
"""A question, its kind, and whether the wiki answers it."""


def main() -> int:
    """Fit, print and write."""
    indexing = wiring.indexing(settings.load())
    fitted_on = _rows()
    held_out = [(one.question, one.kind, one.is_answered) for one in questions.read()]
    gate = fit(_table(indexing, fitted_on), np.array([answered for _, _, answered in fitted_on]))
    GATE_FILE.write_text(json.dumps({field.name: round(getattr(gate, field.name), 4) for field in fields(gate)}) + "\n")
    print(gate)
    for name, asked in (("fitted on", fitted_on), ("held out", held_out)):
        confidences = [gate.confidence(Signals(*row)) for row in _table(indexing, asked)]
        print(f"{name}: AUROC {auroc(confidences, [answered for _, _, answered in asked]):.3f}")
        for kind, share in _let_through(gate, asked, confidences).items():
            print(f"   {kind:12} let through {share:.3f}")
    return 0


def _rows() -> list[Asked]:
    """Return the sample wiki's answered rows, every off-topic row, and half of another wiki's."""
    found: list[Asked] = []
    for path in sorted(ROWS.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found += [(row["question"], "off-topic", False) for row in rows if row["kind"] == "off-topic"]
        if path.stem == "sample":
            found += [(row["question"], row["kind"], True) for row in rows if row["answer"]]
        elif path.stem == "govuk":
            found += [(row["question"], "other wiki", False) for row in rows[::2] if row["answer"]]
    return found


def fit(table: NDArray[np.float64], answered: NDArray[np.bool_]) -> Gate:
    """Return the gate for *table* of shape (questions, signals): logistic regression with weights of 0 or more."""
    weight = np.where(answered, 0.5 / answered.mean(), 0.5 / (1 - answered.mean()))  # both outcomes count alike

    def loss(theta: NDArray[np.float64]) -> float:
        margin = np.where(answered, 1, -1) * (table @ theta[:-1] + theta[-1])
        return float(np.mean(weight * np.logaddexp(0, -margin)) + RIDGE * np.sum(theta[:-1] ** 2))

    count = table.shape[1]
    best = minimize(loss, np.zeros(count + 1), bounds=[(0, None)] * count + [(None, None)], method="L-BFGS-B").x
    confidences = 1 / (1 + np.exp(-(table @ best[:-1] + best[-1])))
    threshold = float(np.quantile(confidences[answered], 1 - KEPT))
    cosine, lead, coverage, names, bias = (float(value) for value in best)
    return Gate(cosine, lead, coverage, names, bias, threshold)


def auroc(confidences: Sequence[float], answered: Sequence[bool]) -> float:
    """Return how often an answered question is more confident than an unanswered one."""
    yes = [c for c, is_answered in zip(confidences, answered, strict=True) if is_answered]
    no = [c for c, is_answered in zip(confidences, answered, strict=True) if not is_answered]
    if not yes or not no:
        return math.nan
    return sum((a > b) + (a == b) / 2 for a in yes for b in no) / (len(yes) * len(no))


def _table(indexing: wiring.Indexing, asked: Sequence[Asked]) -> NDArray[np.float64]:
    find = indexing.search.find
    return np.array([astuple(signals(text, find(text, frozenset({EVERYONE}), 10))) for text, _, _ in asked])


def _let_through(gate: Gate, asked: Sequence[Asked], confidences: Sequence[float]) -> dict[str, float]:
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for (_, kind, answered), confidence in zip(asked, confidences, strict=True):
        by_kind[kind].append(confidence >= gate.threshold)
        by_kind["all answered" if answered else "none answered"].append(confidence >= gate.threshold)
    return {kind: sum(values) / len(values) for kind, values in by_kind.items()}


if __name__ == "__main__":
    sys.exit(main())
