"""Teaches the embedding model's question side: a question learns to lie nearer to the passages that answer it.

    pairs ─► passages of each list ─► vectors, embedded once, which stay ─┐
         └─► the question, in one of three wordings ─► model + low-rank ──┴► softmax over the batch ─► best on dev

A run lasts minutes, most of it embedding; what is embedded is kept in the run's folder, training begins anew.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from finetune import runs
from finetune.errors import DatasetWrong
from finetune.pairs import Pair, wordings
from finetune.ports import Describing
from finetune.runs import Tell
from indexer.embedding import fingerprint, loaded
from indexer.ports import Embedder
from indexer.tuning import DOWN, MANIFEST, UP, WEIGHTS, linear_layers

WORDING_SHARES = (0.5, 0.2, 0.3)  # as it is, in small letters without a mark, in keywords: `pairs.wordings`
EMBEDDED_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """What the question side is trained with."""

    rank: int = 16
    learning_rate: float = 5e-4
    """The peak, after a tenth of the run; then linearly down to nothing."""
    temperature: float = 0.05
    """By which cosines are divided before the softmax."""
    questions_per_batch: int = 96
    epochs: int = 4
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the places of the passages of its list among all; *golds* are those that answer it."""

    source: str
    question: str
    places: list[int]
    golds: list[int]


class LowRank(nn.Module):
    """A weight of shape (out, in), and up @ down beside it, of which only those learn."""

    def __init__(self, layer: nn.Linear, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, layer.in_features) / rank)
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the sum."""
        return weight + self.up @ self.down


def lists(pairs: Sequence[Pair], texts: dict[str, int]) -> list[Asked]:
    """Return the lists of passages that hold an answer; new texts are added to *texts* with their place."""
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.is_passage:
            found.setdefault(pair.example, []).append(pair)
    asked = []
    for mine in found.values():
        if any(pair.is_answer for pair in mine):
            places = [texts.setdefault(pair.text, len(texts)) for pair in mine]
            golds = [place for place, pair in zip(places, mine, strict=True) if pair.is_answer]
            asked.append(Asked(mine[0].source, mine[0].question, places, golds))
    return asked


def vectors(texts: Sequence[str], embedder: Embedder, path: Path, describe: Describing) -> Tensor:
    """Return float32 of shape (texts, dimensions), from *path* where they are kept there already."""
    mark = hashlib.sha256("\0".join((embedder.name, *texts)).encode()).hexdigest()
    if path.exists():
        kept = runs.load(path)
        if kept["mark"] == mark:
            found: Tensor = kept["vectors"]
            return found
    parts = []
    for start in range(0, len(texts), EMBEDDED_AT_ONCE):
        describe("passages embedded", start, len(texts))
        parts.append(embedder.embed_passages(texts[start : start + EMBEDDED_AT_ONCE]))
    made = torch.from_numpy(np.concatenate(parts))
    runs.save(path, {"mark": mark, "vectors": made})
    return made


def train(
    sides: dict[str, list[Asked]], passages: Tensor, base: Path, settings: Settings, tell: Tell
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Return the best weights, by their names, and how well they and none find what answers dev's questions.

    *passages* are the vectors of all texts. Raises DatasetWrong where there is too little to learn from.
    """
    asked, dev = sides["train"], sides["dev"]
    if len(asked) < settings.questions_per_batch or not dev:
        raise DatasetWrong("There are too few questions to learn from; make a dataset with more rows.")
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    model = loaded(base).float()
    before = recall(model, dev, passages)
    layers = _lowered(model, settings.rank)
    learned = [weight for layer in layers.values() for weight in (layer.down, layer.up)]
    optimizer = torch.optim.AdamW(learned, settings.learning_rate, weight_decay=0.01)
    best, best_recall = _weights(layers), before
    began = time.monotonic()
    epoch_steps = len(asked) // settings.questions_per_batch
    line: dict[str, Any] = {"of": settings.epochs * epoch_steps}
    for step, batch in enumerate(_batches(asked, settings, rng)):
        model.train()
        loss = _loss(model, batch, passages, settings.temperature, rng)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = _rate(step / line["of"], settings)
        optimizer.step()
        optimizer.zero_grad()
        line |= {"step": step + 1, "seconds": time.monotonic() - began}
        tell({**line, "loss": loss.item()})
        if (step + 1) % epoch_steps == 0:
            found = recall(model, dev, passages)
            tell({**line, **{f"dev_{name}": value for name, value in found.items()}})
            if found["recall@5"] >= best_recall["recall@5"]:
                best, best_recall = _weights(layers), found
    return best, {**{f"{name}, before": value for name, value in before.items()}, **best_recall}


def _batches(asked: Sequence[Asked], settings: Settings, rng: np.random.Generator) -> Iterator[list[Asked]]:
    """Yield the questions of each step, every epoch in another order."""
    size = settings.questions_per_batch
    for _ in range(settings.epochs):
        order = rng.permutation(len(asked))
        for start in range(0, len(order) - size + 1, size):
            yield [asked[place] for place in order[start : start + size]]


def _rate(done: float, settings: Settings) -> float:
    """Return the learning rate after *done* of the run, 0 to 1."""
    return settings.learning_rate * min(1.0, done / 0.1 + 0.01) * (1 - done)


def recall(model: Any, dev: Sequence[Asked], passages: Tensor) -> dict[str, float]:  # noqa: ANN401 - untyped library
    """Return how often a passage that answers is among the nearest 1, 5 and 10, of all that its source's lists hold."""
    of_source: dict[str, set[int]] = {}
    for one in dev:
        of_source.setdefault(one.source, set()).update(one.places)
    model.eval()
    ranks = []
    with torch.inference_mode():
        for wording in range(len(WORDING_SHARES)):
            for start in range(0, len(dev), EMBEDDED_AT_ONCE):
                some = dev[start : start + EMBEDDED_AT_ONCE]
                asked = _embedded(model, [wordings(one.question)[wording] for one in some])
                for one, row in zip(some, asked, strict=True):
                    near = passages[sorted(of_source[one.source] - set(one.golds))] @ row
                    ranks.append(int((near > (passages[one.golds] @ row).max()).sum()))
    return {f"recall@{count}": float(np.mean(np.array(ranks) < count)) for count in (1, 5, 10)}


def write(out: Path, weights: dict[str, Tensor], base: Path, facts: dict[str, Any]) -> Path:
    """Write *weights* in float16, then the manifest, to the folder *out*; return the weights' path."""
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    path = out / WEIGHTS
    save_file({name: weight.half().contiguous() for name, weight in weights.items()}, path)
    path.chmod(0o644)  # safetensors writes for its owner alone
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = {"sha256": sha256, "base": fingerprint(base), **facts}
    runs.write(out / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    return path


def facts(settings: Settings, figures: dict[str, float], dataset: dict[str, str]) -> dict[str, Any]:
    """Return what the manifest says of a run."""
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return {"dataset": dataset, "dev": rounded, "settings": asdict(settings)}


def _lowered(model: nn.Module, rank: int) -> dict[str, LowRank]:
    """Put low-rank weights beside the linear layers of *model*, the only ones that learn."""
    model.requires_grad_(requires_grad=False)
    layers = {}
    for name, layer in list(linear_layers(model)):
        layers[name] = LowRank(layer, rank)
        parametrize.register_parametrization(layer, "weight", layers[name])
    return layers


def _weights(layers: dict[str, LowRank]) -> dict[str, Tensor]:
    return {
        name + side: weight.detach().clone()
        for name, layer in layers.items()
        for side, weight in ((DOWN, layer.down), (UP, layer.up))
    }


def _loss(
    model: Any,  # noqa: ANN401 - untyped library
    asked: Sequence[Asked],
    passages: Tensor,
    temperature: float,
    rng: np.random.Generator,
) -> Tensor:
    """Return the mean of -log of the share that the golds of each question have of all passages of the batch."""
    chosen = rng.choice(len(WORDING_SHARES), size=len(asked), p=WORDING_SHARES)
    rows = _embedded(model, [wordings(one.question)[wording] for one, wording in zip(asked, chosen, strict=True)])
    columns = sorted({place for one in asked for place in one.places})
    scores = rows @ passages[columns].T / temperature  # (questions, passages of the batch)
    column = {place: at for at, place in enumerate(columns)}
    is_gold = torch.zeros_like(scores, dtype=torch.bool)
    for row, one in enumerate(asked):
        is_gold[row, [column[place] for place in one.golds]] = True
    golds = torch.logsumexp(scores.masked_fill(~is_gold, -torch.inf), dim=1)
    return (torch.logsumexp(scores, dim=1) - golds).mean()


def _embedded(model: Any, texts: Sequence[str]) -> Tensor:  # noqa: ANN401 - untyped library
    """Return float32 of shape (texts, dimensions), each row of length 1, with its gradient."""
    with torch.autocast("cpu", torch.bfloat16), parametrize.cached():
        features = model(model.preprocess(list(texts)))
    return functional.normalize(features["sentence_embedding"].float(), dim=-1)
