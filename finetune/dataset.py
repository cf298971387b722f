"""Makes the dataset: drafts of every source become examples with hard distractors, parted by page into train and dev.

rows, public sets ─► drafts ─► passages around each ─► examples ─► train.jsonl, dev.jsonl ─► report ─► manifest
"""

import hashlib
import itertools
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from finetune import examples, matching, pairs, report, showing
from finetune.drafts import Draft
from finetune.errors import DatasetWrong
from finetune.examples import Example, Message
from finetune.pairs import Pair
from finetune.ports import Describing, Finder, Piece, Prompting, Vocabulary
from finetune.showing import Located, Shown, Way

DEV_SHARE = 0.1
MAX_PROMPT_TOKENS = 700  # the bot's own limit for the passages is 640
MAX_ANSWER_TOKENS = 96  # what the bot lets the model write
FILES = ("train.jsonl", "dev.jsonl", "train-pairs.jsonl", "dev-pairs.jsonl")
TOO_LONG = "too long"
MOST_FOUND = 16  # hits for a question that are looked at for passages that do not answer it
LEAKED_RUN = 8  # words in a row
MAX_LIKENESS = 0.8  # of a question with a held-back one, by content words


@dataclass(frozen=True, slots=True)
class Use:
    """How often the drafts of a source are shown: *most* of them, each in every one of *ways*.

    *removed* is the share that is shown once more without the gold passages, to be refused.
    """

    most: int
    ways: tuple[Way, ...]
    removed: float


MIX: Mapping[str, Use] = {
    "doc2dial": Use(1200, (Way.SEARCHED,), 0.3),
    "squad2": Use(2200, (Way.SEARCHED,), 0.1),
    "qed": Use(700, (Way.SEARCHED,), 0.1),
    "covidqa": Use(700, (Way.SEARCHED,), 0.15),
    "dstc_faq": Use(900, (Way.SEARCHED,), 0.3),
}
_MOST = {source: use.most for source, use in MIX.items()}
WIKI_USE = Use(100_000, (Way.SEARCHED, Way.SAME_PAGE), 0.45)  # rows written by people about real wikis, each twice
UNANSWERED_WAYS = (Way.NEAREST, Way.NEAREST)
MOST_ADVERSARIAL = 800  # of SQuAD's unanswerable questions, which a small model can hardly tell from the others
PAIRED: Mapping[str, int] = {
    "adversarial": 1000,
    "doc2dial": 2000,
    "squad2": 2200,
    "qed": 1400,
    "covidqa": 1000,
    "dstc_faq": 900,
}
"""How many drafts of a source the verifier learns from at most; those of wikis all."""
MOST_HEADINGS = 2500


@dataclass(frozen=True, slots=True)
class Made:
    """A dataset in memory. *questions* are dev's, with their passages, for `evaluate`; *left_out* counts by why.

    *train_pairs* and *dev_pairs* are what the verifier learns from.
    """

    train: list[Example]
    dev: list[Example]
    questions: list[dict[str, object]]
    left_out: Counter[str]
    train_pairs: list[Pair]
    dev_pairs: list[Pair]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What examples are made with."""

    prompting: Prompting
    vocabulary: Vocabulary
    corpora: Mapping[str, Finder]
    seed: int


def make(drafts: Sequence[Draft], workshop: Workshop, held_back: Sequence[str], describe: Describing) -> Made:
    """Return the examples of *drafts*; none whose question is one of *held_back* or nearly so."""
    made = Made([], [], [], Counter(), [], [])
    shown = {draft.id for draft in _chosen(drafts, workshop.seed, {**_MOST, "adversarial": MOST_ADVERSARIAL})}
    made.left_out.update(f"{draft.source}: answer is not short" for draft in drafts if draft.kind == TOO_LONG)
    chosen = _chosen(drafts, workshop.seed, PAIRED)
    for done, draft in enumerate(chosen):
        describe("examples", done, len(chosen))
        if _is_leaked(draft, held_back):
            made.left_out["question is held back for testing"] += 1
            continue
        sides = {_is_dev(draft.source, page, workshop.seed) for page in draft.pages or {draft.id}}
        if len(sides) > 1:
            made.left_out["two pages, one of train and one of dev"] += 1
            continue
        is_dev = sides.pop()
        finder = workshop.corpora[draft.corpus]
        asked = showing.located(draft, finder)
        if asked is None:
            made.left_out[f"{draft.source}: evidence in no passage, or answer not plain"] += 1
            continue
        hits = finder.find(draft.question, MOST_FOUND)
        if draft.id in shown:
            _add(asked, hits, workshop, made, is_dev=is_dev)
        paired = pairs.of_draft(asked, finder, hits, _generator(workshop.seed, f"pairs of {draft.id}"))
        (made.dev_pairs if is_dev else made.train_pairs).extend(paired)
    made.train_pairs.extend(_of_headings(workshop))
    return replace(made, train=_shuffled(made.train, workshop.seed), dev=_shuffled(made.dev, workshop.seed))


def _of_headings(workshop: Workshop) -> Iterator[Pair]:
    """Yield the pairs of the headings of train's pages, of every corpus that is a wiki."""
    found: list[list[Pair]] = []
    for name, corpus in sorted(workshop.corpora.items()):
        if name in MIX:
            continue
        for page, pieces in itertools.groupby(corpus.everything(), lambda piece: piece.page_id):
            if not _is_dev(name, page, workshop.seed):
                rng = _generator(workshop.seed, f"headings of {name}:{page}")
                found += pairs.of_headings(name, list(pieces), rng)
    order = _generator(workshop.seed, "headings").permutation(len(found))[:MOST_HEADINGS]
    yield from (pair for place in sorted(order) for pair in found[place])


def take_in(made: Made, ready: Sequence[Example], seed: int) -> None:
    """Add examples that are *ready* to train or dev, parted by page as all others are, at random places."""
    for example in ready:
        side = made.dev if _is_dev(example.source, example.group, seed) else made.train
        side.insert(int(_generator(seed, example.id).integers(len(side) + 1)), example)
        (made.dev_pairs if side is made.dev else made.train_pairs).extend(pairs.of(example))


def save(made: Made, folder: Path, workshop: Workshop, held_back: Sequence[str], sources: object) -> dict[str, object]:
    """Write *made* into *folder*, the manifest last, and return the manifest. Raises DatasetWrong if it is empty."""
    if not made.train or not made.dev:
        raise DatasetWrong("There are too few rows to make a dataset of; name more sources.")
    folder.mkdir(parents=True, exist_ok=True)
    manifest_path = folder / "manifest.json"
    manifest_path.unlink(missing_ok=True)
    examples.write(folder / "train.jsonl", made.train)
    examples.write(folder / "dev.jsonl", made.dev)
    pairs.write(folder / "train-pairs.jsonl", made.train_pairs)
    pairs.write(folder / "dev-pairs.jsonl", made.dev_pairs)
    lines = (json.dumps(question, ensure_ascii=False) for question in made.questions)
    (folder / "dev-questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    figures = report.figures(made.train, made.dev, made.left_out, held_back)
    (folder / "report.json").write_text(json.dumps(figures, indent=2, ensure_ascii=False), encoding="utf-8")
    (folder / "report.md").write_text(report.as_markdown(figures, made.train), encoding="utf-8")
    manifest: dict[str, object] = {
        "sha256": {name: _sha256(folder / name) for name in FILES},
        "prompt_sha256": prompt_sha256(workshop.prompting),
        "vocabulary": workshop.vocabulary.name,
        "seed": workshop.seed,
        "mix": {name: asdict(use) for name, use in {**MIX, "wikis": WIKI_USE}.items()},
        "sources": sources,
        "examples": {"train": len(made.train), "dev": len(made.dev)},
        "pairs": {"train": len(made.train_pairs), "dev": len(made.dev_pairs)},
    }
    part = manifest_path.with_suffix(".part")
    part.write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    part.replace(manifest_path)
    return manifest


def prompt_sha256(prompting: Prompting) -> str:
    """Return what differs where the bot's prompt does: a hash of it over two made-up passages."""
    pieces = [Piece("a", "Title", ("Heading",), "Text."), Piece("b", "Other", (), "More.")]
    text = "\0".join((prompting.system, prompting.user("Question?", pieces), prompting.refusal))
    return hashlib.sha256(text.encode()).hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """Return the hashes of the files of the dataset in *folder*. Raises DatasetWrong."""
    return dict(_manifest(folder)["sha256"])


def origins(folder: Path, prompting: Prompting, vocabulary: Vocabulary) -> dict[str, str]:
    """Return the hashes that an adapter trained on the dataset in *folder* carries. Raises DatasetWrong."""
    manifest = _manifest(folder)
    if manifest["prompt_sha256"] != prompt_sha256(prompting):
        raise DatasetWrong(f"The bot's prompt is not the one that {folder} was made with; make the dataset again.")
    return {
        "base_sha256": vocabulary.name,
        "dataset_sha256": str(manifest["sha256"]["train.jsonl"]),
        "prompt_sha256": str(manifest["prompt_sha256"]),
    }


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetWrong(f"{folder} holds no whole dataset; make one with `python -m finetune dataset`.") from error
    return found


def _chosen(drafts: Sequence[Draft], seed: int, most: Mapping[str, int]) -> list[Draft]:
    """Return of each source at most as many drafts as *most* says, picked at random; more are more of the same."""
    by_pool: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.kind != TOO_LONG:
            pool = "adversarial" if draft.kind == "adversarial" else draft.source
            by_pool.setdefault(pool, []).append(draft)
    chosen: list[Draft] = []
    for pool, members in sorted(by_pool.items()):
        order = _generator(seed, pool).permutation(len(members))[: most.get(pool, WIKI_USE.most)]
        chosen += [members[place] for place in sorted(order)]
    return chosen


def _add(asked: Located, hits: Sequence[Piece], workshop: Workshop, made: Made, *, is_dev: bool) -> None:
    """Add the examples of a draft to train or dev; a dev question is shown once in each way that is not a repeat."""
    draft = asked.draft
    finder = workshop.corpora[draft.corpus]
    rng = _generator(workshop.seed, draft.id)
    for turn, way in enumerate(_ways(draft, rng)):
        if is_dev and turn and way is not Way.GOLD_REMOVED:
            continue
        shown = showing.show(asked, way, finder, hits[: showing.MOST_FOUND], rng)
        fitted = _fitted(asked, shown, workshop) if shown is not None else None
        if fitted is None:
            made.left_out[f"{draft.source}: nothing to show that fits"] += 1
            continue
        example = _example(draft, turn, way, fitted, workshop.prompting)
        (made.dev if is_dev else made.train).append(example)
        if is_dev:
            made.questions.append(_question(example, draft, fitted))


def _ways(draft: Draft, rng: np.random.Generator) -> Iterator[Way]:
    if not draft.is_answered:
        yield from UNANSWERED_WAYS if draft.kind != "adversarial" else UNANSWERED_WAYS[:1]
        return
    use = MIX.get(draft.source, WIKI_USE)
    yield from use.ways
    if rng.random() < use.removed:
        yield Way.GOLD_REMOVED


def _fitted(asked: Located, shown: Shown, workshop: Workshop) -> Shown | None:
    """Return *shown* without as many distractors as make it fit, None if the gold passages alone are too long."""
    prompting, vocabulary = workshop.prompting, workshop.vocabulary
    if len(vocabulary.tokenize(shown.answer)) > MAX_ANSWER_TOKENS:
        return None
    while True:
        user = prompting.user(prompting.clean(asked.draft.question), shown.pieces)
        if len(vocabulary.encode(prompting.system, user)) <= MAX_PROMPT_TOKENS:
            return shown
        others = [piece for number, piece in enumerate(shown.pieces, start=1) if number not in shown.gold]
        if not others or len(shown.pieces) == 1:
            return None
        shown = showing.numbered(asked, [piece for piece in shown.pieces if piece != others[-1]])


def _example(draft: Draft, turn: int, way: Way, shown: Shown, prompting: Prompting) -> Example:
    user = prompting.user(prompting.clean(draft.question), shown.pieces)
    answer = shown.answer or prompting.refusal
    return Example(
        id=f"{draft.id}-{turn}",
        source=draft.source,
        group=f"{draft.source}:{min(draft.pages, default=draft.id)}",
        kind=draft.kind if way is not Way.GOLD_REMOVED else f"{draft.kind}, gold removed",
        messages=(
            Message(role="system", content=prompting.system),
            Message(role="user", content=user),
            Message(role="assistant", content=answer),
        ),
        gold=shown.gold,
        answerable=bool(shown.gold),
    )


def _question(example: Example, draft: Draft, shown: Shown) -> dict[str, object]:
    """Return a line for `evaluate`, and for `python -m bot ask --file`."""
    return {
        "id": example.id,
        "question": draft.question,
        "source": example.source,
        "group": example.group,
        "kind": example.kind,
        "passages": [{"title": p.title, "headings": list(p.headings), "text": p.text} for p in shown.pieces],
        "gold": list(example.gold),
        "answer": example.answer if example.answerable else "",
    }


def _is_dev(source: str, page: str, seed: int) -> bool:
    digest = hashlib.sha256(f"{seed}:{source}:{page}".encode()).digest()
    return digest[0] / 256 < DEV_SHARE


def _is_leaked(draft: Draft, held_back: Sequence[str]) -> bool:
    mine = matching.runs(draft.question, LEAKED_RUN)
    return any(
        matching.likeness(draft.question, question) >= MAX_LIKENESS or mine & matching.runs(question, LEAKED_RUN)
        for question in held_back
    )


def _shuffled(some: Sequence[Example], seed: int) -> list[Example]:
    return [some[place] for place in np.random.default_rng(seed).permutation(len(some))]


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
