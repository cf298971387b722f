"""Reads a model in the form of Hugging Face: a folder of config.json and safetensors, whole or in shards.

    config.json ─► its kind, its sizes ─► names of its weights ─► which file holds each ─► weights in GGUF's order

Only llamas without biases are read. The turns of q and k pair the first half of a head with the second here, and
neighbours in GGUF: their rows change places on the way.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from finetune.errors import BaseUnusable

CONFIG, INDEX, SINGLE = "config.json", "model.safetensors.index.json", "model.safetensors"
ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM")
"""Those whose weights GGUF calls a llama's."""
FLOATS = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
"""The numbers that weights may come in, with GGUF's names: all are kept as they are."""

_LAYER = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


@dataclass(frozen=True, slots=True)
class Config:
    """What config.json says of a llama. *turn_factors* (head_width / 2) slow each turn down; None where none is."""

    layers: int
    width: int
    feed_width: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int
    context: int
    rope_base: float
    norm_epsilon: float
    is_tied: bool
    turn_factors: NDArray[np.float32] | None


def read_config(folder: Path) -> Config:
    """Return what the model in *folder* is. Raises BaseUnusable for what is no llama that can be trained here."""
    said = read_json(folder / CONFIG)
    _check_kind(said, folder)
    try:
        heads, width = int(said["num_attention_heads"]), int(said["hidden_size"])
        head_width = int(said.get("head_dim") or width // heads)
        rope = said.get("rope_parameters") or said.get("rope_scaling") or {}
        rope_base = float(rope.get("rope_theta") or said.get("rope_theta") or 10_000.0)
        return Config(
            layers=int(said["num_hidden_layers"]),
            width=width,
            feed_width=int(said["intermediate_size"]),
            heads=heads,
            kv_heads=int(said.get("num_key_value_heads") or heads),
            head_width=head_width,
            vocabulary=int(said["vocab_size"]),
            context=int(said.get("max_position_embeddings") or 2048),
            rope_base=rope_base,
            norm_epsilon=float(said.get("rms_norm_eps") or 1e-6),
            is_tied=bool(said.get("tie_word_embeddings", False)),
            turn_factors=_turn_factors(rope, rope_base, head_width, folder),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BaseUnusable(f"{folder / CONFIG} says no {error}; download the model again.") from error


def _check_kind(said: dict[str, Any], folder: Path) -> None:
    """Raise BaseUnusable where *said* is another kind of model than is read here."""
    names = said.get("architectures") or [said.get("model_type", "unknown")]
    reason = ""
    if names[0] not in ARCHITECTURES:
        reason = f"a {names[0]}"
    elif said.get("attention_bias") or said.get("mlp_bias"):
        reason = "a llama with biases"
    elif said.get("hidden_act", "silu") != "silu":
        reason = f"a llama with {said['hidden_act']} in place of silu"
    elif said.get("quantization_config"):
        reason = "a quantised model"
    elif said.get("sliding_window") and said["sliding_window"] < said.get("max_position_embeddings", 0):
        reason = "a model with a sliding window"
    if reason:
        raise BaseUnusable(
            f"{folder} holds {reason}; only plain {' and '.join(ARCHITECTURES)} without biases can be trained here. "
            "Name another base with --base."
        )


def _turn_factors(rope: dict[str, Any], base: float, head_width: int, folder: Path) -> NDArray[np.float32] | None:
    """Return by how much each pair turns more slowly than its *base* says, for contexts longer than pretraining's."""
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind == "default":
        return None
    if kind == "linear":
        return np.full(head_width // 2, float(rope["factor"]), np.float32)
    if kind != "llama3":
        raise BaseUnusable(
            f"{folder} scales its turns in the way {kind!r}; only linear and llama3 can be trained here. "
            "Name another base with --base."
        )
    # As Llama 3.1 was made: quick pairs stay, slow ones are slowed down whole, those between by degrees.
    factor, context = float(rope["factor"]), float(rope["original_max_position_embeddings"])
    slow, quick = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    lengths = 2 * math.pi * base ** (np.arange(0, head_width, 2) / head_width)  # tokens a full turn takes
    kept = np.clip((context / lengths - slow) / (quick - slow), 0.0, 1.0)
    return (1 / (kept + (1 - kept) / factor)).astype(np.float32)


def names(config: Config) -> dict[str, str]:
    """Return the names of all weights, by GGUF's, in the order of a GGUF file."""
    found = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    for number in range(config.layers):
        for theirs, ours in _LAYER.items():
            found[f"blk.{number}.{ours}.weight"] = f"model.layers.{number}.{theirs}.weight"
    return found if config.is_tied else found | {"output.weight": "lm_head.weight"}


class Shards:
    """The weights of a folder's safetensors, one in memory at a time."""

    def __init__(self, folder: Path, config: Config) -> None:
        """Look where each weight is. Raises BaseUnusable where one, or a file of them, is missing or torn."""
        self._config = config
        self._names = names(config)
        self._files = _files(folder)
        missing = [name for name in self._names.values() if name not in self._files]
        if missing:
            raise BaseUnusable(f"{folder} has no weight {missing[0]}; download the model again.")
        self._kinds = {ours: self._looked_at(ours) for ours in self._names}

    def kinds(self) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
        """Return the shape and the numbers of each weight, by GGUF's names and in its order."""
        return dict(self._kinds)

    def weight(self, name: str) -> Tensor:
        """Return the weight that GGUF calls *name*, its rows in GGUF's order. Raises BaseUnusable."""
        theirs = self._names[name]
        try:
            with safe_open(self._files[theirs], framework="pt") as file:
                weight: Tensor = file.get_tensor(theirs)
        except (OSError, SafetensorError) as error:
            raise _torn(self._files[theirs]) from error
        kind = name.split(".")[-2]
        if kind in {"attn_q", "attn_k"}:
            heads = self._config.heads if kind == "attn_q" else self._config.kv_heads
            weight = weight.reshape(heads, 2, -1, weight.shape[1]).transpose(1, 2).reshape(weight.shape)
        return weight.contiguous()

    def _looked_at(self, name: str) -> tuple[tuple[int, ...], torch.dtype]:
        theirs = self._names[name]
        path = self._files[theirs]
        with safe_open(path, framework="pt") as file:
            piece = file.get_slice(theirs)
            shape, kind = tuple(piece.get_shape()), piece.get_dtype()
        numbers = {gguf_name: number for number, gguf_name in FLOATS.items()}.get(kind)
        if numbers is None:
            raise BaseUnusable(f"{path} holds {kind} numbers; only F32, F16 and BF16 can be trained here.")
        wanted = _shape(name, self._config)
        if shape != wanted:
            raise BaseUnusable(f"{path}: {theirs} is {shape}, {CONFIG} makes it {wanted}; download the model again.")
        return shape, numbers


def _files(folder: Path) -> dict[str, Path]:
    """Return the file of each weight. Raises BaseUnusable."""
    if (folder / INDEX).is_file():
        said = read_json(folder / INDEX).get("weight_map")
        if not isinstance(said, dict) or not said:
            raise BaseUnusable(f"{folder / INDEX} names no shards; download the model again.")
        absent = sorted({name for name in said.values() if not (folder / Path(name).name).is_file()})
        if absent:
            raise BaseUnusable(f"{folder} lacks the shard {absent[0]}, which {INDEX} names; download it again.")
        paths = sorted({folder / Path(name).name for name in said.values()})
    elif (folder / SINGLE).is_file():
        paths = [folder / SINGLE]
    else:
        raise BaseUnusable(
            f"{folder} holds no {SINGLE} and no {INDEX}; a base is a GGUF file or a folder of safetensors."
        )
    found: dict[str, Path] = {}
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                found |= dict.fromkeys(file.keys(), path)
        except (OSError, SafetensorError) as error:
            raise _torn(path) from error
    return found


def _shape(name: str, config: Config) -> tuple[int, ...]:
    """Return the shape that a weight must have, rows first."""
    inner, keys = config.heads * config.head_width, config.kv_heads * config.head_width
    return {
        "token_embd": (config.vocabulary, config.width),
        "output": (config.vocabulary, config.width),
        "attn_q": (inner, config.width),
        "attn_k": (keys, config.width),
        "attn_v": (keys, config.width),
        "attn_output": (config.width, inner),
        "ffn_gate": (config.feed_width, config.width),
        "ffn_up": (config.feed_width, config.width),
        "ffn_down": (config.width, config.feed_width),
    }.get(name.split(".")[-2], (config.width,))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in *path*. Raises BaseUnusable where there is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BaseUnusable(
            f"{path.parent} has no {path.name}; a base in the form of Hugging Face is a folder of config.json, "
            "tokenizer.json and safetensors."
        ) from error
    except (OSError, ValueError) as error:
        raise BaseUnusable(f"{path} cannot be read as JSON; download it again.") from error
    if not isinstance(said, dict):
        raise BaseUnusable(f"{path} holds no JSON object; download it again.")
    return said


def _torn(path: Path) -> BaseUnusable:
    return BaseUnusable(f"{path} is damaged or cut short; download it again.")
