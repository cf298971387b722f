"""An adapter's GGUF file: written as llama.cpp reads it, with its origins, and read again to be trained on."""

from pathlib import Path

import gguf
import numpy as np
import torch
from numpy.typing import NDArray

from finetune.errors import DiskFull, RunUnusable
from finetune.hyperparameters import FULL, Hyperparameters


def write(
    path: Path, adapter: dict[str, torch.Tensor], settings: Hyperparameters, origins: dict[str, str], base_name: str
) -> None:
    """Write *adapter* to *path*, by rename. Raises RunUnusable where a number does not fit float16, DiskFull."""
    arrays = {name: fitting(name, tensor) for name, tensor in adapter.items()}
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


def read(path: Path, settings: Hyperparameters) -> tuple[dict[str, torch.Tensor], str]:
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


def begin_from(path: Path, settings: Hyperparameters, base_sha256: str) -> dict[str, torch.Tensor]:
    """Return the weights of the adapter in *path*. Raises RunUnusable where they do not fit a run with *settings*."""
    if settings.method == FULL:
        raise RunUnusable(
            "--begin-from trains an adapter on; a full fine-tune goes on from a merged model, named with --base."
        )
    weights, trained_on = read(path, settings)
    if trained_on != base_sha256:
        raise RunUnusable(f"{path} was trained on another base; name its own with --base.")
    return weights


def fitting(name: str, tensor: torch.Tensor) -> NDArray[np.float32]:
    """Return *tensor* as numbers that float16 can hold. Raises RunUnusable where one cannot be."""
    array: NDArray[np.float32] = tensor.detach().cpu().float().numpy()
    if not (np.abs(array) <= float(np.finfo(np.float16).max)).all():  # false for what is no number, too
        raise RunUnusable(f"{name} holds numbers that are no float16; train again at a lower learning rate.")
    return array
