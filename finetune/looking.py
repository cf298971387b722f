"""Looks at how a model in training does on dev: its loss, whether it refuses when it should, and whether it cites."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional

from finetune import tokens
from finetune.base import Llama
from finetune.tokens import Batch, Tokens


@dataclass(frozen=True, slots=True)
class Check:
    """A look at dev: the loss an answer token, and how the answers begin and cite.

    *false_refusals* and *true_refusals* are the shares of answerable and of unanswerable questions where the refusal
    has more than half of the probability; *refusal_auroc* is how well that probability parts the two; *right_markers*
    the share of markers predicted right after the true text before them.
    """

    loss: float
    false_refusals: float
    true_refusals: float
    refusal_auroc: float
    right_markers: float


def look(model: Llama, dev: Tokens, tokens_per_batch: int, openers: tuple[int, ...]) -> Check:
    """Return how *model* does on *dev*; a number after one of *openers* is a marker."""
    truth = [_asked(model, batch) for batch in tokens.batches(dev, range(len(dev)), tokens_per_batch)]
    targets = sum(len(batch.targets) for batch, _, _ in truth)
    is_marker = np.concatenate([np.isin(batch.before(), openers) for batch, _, _ in truth])
    is_right = np.concatenate([is_likeliest for _, _, is_likeliest in truth])
    refusing = np.exp(refusal_logs(model, dev, tokens_per_batch))  # (examples,)
    return Check(
        loss=-sum(float(logs.sum()) for _, logs, _ in truth) / max(1, targets),
        false_refusals=_mean(refusing[dev.answerable] > 0.5),
        true_refusals=_mean(refusing[~dev.answerable] > 0.5),
        refusal_auroc=auroc(refusing[~dev.answerable], refusing[dev.answerable]),
        right_markers=_mean(is_right[is_marker]),
    )


def refusal_logs(model: Llama, dev: Tokens, tokens_per_batch: int) -> NDArray[np.float64]:
    """Return the log probability of the refusal after each prompt; 0 where *dev* holds none to know it from."""
    logs = np.zeros(len(dev))
    known = np.flatnonzero(~dev.answerable)
    if not len(known):
        return logs
    refusal = dev.example(int(known[0]))[dev.answers[known[0]] :]
    refused = dev.answered_by(refusal)
    for batch in tokens.batches(refused, range(len(refused)), tokens_per_batch):
        np.add.at(logs, batch.owners, _asked(model, batch)[1])
    return logs


def distributions(model: Llama, prompt: list[int], answer: list[int]) -> NDArray[np.float32]:
    """Return the log probabilities that *model* has at each token of *answer*, of shape (answer, vocabulary)."""
    device = model.embedding.device
    row = torch.tensor([[*prompt, *answer]], device=device)
    places = torch.arange(len(prompt) - 1, row.shape[1] - 1, device=device)
    with torch.no_grad():
        logs: NDArray[np.float32] = model(row, places).log_softmax(-1).cpu().numpy()
    return logs


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Return how often a positive scores above a negative, 0 to 1; 0.5 where there is none of one of them.

    >>> auroc([0.9, 0.4], [0.3, 0.5])
    0.75
    """
    above = np.subtract.outer(np.asarray(positive), np.asarray(negative))
    if not above.size:
        return 0.5
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def _asked(model: Llama, batch: Batch) -> tuple[Batch, NDArray[np.float64], NDArray[np.bool_]]:
    """Return *batch* with the log probability of each target and whether it is the likeliest."""
    device = model.embedding.device
    with torch.no_grad():
        logits = model(torch.from_numpy(batch.tokens).to(device), torch.from_numpy(batch.places).to(device))
        targets = torch.from_numpy(batch.targets).to(device)
        logs = -functional.cross_entropy(logits, targets, reduction="none")
        is_likeliest = logits.argmax(-1) == targets
    return batch, logs.double().cpu().numpy(), is_likeliest.cpu().numpy()


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0
