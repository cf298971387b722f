"""Spares the model: an answer is given again where it must be the same, and passages alone are shown while many wait.

    steps ─► Found ─┬─ the same question, passages, revisions and model as before ─► the answer of then
                    ├─ too many questions wait ─► Refusal, with the passages
                    └─ else ─► the model, and its answer is kept

What is kept is never given to somebody who may not read it: the search, which knows everybody's rights at this moment,
has found the very passages again.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from bot.answers import Answer, Found, Refusal, RefusalReason, ShownPassage, Step, Timings
from bot.ports import AnswerCache, Answering
from bot.questions import likeness
from indexer.pages import Audience

BUSY = "Many questions are waiting for me, so here are the pages without an answer. Ask again a little later."

_KEPT_REFUSALS = {RefusalReason.DECLINED, RefusalReason.UNSUPPORTED}


@dataclass(frozen=True, slots=True)
class SparingAnswering:
    """Answers as *answering* does (port Answering). *writer* names the model and whatever else shapes an answer."""

    answering: Answering
    cache: AnswerCache
    writer: str
    is_hurried: Callable[[], bool]

    def steps(self, question: str, audience: Audience) -> Iterator[Step]:
        """Yield the steps of *answering*, cut short where the model is not needed or not free."""
        steps = self.answering.steps(question, audience)
        key, fingerprint = cache_key(question, audience, self.writer), ""
        try:
            for step in steps:
                if isinstance(step, Found):
                    fingerprint = fingerprint_of(step.passages)
                    instead = self._instead(key, fingerprint, step.passages)
                    if instead is not None:
                        yield step
                        yield instead
                        return
                elif fingerprint and _can_be_given_again(step):
                    self.cache.keep(key, fingerprint, step)
                yield step
        finally:
            if isinstance(steps, Generator):
                steps.close()

    def _instead(self, key: str, fingerprint: str, passages: tuple[ShownPassage, ...]) -> Answer | Refusal | None:
        kept = self.cache.look_up(key, fingerprint)
        if kept is not None:
            return replace(kept, timings=Timings())
        if self.is_hurried():
            return Refusal(RefusalReason.BUSY, BUSY, passages, Timings(), self.writer, 0, "")
        return None


def _can_be_given_again(step: Step) -> TypeGuard[Answer | Refusal]:
    if not isinstance(step, Answer | Refusal) or step.signals.get("unread"):
        return False  # on the way there, or cut short for want of time: a second try may read more
    return isinstance(step, Answer) or step.reason in _KEPT_REFUSALS


def cache_key(question: str, audience: Audience, writer: str) -> str:
    """Return what an answer is kept under: the question but for case and spaces, who may read it, and who wrote it."""
    return _hash([likeness(question), sorted(audience), writer])


def fingerprint_of(passages: Sequence[ShownPassage]) -> str:
    """Return what differs as soon as a passage, its place, its revision or its text does."""
    return _hash([[p.number, p.hit.wiki, p.hit.page_id, p.hit.revision, p.hit.url, p.hit.text] for p in passages])


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()
