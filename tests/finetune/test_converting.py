"""A base in the form of Hugging Face: the same model as GGUF, the same tokens, or a sentence."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from bot.llama import LlamaModel, Weights, tokens_alone
from bot.ports import Prompt
from bot.preparing import packaged_model
from config.finetuning import SAMPLE_WIKI
from finetune import runs, vocabularies
from finetune.base import read_base
from finetune.converting import as_gguf
from finetune.errors import BaseUnusable
from finetune.hyperparameters import Hyperparameters
from finetune.train import Inputs, train
from finetune.vocabularies import HARD_TEXTS
from tests.finetune import hugging, tiny
from tests.finetune.tiny import silent

ROW = torch.arange(100, 130).unsqueeze(0)
PLACES = torch.arange(30)
LLAMA_3_ROPE = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}  # fmt: skip


def _converted(folder: Path) -> Path:
    return as_gguf(folder, folder.parent / "bases", tokens_alone, silent)


def _base(folder: Path) -> Path:
    return tiny.write_base(folder / "base.gguf", vocabulary=hugging.VOCABULARY)


def _logits(path: Path) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = read_base(path, torch.float32)(ROW, PLACES)
    return logits


def _logits_of_transformers(folder: Path) -> torch.Tensor:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        logits: torch.Tensor = model(ROW).logits[0]
    return logits


@pytest.mark.parametrize("shards", [1, 3])
def test_both_forms_of_a_model_are_the_same_numbers(tmp_path: Path, shards: int) -> None:
    """In one file or in shards: what was GGUF before comes back bit by bit."""
    base = _base(tmp_path)

    made = _converted(hugging.write(tmp_path / "hf", base, shards=shards))

    assert torch.equal(_logits(made), _logits(base))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"rope_theta": 500_000.0, "rope_scaling": LLAMA_3_ROPE},
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10_000.0}},
    ],
)
def test_model_computes_what_transformers_computes(tmp_path: Path, said: dict[str, object]) -> None:
    """With plain turns, and with turns slowed down for longer texts."""
    folder = hugging.write(tmp_path / "hf", _base(tmp_path), said=said)

    made = _converted(folder)

    torch.testing.assert_close(_logits(made), _logits_of_transformers(folder), atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "said", [{}, {"rope_scaling": LLAMA_3_ROPE}, {"rope_scaling": {"type": "linear", "factor": 4.0}}]
)
def test_llama_cpp_computes_what_torch_computes(tmp_path: Path, said: dict[str, object]) -> None:
    """From the file that was made, so that what is served is what is trained."""
    made = _converted(hugging.write(tmp_path / "hf", _base(tmp_path), said=said))
    served = LlamaModel(Weights(made, None, repack=False, threads=1), "made")

    theirs = served.distributions(ROW[0, :20].tolist(), ROW[0, 20:].tolist())
    served.close()

    ours = _logits(made)[19:29].log_softmax(-1).numpy()
    assert np.abs(ours - theirs).max() < 0.05  # llama.cpp keeps keys and values in 16 bits


def test_bfloat16_stays_as_it_is(tmp_path: Path) -> None:
    """As most models come; not a bit is lost."""
    made = _converted(hugging.write(tmp_path / "hf", _base(tmp_path), torch.bfloat16))

    before = read_base(_base(tmp_path / "hf"), torch.bfloat16).state_dict()
    after = read_base(made, torch.bfloat16).state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())


def test_output_of_its_own_is_taken(tmp_path: Path) -> None:
    """Where input and output are two weights, both are there."""
    folder = hugging.write(tmp_path / "hf", _base(tmp_path), said={"tie_word_embeddings": False})
    with pytest.raises(BaseUnusable, match=r"no weight lm_head\.weight"):
        _converted(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    torch.nn.init.normal_(model.lm_head.weight)
    model.save_pretrained(folder)

    torch.testing.assert_close(_logits(_converted(folder)), _logits_of_transformers(folder), atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("tokenizer", "way"),
    [(hugging.smollm, "smollm"), (hugging.llama_3, "llama-bpe"), (hugging.sentencepiece, "default")],
)
def test_tokens_are_the_same_in_llama_cpp(tmp_path: Path, tokenizer: Callable[[], Tokenizer], way: str) -> None:
    """Texts that nobody tried at the making, too."""
    folder = hugging.write(tmp_path / "hf", _base(tmp_path))
    (folder / "tokenizer.json").unlink()
    tokenizer().save(str(folder / "tokenizer.json"))
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = ["Who gets 1234 days?  Nobody's-cat\n\n", "x" * 5 + "½ wörter\t99", *HARD_TEXTS]

    made = _converted(folder)

    assert tokens_alone(made, texts) == [theirs.encode(text, add_special_tokens=False).ids for text in texts]
    assert gguf.GGUFReader(made).fields["tokenizer.ggml.pre"].contents() == way


@pytest.mark.model
def test_real_vocabulary_comes_back(tmp_path: Path) -> None:
    """The shipped base's tokens as a tokenizer.json, and from that the same tokens again, over a whole wiki."""
    fields = gguf.GGUFReader(packaged_model()).fields
    tokens, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    hugging.of_tokens(tokens, [merge.split(" ") for merge in merges]).save(str(tmp_path / "tokenizer.json"))
    texts = [path.read_text() for path in sorted(SAMPLE_WIKI.rglob("*.md"))]

    vocabulary = vocabularies.read(tmp_path, len(tokens), tokens_alone)

    writer = gguf.GGUFWriter(tmp_path / "made.gguf", "llama")
    vocabulary.write(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert vocabulary.way == "smollm"
    assert len(texts) > 5
    assert tokens_alone(tmp_path / "made.gguf", texts) == tokens_alone(packaged_model(), texts)


def test_training_on_either_form_is_the_same(tmp_path: Path) -> None:
    """Step by step the same losses, to the last bit."""
    base = _base(tmp_path)
    made = _converted(hugging.write(tmp_path / "hf", base))
    settings = Hyperparameters(rank=4, alpha=16.0, learning_rate=0.02, examples_per_step=8, epochs=1)
    data = tiny.examples(40)

    losses = []
    for number, path in enumerate((base, made)):
        folder = tmp_path / f"run{number}"
        train(Inputs(path, data, data, {}, openers=()), settings, folder, 1, lambda _line: None)
        losses.append([line["loss"] for line in runs.read_log(folder / "log.jsonl") if "loss" in line])

    assert len(losses[0]) == 5
    assert losses[0] == losses[1]


def test_prompt_is_written_in_its_own_template(tmp_path: Path) -> None:
    """With the marks as one token each, and ended by the token that the template ends with."""
    made = _converted(hugging.write(tmp_path / "hf", _base(tmp_path)))
    theirs = Tokenizer.from_file(str(tmp_path / "hf" / "tokenizer.json"))
    served = LlamaModel(Weights(made, None, repack=False, threads=1), "made")

    tokens, end = served.encode(Prompt("Cite.", "Who?", "")), served.end
    served.close()

    written = "<|im_start|>system\nCite.<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n"
    assert tokens == theirs.encode(written, add_special_tokens=False).ids
    assert end == theirs.token_to_id("<|im_end|>")


def test_file_is_made_once_and_the_same_everywhere(tmp_path: Path) -> None:
    """A second start finds it; another machine, another folder's name, makes the same bytes."""
    base = _base(tmp_path)
    first = _converted(hugging.write(tmp_path / "hf", base))
    before = first.stat().st_mtime_ns

    again = _converted(tmp_path / "hf")
    elsewhere = as_gguf(hugging.write(tmp_path / "other", base), tmp_path / "others", tokens_alone, silent)

    assert (again, again.stat().st_mtime_ns) == (first, before)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, elsewhere)}
    assert len(digests) == 1


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _other_cutting(folder: Path) -> None:
    hugging.whole_lines().save(str(folder / "tokenizer.json"))


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _missing_shard(folder: Path) -> None:
    next(folder.glob("model-00002*")).unlink()


def _torn_shard(folder: Path) -> None:
    path = next(folder.glob("model-00002*"))
    path.write_bytes(path.read_bytes()[:-100])


def _torn_config(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text()[:-20])


def _saying(**said: object) -> Callable[[Path], None]:
    def say(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | said))

    return say


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_no_tokenizer, "has no tokenizer.json"),
        (_other_cutting, "llama.cpp's own converter"),
        (_no_config, "has no config.json"),
        (_missing_shard, "lacks the shard model-00002-of-00003.safetensors"),
        (_torn_shard, "model-00002-of-00003.safetensors is damaged or cut short"),
        (_torn_config, "cannot be read as JSON"),
        (_saying(architectures=["Qwen2ForCausalLM"]), "holds a Qwen2ForCausalLM"),
        (_saying(attention_bias=True), "a llama with biases"),
        (_saying(quantization_config={"quant_method": "gptq"}), "a quantised model"),
        (_saying(rope_scaling={"type": "yarn", "factor": 2.0}), "scales its turns in the way 'yarn'"),
        (_saying(num_key_value_heads=4), "makes it"),
        (_saying(vocab_size=300), "makes it"),
        (_saying(hidden_size="wide"), "download the model again"),
    ],
)
def test_what_cannot_be_trained_is_a_sentence(tmp_path: Path, harm: Callable[[Path], None], words: str) -> None:
    """It names what is wrong, and nothing half-made is left."""
    folder = hugging.write(tmp_path / "hf", _base(tmp_path), shards=3)
    harm(folder)

    with pytest.raises(BaseUnusable, match=words.replace("(", r"\(")):
        _converted(folder)

    assert not list((tmp_path / "bases").glob("*"))


def test_folder_without_weights_is_a_sentence(tmp_path: Path) -> None:
    """As an empty clone without its large files is."""
    folder = hugging.write(tmp_path / "hf", _base(tmp_path))
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(BaseUnusable, match="damaged or cut short"):
        _converted(folder)

    (folder / "model.safetensors").unlink()
    with pytest.raises(BaseUnusable, match=r"holds no model\.safetensors"):
        _converted(folder)
