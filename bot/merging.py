"""Adds a LoRA adapter to a model's weights for good, so that writing costs what the model alone costs.

    base GGUF, in whatever format + adapter GGUF ─► W + alpha / rank · B A ─► GGUF in float16

Source of the arithmetic: LoRA (2106.09685), and llama.cpp's reading of `adapter.lora.alpha`.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from bot import gguf_file
from bot.errors import ModelUnusable

Weight = NDArray[np.float32]
Change = Callable[[str, Weight], Weight]
"""Given a weight's name and values, returns what is to be written in its place, of the same shape."""


def merge(base: Path, adapter: Path, target: Path) -> None:
    """Write *base* with *adapter* added to its weights to *target*, by rename.

    Raises ModelUnusable where a file is not what it should be, or *target* cannot be written.
    """
    model = gguf_file.read_model(base)
    gguf_file.read_adapter(adapter, model)
    deltas = _deltas(adapter)

    def added(name: str, weight: Weight) -> Weight:
        if name not in deltas:
            return weight
        a, b = deltas[name]
        return weight + b @ a

    rewrite(base, added, target)


def rewrite(source: Path, change: Change, target: Path) -> None:
    """Write *source* in float16 to *target*, by rename, each weight as *change* gives it; one is in memory at a time.

    Everything else of the file, tokens and chat template included, stays as it is. Raises ModelUnusable where *target*
    cannot be written.
    """
    part = target.with_suffix(f".{os.getpid()}.part")
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(part, str(reader.fields["general.architecture"].contents()))
    _copy_header(reader, writer)
    for tensor in reader.tensors:
        shape = tuple(int(n) for n in reversed(tensor.shape))
        kind = _kind(shape)
        writer.add_tensor_info(tensor.name, shape, kind, math.prod(shape) * kind.itemsize)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in reader.tensors:
            weight = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            writer.write_tensor_data(change(tensor.name, weight).astype(_kind(weight.shape)))
        writer.close()
        part.replace(target)
    except OSError as error:
        raise ModelUnusable(f"{target} could not be written: {error}; free space and start again.") from error
    finally:
        part.unlink(missing_ok=True)


def _kind(shape: tuple[int, ...]) -> np.dtype[np.float16] | np.dtype[np.float32]:
    """Return the numbers that a weight is written in: norms, which are small and touchy, keep theirs."""
    return np.dtype(np.float16) if len(shape) > 1 else np.dtype(np.float32)


def _deltas(adapter: Path) -> dict[str, tuple[Weight, Weight]]:
    """Return by weight A (rank, in) and B (out, rank), already scaled."""
    reader = gguf.GGUFReader(adapter)
    field = reader.fields.get("adapter.lora.alpha")
    parts = {
        tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        for tensor in reader.tensors
    }
    found: dict[str, tuple[Weight, Weight]] = {}
    for name in {name.rpartition(".")[0] for name in parts}:
        a, b = parts.get(f"{name}.lora_a"), parts.get(f"{name}.lora_b")
        if a is None or b is None:
            raise ModelUnusable(f"{gguf_file.ADAPTER_SETTING}: {adapter} holds half of {name}; export it again.")
        alpha = float(field.contents()) if field is not None else 0.0
        found[name] = (a, b * (alpha / len(a) if alpha else 1.0))  # llama.cpp takes no alpha for a scale of 1
    return found


def _copy_header(reader: gguf.GGUFReader, writer: gguf.GGUFWriter) -> None:
    written_by_writer = {"general.architecture", "general.file_type", "general.quantization_version"}
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in written_by_writer:
            continue
        kind = field.types[0]
        writer.add_key_value(
            field.name, field.contents(), kind, sub_type=field.types[-1] if kind is gguf.GGUFValueType.ARRAY else None
        )
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
