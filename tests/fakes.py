"""Fakes of the ports that answering needs: small, honest, recording. Each passes its port's contract test."""

from collections.abc import Iterator, Sequence

from bot.errors import ModelFailed
from bot.ports import Piece, Prompt
from indexer.pages import Audience
from indexer.passages import Hit


class ScriptedModel:
    """A model that writes what it was told to, word by word, and keeps the prompts it was given."""

    name = "scripted"

    def __init__(self, *drafts: str, fails_after: int | None = None) -> None:
        """Write *drafts* in turn; fail in the middle after so many words if *fails_after* is given."""
        self.prompts: list[Prompt] = []
        self._drafts = list(drafts)
        self._fails_after = fails_after

    def count_tokens(self, text: str) -> int:
        """Count words."""
        return len(text.split())

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the next draft's words, at most *max_tokens* of them."""
        self.prompts.append(prompt)
        words = self._drafts.pop(0).split(" ")
        for place, word in enumerate(words[:max_tokens]):
            if place == self._fails_after:
                raise ModelFailed("as scripted")
            yield Piece(word if place == 0 else f" {word}", self.count_tokens(prompt.user), place + 1)


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
