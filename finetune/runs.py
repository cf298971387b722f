"""What a training run keeps in its folder, every file written by rename.

run.json      what it is made with; a run goes on only with the same
last.pt       the checkpoint: weights, optimizer, place and random state
best.pt       the weights with the best dev loss: the adapter, or the whole model
log.jsonl     every step and every look at dev; loss.png draws it; outcome.json says how it ended
"""

import json
import math
import pickle
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.optim import Optimizer

from finetune import plot
from finetune.errors import DiskFull, RunUnusable
from finetune.hyperparameters import Hyperparameters, from_mapping
from finetune.looking import Check

MAY_CHANGE = frozenset(
    "minutes epochs minutes_between_checks minutes_between_checkpoints patience tokens_per_batch dev_examples".split()
)
"""Settings that a run may go on with at another value: they say how long and how often, not what is learned."""

WEIGHTS = "adapter"
"""The name, in both checkpoints, of what is trained: from the days when that was always an adapter."""

DRAWN_POINTS = 120  # of the training loss, each a mean

Tell = Callable[[dict[str, Any]], None]
"""Told each line of the log."""


@dataclass(slots=True)
class Progress:
    """Where a run stands, kept with each checkpoint. *seconds* count training alone; *next_check* is one of them."""

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    checks_without_better: int = 0
    next_check: float = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of a run: its weights by GGUF name, the step they are of, and what dev said of them."""

    weights: dict[str, Tensor]
    step: int
    check: dict[str, float]


class Noted(Protocol):
    """Where a run's figures go."""

    def add(self, progress: Progress, total: int, figures: dict[str, float]) -> None:
        """Note the *figures* of one step of *total*, or of one look at dev."""


class Unnoted:
    """Keeps no figures: another process of the team does (Noted)."""

    def add(self, progress: Progress, total: int, figures: dict[str, float]) -> None:
        """Forget *figures*."""


class Log:
    """The run's figures, one JSON object a line; what was written after the last checkpoint is dropped on resuming."""

    def __init__(self, path: Path, step: int, tell: Tell) -> None:
        """Go on after *step*."""
        self._path = path
        self._tell = tell
        kept = [line for line in read_log(path) if line["step"] <= step] if path.exists() else []
        write(path, "".join(json.dumps(line) + "\n" for line in kept))

    def add(self, progress: Progress, total: int, figures: dict[str, float]) -> None:
        """Write the *figures* of one step of *total*, or of one look at dev."""
        line = {"step": progress.step, "of": total, "seconds": progress.seconds, **figures}
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
    width = max(1, len(trained) // DRAWN_POINTS)
    groups = [trained[at : at + width] for at in range(0, len(trained), width)]
    smoothed = [(group[0][0], sum(loss for _, loss in group) / len(group)) for group in groups]
    dev = [(line["seconds"] / 60, line["dev_loss"]) for line in lines if "dev_loss" in line]
    curves = {"train": smoothed, "dev": dev}
    write(folder / "loss.png", plot.lines(f"Loss an answer token: {folder.name}", "minutes", curves))


def claim(folder: Path, settings: Hyperparameters, origins: dict[str, str]) -> None:
    """Keep what the run is made with, or see that it is the same as before. Raises RunUnusable, DiskFull."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "run.json"
    if path.exists():
        before, before_origins = settings_of(folder)
        known = asdict(before) | before_origins
        for name, value in (asdict(settings) | origins).items():
            if known.get(name) != value and name not in MAY_CHANGE:
                raise RunUnusable(
                    f"{folder} holds a run with {name} = {known.get(name)}, not {value}: name another folder with "
                    "--run, or go on with the same settings."
                )
    made_with = {"settings": asdict(settings), "origins": origins, "torch": torch.__version__}
    write(path, json.dumps(made_with, indent=2))


def settings_of(folder: Path) -> tuple[Hyperparameters, dict[str, str]]:
    """Return the hyperparameters and origins of the run in *folder*. Raises RunUnusable."""
    path = folder / "run.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return from_mapping(kept["settings"], str(path)), dict(kept["origins"])
    except (OSError, ValueError, KeyError) as error:
        raise RunUnusable(f"{folder} holds no training run: {path} cannot be read.") from error


def best_weights(folder: Path) -> Kept:
    """Return the weights with the best dev loss of the run in *folder*. Raises RunUnusable."""
    path = folder / "best.pt"
    try:
        kept = load(path)
        return Kept(dict(kept[WEIGHTS]), int(kept["step"]), dict(kept["check"]))
    except (OSError, KeyError) as error:
        raise RunUnusable(f"{path} is missing or damaged; let the run go on until its first check.") from error


def keep_best(folder: Path, weights: dict[str, Tensor], progress: Progress, check: Check) -> None:
    """Keep *weights* as the best so far. Raises DiskFull."""
    save(folder / "best.pt", {WEIGHTS: weights, "step": progress.step, "check": asdict(check)})


def load(path: Path) -> dict[str, Any]:
    """Return what `save` kept in *path*. Raises OSError where it cannot be read as that."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise OSError(f"{path} is damaged") from error
    return state


def save(path: Path, state: dict[str, Any]) -> None:
    """Keep *state* in *path*. Raises DiskFull."""
    part = path.with_suffix(".part")
    try:
        torch.save(state, part)
        part.replace(path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise DiskFull(f"{path} could not be written: {error}. Free space and start the same command again.") from error


def write(path: Path, content: str | bytes) -> None:
    """Keep *content* in *path*. Raises DiskFull."""
    part = path.with_suffix(path.suffix + ".part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    except OSError as error:
        raise DiskFull(f"{path} could not be written: {error}. Free space and start the same command again.") from error


def keep(
    folder: Path, weights: Mapping[str, Tensor], optimizer: Optimizer, place: dict[str, Any], made_with: dict[str, Any]
) -> None:
    """Write the checkpoint of a run that stands at *place*. Raises DiskFull."""
    state = {"weights": weights, "optimizer": optimizer.state_dict(), "place": place, "made_with": made_with}
    save(folder / "last.pt", state)


def go_on(
    folder: Path, weights: Mapping[str, Tensor], optimizer: Optimizer, made_with: dict[str, Any]
) -> dict[str, Any] | None:
    """Put what `keep` wrote into *weights* and *optimizer*, and return its place; None where there is no checkpoint.

    Raises RunUnusable where it is another run's.
    """
    path = folder / "last.pt"
    if not path.exists():
        return None
    try:
        kept = load(path)
        is_same = kept["made_with"] == made_with
    except (OSError, KeyError) as error:
        raise RunUnusable(f"{path} is damaged; delete it to begin anew.") from error
    if not is_same:
        raise RunUnusable(f"{path} is of a run with other settings or other pairs; name another folder with --run.")
    put(kept["weights"], weights)
    optimizer.load_state_dict(kept["optimizer"])
    place: dict[str, Any] = kept["place"]
    return place


def put(kept: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
    """Give *weights* the values of those *kept*."""
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(kept[name])


def note(folder: Path, step: int, total: int, seconds: float, figures: dict[str, float], tell: Tell) -> None:
    """Add a line of *figures* to the log, and tell it."""
    line = {"step": step, "of": total, "seconds": round(seconds, 3)}
    line |= {name: round(value, 6) for name, value in figures.items()}
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    tell(line)
