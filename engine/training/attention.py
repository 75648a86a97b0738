"""T5's attention over packed sequences: with the kernels on a GPU, in plain PyTorch elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from engine.training.batches import Sequences

__all__ = ["Fused", "Plain"]

_PARTS = 32
"""Into so many sums the gradient of the bias is split, so that there is work for the whole GPU."""


class Plain:
    """Attention on rows padded to the longest sequence: the reference, and what a CPU runs."""

    block = 64

    def within(
        self, qkv: Tensor, table: Tensor, rows: Sequences, *, heads: int, causal: bool
    ) -> Tensor:
        """Self-attention: tokens × 3·inner gives tokens × inner.

        ``table``: heads × (2·reach + 1), the bias by distance, key's place minus query's place.
        """
        q, k, v = qkv.chunk(3, dim=-1)
        return _padded_attention(q, k, v, rows, rows, heads, table, causal=causal)

    def across(
        self, q: Tensor, kv: Tensor, queries: Sequences, keys: Sequences, *, heads: int
    ) -> Tensor:
        """Attention of one row of sequences to another: no bias."""
        k, v = kv.chunk(2, dim=-1)
        return _padded_attention(q, k, v, queries, keys, heads, None, causal=False)


def _padded_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    queries: Sequences,
    keys: Sequences,
    heads: int,
    table: Tensor | None,
    *,
    causal: bool,
) -> Tensor:
    # Those that are none lie behind the others.
    count = int((queries.length > 0).sum())

    def padded(packed: Tensor, rows: Sequences) -> Tensor:
        at = torch.arange(int(rows.length.max()), device=packed.device)
        index = rows.start[:count, None] + at
        found = packed[index.clamp(max=packed.shape[0] - 1)]
        found = torch.where((at < rows.length[:count, None])[..., None], found, 0)
        return found.unflatten(-1, (heads, -1)).transpose(1, 2)

    i = torch.arange(int(queries.length.max()), device=q.device)[:, None]
    j = torch.arange(int(keys.length.max()), device=q.device)[None, :]
    scores = padded(q, queries) @ padded(k, keys).transpose(-1, -2)
    if table is not None:
        reach = table.shape[1] // 2
        scores = scores + table[:, (j - i).clamp(-reach, reach) + reach].to(scores.dtype)
    hidden = (j >= keys.length[:count, None, None])[:, None]
    if causal:
        hidden = hidden | (j > i)
    scores = scores.float().masked_fill(hidden, float("-inf"))
    mixed = scores.softmax(-1).to(v.dtype) @ padded(v, keys)
    mixed = mixed.transpose(1, 2).flatten(-2)
    live = queries.of < count
    found = mixed[queries.of.clamp(max=count - 1), queries.place]
    return torch.where(live[:, None], found, 0)


class Fused:
    """Attention in Triton. ``block``: tokens that a program takes at once, a power of two that
    divides the table's reach."""

    def __init__(self, block: int = 64) -> None:
        self.block = block

    def within(
        self, qkv: Tensor, table: Tensor, rows: Sequences, *, heads: int, causal: bool
    ) -> Tensor:
        """See :meth:`Plain.within`."""
        found: Tensor = _Within.apply(qkv, table, rows, heads, causal, self.block)
        return found

    def across(
        self, q: Tensor, kv: Tensor, queries: Sequences, keys: Sequences, *, heads: int
    ) -> Tensor:
        """See :meth:`Plain.across`."""
        found: Tensor = _Across.apply(q, kv, queries, keys, heads, self.block)
        return found


class _Within(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any,
        qkv: Tensor,
        table: Tensor,
        rows: Sequences,
        heads: int,
        causal: bool,
        block: int,
    ) -> Tensor:
        table = table.float().contiguous()
        q, k, v = qkv.chunk(3, dim=-1)
        launch = _Launch(rows, rows, heads, q.shape[1] // heads, causal, table.shape[1] // 2, block)
        out, lse = launch.forward(q, k, v, table)
        ctx.save_for_backward(qkv, table, out, lse)
        ctx.launch = launch
        return out

    @staticmethod
    def backward(ctx: Any, dout: Tensor) -> tuple[Tensor | None, ...]:
        qkv, table, out, lse = ctx.saved_tensors
        q, k, v = qkv.chunk(3, dim=-1)
        dqkv = torch.zeros_like(qkv)
        gradients = dqkv.chunk(3, dim=-1)
        dtable = ctx.launch.backward(q, k, v, table, out, lse, dout.contiguous(), *gradients)
        return dqkv, dtable, None, None, None, None


class _Across(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any,
        q: Tensor,
        kv: Tensor,
        queries: Sequences,
        keys: Sequences,
        heads: int,
        block: int,
    ) -> Tensor:
        k, v = kv.chunk(2, dim=-1)
        launch = _Launch(queries, keys, heads, q.shape[1] // heads, False, block, block)
        out, lse = launch.forward(q, k, v, None)
        ctx.save_for_backward(q, kv, out, lse)
        ctx.launch = launch
        return out

    @staticmethod
    def backward(ctx: Any, dout: Tensor) -> tuple[Tensor | None, ...]:
        q, kv, out, lse = ctx.saved_tensors
        k, v = kv.chunk(2, dim=-1)
        dq, dkv = torch.zeros_like(q), torch.zeros_like(kv)
        gradients = dkv.chunk(2, dim=-1)
        ctx.launch.backward(q, k, v, None, out, lse, dout.contiguous(), dq, *gradients)
        return dq, dkv, None, None, None, None


class _Launch:
    """The kernels' launches for one attention of one batch."""

    def __init__(
        self,
        queries: Sequences,
        keys: Sequences,
        heads: int,
        width: int,
        causal: bool,
        reach: int,
        block: int,
    ) -> None:
        self._queries, self._keys, self._heads = queries, keys, heads
        self._reach, self._block = reach, block
        self._shape: dict[str, Any] = {
            "CAUSAL": causal, "REACH": reach, "D": width, "BLOCK": block,
            "num_warps": 4, "num_stages": 2,
        }  # fmt: skip

    @property
    def _rows(self) -> tuple[Tensor, ...]:
        queries, keys = self._queries, self._keys
        return queries.start, queries.length, keys.start, keys.length

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, table: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        from engine.training import kernels

        # Zeros: what belongs to no sequence must be finite, for sums over all tokens follow.
        out = torch.zeros(q.shape, device=q.device, dtype=q.dtype)
        lse = torch.empty(self._heads, q.shape[0], device=q.device, dtype=torch.float32)
        blocks = self._queries.block_sequence
        kernels.attend_forward[blocks.shape[0], self._heads](
            q, k, v, out, lse, lse if table is None else table,
            blocks, self._queries.block_index, *self._rows,
            q.stride(0), k.stride(0), out.stride(0), lse.stride(0),
            BIASED=table is not None, **self._shape,
        )  # fmt: skip
        return out, lse

    def backward(
        self, q: Tensor, k: Tensor, v: Tensor, table: Tensor | None, out: Tensor, lse: Tensor,
        dout: Tensor, dq: Tensor, dk: Tensor, dv: Tensor,
    ) -> Tensor | None:  # fmt: skip
        """Fills ``dq``, ``dk`` and ``dv`` and returns the gradient of the bias."""
        from engine.training import kernels

        heads, queries, keys = self._heads, self._queries, self._keys
        biased = table is not None
        given = table if table is not None else lse
        delta = (dout.float() * out.float()).unflatten(-1, (heads, -1)).sum(-1).T.contiguous()
        blocks = queries.block_sequence
        far = torch.empty(blocks.shape[0], heads, 2, device=q.device, dtype=torch.float32)
        strides = (q.stride(0), k.stride(0), out.stride(0), lse.stride(0))
        kernels.attend_back_queries[blocks.shape[0], heads](
            q, k, v, dout, lse, delta, given, dq, far,
            blocks, queries.block_index, *self._rows, *strides, dq.stride(0),
            BIASED=biased, **self._shape,
        )  # fmt: skip
        kernels.attend_back_keys[keys.block_sequence.shape[0], heads](
            q, k, v, dout, lse, delta, given, dk, dv,
            keys.block_sequence, keys.block_index, *self._rows, *strides, dk.stride(0),
            BIASED=biased, **self._shape,
        )  # fmt: skip
        if table is None:
            return None
        reach, block = self._reach, self._block
        offsets = 2 * (reach // block) + 1
        near = torch.empty(_PARTS, heads, offsets, block, block, device=q.device)
        kernels.attend_back_bias[offsets, heads, _PARTS](
            q, k, v, dout, lse, delta, table, near,
            blocks, queries.block_index, queries.block_count, *self._rows, *strides,
            **self._shape,
        )  # fmt: skip
        return _by_distance(near.sum(0), far.sum(0), reach)


def _by_distance(near: Tensor, far: Tensor, reach: int) -> Tensor:
    """The gradient of the table, heads × (2·reach + 1).

    ``near``: heads × offsets × block × block; ``far``: heads × 2.
    """
    heads, offsets, block, _ = near.shape
    at = torch.arange(block, device=near.device)
    away = (torch.arange(offsets, device=near.device) - offsets // 2) * block
    distance = away[:, None, None] + at[None, None, :] - at[None, :, None]
    index = (distance.clamp(-reach, reach) + reach).flatten()
    summed = near.new_zeros(heads, 2 * reach + 1)
    summed.index_add_(1, index, near.reshape(heads, -1))
    summed[:, 0] += far[:, 0]
    summed[:, -1] += far[:, 1]
    return summed
