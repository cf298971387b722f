"""Writes a run's best adapter as a GGUF file that llama.cpp loads over the untouched base, with its card and manifest.

    best.pt ─► float16, GGUF's own names ─► adapter.gguf ─► agreement with llama.cpp ─► card.md ─► manifest.json

The manifest is written last: if it is there, the adapter is whole and was tried out.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from finetune.base import Llama
from finetune.errors import DiskFull, RunUnusable
from finetune.hyperparameters import Hyperparameters

ADAPTER, CARD, MANIFEST = "adapter.gguf", "card.md", "manifest.json"
MIN_AGREEMENT = 0.85
"""Of the tokens that llama.cpp writes, torch must find so many the likeliest; 4 bits alone cost about 5 %."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A prompt in tokens, and the tokens that llama.cpp wrote after it with the exported adapter."""

    prompt: Sequence[int]
    written: Sequence[int]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how far torch and llama.cpp agree about it (None where that was not tried)."""

    path: Path
    sha256: str
    bytes: int
    agreement: float | None


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


def agreement(model: Llama, trials: Sequence[Trial]) -> float:
    """Return the share of the tokens written in *trials* that *model* finds the likeliest at their places."""
    same = count = 0
    model.eval()
    for trial in trials:
        row = torch.tensor([[*trial.prompt, *trial.written]])
        places = torch.arange(len(trial.prompt) - 1, row.shape[1] - 1)
        with torch.no_grad():
            likeliest = model(row, places).argmax(-1)
        same += int((likeliest == row[0, len(trial.prompt) :]).sum())
        count += len(trial.written)
    return same / count if count else 0.0


def finish(folder: Path, facts: dict[str, Any], agreed: float | None) -> Exported:
    """Write card and manifest of the adapter in *folder*. Raises RunUnusable where llama.cpp disagrees with torch."""
    path = folder / ADAPTER
    if agreed is not None and agreed < MIN_AGREEMENT:
        path.rename(path.with_suffix(".refused"))
        raise RunUnusable(
            f"llama.cpp with the exported adapter writes other tokens than torch ({agreed:.0%} the same, "
            f"{MIN_AGREEMENT:.0%} wanted); it was set aside as {path.with_suffix('.refused').name}."
        )
    exported = Exported(path, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size, agreed)
    _write(folder / CARD, card(exported, facts))
    manifest = {**facts, **{name: value for name, value in asdict(exported).items() if name != "path"}}
    _write(folder / MANIFEST, json.dumps(manifest, indent=2, default=str))
    return exported


def card(exported: Exported, facts: dict[str, Any]) -> str:
    """Return the adapter's card for a person."""
    lines = [
        "# Adapter card",
        "",
        "A LoRA adapter in GGUF form that teaches the base model to answer from numbered wiki passages, to cite",
        "each sentence and to refuse where the passages do not answer. It knows no facts and needs the bot's prompt.",
        "",
        "| what | value |",
        "|---|---|",
        f"| sha256 | `{exported.sha256}` |",
        f"| size | {exported.bytes / 1e6:.1f} MB, float16 |",
    ]
    if exported.agreement is not None:
        lines.append(f"| tokens on which torch and llama.cpp agree | {exported.agreement:.1%} |")
    lines += [f"| {name} | {_shown(value)} |" for name, value in facts.items()]
    return "\n".join([*lines, ""])


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return f"`{value}`" if isinstance(value, str) and len(value) == 64 else str(value)


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise DiskFull(f"{path} could not be written: {error}. Free space and export again.") from error
