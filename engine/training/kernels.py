"""T5's attention over packed sequences in Triton: forward, and its gradients.

The sequences of a batch lie one behind the other; no place is spent on padding. A block table names
for each block of queries (or keys) its sequence and which block of it it is. The relative position
bias comes as one number for each head and distance; a distance beyond the table's ends counts as
its end, as T5 has it. Scores are not scaled, which is T5's way too.

Softmax runs online over blocks of keys, as in FlashAttention (Dao, 2022), so that no matrix of
scores reaches memory; the gradients compute the scores again.
"""

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["attend_back_bias", "attend_back_keys", "attend_back_queries", "attend_forward"]

_LOG2E = tl.constexpr(1.4426950408889634)


@triton.jit
def _scores(
    q, k, i, j, n_queries, n_keys, table,
    BIASED: tl.constexpr, CAUSAL: tl.constexpr, REACH: tl.constexpr,
):  # fmt: skip
    """Scores of queries ``i`` with keys ``j`` in units of log 2; -inf where there is none."""
    s = tl.dot(q, tl.trans(k), input_precision="ieee")
    distance = j[None, :] - i[:, None]
    if BIASED:
        at = tl.minimum(tl.maximum(distance, -REACH), REACH) + REACH
        s += tl.load(table + at)
    seen = (i[:, None] < n_queries) & (j[None, :] < n_keys)
    if CAUSAL:
        seen &= distance <= 0
    return tl.where(seen, s * _LOG2E, float("-inf"))


@triton.jit
def attend_forward(
    q_ptr, k_ptr, v_ptr, out_ptr, lse_ptr, table_ptr,
    block_sequence, block_index, q_start, q_length, k_start, k_length,
    q_stride, k_stride, out_stride, lse_stride,
    BIASED: tl.constexpr, CAUSAL: tl.constexpr, REACH: tl.constexpr,
    D: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """A block of queries of one head: what it attends to, and the logarithm of its sum."""
    block, head = tl.program_id(0), tl.program_id(1)
    sequence = tl.load(block_sequence + block)
    n_queries, n_keys = tl.load(q_length + sequence), tl.load(k_length + sequence)
    i = tl.load(block_index + block) * BLOCK + tl.arange(0, BLOCK)
    d = tl.arange(0, D)
    first_query, first_key = tl.load(q_start + sequence), tl.load(k_start + sequence)
    table = table_ptr + head * (2 * REACH + 1)
    live = (i < n_queries)[:, None]
    rows = (first_query + i)[:, None]
    q = tl.load(q_ptr + rows * q_stride + head * D + d[None, :], mask=live, other=0.0)
    top = tl.full([BLOCK], float("-inf"), tl.float32)
    total = tl.zeros([BLOCK], tl.float32)
    mixed = tl.zeros([BLOCK, D], tl.float32)
    end = n_keys
    if CAUSAL:
        end = tl.minimum(n_keys, (tl.load(block_index + block) + 1) * BLOCK)
    if tl.load(block_index + block) * BLOCK >= n_queries:
        end = 0
    for j0 in range(0, end, BLOCK):
        j = j0 + tl.arange(0, BLOCK)
        at = (first_key + j)[:, None] * k_stride + head * D + d[None, :]
        there = (j < n_keys)[:, None]
        k = tl.load(k_ptr + at, mask=there, other=0.0)
        v = tl.load(v_ptr + at, mask=there, other=0.0)
        s = _scores(q, k, i, j, n_queries, n_keys, table, BIASED, CAUSAL, REACH)
        higher = tl.maximum(top, tl.max(s, 1))
        # A row without a query has no score at all.
        safe = tl.where(higher == float("-inf"), 0.0, higher)
        p = tl.exp2(s - safe[:, None])
        shrink = tl.exp2(top - safe)
        total = total * shrink + tl.sum(p, 1)
        mixed = mixed * shrink[:, None] + tl.dot(p.to(v.dtype), v, input_precision="ieee")
        top = higher
    total = tl.where(total == 0.0, 1.0, total)
    mixed = mixed / total[:, None]
    place = out_ptr + rows * out_stride + head * D + d[None, :]
    tl.store(place, mixed.to(out_ptr.dtype.element_ty), mask=live)
    lse = tl.where(top == float("-inf"), 0.0, top) + tl.log2(total)
    tl.store(lse_ptr + head * lse_stride + first_query + i, lse, mask=i < n_queries)


@triton.jit
def attend_back_queries(
    q_ptr, k_ptr, v_ptr, dout_ptr, lse_ptr, delta_ptr, table_ptr, dq_ptr, far_ptr,
    block_sequence, block_index, q_start, q_length, k_start, k_length,
    q_stride, k_stride, out_stride, lse_stride, dq_stride,
    BIASED: tl.constexpr, CAUSAL: tl.constexpr, REACH: tl.constexpr,
    D: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The gradient of a block of queries; in ``far_ptr`` (blocks × heads × 2) that of the bias
    from blocks of keys which are out of the table's reach, before and behind."""
    block, head = tl.program_id(0), tl.program_id(1)
    sequence = tl.load(block_sequence + block)
    n_queries, n_keys = tl.load(q_length + sequence), tl.load(k_length + sequence)
    i0 = tl.load(block_index + block) * BLOCK
    i = i0 + tl.arange(0, BLOCK)
    d = tl.arange(0, D)
    first_query, first_key = tl.load(q_start + sequence), tl.load(k_start + sequence)
    table = table_ptr + head * (2 * REACH + 1)
    live = (i < n_queries)[:, None]
    rows = (first_query + i)[:, None]
    q = tl.load(q_ptr + rows * q_stride + head * D + d[None, :], mask=live, other=0.0)
    do = tl.load(dout_ptr + rows * out_stride + head * D + d[None, :], mask=live, other=0.0)
    lse = tl.load(lse_ptr + head * lse_stride + first_query + i, mask=i < n_queries, other=0.0)
    delta = tl.load(delta_ptr + head * lse_stride + first_query + i, mask=i < n_queries, other=0.0)
    dq = tl.zeros([BLOCK, D], tl.float32)
    before = tl.zeros([BLOCK], tl.float32)
    behind = tl.zeros([BLOCK], tl.float32)
    end = n_keys
    if CAUSAL:
        end = tl.minimum(n_keys, i0 + BLOCK)
    if i0 >= n_queries:
        end = 0
    for j0 in range(0, end, BLOCK):
        j = j0 + tl.arange(0, BLOCK)
        at = (first_key + j)[:, None] * k_stride + head * D + d[None, :]
        there = (j < n_keys)[:, None]
        k = tl.load(k_ptr + at, mask=there, other=0.0)
        v = tl.load(v_ptr + at, mask=there, other=0.0)
        s = _scores(q, k, i, j, n_queries, n_keys, table, BIASED, CAUSAL, REACH)
        p = tl.exp2(s - lse[:, None])
        dp = tl.dot(do, tl.trans(v), input_precision="ieee")
        ds = p * (dp - delta[:, None])
        dq += tl.dot(ds.to(k.dtype), k, input_precision="ieee")
        if BIASED:
            sums = tl.sum(ds, 1)
            before += tl.where(j0 < i0 - REACH, sums, 0.0)
            behind += tl.where(j0 > i0 + REACH, sums, 0.0)
    place = dq_ptr + rows * dq_stride + head * D + d[None, :]
    tl.store(place, dq.to(dq_ptr.dtype.element_ty), mask=live)
    if BIASED:
        far = far_ptr + (block * tl.num_programs(1) + head) * 2
        tl.store(far, tl.sum(before, 0))
        tl.store(far + 1, tl.sum(behind, 0))


@triton.jit
def attend_back_keys(
    q_ptr, k_ptr, v_ptr, dout_ptr, lse_ptr, delta_ptr, table_ptr, dk_ptr, dv_ptr,
    block_sequence, block_index, q_start, q_length, k_start, k_length,
    q_stride, k_stride, out_stride, lse_stride, dk_stride,
    BIASED: tl.constexpr, CAUSAL: tl.constexpr, REACH: tl.constexpr,
    D: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The gradients of a block of keys and of their values; the table lists blocks of keys."""
    block, head = tl.program_id(0), tl.program_id(1)
    sequence = tl.load(block_sequence + block)
    n_queries, n_keys = tl.load(q_length + sequence), tl.load(k_length + sequence)
    j0 = tl.load(block_index + block) * BLOCK
    j = j0 + tl.arange(0, BLOCK)
    d = tl.arange(0, D)
    first_query, first_key = tl.load(q_start + sequence), tl.load(k_start + sequence)
    table = table_ptr + head * (2 * REACH + 1)
    there = (j < n_keys)[:, None]
    rows = (first_key + j)[:, None]
    k = tl.load(k_ptr + rows * k_stride + head * D + d[None, :], mask=there, other=0.0)
    v = tl.load(v_ptr + rows * k_stride + head * D + d[None, :], mask=there, other=0.0)
    dk = tl.zeros([BLOCK, D], tl.float32)
    dv = tl.zeros([BLOCK, D], tl.float32)
    start = 0
    if CAUSAL:
        start = j0
    end = n_queries
    if j0 >= n_keys:
        end = 0
    for i0 in range(start, end, BLOCK):
        i = i0 + tl.arange(0, BLOCK)
        live = (i < n_queries)[:, None]
        at = (first_query + i)[:, None]
        q = tl.load(q_ptr + at * q_stride + head * D + d[None, :], mask=live, other=0.0)
        do = tl.load(dout_ptr + at * out_stride + head * D + d[None, :], mask=live, other=0.0)
        own = head * lse_stride + first_query + i
        lse = tl.load(lse_ptr + own, mask=i < n_queries, other=0.0)
        delta = tl.load(delta_ptr + own, mask=i < n_queries, other=0.0)
        s = _scores(q, k, i, j, n_queries, n_keys, table, BIASED, CAUSAL, REACH)
        p = tl.exp2(s - lse[:, None])
        dv += tl.dot(tl.trans(p).to(do.dtype), do, input_precision="ieee")
        dp = tl.dot(do, tl.trans(v), input_precision="ieee")
        ds = p * (dp - delta[:, None])
        dk += tl.dot(tl.trans(ds).to(q.dtype), q, input_precision="ieee")
    place = rows * dk_stride + head * D + d[None, :]
    tl.store(dk_ptr + place, dk.to(dk_ptr.dtype.element_ty), mask=there)
    tl.store(dv_ptr + place, dv.to(dv_ptr.dtype.element_ty), mask=there)


@triton.jit
def attend_back_bias(
    q_ptr, k_ptr, v_ptr, dout_ptr, lse_ptr, delta_ptr, table_ptr, near_ptr,
    block_sequence, block_index, block_count, q_start, q_length, k_start, k_length,
    q_stride, k_stride, out_stride, lse_stride,
    CAUSAL: tl.constexpr, REACH: tl.constexpr, D: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The bias' gradient within the table's reach, summed over every so many blocks of queries.

    All pairs of blocks that lie equally far apart have the same distances in the same places.
    ``near_ptr``: parts × heads × offsets × BLOCK × BLOCK. A program has one offset of one head.
    """
    shift, head, part = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    offsets = tl.num_programs(0)
    away = (shift - REACH // BLOCK) * BLOCK
    d = tl.arange(0, D)
    table = table_ptr + head * (2 * REACH + 1)
    summed = tl.zeros([BLOCK, BLOCK], tl.float32)
    for block in range(part, tl.load(block_count), tl.num_programs(2)):
        sequence = tl.load(block_sequence + block)
        i0 = tl.load(block_index + block) * BLOCK
        j0 = i0 + away
        n_queries, n_keys = tl.load(q_length + sequence), tl.load(k_length + sequence)
        if (j0 >= 0) & (j0 < n_keys):
            first_query, first_key = tl.load(q_start + sequence), tl.load(k_start + sequence)
            i, j = i0 + tl.arange(0, BLOCK), j0 + tl.arange(0, BLOCK)
            live, there = (i < n_queries)[:, None], (j < n_keys)[:, None]
            rows = (first_query + i)[:, None]
            at = (first_key + j)[:, None] * k_stride + head * D + d[None, :]
            q = tl.load(q_ptr + rows * q_stride + head * D + d[None, :], mask=live, other=0.0)
            do = tl.load(dout_ptr + rows * out_stride + head * D + d[None, :], mask=live, other=0.0)
            k = tl.load(k_ptr + at, mask=there, other=0.0)
            v = tl.load(v_ptr + at, mask=there, other=0.0)
            own = head * lse_stride + first_query + i
            lse = tl.load(lse_ptr + own, mask=i < n_queries, other=0.0)
            delta = tl.load(delta_ptr + own, mask=i < n_queries, other=0.0)
            s = _scores(q, k, i, j, n_queries, n_keys, table, True, CAUSAL, REACH)
            p = tl.exp2(s - lse[:, None])
            dp = tl.dot(do, tl.trans(v), input_precision="ieee")
            summed += p * (dp - delta[:, None])
    a, b = tl.arange(0, BLOCK)[:, None], tl.arange(0, BLOCK)[None, :]
    tile = (part * tl.num_programs(1) + head) * offsets + shift
    tl.store(near_ptr + tile * BLOCK * BLOCK + a * BLOCK + b, summed)
