"""Trains a LoRA adapter, or the whole model: arguments, data, model, loop, save, from top to bottom.

    train.jsonl ─► tokens ─► steps of like length ─► forward, backward ─► float32 master weights ─► last.pt, best.pt

The model computes in bfloat16, ten times as fast as float32 on CPUs that know it; the weights that are trained and
their optimizer are float32. A run goes on from its last checkpoint as if it had not been stopped.
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from finetune import runs, tokens
from finetune.base import Llama, Lora, read_base
from finetune.errors import RunUnusable
from finetune.hyperparameters import FULL, Hyperparameters
from finetune.kernels import keep_memory
from finetune.looking import look
from finetune.masters import Masters, done_share, learning_rate
from finetune.runs import Log, Noted, Progress, Tell, Unnoted
from finetune.team import Alone, Team, of_first, share, sum_of_all
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


def train(
    inputs: Inputs, settings: Hyperparameters, folder: Path, threads: int, tell: Tell, team: Team | None = None
) -> Outcome:
    """Train in *folder* until the time, the epochs or the patience is over; goes on where a run stopped.

    Where there is a *team*, all its processes call this with the same; the first alone writes, and is told by *tell*.
    Raises RunUnusable where *folder* holds another run, BaseUnusable, DiskFull.
    """
    team = team or Alone()
    torch.set_num_threads(threads)
    keep_memory()
    with team.first_before_others():
        if team.number == 0:
            runs.claim(folder, settings, inputs.origins)

    model = _opened(inputs.base, settings, torch.bfloat16).to(team.device)
    torch.manual_seed(settings.seed)
    weights = Masters(model, settings)
    if inputs.begin_from is not None:
        weights.put(inputs.begin_from)
    progress = _resume(folder / "last.pt", weights) or Progress()
    total = max(1, math.ceil(len(inputs.train) / settings.examples_per_step * settings.epochs))
    log = Log(folder / "log.jsonl", progress.step, tell) if team.number == 0 else Unnoted()
    run = _Run(inputs, settings, folder, model, weights, progress, log, total, team)

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
    if team.number == 0:
        runs.write(folder / "outcome.json", json.dumps(asdict(outcome), indent=2))
    return outcome


def plan(inputs: Inputs, settings: Hyperparameters) -> dict[str, Any]:
    """Return what a run would be, without one."""
    lengths = inputs.train.lengths()
    return {
        "examples": {"train": len(inputs.train), "dev": len(inputs.dev)},
        "tokens_an_epoch": int(lengths.sum()),
        "answer_tokens_an_epoch": int((lengths - inputs.train.answers).sum()),
        "longest": int(lengths.max()),
        "hours_an_epoch_at_600_tokens_a_second": round(float(lengths.sum()) / 600 / 3600, 2),
        "settings": asdict(settings),
    }


@dataclass(slots=True)
class _Run:
    """All that one run works with."""

    inputs: Inputs
    settings: Hyperparameters
    folder: Path
    model: Llama
    weights: Masters
    progress: Progress
    log: Noted
    total: int
    team: Team
    fresh_seconds: float = field(default=0.0, init=False)
    fresh_tokens: int = field(default=0, init=False)

    def step(self, places: NDArray[np.int64]) -> None:
        """Move the weights by the examples at *places*."""
        began = time.monotonic()
        data, settings, progress = self.inputs.train, self.settings, self.progress
        rate = learning_rate(settings, done_share(settings, progress.step, self.total, progress.seconds))
        answered = int((data.lengths()[places] - data.answers[places]).sum())  # tokens, of all processes
        total = 0.0
        for part in tokens.batches(data, share(self.team, places).tolist(), settings.tokens_per_batch):
            loss = _loss(self.model, part) / answered
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            self.weights.take_gradients()
            total += float(loss.detach())
        self.weights.add_up(self.team)
        norm = self.weights.move(rate)
        total = sum_of_all(self.team, total)
        seconds, count = of_first(self.team, time.monotonic() - began), int(data.lengths()[places].sum())
        self.fresh_seconds += seconds
        self.fresh_tokens += count
        progress.step += 1
        progress.seconds += seconds
        progress.tokens += count
        speed = self.fresh_tokens / self.fresh_seconds
        figures = {"loss": total, "learning_rate": rate, "gradient_norm": norm, "tokens_per_second": speed}
        self.log.add(progress, self.total, figures)

    def look(self) -> None:
        """Look at dev, and keep the weights if they are the best so far."""
        dev, settings, progress = self.inputs.dev.first(self.settings.dev_examples), self.settings, self.progress
        is_first = self.team.number == 0
        checks = [look(self.model, dev, settings.tokens_per_batch, self.inputs.openers)] if is_first else []
        loss = of_first(self.team, checks[0].loss if checks else 0.0)
        progress.next_check = progress.seconds + settings.minutes_between_checks * 60
        is_best = loss < progress.best_loss
        if is_best:
            progress.best_loss, progress.best_step, progress.checks_without_better = loss, progress.step, 0
        else:
            progress.checks_without_better += 1
        for check in checks:
            if is_best:
                runs.keep_best(self.folder, self.weights.by_name(), progress, check)
            self.log.add(progress, self.total, {f"dev_{name}": value for name, value in asdict(check).items()})
            runs.draw(self.folder)

    def save(self) -> None:
        """Write a checkpoint."""
        if self.team.number != 0:
            return
        state = {
            runs.WEIGHTS: self.weights.by_name(),
            "optimizer": self.weights.optimizer.state_dict(),
            "progress": asdict(self.progress),
            "random": torch.get_rng_state(),
        }
        runs.save(self.folder / "last.pt", state)


def tuned(base: Path, folder: Path) -> Llama:
    """Return *base* with the best weights of the run in *folder*, in float32. Raises RunUnusable, BaseUnusable."""
    settings, _ = runs.settings_of(folder)
    model = _opened(base, settings, torch.float32)
    model.put(runs.best_weights(folder).weights)
    return model


def _opened(base: Path, settings: Hyperparameters, dtype: torch.dtype) -> Llama:
    """Return *base*, with what *settings* want trained ready for it."""
    if settings.method == FULL:
        return read_base(base, dtype).requires_grad_()
    return read_base(base, dtype, Lora(settings.rank, settings.alpha), settings.seed)


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
        weights.put(kept[runs.WEIGHTS])
        weights.optimizer.load_state_dict(kept["optimizer"])
        torch.set_rng_state(kept["random"])
        return Progress(**kept["progress"])
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise RunUnusable(f"{path} is damaged; delete it to begin anew, or name another folder with --run.") from error
