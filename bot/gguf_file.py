"""Reads a GGUF file's header before llama.cpp opens it, so that a bad file is a sentence and not a crash.

llama.cpp ends the process on a missing, foreign or cut-short adapter and on some damaged models; this module looks
first. Source of the format: the `gguf` package, version 3 of the format.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import gguf

from bot.errors import ModelUnusable

MODEL_SETTING = "FOOTNOTE_MODEL__PATH"
ADAPTER_SETTING = "FOOTNOTE_MODEL__ADAPTER_PATH"
TRAINED_ON = "footnote.base_sha256"

_ADAPTER_TYPES = {gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.BF16}
_PARTS = (".lora_a", ".lora_b")


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself. *shapes* maps each tensor's name to its shape, fastest dimension first.

    *trained_on* is, for an adapter that `finetune` made, the sha256 of its base's file; else empty.
    """

    path: Path
    architecture: str
    kind: str
    shapes: dict[str, tuple[int, ...]]
    types: frozenset[gguf.GGMLQuantizationType]
    bytes: int
    trained_on: str


def read_model(path: Path) -> Header:
    """Return the header of a language model; raises ModelUnusable with the cure if *path* holds anything else."""
    header = _read(path, MODEL_SETTING)
    if header.kind == "adapter":
        raise ModelUnusable(f"{MODEL_SETTING}: {path} is an adapter, not a model; set {ADAPTER_SETTING} to it instead.")
    if not any(name.startswith("blk.0.") for name in header.shapes):
        raise ModelUnusable(f"{MODEL_SETTING}: {path} holds no language model; set a GGUF file of one.")
    return header


def read_adapter(path: Path, model: Header) -> Header:
    """Return the header of a LoRA adapter that fits *model*; raises ModelUnusable with what does not fit."""
    header = _read(path, ADAPTER_SETTING)
    if header.kind != "adapter":
        raise ModelUnusable(f"{ADAPTER_SETTING}: {path} is not a LoRA adapter in GGUF form; leave it empty for none.")
    if header.architecture != model.architecture:
        raise ModelUnusable(
            f"{ADAPTER_SETTING}: {path} is for a {header.architecture} model, {model.path} is {model.architecture}."
        )
    if not header.types <= _ADAPTER_TYPES:
        names = ", ".join(sorted(kind.name for kind in header.types - _ADAPTER_TYPES))
        raise ModelUnusable(f"{ADAPTER_SETTING}: {path} holds {names} numbers; export it again as F32 or F16.")
    for name, shape in header.shapes.items():
        _check_fit(path, name, shape, model)
    if header.trained_on and header.trained_on != _sha256(model.path):
        raise ModelUnusable(
            f"{ADAPTER_SETTING}: {path} was trained on another file than {model.path}, of the same shapes; train one "
            "on this model, or leave it empty for none."
        )
    return header


def _check_fit(path: Path, name: str, shape: tuple[int, ...], model: Header) -> None:
    base, part = next(((name.removesuffix(part), part) for part in _PARTS if name.endswith(part)), (name, ""))
    weight = model.shapes.get(base)
    side = {".lora_a": 0, ".lora_b": 1}.get(part)
    if weight is None or side is None:
        raise ModelUnusable(f"{ADAPTER_SETTING}: {path} changes {name}, which {model.path} does not have.")
    if len(shape) != 2 or len(weight) != 2 or shape[side] != weight[side]:
        raise ModelUnusable(
            f"{ADAPTER_SETTING}: {path} was trained on another model: {name} does not fit {model.path}."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, setting: str) -> Header:
    if not path.is_file():
        raise ModelUnusable(f"{setting}: there is no file {path}; set a GGUF file, or leave it empty for the default.")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelUnusable(f"{setting}: {path} cannot be read ({error.strerror}).") from error
    if magic != b"GGUF":
        raise ModelUnusable(f"{setting}: {path} is not a GGUF file; set one, or leave it empty for the default.")
    return _parse(path, setting)


def _parse(path: Path, setting: str) -> Header:
    size = path.stat().st_size
    try:
        reader = gguf.GGUFReader(path)
        header = Header(
            path=path,
            architecture=_text(reader, "general.architecture"),
            kind=_text(reader, "general.type") or "model",
            shapes={tensor.name: tuple(int(n) for n in tensor.shape) for tensor in reader.tensors},
            types=frozenset(tensor.tensor_type for tensor in reader.tensors),
            bytes=size,
            trained_on=_text(reader, TRAINED_ON),
        )
        end = max((tensor.data_offset + tensor.n_bytes for tensor in reader.tensors), default=0)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, UnicodeDecodeError) as error:
        raise ModelUnusable(f"{setting}: {path} is damaged or cut short; copy or download it again.") from error
    if end > size or not header.shapes or not header.architecture:
        raise ModelUnusable(f"{setting}: {path} is damaged or cut short; copy or download it again.")
    return header


def _text(reader: gguf.GGUFReader, key: str) -> str:
    field = reader.fields.get(key)
    return str(field.contents()) if field is not None else ""
