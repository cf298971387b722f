"""The hyperparameters of one training run, each with its unit and why it is what it is."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own

from finetune.errors import RunUnusable

LORA, FULL = "lora", "full"
METHODS = (LORA, FULL)
FULL_LEARNING_RATE = 4e-5
"""The peak where nothing else is said for a full fine-tune, in which every weight moves."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a run is made with; kept beside its checkpoints, and a run goes on only with the same."""

    method: str = LORA
    """What is trained: a LoRA adapter, or in full every weight, which takes 20 bytes of memory a weight."""
    rank: int = 32
    """Of the LoRA: the largest whose adapter stays near 20 MB; LoRA learns less than a full fine-tune (2405.09673)."""
    alpha: float = 64.0
    """The adapter acts alpha / rank = 2 times."""
    learning_rate: float = 4e-4
    """The peak, per step. LoRA on a small model takes ten times a full fine-tune's, which begins with 4e-5."""
    final_share: float = 0.05
    """Of the peak learning rate that is left at the end of the cosine."""
    warmup_share: float = 0.03
    """Of the run, rising linearly to the peak."""
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    """Longest gradient, over all of the adapter."""
    examples_per_step: int = 16
    tokens_per_batch: int = 4096
    """Padded tokens that go through the model at once; sets the memory: about 1 MB a token."""
    epochs: float = 3.0
    """The most; a time budget or early stopping may end a run sooner."""
    minutes: float = 0.0
    """Time budget of training itself, which the cosine is fitted to; 0 for none."""
    minutes_between_checks: float = 20.0
    """From one look at the dev loss to the next."""
    minutes_between_checkpoints: float = 4.0
    """All that a kill can cost."""
    patience: int = 6
    """Looks at the dev loss without a better one before the run ends."""
    dev_examples: int = 240
    """How many of dev are looked at; a few hundred tell 0.01 of loss."""
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.method not in METHODS:
            raise RunUnusable(f"method must be {' or '.join(METHODS)}, not {self.method}.")
        for name in (
            "rank",
            "alpha",
            "learning_rate",
            "clip_norm",
            "examples_per_step",
            "tokens_per_batch",
            "epochs",
            "minutes_between_checks",
            "minutes_between_checkpoints",
            "patience",
            "dev_examples",
        ):
            if getattr(self, name) <= 0:
                raise RunUnusable(f"{name} must be above 0, not {getattr(self, name)}.")
        for name in ("final_share", "warmup_share", "weight_decay", "minutes", "seed"):
            if getattr(self, name) < 0:
                raise RunUnusable(f"{name} must not be below 0, as {getattr(self, name)} is.")
        if self.warmup_share >= 1 or self.final_share > 1:
            raise RunUnusable("warmup_share and final_share are shares and must be below 1.")


def from_yaml(path: Path, given: dict[str, Any]) -> Hyperparameters:
    """Return what *path* says, but what is *given* instead of it. Raises RunUnusable."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RunUnusable(f"{path} cannot be read as YAML: {error}.") from error
    if not isinstance(read, dict):
        raise RunUnusable(f"{path} must hold lines like `learning_rate: 0.0003`.")
    return from_mapping(read | given, str(path))


def from_mapping(values: dict[str, Any], where: str) -> Hyperparameters:
    """Return *values* as hyperparameters, the rest at their defaults. Raises RunUnusable naming *where*."""
    fields = {field.name: _reading(field.type) for field in dataclasses.fields(Hyperparameters)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise RunUnusable(
            f"{where}: {unknown[0]} is not a hyperparameter (an adapter's form knows no DoRA, no bias and no trained "
            f"embeddings, for which there is method: full); there are {', '.join(fields)}."
        )
    try:
        typed = {name: fields[name](value) for name, value in values.items()}
    except (TypeError, ValueError) as error:
        raise RunUnusable(f"{where}: {error}.") from error
    if typed.get("method") == FULL:
        typed = {"learning_rate": FULL_LEARNING_RATE} | typed
    return Hyperparameters(**typed)


def _reading(kind: object) -> Callable[[Any], Any]:
    """Return what reads a value of the type *kind*."""
    return int if kind is int else float if kind is float else str
