"""Fakes of the ports that answering needs: small, honest, recording. Each passes its port's contract test."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bot.errors import ModelFailed
from bot.ports import Piece, Prompt
from indexer.pages import Audience
from indexer.passages import Hit
from indexer.ports import Scores


class ScriptedModel:
    """A model that writes what it was told to, word by word, and keeps the prompts it was given."""

    name = "scripted"

    def __init__(self, *drafts: str, fails_after: int | None = None, refusal: float = -9.0) -> None:
        """Write *drafts* in turn; fail in the middle after so many words if *fails_after* is given.

        *refusal* is the log probability of refusing, and of everything else.
        """
        self._refusal = refusal
        self.prompts: list[Prompt] = []
        self._drafts = list(drafts)
        self._fails_after = fails_after

    def count_tokens(self, text: str) -> int:
        """Count words."""
        return len(text.split())

    def log_probability(self, prompt: Prompt, text: str) -> float:  # noqa: ARG002  # the port's words
        """Return the number it was made with."""
        return self._refusal

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the next draft's words, at most *max_tokens* of them."""
        self.prompts.append(prompt)
        words = self._drafts.pop(0).split(" ")
        for place, word in enumerate(words[:max_tokens]):
            if place == self._fails_after:
                raise ModelFailed("as scripted")
            yield Piece(word if place == 0 else f" {word}", self.count_tokens(prompt.user), place + 1)


class WordsVerifier:
    """A verifier that goes by the share of the question's longer words in the text, and keeps what it read."""

    name = "words"

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.read: list[str] = []

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Return that share, kept away from 0 and 1."""
        self.read += texts
        asked = {word for word in question.lower().strip("?").split() if len(word) > 3}
        shares = [len(asked & set(text.lower().replace(".", " ").split())) / max(1, len(asked)) for text in texts]
        return np.array([0.05 + 0.9 * share for share in shares], dtype=np.float32)


class FixedFinder:
    """A finder that always finds the same hits, and keeps what it was asked."""

    def __init__(self, hits: Sequence[Hit], generation: int = 7) -> None:
        """Find *hits* at *generation*."""
        self.asked: list[tuple[str, Audience]] = []
        self._hits = list(hits)
        self._generation = generation

    def find(self, question: str, audience: Audience, count: int) -> list[Hit]:
        """Return the first *count* hits."""
        self.asked.append((question, audience))
        return self._hits[:count]

    def generation(self) -> int:
        """Return the number it was made with."""
        return self._generation


class MappedFinder:
    """A finder that finds for each question the hits it was given for it, and keeps what it was asked."""

    def __init__(self, hits: Mapping[str, Sequence[Hit]], generation: int = 7) -> None:
        """Find *hits* by question, none for any other."""
        self.asked: list[tuple[str, Audience]] = []
        self._hits = dict(hits)
        self._generation = generation

    def find(self, question: str, audience: Audience, count: int) -> list[Hit]:
        """Return the first *count* hits of *question*."""
        self.asked.append((question, audience))
        return list(self._hits.get(question, ()))[:count]

    def generation(self) -> int:
        """Return the number it was made with."""
        return self._generation
