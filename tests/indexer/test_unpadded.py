"""A cross-encoder read without padding, against the same one read with it."""

from pathlib import Path

import numpy as np
import pytest
import torch

import finetune
from indexer import unpadded, verifying
from indexer.embedding import packaged_model_path

SHIPPED = Path(finetune.__file__).parent / "shipped"


@pytest.mark.parametrize("count", [1, 5])
def test_logits_are_those_of_the_padded_model(count: int) -> None:
    """The shipped verifier, in float32, over texts from one word to more than it takes."""
    encoder = verifying.opened(packaged_model_path(), SHIPPED)
    model = verifying.model_of(encoder)
    texts = [f"Leave\n{'You get 28 days of leave a year. ' * times}" for times in (1, 40, 2, 200, 9)][:count]
    asked = [["how long is leave?"] * count, texts]
    cut = {"truncation": True, "max_length": verifying.MAX_TOKENS}

    with torch.inference_mode():
        padded = model(**encoder.tokenizer(*asked, padding=True, return_tensors="pt", **cut)).logits
        found = unpadded.logits(model, encoder.tokenizer(*asked, **cut).encodings)

    assert found.shape == padded.shape
    np.testing.assert_allclose(found, padded, atol=1e-4)
