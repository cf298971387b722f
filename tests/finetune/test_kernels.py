"""Our backward passes against torch's own."""

import torch
from torch import Tensor
from torch.nn import functional

from finetune import kernels


def _gradients(y: Tensor, *inputs: Tensor) -> list[Tensor]:
    """Return the gradients of *inputs* for a fixed gradient of *y*."""
    upstream = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)
    return list(torch.autograd.grad(y, inputs, upstream))


def _random(*shape: int, seed: int = 0) -> Tensor:
    numbers = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return numbers.requires_grad_()


def test_attention_is_torchs() -> None:
    """Over several blocks of queries, two examples and shared keys, with rotation."""
    batch, length, heads, groups, width = 2, 2 * kernels.QUERIES + 17, 4, 2, 8
    qkv = _random(batch * length, (heads + 2 * groups) * width)
    angles = torch.outer(torch.arange(length).float(), 10.0 ** -torch.arange(0, 1, 0.25))
    turns = torch.polar(torch.ones_like(angles), angles)

    ours = kernels.attention(qkv, turns, (heads, groups), batch)
    q, k, v = torch.split(qkv.view(batch, length, -1, width).transpose(1, 2), [heads, groups, groups], dim=1)
    theirs = functional.scaled_dot_product_attention(
        _turned(q, angles), _turned(k, angles).repeat_interleave(2, 1), v.repeat_interleave(2, 1), is_causal=True
    )
    theirs = theirs.transpose(1, 2).reshape(batch * length, -1)

    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(_gradients(ours, qkv), _gradients(theirs, qkv), atol=1e-5, rtol=1e-4)


def _turned(x: Tensor, angles: Tensor) -> Tensor:
    even, odd = x[..., 0::2], x[..., 1::2]
    cosines, sines = angles.cos(), angles.sin()
    return torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), -1).flatten(-2)


def test_adapted_weights_are_a_product_and_two_small_ones() -> None:
    """Several weights at once, and one without an adapter."""
    x = _random(9, 6)
    weights = [_random(rows, 6, seed=rows).detach() for rows in (4, 3)]
    parts = [_random(2, 6, seed=1), _random(2, 6, seed=2), _random(4, 2, seed=3), _random(3, 2, seed=4)]

    ours = kernels.adapted(x, torch.cat(weights), 1.5, parts)
    theirs = torch.cat(
        [x @ w.t() + 1.5 * (x @ a.t()) @ b.t() for w, a, b in zip(weights, parts[:2], parts[2:], strict=True)], 1
    )

    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(_gradients(ours, x, *parts), _gradients(theirs, x, *parts))
    bare = kernels.adapted(x, weights[0], 0.0, [])
    torch.testing.assert_close(_gradients(bare, x), _gradients(x @ weights[0].t(), x))


def test_trained_weights_have_torchs_gradients() -> None:
    """Where every weight is trained: those of a product, and of a norm."""
    x, weight, scale = _random(9, 6), _random(4, 6, seed=1), torch.rand(6, dtype=torch.float32).requires_grad_()
    narrow = x.detach().float().requires_grad_()

    product, normed = kernels.adapted(x, weight, 0.0, []), kernels.rms_norm(narrow, scale, 1e-5)

    torch.testing.assert_close(_gradients(product, x, weight), _gradients(x @ weight.t(), x, weight))
    torchs = functional.rms_norm(narrow, (6,), scale, 1e-5)
    torch.testing.assert_close(_gradients(normed, narrow, scale), _gradients(torchs, narrow, scale))


def test_norm_and_gate_are_torchs() -> None:
    """Both with their gradients."""
    x, weight = _random(5, 8).float().detach().requires_grad_(), torch.rand(8)
    both = _random(5, 8)

    normed, gated = kernels.rms_norm(x, weight, 1e-5), kernels.gated(both)
    torchs_norm = functional.rms_norm(x, (8,), weight, 1e-5)
    torchs_gate = functional.silu(both[:, :4]) * both[:, 4:]

    torch.testing.assert_close(normed, torchs_norm)
    torch.testing.assert_close(_gradients(normed, x), _gradients(torchs_norm, x))
    torch.testing.assert_close(gated, torchs_gate)
    torch.testing.assert_close(_gradients(gated, both), _gradients(torchs_gate, both))
