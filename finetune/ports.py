"""What fine-tuning needs from the bot and the model, in its own words; `config/finetuning.py` fills it in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.passages import Passage


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage as the model is shown it. *page_id* names its page within its corpus."""

    page_id: str
    title: str
    headings: tuple[str, ...]
    text: str

    @property
    def full_text(self) -> str:
        """The breadcrumb above the text: all that an answer may be held against."""
        return f"{' > '.join((self.title, *self.headings))}\n{self.text}"


def piece_of(passage: Passage) -> Piece:
    """Return *passage* as the model is shown it."""
    return Piece(str(passage.page_id), passage.title, passage.headings, passage.text)


class Prompting(Protocol):
    """The bot's own prompt, so that training and serving read the same text."""

    @property
    def system(self) -> str:
        """The rules that come first."""

    @property
    def refusal(self) -> str:
        """The one sentence that says that the passages do not answer."""

    def clean(self, question: str) -> str:
        """Return *question* as the bot cleans it."""

    def user(self, question: str, pieces: Sequence[Piece]) -> str:
        """Return the passages, numbered from 1 in their order, and the question."""

    def flaws(self, answer: str, pieces: Sequence[Piece]) -> list[str]:
        """Return why the bot's check would drop sentences of *answer*; empty where it keeps them all."""


class Vocabulary(Protocol):
    """The serving model's own tokens."""

    @property
    def name(self) -> str:
        """What differs where the tokens do: the base file's hash."""

    @property
    def end(self) -> int:
        """The token that ends an answer."""

    def encode(self, system: str, user: str) -> list[int]:
        """Return the tokens of a prompt in the model's chat template, up to where the answer begins."""

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of plain *text*."""


class Finder(Protocol):
    """Finds passages of one corpus."""

    def find(self, question: str, count: int) -> list[Piece]:
        """Return at most *count* passages, best first."""

    def of_page(self, page_id: str) -> Sequence[Piece]:
        """Return the passages of a page in order; none where there is no such page."""

    def everything(self) -> Sequence[Piece]:
        """Return every passage, always in the same order."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot came to. *text* has markers; *passages* are those shown, in the order of their numbers.

    *signals* are what its decision to answer was made on; empty where it made none.
    """

    is_refusal: bool
    text: str
    citations: tuple[tuple[int, ...], ...]
    sentences: tuple[str, ...]
    passages: tuple[Piece, ...]
    total_ms: float
    signals: Mapping[str, float] = field(default_factory=dict)


class Answering(Protocol):
    """A bot that answers one question."""

    def answer(self, question: str, pieces: Sequence[Piece] | None) -> Reply:
        """Answer from *pieces*, or from its own search where that is None."""


@dataclass(frozen=True, slots=True)
class Text:
    """What the model is asked, and what it should answer."""

    system: str
    user: str
    answer: str


class Served(Protocol):
    """A model as llama.cpp runs it for the bot."""

    def encode(self, text: Text) -> tuple[list[int], list[int]]:
        """Return the tokens of the prompt in the file's own chat template, and those of the answer with its end."""

    def distributions(self, prompt: list[int], answer: list[int]) -> NDArray[np.float32]:
        """Return the log probabilities at each token of *answer*, of shape (answer, vocabulary)."""

    def close(self) -> None:
        """Give the memory back."""


class Foundry(Protocol):
    """What makes GGUF files as the bot does, and opens them. All raise the bot's own errors, with a sentence."""

    def merge(self, base: Path, adapter: Path, target: Path) -> None:
        """Write *base* with *adapter* added to its weights to *target*, in float16."""

    def rewrite(self, template: Path, weights: Callable[[str], NDArray[np.float32] | None], target: Path) -> None:
        """Write *template* to *target* in float16, with the weights that *weights* gives by GGUF's names.

        Where it gives None, the template's own stays.
        """

    def quantise(self, source: Path, target: Path, kind: str) -> None:
        """Write *source* to *target* in the format *kind*, one of QUANTISED."""

    def open(self, model: Path, adapter: Path | None) -> Served:
        """Return *model*, with *adapter* beside it where there is one."""


QUANTISED = ("q8_0", "q5_k_m", "q4_0")
"""Formats of a merged model, the largest first."""


Describing = Callable[[str, int, int], None]
"""Told what is being done, how many of its steps are done, and how many there are (0 where nobody knows)."""
