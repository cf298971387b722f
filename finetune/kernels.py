"""The pieces of a layer with backward passes of their own: on a CPU twice as fast as torch's in bfloat16.

Weights that read the same input are one product, an adapter is added in place, attention is computed in blocks of
queries that skip what lies ahead of them, and nothing is kept or copied that the backward pass does not need. All are
checked against torch's own in the tests.
"""

import ctypes
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

QUERIES = 192  # of a block: smaller blocks skip more of what lies ahead, larger ones fill the matrix units

# `Any` below is torch's own context, which has no type.


class Adapted(Function):
    """y = W x + scale · B A x for several weights one below the other, each with its own A and B, or none has one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, scale: float, *parts: Tensor) -> Tensor:  # noqa: ANN401
        """Return (tokens, out) for *x* (tokens, in); *parts* are every A (rank, in), then every B (out, rank)."""
        y = torch.mm(x, weight.t())
        if not parts:
            ctx.save_for_backward(weight, *((x,) if ctx.needs_input_grad[1] else ()))
            return y
        a, b = _stacked(parts)
        down = torch.mm(x, a.t())  # (tokens, ranks)
        y.addmm_(down, b.t(), alpha=scale)
        ctx.save_for_backward(weight, x, down, *parts)
        ctx.scale = scale
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """Return the gradients of x, of W where it is trained, and of each A and B."""
        weight, *kept = ctx.saved_tensors
        dy = gradients[0]
        dx = torch.mm(dy, weight)
        if len(kept) < 2:
            return dx, torch.mm(dy.t(), kept[0]) if kept else None, None
        x, down, *parts = kept
        a, b = _stacked(parts)
        ddown = torch.mm(dy, b).mul_(ctx.scale)  # (tokens, ranks)
        dx.addmm_(ddown, a)
        da = torch.mm(ddown.t(), x)
        db = torch.mm(dy.t(), down).mul_(ctx.scale)
        return dx, None, None, *_unstacked(da, db, parts)


class Attention(Function):
    """softmax(q kᵀ / √width) v with rotated q and k, nothing looking ahead; queries share the keys of their group."""

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, turns: Tensor, heads: tuple[int, int], batch: int) -> Tensor:  # noqa: ANN401
        """Return (tokens, heads · width) for *qkv* (tokens, (heads + 2 kv_heads) · width), *heads* (all, kv)."""
        count, groups = heads
        length = qkv.shape[0] // batch
        width = qkv.shape[1] // (count + 2 * groups)
        by_head = qkv.view(batch, length, -1, width).transpose(1, 2)  # (batch, heads, length, width)
        q = _turned(by_head[:, :count], turns).view(batch * groups, count // groups, length, width)
        k = _turned(by_head[:, count : count + groups], turns).view(batch * groups, length, width)
        v = by_head[:, count + groups :].reshape(batch * groups, length, width)
        y = torch.empty_like(q)
        shares = []
        for start in range(0, length, QUERIES):
            end = min(length, start + QUERIES)
            mine = q[:, :, start:end].reshape(batch * groups, -1, width)  # (groups, rows, width)
            ahead = torch.full((end - start, end), -math.inf, dtype=q.dtype, device=q.device).triu_(start + 1)
            ahead = ahead.repeat(count // groups, 1)  # (rows, end)
            scores = torch.baddbmm(ahead, mine, k[:, :end].transpose(1, 2), alpha=1 / math.sqrt(width))
            shares.append(torch.softmax(scores, dim=-1))
            y[:, :, start:end] = torch.bmm(shares[-1], v[:, :end]).view(batch * groups, -1, end - start, width)
        ctx.save_for_backward(q, k, v, turns, *shares)
        ctx.batch = batch
        return _by_token(y, batch)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        """Return the gradient of qkv."""
        q, k, v, turns, *shares = ctx.saved_tensors
        groups, length, width = k.shape
        dy = gradients[0].view(ctx.batch, length, -1, width).transpose(1, 2).reshape(q.shape)
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for number, share in enumerate(shares):
            start, end = number * QUERIES, min(length, (number + 1) * QUERIES)
            mine = q[:, :, start:end].reshape(groups, -1, width)
            dmine = dy[:, :, start:end].reshape(groups, -1, width)
            dv[:, :end] += torch.bmm(share.transpose(1, 2), dmine)
            dshare = torch.bmm(dmine, v[:, :end].transpose(1, 2))
            dscores = torch._softmax_backward_data(dshare, share, -1, share.dtype)  # noqa: SLF001 - it has no public name
            dq[:, :, start:end] = torch.bmm(dscores, k[:, :end]).view(groups, -1, end - start, width)
            dk[:, :end] += torch.bmm(dscores.transpose(1, 2), mine)
        back = turns.conj() / math.sqrt(width)
        dqkv = [_by_token(part, ctx.batch) for part in (_turned(dq, back), _turned(dk, back), dv)]
        return torch.cat(dqkv, dim=1), None, None, None


class RmsNorm(Function):
    """x / √mean(x²) · weight; float32 inside, the input's type outside."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:  # noqa: ANN401
        """Return *x* (tokens, width) normed."""
        wide = x.float()
        inverse = torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon)  # (tokens, 1)
        ctx.save_for_backward(x, weight, inverse)
        return (wide * inverse).mul_(weight).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None]:  # noqa: ANN401
        """Return the gradients of x, and of the weight where it is trained."""
        x, weight, inverse = ctx.saved_tensors
        dy = gradients[0] * weight  # float32, as the weight is
        wide = x.float()
        dweight = (wide * inverse).mul_(gradients[0]).sum(0) if ctx.needs_input_grad[1] else None
        along = (dy * wide).mean(-1, keepdim=True) * inverse.square()
        return dy.addcmul_(wide, along, value=-1).mul_(inverse).to(x.dtype), dweight, None


class Gated(Function):
    """silu(gate) · up of what the first and the second half of a row are."""

    @staticmethod
    def forward(ctx: Any, both: Tensor) -> Tensor:  # noqa: ANN401
        """Return (tokens, width) for *both* (tokens, 2 width)."""
        ctx.save_for_backward(both)
        gate, up = both.chunk(2, dim=1)
        return torch.nn.functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401
        """Return the gradient of both."""
        (both,) = ctx.saved_tensors
        dy = gradients[0]
        gate, up = both.chunk(2, dim=1)
        dboth = torch.empty_like(both)
        dgate, dup = dboth.chunk(2, dim=1)
        torch.mul(dy, torch.nn.functional.silu(gate), out=dup)
        dgate.copy_(torch.ops.aten.silu_backward(dy * up, gate))
        return dboth


def keep_memory() -> None:
    """Have the C library keep freed memory: fetching it anew from the kernel takes a third of a layer's time."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # not glibc
    for option, value in ((-3, 2**30), (-1, 2**31 - 1)):  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD in malloc.h
        mallopt(option, value)


def adapted(x: Tensor, weight: Tensor, scale: float, parts: Sequence[Tensor]) -> Tensor:
    """Return W x + scale · B A x; see Adapted."""
    y: Tensor = Adapted.apply(x, weight, scale, *parts)  # type: ignore[no-untyped-call]  # torch's own
    return y


def attention(qkv: Tensor, turns: Tensor, heads: tuple[int, int], batch: int) -> Tensor:
    """Return what each head gathers from the places before; see Attention."""
    y: Tensor = Attention.apply(qkv, turns, heads, batch)  # type: ignore[no-untyped-call]  # torch's own
    return y


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Return *x* normed; see RmsNorm."""
    y: Tensor = RmsNorm.apply(x, weight, epsilon)  # type: ignore[no-untyped-call]  # torch's own
    return y


def gated(both: Tensor) -> Tensor:
    """Return silu(gate) · up; see Gated."""
    y: Tensor = Gated.apply(both)  # type: ignore[no-untyped-call]  # torch's own
    return y


def _stacked(parts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return every A one below the other and every B along a diagonal, so that all are one product each."""
    half = len(parts) // 2
    if half == 1:
        return parts[0], parts[1]
    diagonal: Tensor = torch.block_diag(*parts[half:])  # type: ignore[no-untyped-call]  # torch's own
    return torch.cat(tuple(parts[:half])), diagonal


def _unstacked(da: Tensor, db: Tensor, parts: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients of every A and every B out of those of the stacked ones."""
    half = len(parts) // 2
    das, dbs = [], []
    rank = row = 0  # where the next A begins, and the next B
    for a, b in zip(parts[:half], parts[half:], strict=True):
        das.append(da[rank : rank + a.shape[0]])
        dbs.append(db[row : row + b.shape[0], rank : rank + a.shape[0]].contiguous())
        rank, row = rank + a.shape[0], row + b.shape[0]
    return [*das, *dbs]


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """Return *x* (…, length, width), each pair of neighbours turned by the complex *turns* (length, width / 2)."""
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


def _by_token(x: Tensor, batch: int) -> Tensor:
    """Return *x* (batch · groups, …, length, width) as (batch · length, all the rest)."""
    length, width = x.shape[-2:]
    return x.view(batch, -1, length, width).transpose(1, 2).reshape(batch * length, -1)
