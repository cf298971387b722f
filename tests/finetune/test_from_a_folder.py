"""From a base in the form of Hugging Face to a served model, by the door, as a team with its own base would do it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from bot.gguf_file import read_adapter, read_model
from config.finetuning import BotPrompting
from finetune import examples, runs
from finetune.__main__ import main
from finetune.dataset import prompt_sha256
from finetune.examples import Example, Message
from finetune.ports import Piece
from tests.finetune import hugging, tiny

Done = Callable[..., dict[str, Any]]

CONTEXT = 4096
PIECES = [Piece("leave", "Leave", (), "Everyone gets 25 days."), Piece("badges", "Badges", (), "Reception has them.")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a tiny base in the form of Hugging Face, in three shards."""
    base = tiny.write_base(tmp_path / "base.gguf", vocabulary=hugging.VOCABULARY)
    return hugging.write(tmp_path / "hf", base, shards=3, said={"max_position_embeddings": CONTEXT})


@pytest.fixture
def done(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Done:
    """Give the door, which a dataset and the base are put to; it gives its report, or its sentence."""
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    dataset = make_dataset(tmp_path / "dataset")

    def do(command: str, *options: str) -> dict[str, Any]:
        given = [command, "--base", str(folder), "--dataset", str(dataset), "--run", str(tmp_path / "run")]
        status = main([*given, "--threads", "1", *options])
        said = capsys.readouterr()
        report: dict[str, Any] = json.loads(said.out) if status == 0 else {"said": said.err}
        return report

    return do


def make_dataset(folder: Path) -> Path:
    """Write eight questions, each answered or refused, as train and as dev."""
    prompting = BotPrompting()
    folder.mkdir()
    for side in ("train", "dev"):
        examples.write(folder / f"{side}.jsonl", [_example(f"{side}-{n}", prompting, n % 4 != 3) for n in range(8)])
    sha256 = {"train.jsonl": hashlib.sha256((folder / "train.jsonl").read_bytes()).hexdigest()}
    manifest = {"sha256": sha256, "prompt_sha256": prompt_sha256(prompting)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _example(identity: str, prompting: BotPrompting, is_answerable: bool) -> Example:  # noqa: FBT001 - a value
    answer = "Everyone gets 25 days. [1]" if is_answerable else prompting.refusal
    messages = (
        Message(role="system", content=prompting.system),
        Message(role="user", content=prompting.user(f"How many days, asks {identity}?", PIECES)),
        Message(role="assistant", content=answer),
    )
    gold = (1,) if is_answerable else ()
    return Example(
        id=identity, source="rows", group=identity, kind="plain", messages=messages, gold=gold, answerable=bool(gold)
    )


TRAINED = ("--examples-per-step", "4", "--epochs", "3", "--rank", "4", "--alpha", "8")


def test_adapter_is_served_over_the_file_that_was_made(done: Done, tmp_path: Path) -> None:
    """Trained and exported with one option, gated; the bot takes the adapter for that GGUF file, and for no other."""
    trained = done("train", *TRAINED, "--learning-rate", "0.01")
    exported = done("export", "--trials", "2", "--quantise", "f16")

    base = Path(trained["base"])
    assert base.parent == tmp_path / "data" / "finetune" / "bases"
    assert exported["tried"]["tokens_alike"] > 500
    header = read_adapter(Path(exported["path"]), read_model(base))
    assert header.trained_on == hashlib.sha256(base.read_bytes()).hexdigest()


def test_full_fine_tune_is_exported_as_one_model(done: Done, tmp_path: Path) -> None:
    """No adapter: every weight of the merged file is the trained one, gated as ever, and everything else the base's."""
    trained = done("train", *TRAINED, "--method", "full", "--learning-rate", "0.003")
    exported = done("export", "--trials", "2", "--quantise", "f16")

    out = Path(exported["path"])
    assert (out.name, exported["adapter"], exported["tried"]["adapter"]) == ("merged.gguf", None, None)
    assert sorted(path.name for path in out.parent.iterdir()) == ["card.md", "manifest.json", "merged.gguf"]
    made, base = gguf.GGUFReader(out), gguf.GGUFReader(trained["base"])
    learned = runs.best_weights(tmp_path / "run").weights
    assert {tensor.name for tensor in made.tensors} == learned.keys()
    for tensor in made.tensors:
        assert np.allclose(tensor.data, learned[tensor.name].numpy(), atol=2e-3), tensor.name
    assert not np.allclose(made.tensors[0].data, base.tensors[0].data, atol=2e-3)
    for key in ("tokenizer.ggml.tokens", "tokenizer.chat_template", "llama.rope.freq_base"):
        assert made.fields[key].contents() == base.fields[key].contents()


def test_merged_model_is_trained_on(done: Done, tmp_path: Path) -> None:
    """What was exported is a base like any other."""
    done("train", *TRAINED, "--method", "full", "--learning-rate", "0.003")
    merged = done("export", "--trials", "0", "--quantise", "f16")["path"]
    loss = runs.best_weights(tmp_path / "run").check["loss"]

    again = done("train", *TRAINED, "--method", "full", "--base", str(merged), "--run", str(tmp_path / "again"))

    looks = [line["dev_loss"] for line in runs.read_log(tmp_path / "again" / "log.jsonl") if "dev_loss" in line]
    assert again["base"] == str(merged)
    assert looks[0] == pytest.approx(loss, abs=0.02)


def test_full_fine_tune_goes_with_no_adapter(done: Done, tmp_path: Path) -> None:
    """Neither to begin from, nor as all that is exported."""
    adapter = str(tmp_path / "any.gguf")
    assert "named with --base" in done("train", *TRAINED, "--method", "full", "--begin-from", adapter)["said"]

    done("train", *TRAINED, "--method", "full")

    assert "nothing to export" in done("export", "--quantise", "none")["said"]
    assert "method = full, not lora" in done("train", *TRAINED)["said"]


def test_damaged_folder_is_one_sentence(done: Done, folder: Path) -> None:
    """At the door as below it."""
    next(folder.glob("model-00003*")).unlink()

    said = done("train", *TRAINED)["said"]

    assert "lacks the shard model-00003-of-00003.safetensors" in said
    assert said.count("\n") == 1
