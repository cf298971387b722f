"""The question side of the embedder: it learns, and what is written is what the search embeds questions with."""

from pathlib import Path

import numpy as np
import pytest

from finetune import asking
from finetune.errors import DatasetWrong
from finetune.pairs import Pair
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.errors import EmbedderUnusable
from indexer.tuning import MANIFEST, WEIGHTS

pytestmark = pytest.mark.model

# Made-up words on purpose: nothing but training can tell what they mean.
MEANS = {"zorb": "Holidays\nStaff get 25 days.", "quib": "Pay\nWages come on the last Friday."}
QUICK = asking.Settings(rank=4, learning_rate=5e-3, questions_per_batch=2, epochs=6)


def _sides(texts: dict[str, int]) -> dict[str, list[asking.Asked]]:
    found = asking.lists(
        [
            Pair(word, "wiki", word, text, is_answer=MEANS[word] == text, is_passage=True)
            for word in MEANS
            for text in MEANS.values()
        ],
        texts,
    )
    return {"train": found, "dev": found}


def _embedder(folder: Path | None = None) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(str(packaged_model_path()), 254, folder)


def _trained(folder: Path) -> dict[str, float]:
    texts: dict[str, int] = {}
    sides = _sides(texts)
    passages = asking.vectors(list(texts), _embedder(), folder / "vectors.pt", lambda *_: None)
    weights, figures = asking.train(sides, passages, packaged_model_path(), QUICK, lambda _line: None)
    asking.write(folder, weights, packaged_model_path(), asking.facts(QUICK, figures, {}))
    return figures


def test_questions_come_to_lie_nearer_to_what_answers_them(tmp_path: Path) -> None:
    """Passages keep their vectors, so nothing has to be indexed anew; questions are embedded in another way."""
    figures = _trained(tmp_path)

    plain, tuned = _embedder(), _embedder(tmp_path)
    passages = plain.embed_passages(list(MEANS.values()))
    assert np.allclose(tuned.embed_passages(list(MEANS.values())), passages, atol=1e-3)
    assert tuned.name == plain.name
    for place, word in enumerate(MEANS):
        own = passages[place] @ tuned.embed_question(word)
        assert own > passages[1 - place] @ tuned.embed_question(word)
        assert own > passages[place] @ plain.embed_question(word) + 0.1
        assert np.allclose(tuned.embed_question_by_token(word).vector, tuned.embed_question(word), atol=1e-2)
    assert figures["recall@1"] >= figures["recall@1, before"]


def test_vectors_are_embedded_once(tmp_path: Path) -> None:
    """Those of other texts are not taken for them."""
    asking.vectors(["a kettle", "a train"], _embedder(), tmp_path / "vectors.pt", lambda *_: None)

    class Unasked:
        """An embedder that must not be asked."""

        name = _embedder().name

    kept = asking.vectors(["a kettle", "a train"], Unasked(), tmp_path / "vectors.pt", lambda *_: None)  # type: ignore[arg-type]  # only its name is read

    assert kept.shape == (2, 384)
    with pytest.raises(AttributeError):
        asking.vectors(["another"], Unasked(), tmp_path / "vectors.pt", lambda *_: None)  # type: ignore[arg-type]  # as above


def test_too_little_to_learn_from_is_a_sentence() -> None:
    """It names the cure."""
    with pytest.raises(DatasetWrong, match="more rows"):
        asking.train({"train": [], "dev": []}, np.zeros(0), packaged_model_path(), QUICK, lambda _: None)  # type: ignore[arg-type]  # nothing is read


def test_weights_that_do_not_fit_are_a_sentence(tmp_path: Path) -> None:
    """Damaged, of another model, or not there: the setting is named."""
    _trained(tmp_path)
    (tmp_path / MANIFEST).write_text((tmp_path / MANIFEST).read_text().replace('"base": "', '"base": "other'))
    with pytest.raises(EmbedderUnusable, match="another embedding model"):
        _embedder(tmp_path).embed_question("a")

    _trained(tmp_path)
    whole = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(whole[:1000])
    with pytest.raises(EmbedderUnusable, match="cannot be read"):
        _embedder(tmp_path).embed_question("a")
    (tmp_path / WEIGHTS).write_bytes(whole[:-2] + b"\0\0")
    with pytest.raises(EmbedderUnusable, match="FOOTNOTE_EMBEDDER__QUESTIONS_PATH"):
        _embedder(tmp_path).embed_question("a")
    with pytest.raises(EmbedderUnusable, match="cannot be read"):
        _embedder(tmp_path / "none").embed_question("a")
