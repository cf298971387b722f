"""What every embedder promises, over the fake and over the model that comes with Footnote."""

from collections.abc import Iterator

import numpy as np
import pytest

from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.ports import Embedder
from tests.fakes_indexer import FakeEmbedder


@pytest.fixture(scope="module", params=["fake", pytest.param("packaged", marks=pytest.mark.model)])
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    """Give each embedder in turn."""
    if request.param == "fake":
        yield FakeEmbedder()
    else:
        yield SentenceTransformerEmbedder(str(packaged_model_path()), max_tokens=254)


TEXTS = ["Reset the password.", "", "Lunch is at noon. " * 300, "🦓 \x00 ما هو", "Reset the password."]


def test_rows_are_of_length_one_and_in_order(embedder: Embedder) -> None:
    """One float32 row for each text, whatever the text, however long."""
    rows = embedder.embed_passages(TEXTS)

    assert rows.shape == (len(TEXTS), embedder.dimensions)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert rows[0] @ rows[4] > 0.99 > rows[0] @ rows[2]


def test_no_text_gives_no_row(embedder: Embedder) -> None:
    """An empty list keeps its second dimension."""
    assert embedder.embed_passages([]).shape == (0, embedder.dimensions)


def test_question_is_near_what_answers_it(embedder: Embedder) -> None:
    """A question's vector has length 1 and its dot product with passages orders them by meaning."""
    question = embedder.embed_question("reset password")
    rows = embedder.embed_passages(["Lunch is at noon.", "Reset the password."])

    assert question.shape == (embedder.dimensions,)
    assert np.linalg.norm(question) == pytest.approx(1.0, abs=1e-5)
    assert np.argmax(rows @ question) == 1


def test_tokens_are_counted_one_text_at_a_time(embedder: Embedder) -> None:
    """Short texts count little, long ones count in full: no padding up, no cutting off."""
    assert embedder.count_tokens("a b") == 2
    assert embedder.count_tokens("a b " * 1000) == 2000


def test_what_is_beyond_the_most_tokens_is_lost(embedder: Embedder) -> None:
    """The first tokens alone decide."""
    start = "word " * embedder.max_tokens

    rows = embedder.embed_passages([start, start + "zebra " * 100])

    assert rows[0] @ rows[1] > 0.999


def test_embedding_by_token_has_the_same_vectors(embedder: Embedder) -> None:
    """Each text in its place: the vector it has anyway, and a row of length 1 for each of its own tokens."""
    embeddings = embedder.embed_passages_by_token(TEXTS)

    rows = embedder.embed_passages(TEXTS)
    assert [float(one.vector @ row) for one, row in zip(embeddings, rows, strict=True)] == pytest.approx(
        [1] * 5, abs=0.01
    )
    lengths = [len(one.tokens) for one in embeddings]
    assert min(lengths) >= 1
    assert lengths[0] == lengths[4] == embedder.count_tokens(TEXTS[0])
    assert lengths[2] == embedder.max_tokens
    for one in embeddings:
        assert one.vector.dtype == np.float32
        assert one.tokens.dtype == np.float32
        assert np.linalg.norm(one.tokens, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert embedder.embed_passages_by_token([]) == []


def test_tokens_of_a_question_are_near_those_that_say_the_same(embedder: Embedder) -> None:
    """The nearest token of a passage that answers is nearer, on average, than that of one that does not."""
    question = embedder.embed_question_by_token("reset password")
    lunch, reset = embedder.embed_passages_by_token(["Lunch is at noon.", "Reset the password."])

    assert question.vector @ embedder.embed_question("reset password") == pytest.approx(1.0, abs=0.01)
    nearness = [(question.tokens @ one.tokens.T).max(axis=1).mean() for one in (lunch, reset)]
    assert nearness[1] > nearness[0] + 0.1


def test_it_has_a_name(embedder: Embedder) -> None:
    """Vectors are kept under it."""
    assert embedder.name
