"""Finds passages for a question: two rankings of what the audience may read, fused, and the best looked at again.

question ─┬► vector ─► snapshot + vectors newer than it ─► 100 nearest that may be read ─┐
          ├► words ──► full text of the catalogue ───────► 100 best that may be read ────┴► fused ─► best 50 ─┐
          └► a vector for each token ─► MaxSim over the token vectors of those 50 ────────────────────────────┴► best 10
best 4 of these ─► the verifier reads each of them beside the question ─► hits
A page that says that it is outdated comes behind others alike, unless the question is about the past.
A code that the question names and few passages hold, such as QS-4012, puts these before all others, whatever else.
All of it looks at one moment of the catalogue: what was edited, removed or closed to the audience by then acts.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote

from indexer.aging import asks_of_the_past
from indexer.errors import SnapshotUnusable
from indexer.pages import Audience
from indexer.passages import Hit, PassageId
from indexer.ports import Embedder, Vector, Vectors, Verifier
from indexer.store.catalogue import Catalogue
from indexer.store.reading import FoundPassage, Reading
from indexer.store.vectors import LooseVectors, Snapshot, Snapshots, maxsim

DEPTH = 100  # passages of each ranking that are fused
NEAR_WEIGHT = (
    0.6  # of 0.3 to 0.7 the best first three on our sample wiki (R@3 82.7 against 79.7 at 0.5); alike elsewhere
)
MAXSIM_DEPTH = 50  # passages that are looked at token by token
MAXSIM_WEIGHT = 0.5  # against the fused score; of 0.5 and 0.6 neither is better on all three sets of questions
VERIFIED_DEPTH = 4  # passages that the verifier reads: 10 find a little more on two wikis of seven, for twice the time
OUTDATED = 0.7  # of the score of a passage whose page says that it is, unless the past is asked of
VERIFIED_WEIGHT = 0.2  # against the score before
RANK_OFFSET = 60  # Cormack, Clarke and Buettcher, SIGIR 2009: reciprocal rank fusion

Ranking = Sequence[tuple[PassageId, float]]
"""Passages with their scores, best first."""

log = logging.getLogger(__name__)


class Fusion(StrEnum):
    """How two rankings become one."""

    MIN_MAX = "min-max"
    """The weighted sum of the scores, each ranking scaled to 0..1."""

    RECIPROCAL_RANK = "reciprocal rank"
    """The weighted sum of 1 / (60 + rank), for scores that cannot be compared."""


class Search:
    """Finds passages in *catalogue*, whose vectors are those of *embedder*. May be used by several threads.

    Without a *verifier* the order is that of the two rankings and MaxSim.
    """

    def __init__(
        self, catalogue: Catalogue, embedder: Embedder, snapshots: Snapshots, verifier: Verifier | None = None
    ) -> None:
        self._verifier = verifier
        self._catalogue = catalogue
        self._embedder = embedder
        self._snapshots = snapshots
        self._vectors = _HeldVectors(snapshots, embedder)

    def find(self, question: str, audience: Audience, count: int) -> list[Hit]:
        """Return at most *count* hits, best first; fewer only where *audience* may read no more that fit."""
        if not question.strip() or self.generation() == 0:
            return []
        embedding = self._embedder.embed_question_by_token(question)
        depth = max(DEPTH, count)
        current = self._snapshots.current_name()  # before the moment that is read, so that it is never newer than that
        with self._catalogue.reading() as reading:
            near = self._vectors.at(reading, current).readable(embedding.vector, audience, depth)
            worded = reading.best_by_words(question, audience, depth)
            fused = fuse(near, worded)
            holding = reading.holding_codes(question, audience)
            scores = dict.fromkeys(holding, 0.0)
            scores |= dict(blend(fused, self._alike(embedding.tokens, fused[:MAXSIM_DEPTH], reading)))
            best = promote(list(scores.items()), holding)[: max(count, VERIFIED_DEPTH if self._verifier else 0)]
            found = reading.passages(passage_id for passage_id, _ in best)
        cosines, words = dict(near), dict(worded)
        hits = [_hit(found[passage_id], scores[passage_id], cosines, words) for passage_id, _ in best]
        hits = hits if asks_of_the_past(question) else demote(hits)
        hits = verified(question, hits, self._verifier) if self._verifier else hits
        ranked = promote([(hit.passage_id, hit.score) for hit in hits], holding)
        by_id = {hit.passage_id: hit for hit in hits}
        return [replace(by_id[passage_id], score=score) for passage_id, score in ranked[:count]]

    def _alike(self, question: Vectors, candidates: Ranking, reading: Reading) -> dict[PassageId, float]:
        """Return by MaxSim how alike the question's tokens and those of *candidates* are, where these are known."""
        packed = reading.tokens((passage_id for passage_id, _ in candidates), self._embedder.name)
        return dict(zip(packed, maxsim(question, list(packed.values())).tolist(), strict=True)) if packed else {}

    def may_read(self, passages: Sequence[PassageId], audience: Audience) -> bool:
        """Return whether *audience* may read all of *passages* as they are now; not where one is there no more."""
        with self._catalogue.reading() as reading:
            return reading.readable(passages, audience) >= set(passages)

    def holds_word(self, word: str, audience: Audience) -> bool:
        """Return whether a passage that *audience* may read has *word*, or it in the plural."""
        with self._catalogue.reading() as reading:
            return reading.holds_word(word, audience)

    def generation(self) -> int:
        """Return the number of the index's present generation, 0 before the first refresh."""
        with self._catalogue.reading() as reading:
            return reading.generation()


def fuse(
    near: Ranking, worded: Ranking, fusion: Fusion = Fusion.MIN_MAX, near_weight: float = NEAR_WEIGHT
) -> list[tuple[PassageId, float]]:
    """Return the passages of both rankings, best first, with scores of 0 to 1; *near* counts for *near_weight*.

    >>> fuse([(PassageId(1), 0.9), (PassageId(2), 0.5)], [(PassageId(2), 7.0)], near_weight=0.75)
    [(1, 0.75), (2, 0.25)]
    """
    scaled = _scaled if fusion is Fusion.MIN_MAX else _by_rank
    fused = {passage_id: near_weight * score for passage_id, score in scaled(near)}
    for passage_id, score in scaled(worded):
        fused[passage_id] = fused.get(passage_id, 0.0) + (1 - near_weight) * score
    return sorted(fused.items(), key=lambda scored: -scored[1])


def blend(fused: Ranking, alike: Mapping[PassageId, float], weight: float = MAXSIM_WEIGHT) -> Ranking:
    """Return *fused*, best first again, after *alike*, spread over 0..1, counts for *weight* of the scores.

    The best of *fused* should be in *alike*. One of them that is not keeps its score, one that comes after all that are
    gets nothing for it, so that it stays behind them.

    >>> blend([(PassageId(1), 0.8), (PassageId(2), 0.6), (PassageId(3), 0.5)], {1: 3.0, 2: 4.0}, weight=0.5)
    [(2, 0.8), (1, 0.4), (3, 0.25)]
    """
    if not alike:
        return fused
    scaled = dict(_scaled(sorted(alike.items(), key=lambda scored: -scored[1])))
    last = max(place for place, (passage_id, _) in enumerate(fused) if passage_id in alike)
    blended = [
        (passage_id, (1 - weight) * score + weight * scaled.get(passage_id, score if place < last else 0.0))
        for place, (passage_id, score) in enumerate(fused)
    ]
    return sorted(blended, key=lambda scored: -scored[1])


def promote(ranking: Ranking, holding: Mapping[PassageId, float]) -> Ranking:
    """Return *ranking*, best first again, where *holding*, if there is any, counts for half of each score.

    A passage that holds all codes of a question then stands before all that hold none.

    >>> promote([(PassageId(1), 0.8), (PassageId(2), 0.2)], {PassageId(2): 1.0})
    [(2, 0.6), (1, 0.4)]
    """
    if not holding:
        return ranking
    promoted = [(passage_id, (score + holding.get(passage_id, 0.0)) / 2) for passage_id, score in ranking]
    return sorted(promoted, key=lambda scored: -scored[1])


def demote(hits: Sequence[Hit]) -> list[Hit]:
    """Return *hits*, best first again, those whose page says that it is outdated with less of their score."""
    demoted = [replace(hit, score=OUTDATED * hit.score) if hit.is_outdated else hit for hit in hits]
    return sorted(demoted, key=lambda hit: -hit.score) if any(hit.is_outdated for hit in hits) else demoted


def verified(question: str, hits: Sequence[Hit], verifier: Verifier, weight: float = VERIFIED_WEIGHT) -> list[Hit]:
    """Return *hits*, best first again, after what *verifier* makes of the best counts for *weight* of their scores."""
    read, rest = hits[:VERIFIED_DEPTH], hits[VERIFIED_DEPTH:]
    sure = verifier.scores(question, [hit.indexed_text for hit in read]).tolist()
    scored = [
        replace(hit, score=(1 - weight) * hit.score + weight * one, verified=one)
        for hit, one in zip(read, sure, strict=True)
    ]
    return [
        *sorted(scored, key=lambda hit: -hit.score),
        *(replace(hit, score=(1 - weight) * hit.score) for hit in rest),
    ]


def _scaled(ranking: Ranking) -> Ranking:
    """Return *ranking* with its scores spread over 0..1; all 1 where they are the same."""
    highest = max((score for _, score in ranking), default=0.0)
    lowest = min((score for _, score in ranking), default=0.0)
    spread = highest - lowest
    return [(passage_id, (score - lowest) / spread if spread else 1.0) for passage_id, score in ranking]


def _by_rank(ranking: Ranking) -> Ranking:
    """Return *ranking* with scores by rank alone, 1 for the first."""
    return [(passage_id, (RANK_OFFSET + 1) / (RANK_OFFSET + rank)) for rank, (passage_id, _) in enumerate(ranking, 1)]


def _hit(
    found: FoundPassage, score: float, cosines: Mapping[PassageId, float], words: Mapping[PassageId, float]
) -> Hit:
    """Return a found passage as a hit, with the address of its section."""
    return Hit(
        passage_id=found.passage_id,
        wiki=found.wiki,
        page_id=found.page_id,
        title=found.title,
        headings=found.headings,
        anchor=found.anchor,
        url=f"{found.page_url}#{quote(found.anchor)}" if found.page_url and found.anchor else found.page_url,
        revision=found.revision,
        updated_at=found.updated_at,
        text=found.text,
        is_outdated=found.is_outdated,
        score=score,
        cosine=cosines.get(found.passage_id, 0.0),
        words=words.get(found.passage_id, 0.0),
    )


@dataclass(frozen=True, slots=True)
class _Vectors:
    """The vectors of one moment of the catalogue, those of passages that are gone among them."""

    reading: Reading
    snapshot: Snapshot | None
    newer: LooseVectors

    def readable(self, vector: Vector, audience: Audience, count: int) -> list[tuple[PassageId, float]]:
        """Return the *count* nearest passages that *audience* may read, with their cosines, best first."""
        total = len(self.newer) + (len(self.snapshot) if self.snapshot else 0)
        depth = 4 * count
        while True:
            ranking = self._nearest(vector, depth)
            allowed = self.reading.readable((passage_id for passage_id, _ in ranking), audience)
            if len(allowed) >= count or depth >= total:
                return [scored for scored in ranking if scored[0] in allowed][:count]
            depth *= 8  # most of the nearest are closed to the audience, or gone: look further down

    def _nearest(self, vector: Vector, count: int) -> list[tuple[PassageId, float]]:
        """Return the *count* nearest passages, whoever may read them."""
        old = self.snapshot.nearest(vector, count) if self.snapshot else []
        return sorted([*self.newer.nearest(vector, count), *old], key=lambda scored: -scored[1])[:count]


class _HeldVectors:
    """What is held in memory between questions: the open snapshot, and the vectors newer than it."""

    def __init__(self, snapshots: Snapshots, embedder: Embedder) -> None:
        self._snapshots = snapshots
        self._embedder = embedder
        self._guard = threading.Lock()
        self._seen = ""  # the name of the snapshot that was opened, or could not be
        self._snapshot: Snapshot | None = None
        self._newer = LooseVectors.none()

    def at(self, reading: Reading, current: str) -> _Vectors:
        """Return the vectors of the moment of *reading*, by the snapshot named *current* where it can be used."""
        with self._guard:
            if current != self._seen:
                self._change_to(current, reading)
            self._take_in_newer(reading)
            return _Vectors(reading, self._snapshot, self._newer)

    def _change_to(self, current: str, reading: Reading) -> None:
        """Change to another snapshot, or to none where it cannot be used; then all vectors are held in memory."""
        try:
            self._snapshot = self._snapshots.open(
                current, reading.identity(), self._embedder.name, reading.newest_generation()
            )
        except SnapshotUnusable as error:
            log.warning("snapshot not used, searching without", extra={"snapshot": current, "why": str(error)})
            self._snapshot = None
        self._seen = current
        self._newer = LooseVectors.none()

    def _take_in_newer(self, reading: Reading) -> None:
        """Add the vectors of *reading* that are not held yet. A passage's vector never changes, and ids only rise."""
        embedder = self._embedder.name
        above = self._snapshot.manifest.highest if self._snapshot else 0
        added = reading.vectors(embedder, int(self._newer.ids[-1]) if len(self._newer) else above)
        if not added:
            return
        self._newer = self._newer.joined(LooseVectors.unpacked(added))
        if len(self._newer) > 2 * reading.count_vectors(embedder, above):  # most of them are gone by now
            self._newer = LooseVectors.unpacked(reading.vectors(embedder, above))
