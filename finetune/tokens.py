"""Examples as tokens of the serving model, kept on disk, and batches of like length.

The prompt's tokens come from the bot's own encoding, so that the model reads in training what it reads in serving. The
last token of each example ends the answer; without it in the loss the model would not learn to stop.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finetune.examples import Rules, read
from finetune.ports import Describing, Vocabulary

SLICE = 8  # steps whose examples are sorted by length together: little padding, and still mixed

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Examples one after another: example n is `ids[starts[n]:starts[n + 1]]`, its answer begins at `answers[n]`.

    *answerable* says of each whether it is answered at all.
    """

    ids: Ids
    starts: NDArray[np.int64]
    answers: NDArray[np.int64]
    answerable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.answers)

    def lengths(self) -> NDArray[np.int64]:
        """Return how many tokens each example has."""
        lengths: NDArray[np.int64] = np.diff(self.starts)
        return lengths

    def example(self, place: int) -> Ids:
        """Return the tokens of one example."""
        return self.ids[self.starts[place] : self.starts[place + 1]]

    def answered_by(self, answer: Ids) -> "Tokens":
        """Return the same prompts, each with the tokens *answer* in place of its own answer."""
        rows = [np.concatenate((self.example(n)[: self.answers[n]], answer)) for n in range(len(self))]
        starts = np.cumsum([0, *(len(row) for row in rows)])
        return Tokens(np.concatenate(rows), starts, self.answers, self.answerable)

    def first(self, count: int) -> "Tokens":
        """Return the first *count* examples."""
        count = min(count, len(self))
        return Tokens(
            self.ids[: self.starts[count]], self.starts[: count + 1], self.answers[:count], self.answerable[:count]
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Some examples, filled up to the longest: *tokens* (examples, length).

    *places* are where the model is asked for the next token (into the flattened tokens), *targets* what it should
    say there, *owners* the example (its place in the whole) that each of them is of.
    """

    tokens: Ids
    places: NDArray[np.int64]
    targets: NDArray[np.int64]
    owners: NDArray[np.int64]

    def before(self) -> Ids:
        """Return the token before each target."""
        before: Ids = self.tokens.reshape(-1)[self.places]
        return before


def tokenized(path: Path, rules: Rules, vocabulary: Vocabulary, cache: Path, describe: Describing) -> Tokens:
    """Return the tokens of the examples of *path*, from *cache* where they are the same. Raises DatasetWrong."""
    content = path.read_bytes() if path.is_file() else b""
    key = hashlib.sha256(b"\0".join((content, vocabulary.name.encode(), rules.system.encode()))).hexdigest()[:16]
    kept = cache / f"{path.stem}-{key}.npz"
    if kept.is_file():
        with np.load(kept) as arrays:
            return Tokens(arrays["ids"], arrays["starts"], arrays["answers"], arrays["answerable"])
    made = _tokenize(path, rules, vocabulary, describe)
    cache.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, ids=made.ids, starts=made.starts, answers=made.answers, answerable=made.answerable)
    part.replace(kept)
    return made


def _tokenize(path: Path, rules: Rules, vocabulary: Vocabulary, describe: Describing) -> Tokens:
    ids: list[int] = []
    starts, answers, answerable = [0], [], []
    for done, example in enumerate(read(path, rules)):
        describe(f"tokens of {path.name}", done, 0)
        prompt = vocabulary.encode(example.system, example.user)
        ids += [*prompt, *vocabulary.tokenize(example.answer), vocabulary.end]
        answers.append(len(prompt))
        starts.append(len(ids))
        answerable.append(example.answerable)
    return Tokens(
        np.array(ids, np.int32), np.array(starts, np.int64), np.array(answers, np.int64), np.array(answerable, np.bool_)
    )


def steps_of_epoch(tokens: Tokens, examples_per_step: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Return the examples of each step of one epoch: those of a step are of like length, the steps in random order."""
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(tokens))
    lengths = tokens.lengths()
    steps: list[NDArray[np.int64]] = []
    for start in range(0, len(order), examples_per_step * SLICE):
        some = order[start : start + examples_per_step * SLICE]
        some = some[np.argsort(lengths[some], kind="stable")]
        steps += [some[at : at + examples_per_step] for at in range(0, len(some), examples_per_step)]
    return [steps[place] for place in rng.permutation(len(steps))]


def batches(tokens: Tokens, places: Sequence[int], tokens_per_batch: int) -> Iterator[Batch]:
    """Yield the examples at *places* in batches of at most *tokens_per_batch* tokens, filled up ones included."""
    lengths = tokens.lengths()
    by_length = sorted(places, key=lambda place: -int(lengths[place]))
    while by_length:
        count = max(1, tokens_per_batch // int(lengths[by_length[0]]))
        yield batch(tokens, by_length[:count])
        by_length = by_length[count:]


def batch(tokens: Tokens, places: Sequence[int]) -> Batch:
    """Return the examples at *places* as one batch."""
    rows = [tokens.example(place) for place in places]
    length = max(len(row) for row in rows)
    filled = np.zeros((len(rows), length), np.int32)
    asked: list[int] = []
    targets: list[int] = []
    owners: list[int] = []
    for number, (row, place) in enumerate(zip(rows, places, strict=True)):
        filled[number, : len(row)] = row
        begins = int(tokens.answers[place])
        owners += [place] * (len(row) - begins)
        asked += range(number * length + begins - 1, number * length + len(row) - 1)
        targets += row[begins:].tolist()
    return Batch(filled, *(np.array(listed, np.int64) for listed in (asked, targets, owners)))
