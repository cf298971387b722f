"""The dataset's report: how many examples of what, how long, how often refused, where the gold stands, what leaked."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from finetune import matching
from finetune.examples import Example

LEAKED_RUN = 8
SAMPLES = 10

Figures = dict[str, object]


def figures(
    train: Sequence[Example], dev: Sequence[Example], left_out: Mapping[str, int], held_back: Sequence[str]
) -> Figures:
    """Return the figures of a dataset; *held_back* are the questions that it must not hold."""
    everything = [*train, *dev]
    both = {example.group for example in train} & {example.group for example in dev}
    runs = {run for question in held_back for run in matching.runs(question, LEAKED_RUN)}
    leaks = [example.id for example in everything if matching.runs(_question(example), LEAKED_RUN) & runs]
    return {
        "examples": {"train": len(train), "dev": len(dev)},
        "groups": {"train": len({e.group for e in train}), "dev": len({e.group for e in dev}), "in both": len(both)},
        "refusals": {"train": _share(train), "dev": _share(dev)},
        "refusals by source": {source: _share(some) for source, some in _by(everything, "source").items()},
        "sources": _counts(example.source for example in everything),
        "kinds": _counts(example.kind for example in everything),
        "passages shown": _counts(str(_shown(example)) for example in everything),
        "gold at place": _counts(f"{n} of {_shown(e)}" for e in everything if len(e.gold) == 1 for n in e.gold),
        "gold passages": _counts(str(len(example.gold)) for example in everything),
        "sentences": _counts(str(_markers(example)) for example in everything if example.answerable),
        "prompt characters": _spread([len(example.user) for example in everything]),
        "answer words": _spread([len(example.answer.split()) for example in everything if example.answerable]),
        "answers twice": len(everything) - len({(e.user, e.answer) for e in everything}),
        "left out": dict(sorted(left_out.items())),
        "leaked (8 words in a row of a held-back question)": leaks,
    }


def as_markdown(shown: Figures, train: Sequence[Example]) -> str:
    """Return *shown* and ten samples of *train* for a person."""
    lines = ["# The dataset", ""]
    for name, value in shown.items():
        if isinstance(value, Mapping):
            lines += [f"## {name.capitalize()}", "", "| what | figure |", "|---|---|"]
            lines += [f"| {key} | {figure} |" for key, figure in value.items()]
            lines.append("")
        else:
            lines += [f"**{name.capitalize()}:** {value}", ""]
    picked = np.random.default_rng(7).choice(len(train), size=min(SAMPLES, len(train)), replace=False)
    lines += ["## Samples", ""]
    for place in picked:
        example = train[int(place)]
        lines += [f"### {example.id} ({example.kind})", "", "```", example.user, "```", "", f"> {example.answer}", ""]
    return "\n".join(lines)


def _by(some: Sequence[Example], field: str) -> dict[str, list[Example]]:
    groups: dict[str, list[Example]] = {}
    for example in some:
        groups.setdefault(getattr(example, field), []).append(example)
    return groups


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _share(some: Sequence[Example]) -> float:
    return round(sum(not example.answerable for example in some) / max(1, len(some)), 3)


def _spread(values: Sequence[int]) -> dict[str, float]:
    names = {"least": 0, "median": 50, "90 %": 90, "most": 100}
    return {name: float(np.percentile(values, at)) for name, at in names.items()} if values else {}


def _shown(example: Example) -> int:
    """Return how many passages *example* shows: their numbers stand at the beginnings of lines."""
    count = 0
    text = "\n" + example.user
    while f"\n[{count + 1}] " in text:
        count += 1
    return count


def _markers(example: Example) -> int:
    return example.answer.count(" [")


def _question(example: Example) -> str:
    return example.user.rpartition("\nQuestion: ")[2]
