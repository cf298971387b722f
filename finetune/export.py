"""Writes what a run learned as GGUF files: an adapter for the untouched base, and the base with it merged, quantised.

    best.pt ─► adapter.gguf ─► merged in float16 ─► merged.gguf ─► gates ─► card.md ─► manifest.json ─► the folder

All is made in a folder beside and moved when every gate has let it through, the manifest last: if it is there, the
export is whole and was tried out. What is refused, or cut short, leaves the export of before as it was.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import gguf
import numpy as np
import torch

from finetune import gating
from finetune.base import Llama
from finetune.errors import DiskFull, RunUnusable
from finetune.gating import Compared, Trial
from finetune.hyperparameters import Hyperparameters
from finetune.looking import distributions
from finetune.ports import Describing, Foundry

ADAPTER, MERGED, CARD, MANIFEST = "adapter.gguf", "merged.gguf", "card.md", "manifest.json"
UNQUANTISED, NOT_MERGED = "f16", "none"
"""Besides the formats of `ports.QUANTISED`: the merged model as it is, and no merged model."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a run learned: the *adapter*, and the GGUF file of its *base* as it is served.

    *in_torch* reads base and adapter, in float32, to hold the files against.
    """

    adapter: dict[str, torch.Tensor]
    settings: Hyperparameters
    origins: dict[str, str]
    base: Path
    in_torch: Callable[[], Llama]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported, and how far it may be from the tuned model: *max_kl* in nats a token.

    *merged_as* is a format of `ports.QUANTISED`, or UNQUANTISED, or NOT_MERGED.
    """

    out: Path
    merged_as: str
    max_kl: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What the gates measured, over so many trials and tokens. *merged* is None where none was wanted."""

    trials: int
    tokens_alike: int
    answer_tokens: int
    torch: Compared
    adapter: Compared
    merged: Compared | None


@dataclass(frozen=True, slots=True)
class File:
    """A file of an export."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what the gates measured (None where there were no trials)."""

    path: Path
    adapter: File
    merged: File | None
    merged_as: str
    tried: Tried | None


def make(
    learned: Learned,
    wanted: Wanted,
    foundry: Foundry,
    trials: Sequence[Trial],
    facts: dict[str, object],
    say: Describing,
) -> Exported:
    """Export *learned*. Raises RunUnusable where a gate refuses it, DiskFull; then what was there before stays."""
    staging = wanted.out.with_name(wanted.out.name + ".part")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        tried = _make_files(learned, wanted, foundry, trials, staging, say)
        merged = _file(staging / MERGED) if wanted.merged_as != NOT_MERGED else None
        exported = Exported(wanted.out / ADAPTER, _file(staging / ADAPTER), merged, wanted.merged_as, tried)
        _write(staging / CARD, card(exported, facts))
        manifest = {**facts, "max_kl": wanted.max_kl, **asdict(exported), "path": ADAPTER}
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
    say("writing the adapter", 0, steps)
    write_adapter(folder / ADAPTER, learned.adapter, learned.settings, learned.origins, learned.base.stem)
    if not trials and wanted.merged_as == NOT_MERGED:
        return None
    say("merging", 1, steps)
    whole = folder / "float16.gguf"
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
    beside = gating.compare(truth, _asked(foundry, learned.base, whole.with_name(ADAPTER), trials)[0])
    cure = "raise --max-kl only if `evaluate` shows no loss"
    gating.refuse(
        "The adapter over the base as it is served", beside.kl, wanted.max_kl, f"serve a base of more bits, or {cure}"
    )
    if beside.same_likeliest < gating.MIN_AGREEMENT:
        raise RunUnusable(
            f"The adapter over the base as it is served finds another token likeliest than the tuned model too often: "
            f"{beside.same_likeliest:.0%} are the same, {gating.MIN_AGREEMENT:.0%} wanted. Nothing was exported; serve "
            "a base of more bits."
        )
    merged = None
    if wanted.merged_as != NOT_MERGED:
        logs, alike = _asked(foundry, whole.with_name(MERGED), None, trials)
        merged = gating.compare(truth, logs)
        gating.refuse(
            f"The model merged as {wanted.merged_as}", merged.kl, wanted.max_kl, f"use another --quantise, or {cure}"
        )
    return Tried(len(trials), alike, sum(len(trial.answer) for trial in trials), by_torch, beside, merged)


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


def _file(path: Path) -> File:
    with path.open("rb") as file:
        return File(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def write_adapter(
    path: Path, adapter: dict[str, torch.Tensor], settings: Hyperparameters, origins: dict[str, str], base_name: str
) -> None:
    """Write *adapter* to *path*, by rename. Raises RunUnusable where a number does not fit float16, DiskFull."""
    arrays = {name: tensor.detach().cpu().float().numpy() for name, tensor in adapter.items()}
    largest = float(np.finfo(np.float16).max)
    for name, array in arrays.items():
        if not (np.abs(array) <= largest).all():  # false for what is no number, too
            raise RunUnusable(f"{name} holds numbers that are no float16; train again at a lower learning rate.")
    part = path.with_suffix(".part")
    writer = gguf.GGUFWriter(part, "llama")
    writer.add_type("adapter")
    writer.add_name(f"Footnote adapter for {base_name}")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", settings.alpha)
    writer.add_uint32("general.base_model.count", 1)
    writer.add_string("general.base_model.0.name", base_name)
    for key, value in origins.items():
        writer.add_string(f"footnote.{key}", value)
    for name, array in arrays.items():
        writer.add_tensor(name, np.ascontiguousarray(array.astype(np.float16)))
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DiskFull(f"{path} could not be written: {error}. Free space and export again.") from error


def read_adapter(path: Path, settings: Hyperparameters) -> tuple[dict[str, torch.Tensor], str]:
    """Return the weights of an exported adapter by their GGUF names, and its base's sha256.

    Raises RunUnusable where *path* is no such adapter, or has another rank or alpha than *settings*.
    """
    try:
        reader = gguf.GGUFReader(path)
        sha256 = str(reader.fields["footnote.base_sha256"].contents())
        alpha = float(reader.fields["adapter.lora.alpha"].contents())
        weights = {one.name: torch.from_numpy(np.asarray(one.data, dtype=np.float32)) for one in reader.tensors}
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise RunUnusable(f"{path} is not an adapter that `export` wrote; name another with --begin-from.") from error
    ranks = {len(weight) for name, weight in weights.items() if name.endswith(".lora_a")}
    if ranks != {settings.rank} or alpha != settings.alpha:
        known = ", ".join(map(str, sorted(ranks)))
        raise RunUnusable(f"{path} has rank {known} and alpha {alpha:g}; give --rank and --alpha the same.")
    return weights, sha256


def card(exported: Exported, facts: dict[str, object]) -> str:
    """Return the export's card for a person."""
    lines = [
        "# Model card",
        "",
        "A LoRA adapter in GGUF form that teaches the base model to answer from numbered wiki passages, to cite",
        "each sentence and to refuse where the passages do not answer. It knows no facts and needs the bot's prompt.",
        "",
        "| what | value |",
        "|---|---|",
        f"| {ADAPTER} | {exported.adapter.bytes / 1e6:.1f} MB, float16, sha256 `{exported.adapter.sha256}` |",
    ]
    if exported.merged is not None:
        size = f"{exported.merged.bytes / 1e6:.1f} MB, {exported.merged_as}"
        lines.append(f"| {MERGED}, base and adapter in one | {size}, sha256 `{exported.merged.sha256}` |")
    lines += [f"| {name} | {_shown(value)} |" for name, value in facts.items()]
    return "\n".join([*lines, "", *(_measured(exported.tried) if exported.tried else ())])


def _measured(tried: Tried) -> list[str]:
    rows = {
        "torch, float32, against the merged model in float16 by llama.cpp": tried.torch,
        "adapter over the base as it is served": tried.adapter,
    } | ({"merged and quantised": tried.merged} if tried.merged else {})
    over = f"{tried.answer_tokens:,} tokens of {tried.trials} answers of dev"
    return [
        f"Held against the merged model in float16, over {over}; {tried.tokens_alike:,} tokens are those of training.",
        "",
        "| what | mean KL, nats a token | 99 % below | same likeliest token |",
        "|---|---|---|---|",
        *(f"| {name} | {one.kl:.5f} | {one.kl_99:.4f} | {one.same_likeliest:.1%} |" for name, one in rows.items()),
        "",
    ]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return f"`{value}`" if isinstance(value, str) and len(value) == 64 else str(value)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DiskFull(f"{path} could not be written: {error}. Free space and export again.") from error
