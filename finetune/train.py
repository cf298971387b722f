"""Trains a LoRA adapter: arguments, data, model, loop, save, from top to bottom.

    train.jsonl ─► tokens ─► steps of like length ─► forward, backward ─► float32 master weights ─► last.pt, best.pt

The model computes in bfloat16, ten times as fast as float32 on CPUs that know it; the adapter's own weights and the
optimizer are float32. A run goes on from its last checkpoint as if it had not been stopped.
"""

import ctypes
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from finetune import runs, tokens
from finetune.base import Llama, Lora, read_base
from finetune.errors import RunUnusable
from finetune.hyperparameters import Hyperparameters
from finetune.looking import look
from finetune.runs import Log, Progress, Tell
from finetune.tokens import Batch, Tokens


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run reads.

    *origins* are the hashes that the exported adapter will carry; *openers* the tokens after which a number is a
    marker; *begin_from* the weights of an adapter to train on, by GGUF name, None for new ones.
    """

    base: Path
    train: Tokens
    dev: Tokens
    origins: dict[str, str]
    openers: tuple[int, ...]
    begin_from: dict[str, Tensor] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    steps: int
    examples: int
    tokens: int
    minutes: float
    tokens_per_second: float
    best_loss: float
    best_step: int
    ended: str


def train(inputs: Inputs, settings: Hyperparameters, folder: Path, threads: int, tell: Tell) -> Outcome:
    """Train in *folder* until the time, the epochs or the patience is over; goes on where a run stopped.

    Raises RunUnusable where *folder* holds another run, BaseUnusable, DiskFull.
    """
    torch.set_num_threads(threads)
    _keep_memory()
    runs.claim(folder, settings, inputs.origins)

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    lora = Lora(settings.rank, settings.alpha)
    model = read_base(inputs.base, torch.bfloat16, lora, settings.seed).to(device)
    torch.manual_seed(settings.seed)
    weights = Masters(model, settings)
    if inputs.begin_from is not None:
        weights.put(inputs.begin_from)
    progress = _resume(folder / "last.pt", weights) or Progress()
    total = max(1, math.ceil(len(inputs.train) / settings.examples_per_step * settings.epochs))
    log = Log(folder / "log.jsonl", progress.step, tell)
    run = _Run(inputs, settings, folder, model, weights, progress, log, total)

    ended = "epochs"
    saved_at = time.monotonic()
    for places in _steps(inputs.train, settings, progress.step, total):
        if settings.minutes and progress.seconds >= settings.minutes * 60:
            ended = "time"
            break
        if progress.seconds >= progress.next_check:
            run.look()
            if progress.checks_without_better >= settings.patience:
                ended = "no better dev loss"
                break
        run.step(places)
        if time.monotonic() - saved_at >= settings.minutes_between_checkpoints * 60:
            run.save()
            saved_at = time.monotonic()
    if ended != "no better dev loss":
        run.look()

    run.save()
    outcome = Outcome(
        steps=progress.step,
        examples=progress.step * settings.examples_per_step,
        tokens=progress.tokens,
        minutes=round(progress.seconds / 60, 2),
        tokens_per_second=round(progress.tokens / max(1e-9, progress.seconds), 1),
        best_loss=round(progress.best_loss, 5),
        best_step=progress.best_step,
        ended=ended,
    )
    runs.write(folder / "outcome.json", json.dumps(asdict(outcome), indent=2))
    return outcome


def done_share(settings: Hyperparameters, progress: Progress, total: int) -> float:
    """Return how much of the run is done, 0 to 1: of its steps, or of its time where that is further."""
    by_steps = progress.step / total
    by_time = progress.seconds / (settings.minutes * 60) if settings.minutes else 0.0
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
    """The adapter's weights in float32 with their optimizer; the model computes with copies of its own type."""

    def __init__(self, model: Llama, settings: Hyperparameters) -> None:
        self._names = [name for name, _ in model.adapter()]
        self._working = [parameter for _, parameter in model.adapter()]
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
        return dict(zip(self._names, self._weights, strict=True))

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


@dataclass(slots=True)
class _Run:
    """All that one run works with."""

    inputs: Inputs
    settings: Hyperparameters
    folder: Path
    model: Llama
    weights: Masters
    progress: Progress
    log: Log
    total: int
    fresh_seconds: float = field(default=0.0, init=False)
    fresh_tokens: int = field(default=0, init=False)

    def step(self, places: NDArray[np.int64]) -> None:
        """Move the weights by the examples at *places*."""
        began = time.monotonic()
        data, settings, progress = self.inputs.train, self.settings, self.progress
        rate = learning_rate(settings, done_share(settings, progress, self.total))
        parts = list(tokens.batches(data, places.tolist(), settings.tokens_per_batch))
        answered = sum(len(part.targets) for part in parts)
        total = 0.0
        for part in parts:
            loss = _loss(self.model, part) / answered
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            self.weights.take_gradients()
            total += float(loss.detach())
        norm = self.weights.move(rate)
        seconds, count = time.monotonic() - began, int(data.lengths()[places].sum())
        self.fresh_seconds += seconds
        self.fresh_tokens += count
        progress.step += 1
        progress.seconds += seconds
        progress.tokens += count
        speed = self.fresh_tokens / self.fresh_seconds
        figures = {"loss": total, "learning_rate": rate, "gradient_norm": norm, "tokens_per_second": speed}
        self.log.add(progress, self.total, figures)

    def look(self) -> None:
        """Look at dev, and keep the adapter if it is the best so far."""
        dev = self.inputs.dev.first(self.settings.dev_examples)
        check = look(self.model, dev, self.settings.tokens_per_batch, self.inputs.openers)
        progress = self.progress
        progress.next_check = progress.seconds + self.settings.minutes_between_checks * 60
        if check.loss < progress.best_loss:
            progress.best_loss, progress.best_step, progress.checks_without_better = check.loss, progress.step, 0
            runs.keep_best(self.folder, self.weights.by_name(), progress, check)
        else:
            progress.checks_without_better += 1
        self.log.add(progress, self.total, {f"dev_{name}": value for name, value in asdict(check).items()})
        runs.draw(self.folder)

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "adapter": self.weights.by_name(),
            "optimizer": self.weights.optimizer.state_dict(),
            "progress": asdict(self.progress),
            "random": torch.get_rng_state(),
        }
        runs.save(self.folder / "last.pt", state)


def tuned(base: Path, folder: Path) -> Llama:
    """Return *base* with the best adapter of the run in *folder*, in float32. Raises RunUnusable, BaseUnusable."""
    settings, _ = runs.settings_of(folder)
    model = read_base(base, torch.float32, Lora(settings.rank, settings.alpha))
    weights = runs.best_adapter(folder).weights
    with torch.no_grad():
        for name, parameter in model.adapter():
            parameter.copy_(weights[name])
    return model


def _steps(data: Tokens, settings: Hyperparameters, first: int, total: int) -> Iterator[NDArray[np.int64]]:
    """Yield the examples of each step from the *first* on, epoch after epoch, always in the same order."""
    done = 0
    epoch = 0
    while done < total:
        for places in tokens.steps_of_epoch(data, settings.examples_per_step, settings.seed, epoch):
            if done >= total:
                return
            done += 1
            if done > first:
                yield places
        epoch += 1


def _loss(model: Llama, batch: Batch) -> Tensor:
    """Return the summed loss of the answers' tokens."""
    device = model.embedding.device
    logits = model(torch.from_numpy(batch.tokens).to(device), torch.from_numpy(batch.places).to(device))
    return functional.cross_entropy(logits, torch.from_numpy(batch.targets).to(device), reduction="sum")


def _resume(path: Path, weights: Masters) -> Progress | None:
    """Put the checkpoint of *path* into *weights*; None where there is none."""
    if not path.exists():
        return None
    try:
        kept = runs.load(path)
        weights.put(kept["adapter"])
        weights.optimizer.load_state_dict(kept["optimizer"])
        torch.set_rng_state(kept["random"])
        return Progress(**kept["progress"])
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise RunUnusable(f"{path} is damaged; delete it to begin anew, or name another folder with --run.") from error


def _keep_memory() -> None:
    """Have the C library keep freed memory: fetching it anew from the kernel takes a third of a layer's time."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # not glibc
    for option, value in ((-3, 2**30), (-1, 2**31 - 1)):  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD in malloc.h
        mallopt(option, value)
