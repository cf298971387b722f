"""The base in torch: what its GGUF file says, and what llama.cpp computes from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bot.llama import LlamaModel, Weights
from bot.ports import Prompt
from bot.preparing import packaged_model, requantise
from config import finetuning
from finetune.base import Lora, read_base
from finetune.errors import BaseUnusable
from finetune.ports import Piece
from tests.finetune import tiny

F16 = 1  # llama.cpp's number of the format


def test_adapter_is_nothing_before_training(tmp_path: Path) -> None:
    """B is zero: the model begins as its base."""
    path = tiny.write_base(tmp_path / "base.gguf")
    row, places = torch.arange(10, 20).unsqueeze(0), torch.arange(10)

    plain = read_base(path, torch.float32)(row, places)
    adapted = read_base(path, torch.float32, Lora(4, 8.0), seed=1)(row, places)

    torch.testing.assert_close(plain, adapted)


def test_padding_changes_nothing(tmp_path: Path) -> None:
    """A row filled up at its end computes the same."""
    model = read_base(tiny.write_base(tmp_path / "base.gguf"), torch.float32)
    row = torch.arange(10, 20).unsqueeze(0)
    filled = torch.cat((row, torch.zeros(1, 7, dtype=torch.long)), dim=1)

    torch.testing.assert_close(model(row, torch.arange(10)), model(filled, torch.arange(10)))


def test_adapter_names_are_ggufs(tmp_path: Path) -> None:
    """Seven linear kinds a layer, A and B, named as llama.cpp looks for them."""
    model = read_base(tiny.write_base(tmp_path / "base.gguf"), torch.float32, Lora(4, 8.0))

    shapes = {name: tuple(weight.shape) for name, weight in model.by_name(model.trained()).items()}

    assert len(shapes) == 2 * 7 * tiny.LAYERS
    assert shapes["blk.1.ffn_down.weight.lora_a"] == (4, tiny.FEED)
    assert shapes["blk.0.attn_k.weight.lora_b"] == (tiny.WIDTH // 2, 4)


def test_other_architectures_are_refused(tmp_path: Path) -> None:
    """With the option to name another file."""
    with pytest.raises(BaseUnusable, match="--base"):
        read_base(tiny.write_base(tmp_path / "qwen.gguf", "qwen2"), torch.float32)


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    """A file cut short is a sentence."""
    path = tiny.write_base(tmp_path / "base.gguf")
    path.write_bytes(path.read_bytes()[:500])

    with pytest.raises(BaseUnusable, match="not a whole GGUF file"):
        read_base(path, torch.float32)


@pytest.mark.model
def test_logits_are_llama_cpps(tmp_path: Path) -> None:
    """Torch over the dequantised weights against llama.cpp over the same weights in 16 bits."""
    wide = tmp_path / "f16.gguf"
    requantise(packaged_model(), wide, F16, 2)
    theirs = LlamaModel(Weights(wide, None, repack=False, threads=2), "f16")
    ours = read_base(packaged_model(), torch.float32)
    prompting = finetuning.BotPrompting()

    for question, text in (
        ("How many days?", "Everyone gets 25 days."),
        ("who?", "| a | b |\n| --- | --- |\n| ½ | ² |"),
    ):
        user = prompting.user(question, [Piece("p", "Leave", ("UK",), text)])
        row = theirs.encode(Prompt(prompting.system, user, ""))
        theirs._prefill(row)
        expected = np.array(theirs._logits())
        with torch.no_grad():
            got = ours(torch.tensor([row]), torch.tensor([len(row) - 1]))[0].numpy()

        assert np.argmax(got) == np.argmax(expected)
        assert np.abs(got - expected).max() < 0.1
    theirs.close()
