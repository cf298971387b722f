"""The models of fine-tuning: a base's file, its tokens, and what the bot's own merging and quantising make of it."""

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bot import merging
from bot.gguf_file import read_adapter, read_model
from bot.llama import LlamaModel, Weights, tokens_alone
from bot.ports import Prompt
from bot.preparing import requantise
from config import wiring
from config.settings import Settings
from finetune import converting
from finetune.ports import Describing, Text


class LlamaVocabulary:
    """The tokens of a GGUF model, by llama.cpp itself (port Vocabulary). Raises ModelUnusable."""

    def __init__(self, path: Path) -> None:
        read_model(path)
        self._model = LlamaModel(Weights(path, None, repack=False, threads=1), path.stem)
        with path.open("rb") as file:
            self._name = hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def name(self) -> str:
        """The sha256 of the model's file."""
        return self._name

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return self._model.end

    def encode(self, system: str, user: str) -> list[int]:
        """Return the tokens of a prompt in the model's chat template."""
        return self._model.encode(Prompt(system, user, ""))

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of plain *text*."""
        return self._model.tokenize(text, has_marks=False)


class LlamaServed:
    """A GGUF model and its adapter as llama.cpp runs them (port Served)."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model

    def encode(self, text: Text) -> tuple[list[int], list[int]]:
        """Return the tokens of the prompt, and of the answer with its end."""
        prompt_ = self._model.encode(Prompt(text.system, text.user, ""))
        return prompt_, [*self._model.tokenize(text.answer, has_marks=False), self._model.end]

    def distributions(self, prompt: list[int], answer: list[int]) -> NDArray[np.float32]:
        """Return the log probabilities at each token of *answer*. Raises ModelFailed."""
        return self._model.distributions(prompt, answer)

    def close(self) -> None:
        """Give the memory back."""
        self._model.close()


class BotFoundry:
    """The bot's own merging and quantising (port Foundry). Raises ModelUnusable."""

    _FORMATS: ClassVar = {"q8_0": 7, "q5_k_m": 17, "q4_0": 2}  # llama.cpp's numbers

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def merge(self, base: Path, adapter: Path, target: Path) -> None:
        """Write *base* with *adapter* added to its weights, in float16."""
        merging.merge(base, adapter, target)

    def rewrite(self, template: Path, weights: Callable[[str], NDArray[np.float32] | None], target: Path) -> None:
        """Write *template* in float16 with the weights that *weights* gives, its own where that gives None."""

        def chosen(name: str, before: NDArray[np.float32]) -> NDArray[np.float32]:
            given = weights(name)
            return before if given is None else given

        merging.rewrite(template, chosen, target)

    def quantise(self, source: Path, target: Path, kind: str) -> None:
        """Write *source* in the format *kind*."""
        requantise(source, target, self._FORMATS[kind], self._threads)

    def open(self, model: Path, adapter: Path | None) -> LlamaServed:
        """Return *model*, with *adapter* beside it where there is one."""
        header = read_model(model)
        if adapter is not None:
            read_adapter(adapter, header)
        return LlamaServed(LlamaModel(Weights(model, adapter, repack=False, threads=self._threads), model.stem))


def base_file(settings: Settings, named: Path | None, say: Describing) -> Path:
    """Return the base's GGUF file: *named*, or the bot's. Raises ModelUnusable, BaseUnusable, DiskFull.

    A folder in the form of Hugging Face is turned into GGUF, and `owner/repository:file.gguf` downloaded, once each.
    """
    path = str(named) if named is not None else settings.model.path
    if path and Path(path).is_dir():
        return converting.as_gguf(Path(path), settings.data_dir / "finetune" / "bases", tokens_alone, say)
    model = settings.model.model_copy(update={"path": path})
    return wiring.model_file(settings.model_copy(update={"model": model}))


def marker_openers(vocabulary: LlamaVocabulary) -> tuple[int, ...]:
    """Return the tokens after which a number is a marker: ` [` and `][`."""
    written = vocabulary.tokenize("It is so. [1][2]")
    digits = {token for digit in "12" for token in vocabulary.tokenize(digit)}
    return tuple(before for before, token in pairwise(written) if token in digits)
