"""An adapter added to the weights for good writes what the adapter beside them writes."""

from pathlib import Path

import gguf
import numpy as np
import pytest
from numpy.typing import NDArray

from bot.errors import ModelUnusable
from bot.merging import merge
from tests.adapters import write_adapter, write_model


def _weight(path: Path, name: str) -> NDArray[np.float32]:
    (tensor,) = (each for each in gguf.GGUFReader(path).tensors if each.name == name)
    return np.asarray(tensor.data, dtype=np.float32)


def test_the_adapters_product_is_added_at_its_scale(tmp_path: Path) -> None:
    """W + alpha / rank · B A, and nothing else of the model moves."""
    base = write_model(tmp_path / "base.gguf")
    adapter = write_adapter(tmp_path / "adapter.gguf", seed=1)
    a, b = (_weight(adapter, f"blk.0.attn_q.weight.lora_{part}") for part in "ab")

    merge(base, adapter, tmp_path / "merged.gguf")

    assert np.allclose(_weight(tmp_path / "merged.gguf", "blk.0.attn_q.weight"), 4.0 / 2 * (b @ a), atol=2e-3)
    for name in ("token_embd.weight", "output_norm.weight"):
        assert np.array_equal(_weight(tmp_path / "merged.gguf", name), _weight(base, name))


def test_an_adapter_of_another_model_is_a_sentence_and_writes_nothing(tmp_path: Path) -> None:
    """The cure is named, and no half of a file is left."""
    base = write_model(tmp_path / "base.gguf")
    adapter = write_adapter(tmp_path / "adapter.gguf", columns=16)

    with pytest.raises(ModelUnusable, match="trained on another model"):
        merge(base, adapter, tmp_path / "merged.gguf")

    assert {path.name for path in tmp_path.iterdir()} == {"base.gguf", "adapter.gguf"}


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A missing folder, as a full disk, is said with what to do."""
    base = write_model(tmp_path / "base.gguf")
    adapter = write_adapter(tmp_path / "adapter.gguf", seed=1)

    with pytest.raises(ModelUnusable, match="could not be written"):
        merge(base, adapter, tmp_path / "none" / "merged.gguf")
