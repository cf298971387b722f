"""The verifier: a cross-encoder that reads a question and a text together and says whether the text answers it.

Its word embeddings are those of the embedding model that is installed with Footnote; what `finetune verifier` made of
the rest is read from a file of its own. Knows nothing of how it was trained.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Encoding

from indexer import unpadded
from indexer.errors import VerifierUnusable
from indexer.ports import Scores
from indexer.threads import on_one_core

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder
    from torch import nn

WEIGHTS = "verifier.safetensors"
MANIFEST = "verifier.json"
FROZEN = "bert.embeddings.word_embeddings.weight"
MAX_TOKENS = 320  # question, breadcrumb and passage; the embedder's longest passages take 256
BATCH = 16  # texts read together, about; of 40 sentences, four shares are read a tenth sooner than two


class CrossEncoderVerifier:
    """The verifier whose weights are in *folder*, over the embedding model in *base* (port Verifier).

    Every method raises VerifierUnusable where they cannot be loaded. May be used by several threads, which take turns.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self._weights_folder = folder
        self._base = base
        self._turn = threading.Lock()

    @cached_property
    def name(self) -> str:
        """What its scores are made with: `verifier-` and a short hash of its weights."""
        return f"verifier-{_manifest(self._weights_folder)['sha256'][:8]}"

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Return how sure it is that each text answers *question*; *texts* have their breadcrumb as the first line."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        import torch  # takes seconds, which a refresh need not spend

        with self._turn:
            encoder = self._encoder
            pairs = encoder.tokenizer(
                [question] * len(texts), list(texts), truncation=True, max_length=MAX_TOKENS
            ).encodings
            shares = _shares([len(pair.ids) for pair in pairs], torch.get_num_threads())
            scores: Scores = np.empty(len(pairs), np.float32)
            found = self._pool.map(self._read, [[pairs[at] for at in share] for share in shares])
            for share, read in zip(shares, found, strict=True):
                scores[share] = read
        return scores

    def _read(self, pairs: Sequence[Encoding]) -> Scores:
        """Return the scores of *pairs* of question and text, computed on one core."""
        import torch

        with on_one_core(), torch.inference_mode():
            scores: Scores = unpadded.logits(model_of(self._encoder), pairs)[:, 0].sigmoid().numpy()
        return scores

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Threads for shares of one question's texts.

        With all cores at each of hundreds of small steps, the cores wait for each other: on an idle machine five
        passages took 28 ms either way, beside one busy program 60 ms (95 % within 191) against 48 (71).
        """
        import torch

        return ThreadPoolExecutor(torch.get_num_threads(), "verifier")

    @cached_property
    def _encoder(self) -> "CrossEncoder":
        import torch

        abilities = torch.cpu.get_capabilities()
        encoder = opened(self._base, self._weights_folder)
        if abilities.get("avx512_bf16") or abilities.get("amx_bf16"):
            model_of(encoder).to(torch.bfloat16)  # 160 ms against 550 for 30 passages of 100 tokens on one core
        return encoder


def opened(base: Path, folder: Path | None) -> "CrossEncoder":
    """Return the cross-encoder over *base* with the weights of *folder*, untrained where that is None.

    Raises VerifierUnusable.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from sentence_transformers import CrossEncoder
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it has no types
    logging.getLogger("sentence_transformers.base.model").setLevel(logging.ERROR)  # nor that it is converted
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # else it says at length that the head is new
    # Attention in plain steps and without dropout trains twice as fast on a CPU as the fused one with it.
    settings = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    try:
        encoder: CrossEncoder = CrossEncoder(
            str(base),
            num_labels=1,
            max_length=MAX_TOKENS,
            device="cpu",
            local_files_only=True,
            config_kwargs=settings,
            model_kwargs={"attn_implementation": "eager"},
        )
        if folder is not None:
            _check(folder)
            weights = {name: weight.float() for name, weight in load_file(folder / WEIGHTS).items()}
            lacking, unknown = model_of(encoder).load_state_dict(weights, strict=False)
            if unknown or set(lacking) - {FROZEN}:
                raise VerifierUnusable(_cure(folder, "its weights do not fit the embedding model"))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise VerifierUnusable(_cure(folder or base, f"it cannot be loaded: {error}")) from error
    return encoder


def model_of(encoder: "CrossEncoder") -> "nn.Module":
    """Return the model inside *encoder*."""
    assert encoder.model is not None, "a cross-encoder holds a model"
    model: nn.Module = encoder.model
    return model


def _shares(sizes: Sequence[int], workers: int) -> list[list[int]]:
    """Return which texts, of *sizes* in tokens, are read together: about BATCH, and alike much for each worker.

    >>> _shares([10, 50, 30, 20], workers=2)
    [[1, 0], [2, 3]]
    """
    count = workers * ceil(len(sizes) / (workers * BATCH))
    shares: list[list[int]] = [[] for _ in range(count)]
    for at in sorted(range(len(sizes)), key=lambda at: -sizes[at]):
        min(shares, key=lambda share: sum(sizes[one] for one in share)).append(at)
    return [share for share in shares if share]


def _check(folder: Path) -> None:
    """See that the weights are whole. Raises VerifierUnusable."""
    found = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    if found != _manifest(folder)["sha256"]:
        raise VerifierUnusable(_cure(folder, f"{WEIGHTS} is not the file that {MANIFEST} was written for"))


def _manifest(folder: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VerifierUnusable(_cure(folder, f"{MANIFEST} cannot be read: {error}")) from error
    return found


def _cure(folder: Path, why: str) -> str:
    return (
        f"The verifier in {folder} cannot be used: {why}. Check the installation out anew, name another folder in "
        "FOOTNOTE_SEARCH__VERIFIER_PATH, or leave that empty to do without."
    )
