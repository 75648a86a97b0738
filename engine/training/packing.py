"""Which examples go into which batch: packed up to a number of tokens, none cut, none left out.

Pure: an epoch's batches follow from its seed and the examples' lengths.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Capacity", "epoch", "pack"]


class Capacity(NamedTuple):
    """What a batch has room for: tokens of states, tokens of tactics, examples."""

    states: int
    tactics: int
    examples: int


def pack(
    order: Sequence[int], states: Sequence[int], tactics: Sequence[int], capacity: Capacity
) -> Iterator[list[int]]:
    """Batches of the examples in ``order``; a batch ends where the next one has no room.

    ``states`` and ``tactics`` are the lengths of all examples in tokens. Raises ``ValueError`` for
    an example that has no room in an empty batch.
    """
    batch: list[int] = []
    free_states, free_tactics = capacity.states, capacity.tactics
    for example in order:
        state, tactic = states[example], tactics[example]
        if state > capacity.states or tactic > capacity.tactics:
            raise ValueError(f"example {example} has {state} + {tactic} tokens: {capacity}")
        if state > free_states or tactic > free_tactics or len(batch) == capacity.examples:
            yield batch
            batch, free_states, free_tactics = [], capacity.states, capacity.tactics
        batch.append(example)
        free_states -= state
        free_tactics -= tactic
    if batch:
        yield batch


def epoch(
    number: int, seed: int, states: Sequence[int], tactics: Sequence[int], capacity: Capacity
) -> list[list[int]]:
    """The batches of epoch ``number`` (from 0), all examples once, shuffled.

    The last batch, which is seldom full, is left out where there are others: its examples differ
    from epoch to epoch.
    """
    order = list(range(len(states)))
    random.Random(f"{seed}/{number}").shuffle(order)  # noqa: S311
    batches = list(pack(order, states, tactics, capacity))
    return batches[:-1] if len(batches) > 1 else batches
