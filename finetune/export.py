"""Writes what a run learned as GGUF files: an adapter for the untouched base, and the base with it merged, quantised.

    best.pt ─► adapter.gguf ─► merged in float16 ─► merged.gguf ─► gates ─► card.md ─► manifest.json ─► the folder

A full fine-tune has no adapter: its weights take the place of the base's in the merged file.

All is made in a folder beside and moved when every gate has let it through, the manifest last: if it is there, the
export is whole and was tried out. What is refused, or cut short, leaves the export of before as it was.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from finetune import adapter_file, gating
from finetune.base import Llama
from finetune.errors import DiskFull, RunUnusable
from finetune.exported import ADAPTER, CARD, MANIFEST, MERGED, Exported, File, Tried, card
from finetune.gating import Compared, Trial
from finetune.hyperparameters import FULL, Hyperparameters
from finetune.looking import distributions
from finetune.ports import Describing, Foundry

RAISE = "raise --max-kl only if `evaluate` shows no loss"
UNQUANTISED, NOT_MERGED = "f16", "none"
"""Besides the formats of `ports.QUANTISED`: the merged model as it is, and no merged model."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a run learned: the *weights* of an adapter or of the whole model, and the GGUF file of its *base* as served.

    *in_torch* reads base and weights, in float32, to hold the files against.
    """

    weights: dict[str, torch.Tensor]
    settings: Hyperparameters
    origins: dict[str, str]
    base: Path
    in_torch: Callable[[], Llama]

    @property
    def is_full(self) -> bool:
        """Whether every weight was trained, so that there is no adapter."""
        return self.settings.method == FULL

    def weight(self, name: str) -> NDArray[np.float32] | None:
        """Return the trained weight of that GGUF name, None where it is the base's. Raises RunUnusable."""
        return adapter_file.fitting(name, self.weights[name]) if name in self.weights else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported, and how far it may be from the tuned model: *max_kl* in nats a token.

    *merged_as* is a format of `ports.QUANTISED`, or UNQUANTISED, or NOT_MERGED.
    """

    out: Path
    merged_as: str
    max_kl: float


def make(
    learned: Learned,
    wanted: Wanted,
    foundry: Foundry,
    trials: Sequence[Trial],
    facts: dict[str, object],
    say: Describing,
) -> Exported:
    """Export *learned*. Raises RunUnusable where a gate refuses it, DiskFull; then what was there before stays."""
    if learned.is_full and wanted.merged_as == NOT_MERGED:
        raise RunUnusable(f"A full fine-tune has no adapter: --quantise {NOT_MERGED} would leave nothing to export.")
    staging = wanted.out.with_name(wanted.out.name + ".part")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        tried = _make_files(learned, wanted, foundry, trials, staging, say)
        adapter, merged = _file(staging / ADAPTER), _file(staging / MERGED)
        name = ADAPTER if adapter is not None else MERGED
        exported = Exported(wanted.out / name, adapter, merged, wanted.merged_as, tried)
        _write(staging / CARD, card(exported, facts))
        manifest = {**facts, "max_kl": wanted.max_kl, **asdict(exported), "path": name}
        _write(staging / MANIFEST, json.dumps(manifest, indent=2, default=str) + "\n")
        _publish(staging, wanted.out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return exported


def _make_files(
    learned: Learned, wanted: Wanted, foundry: Foundry, trials: Sequence[Trial], folder: Path, say: Describing
) -> Tried | None:
    """Write adapter and merged model into *folder* and hold them against the tuned model; None without trials."""
    steps = 4
    whole = folder / "float16.gguf"
    if learned.is_full:
        say("writing the model", 0, steps)
        foundry.rewrite(learned.base, learned.weight, whole)
    else:
        say("writing the adapter", 0, steps)
        adapter_file.write(folder / ADAPTER, learned.weights, learned.settings, learned.origins, learned.base.stem)
        if not trials and wanted.merged_as == NOT_MERGED:
            return None
        say("merging", 1, steps)
        foundry.merge(learned.base, folder / ADAPTER, whole)
    if wanted.merged_as == UNQUANTISED:
        whole = whole.rename(folder / MERGED)
    elif wanted.merged_as != NOT_MERGED:
        foundry.quantise(whole, folder / MERGED, wanted.merged_as)
    if not trials:
        return None
    say("holding torch against llama.cpp", 2, steps)
    return _tried(learned, wanted, foundry, trials, whole)


def _tried(learned: Learned, wanted: Wanted, foundry: Foundry, trials: Sequence[Trial], whole: Path) -> Tried:
    """Return what the gates measure. Raises RunUnusable at the first that refuses."""
    truth, alike = _asked(foundry, whole, None, trials)
    model = learned.in_torch().eval()
    by_torch = gating.compare([distributions(model, trial.prompt, trial.answer) for trial in trials], truth)
    del model  # as large as the next one
    gating.refuse(
        "llama.cpp's reading of the merged model", by_torch.kl, gating.MAX_LOGITS_KL, "say so to Footnote's makers"
    )
    beside = (
        None if learned.is_full else _beside(learned, foundry, trials, truth, whole.with_name(ADAPTER), wanted.max_kl)
    )
    merged = None
    if wanted.merged_as != NOT_MERGED:
        logs, alike = _asked(foundry, whole.with_name(MERGED), None, trials)
        merged = gating.compare(truth, logs)
        gating.refuse(
            f"The model merged as {wanted.merged_as}", merged.kl, wanted.max_kl, f"use another --quantise, or {RAISE}"
        )
    return Tried(len(trials), alike, sum(len(trial.answer) for trial in trials), by_torch, beside, merged)


def _beside(
    learned: Learned,
    foundry: Foundry,
    trials: Sequence[Trial],
    truth: Sequence[gating.Logs],
    adapter: Path,
    max_kl: float,
) -> Compared:
    """Return how far *adapter* over the base is from the tuned model. Raises RunUnusable where that is too far."""
    beside = gating.compare(truth, _asked(foundry, learned.base, adapter, trials)[0])
    gating.refuse(
        "The adapter over the base as it is served", beside.kl, max_kl, f"serve a base of more bits, or {RAISE}"
    )
    if beside.same_likeliest < gating.MIN_AGREEMENT:
        raise RunUnusable(
            f"The adapter over the base as it is served finds another token likeliest than the tuned model too often: "
            f"{beside.same_likeliest:.0%} are the same, {gating.MIN_AGREEMENT:.0%} wanted. Nothing was exported; serve "
            "a base of more bits."
        )
    return beside


def _asked(
    foundry: Foundry, model: Path, adapter: Path | None, trials: Sequence[Trial]
) -> tuple[list[gating.Logs], int]:
    """Return what a model says at each answer's tokens, and how many tokens it reads as training did."""
    served = foundry.open(model, adapter)
    try:
        alike = gating.check_tokens(served, trials)
        return gating.asked(served, trials), alike
    finally:
        served.close()


def _publish(staging: Path, out: Path) -> None:
    """Move the files of *staging* to *out*, the manifest last. Raises DiskFull."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / MANIFEST).unlink(missing_ok=True)
        for name in (ADAPTER, MERGED, CARD, MANIFEST):
            if (staging / name).exists():
                (staging / name).replace(out / name)
            else:
                (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise DiskFull(f"{out} could not be written: {error}. Free space and export again.") from error


def _file(path: Path) -> File | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        return File(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DiskFull(f"{path} could not be written: {error}. Free space and export again.") from error
