"""What answers in which channel: from the wikis that an admin has set for it, and from all of them elsewhere."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.channels import ChannelRecords
from bot.confidence import Scale, found
from bot.errors import QuestionUnusable
from bot.ports import AnswerCache, Answering, PassageFinder
from bot.questions import Question, clean
from bot.sparing import SparingAnswering, cache_key
from indexer.pages import Audience
from indexer.passages import Hit, PageKey, PassageId

HITS_LOOKED_AT = 10
SURE = 0.9  # the gate lets through far less; an offer that comes to nothing is worse than none
MAX_WAIT_SECONDS = 60.0  # whoever would wait for longer gets the passages alone, at once


class RoomRecords(Protocol):
    """What is looked up for each question."""

    @property
    def channels(self) -> ChannelRecords:
        """The channels' settings."""

    @property
    def cache(self) -> AnswerCache:
        """The answers that can be given again."""

    def waiting(self) -> int:
        """Return how many questions wait."""

    def seconds_per_question(self) -> float:
        """Return how long the latest answers took, on average."""


@dataclass(frozen=True, slots=True)
class Answerings:
    """Gives each question what answers it: *answerer_over* a finder, with the model *writer*."""

    answerer_over: Callable[[PassageFinder], Answering]
    finder: PassageFinder
    writer: str
    records: RoomRecords
    gate: Scale
    may_read: Callable[[Sequence[PassageId], Audience], bool] = lambda _passages, _audience: False
    """Whether an audience may read all of some passages as they are now."""
    may_open: Callable[[Iterable[PageKey], Audience], bool] = lambda _pages, _audience: False
    """Whether an audience may read all of some pages now, whatever they say by now."""

    def for_question(self, question: Question) -> Answering:
        """Return what answers *question* where it was asked."""
        answerer = self.answerer_over(self.finder_for(question))
        return SparingAnswering(answerer, self.records.cache, self.writer, self._is_hurried)

    def finder_for(self, question: Question) -> PassageFinder:
        """Return what finds passages for *question* where it was asked."""
        thread = question.thread
        wikis = self.records.channels.settings(thread.team, thread.channel).wikis
        return OnlyWikis(self.finder, wikis) if wikis else self.finder

    def is_sure(self, question: Question, audience: Audience) -> bool:
        """Return whether the passages that *audience* may read surely answer *question*; the model is not asked."""
        try:
            asked = clean(question.text)
        except QuestionUnusable:
            return False
        hits = self.finder_for(question).find(asked, audience, HITS_LOOKED_AT)
        return bool(hits) and self.gate.confidence(found(asked, hits)) >= SURE

    def forget(self, question: Question, audience: Audience) -> None:
        """Write the answer to *question* anew the next time it is asked, because somebody found it bad."""
        self.records.cache.drop(cache_key(question.full_text, audience, self.writer))

    def _is_hurried(self) -> bool:
        return self.records.waiting() * self.records.seconds_per_question() > MAX_WAIT_SECONDS


@dataclass(frozen=True, slots=True)
class OnlyWikis:
    """Finds what *finder* does, but in *wikis* alone (port PassageFinder)."""

    finder: PassageFinder
    wikis: frozenset[str]

    def find(self, question: str, audience: Audience, count: int) -> list[Hit]:
        """Return at most *count* hits, best first; fewer only where there are no more."""
        depth = 2 * count
        while True:
            found = self.finder.find(question, audience, depth)
            kept = [hit for hit in found if hit.wiki in self.wikis]
            if len(kept) >= count or len(found) < depth:
                return kept[:count]
            depth *= 4

    def generation(self) -> int:
        """Return the number of the index's present generation."""
        return self.finder.generation()
