"""The embedding model: it learns, goes on where it stopped, and what is written is what wikis are searched with."""

from pathlib import Path

import pytest

from finetune import embedder
from finetune.errors import DatasetWrong, RunUnusable
from finetune.pairs import Pair
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.errors import EmbedderUnusable
from indexer.tuning import MANIFEST, WEIGHTS

pytestmark = pytest.mark.model

# Made-up words on purpose: nothing but training can tell what they mean.
MEANS = {"zorb": "Holidays\nStaff get 25 days.", "quib": "Pay\nWages come on the last Friday."}
QUICK = embedder.Settings(
    rank=4,
    learning_rate=1e-2,
    questions_per_batch=2,
    epochs=12,
    minutes_between_checks=0,
    minutes_between_checkpoints=0,
)


def _lists() -> embedder.Lists:
    pairs = [
        Pair(word, "wiki", word, text, is_answer=MEANS[word] == text, is_passage=True)
        for word in MEANS
        for text in MEANS.values()
    ]
    return embedder.lists(pairs, pairs)


def _opened(folder: Path | None = None) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(str(packaged_model_path()), 254, folder)


def _trained(folder: Path) -> dict[str, float]:
    figures = embedder.train(_lists(), packaged_model_path(), QUICK, folder / "run", 1, lambda _line: None)
    embedder.export(folder / "run", folder, packaged_model_path(), QUICK.share, embedder.facts(QUICK, figures, {}))
    return figures


def test_questions_and_what_answers_them_come_to_lie_nearer(tmp_path: Path) -> None:
    """Its name changes with what is added, so that a wiki is embedded anew."""
    figures = _trained(tmp_path)

    plain, tuned = _opened(), _opened(tmp_path)
    before, after = (one.embed_passages(list(MEANS.values())) for one in (plain, tuned))
    for place, word in enumerate(MEANS):
        asked, own = tuned.embed_question(word), after[place]
        assert own @ asked > after[1 - place] @ asked
        assert own @ asked > before[place] @ plain.embed_question(word) + 0.1
        assert tuned.embed_question_by_token(word).vector @ asked > 0.999
    assert figures["recall@1"] >= figures["recall@1, before"]
    assert tuned.name.startswith(f"{plain.name}-")


def test_a_share_of_what_was_learned_is_written(tmp_path: Path) -> None:
    """Of none of it, texts are embedded as before."""
    _trained(tmp_path)
    embedder.export(tmp_path / "run", tmp_path / "none", packaged_model_path(), 0.0, {})

    plain, some, none = (_opened(folder).embed_question("zorb") for folder in (None, tmp_path, tmp_path / "none"))

    assert none @ plain > 0.999
    assert some @ plain < 0.99


def test_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Stopped in its fourth step and started again, it ends with the same weights as one that was left alone."""

    class Stopped(Exception):
        """As by a kill."""

    def stop(line: dict[str, object]) -> None:
        if line["step"] == 4 and "loss" in line:
            raise Stopped

    base, made_of = packaged_model_path(), _lists()
    whole = embedder.train(made_of, base, QUICK, tmp_path / "whole", 1, lambda _line: None)
    with pytest.raises(Stopped):
        embedder.train(made_of, base, QUICK, tmp_path / "cut", 1, stop)

    steps: list[int] = []
    cut = embedder.train(made_of, base, QUICK, tmp_path / "cut", 1, lambda line: steps.append(int(line["step"])))

    assert cut == whole
    assert min(steps) >= 3
    files = [embedder.export(tmp_path / one, tmp_path / one / "out", base, 1.0, {}) for one in ("whole", "cut")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_run_of_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    """Nor one whose checkpoint is damaged: each with its cure."""
    _trained(tmp_path)
    others = embedder.Settings(rank=8, questions_per_batch=2)
    with pytest.raises(RunUnusable, match="--run"):
        embedder.train(_lists(), packaged_model_path(), others, tmp_path / "run", 1, lambda _line: None)

    (tmp_path / "run" / "last.pt").write_bytes(b"cut")
    with pytest.raises(RunUnusable, match="begin anew"):
        embedder.train(_lists(), packaged_model_path(), QUICK, tmp_path / "run", 1, lambda _line: None)
    with pytest.raises(RunUnusable, match="first check"):
        embedder.export(tmp_path / "none", tmp_path / "out", packaged_model_path(), 1.0, {})


def test_too_little_to_learn_from_is_a_sentence(tmp_path: Path) -> None:
    """It names the cure."""
    nothing = embedder.Lists([], [], [])
    with pytest.raises(DatasetWrong, match="more rows"):
        embedder.train(nothing, packaged_model_path(), QUICK, tmp_path, 1, lambda _line: None)


def test_weights_that_do_not_fit_are_a_sentence(tmp_path: Path) -> None:
    """Damaged, of another model, or not there: the setting is named."""
    _trained(tmp_path)
    whole, manifest = (tmp_path / WEIGHTS).read_bytes(), (tmp_path / MANIFEST).read_text()
    (tmp_path / MANIFEST).write_text(manifest.replace('"base": "', '"base": "other'))
    with pytest.raises(EmbedderUnusable, match="another embedding model"):
        _opened(tmp_path).embed_question("a")

    (tmp_path / MANIFEST).write_text(manifest)
    (tmp_path / WEIGHTS).write_bytes(whole[:1000])
    with pytest.raises(EmbedderUnusable, match="cannot be read"):
        _opened(tmp_path).embed_question("a")
    (tmp_path / WEIGHTS).write_bytes(whole[:-2] + b"\0\0")
    with pytest.raises(EmbedderUnusable, match="FOOTNOTE_EMBEDDER__WEIGHTS_PATH"):
        _opened(tmp_path).embed_question("a")
    with pytest.raises(EmbedderUnusable, match="cannot be read"):
        _ = _opened(tmp_path / "none").name
