"""Whether there is an answer: one calibrated scale over every signal, read twice.

    hits ─► found ─► gate: surely not? the model is not asked ─► draft ─► checked ─► judge: an answer, or a refusal

A scale is a logistic model whose weights are never negative, so more of a signal is never less confidence. Its numbers
are fitted on questions with known answers and kept beside the adapter they were fitted with; docs/decisions/0008 has
the figures. A signal that a set-up does not give, for want of a verifier, counts as it does on average.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import wording
from indexer.codes import answers_to, codes_in, spelled
from indexer.passages import Hit

Signals = Mapping[str, float]
"""What is known about one question, by name; the names are those of `found` and `written`."""

FARTHEST = 8.0  # log-odds beyond which nothing is surer


@dataclass(frozen=True, slots=True)
class Scale:
    """A fitted decision: yes from *threshold* on. *means* are the signals' over the questions it was fitted on."""

    weights: Mapping[str, float]
    means: Mapping[str, float]
    bias: float
    threshold: float

    def confidence(self, signals: Signals) -> float:
        """Return how sure it is, 0 to 1."""
        total = self.bias + sum(self.pulls(signals).values())
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))

    def says_yes(self, signals: Signals) -> bool:
        """Return whether the confidence reaches the threshold."""
        return self.confidence(signals) >= self.threshold

    def pulls(self, signals: Signals) -> dict[str, float]:
        """Return by how many log-odds each signal pulls away from the average question."""
        return {
            name: weight * (signals.get(name, self.means[name]) - self.means[name])
            for name, weight in self.weights.items()
        }


@dataclass(frozen=True, slots=True)
class Scales:
    """The two readings: *gate* before the model is asked, *judge* after it has written."""

    gate: Scale
    judge: Scale


def read_scales(path: Path) -> Scales:
    """Return the scales kept in *path*."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Scales(gate=Scale(**kept["gate"]), judge=Scale(**kept["judge"]))


def found(question: str, hits: Sequence[Hit]) -> dict[str, float]:
    """Return what the search says of *question*; empty where there is no hit.

    "cosine" is the best hit's, "lead" how far it stands before the fifth. "coverage" is the share of the question's
    content words that the best hit's breadcrumb and text hold, "names" the share of its names and numbers that any hit
    holds (1 where it has none). "verified" is the verifier's best in log-odds, not there where it was not asked.
    """
    if not hits:
        return {}
    cosines = sorted((hit.cosine for hit in hits), reverse=True)
    texts = [hit.indexed_text for hit in hits]
    signals = {
        "cosine": cosines[0],
        "lead": cosines[0] - cosines[min(4, len(cosines) - 1)],
        "coverage": max(_coverage(question, text) for text in texts[:3]),
        "names": _names_held(question, texts),
    }
    verified = [hit.verified for hit in hits if hit.verified is not None]
    return signals | ({"verified": log_odds(max(verified))} if verified else {})


def may_answer(gate: Scale, question: str, hits: Sequence[Hit], signals: Signals) -> bool:
    """Return whether *hits*, with their *signals*, may answer *question*: *gate* decides, or the code that it is of."""
    codes = wording.codes_asked_of(question)
    return _hold_any(codes, [hit.indexed_text for hit in hits]) if codes else gate.says_yes(signals)


def is_answered(judge: Scale, question: str, answer: Sequence[str], signals: Signals) -> bool:
    """Return whether *answer*, in sentences, answers *question*: *judge* decides, but where they name its code."""
    return _hold_any(wording.codes_asked_of(question), answer) or judge.says_yes(signals)


def _hold_any(codes: Sequence[str], texts: Sequence[str]) -> bool:
    """Return whether one of *codes* stands in *texts*."""
    held = {name for text in texts for code in codes_in(text) for name in answers_to(code)}
    return not held.isdisjoint(map(spelled, codes))


def log_odds(probability: float) -> float:
    """Return log(p / (1 - p)) within ±8.

    >>> log_odds(0.5), log_odds(1.0)
    (0.0, 8.0)
    """
    if not 0 < probability < 1:
        return FARTHEST if probability >= 1 else -FARTHEST
    return max(-FARTHEST, min(FARTHEST, math.log(probability / (1 - probability))))


def willingness(refusal: float) -> float:
    """Return in log-odds how much likelier the model would answer than refuse; *refusal* is that log probability."""
    return -log_odds(math.exp(min(0.0, refusal)))


def _coverage(question: str, text: str) -> float:
    asked = set(wording.content_stems(question))
    held = {*wording.content_stems(text), *map(spelled, codes_in(text))}
    return len(asked & held) / len(asked) if asked else 0.0


def _names_held(question: str, texts: Sequence[str]) -> float:
    asked = {spelled(word) for word in wording.names(question) | wording.numbers(question)}
    held = {spelled(word) for text in texts for word in (*wording.words(text), *wording.numbers(text))}
    return len(asked & held) / len(asked) if asked else 1.0
