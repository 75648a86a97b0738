"""Examples as tensors on the device, and batches of them packed there without a copy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import torch

from engine.generators import byt5

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from engine.training.examples import Example
    from engine.training.packing import Capacity

__all__ = ["Batch", "Sequences", "Shelf", "sequences"]

IGNORED = -100
"""The label of a place that is no place: PyTorch's own default."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """Where the sequences of a batch lie in a row of tokens.

    ``start`` and ``length``: N + 1, of which the last is an empty one that stands for none;
    ``of``: the sequence of each token, N where there is none; ``place``: where in it. The blocks
    of ``size`` tokens: the sequence of each (N for none) and which of its blocks it is, and how
    many there are.
    """

    start: Tensor
    length: Tensor
    of: Tensor
    place: Tensor
    block_sequence: Tensor
    block_index: Tensor
    block_count: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens of the states, tokens that the decoder reads, and those that it should say."""

    states: Sequences
    tactics: Sequences
    source: Tensor
    read: Tensor
    said: Tensor


def sequences(length: Tensor, room: int, *, block: int) -> Sequences:
    """Packs sequences of these lengths (N) into ``room`` tokens; nothing waits for the device."""
    count = length.shape[0]
    end = length.cumsum(0)
    at = torch.arange(room, device=length.device)
    of = torch.searchsorted(end, at, right=True)
    none = length.new_zeros(1)
    start = torch.cat([end - length, none])
    place = torch.where(of < count, at - start[of], 0)
    blocks = (length + block - 1) // block
    last = blocks.cumsum(0)
    number = torch.arange(room // block + count, device=length.device)
    of_block = torch.searchsorted(last, number, right=True)
    first = torch.cat([last - blocks, none])
    return Sequences(
        start=start.int(),
        length=torch.cat([length, none]).int(),
        of=of,
        place=place,
        block_sequence=of_block.int(),
        block_index=torch.where(of_block < count, number - first[of_block], 0).int(),
        block_count=last[-1:].int(),
    )


class Shelf:
    """All examples, on the device."""

    def __init__(self, examples: Sequence[Example], *, device: torch.device) -> None:
        def row(parts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor]:
            length = torch.tensor([len(part) for part in parts], dtype=torch.int64)
            tokens = torch.tensor(list(chain.from_iterable(parts)), dtype=torch.int16)
            start = length.cumsum(0) - length
            return tokens.to(device), start.to(device), length.to(device)

        self._states, self._state_start, self._state_length = row([e.state for e in examples])
        self._tactics, self._tactic_start, self._tactic_length = row([e.tactic for e in examples])
        self.device = device

    def batch(self, chosen: Tensor, capacity: Capacity, *, block: int, noise: float = 0.0) -> Batch:
        """The examples whose numbers are in ``chosen`` (-1 for none), packed.

        With the probability ``noise`` a token of a state, or one that the decoder reads, is
        replaced by the token for what is unknown.
        """
        there, number = chosen >= 0, chosen.clamp(min=0)
        states = sequences(
            torch.where(there, self._state_length[number], 0),
            capacity.states,
            block=block,
        )
        tactics = sequences(
            torch.where(there, self._tactic_length[number], 0),
            capacity.tactics,
            block=block,
        )
        # Of a token that is none, whatever is read is then replaced.
        none = number.new_zeros(1)
        of_state = torch.cat([number, none])[states.of]
        of_tactic = torch.cat([number, none])[tactics.of]
        count = chosen.shape[0]
        source = self._states[self._state_start[of_state] + states.place].long()
        source = torch.where(states.of < count, source, byt5.PAD)
        at = self._tactic_start[of_tactic] + tactics.place
        said = torch.where(tactics.of < count, self._tactics[at].long(), IGNORED)
        read = self._tactics[(at - 1).clamp(min=0)].long()
        read = torch.where((tactics.of < count) & (tactics.place > 0), read, byt5.PAD)
        if noise:
            source = _replaced(source, noise)
            read = _replaced(read, noise)
        return Batch(states, tactics, source, read, said)


def _replaced(tokens: Tensor, noise: float) -> Tensor:
    unknown = byt5.OFFSET - 1
    spared = (tokens == byt5.PAD) | (torch.rand(tokens.shape, device=tokens.device) >= noise)
    return torch.where(spared, tokens, unknown)
