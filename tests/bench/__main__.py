"""`make bench`: measures retrieval, speed and memory, each beside its baseline in the same run.

The report is docs/benchmarks.md.

Leave the machine alone while it runs; a busy one makes every figure worse and the ratios uncertain.
"""

import itertools
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from bot.answering import Answerer
from bot.answers import Answer, Refusal
from bot.llama import LlamaModel, Weights
from bot.preparing import Prepared, Speed, cpu_name, packaged_model, try_in_child
from config import settings, wiring
from indexer.comparing import whole
from indexer.cutting import cut
from indexer.embedding import packaged_model_path
from indexer.pages import EVERYONE, Page
from indexer.sync import Refreshed
from tests.bench import adversarial, questions, refreshing, report, retrieval, serving
from tests.bench.questions import Golden

ANSWERED = 40
EMBEDDED = 256


def main() -> int:
    """Measure everything and write the report."""
    asked = questions.read()
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings.load(env_file=None).model_copy(update={"data_dir": Path(folder)})
        indexing = wiring.indexing(chosen)
        refreshed = wiring.sync(indexing).refresh(Bar())
        sections = (
            _head(asked),
            _retrieval(indexing, asked),
            _coded(indexing),
            _finding(indexing, asked),
            _embedding(indexing, refreshed),
            refreshing.refreshing([refreshing.refresh_costs(size) for size in refreshing.SIZES]),
            _model_and_answers(chosen, indexing, asked),
        )
    report.put("\n".join(sections))
    serving.main()
    adversarial.main()
    print(f"Written to {report.REPORT}")
    return 0


class Bar:
    """The indexer's progress, drawn."""

    def __init__(self) -> None:
        """Begin with an empty bar."""
        self._bar: tqdm[NoReturn] = tqdm(unit="page")

    def expect(self, pages: int) -> None:
        """Set how many pages there are."""
        self._bar.reset(pages)

    def advance(self, pages: int = 1) -> None:
        """Move on."""
        self._bar.update(pages)


def _head(asked: Sequence[Golden]) -> str:
    answered = sum(one.is_answered for one in asked)
    machine = f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    counts = f"{len(asked)} golden questions: {answered} that it answers, {len(asked) - answered} that it does not"
    return "\n".join(
        (
            "# Benchmarks",
            "",
            "Made by `make bench`; do not edit.",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}. The sample wiki, {counts}.",
            "",
        )
    )


def _retrieval(indexing: wiring.Indexing, asked: Sequence[Golden]) -> str:
    kinds = sorted({one.kind for one in asked if one.is_answered})
    rows = []
    for name, find in retrieval.arms(indexing).items():
        whole = retrieval.quality(asked, find)
        by_kind = [retrieval.quality([one for one in asked if one.kind == kind], find).recall[5] for kind in kinds]
        figures = [whole.recall[1], whole.recall[3], whole.recall[5], whole.recall[10], whole.ndcg, whole.mrr, *by_kind]
        rows.append(f"| {name} | " + " | ".join(f"{100 * figure:.1f}" for figure in figures) + " |")
    head = "| | R@1 | R@3 | R@5 | R@10 | nDCG@10 | MRR@10 | " + " | ".join(f"R@5 {kind}" for kind in kinds) + " |"
    return "\n".join(("## Finding passages: quality, in %", "", head, "|---" * (7 + len(kinds)) + "|", *rows, ""))


def _coded(indexing: wiring.Indexing) -> str:
    measured = {name: retrieval.coded(indexing, find) for name, find in retrieval.arms(indexing).items()}
    rows = [f"| {name} | {100 * one.bare:.1f} | {100 * one.asked:.1f} |" for name, one in measured.items()]
    title = f"## Finding codes: the first hit holds it, in % of {next(iter(measured.values())).codes} codes of the wiki"
    return "\n".join((title, "", '| | "QS-4012" | "where is QS-4012 from?" |', "|---|---|---|", *rows, ""))


def _finding(indexing: wiring.Indexing, asked: Sequence[Golden]) -> str:
    searches = {
        "find, one question, without the verifier": retrieval.without_verifier(indexing),
        "find, one question (in use)": indexing.search,
    }
    rows = []
    for name, search in searches.items():
        times = retrieval.find_milliseconds(asked, partial(search.find, audience=retrieval.AUDIENCE, count=10))
        rows.append(f"| {name} | {statistics.median(times):.1f} | {_p95(times):.1f} |")
    return "\n".join(("## Finding passages: time", "", "| | p50 ms | p95 ms |", "|---|---|---|", *rows, ""))


def _embedding(indexing: wiring.Indexing, refreshed: Refreshed) -> str:
    from sentence_transformers import SentenceTransformer  # the baseline only

    texts = list(itertools.islice(_passages(indexing), EMBEDDED))
    plain = SentenceTransformer(str(packaged_model_path()))
    ours = _per_second(len(texts), lambda: indexing.embedder.embed_passages(texts))
    baseline = _per_second(len(texts), lambda: plain.encode(texts, batch_size=32, show_progress_bar=False))
    return "\n".join(
        (
            "## Indexing",
            "",
            "| | passages/s | times the baseline |",
            "|---|---|---|",
            f"| embedding, ours | {ours:.0f} | {ours / baseline:.1f} |",
            f"| embedding, sentence-transformers as it comes (fp32) | {baseline:.0f} | 1 |",
            f"| first index of the sample wiki, everything included | {refreshed.passages / refreshed.seconds:.0f} | |",
            "",
        )
    )


def _passages(indexing: wiring.Indexing) -> Iterator[str]:
    embedder = indexing.embedder
    for wiki in indexing.wikis:
        for page in wiki.fetch(whole(wiki.listing())):
            assert isinstance(page, Page), "every page of the sample wiki can be read"
            yield from (passage.indexed_text for passage in cut(page, embedder.count_tokens, embedder.max_tokens))


def _model_and_answers(chosen: settings.Settings, indexing: wiring.Indexing, asked: Sequence[Golden]) -> str:
    prepared = wiring.prepared_model(chosen, lambda *told: print(*told, file=sys.stderr))
    threads = prepared.weights.threads
    shipped = try_in_child("shipped", packaged_model(), Weights(packaged_model(), None, repack=False, threads=threads))
    assert shipped is not None, "the packaged model runs without repacking"
    sample = [one for one in asked if one.is_answered][:: max(1, len(asked) // ANSWERED)][:ANSWERED]
    ours = _answer_times(chosen, indexing, LlamaModel(prepared.weights, "ours"), sample)
    plain = LlamaModel(Weights(packaged_model(), None, repack=False, threads=threads), "shipped")
    baseline = _answer_times(chosen, indexing, plain, sample)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speeds = [_speed_row(speed, shipped, prepared) for speed in (shipped, *prepared.measured)]
    return "\n".join(
        (
            "## The model",
            "",
            "The baseline is the Q4_1 file as it is shipped, its weights as they lie in the file.",
            "",
            "| format | read, tokens/s | times the baseline | written, tokens/s |",
            "|---|---|---|---|",
            *speeds,
            "",
            f"## Answers ({len(sample)} golden questions, one after the other)",
            "",
            "| | first token p50 ms | p95 | whole answer p50 ms | p95 |",
            "|---|---|---|---|---|",
            f"| prepared model | {ours} |",
            f"| Q4_1 as shipped | {baseline} |",
            "",
            f"Most memory of the measuring process, both models, both embedders and the index open: {memory:.0f} MB.",
            "",
        )
    )


def _speed_row(speed: Speed, shipped: Speed, prepared: Prepared) -> str:
    is_used = speed.format == prepared.format and speed.repack == prepared.weights.repack
    name = "Q4_1 as shipped" if speed is shipped else f"{speed.format}{', repacked' if speed.repack else ''}"
    ratio = speed.prefill / shipped.prefill
    return f"| {name}{' (in use)' if is_used else ''} | {speed.prefill:.0f} | {ratio:.1f} | {speed.decode:.0f} |"


def _answer_times(
    chosen: settings.Settings, indexing: wiring.Indexing, model: LlamaModel, sample: Sequence[Golden]
) -> str:
    answerer = wiring.answerer(chosen, indexing, model)
    outcomes = [_outcome(answerer, one.question) for one in tqdm(sample, unit="question")]
    model.close()
    written = [outcome for outcome in outcomes if outcome.timings.output_tokens]
    first = [outcome.timings.first_token_ms for outcome in written]
    total = [outcome.timings.total_ms for outcome in written]
    figures = (statistics.median(first), _p95(first), statistics.median(total), _p95(total))
    return " | ".join(f"{figure:.0f}" for figure in figures)


def _outcome(answerer: Answerer, question: str) -> Answer | Refusal:
    *_, last = answerer.steps(question, frozenset({EVERYONE}))
    assert isinstance(last, Answer | Refusal), "steps end in an outcome"
    return last


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _per_second(count: int, work: Callable[[], object]) -> float:
    """Return how many of *count* are done a second, the better of three rounds after a first that does not count."""
    work()
    rounds = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        rounds.append(count / (time.perf_counter() - started))
    return max(rounds)


if __name__ == "__main__":
    sys.exit(main())
