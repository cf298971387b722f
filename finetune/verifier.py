"""Trains the verifier: a cross-encoder, begun from the embedding model, that says whether a text answers a question.

    pairs ─► lists of like lengths together ─► model, word embeddings frozen ─► checkpoints ─► best on dev
             each in one of three wordings                                     └► verifier.safetensors, manifest.json

It learns two things at once: whether a text answers (of each pair), and which of a list answers best.

What is written holds everything but the word embeddings, which stay the embedding model's own; `indexer/verifying.py`
puts the two together again.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder
from torch import Tensor
from torch.nn import functional

from finetune import runs
from finetune.errors import DatasetWrong, DiskFull, RunUnusable
from finetune.lists import Asked, Encoded, encoded, list_loss
from finetune.looking import auroc
from finetune.pairs import Pair
from finetune.runs import Tell
from indexer.verifying import FROZEN, MANIFEST, WEIGHTS, model_of, opened

LISTS_AT_ONCE = 1024  # lists among which like lengths are put together
PARTS = 4  # of a step, each padded by itself: the passages of one list differ much in length
WORDING_SHARES = (0.5, 0.25, 0.25)  # as it is, in small letters without a mark, in keywords: `pairs.wordings`


@dataclass(frozen=True, slots=True)
class Settings:
    """What a verifier is trained with."""

    learning_rate: float = 8e-5
    """The peak, per step; a small encoder takes more than the 2e-5 of BERT."""
    warmup_share: float = 0.05
    """Of the run, rising linearly to the peak; then linearly down to a twentieth."""
    weight_decay: float = 0.01
    list_weight: float = 0.5
    """Of the loss by which the answers of a list should come first, against that of each pair by itself."""
    tokens_per_batch: int = 4608
    """Padded tokens that go through the model at once, and move it once: 30 passages or 80 sentences."""
    epochs: float = 2.0
    minutes: float = 0.0
    """Time budget of training itself; 0 for none."""
    minutes_between_checks: float = 10.0
    minutes_between_checkpoints: float = 4.0
    dev_lists: int = 600
    """How many of dev are looked at while training, of passages or of sentences."""
    seed: int = 1


@dataclass(slots=True)
class _Place:
    """Where a run stands."""

    step: int = 0
    seconds: float = 0.0
    best: float = 0.0
    next_check: float = 0.0


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a verifier is made of: pairs to learn and to look at, and the embedding model's folder.

    *begin_from* is the folder of a verifier to train on, None to begin with the embedding model alone.
    """

    train: Sequence[Pair]
    dev: Sequence[Pair]
    base: Path
    begin_from: Path | None = None


def train(inputs: Inputs, settings: Settings, folder: Path, threads: int, tell: Tell) -> dict[str, float]:
    """Train in *folder* until the epochs or the time is over, from where a run stopped; return `figures` of dev.

    Raises DatasetWrong, RunUnusable, DiskFull, VerifierUnusable.
    """
    if not inputs.train or not inputs.dev:
        raise DatasetWrong("There are no pairs to train a verifier on; make a dataset with more rows.")
    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    folder.mkdir(parents=True, exist_ok=True)
    encoder = opened(inputs.base, inputs.begin_from)
    run = _Run(encoder, settings, folder, encoded(encoder, inputs.train), encoded(encoder, inputs.dev), tell)
    run.resume()
    saved_at = time.monotonic()
    for lists in run.batches():
        if settings.minutes and run.place.seconds >= settings.minutes * 60:
            break
        if run.place.seconds >= run.place.next_check:
            run.look()
        run.step(lists)
        if time.monotonic() - saved_at >= settings.minutes_between_checkpoints * 60:
            run.save()
            saved_at = time.monotonic()
    run.look()
    run.save()
    run.put_best()
    return figures(inputs.dev, run.scores(run.dev, [0] * len(run.dev.lists)))


def figures(pairs: Sequence[Pair], logits: NDArray[np.float64]) -> dict[str, float]:
    """Return how well *logits* tell what answers: AUROC over passages and sentences, and the questions told apart.

    "first" is the share of answered examples whose best passage is gold; "answerable AUROC" is how well an example's
    best passage tells whether the example can be answered, and the same for each source.
    """
    passages = [(pair, float(logit)) for pair, logit in zip(pairs, logits, strict=True) if pair.is_passage]
    lines = [(pair, float(logit)) for pair, logit in zip(pairs, logits, strict=True) if not pair.is_passage]
    by_example: dict[str, list[tuple[Pair, float]]] = {}
    for pair, logit in passages:
        by_example.setdefault(pair.example, []).append((pair, logit))
    best = {name: max(found, key=lambda one: one[1]) for name, found in by_example.items()}
    answerable = {name for name, found in by_example.items() if any(pair.is_answer for pair, _ in found)}
    sources = sorted({pair.source for pair in pairs})

    def told(source: str) -> float:
        mine = {name: one for name, one in best.items() if not source or one[0].source == source}
        yes = [logit for name, (_, logit) in mine.items() if name in answerable]
        return auroc(yes, [logit for name, (_, logit) in mine.items() if name not in answerable])

    return {
        "passage AUROC": _auroc(passages),
        "sentence AUROC": _auroc(lines),
        "first": float(np.mean([best[name][0].is_answer for name in answerable])) if answerable else 0.0,
        "answerable AUROC": told(""),
        **{f"answerable AUROC, {source}": told(source) for source in sources},
    }


def export(folder: Path, out: Path, facts: dict[str, Any]) -> Path:
    """Write the best weights of the run in *folder* to *out* in float16, then the manifest; return the weights' path.

    Raises RunUnusable, DiskFull.
    """
    try:
        weights = runs.load(folder / "best.pt")["weights"]
    except (OSError, KeyError) as error:
        raise RunUnusable(f"{folder} holds no verifier yet; let the run go on until its first check.") from error
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    path = out / WEIGHTS
    part = path.with_suffix(".part")
    try:
        save_file({name: weight.half().contiguous() for name, weight in weights.items()}, part)
        part.chmod(0o644)  # safetensors writes for its owner alone
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DiskFull(f"{path} could not be written: {error}. Free space and start the same command again.") from error
    runs.write(
        out / MANIFEST, json.dumps({"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **facts}, indent=2) + "\n"
    )
    return path


_LEARNED_WITH = ("learning_rate", "list_weight", "tokens_per_batch", "weight_decay", "seed")


@dataclass(slots=True)
class _Run:
    """All that one run works with."""

    encoder: CrossEncoder
    settings: Settings
    folder: Path
    data: Encoded
    dev: Encoded
    tell: Tell
    place: _Place = field(default_factory=_Place)
    model: torch.nn.Module = field(init=False)
    optimizer: torch.optim.AdamW = field(init=False)
    weights: dict[str, Tensor] = field(init=False)
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.model = model_of(self.encoder)
        self.weights = {name: weight for name, weight in self.model.named_parameters() if name != FROZEN}
        self.model.get_parameter(FROZEN).requires_grad = False
        self.optimizer = torch.optim.AdamW(
            self.weights.values(), self.settings.learning_rate, weight_decay=self.settings.weight_decay, foreach=True
        )
        per_epoch = sum(1 for _ in self._epoch(0))
        self.total = max(1, math.ceil(per_epoch * self.settings.epochs))

    def batches(self) -> Iterator[list[list[Asked]]]:
        """Yield the lists of each step from where the run stands, epoch after epoch, always in the same order."""
        done = epoch = 0
        while done < self.total:
            for lists in self._epoch(epoch):
                done += 1
                if self.place.step < done <= self.total:
                    yield lists
            epoch += 1

    def _epoch(self, epoch: int) -> Iterator[list[list[Asked]]]:
        rng = np.random.default_rng([self.settings.seed, epoch])
        lists = self.data.lists
        longest = [max(self.data.length(place) for place in mine) for mine in lists]
        wording = rng.choice(len(WORDING_SHARES), size=len(lists), p=WORDING_SHARES)
        order = rng.permutation(len(lists))
        batches: list[list[int]] = []
        for at in range(0, len(order), LISTS_AT_ONCE):
            alike = sorted(order[at : at + LISTS_AT_ONCE].tolist(), key=lambda name: longest[name])
            batches += self.data.in_batches(alike, self.settings.tokens_per_batch)
        for chosen in rng.permutation(len(batches)):
            yield [[(place, int(wording[name])) for place in lists[name]] for name in batches[chosen]]

    def step(self, lists: Sequence[Sequence[Asked]]) -> None:
        """Move the weights by the pairs of *lists*."""
        began = time.monotonic()
        asked = [one for mine in lists for one in mine]
        logits, tokens = self._read(asked)
        answers = torch.from_numpy(self.data.answers[[place for place, _ in asked]])
        loss = functional.binary_cross_entropy_with_logits(logits, answers)
        loss = loss + self.settings.list_weight * list_loss(logits, answers, [len(mine) for mine in lists])
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        rate = self._rate()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        seconds = time.monotonic() - began
        self.place.step += 1
        self.place.seconds += seconds
        speed = tokens / seconds
        self._log({"loss": loss.item(), "learning_rate": rate, "tokens_per_second": speed})

    def _read(self, asked: Sequence[Asked]) -> tuple[Tensor, int]:
        """Return the logits of *asked*, and how many tokens that took; like lengths go together, to pad less."""
        order = sorted(range(len(asked)), key=lambda at: self.data.length(asked[at][0]))
        parts, tokens = [], 0
        for some in np.array_split(np.array(order), min(PARTS, len(order))):
            features, _ = self.data.batch([asked[at] for at in some])
            tokens += int(features["attention_mask"].sum())
            with torch.autocast("cpu", torch.bfloat16):
                parts.append(self.model(**features).logits[:, 0].float())
        return torch.cat(parts)[torch.from_numpy(np.argsort(order))], tokens

    def _rate(self) -> float:
        done = self.place.step / self.total
        if self.settings.minutes:
            done = max(done, self.place.seconds / (self.settings.minutes * 60))
        if done < self.settings.warmup_share:
            return self.settings.learning_rate * max(0.05, done / self.settings.warmup_share)
        return self.settings.learning_rate * max(0.05, (1 - done) / (1 - self.settings.warmup_share))

    def scores(self, encoded: Encoded, wordings: Sequence[int]) -> NDArray[np.float64]:
        """Return the logits of the pairs of the first lists, each in its own of *wordings*; NaN for those after."""
        logits = np.full(len(encoded.texts), np.nan)
        lists = encoded.lists
        order = sorted(range(len(wordings)), key=lambda name: max(encoded.length(place) for place in lists[name]))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            for names in encoded.in_batches(order, self.settings.tokens_per_batch):
                asked = [(place, wordings[name]) for name in names for place in lists[name]]
                features, _ = encoded.batch(asked)
                logits[[place for place, _ in asked]] = self.model(**features).logits[:, 0].double().numpy()
        return logits

    def look(self) -> None:
        """Look at dev, each list in another wording, and keep the weights that tell best so far.

        What answers (AUROC over all pairs), and what answers best in its list, count the same; how sure they are does
        not, since the judge scales the scores anew.
        """
        lists = self.dev.lists[: self.settings.dev_lists]
        scored = self.scores(self.dev, [turn % len(WORDING_SHARES) for turn in range(len(lists))])
        seen = ~np.isnan(scored)
        logits, answers = scored[seen], self.dev.answers[seen]
        loss = float(np.mean(np.logaddexp(0, np.where(answers > 0, -logits, logits))))
        told = auroc(logits[answers > 0], logits[answers == 0])
        firsts = [
            self.dev.answers[mine][np.argmax(scored[mine])]
            for mine in lists
            if 0 < self.dev.answers[mine].sum() < len(mine)
        ]
        first = float(np.mean(firsts)) if firsts else 0.0
        self.place.next_check = self.place.seconds + self.settings.minutes_between_checks * 60
        if (told + first) / 2 > self.place.best:
            self.place.best = (told + first) / 2
            runs.save(self.folder / "best.pt", {"weights": self.weights, "step": self.place.step})
        self._log({"dev_loss": loss, "dev_auroc": told, "dev_first": first})

    def save(self) -> None:
        """Write a checkpoint."""
        runs.keep(self.folder, self.weights, self.optimizer, asdict(self.place), self._made_with())

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one. Raises RunUnusable where it is another run's."""
        place = runs.go_on(self.folder, self.weights, self.optimizer, self._made_with())
        self.place = _Place(**place) if place else self.place

    def put_best(self) -> None:
        """Take the best weights."""
        runs.put(runs.load(self.folder / "best.pt")["weights"], self.weights)

    def _made_with(self) -> dict[str, Any]:
        """Return what a run must have in common with the one it goes on from."""
        settings = asdict(self.settings)
        learned = {name: settings[name] for name in _LEARNED_WITH}
        return {**learned, "pairs": len(self.data.texts), "tokens": sum(map(len, self.data.texts))}

    def _log(self, figures_: dict[str, float]) -> None:
        runs.note(self.folder, self.place.step, self.total, self.place.seconds, figures_, self.tell)


def _auroc(scored: Sequence[tuple[Pair, float]]) -> float:
    yes = [logit for pair, logit in scored if pair.is_answer]
    return auroc(yes, [logit for pair, logit in scored if not pair.is_answer])
