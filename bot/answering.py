"""The use case: a question becomes found passages, a draft, and a checked answer or a refusal.

    find ─► gate ─► Refusal            surely not in the wiki: the model is not asked
              └──► Found ─► Writing… ─► check ─► judge ─► Answer | Refusal

The model always writes its best answer; whether that is given is decided by all signals together. Knows how to answer;
knows nothing of Slack, llama.cpp or where passages are kept.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot import citing, confidence, prompt, quoting
from bot.answers import Answer, Found, Refusal, RefusalReason, ShownPassage, Step, Timings, Writing
from bot.confidence import Scales, Signals
from bot.ports import LanguageModel, PassageFinder
from bot.questions import clean
from indexer.pages import Audience
from indexer.passages import Hit
from indexer.ports import Verifier

REFUSALS = {
    RefusalReason.NOT_FOUND: "I could not find this in the wiki.",
    RefusalReason.DECLINED: "The wiki does not say.",
    RefusalReason.UNSUPPORTED: "I found pages that may help, but I could not write an answer that they hold up.",
    RefusalReason.EMPTY_INDEX: "There is no wiki page indexed yet that I may show here.",
}

QUOTES_TRIED = 3  # sentences of the wiki, where the model's own do not hold


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is found, shown and written for one question.

    The model reads the first *read_passages* of those shown; all of them where they were given without a ranking.
    *synthesis_seconds* is how long one that needs several pages may take, 0 where it is answered like any other.
    """

    hits: int
    passages: int
    passage_tokens: int
    answer_tokens: int
    synthesis_seconds: int
    read_passages: int = 8


@dataclass(frozen=True, slots=True)
class Trust:
    """What decides whether there is an answer. Without a *verifier* its signals count as they do on average."""

    scales: Scales
    verifier: Verifier | None = None


class Answerer:
    """Answers questions from one finder with one model (port Answering)."""

    def __init__(
        self,
        finder: PassageFinder,
        model: LanguageModel,
        trust: Trust,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what answering needs. *clock* gives seconds, ever rising."""
        self._finder = finder
        self._model = model
        self._trust = trust
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
        signals = confidence.found(asked, hits)
        writer = Writer(self._model, self._trust, shown, signals, self._finder.generation(), started, self._clock)
        if not hits:
            yield writer.refuse(RefusalReason.EMPTY_INDEX if writer.generation == 0 else RefusalReason.NOT_FOUND)
        elif not confidence.may_answer(self._trust.scales.gate, asked, hits, signals):
            yield writer.refuse(RefusalReason.NOT_FOUND)
        else:
            yield Found(shown)
            yield from writer.write(asked, self._limits.answer_tokens, read_passages=self._limits.read_passages)


class Writer:
    """One question's answer from *shown* while it is being written, and what the record needs to know of it."""

    def __init__(  # noqa: PLR0913, PLR0917  # made in two places
        self,
        model: LanguageModel,
        trust: Trust,
        shown: Sequence[ShownPassage],
        signals: Signals,
        generation: int,
        started: float,
        clock: Callable[[], float],
    ) -> None:
        """Begin when the passages have been found."""
        self.generation = generation
        self._model = model
        self._trust = trust
        self._shown = tuple(shown)
        self._read = self._shown
        self._signals = dict(signals)
        self._started = started
        self._clock = clock
        self._prompt = ""
        self._timings = Timings(find_ms=self._elapsed_ms())

    def write(
        self, question: str, max_tokens: int, ends_at: float = math.inf, read_passages: int = 8
    ) -> Iterator[Step]:
        """Yield Writing for each piece, then the checked and judged outcome of what was written until *ends_at*.

        The model reads the first *read_passages* of those shown, and only they are quoted.
        """
        self._read = self._shown[:read_passages]
        asked = prompt.write(question, self._read)
        self._prompt = f"{asked.system}\n\n{asked.user}"
        refusal = self._model.log_probability(asked, prompt.REFUSAL_SENTENCE)
        self._signals["willing"] = confidence.willingness(refusal)
        draft = ""
        for piece in self._model.complete(asked, max_tokens):
            if not draft:
                self._timings = replace(self._timings, first_token_ms=self._elapsed_ms())
            draft += piece.text
            self._timings = replace(self._timings, prompt_tokens=piece.prompt_tokens, output_tokens=piece.output_tokens)
            yield Writing(draft)
            if self._clock() > ends_at:
                break
        yield self._conclude(question, draft)

    def _conclude(self, question: str, draft: str) -> Answer | Refusal:
        if draft.strip().startswith(prompt.REFUSAL_SENTENCE):
            return self.refuse(RefusalReason.DECLINED)
        checked = citing.check(draft, self._shown, question)
        self._signals["kept"] = len(checked.sentences) / max(1, len(checked.sentences) + len(checked.dropped))
        return self._judged(question, checked)

    def extract(self, question: str) -> Answer | Refusal:
        """Return what the likeliest sentences of the passages come to, checked and judged; the model writes nothing.

        Without a verifier none is likelier than another, and it is a refusal.
        """
        return self._judged(question, citing.Checked((), (), ()))

    def _judged(self, question: str, checked: citing.Checked) -> Answer | Refusal:
        if self._trust.verifier is not None:
            checked = self._completed(question, checked, self._trust.verifier)
        if not checked.sentences:
            return self.refuse(RefusalReason.UNSUPPORTED)
        self._signals |= self._answering(question, checked)
        said = [one.text for one in checked.sentences]
        if not confidence.is_answered(self._trust.scales.judge, question, said, self._signals):
            return self.refuse(RefusalReason.DECLINED)
        return self._answer(checked)

    def quote(self, texts: Sequence[str]) -> Answer | Refusal:
        """Return the answer that *texts* are, word for word of the first passage, as far as they hold."""
        number = self._shown[0].number
        checked = citing.check(" ".join(f"{text}. [{number}]" for text in texts), self._shown)
        return self._answer(checked) if checked.sentences else self.refuse(RefusalReason.UNSUPPORTED)

    def _answer(self, checked: citing.Checked) -> Answer:
        return Answer(
            text=checked.text,
            sentences=checked.sentences,
            citations=checked.citations,
            passages=self._read,  # who may read these may be shown the answer
            timings=replace(self._timings, total_ms=self._elapsed_ms()),
            model=self._model.name,
            generation=self.generation,
            prompt=self._prompt,
            signals=self._signals,
            remark=citing.remark(checked.citations),
        )

    def _completed(self, question: str, checked: citing.Checked, verifier: Verifier) -> citing.Checked:
        """Return *checked* with what completes it.

        Where it holds nothing, or a sentence of the wiki is far likelier to answer, it begins with the likeliest of
        those that hold up.
        """
        quotes = quoting.likeliest(question, self._read, verifier)
        if not checked.sentences or quoting.is_outweighed(question, checked.sentences, self._shown, quotes, verifier):
            tried = (citing.check(f"{one.text} [{one.number}]", self._shown) for one in quotes[:QUOTES_TRIED])
            checked = next((one for one in tried if one.sentences), checked)
        if not checked.sentences:
            return checked
        more = quoting.completing(checked.sentences, quotes)
        return citing.check(" ".join((checked.text, *(f"{one.text} [{one.number}]" for one in more))), self._shown)

    def _answering(self, question: str, checked: citing.Checked) -> dict[str, float]:
        """Return how sure the verifier is, in log-odds, of the best of the sentences; nothing without one."""
        if self._trust.verifier is None:
            return {}
        hits = {passage.number: passage.hit for passage in self._shown}
        texts = [f"{hits[one.citations[0]].breadcrumb}\n{one.text}" for one in checked.sentences]
        return {"answers": confidence.log_odds(float(self._trust.verifier.scores(question, texts).max()))}

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
            signals=self._signals,
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
