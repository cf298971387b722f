"""Answers what no single passage answers: several searches, a note on each passage, one cited answer, in limited time.

    plan ─► find, once a search ─► gate ─► Found ─► a note on each passage in turn … ─► compose ─► Answer | Refusal
      └──► none: answered as any other question

A note is an answer from one passage alone, checked and judged like every answer. For a side of a comparison, whose name
is no question that a small model can answer, it is made of the sentences of the wiki. A table that sets the sides side
by side is the answer by itself. When the time is up, what was noted until then is the answer; what it leaves open is
said in its remark.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from bot import citing, confidence, prompt, shapes, synthesis
from bot.answering import Answerer, Limits, Trust, Writer
from bot.answers import Answer, Citation, Found, Refusal, RefusalReason, ShownPassage, Step, Timings, Writing
from bot.confidence import Scale, Scales
from bot.ports import LanguageModel, PassageFinder
from bot.questions import clean
from bot.shapes import Kind, Plan
from bot.synthesis import Chosen, Note
from indexer.pages import Audience
from indexer.passages import Hit

_ANY = Scale(weights={}, means={}, bias=0.0, threshold=0.0)  # says yes to everything


class Synthesiser:
    """Answers questions from one finder with one model (port Answering), in several steps where one is not enough."""

    def __init__(
        self,
        finder: PassageFinder,
        model: LanguageModel,
        trust: Trust,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what answering needs. *clock* gives seconds, ever rising."""
        self._plain = Answerer(finder, model, trust, limits, clock)
        self._means = _Means(finder, model, trust, limits, clock)

    def steps(self, question: str, audience: Audience) -> Iterator[Step]:
        """Yield Found, Writing…, then one Answer or Refusal; a Refusal may come alone. Raises as Answerer.steps()."""
        plan = shapes.plan(clean(question)) if self._means.limits.synthesis_seconds else None
        if plan is None:
            yield from self._plain.steps(question, audience)
        else:
            yield from self._in_several_steps(clean(question), plan, audience)

    def _in_several_steps(self, question: str, plan: Plan, audience: Audience) -> Iterator[Step]:
        means = self._means
        reading = _Reading(means, plan)
        found = [means.finder.find(search.question, audience, means.limits.hits) for search in plan.searches]
        near = [means.near(plan, place, hits) for place, hits in enumerate(found)]
        chosen = synthesis.choose_for_each(near) if plan.kind in {Kind.BOTH, Kind.COMPARE} else synthesis.choose(near)
        table = reading.quote(question, synthesis.side_by_side(plan, near))
        if table is not None:
            yield Found(table.passages)
            yield table
        elif not any(found):
            is_empty = means.finder.generation() == 0
            yield reading.refuse(RefusalReason.EMPTY_INDEX if is_empty else RefusalReason.NOT_FOUND)
        elif not chosen:
            nearest = next(hits for hits in found if hits)
            yield reading.refuse(RefusalReason.NOT_FOUND, prompt.number(nearest[: means.limits.passages]))
        else:
            yield Found(_unique(one.passage for one in chosen), means.limits.synthesis_seconds)
            yield from reading.read(chosen)


@dataclass(frozen=True, slots=True)
class _Means:
    """What notes are made with."""

    finder: PassageFinder
    model: LanguageModel
    trust: Trust
    limits: Limits
    clock: Callable[[], float]

    def near(self, plan: Plan, search: int, hits: Sequence[Hit]) -> list[Hit]:
        """Return those of *hits* that may say something to the plan's *search*, each cut to what fits a note."""
        question = plan.searches[search].question
        signals = confidence.found(question, hits)
        if not hits or not confidence.may_answer(self.trust.scales.gate, question, hits, signals):
            return []
        return [
            passage.hit
            for hit in hits
            if synthesis.is_about(plan, search, hit)
            for passage in prompt.fit([hit], self.model.count_tokens, 1, self.limits.passage_tokens)
        ]

    def writer(self, kind: Kind, passages: Sequence[ShownPassage], question: str, started: float) -> Writer:
        """Return what writes a note on *passages*.

        A summary's passages answer no question, so its notes are not judged by one: what they hold up is said.
        """
        trust = Trust(Scales(self.trust.scales.gate, _ANY)) if kind is Kind.SUMMARISE else self.trust
        signals = confidence.found(question, [passage.hit for passage in passages])
        signals.pop("lead", None)  # a passage by itself is ahead of nothing
        return Writer(self.model, trust, passages, signals, self.finder.generation(), started, self.clock)


@dataclass(frozen=True, slots=True)
class _Made:
    """A note and the answer or refusal that it is of."""

    note: Note
    outcome: Answer | Refusal


class _Reading:
    """One question's notes while they are being made; its time begins with it."""

    def __init__(self, means: _Means, plan: Plan) -> None:
        self._means = means
        self._plan = plan
        self._started = means.clock()
        self._ends_at = self._started + means.limits.synthesis_seconds
        self._made: list[_Made] = []
        self._draft = ""

    def read(self, chosen: Sequence[Chosen]) -> Iterator[Step]:
        """Yield the drafts of a note on each of *chosen*, for as long as there is time, then what they come to."""
        slowest, unread = 0.0, 0
        for one in synthesis.in_turns(chosen):
            began = self._means.clock()
            if synthesis.is_enough(self._plan, one.search, self._notes()):
                continue
            if began + slowest > self._ends_at:
                unread += 1
                continue
            self._made.append((yield from self._note(one)))
            slowest = max(slowest, self._means.clock() - began)
        yield self._come_to(unread)

    def quote(self, question: str, table: tuple[Hit, Sequence[str]] | None) -> Answer | None:
        """Return the answer that the rows of a passage's *table* are, as far as they hold; None where none does."""
        if table is None:
            return None
        hit, rows = table
        outcome = self._means.writer(self._plan.kind, prompt.number([hit]), question, self._started).quote(rows)
        return outcome if isinstance(outcome, Answer) else None

    def refuse(self, reason: RefusalReason, nearest: Sequence[ShownPassage] = ()) -> Refusal:
        """Return a refusal for *reason*, with the *nearest* passages."""
        return self._means.writer(self._plan.kind, nearest, "", self._started).refuse(reason)

    def _note(self, one: Chosen) -> Generator[Step, None, _Made]:
        question = synthesis.asked_of(self._plan, one)
        writer = self._means.writer(self._plan.kind, [one.passage], question, self._started)
        if self._plan.kind is Kind.COMPARE and self._means.trust.verifier is not None:
            outcome = writer.extract(question)
            return _Made(Note(one, outcome.sentences if _says_something(outcome) else ()), outcome)
        before, draft = self._draft, ""
        for step in writer.write(question, self._means.limits.answer_tokens, self._ends_at):
            if isinstance(step, Answer | Refusal):
                self._draft = f"{before} {draft}".strip()
                return _Made(Note(one, step.sentences if _says_something(step) else ()), step)
            if isinstance(step, Writing):
                draft = step.text
                yield Writing(f"{before} {draft}".strip())
        raise AssertionError("what writes ends in an answer or a refusal")

    def _come_to(self, unread: int) -> Answer | Refusal:
        composed = synthesis.compose(self._plan, self._notes())
        passages = _unique(made.note.chosen.passage for made in self._made)
        if not composed.sentences:
            refusal = self.refuse(RefusalReason.DECLINED, passages)
            return replace(refusal, timings=self._timings(), prompt=self._prompt(), signals=self._signals(unread))
        cited = {number for sentence in composed.sentences for number in sentence.citations}
        first = self._made[0].outcome
        citations = tuple(citation for citation in self._citations() if citation.number in cited)
        left_open = synthesis.remark(composed.silent if not unread else (), unread)
        return Answer(
            text=synthesis.text_of(composed.sentences),
            sentences=composed.sentences,
            citations=citations,
            passages=passages,
            timings=self._timings(),
            model=first.model,
            generation=first.generation,
            prompt=self._prompt(),
            signals=self._signals(unread),
            remark=f"{left_open} {citing.remark(citations)}".strip(),
        )

    def _notes(self) -> list[Note]:
        return [made.note for made in self._made]

    def _citations(self) -> list[Citation]:
        """Return what was cited, each passage once: with the words that were quoted of it first."""
        made = [one.outcome.citations for one in self._made if isinstance(one.outcome, Answer)]
        first: dict[int, Citation] = {}
        for citation in (citation for citations in made for citation in citations):
            first.setdefault(citation.number, citation)
        return [first[number] for number in sorted(first)]

    def _timings(self) -> Timings:
        """Return the whole's timings: those of the first note up to its first token, and all tokens."""
        all_ = [made.outcome.timings for made in self._made]
        return replace(
            all_[0],
            total_ms=round((self._means.clock() - self._started) * 1000, 1),
            prompt_tokens=sum(one.prompt_tokens for one in all_),
            output_tokens=sum(one.output_tokens for one in all_),
        )

    def _prompt(self) -> str:
        """Return what the model was given: the rules once, then each note's passage and question."""
        users = [made.outcome.prompt.removeprefix(prompt.RULES).strip() for made in self._made]
        return "\n\n".join((prompt.RULES, *users))

    def _signals(self, unread: int) -> dict[str, float]:
        """Return how many notes were made, how many say something, and how many passages were left unread."""
        said = sum(bool(note.sentences) for note in self._notes())
        return {"notes": float(len(self._made)), "said": float(said), "unread": float(unread)}


def _unique(passages: Iterable[ShownPassage]) -> tuple[ShownPassage, ...]:
    """Return *passages* by their numbers, each once."""
    by_number = {passage.number: passage for passage in passages}
    return tuple(by_number[number] for number in sorted(by_number))


def _says_something(outcome: Answer | Refusal) -> TypeGuard[Answer]:
    """Return whether a note stands: where there is a verifier, it must find an answer in it likelier than none."""
    return isinstance(outcome, Answer) and outcome.signals.get("answers", 0.0) >= 0.0
