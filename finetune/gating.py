"""Holds what was exported against the tuned model itself: the same tokens in, nearly the same probabilities out.

torch, float32 ─ MAX_LOGITS_KL ─► merged in float16, by llama.cpp ─┬ max_kl ─► base as it is served + adapter
                                                                   └ max_kl ─► merged and quantised
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finetune.errors import RunUnusable
from finetune.ports import Served, Text

MAX_KL = 0.02
"""Nats a token that an artefact may be away from the tuned model; the base's own 4 bits cost 0.004, 8 bits 0.005."""
MAX_LOGITS_KL = 0.005
"""The same for two programs that compute one model: what is above comes of a wrong weight, turn or token."""
MIN_AGREEMENT = 0.85
"""Of the answers' tokens, those where the adapter over the served base finds the same one likeliest."""
ANSWER_TOKENS = 200  # of a longer answer the beginning is compared

Logs = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trial:
    """A prompt of dev and its answer, as text and in the tokens that the model was trained on."""

    text: Text
    prompt: list[int]
    answer: list[int]


@dataclass(frozen=True, slots=True)
class Compared:
    """How far a model is from another: KL in nats a token, mean and 99th percentile, and the share of same choices."""

    kl: float
    kl_99: float
    same_likeliest: float


def compare(truth: Sequence[Logs], others: Iterable[Logs]) -> Compared:
    """Return how far *others* are from *truth*, log probabilities of shape (tokens, vocabulary), one a trial."""
    divergences, is_same = [], []
    for one, other in zip(truth, others, strict=True):
        exact = one.astype(np.float64)
        divergences.append((np.exp(exact) * (exact - other)).sum(axis=1))
        is_same.append(one.argmax(axis=1) == other.argmax(axis=1))
    each = np.maximum(np.concatenate(divergences), 0.0)  # rounding may leave a hair below
    return Compared(float(each.mean()), float(np.quantile(each, 0.99)), float(np.concatenate(is_same).mean()))


def check_tokens(served: Served, trials: Sequence[Trial]) -> int:
    """Return how many tokens *served* reads as training did. Raises RunUnusable where one differs."""
    count = 0
    for number, trial in enumerate(trials, start=1):
        prompt, answer = served.encode(trial.text)
        if (prompt, answer[: len(trial.answer)]) != (trial.prompt, trial.answer):
            raise RunUnusable(
                f"The tokens of dev's example {number} are others in the exported model than in training: tokenizer or "
                "chat template are not the base's. Nothing was exported; give the GGUF file that belongs to the base."
            )
        count += len(prompt) + len(trial.answer)
    return count


def asked(served: Served, trials: Sequence[Trial]) -> list[Logs]:
    """Return the log probabilities that *served* has at each token of the answers."""
    return [served.distributions(trial.prompt, trial.answer) for trial in trials]


def refuse(what: str, kl: float, most: float, cure: str) -> None:
    """Raise RunUnusable where *what* is further than *most* from the tuned model, or is no number."""
    if not kl <= most:
        raise RunUnusable(
            f"{what} is {kl:.4f} nats a token away from the tuned model, {most:g} are allowed. Nothing was exported, "
            f"what was there before is still there; {cure}."
        )
