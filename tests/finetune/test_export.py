"""The adapter file: GGUF that the bot takes, gated, its manifest last; and what was learned survives it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch

from bot.errors import ModelUnusable
from bot.gguf_file import read_adapter, read_model
from bot.llama import LlamaModel, Weights
from bot.ports import Prompt
from bot.preparing import packaged_model
from config import foundry
from finetune import adapter_file, runs
from finetune.base import Lora, read_base
from finetune.errors import RunUnusable
from finetune.hyperparameters import Hyperparameters
from finetune.tokens import Tokens
from finetune.train import Inputs, train
from tests.finetune import tiny

SETTINGS = Hyperparameters(rank=4, alpha=16.0)
ORIGINS = {"base_sha256": "b" * 64, "dataset_sha256": "d" * 64, "prompt_sha256": "p" * 64}


def _adapter(base: Path, seed: int = 1) -> dict[str, torch.Tensor]:
    """Return an adapter of random numbers for *base*."""
    torch.manual_seed(seed)
    model = read_base(base, torch.float32, Lora(4, 16.0))
    return {name: torch.randn_like(weight) * 0.1 for name, weight in model.by_name(model.trained()).items()}


def test_bot_takes_the_file(tmp_path: Path) -> None:
    """It names its architecture, kind, scale and origins, and fits its base, tensor by tensor."""
    base = tiny.write_base(tmp_path / "base.gguf")

    origins = ORIGINS | {"base_sha256": hashlib.sha256(base.read_bytes()).hexdigest()}

    adapter_file.write(tmp_path / "adapter.gguf", _adapter(base), SETTINGS, origins, "base")

    header = read_adapter(tmp_path / "adapter.gguf", read_model(base))
    assert header.types == {gguf.GGMLQuantizationType.F16}
    fields = gguf.GGUFReader(tmp_path / "adapter.gguf").fields
    assert fields["adapter.lora.alpha"].contents() == 16.0
    assert fields["adapter.lora.alpha"].types == [gguf.GGUFValueType.FLOAT32]
    assert {key: fields[f"footnote.{key}"].contents() for key in origins} == origins


def test_bot_refuses_it_for_another_base_of_the_same_shapes(tmp_path: Path) -> None:
    """Another model of the same family would take it, and write nonsense."""
    base = tiny.write_base(tmp_path / "base.gguf")
    adapter_file.write(tmp_path / "adapter.gguf", _adapter(base), SETTINGS, ORIGINS, "base")

    with pytest.raises(ModelUnusable, match="trained on another file"):
        read_adapter(tmp_path / "adapter.gguf", read_model(base))


def test_what_was_exported_can_be_trained_on(tmp_path: Path) -> None:
    """It comes back as it was written, to float16, and only for a run of its rank."""
    adapter = _adapter(tiny.write_base(tmp_path / "base.gguf"))
    adapter_file.write(tmp_path / "adapter.gguf", adapter, SETTINGS, ORIGINS, "base")

    weights, trained_on = adapter_file.read(tmp_path / "adapter.gguf", SETTINGS)

    assert trained_on == ORIGINS["base_sha256"]
    assert weights.keys() == adapter.keys()
    assert all(torch.allclose(weights[name], weight, atol=1e-3) for name, weight in adapter.items())
    with pytest.raises(RunUnusable, match="--rank"):
        adapter_file.read(tmp_path / "adapter.gguf", replace(SETTINGS, rank=8))
    with pytest.raises(RunUnusable, match="not an adapter"):
        adapter_file.read(tmp_path / "base.gguf", SETTINGS)


def test_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """An infinite weight would silence the model."""
    adapter = _adapter(tiny.write_base(tmp_path / "base.gguf"))
    adapter["blk.0.attn_q.weight.lora_a"][0, 0] = 1e6

    with pytest.raises(RunUnusable, match="float16"):
        adapter_file.write(tmp_path / "adapter.gguf", adapter, SETTINGS, ORIGINS, "base")
    assert not (tmp_path / "adapter.gguf").exists()


@pytest.mark.model
def test_adapter_changes_llama_cpp_as_it_changes_torch(tmp_path: Path) -> None:
    """A large random adapter over the shipped base: the same distribution within what 4 bits lose."""
    base = packaged_model()
    settings = Hyperparameters(rank=4, alpha=8.0)
    torch.manual_seed(3)
    plain = read_base(base, torch.float32, Lora(4, 8.0))
    adapter = {name: torch.randn_like(weight) * 0.08 for name, weight in plain.by_name(plain.trained()).items()}
    adapter_file.write(tmp_path / "adapter.gguf", adapter, settings, ORIGINS, "base")
    served = LlamaModel(Weights(base, tmp_path / "adapter.gguf", repack=False, threads=1), "tuned")
    row = served.encode(Prompt("Answer.", "[1] Leave\nEveryone gets 25 days of leave.\n\nQuestion: How many?", ""))

    served._prefill(row)
    theirs = torch.from_numpy(np.array(served._logits())).log_softmax(-1)
    before = plain(torch.tensor([row]), torch.tensor([len(row) - 1]))[0].log_softmax(-1).detach()
    plain.put(adapter)
    with torch.no_grad():
        ours = plain(torch.tensor([row]), torch.tensor([len(row) - 1]))[0].log_softmax(-1)
    served.close()

    def divergence(one: torch.Tensor, other: torch.Tensor) -> float:
        return float((one.exp() * (one - other)).sum())

    assert divergence(ours, before) > 0.1  # the adapter does something
    assert divergence(ours, theirs) < 0.02


@pytest.mark.model
@pytest.mark.slow
def test_what_is_learned_by_heart_survives_the_export(tmp_path: Path) -> None:
    """Six prompts, six made-up answers: llama.cpp with the exported adapter writes them, to the end token."""
    base = packaged_model()
    vocabulary = foundry.LlamaVocabulary(base)
    keepers = {"Ada": "keys", "Bo": "bees", "Cy": "clocks", "Di": "maps", "Ed": "boats", "Flo": "lamps"}
    learned = {f"Who is {name}?": f"{name} keeps the {thing}. [1]" for name, thing in keepers.items()}
    ids, starts, answers = [], [0], []
    for question, answer in learned.items():
        prompt = vocabulary.encode("Cite.", question)
        ids += [*prompt, *vocabulary.tokenize(answer), vocabulary.end]
        answers.append(len(prompt))
        starts.append(len(ids))
    data = Tokens(np.array(ids, np.int32), np.array(starts), np.array(answers), np.ones(len(learned), np.bool_))
    settings = replace(SETTINGS, rank=8, learning_rate=5e-3, examples_per_step=6, epochs=24, minutes_between_checks=99)

    train(Inputs(base, data, data, ORIGINS, ()), settings, tmp_path / "run", 1, lambda _line: None)
    kept = runs.best_weights(tmp_path / "run").weights
    adapter_file.write(tmp_path / "adapter.gguf", kept, settings, ORIGINS, "base")
    served = LlamaModel(Weights(base, tmp_path / "adapter.gguf", repack=False, threads=1), "tuned")
    written = {
        question: "".join(piece.text for piece in served.complete(Prompt("Cite.", question, ""), 30))
        for question in learned
    }
    served.close()

    assert written == learned
