"""The base model in torch: a llama read from its GGUF file, with GGUF's names and rope, ready to be trained.

    tokens (batch, length) ─► embedding ─► layers × (attention, feed-forward) ─► norm ─► logits where they are asked for

Tensors keep the names and the row order of the file, so that a LoRA of one is exported as it is: nothing is permuted.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.errors import BaseUnusable
from finetune.kernels import adapted, attention, gated, rms_norm

GROUPS = (("attn_q", "attn_k", "attn_v"), ("attn_output",), ("ffn_gate", "ffn_up"), ("ffn_down",))
"""The linear weights of a layer; those of a group read the same input."""
LINEAR_KINDS = tuple(kind for group in GROUPS for kind in group)


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a llama model, as its GGUF file gives them."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    rope_base: float
    norm_epsilon: float


@dataclass(frozen=True, slots=True)
class Lora:
    """What is added to each linear weight W: alpha / rank · B A."""

    rank: int
    alpha: float


class Linears(nn.Module):
    """Weights that read the same input, one below the other, each with a LoRA A (rank, in), B (out, rank), or none."""

    def __init__(self, weights: dict[str, Tensor], lora: Lora | None, generator: torch.Generator) -> None:
        super().__init__()
        self.rows = {kind: len(weight) for kind, weight in weights.items()}
        self.weight = _frozen(torch.cat(list(weights.values())))
        self._scale = lora.alpha / lora.rank if lora else 0.0
        self.lora_a = nn.ParameterDict()
        self.lora_b = nn.ParameterDict()
        if lora is None:
            return
        for kind, weight in weights.items():
            bound = 1 / math.sqrt(weight.shape[1])  # kaiming_uniform with a = √5, as in the paper's code
            start = torch.empty(lora.rank, weight.shape[1]).uniform_(-bound, bound, generator=generator)
            self.lora_a[kind] = nn.Parameter(start.to(weight.dtype))
            self.lora_b[kind] = nn.Parameter(torch.zeros(weight.shape[0], lora.rank, dtype=weight.dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Return (tokens, out of all) for *x* (tokens, in)."""
        parts = (*self.lora_a.values(), *self.lora_b.values())
        return adapted(x, self.weight, self._scale, parts)


class Layer(nn.Module):
    """One block: attention, then the feed-forward, each added to what came in."""

    def __init__(
        self, number: int, shape: Shape, weights: dict[str, Tensor], lora: Lora | None, generator: torch.Generator
    ) -> None:
        super().__init__()
        self._shape = shape
        self.attn_norm = _frozen(weights[f"blk.{number}.attn_norm.weight"])
        self.ffn_norm = _frozen(weights[f"blk.{number}.ffn_norm.weight"])
        self.linears = nn.ModuleList(  # pop: the model is not in memory twice while it is put together
            Linears({kind: weights.pop(f"blk.{number}.{kind}.weight") for kind in group}, lora, generator)
            for group in GROUPS
        )

    def forward(self, x: Tensor, turns: Tensor, batch: int) -> Tensor:
        """Return *x* of shape (batch · length, width) after this block. Padding is at the end: nothing looks at it."""
        shape = self._shape
        queries, output, opened, down = self.linears
        qkv = queries(rms_norm(x, self.attn_norm, shape.norm_epsilon))
        x = x + output(attention(qkv, turns, (shape.heads, shape.kv_heads), batch))
        both = opened(rms_norm(x, self.ffn_norm, shape.norm_epsilon))
        y: Tensor = x + down(gated(both))
        return y

    def parameters_by_rows(self, number: int) -> Iterator[tuple[dict[str, int], nn.Parameter]]:
        """Yield every parameter with the GGUF names of what is in it, and the rows of each, from the top."""
        yield {f"blk.{number}.attn_norm.weight": len(self.attn_norm)}, self.attn_norm
        yield {f"blk.{number}.ffn_norm.weight": len(self.ffn_norm)}, self.ffn_norm
        for linears in self.linears:
            assert isinstance(linears, Linears), "what a layer is made of"
            yield {f"blk.{number}.{kind}.weight": rows for kind, rows in linears.rows.items()}, linears.weight
            for kind, a in linears.lora_a.items():
                b = linears.lora_b[kind]
                yield {f"blk.{number}.{kind}.weight.lora_a": len(a)}, a
                yield {f"blk.{number}.{kind}.weight.lora_b": len(b)}, b


class Llama(nn.Module):
    """A llama with frozen weights and, where *lora* is given, an adapter on every linear weight.

    To train all of it, without an adapter, thaw it with `requires_grad_()`.
    Takes its linear weights out of *weights*. "rope_freqs.weight", where it is there, slows turns down.
    """

    def __init__(self, shape: Shape, weights: dict[str, Tensor], lora: Lora | None, seed: int) -> None:
        super().__init__()
        self.turn_factors: Tensor
        generator = torch.Generator().manual_seed(seed)
        self.shape = shape
        self.lora = lora
        self.embedding = nn.Parameter(weights["token_embd.weight"], requires_grad=False)
        self.output = self.embedding if "output.weight" not in weights else _frozen(weights["output.weight"])
        self.output_norm = _frozen(weights["output_norm.weight"])
        factors = weights.get("rope_freqs.weight", torch.ones(shape.head_width // 2))
        self.register_buffer("turn_factors", factors, persistent=False)
        self.layers = nn.ModuleList(Layer(number, shape, weights, lora, generator) for number in range(shape.layers))

    def forward(self, tokens: Tensor, wanted: Tensor) -> Tensor:
        """Return float32 logits of shape (wanted, vocabulary) after the places *wanted* of *tokens*, flattened."""
        batch, length = tokens.shape
        x = functional.embedding(tokens, self.embedding).reshape(batch * length, -1)
        turns = _turns(length, self.shape, self.turn_factors)
        for layer in self.layers:
            x = layer(x, turns, batch)
        chosen = x[wanted]
        h = rms_norm(chosen, self.output_norm, self.shape.norm_epsilon)
        return functional.linear(h, self.output).float()

    def trained(self) -> list[nn.Parameter]:
        """Return what is trained, the adapter or every weight, always in the same order."""
        return [parameter for _, parameter in self._trained()]

    def by_name(self, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return views of *tensors*, which stand for those of `trained`, by GGUF's names."""
        found: dict[str, Tensor] = {}
        for (rows, _), tensor in zip(self._trained(), tensors, strict=True):
            found |= zip(rows, torch.split(tensor, list(rows.values())), strict=True)
        return found

    def put(self, weights: Mapping[str, Tensor]) -> None:
        """Take *weights*, by GGUF's names, in place of those that are trained."""
        with torch.no_grad():
            for name, parameter in self.by_name(self.trained()).items():
                parameter.copy_(weights[name])

    def _trained(self) -> Iterator[tuple[dict[str, int], nn.Parameter]]:
        for rows, parameter in self._all():
            if parameter.requires_grad:
                yield rows, parameter

    def _all(self) -> Iterator[tuple[dict[str, int], nn.Parameter]]:
        yield {"token_embd.weight": len(self.embedding)}, self.embedding
        if self.output is not self.embedding:
            yield {"output.weight": len(self.output)}, self.output
        yield {"output_norm.weight": len(self.output_norm)}, self.output_norm
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, Layer), "what a llama is made of"
            yield from layer.parameters_by_rows(number)


def read_base(path: Path, dtype: torch.dtype, lora: Lora | None = None, seed: int = 0) -> Llama:
    """Return the model in *path*, its 2-D weights as *dtype*. Raises BaseUnusable with the cure."""
    reader = _opened(path)
    shape = _shape(reader, path)
    weights: dict[str, Tensor] = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        kind = dtype if values.ndim > 1 else torch.float32
        weights[tensor.name] = torch.from_numpy(np.ascontiguousarray(values)).to(kind)
    missing = [name for name in _needed(shape) if name not in weights]
    if missing or any(name.endswith(".bias") for name in weights):
        what = f"has no {missing[0]}" if missing else "has biases"
        raise BaseUnusable(f"{path} {what}; only llama models without biases can be trained here.")
    return Llama(shape, weights, lora, seed)


def _opened(path: Path) -> gguf.GGUFReader:
    try:
        return gguf.GGUFReader(path)
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise BaseUnusable(f"{path} is not a whole GGUF file; name the base model's file with --base.") from error


def _shape(reader: gguf.GGUFReader, path: Path) -> Shape:
    def value(key: str, default: Any = None) -> Any:  # noqa: ANN401 - a GGUF value may be anything
        field = reader.fields.get(key)
        return field.contents() if field is not None else default

    architecture = value("general.architecture")
    scaling = value("llama.rope.scaling.type", "none")
    if architecture != "llama" or scaling != "none":
        raise BaseUnusable(
            f"{path} is a model of the kind {architecture}, rope scaling {scaling}; only plain llama models can be "
            "trained here. Name another base with --base."
        )
    width, heads = int(value("llama.embedding_length")), int(value("llama.attention.head_count"))
    return Shape(
        layers=int(value("llama.block_count")),
        width=width,
        heads=heads,
        kv_heads=int(value("llama.attention.head_count_kv", heads)),
        head_width=int(value("llama.attention.key_length", width // heads)),
        rope_base=float(value("llama.rope.freq_base", 10_000.0)),
        norm_epsilon=float(value("llama.attention.layer_norm_rms_epsilon")),
    )


def _needed(shape: Shape) -> list[str]:
    kinds = (*LINEAR_KINDS, "attn_norm", "ffn_norm")
    return [
        "token_embd.weight",
        "output_norm.weight",
        *(f"blk.{number}.{kind}.weight" for number in range(shape.layers) for kind in kinds),
    ]


def _frozen(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight, requires_grad=False)


def _turns(length: int, shape: Shape, factors: Tensor) -> Tensor:
    """Return by how much each pair is turned at each place: complex numbers of shape (length, head_width / 2)."""
    device = factors.device
    steps = torch.arange(0, shape.head_width, 2, device=device, dtype=torch.float32) / shape.head_width
    angles = torch.outer(torch.arange(length, device=device, dtype=torch.float32), shape.rope_base**-steps / factors)
    return torch.polar(torch.ones_like(angles), angles)
