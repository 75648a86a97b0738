"""The decoder's operations as Triton kernels: each is one launch, and none makes a temporary.

Triton comes with PyTorch's CUDA build. The kernels have no shape of a batch as a constant, so that
they are compiled once a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from engine.generators.torch_backend.choice import advance_beam, advance_sampling, fits
from engine.generators.torch_backend.plain import Plain

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.slots import Slots

__all__ = ["Fused"]


@triton.jit
def _norm(x, weight, out, epsilon, WIDTH: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    at = tl.arange(0, BLOCK)
    inside = at < WIDTH
    wide = tl.load(x + row * WIDTH + at, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(wide * wide) / WIDTH + epsilon)
    narrow = (wide * scale).to(out.dtype.element_ty)
    weights = tl.load(weight + at, mask=inside, other=0.0)
    tl.store(out + row * WIDTH + at, narrow * weights, mask=inside)


@triton.jit
def _activation(x, NAME: tl.constexpr):
    if NAME == "relu":
        x = tl.maximum(x, 0.0)
    elif NAME == "silu":
        x = x * tl.sigmoid(x)
    elif NAME == "gelu_new":
        # tanh by way of the logistic function, which is there on every device.
        x = x * tl.sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x))
    else:
        x = 0.5 * x * (1.0 + tl.erf(x * 0.7071067811865476))
    return x


@triton.jit
def _gate(
    x, out, WIDTH: tl.constexpr, NAME: tl.constexpr, GATED: tl.constexpr, BLOCK: tl.constexpr
):
    row = tl.program_id(0)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = at < WIDTH
    stride = 2 * WIDTH if GATED else WIDTH
    gate = tl.load(x + row * stride + at, mask=inside, other=0.0).to(tl.float32)
    result = _activation(gate, NAME)
    if GATED:
        value = tl.load(x + row * stride + WIDTH + at, mask=inside, other=0.0).to(tl.float32)
        result = result.to(out.dtype.element_ty).to(tl.float32) * value
    tl.store(out + row * WIDTH + at, result.to(out.dtype.element_ty), mask=inside)


@triton.jit
def _self_attention(
    qkv,
    keys,
    values,
    ancestors,
    position,
    bias,
    out,
    width,
    steps,
    bias_steps,
    HEADS: tl.constexpr,
    SIZE: tl.constexpr,
    SIZE_BLOCK: tl.constexpr,
    REORDERED: tl.constexpr,
    BLOCK: tl.constexpr,
):
    row = tl.program_id(0)
    head = tl.program_id(1)
    slot = row // width
    inner = HEADS * SIZE
    feature = tl.arange(0, SIZE_BLOCK)
    inside = feature < SIZE
    now = tl.load(position + slot).to(tl.int32)

    own = qkv + row * 3 * inner + head * SIZE + feature
    q = tl.load(own, mask=inside, other=0.0).to(tl.float32)
    k = tl.load(own + inner, mask=inside, other=0.0)
    v = tl.load(own + 2 * inner, mask=inside, other=0.0)
    # Places of this slot's step t are rows ``(slot * steps + t) * width`` and on.
    place = ((slot * steps + now) * width + row % width).to(tl.int64) * inner + head * SIZE
    tl.store(keys + place + feature, k, mask=inside)
    tl.store(values + place + feature, v, mask=inside)

    most = tl.sum(q * k.to(tl.float32)) + tl.load(bias + head * bias_steps).to(tl.float32)
    total = 1.0
    mixed = v.to(tl.float32)
    for first in range(0, now, BLOCK):
        t = first + tl.arange(0, BLOCK)
        past = t < now
        if REORDERED:
            source = tl.load(ancestors + row * steps + t, mask=past, other=0)
        else:
            source = tl.zeros([BLOCK], tl.int32) + row % width
        at = ((slot * steps + t) * width + source).to(tl.int64) * inner + head * SIZE
        both = past[:, None] & inside[None, :]
        past_k = tl.load(keys + at[:, None] + feature[None, :], mask=both, other=0.0)
        past_v = tl.load(values + at[:, None] + feature[None, :], mask=both, other=0.0)
        back = tl.load(bias + head * bias_steps + now - t, mask=past, other=0.0).to(tl.float32)
        score = tl.sum(q[None, :] * past_k.to(tl.float32), 1) + back
        score = tl.where(past, score, float("-inf"))
        higher = tl.maximum(most, tl.max(score))
        shrink = tl.exp(most - higher)
        weight = tl.exp(score - higher)
        total = total * shrink + tl.sum(weight)
        mixed = mixed * shrink + tl.sum(weight[:, None] * past_v.to(tl.float32), 0)
        most = higher
    result = (mixed / total).to(out.dtype.element_ty)
    tl.store(out + row * inner + head * SIZE + feature, result, mask=inside)


@triton.jit
def _cross_attention(
    q,
    keys,
    values,
    length,
    out,
    width,
    slot_stride,
    HEADS: tl.constexpr,
    SIZE: tl.constexpr,
    SIZE_BLOCK: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    slot = tl.program_id(0)
    head = tl.program_id(1)
    place = tl.program_id(2) * ROWS + tl.arange(0, ROWS)
    inner = HEADS * SIZE
    feature = tl.arange(0, SIZE_BLOCK)
    inside = feature < SIZE
    many = tl.load(length + slot).to(tl.int32)

    rows = (slot * width + place) * inner + head * SIZE
    there = (place < width)[:, None] & inside[None, :]
    query = tl.load(q + rows[:, None] + feature[None, :], mask=there, other=0.0)
    most = tl.full([ROWS], float("-inf"), tl.float32)
    total = tl.zeros([ROWS], tl.float32)
    mixed = tl.zeros([ROWS, SIZE_BLOCK], tl.float32)
    base = slot.to(tl.int64) * slot_stride + head * SIZE
    for first in range(0, many, BLOCK):
        at = first + tl.arange(0, BLOCK)
        used = at < many
        both = used[:, None] & inside[None, :]
        k = tl.load(keys + base + at[:, None] * inner + feature[None, :], mask=both, other=0.0)
        v = tl.load(values + base + at[:, None] * inner + feature[None, :], mask=both, other=0.0)
        score = tl.dot(query, tl.trans(k), input_precision="ieee")
        score = tl.where(used[None, :], score, float("-inf"))
        higher = tl.maximum(most, tl.max(score, 1))
        shrink = tl.exp(most - higher)
        weight = tl.exp(score - higher[:, None])
        total = total * shrink + tl.sum(weight, 1)
        mixed = mixed * shrink[:, None]
        mixed += tl.dot(weight.to(v.dtype), v, input_precision="ieee")
        most = higher
    result = (mixed / total[:, None]).to(out.dtype.element_ty)
    tl.store(out + rows[:, None] + feature[None, :], result, mask=there)


class Fused:
    """:class:`engine.generators.torch_backend.plain.Operations` by Triton."""

    def norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """See :class:`.plain.Operations`."""
        rows, width = x.shape
        out = torch.empty_like(x)
        _norm[(rows,)](x, weight, out, epsilon, WIDTH=width, BLOCK=triton.next_power_of_2(width))
        return out

    def activate(self, x: Tensor, activation: str, *, gated: bool) -> Tensor:
        """See :class:`.plain.Operations`."""
        rows, width = x.shape[0], x.shape[1] // (2 if gated else 1)
        out = x.new_empty(rows, width)
        _gate[(rows, triton.cdiv(width, 1024))](
            x, out, WIDTH=width, NAME=activation, GATED=gated, BLOCK=1024
        )
        return out

    def self_attention(
        self,
        qkv: Tensor,
        keys: Tensor,
        values: Tensor,
        ancestors: Tensor | None,
        position: Tensor,
        bias: Tensor,
    ) -> Tensor:
        """See :class:`.plain.Operations`."""
        slots, steps, width, inner = keys.shape
        heads = bias.shape[0]
        size = inner // heads
        out = qkv.new_empty(slots * width, inner)
        _self_attention[(slots * width, heads)](
            qkv,
            keys,
            values,
            position if ancestors is None else ancestors,
            position,
            bias,
            out,
            width,
            steps,
            bias.shape[1],
            HEADS=heads,
            SIZE=size,
            SIZE_BLOCK=triton.next_power_of_2(size),
            REORDERED=ancestors is not None,
            # Measured: a warp by itself hides more of the memory's latency than four together.
            BLOCK=32,
            num_warps=1,
        )
        return out

    def cross_attention(
        self, q: Tensor, keys: Tensor, values: Tensor, length: Tensor, heads: int
    ) -> Tensor:
        """See :class:`.plain.Operations`."""
        slots, _, inner = keys.shape
        width = q.shape[0] // slots
        size = inner // heads
        out = torch.empty_like(q)
        # Few programs, so small ones, for few states; for many, each key is read by fewer.
        rows, block = (16, 128) if slots == 1 else (64, 64)
        _cross_attention[(slots, heads, triton.cdiv(width, rows))](
            q,
            keys,
            values,
            length,
            out,
            width,
            keys.stride(0),
            HEADS=heads,
            SIZE=size,
            # A product on the tensor cores is at least 16 wide.
            SIZE_BLOCK=max(16, triton.next_power_of_2(size)),
            ROWS=rows,
            BLOCK=block,
        )
        return out

    def advance(self, slots: Slots, logits: Tensor, *, beam: bool, eos: int) -> None:
        """See :class:`.plain.Operations`."""
        if not fits(slots.tokens.shape[1], logits.shape[-1]):
            Plain().advance(slots, logits, beam=beam, eos=eos)
        elif beam:
            advance_beam(slots, logits, eos=eos)
        else:
            advance_sampling(slots, logits, eos=eos)
