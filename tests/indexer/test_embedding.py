"""The sentence-transformers adapter: what it needs, what it dials, and what its name says."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.errors import EmbedderUnusable

PADDED_TOKENIZER: dict[str, object] = {
    "version": "1.0",
    "truncation": {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0},
    "padding": {
        "strategy": {"Fixed": 8},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    },
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"[PAD]": 0, "[UNK]": 1, "a": 2}, "unk_token": "[UNK]"},
}


def small_model(folder: Path, weights: bytes = b"0123" * 9999) -> Path:
    """Write a folder that looks like a model as long as it is not loaded."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text(json.dumps(PADDED_TOKENIZER))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 64}')
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_tokens_are_counted_without_padding_or_cutting(tmp_path: Path) -> None:
    """A tokenizer file that fills up and cuts off to 8 tokens still counts 2 and 20."""
    embedder = SentenceTransformerEmbedder(str(small_model(tmp_path / "m")), max_tokens=254)

    assert embedder.count_tokens("a b") == 2
    assert embedder.count_tokens("a b " * 10) == 20


def test_model_that_takes_less_is_given_less(tmp_path: Path) -> None:
    """The model's own limit wins over a larger wish, not over a smaller one."""
    model = str(small_model(tmp_path / "m"))

    assert SentenceTransformerEmbedder(model, max_tokens=254).max_tokens == 64
    assert SentenceTransformerEmbedder(model, max_tokens=32).max_tokens == 32


def test_name_differs_with_the_files_and_not_with_the_place(tmp_path: Path) -> None:
    """Moved elsewhere it keeps its name; with other weights or settings it has another."""
    one = small_model(tmp_path / "here" / "mini")
    moved = shutil.copytree(one, tmp_path / "there" / "mini")
    trained = small_model(tmp_path / "trained" / "mini", weights=b"0124" * 9999)
    changed = shutil.copytree(one, tmp_path / "changed" / "mini")
    (changed / "sentence_bert_config.json").write_text('{"max_seq_length": 32}')

    names = [SentenceTransformerEmbedder(str(folder), 254).name for folder in (one, moved, trained, changed)]

    assert names[0].startswith("mini-")
    assert names[0] == names[1]
    assert len(set(names)) == 3


@pytest.mark.parametrize("damage", ["missing", "empty", "no tokenizer", "bad tokenizer"])
def test_unusable_folder_names_the_setting(tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with the folder, the sentence says which setting cures it."""
    folder = tmp_path / "m"
    if damage == "empty":
        folder.mkdir()
    elif damage != "missing":
        small_model(folder)
        (folder / "tokenizer.json").unlink()
    if damage == "bad tokenizer":
        (folder / "tokenizer.json").write_text('{"nonsense": 1}')

    with pytest.raises(EmbedderUnusable, match="FOOTNOTE_EMBEDDER__PATH"):
        SentenceTransformerEmbedder(str(folder), 254).count_tokens("a")


@pytest.mark.model
def test_folder_whose_weights_cannot_be_loaded_names_the_setting(tmp_path: Path) -> None:
    """Damage that only shows on loading is the same kind of error."""
    folder = shutil.copytree(packaged_model_path(), tmp_path / "m")
    (folder / "model.safetensors").write_bytes(b"nonsense" * 100)

    with pytest.raises(EmbedderUnusable, match="FOOTNOTE_EMBEDDER__PATH"):
        SentenceTransformerEmbedder(str(folder), 254).embed_question("a")


def test_counting_and_naming_load_no_model() -> None:
    """PyTorch takes seconds to import; neither the import of the index nor a refresh without changes needs it."""
    child = subprocess.run([sys.executable, "-c", COUNT_AND_NAME], capture_output=True, text=True, check=True)

    assert child.stdout.split() == ["2", "[]"]


COUNT_AND_NAME = """
import sys
from indexer import schedule, search, sync
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path

embedder = SentenceTransformerEmbedder(str(packaged_model_path()), 254)
assert embedder.name and embedder.max_tokens == 254
print(embedder.count_tokens("a b"))
print([name for name in ("torch", "transformers", "sentence_transformers", "huggingface_hub") if name in sys.modules])
"""


@pytest.mark.model
def test_local_folder_dials_nobody() -> None:
    """With every way to a socket closed, and no offline switch set, the packaged model loads and embeds."""
    child = subprocess.run([sys.executable, "-c", EMBED_WITHOUT_NETWORK], capture_output=True, text=True, check=False)

    assert (child.stdout.strip(), child.returncode) == ("(384,)", 0), child.stderr


EMBED_WITHOUT_NETWORK = """
import socket, sys

def refuse(*_given):
    raise SystemExit("dialled")

socket.socket.connect = socket.getaddrinfo = refuse
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
print(SentenceTransformerEmbedder(str(packaged_model_path()), 254).embed_question("hello").shape)
"""


@pytest.mark.model
def test_threads_take_turns() -> None:
    """Four threads at once get what one gets."""
    embedder = SentenceTransformerEmbedder(str(packaged_model_path()), 254)
    texts = [f"Question number {number}?" for number in range(12)]
    expected = embedder.embed_passages(texts)
    found: dict[str, bool] = {}

    def embed(text: str, row: int) -> None:
        found[text] = bool(np.dot(embedder.embed_question(text), expected[row]) > 0.99)

    threads = [threading.Thread(target=embed, args=(text, row)) for row, text in enumerate(texts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == dict.fromkeys(texts, True)
