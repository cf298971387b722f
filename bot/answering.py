"""The use case: a question becomes found passages, a draft, and a checked answer or a refusal.

    find ─► gate ─► Refusal            surely not in the wiki: no model call
              └──► Found ─► Writing… ─► check ─► Answer | Refusal

Knows how to answer; knows nothing of Slack, llama.cpp or where passages are kept.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot import citing, confidence, prompt
from bot.answers import Answer, Found, Refusal, RefusalReason, ShownPassage, Step, Timings, Writing
from bot.ports import LanguageModel, PassageFinder, Prompt
from bot.questions import clean
from indexer.pages import Audience
from indexer.passages import Hit

REFUSALS = {
    RefusalReason.NOT_FOUND: "I could not find this in the wiki.",
    RefusalReason.DECLINED: "The wiki does not say.",
    RefusalReason.UNSUPPORTED: "I found pages that may help, but I could not write an answer that they hold up.",
    RefusalReason.EMPTY_INDEX: "There is no wiki page indexed yet that I may show here.",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is found, shown and written for one question."""

    hits: int
    passages: int
    passage_tokens: int
    answer_tokens: int


class Answerer:
    """Answers questions from one finder with one model (port Answering)."""

    def __init__(
        self,
        finder: PassageFinder,
        model: LanguageModel,
        gate: confidence.Gate,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what answering needs. *clock* gives seconds, ever rising."""
        self._finder = finder
        self._model = model
        self._gate = gate
        self._limits = limits
        self._clock = clock

    def steps(self, question: str, audience: Audience) -> Iterator[Step]:
        """Yield Found, Writing…, then one Answer or Refusal; a Refusal may come alone.

        Raises QuestionUnusable before anything else, ModelFailed in the middle of writing, and what the finder raises.
        """
        started = self._clock()
        asked = clean(question)
        hits = self._finder.find(asked, audience, self._limits.hits)
        shown = prompt.fit(hits, self._model.count_tokens, self._limits.passages, self._limits.passage_tokens)
        writer = _Writer(self._model, shown, self._finder.generation(), started, self._clock)
        if not hits:
            yield writer.refuse(RefusalReason.EMPTY_INDEX if writer.generation == 0 else RefusalReason.NOT_FOUND)
        elif not self._gate.lets_through(confidence.signals(asked, hits)):
            yield writer.refuse(RefusalReason.NOT_FOUND)
        else:
            yield Found(shown)
            yield from writer.write(prompt.write(asked, shown), self._limits.answer_tokens)


class _Writer:
    """One question's answer while it is being written, and what the record needs to know of it."""

    def __init__(
        self,
        model: LanguageModel,
        shown: Sequence[ShownPassage],
        generation: int,
        started: float,
        clock: Callable[[], float],
    ) -> None:
        """Begin when the passages have been found."""
        self.generation = generation
        self._model = model
        self._shown = tuple(shown)
        self._started = started
        self._clock = clock
        self._prompt = ""
        self._timings = Timings(find_ms=self._elapsed_ms())

    def write(self, prompt_: Prompt, max_tokens: int) -> Iterator[Step]:
        """Yield Writing for each piece, then the checked outcome."""
        self._prompt = f"{prompt_.system}\n\n{prompt_.user}"
        draft = ""
        for piece in self._model.complete(prompt_, max_tokens):
            if not draft:
                self._timings = replace(self._timings, first_token_ms=self._elapsed_ms())
            draft += piece.text
            self._timings = replace(self._timings, prompt_tokens=piece.prompt_tokens, output_tokens=piece.output_tokens)
            yield Writing(draft)
        yield self._conclude(draft)

    def _conclude(self, draft: str) -> Answer | Refusal:
        if draft.strip().startswith(prompt.REFUSAL_SENTENCE):
            return self.refuse(RefusalReason.DECLINED)
        checked = citing.check(draft, self._shown)
        if not checked.sentences:
            return self.refuse(RefusalReason.UNSUPPORTED)
        return Answer(
            text=checked.text,
            sentences=checked.sentences,
            citations=checked.citations,
            passages=self._shown,
            timings=replace(self._timings, total_ms=self._elapsed_ms()),
            model=self._model.name,
            generation=self.generation,
            prompt=self._prompt,
        )

    def refuse(self, reason: RefusalReason) -> Refusal:
        """Return a refusal for *reason*, with the passages as the nearest pages."""
        return Refusal(
            reason=reason,
            text=REFUSALS[reason],
            passages=self._shown,
            timings=replace(self._timings, total_ms=self._elapsed_ms()),
            model=self._model.name,
            generation=self.generation,
            prompt=self._prompt,
        )

    def _elapsed_ms(self) -> float:
        return round((self._clock() - self._started) * 1000, 1)


class GivenPassages:
    """Passages handed over with a question, in their own order (port PassageFinder)."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        """Take *hits*, whose raw scores have been filled in by whoever made them."""
        self._hits = list(hits)

    def find(self, question: str, audience: Audience, count: int) -> list[Hit]:  # noqa: ARG002  # the port's words
        """Return the given passages, at most *count*."""
        return self._hits[:count]

    def generation(self) -> int:
        """Return 1: given passages are never an empty index."""
        return 1
