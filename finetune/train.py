"""Trains a LoRA adapter: arguments, data, model, loop, save, from top to bottom.

    train.jsonl ─► tokens ─► steps of like length ─► forward, backward ─► float32 master weights ─► last.pt, best.pt

The model computes in bfloat16, ten times as fast as float32 on CPUs that know it; the adapter's own weights and the
optimizer are float32. A run goes on from its last checkpoint as if it had not been stopped.
"""

import dataclasses
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from finetune import plot, tokens
from finetune.base import Llama, Lora, read_base
from finetune.errors import DiskFull, RunUnusable
from finetune.hyperparameters import Hyperparameters, from_mapping
from finetune.tokens import Batch, Tokens


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run reads. *origins* are the hashes that the exported adapter will carry; *openers* the tokens
    after which a number is a marker."""

    base: Path
    train: Tokens
    dev: Tokens
    origins: dict[str, str]
    openers: tuple[int, ...]


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


@dataclass(slots=True)
class Progress:
    """Where a run stands, kept with each checkpoint. *seconds* count training alone."""

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    checks_without_better: int = 0
    next_check: float = 0.0
    """In seconds of training."""


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


Line = Callable[[dict[str, Any]], None]
"""Told each step's and each check's figures."""


def train(inputs: Inputs, settings: Hyperparameters, folder: Path, threads: int, tell: Line) -> Outcome:
    """Train in *folder* until the time, the epochs or the patience is over; goes on where a run stopped.

    Raises RunUnusable where *folder* holds another run, BaseUnusable, DiskFull.
    """
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, settings, inputs.origins)

    lora = Lora(settings.rank, settings.alpha, settings.dropout)
    model = read_base(inputs.base, torch.bfloat16, lora, settings.seed).to(device)
    weights = _Masters(model, settings)
    torch.manual_seed(settings.seed)
    progress = _resume(folder, weights) or Progress()
    dev = inputs.dev.first(settings.dev_examples)

    per_epoch = math.ceil(len(inputs.train) / settings.examples_per_step)
    total = max(1, math.ceil(per_epoch * settings.epochs))
    log = _Log(folder / "log.jsonl", progress.step, tell)
    ended = "epochs"
    saved_at = started = time.monotonic()
    before = progress.seconds
    trained = 0
    for step in _steps(inputs.train, settings, progress.step, total):
        if settings.minutes and progress.seconds >= settings.minutes * 60:
            ended = "time"
            break
        if progress.seconds >= progress.next_check:
            check_began = time.monotonic()
            _look(model, dev, inputs, settings, progress, weights, folder, log, total)
            started += time.monotonic() - check_began
            if progress.checks_without_better >= settings.patience:
                ended = "no better dev loss"
                break
        rate = learning_rate(settings, done_share(settings, progress, total))
        loss, norm, count = _one_step(model, weights, inputs.train, step, settings, rate, device)
        trained += count
        progress.step += 1
        progress.tokens += count
        progress.seconds = before + time.monotonic() - started
        speed = trained / max(1e-9, progress.seconds - before)
        log.step(progress, loss=loss, learning_rate=rate, gradient_norm=norm, tokens_per_second=speed, total=total)
        if time.monotonic() - saved_at >= settings.minutes_between_checkpoints * 60:
            _save_checkpoint(folder, weights, progress)
            saved_at = time.monotonic()
    _look(model, dev, inputs, settings, progress, weights, folder, log, total)
    _save_checkpoint(folder, weights, progress)
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
    _write(folder / "outcome.json", json.dumps(asdict(outcome), indent=2).encode())
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


def look(model: Llama, dev: Tokens, tokens_per_batch: int, openers: tuple[int, ...]) -> Check:
    """Return how *model* does on *dev*; a number after one of *openers* is a marker."""
    truth = [_asked(model, batch) for batch in tokens.batches(dev, range(len(dev)), tokens_per_batch)]
    targets = sum(len(batch.targets) for batch, _, _ in truth)
    is_marker = np.concatenate([np.isin(batch.before(), openers) for batch, _, _ in truth])
    is_right = np.concatenate([is_likeliest for _, _, is_likeliest in truth])
    refusing = np.exp(_refusal_logs(model, dev, tokens_per_batch))  # (examples,)
    return Check(
        loss=-sum(float(logs.sum()) for _, logs, _ in truth) / max(1, targets),
        false_refusals=_mean(refusing[dev.answerable] > 0.5),
        true_refusals=_mean(refusing[~dev.answerable] > 0.5),
        refusal_auroc=auroc(refusing[~dev.answerable], refusing[dev.answerable]),
        right_markers=_mean(is_right[is_marker]),
    )


def _refusal_logs(model: Llama, dev: Tokens, tokens_per_batch: int) -> NDArray[np.float64]:
    """Return the log probability of the refusal after each prompt; 0 where *dev* does not know it."""
    logs = np.zeros(len(dev))
    known = np.flatnonzero(~dev.answerable)
    if not len(known):
        return logs
    refusal = dev.example(int(known[0]))[dev.answers[known[0]] :]
    refused = dev.answered_by(refusal)
    for batch in tokens.batches(refused, range(len(refused)), tokens_per_batch):
        np.add.at(logs, batch.owners, _asked(model, batch)[1])
    return logs


def _asked(model: Llama, batch: Batch) -> tuple[Batch, NDArray[np.float64], NDArray[np.bool_]]:
    """Return *batch* with the log probability of each target and whether it is the likeliest."""
    device = model.embedding.device
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(batch.tokens).to(device), torch.from_numpy(batch.places).to(device))
        targets = torch.from_numpy(batch.targets).to(device)
        logs = -functional.cross_entropy(logits, targets, reduction="none")
        is_likeliest = logits.argmax(-1) == targets
    model.train(was_training)
    return batch, logs.double().cpu().numpy(), is_likeliest.cpu().numpy()


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Return how often a positive scores above a negative, 0 to 1; 0.5 where there is none of one of them.

    >>> auroc([0.9, 0.4], [0.3, 0.5])
    0.75
    """
    above = np.subtract.outer(np.asarray(positive), np.asarray(negative))
    if not above.size:
        return 0.5
    return float(((above > 0) + 0.5 * (above == 0)).mean())


class _Masters:
    """The adapter's weights in float32 with their optimizer; the model computes with copies of its own type."""

    def __init__(self, model: Llama, settings: Hyperparameters) -> None:
        self.names = [name for name, _ in model.adapter()]
        self._working = [parameter for _, parameter in model.adapter()]
        self.weights = [parameter.detach().float().clone() for parameter in self._working]
        for weight in self.weights:
            weight.grad = torch.zeros_like(weight)
        self.optimizer = torch.optim.AdamW(
            self.weights, lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay, foreach=True
        )
        self._clip_norm = settings.clip_norm

    def take_gradients(self) -> None:
        """Add the working weights' gradients to the masters', and clear them."""
        for master, working in zip(self.weights, self._working, strict=True):
            assert master.grad is not None, "made with the masters"
            if working.grad is not None:
                master.grad += working.grad.float()
            working.grad = None

    def move(self, rate: float) -> float:
        """Make one step at *rate*; return the length of the gradient before it was clipped."""
        norm = torch.nn.utils.clip_grad_norm_(self.weights, self._clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        self.publish()
        return float(norm)

    def publish(self) -> None:
        """Copy the masters into the model."""
        with torch.no_grad():
            for master, working in zip(self.weights, self._working, strict=True):
                working.copy_(master)

    def adapter(self) -> dict[str, Tensor]:
        """Return the masters by their GGUF names."""
        return dict(zip(self.names, self.weights, strict=True))


class _Log:
    """The run's figures, one JSON object a line; what was written after the last checkpoint is dropped on resuming."""

    def __init__(self, path: Path, step: int, tell: Line) -> None:
        self._path = path
        self._tell = tell
        kept = [line for line in read_log(path) if line["step"] <= step] if path.exists() else []
        _write(path, "".join(json.dumps(line) + "\n" for line in kept).encode())

    def step(self, progress: Progress, *, total: int, **numbers: float) -> None:
        """Write one step."""
        self._add({"step": progress.step, "of": total, "seconds": progress.seconds, **numbers})

    def check(self, progress: Progress, check: Check, total: int) -> None:
        """Write one look at dev."""
        figures = {f"dev_{name}": value for name, value in asdict(check).items()}
        self._add({"step": progress.step, "of": total, "seconds": progress.seconds, **figures})

    def _add(self, line: dict[str, Any]) -> None:
        rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in line.items()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(rounded) + "\n")
        self._tell(rounded)


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log; a last line that was cut off by a kill is left out."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines


def draw(folder: Path) -> None:
    """Draw the run's losses into its folder."""
    lines = read_log(folder / "log.jsonl")
    trained = [(line["seconds"] / 60, line["loss"]) for line in lines if "loss" in line]
    width = max(1, len(trained) // 120)
    smoothed = [
        (trained[at][0], float(np.mean([loss for _, loss in trained[at : at + width]])))
        for at in range(0, len(trained), width)
    ]
    dev = [(line["seconds"] / 60, line["dev_loss"]) for line in lines if "dev_loss" in line]
    picture = plot.lines(f"Loss an answer token: {folder.name}", "minutes", {"train": smoothed, "dev": dev})
    _write(folder / "loss.svg", picture.encode())


def _steps(
    data: Tokens, settings: Hyperparameters, first: int, total: int
) -> Iterator[NDArray[np.int64]]:
    """Yield the examples of each step from the *first* on, epoch after epoch, always in the same order."""
    done = 0
    epoch = 0
    while done < total:
        for step in tokens.steps_of_epoch(data, settings.examples_per_step, settings.seed, epoch):
            if done >= total:
                return
            done += 1
            if done > first:
                yield step
        epoch += 1


def _one_step(
    model: Llama,
    weights: _Masters,
    data: Tokens,
    places: NDArray[np.int64],
    settings: Hyperparameters,
    rate: float,
    device: torch.device,
) -> tuple[float, float, int]:
    """Move the weights by one step; return the loss an answer token, the gradient's length and the tokens read."""
    parts = list(tokens.batches(data, places.tolist(), settings.tokens_per_batch))
    answered = sum(len(part.targets) for part in parts)
    total = 0.0
    for part in parts:
        loss = _loss(model, part, device) / answered
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        weights.take_gradients()
        total += float(loss.detach())
    norm = weights.move(rate)
    return total, norm, int(data.lengths()[places].sum())


def _loss(model: Llama, batch: Batch, device: torch.device) -> Tensor:
    """Return the summed loss of the answers' tokens."""
    logits = model(torch.from_numpy(batch.tokens).to(device), torch.from_numpy(batch.places).to(device))
    return functional.cross_entropy(logits, torch.from_numpy(batch.targets).to(device), reduction="sum")


def _look(
    model: Llama,
    dev: Tokens,
    inputs: Inputs,
    settings: Hyperparameters,
    progress: Progress,
    weights: _Masters,
    folder: Path,
    log: _Log,
    total: int,
) -> None:
    """Look at dev, and keep the adapter if it is the best so far."""
    check = look(model, dev, settings.tokens_per_batch, inputs.openers)
    progress.next_check = progress.seconds + settings.minutes_between_checks * 60
    if check.loss < progress.best_loss:
        progress.best_loss, progress.best_step, progress.checks_without_better = check.loss, progress.step, 0
        _save(folder / "best.pt", {"adapter": weights.adapter(), "step": progress.step, "check": asdict(check)})
    else:
        progress.checks_without_better += 1
    log.check(progress, check, total)
    draw(folder)


def _claim(folder: Path, settings: Hyperparameters, origins: dict[str, str]) -> None:
    """Keep what the run is made with, or see that it is the same as before."""
    path = folder / "run.json"
    mine = {"settings": asdict(settings), "origins": origins, "torch": torch.__version__}
    if not path.exists():
        _write(path, json.dumps(mine, indent=2).encode())
        return
    kept = json.loads(path.read_text(encoding="utf-8"))
    for name, value in {**mine["settings"], **origins}.items():
        before = {**kept["settings"], **kept["origins"]}.get(name)
        if before != value:
            raise RunUnusable(
                f"{folder} holds a run with {name} = {before}, not {value}: name another folder with --run, or go on "
                "with the same settings."
            )


def settings_of(folder: Path) -> tuple[Hyperparameters, dict[str, str]]:
    """Return the hyperparameters and origins of the run in *folder*. Raises RunUnusable."""
    path = folder / "run.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return from_mapping(kept["settings"], str(path)), dict(kept["origins"])
    except (OSError, ValueError, KeyError) as error:
        raise RunUnusable(f"{folder} holds no training run: {path} cannot be read.") from error


def best_adapter(folder: Path) -> dict[str, Tensor]:
    """Return the adapter with the best dev loss of the run in *folder*. Raises RunUnusable."""
    path = folder / "best.pt"
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise RunUnusable(f"{path} is missing or damaged; let the run go on until its first check.") from error
    adapter: dict[str, Tensor] = kept["adapter"]
    return adapter


def _save_checkpoint(folder: Path, weights: _Masters, progress: Progress) -> None:
    state = {
        "adapter": weights.adapter(),
        "optimizer": weights.optimizer.state_dict(),
        "progress": dataclasses.asdict(progress),
        "random": torch.get_rng_state(),
    }
    _save(folder / "last.pt", state)


def _resume(folder: Path, weights: _Masters) -> Progress | None:
    """Put the last checkpoint of *folder* into *weights*; None where there is none."""
    path = folder / "last.pt"
    if not path.exists():
        return None
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise RunUnusable(f"{path} is damaged; delete it to begin anew, or name another folder.") from error
    with torch.no_grad():
        for name, master in weights.adapter().items():
            master.copy_(kept["adapter"][name])
    weights.optimizer.load_state_dict(kept["optimizer"])
    weights.publish()
    torch.set_rng_state(kept["random"])
    return Progress(**kept["progress"])


def _save(path: Path, state: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    try:
        torch.save(state, part)
        part.replace(path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise DiskFull(f"{path} could not be written: {error}. Free space and start the same command again.") from error


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(path.suffix + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise DiskFull(f"{path} could not be written: {error}. Free space and start the same command again.") from error


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0
