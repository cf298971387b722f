"""A bad model file is a sentence that names the setting, never a crash."""

from pathlib import Path

import gguf
import numpy as np
import pytest

from bot import gguf_file
from bot.errors import ModelUnusable
from tests.adapters import write_adapter, write_model


def test_a_model_is_read(tmp_path: Path) -> None:
    """The header says what the file is."""
    header = gguf_file.read_model(write_model(tmp_path / "model.gguf"))

    assert header.architecture == "llama"
    assert header.shapes["blk.0.attn_q.weight"] == (8, 8)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a GGUF file"),
        (b"<html>Not found</html>", "not a GGUF file"),
        (b"GGUF\x03\x00\x00\x00junk", "damaged"),
    ],
)
def test_a_foreign_file_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    """Whatever was downloaded instead of a model, the sentence says where it stands and what to set."""
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(ModelUnusable, match=f"FOOTNOTE_MODEL__PATH.*{says}"):
        gguf_file.read_model(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_noticed(tmp_path: Path, share: float) -> None:
    """A download that broke off is found before llama.cpp reads behind its end."""
    path = write_model(tmp_path / "model.gguf")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    with pytest.raises(ModelUnusable, match="damaged or cut short"):
        gguf_file.read_model(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path that was set is in the sentence."""
    with pytest.raises(ModelUnusable, match=r"there is no file .*nowhere\.gguf"):
        gguf_file.read_model(tmp_path / "nowhere.gguf")


def test_an_adapter_in_the_models_place_is_named(tmp_path: Path) -> None:
    """The two settings are easily mixed up; the sentence says which is which."""
    with pytest.raises(ModelUnusable, match=r"is an adapter.*FOOTNOTE_MODEL__ADAPTER_PATH"):
        gguf_file.read_model(write_adapter(tmp_path / "adapter.gguf"))


def test_an_adapter_that_fits_is_read(tmp_path: Path) -> None:
    """Its tensors are those of the model, with the right sides."""
    model = gguf_file.read_model(write_model(tmp_path / "model.gguf"))

    assert gguf_file.read_adapter(write_adapter(tmp_path / "adapter.gguf"), model).kind == "adapter"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"architecture": "qwen2"}, "for a qwen2 model"),
        ({"dtype": np.float64}, "F64"),
        ({"columns": 16}, "trained on another model"),
        ({"weight": "blk.99.attn_q.weight"}, "does not have"),
        ({"weight": "output_norm.weight"}, "trained on another model"),
    ],
)
def test_an_adapter_that_would_crash_is_refused(tmp_path: Path, options: dict[str, object], says: str) -> None:
    """Another architecture, 64-bit numbers, another size, an unknown weight: each ends llama.cpp's process."""
    model = gguf_file.read_model(write_model(tmp_path / "model.gguf"))
    adapter = write_adapter(tmp_path / "adapter.gguf", **options)  # type: ignore[arg-type]  # parametrized

    with pytest.raises(ModelUnusable, match=says):
        gguf_file.read_adapter(adapter, model)


def test_a_model_in_the_adapters_place_is_named(tmp_path: Path) -> None:
    """Not every GGUF is an adapter."""
    path = write_model(tmp_path / "model.gguf")

    with pytest.raises(ModelUnusable, match="is not a LoRA adapter"):
        gguf_file.read_adapter(path, gguf_file.read_model(path))


def test_a_gguf_without_a_language_model_is_refused(tmp_path: Path) -> None:
    """A vocabulary alone is a GGUF file too."""
    writer = gguf.GGUFWriter(tmp_path / "other.gguf", "llama")
    writer.add_tensor("something", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    with pytest.raises(ModelUnusable, match="no language model"):
        gguf_file.read_model(tmp_path / "other.gguf")
