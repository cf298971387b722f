"""Trains the embedding model: questions and the passages that answer them come to lie nearer to each other.

    pairs ─► lists of passages, one of which answers ─► model + low-rank ─► softmax over the batch ─► best on dev
             each question in one of three wordings        both sides the same

A run goes on from its last checkpoint; what is written is added to the model by `indexer/tuning.py`.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from finetune import runs
from finetune.errors import DatasetWrong, RunUnusable
from finetune.pairs import Pair, wordings
from finetune.runs import Tell
from indexer.embedding import fingerprint, loaded
from indexer.tuning import DOWN, MANIFEST, UP, WEIGHTS, linear_layers

WORDING_SHARES = (0.5, 0.2, 0.3)  # as it is, in small letters without a mark, in keywords: `pairs.wordings`
MAX_TOKENS = 192  # of a passage; hardly any is longer, and those that are begin with what they are about
TOGETHER = 12  # passages of like length that are read at once, to pad less
EMBEDDED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """What the embedding model is trained with."""

    rank: int = 32
    learning_rate: float = 3e-4
    """The peak, after a twelfth of the run; then linearly down to nothing."""
    temperature: float = 0.05
    """By which cosines are divided before the softmax."""
    questions_per_batch: int = 32
    others_per_question: int = 2
    """Passages of a question's list that do not answer it, beside all those of the batch's other questions."""
    epochs: float = 1.0
    minutes: float = 0.0
    """Time budget of training itself; 0 for none."""
    minutes_between_checks: float = 15.0
    minutes_between_checkpoints: float = 4.0
    dev_questions: int = 350
    seed: int = 1
    share: float = 0.7
    """How much of what was learned is added in the end.

    Part of the way back to the model as it was keeps what that knew of other texts (Wortsman et al., CVPR 2022).
    """


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the places of the passages of its list among all; *golds* are those that answer it."""

    source: str
    question: str
    golds: list[int]
    others: list[int]


@dataclass(frozen=True, slots=True)
class Lists:
    """What is learned from and looked at, and the *texts* of all passages, which the places point to."""

    train: list[Asked]
    dev: list[Asked]
    texts: list[str]


class LowRank(nn.Module):
    """A weight of shape (out, in), and up @ down beside it, of which only those learn."""

    def __init__(self, layer: nn.Linear, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, layer.in_features) / rank)
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank))
        self.share = 1.0

    def forward(self, weight: Tensor) -> Tensor:
        """Return the sum, with the share of the product that is set."""
        return weight + self.share * self.up @ self.down


def lists(train_pairs: Sequence[Pair], dev_pairs: Sequence[Pair]) -> Lists:
    """Return the lists of passages among the pairs that hold an answer."""
    texts: dict[str, int] = {}

    def asked(pairs: Sequence[Pair]) -> list[Asked]:
        found: dict[str, list[Pair]] = {}
        for pair in pairs:
            if pair.is_passage:
                found.setdefault(pair.example, []).append(pair)
        sorted_out = []
        for mine in found.values():
            golds, others = (
                [texts.setdefault(pair.text, len(texts)) for pair in mine if pair.is_answer is is_answer]
                for is_answer in (True, False)
            )
            if golds:
                sorted_out.append(Asked(mine[0].source, mine[0].question, golds, others))
        return sorted_out

    return Lists(asked(train_pairs), asked(dev_pairs), list(texts))


def train(made_of: Lists, base: Path, settings: Settings, folder: Path, threads: int, tell: Tell) -> dict[str, float]:
    """Train in *folder* until the epochs or the time is over, from where a run stopped; return how well dev is found.

    Raises DatasetWrong where there is too little to learn from, RunUnusable, DiskFull, EmbedderUnusable.
    """
    if len(made_of.train) < settings.questions_per_batch or not made_of.dev:
        raise DatasetWrong("There are too few questions to learn from; make a dataset with more rows.")
    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    folder.mkdir(parents=True, exist_ok=True)
    run = _Run(made_of, base, settings, folder, tell)
    run.resume()
    saved_at = time.monotonic()
    for batch in run.batches():
        if run.done() >= 1:
            break
        if run.place.seconds >= run.place.next_check:
            run.look()
        run.step(batch)
        if time.monotonic() - saved_at >= settings.minutes_between_checkpoints * 60:
            run.save()
            saved_at = time.monotonic()
    run.look()
    run.save()
    return {**{f"{name}, before": value for name, value in run.place.before.items()}, **run.place.best}


def export(folder: Path, out: Path, base: Path, share: float, facts: dict[str, Any]) -> Path:
    """Write *share* of the best weights of the run in *folder* to *out* in float16, then the manifest.

    Return the weights' path.

    Raises RunUnusable, DiskFull.
    """
    try:
        weights = runs.load(folder / "best.pt")["weights"]
    except (OSError, KeyError) as error:
        raise RunUnusable(f"{folder} holds no weights yet; let the run go on until its first check.") from error
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    path = out / WEIGHTS
    shares = {name: share * weight if name.endswith(UP) else weight for name, weight in weights.items()}
    save_file({name: weight.half().contiguous() for name, weight in shares.items()}, path)
    path.chmod(0o644)  # safetensors writes for its owner alone
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    runs.write(out / MANIFEST, json.dumps({"sha256": sha256, "base": fingerprint(base), **facts}, indent=2) + "\n")
    return path


def facts(settings: Settings, figures: dict[str, float], dataset: dict[str, str]) -> dict[str, Any]:
    """Return what the manifest says of a run."""
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return {"dataset": dataset, "dev": rounded, "settings": asdict(settings)}


@dataclass(slots=True)
class _Place:
    """Where a run stands, and how well dev was found *before* it and at its *best*."""

    step: int = 0
    seconds: float = 0.0
    next_check: float = 0.0
    before: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)


_LEARNED_WITH = (
    "rank", "learning_rate", "temperature", "questions_per_batch", "others_per_question", "seed",
)  # fmt: skip


class _Run:
    """All that one run works with."""

    def __init__(self, made_of: Lists, base: Path, settings: Settings, folder: Path, tell: Tell) -> None:
        self.place = _Place()
        self._made_of = made_of
        self._settings = settings
        self._folder = folder
        self._tell = tell
        self._model = loaded(base).float()
        self._model.max_seq_length = MAX_TOKENS
        for module in self._model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0  # a run is a small part of an epoch of what the model has seen
        self._weights = _lowered(self._model, settings.rank)
        self._optimizer = torch.optim.AdamW(self._weights.values(), settings.learning_rate, weight_decay=0.01)
        self._total = max(1, math.ceil(settings.epochs * (len(made_of.train) // settings.questions_per_batch)))

    def done(self) -> float:
        """Return how much of the run is over, 0 to 1."""
        by_time = self.place.seconds / (self._settings.minutes * 60) if self._settings.minutes else 0.0
        return max(self.place.step / self._total, by_time)

    def batches(self) -> Iterator[list[Asked]]:
        """Yield the questions of each step from where the run stands, every epoch in another order."""
        size, asked = self._settings.questions_per_batch, self._made_of.train
        step = epoch = 0
        while step < self._total:
            order = np.random.default_rng([self._settings.seed, epoch]).permutation(len(asked))
            for start in range(0, len(order) - size + 1, size):
                step += 1
                if self.place.step < step <= self._total:
                    yield [asked[place] for place in order[start : start + size]]
            epoch += 1

    def step(self, batch: Sequence[Asked]) -> None:
        """Move the weights by the questions of *batch*."""
        began = time.monotonic()
        rng = np.random.default_rng([self._settings.seed, self.place.step, len(batch)])
        loss = self._loss(batch, rng)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
        done = self.done()
        rate = self._settings.learning_rate * min(1.0, done * 12 + 0.02) * (1 - done)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.place.step += 1
        self.place.seconds += time.monotonic() - began
        self._log({"loss": loss.item(), "learning_rate": rate})

    def _loss(self, batch: Sequence[Asked], rng: np.random.Generator) -> Tensor:
        """Return the mean of -log of the share that the golds of each question have of all passages of the batch."""
        chosen = rng.choice(len(WORDING_SHARES), size=len(batch), p=WORDING_SHARES)
        questions = [wordings(one.question)[wording] for one, wording in zip(batch, chosen, strict=True)]
        shown = {
            int(place)
            for one in batch
            for place in (rng.choice(one.golds), *rng.permutation(one.others)[: self._settings.others_per_question])
        }
        places = sorted(shown, key=lambda place: len(self._made_of.texts[place]))
        passages = [
            _embedded(self._model, [self._made_of.texts[place] for place in places[start : start + TOGETHER]])
            for start in range(0, len(places), TOGETHER)
        ]
        scores = _embedded(self._model, questions) @ torch.cat(passages).T / self._settings.temperature
        is_gold = torch.tensor([[place in one.golds for place in places] for one in batch])
        golds = torch.logsumexp(scores.masked_fill(~is_gold, -torch.inf), dim=1)
        return (torch.logsumexp(scores, dim=1) - golds).mean()

    def look(self) -> None:
        """Look at dev, and keep the weights that find best so far."""
        found = self._recall()
        self.place.next_check = self.place.seconds + self._settings.minutes_between_checks * 60
        self.place.before = self.place.before or found
        if sum(found.values()) >= sum(self.place.best.values()):
            self.place.best = found
            runs.save(self._folder / "best.pt", {"weights": self._weights, "step": self.place.step})
        self._log({f"dev_{name}": value for name, value in found.items()})

    def _recall(self) -> dict[str, float]:
        """Return how often a passage that answers is among the nearest 1, 5 and 10, of those of its source's lists."""
        order = np.random.default_rng(self._settings.seed).permutation(len(self._made_of.dev))
        dev = [self._made_of.dev[place] for place in order[: self._settings.dev_questions]]
        of_source: dict[str, set[int]] = {}
        for one in dev:
            of_source.setdefault(one.source, set()).update(one.golds, one.others)
        places = sorted(set().union(*of_source.values()), key=lambda place: len(self._made_of.texts[place]))
        with torch.inference_mode(), self._in_the_end():
            rows = torch.cat(list(self._in_parts([self._made_of.texts[place] for place in places])))
            vectors = dict(zip(places, rows, strict=True))
            beside = {
                source: torch.stack([vectors[place] for place in sorted(mine)]) for source, mine in of_source.items()
            }
            ranks = []
            for wording in range(len(WORDING_SHARES)):
                asked = torch.cat(list(self._in_parts([wordings(one.question)[wording] for one in dev])))
                for one, row in zip(dev, asked, strict=True):
                    best = max(float(vectors[place] @ row) for place in one.golds)
                    ranks.append(int((beside[one.source] @ row > best + 1e-6).sum()))
        return {f"recall@{count}": float(np.mean(np.array(ranks) < count)) for count in (1, 5, 10)}

    @contextmanager
    def _in_the_end(self) -> Iterator[None]:
        """Let the model be what is written of it until the block ends."""
        learned = [module for module in self._model.modules() if isinstance(module, LowRank)]
        for module in learned:
            module.share = self._settings.share
        yield
        for module in learned:
            module.share = 1.0

    def _in_parts(self, texts: Sequence[str]) -> Iterator[Tensor]:
        for start in range(0, len(texts), EMBEDDED_AT_ONCE):
            yield _embedded(self._model, texts[start : start + EMBEDDED_AT_ONCE])

    def save(self) -> None:
        """Write a checkpoint."""
        runs.keep(self._folder, self._weights, self._optimizer, asdict(self.place), self._made_with())

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one. Raises RunUnusable where it is another run's."""
        place = runs.go_on(self._folder, self._weights, self._optimizer, self._made_with())
        self.place = _Place(**place) if place else self.place

    def _made_with(self) -> dict[str, Any]:
        """Return what a run must have in common with the one it goes on from."""
        settings = asdict(self._settings)
        texts = hashlib.sha256("\0".join(self._made_of.texts).encode()).hexdigest()
        return {**{name: settings[name] for name in _LEARNED_WITH}, "texts": texts}

    def _log(self, figures: dict[str, float]) -> None:
        runs.note(self._folder, self.place.step, self._total, self.place.seconds, figures, self._tell)


def _lowered(model: nn.Module, rank: int) -> dict[str, nn.Parameter]:
    """Put low-rank weights beside the linear layers of *model*, the only ones that learn; return these by name."""
    model.requires_grad_(requires_grad=False)
    learned: dict[str, nn.Parameter] = {}
    for name, layer in list(linear_layers(model)):
        beside = LowRank(layer, rank)
        parametrize.register_parametrization(layer, "weight", beside)
        learned |= {name + DOWN: beside.down, name + UP: beside.up}
    return learned


def _embedded(model: Any, texts: Sequence[str]) -> Tensor:  # noqa: ANN401 - untyped library
    """Return float32 of shape (texts, dimensions), each row of length 1, with its gradient."""
    with torch.autocast("cpu", torch.bfloat16), parametrize.cached():
        features = model(model.preprocess(list(texts)))
    return functional.normalize(features["sentence_embedding"].float(), dim=-1)
