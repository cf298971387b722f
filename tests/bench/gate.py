"""Fits the gate: `make fit-gate` writes it into finetune/shipped/calibration.json and says how well it does.

The judge beside it is fitted by `python -m finetune evaluate --calibrate`.

Fitted on the hand-written rows: questions that the sample wiki answers, against off-topic ones and ones about another
wiki. Near-misses are left to what comes after the model. Held against the golden questions. No weight is negative: more
of a signal is never less confidence. The threshold keeps KEPT of the answered questions it is fitted on.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bot import confidence
from config import settings, wiring
from finetune import calibrate
from finetune.calibrate import Fitted, Judged
from indexer.pages import EVERYONE
from tests.bench import questions

ROWS = Path(__file__).parents[2] / "finetune" / "rows"
KEPT = 0.98  # what it keeps from the model of these, the judge after the model refuses anyway
SIGNALS = ("cosine", "lead", "coverage", "names", "verified")
Asked = tuple[str, str, bool]
"""A question, its kind, and whether the wiki answers it."""


def main() -> int:
    """Fit, print and write."""
    indexing = wiring.indexing(settings.load())
    fitted_on = _rows()
    held_out = [(one.question, one.kind, one.is_answered) for one in questions.read()]
    learned = _signals(indexing, fitted_on)
    known = [Judged(found, answered, "") for found, (_, _, answered) in zip(learned, fitted_on, strict=True)]
    gate = calibrate.fit(known, SIGNALS, KEPT)
    path = wiring.SHIPPED_FOLDER / wiring.CALIBRATION
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(json.dumps(kept | {"gate": gate.as_json()}, indent=2) + "\n", encoding="utf-8")
    print(gate)
    unseen = _signals(indexing, held_out)
    for name, asked, signals in (("fitted on", fitted_on, learned), ("held out", held_out, unseen)):
        confidences = [gate.confidence(found) for found in signals]
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


def auroc(confidences: Sequence[float], answered: Sequence[bool]) -> float:
    """Return how often an answered question is more confident than an unanswered one."""
    yes = [c for c, is_answered in zip(confidences, answered, strict=True) if is_answered]
    no = [c for c, is_answered in zip(confidences, answered, strict=True) if not is_answered]
    if not yes or not no:
        return math.nan
    return sum((a > b) + (a == b) / 2 for a in yes for b in no) / (len(yes) * len(no))


def _signals(indexing: wiring.Indexing, asked: Sequence[Asked]) -> list[dict[str, float]]:
    find = indexing.search.find
    return [confidence.found(text, find(text, frozenset({EVERYONE}), 10)) for text, _, _ in asked]


def _let_through(gate: Fitted, asked: Sequence[Asked], confidences: Sequence[float]) -> dict[str, float]:
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for (_, kind, answered), sure in zip(asked, confidences, strict=True):
        by_kind[kind].append(sure >= gate.threshold)
        by_kind["all answered" if answered else "none answered"].append(sure >= gate.threshold)
    return {kind: sum(values) / len(values) for kind, values in by_kind.items()}


if __name__ == "__main__":
    sys.exit(main())
