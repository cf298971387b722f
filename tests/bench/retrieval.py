"""How well passages are found: each ranking by itself, fused, and by `Search.find`, on the golden questions."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from config import wiring
from indexer.codes import unmistakable
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.pages import EVERYONE
from indexer.passages import Hit, PassageId
from indexer.search import DEPTH, Fusion, Search, _hit, fuse
from indexer.store.vectors import LooseVectors
from tests.bench.questions import Golden

AUDIENCE = frozenset({EVERYONE})
Ranking = list[tuple[PassageId, float]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over questions, 0 to 1: recall of the gold passages among the first 1, 3, 5 and 10; nDCG and MRR at 10."""

    recall: dict[int, float]
    ndcg: float
    mrr: float


def arms(indexing: wiring.Indexing) -> dict[str, Callable[[str], list[Hit]]]:
    """Return each way of searching as a function from a question to ten hits."""

    def by(join: Callable[[Ranking, Ranking], Ranking]) -> Callable[[str], list[Hit]]:
        return lambda question: _found(indexing, question, join)

    unverified = without_verifier(indexing)
    return {
        "words": by(lambda _near, worded: worded),
        "dense, the model as it comes": _by_untrained(indexing),
        "dense": by(lambda near, _worded: near),
        "fused, reciprocal rank": by(lambda near, worded: fuse(near, worded, Fusion.RECIPROCAL_RANK)),
        "fused, min-max": by(fuse),
        "fused + MaxSim": lambda question: unverified.find(question, AUDIENCE, 10),
        "fused + MaxSim, verified (in use)": lambda question: indexing.search.find(question, AUDIENCE, 10),
    }


def without_verifier(indexing: wiring.Indexing) -> Search:
    """Return the search of *indexing* without its last stage."""
    return Search(indexing.catalogue, indexing.embedder, indexing.snapshots)


def _found(indexing: wiring.Indexing, question: str, join: Callable[[Ranking, Ranking], Ranking]) -> list[Hit]:
    search = indexing.search
    vector = indexing.embedder.embed_question(question)
    with indexing.catalogue.reading() as reading:
        near = search._vectors.at(reading, indexing.snapshots.current_name()).readable(vector, AUDIENCE, DEPTH)
        worded = reading.best_by_words(question, AUDIENCE, DEPTH)
        best = join(near, worded)[:10]
        found = reading.passages(passage_id for passage_id, _ in best)
    return [_hit(found[passage_id], score, dict(near), dict(worded)) for passage_id, score in best]


def _by_untrained(indexing: wiring.Indexing) -> Callable[[str], list[Hit]]:
    """Return the search by vectors of the embedding model without our weights, of the sample wiki's passages."""
    untrained = SentenceTransformerEmbedder(str(packaged_model_path()), wiring.EMBEDDED_TOKENS)
    with indexing.catalogue.reading() as reading:
        ids = [PassageId(one) for one, _ in reading.vectors(indexing.embedder.name, 0)]
        found = reading.passages(ids)
        allowed = reading.readable(ids, AUDIENCE)
    hits = {one: _hit(found[one], 0.0, {}, {}) for one in ids if one in allowed}
    rows = untrained.embed_passages([hit.indexed_text for hit in hits.values()])
    vectors = LooseVectors(np.array(list(hits), np.int64), rows)
    return lambda question: [hits[one] for one, _ in vectors.nearest(untrained.embed_question(question), 10)]


def quality(questions: Sequence[Golden], find: Callable[[str], list[Hit]]) -> Quality:
    """Return how well *find* does on those of *questions* that the wiki answers."""
    rankings = [(question, find(question.question)) for question in questions if question.is_answered]
    return Quality(
        recall={k: statistics.mean(_recall(question, hits[:k]) for question, hits in rankings) for k in (1, 3, 5, 10)},
        ndcg=statistics.mean(_ndcg(question, hits) for question, hits in rankings),
        mrr=statistics.mean(_reciprocal_rank(question, hits) for question, hits in rankings),
    )


@dataclass(frozen=True, slots=True)
class Coded:
    """How many rare codes the sample wiki has, and the share whose first hit holds it, 0 to 1, by the wording."""

    codes: int
    bare: float
    asked: float


def coded(indexing: wiring.Indexing, find: Callable[[str], list[Hit]]) -> Coded:
    """Return how well *find* does on every unmistakable code that few passages of the sample wiki hold."""
    with indexing.catalogue.reading() as reading:
        ids = [PassageId(one) for one, _ in reading.vectors(indexing.embedder.name, 0)]
        texts = [
            _hit(one, 0.0, {}, {}).indexed_text for one in reading.passages(reading.readable(ids, AUDIENCE)).values()
        ]
        codes = sorted({code for text in texts for code in unmistakable(text) if reading.holding_codes(code, AUDIENCE)})

    def share(wording: str) -> float:
        return statistics.mean(code in find(wording.format(code))[0].indexed_text for code in codes)

    return Coded(len(codes), bare=share("{}"), asked=share("where is {} from?"))


def _recall(question: Golden, hits: Sequence[Hit]) -> float:
    found = set().union(*(question.golds_in(hit) for hit in hits))
    return len(found) / len(question.quotes)


def _ndcg(question: Golden, hits: Sequence[Hit]) -> float:
    gains = [1.0 if question.golds_in(hit) else 0.0 for hit in hits]
    ideal = sum(1 / math.log2(place + 2) for place in range(len(question.quotes)))
    return min(1.0, sum(gain / math.log2(place + 2) for place, gain in enumerate(gains)) / ideal)


def _reciprocal_rank(question: Golden, hits: Sequence[Hit]) -> float:
    return next((1 / place for place, hit in enumerate(hits, start=1) if question.golds_in(hit)), 0.0)


def find_milliseconds(questions: Sequence[Golden], find: Callable[[str], list[Hit]]) -> list[float]:
    """Return how long each question takes to search, the first one left out."""
    times = []
    for question in questions:
        started = time.perf_counter()
        find(question.question)
        times.append((time.perf_counter() - started) * 1000)
    return times[1:]
