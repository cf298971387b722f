"""Writes the tiny llama in the form of Hugging Face, with a tokenizer of its own, as that library's models come."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import gguf
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from finetune.vocabularies import HARD_TEXTS
from tests.finetune import tiny

VOCABULARY = 600
MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
"""How Llama 3 cuts text, as its own tokenizer.json has it."""
TEXTS = [*HARD_TEXTS, *("The passages say how many days of annual leave everyone gets each year.",) * 3]

THEIRS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def write(
    folder: Path,
    base: Path,
    dtype: torch.dtype = torch.float32,
    shards: int = 1,
    said: Mapping[str, object] = MappingProxyType({}),
) -> Path:
    """Write the model in the GGUF file *base* to *folder*; what is *said* stands in config.json."""
    folder.mkdir(parents=True)
    weights = {_name(name): weight.to(dtype).contiguous() for name, weight in _weights(base).items()}
    config: dict[str, object] = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": tiny.WIDTH,
        "intermediate_size": tiny.FEED,
        "num_hidden_layers": tiny.LAYERS,
        "num_attention_heads": tiny.HEADS,
        "num_key_value_heads": tiny.KV_HEADS,
        "vocab_size": len(weights["model.embed_tokens.weight"]),
        "max_position_embeddings": 256,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    (folder / "config.json").write_text(json.dumps(config | dict(said)))
    _save(folder, weights, shards)
    smollm().save(str(folder / "tokenizer.json"))
    marks = {"bos_token": MARKS[1], "eos_token": MARKS[2], "chat_template": CHATML}
    (folder / "tokenizer_config.json").write_text(json.dumps(marks))
    return folder


def _save(folder: Path, weights: Mapping[str, torch.Tensor], shards: int) -> None:
    if shards == 1:
        save_file(dict(weights), folder / "model.safetensors")
        return
    where = {name: f"model-{number % shards + 1:05}-of-{shards:05}.safetensors" for number, name in enumerate(weights)}
    for file in sorted(set(where.values())):
        save_file({name: weights[name] for name in weights if where[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))


def _weights(base: Path) -> dict[str, torch.Tensor]:
    """Return the weights of *base*, the rows of q and k as there: first halves of pairs, then second ones."""
    found = {}
    for tensor in gguf.GGUFReader(base).tensors:
        weight = np.array(tensor.data)
        if "attn_q" in tensor.name or "attn_k" in tensor.name:
            head = tiny.WIDTH // tiny.HEADS
            heads = [weight[start : start + head] for start in range(0, len(weight), head)]
            weight = np.concatenate([part for rows in heads for part in (rows[0::2], rows[1::2])])
        found[tensor.name] = torch.from_numpy(weight)
    return found


def _name(name: str) -> str:
    if name.startswith("blk."):
        _, number, kind, _ = name.split(".")
        return f"model.layers.{number}.{THEIRS[kind]}.weight"
    return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}.get(
        name, "lm_head.weight"
    )


def smollm() -> Tokenizer:
    """Return a byte-level vocabulary that cuts text as SmolLM does: each digit alone."""
    digits = pre_tokenizers.Digits(individual_digits=True)
    return _byte_level(pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]))


def of_tokens(tokens: list[str], merges: list[list[str]]) -> Tokenizer:
    """Return a vocabulary of *tokens* that were learned by *merges*, which cuts text as SmolLM does."""
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer: Tokenizer = Tokenizer(models.BPE(vocabulary, [(first, second) for first, second in merges]))
    tokenizer.pre_tokenizer = smollm().pre_tokenizer
    tokenizer.add_special_tokens(MARKS)
    return tokenizer


def llama_3() -> Tokenizer:
    """Return a byte-level vocabulary that cuts text as Llama 3 does: up to three digits together."""
    split = pre_tokenizers.Split(Regex(LLAMA_3), behavior="isolated")
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return _byte_level(pre_tokenizers.Sequence([split, plain]))


def whole_lines() -> Tokenizer:
    """Return a byte-level vocabulary that cuts text as nobody does: at the letter e."""
    split = pre_tokenizers.Split(Regex("e"), behavior="isolated")
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return _byte_level(pre_tokenizers.Sequence([split, plain]))


def _byte_level(cut: pre_tokenizers.PreTokenizer) -> Tokenizer:
    tokenizer: Tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = cut
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 20, special_tokens=MARKS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def sentencepiece() -> Tokenizer:
    """Return a vocabulary like Llama 2's: spaces as a low line, unknown characters in tokens of a byte."""
    tokenizer: Tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = [*(AddedToken(mark, special=True) for mark in ("<unk>", "<s>", "</s>"))]
    letters = [chr(code) for code in range(33, 127)]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 20,
        special_tokens=[*special, *(f"<0x{byte:02X}>" for byte in range(256))],
        initial_alphabet=["▁", *letters],
        limit_alphabet=len(letters) + 1,
        show_progress=False,
    )
    words = [word for text in TEXTS for word in text.split()]
    tokenizer.train_from_iterator(words, trainer)
    said = json.loads(tokenizer.to_str())
    said["added_tokens"] = [one for one in said["added_tokens"] if not one["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(said))
