"""Choosing the next tokens, as Triton kernels: what :mod:`.beam` and :mod:`.sampling` say in words.

Beam search needs no order among hypotheses, only the B best of their continuations. They are found
in two rounds, each by halving a range of the numbers' bit patterns until B of them are above it:
first for a few hypotheses a program, then for what is left of a slot. All kernels leave a slot
alone that is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.slots import Slots

__all__ = ["advance_beam", "advance_sampling", "fits"]

_NONE: tl.constexpr = tl.constexpr(-2147483648)
"""Below the key of every number."""


@triton.jit
def _key(x):
    """An integer for a float32, in the same order."""
    bits = x.to(tl.int32, bitcast=True)
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


@triton.jit
def _bound(key, other, many):
    """What exactly ``many`` of ``key`` and ``other`` together reach.

    With equal numbers at the border more reach it; all do, if there are no more than ``many``.
    """
    # 64 bits, in which the difference of two keys has room.
    low = tl.min(tl.where(key == _NONE, 2147483647, key)).to(tl.int64)
    low = tl.minimum(low, tl.min(tl.where(other == _NONE, 2147483647, other)).to(tl.int64))
    high = tl.maximum(tl.max(key), tl.max(other)).to(tl.int64) + 1
    while high - low > 1:
        middle = low + (high - low) // 2
        least = middle.to(tl.int32)
        count = tl.sum((key >= least).to(tl.int32)) + tl.sum((other >= least).to(tl.int32))
        low = tl.where(count >= many, middle, low)
        # Most often the numbers at the border differ, and the search ends early.
        high = tl.where(count == many, middle + 1, tl.where(count < many, middle, high))
    return low.to(tl.int32)


@triton.jit
def _continuations(
    logits,
    scores,
    widths,
    done,
    totals,
    indices,
    ending,
    width,
    V: tl.constexpr,
    V_BLOCK: tl.constexpr,
    ROWS: tl.constexpr,
    W_BLOCK: tl.constexpr,
    EOS: tl.constexpr,
):
    slot = tl.program_id(0)
    group = tl.program_id(1)
    if tl.load(done + slot) == 0:
        many = tl.load(widths + slot).to(tl.int32)
        j = group * ROWS + tl.arange(0, ROWS)
        v = tl.arange(0, V_BLOCK)
        there = (j < width)[:, None] & (v < V)[None, :]
        row = slot * width + j
        x = tl.load(logits + row[:, None] * V + v[None, :], mask=there, other=float("-inf"))
        score = tl.load(scores + row, mask=j < width, other=float("-inf"))
        most = tl.max(x, 1)
        most = tl.where(j < width, most, 0.0)
        # A row beyond the slot has nothing to sum; its score closes it.
        whole = tl.maximum(tl.sum(tl.exp(x - most[:, None]), 1), 1e-30)
        total = x + (score - most - tl.log(whole))[:, None]
        end = tl.sum(tl.where((v == EOS)[None, :], total, 0.0), 1)
        if EOS < 0:
            end = tl.full([ROWS], float("-inf"), tl.float32)
        tl.store(ending + row, end, mask=j < width)
        key = tl.where(there & (v != EOS)[None, :], _key(total), _NONE)
        index = j[:, None] * V + v[None, :]
        flat: tl.constexpr = ROWS * V_BLOCK
        key = tl.reshape(key, [flat])
        total = tl.reshape(total, [flat])
        index = tl.reshape(index, [flat])
        nothing = tl.full([1], _NONE, tl.int32)
        least = _bound(key, nothing, many)
        above = key > least
        equal = (key == least) & (key != _NONE)
        spare = many - tl.sum(above.to(tl.int32))
        chosen = above | (equal & (tl.cumsum(equal.to(tl.int32), 0) <= spare))
        place = tl.cumsum(chosen.to(tl.int32), 0) - 1
        base = (slot * tl.num_programs(1) + group) * width
        tl.store(totals + base + place, total, mask=chosen)
        tl.store(indices + base + place, index, mask=chosen)
        fill = tl.arange(0, W_BLOCK)
        empty = (fill >= tl.sum(chosen.to(tl.int32))) & (fill < width)
        tl.store(totals + base + fill, float("-inf"), mask=empty)
        tl.store(indices + base + fill, 0, mask=empty)


@triton.jit
def _select(
    totals,
    indices,
    ending,
    position,
    limit,
    widths,
    done,
    tokens,
    scores,
    history,
    parents,
    best,
    best_step,
    best_parent,
    parent_now,
    step_now,
    width,
    steps,
    candidates,
    V: tl.constexpr,
    C_BLOCK: tl.constexpr,
    W_BLOCK: tl.constexpr,
):
    slot = tl.program_id(0)
    if tl.load(done + slot) != 0:
        tl.store(step_now + slot, -1)
    else:
        now = tl.load(position + slot).to(tl.int32)
        many = tl.load(widths + slot).to(tl.int32)
        c = tl.arange(0, C_BLOCK)
        total = tl.load(totals + slot * candidates + c, mask=c < candidates, other=float("-inf"))
        index = tl.load(indices + slot * candidates + c, mask=c < candidates, other=0)
        key = tl.where(c < candidates, _key(total), _NONE)
        j = tl.arange(0, W_BLOCK)
        mine = j < many
        end = tl.load(ending + slot * width + j, mask=mine, other=float("-inf"))
        end_key = tl.where(mine & (end > float("-inf")), _key(end), _NONE)

        # What goes on: the best that do not end.
        nothing = tl.full([1], _NONE, tl.int32)
        least = _bound(key, nothing, many)
        above = key > least
        equal = (key == least) & (key != _NONE)
        spare = many - tl.sum(above.to(tl.int32))
        chosen = above | (equal & (tl.cumsum(equal.to(tl.int32), 0) <= spare))
        place = tl.cumsum(chosen.to(tl.int32), 0) - 1
        token = index % V
        parent = index // V
        tl.store(scores + slot * width + place, total, mask=chosen)
        tl.store(tokens + slot * width + place, token.to(tl.int64), mask=chosen)
        tl.store(parent_now + slot * width + place, parent, mask=chosen)
        at = (slot * steps + now) * width + place
        tl.store(history + at, token, mask=chosen)
        tl.store(parents + at, parent, mask=chosen)

        # What ended: of those that are among the best of all.
        if tl.max(end_key) >= least:
            least = _bound(key, end_key, many)
        ended = end_key >= tl.maximum(least, _NONE + 1)
        old = tl.load(best + slot * width + j, mask=mine, other=float("-inf"))
        old_key = tl.where(mine, _key(old), _NONE)
        worst = tl.min(tl.where(mine, old, float("inf")))
        if tl.sum(ended.to(tl.int32)) > 0:
            new_key = tl.where(ended, end_key, _NONE)
            old_step = tl.load(best_step + slot * width + j, mask=mine, other=0)
            old_parent = tl.load(best_parent + slot * width + j, mask=mine, other=0)
            least = _bound(old_key, new_key, many)
            spare = many - tl.sum((old_key > least).to(tl.int32))
            spare -= tl.sum((new_key > least).to(tl.int32))
            tied = (old_key == least) & mine
            kept = (old_key > least) | (tied & (tl.cumsum(tied.to(tl.int32), 0) <= spare))
            spare -= tl.sum(tied.to(tl.int32))
            tied = (new_key == least) & ended
            added = (new_key > least) | (tied & (tl.cumsum(tied.to(tl.int32), 0) <= spare))
            keep_at = slot * width + tl.cumsum(kept.to(tl.int32), 0) - 1
            # All of the old ones are read before the first is overwritten.
            tl.debug_barrier()
            tl.store(best + keep_at, old, mask=kept)
            tl.store(best_step + keep_at, old_step, mask=kept)
            tl.store(best_parent + keep_at, old_parent, mask=kept)
            add_at = slot * width + tl.sum(kept.to(tl.int32))
            add_at += tl.cumsum(added.to(tl.int32), 0) - 1
            tl.store(best + add_at, end, mask=added)
            tl.store(best_step + add_at, tl.zeros([W_BLOCK], tl.int64) + now, mask=added)
            tl.store(best_parent + add_at, j.to(tl.int64), mask=added)
            worst = tl.minimum(
                tl.min(tl.where(kept, old, float("inf"))),
                tl.min(tl.where(added, end, float("inf"))),
            )
        open_best = tl.max(total)
        over = (worst > float("-inf")) & (open_best <= worst)
        over = over | (now + 1 >= tl.load(limit + slot).to(tl.int32))
        tl.store(step_now + slot, now)
        tl.store(done + slot, over.to(tl.uint8))
        tl.store(position + slot, (now + 1 - over.to(tl.int32)).to(tl.int64))


@triton.jit
def _inherit(ancestors, parent_now, step_now, width, steps, W_BLOCK: tl.constexpr, T: tl.constexpr):
    slot = tl.program_id(0)
    now = tl.load(step_now + slot)
    t = tl.program_id(1) * T + tl.arange(0, T)
    if tl.program_id(1) * T <= now:
        j = tl.arange(0, W_BLOCK)
        there = (j < width)[:, None] & (t <= now)[None, :]
        parent = tl.load(parent_now + slot * width + j, mask=j < width, other=0)
        old = ancestors + (slot * width + parent)[:, None] * steps + t[None, :]
        source = tl.load(old, mask=there, other=0)
        # Everything is read before anything is written.
        tl.debug_barrier()
        new = ancestors + (slot * width + j)[:, None] * steps + t[None, :]
        tl.store(new, source, mask=there)


@triton.jit
def _mix(word):
    word = word ^ (word >> 16)
    word = word * 0x85EBCA6B
    word = word ^ (word >> 13)
    word = word * 0xC2B2AE35
    return word ^ (word >> 16)


@triton.jit
def _draw(
    logits,
    seed,
    position,
    done,
    tokens,
    scores,
    ended,
    history,
    width,
    steps,
    second,
    V: tl.constexpr,
    V_BLOCK: tl.constexpr,
    EOS: tl.constexpr,
):
    row = tl.program_id(0)
    slot = row // width
    j = row % width
    if tl.load(done + slot) == 0:
        now = tl.load(position + slot).to(tl.int32)
        v = tl.arange(0, V_BLOCK)
        x = tl.load(logits + row * V + v, mask=v < V, other=float("-inf"))
        most = tl.max(x)
        weight = tl.exp(x - most)
        cumulated = tl.cumsum(weight, 0)
        whole = tl.sum(weight)
        low = tl.load(seed + slot).to(tl.uint32)
        high = tl.load(seed + second + slot).to(tl.uint32)
        word = _mix(low ^ (now.to(tl.uint32) * 0x9E3779B9))
        word = _mix(word ^ high)
        word = _mix(word ^ (j.to(tl.uint32) * 0x85EBCA6B + 0x165667B1))
        number = ((word >> 9).to(tl.float32) + 0.5) * 1.1920928955078125e-07
        # The sum of all may differ in the last bit from the last partial sum.
        number *= tl.max(tl.where(v < V, cumulated, 0.0))
        token = tl.sum(((cumulated <= number) & (v < V)).to(tl.int32))
        token = tl.minimum(token, V - 1)
        gained = tl.sum(tl.where(v == token, x, 0.0)) - most - tl.log(whole)
        closed = tl.load(ended + row) != 0
        token = tl.where(closed, max(EOS, 0), token)
        score = tl.load(scores + row)
        tl.store(scores + row, tl.where(closed, score, score + gained))
        tl.store(tokens + row, token.to(tl.int64))
        tl.store(history + (slot * steps + now) * width + j, token)
        tl.store(ended + row, (closed | (token == EOS)).to(tl.uint8))


@triton.jit
def _finish(position, limit, widths, done, ended, width, W_BLOCK: tl.constexpr):
    slot = tl.program_id(0)
    if tl.load(done + slot) == 0:
        now = tl.load(position + slot)
        j = tl.arange(0, W_BLOCK)
        mine = j < tl.load(widths + slot)
        going = tl.sum((tl.load(ended + slot * width + j, mask=mine, other=1) == 0).to(tl.int32))
        over = (going == 0) | (now + 1 >= tl.load(limit + slot))
        tl.store(done + slot, over.to(tl.uint8))
        tl.store(position + slot, now + 1 - over.to(tl.int64))


def fits(width: int, vocabulary: int) -> bool:
    """Whether the kernels can do it: their tiles have to stay small enough for registers."""
    return width <= 192 and vocabulary <= 512


def advance_beam(slots: Slots, logits: Tensor, *, eos: int) -> None:
    """See :func:`engine.generators.torch_backend.beam.advance`."""
    count, width = slots.tokens.shape
    steps = slots.history.shape[1]
    vocabulary = logits.shape[-1]
    rows = 4 if width <= 96 else 8
    groups = triton.cdiv(width, rows)
    wide = triton.next_power_of_2(width)
    totals = logits.new_empty(count, groups * width)
    indices = torch.empty_like(totals, dtype=torch.int32)
    ending = logits.new_empty(count, width)
    parent_now = torch.zeros(count, width, dtype=torch.int32, device=logits.device)
    step_now = torch.empty(count, dtype=torch.int32, device=logits.device)
    done = slots.done.view(torch.uint8)
    _continuations[(count, groups)](
        logits,
        slots.scores,
        slots.width,
        done,
        totals,
        indices,
        ending,
        width,
        V=vocabulary,
        V_BLOCK=triton.next_power_of_2(vocabulary),
        ROWS=rows,
        W_BLOCK=wide,
        EOS=eos,
        num_warps=rows,
    )
    _select[(count,)](
        totals,
        indices,
        ending,
        slots.position,
        slots.limit,
        slots.width,
        done,
        slots.tokens,
        slots.scores,
        slots.history,
        slots.parents,
        slots.best,
        slots.best_step,
        slots.best_parent,
        parent_now,
        step_now,
        width,
        steps,
        groups * width,
        V=vocabulary,
        C_BLOCK=triton.next_power_of_2(groups * width),
        W_BLOCK=wide,
        num_warps=8,
    )
    _inherit[(count, triton.cdiv(steps, 16))](
        slots.ancestors, parent_now, step_now, width, steps, W_BLOCK=wide, T=16
    )


def advance_sampling(slots: Slots, logits: Tensor, *, eos: int) -> None:
    """See :func:`engine.generators.torch_backend.sampling.advance`."""
    count, width = slots.tokens.shape
    vocabulary = logits.shape[-1]
    done = slots.done.view(torch.uint8)
    ended = slots.ended.view(torch.uint8)
    _draw[(count * width,)](
        logits,
        slots.seed,
        slots.position,
        done,
        slots.tokens,
        slots.scores,
        ended,
        slots.history,
        width,
        slots.history.shape[1],
        slots.seed.stride(0),
        V=vocabulary,
        V_BLOCK=triton.next_power_of_2(vocabulary),
        EOS=eos,
    )
    _finish[(count,)](
        slots.position,
        slots.limit,
        slots.width,
        done,
        ended,
        width,
        W_BLOCK=triton.next_power_of_2(width),
    )
