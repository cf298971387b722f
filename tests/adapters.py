"""Small GGUF files made for tests: a model's skeleton and LoRA adapters, good and bad."""

from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray


def write_model(path: Path) -> Path:
    """Write a header and tensors that look like a llama model of width 8."""
    writer = gguf.GGUFWriter(path, "llama")
    for name in ("token_embd.weight", "blk.0.attn_q.weight"):
        writer.add_tensor(name, np.zeros((8, 8), np.float32))
    writer.add_tensor("output_norm.weight", np.ones(8, np.float32))
    return _close(writer, path)


def write_adapter(
    path: Path,
    architecture: str = "llama",
    weight: str = "blk.0.attn_q.weight",
    columns: int = 8,
    dtype: type = np.float32,
    seed: int | None = None,
) -> Path:
    """Write a rank-2 adapter of one weight: zeros, or random numbers from *seed*."""
    numbers = np.random.default_rng(seed)

    def values(*shape: int) -> NDArray[np.float64]:
        return numbers.normal(0, 0.5, shape) if seed is not None else np.zeros(shape)

    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4.0)
    writer.add_tensor(f"{weight}.lora_a", values(2, columns).astype(dtype))
    writer.add_tensor(f"{weight}.lora_b", values(columns, 2).astype(dtype))
    return _close(writer, path)


def _close(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
