"""Sampling on the device: one step of all slots, and reading a slot that is done.

Each hypothesis is drawn on its own at temperature 1, by inverting the distribution at a number that
depends on nothing but the state's seed, the step and the hypothesis' place: what else is in the
batch does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.slots import Slots

__all__ = ["advance", "hypotheses", "seed_words", "uniform"]

_WORD = 0xFFFFFFFF


def seed_words(seed: int) -> tuple[int, int]:
    """A seed as two words of 32 bits."""
    return seed & _WORD, (seed >> 32) & _WORD


def uniform(seed: Tensor, position: Tensor, width: int) -> Tensor:
    """Numbers between 0 and 1, neither reached: S × ``width``, float32.

    ``seed``: 2 × S, words of 32 bits; ``position``: S. A hash of each (seed, step, place), equal on
    every device.
    """
    place = torch.arange(width, device=seed.device, dtype=torch.int64)
    mixed = _mix(seed[0] ^ ((position * 0x9E3779B9) & _WORD))
    mixed = _mix(mixed ^ seed[1])[:, None]
    mixed = _mix(mixed ^ ((place * 0x85EBCA6B + 0x165667B1) & _WORD)[None, :])
    return ((mixed >> 9).float() + 0.5) * 2.0**-23


def _mix(word: Tensor) -> Tensor:
    """A permutation of 32 bits in which each bit of the input moves about half of the output's.

    ``murmur3``'s finaliser (Appleby), of which the products' low halves survive in 64 bits.
    """
    word = word ^ (word >> 16)
    word = (word * 0x85EBCA6B) & _WORD
    word = word ^ (word >> 13)
    word = (word * 0xC2B2AE35) & _WORD
    return word ^ (word >> 16)


def advance(slots: Slots, logits: Tensor, *, eos: int) -> None:
    """Draws each hypothesis' next token. A slot that is done stays as it is.

    ``logits``: float32, rows × vocabulary.
    """
    count, width = slots.tokens.shape
    log_probs = logits.log_softmax(-1).view(count, width, -1)
    cumulated = log_probs.exp().cumsum(-1)
    drawn = uniform(slots.seed, slots.position, width)[:, :, None] * cumulated[:, :, -1:]
    token = (cumulated <= drawn).sum(-1).clamp(max=log_probs.shape[-1] - 1)
    gained = log_probs.gather(-1, token[:, :, None])[:, :, 0]
    closed = slots.ended | slots.done[:, None]
    token = torch.where(closed, max(eos, 0), token)
    slots.scores.add_(torch.where(closed, 0.0, gained))
    slots.tokens.copy_(token)
    index = slots.position[:, None, None].expand(-1, 1, width)
    old = slots.history.gather(1, index)[:, 0]
    new = torch.where(slots.done[:, None], old, token.to(old.dtype))
    slots.history.scatter_(1, index, new[:, None])
    slots.ended.logical_or_(token == eos)
    beyond = torch.arange(width, device=logits.device) >= slots.width[:, None]
    all_ended = (slots.ended | beyond).all(1)
    slots.done.logical_or_(all_ended | (slots.position + 1 >= slots.limit))
    slots.position.add_(~slots.done)


def hypotheses(slots: Slots, slot: int, *, eos: int) -> list[tuple[list[int], float]]:
    """The hypotheses of a slot that ended, with their end token, in the order of their places."""
    width = int(slots.width[slot])
    steps = int(slots.position[slot]) + 1
    ended = slots.ended[slot, :width].tolist()
    scores = slots.scores[slot, :width].tolist()
    history = slots.history[slot, :steps, :width].T.tolist()
    return [
        (tokens[: tokens.index(eos) + 1], score)
        for tokens, score, there in zip(history, scores, ended, strict=True)
        if there and eos in tokens
    ]
