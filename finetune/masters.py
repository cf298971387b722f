"""The weights that are trained, in float32, with their optimizer and its rate."""

import math

import torch
from torch import Tensor

from finetune.base import Llama
from finetune.hyperparameters import Hyperparameters
from finetune.team import Team


def done_share(settings: Hyperparameters, step: int, total: int, seconds: float) -> float:
    """Return how much of the run is done, 0 to 1: of its *total* steps, or of its time where that is further."""
    by_steps = step / total
    by_time = seconds / (settings.minutes * 60) if settings.minutes else 0.0
    return min(1.0, max(by_steps, by_time))


def learning_rate(settings: Hyperparameters, done: float) -> float:
    """Return the learning rate when *done* of the run is over: a rise, then half a cosine.

    >>> settings = Hyperparameters(learning_rate=1.0, warmup_share=0.1, final_share=0.2)
    >>> [round(learning_rate(settings, done), 2) for done in (0.0, 0.05, 0.1, 0.55, 1.0)]
    [0.05, 0.5, 1.0, 0.6, 0.2]
    """
    if done < settings.warmup_share:
        return settings.learning_rate * max(0.05, done / settings.warmup_share)
    cooled = (done - settings.warmup_share) / (1 - settings.warmup_share)
    share = settings.final_share + (1 - settings.final_share) * (1 + math.cos(math.pi * cooled)) / 2
    return settings.learning_rate * share


class Masters:
    """What is trained, in float32, with its optimizer; the model computes with copies of its own type."""

    def __init__(self, model: Llama, settings: Hyperparameters) -> None:
        self._model = model
        self._working = model.trained()
        self._weights = [parameter.detach().float().clone() for parameter in self._working]
        for weight in self._weights:
            weight.grad = torch.zeros_like(weight)
        self.optimizer = torch.optim.AdamW(
            self._weights, settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay, foreach=True
        )
        self._clip_norm = settings.clip_norm

    def take_gradients(self) -> None:
        """Add the working weights' gradients to the masters', and clear them."""
        for master, working in zip(self._weights, self._working, strict=True):
            assert master.grad is not None, "made with the masters"
            if working.grad is not None:
                master.grad += working.grad.float()
            working.grad = None

    def add_up(self, team: Team) -> None:
        """Add the gradients of all processes of *team*."""
        for master in self._weights:
            assert master.grad is not None, "made with the masters"
            team.add_up(master.grad)

    def move(self, rate: float) -> float:
        """Make one step at *rate*; return the length of the gradient before it was clipped."""
        norm = torch.nn.utils.clip_grad_norm_(self._weights, self._clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        self._publish()
        return float(norm)

    def by_name(self) -> dict[str, Tensor]:
        """Return the masters by their GGUF names."""
        return self._model.by_name(self._weights)

    def put(self, kept: dict[str, Tensor]) -> None:
        """Take *kept* weights, by name, in place of the present ones."""
        with torch.no_grad():
            for name, master in self.by_name().items():
                master.copy_(kept[name])
        self._publish()

    def _publish(self) -> None:
        """Copy the masters into the model."""
        with torch.no_grad():
            for master, working in zip(self._weights, self._working, strict=True):
                working.copy_(master)
