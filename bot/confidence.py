"""Whether what was found can answer a question at all, decided before the model is asked.

A logistic model over a few signals of the search. Its weights and threshold are fitted on questions with known answers
(`make fit-gate`) and kept in `gate.json`; docs/decisions/0006 has the figures.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot import wording
from indexer.passages import Hit

GATE_FILE = Path(__file__).with_name("gate.json")


@dataclass(frozen=True, slots=True)
class Signals:
    """What the search says about one question.

    *cosine* is the best hit's, *lead* how far it stands before the fifth. *coverage* is the share of the question's
    content words that the best hit's breadcrumb and text hold, *names* the share of its names and numbers that any hit
    holds (1 where it has none).
    """

    cosine: float
    lead: float
    coverage: float
    names: float


@dataclass(frozen=True, slots=True)
class Gate:
    """The fitted decision: below *threshold* the wiki surely does not hold the answer."""

    cosine: float
    lead: float
    coverage: float
    names: float
    bias: float
    threshold: float

    def confidence(self, signals: Signals) -> float:
        """Return how sure it is, 0 to 1, that the hits answer the question."""
        total = self.bias + sum(getattr(self, name) * value for name, value in asdict(signals).items())
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))

    def lets_through(self, signals: Signals) -> bool:
        """Return whether the model should be asked."""
        return self.confidence(signals) >= self.threshold


def read_gate(path: Path = GATE_FILE) -> Gate:
    """Return the gate kept in *path*."""
    return Gate(**json.loads(path.read_text(encoding="utf-8")))


def signals(question: str, hits: Sequence[Hit]) -> Signals:
    """Return the signals of *hits*, best first, for *question*; all 0 where there is no hit."""
    if not hits:
        return Signals(0.0, 0.0, 0.0, 0.0)
    cosines = sorted((hit.cosine for hit in hits), reverse=True)
    texts = [" ".join((hit.title, *hit.headings, hit.text)) for hit in hits]
    return Signals(
        cosine=cosines[0],
        lead=cosines[0] - cosines[min(4, len(cosines) - 1)],
        coverage=max(_coverage(question, text) for text in texts[:3]),
        names=_names_held(question, texts),
    )


def _coverage(question: str, text: str) -> float:
    asked = set(wording.content_stems(question))
    return len(asked & set(wording.content_stems(text))) / len(asked) if asked else 0.0


def _names_held(question: str, texts: Sequence[str]) -> float:
    asked = wording.names(question) | wording.numbers(question)
    held = {word for text in texts for word in (*wording.words(text), *wording.numbers(text))}
    return len(asked & held) / len(asked) if asked else 1.0
