"""Turns a base in the form of Hugging Face into a GGUF file, once, so that all that follows knows one form.

    folder of safetensors ─► checked ─► tokens as llama.cpp makes them ─► weight by weight ─► GGUF, by rename

The numbers stay as they are. The same folder gives the same file on every machine, byte by byte: an adapter that was
trained on it knows it again by its sha256.
"""

import hashlib
import json
import math
import os
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from finetune import huggingface, vocabularies
from finetune.errors import DiskFull
from finetune.huggingface import FLOATS, Config, Shards
from finetune.ports import Describing
from finetune.vocabularies import Tokenising, Vocabulary

FORM = 1
"""Of what is written here; another number makes every base anew."""


def as_gguf(folder: Path, kept_in: Path, tokenising: Tokenising, say: Describing) -> Path:
    """Return the model in *folder* as a GGUF file in *kept_in*, made anew only where the folder has changed.

    Raises BaseUnusable where it is none that can be trained here, DiskFull.
    """
    config = huggingface.read_config(folder)
    shards = Shards(folder, config)
    target = kept_in / f"{folder.resolve().name}-{_key(folder)}.gguf"
    if target.is_file():
        return target
    vocabulary = vocabularies.read(folder, config.vocabulary, tokenising)
    _make_room(kept_in, shards)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        _write(part, config, vocabulary, shards, say)
        part.replace(target)
    except OSError as error:
        raise DiskFull(f"{target} could not be written: {error}. Free space and start again.") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _write(path: Path, config: Config, vocabulary: Vocabulary, shards: Shards, say: Describing) -> None:
    """Write all of the model to *path*, one weight in memory at a time."""
    writer = gguf.GGUFWriter(path, "llama")
    _write_sizes(writer, config)
    vocabulary.write(writer)
    kinds = shards.kinds()
    for name, (shape, numbers) in kinds.items():
        kind = _kind(shape, numbers)
        writer.add_tensor_info(name, shape, np.dtype(np.float16), _bytes(shape, kind), raw_dtype=kind)
    if config.turn_factors is not None:
        factors = config.turn_factors
        writer.add_tensor_info("rope_freqs.weight", factors.shape, factors.dtype, factors.nbytes)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for done, (name, (shape, numbers)) in enumerate(kinds.items()):
        say("the base as GGUF", done, len(kinds))
        writer.write_tensor_data(_array(shards.weight(name), _kind(shape, numbers)))
    if config.turn_factors is not None:
        writer.write_tensor_data(config.turn_factors)
    writer.close()


def _write_sizes(writer: gguf.GGUFWriter, config: Config) -> None:
    writer.add_vocab_size(config.vocabulary)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.feed_width)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_rope_dimension_count(config.head_width)
    writer.add_key_length(config.head_width)
    writer.add_value_length(config.head_width)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)


def _kind(shape: tuple[int, ...], numbers: torch.dtype) -> gguf.GGMLQuantizationType:
    """Return the numbers that a weight is written in: its own, but for norms, which llama.cpp wants in float32."""
    return gguf.GGMLQuantizationType[FLOATS[numbers] if len(shape) > 1 else "F32"]


def _bytes(shape: tuple[int, ...], kind: gguf.GGMLQuantizationType) -> int:
    return math.prod(shape) * (4 if kind is gguf.GGMLQuantizationType.F32 else 2)


def _array(weight: Tensor, kind: gguf.GGMLQuantizationType) -> NDArray[np.generic]:
    """Return *weight* as it is written; bfloat16, which numpy does not know, as the 16 bits it is."""
    if kind is gguf.GGMLQuantizationType.F32:
        return weight.float().numpy()
    return weight.view(torch.int16).numpy()


def _make_room(folder: Path, shards: Shards) -> None:
    """Make *folder*, and see that the model fits on its disk. Raises DiskFull."""
    wanted = sum(_bytes(shape, _kind(shape, numbers)) for shape, numbers in shards.kinds().values())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise DiskFull(f"{folder} could not be made: {error}.") from error
    if free < wanted:
        raise DiskFull(f"{folder} needs {wanted / 1e9:.1f} GB for the base as GGUF, {free / 1e9:.1f} GB are free.")


def _key(folder: Path) -> str:
    """Return what changes where the files of *folder* do."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".json", ".jinja", ".safetensors"})
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256(json.dumps([FORM, files]).encode()).hexdigest()[:12]
