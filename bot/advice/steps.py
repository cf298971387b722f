"""What to do next: commands of this product, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.advice.recommendation import First, Recommendation
from bot.advice.situation import Assumptions, Option, Situation, written

_DEV_QUESTIONS = "data/finetune/dataset/dev-questions.jsonl"


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and the command that does it or helps with it."""

    text: str
    command: str


def next_steps(advice: Recommendation) -> Iterator[Step]:
    """Yield the steps that lead from *advice* to its measurement."""
    if advice.verdict is Option.NEITHER_YET:
        yield from _first_steps(advice)
    else:
        yield from _building(advice)
    yield Step(
        "Ask again when the numbers have changed, or change one here:", f"python -m bot advise {as_options(advice)}"
    )


def as_options(advice: Recommendation) -> str:
    """Return the answers and assumptions that differ from the defaults as options of `python -m bot advise`."""
    pairs = as_pairs(advice.situation, advice.assumed).split()
    return f"--set {' '.join(pairs)}" if pairs else "--json"


def as_pairs(situation: Situation, assumed: Assumptions) -> str:
    """Return what differs from the defaults as `name=value` pairs, which /advise reads too."""
    pairs = []
    for values, defaults in ((situation, Situation()), (assumed, Assumptions())):
        for name in type(values).model_fields:
            value = getattr(values, name)
            if value != getattr(defaults, name):
                pairs.append(f"{name}={written(value)}")
    return " ".join(pairs)


def _first_steps(advice: Recommendation) -> Iterator[Step]:
    if advice.first is First.PAGES:
        yield Step(
            "See what the wiki has nearest to a question that failed:", 'python -m indexer search "the question"'
        )
        yield Step("Write the pages, then refresh the index:", "python -m indexer once")
        return
    yield Step("Measure your prompt on questions whose answers you know:", "python -m bot ask --file questions.jsonl")
    if advice.first is First.LABELS:
        yield Step("See how many examples there are to train on:", "python -m finetune dataset --dry-run")


def _building(advice: Recommendation) -> Iterator[Step]:
    looks_up = advice.verdict is not Option.FINE_TUNE
    if looks_up:
        yield Step("Name the wiki in FOOTNOTE_WIKIS and index it:", "python -m indexer once")
        yield from _searching(advice)
    if advice.verdict in (Option.BOTH, Option.FINE_TUNE):
        yield Step("Make a dataset of the examples:", "python -m finetune dataset")
        yield Step("Train an adapter:", "python -m finetune train")
        yield Step("Write it as GGUF, then name it in FOOTNOTE_MODEL__ADAPTER_PATH:", "python -m finetune export")
        yield Step("Hold it against the untrained model:", f"python -m finetune evaluate {_DEV_QUESTIONS}")
    else:
        yield Step("Measure it on questions whose answers you know:", "python -m bot ask --file questions.jsonl")


def _searching(advice: Recommendation) -> Iterator[Step]:
    if advice.in_steps:
        yield Step("See how many passages one answer needs:", 'python -m indexer search "a question" --count 30')
    elif advice.situation.not_retrieved:
        yield Step("See what is found for a question that failed:", 'python -m indexer search "the question"')
