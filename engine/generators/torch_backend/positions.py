"""T5's relative position bias: distances fall into buckets, each with a learned number a head."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["backward_bias", "buckets", "two_sided_bias"]


def buckets(distance: Tensor, *, two_sided: bool, count: int, max_distance: int) -> Tensor:
    """The bucket of each ``distance`` (position looked at minus position that looks).

    Small distances have a bucket each, larger ones share buckets that grow with their logarithm
    (Raffel et al., *Exploring the Limits of Transfer Learning*, section 2.1).
    """
    if two_sided:
        count //= 2
        base = (distance > 0).long() * count
        distance = distance.abs()
    else:
        base = torch.zeros_like(distance)
        distance = (-distance).clamp(min=0)
    exact = count // 2
    # float32, as the models were trained: in float64 some distances fall into other buckets.
    grown = torch.log(distance.float().clamp(min=1) / exact) / math.log(max_distance / exact)
    large = (exact + (grown * (count - exact)).long()).clamp(max=count - 1)
    return base + torch.where(distance < exact, distance, large)


def two_sided_bias(table: Tensor, length: int, *, max_distance: int) -> Tensor:
    """The encoder's bias, heads × ``length`` × ``length``; ``table`` is buckets × heads."""
    at = torch.arange(length)
    index = buckets(
        at[None, :] - at[:, None],
        two_sided=True,
        count=table.shape[0],
        max_distance=max_distance,
    )
    return table[index.to(table.device)].permute(2, 0, 1).contiguous()


def backward_bias(table: Tensor, length: int, *, max_distance: int) -> Tensor:
    """The decoder's bias, heads × ``length``: by how far back a position lies, from 0 on."""
    index = buckets(
        -torch.arange(length), two_sided=False, count=table.shape[0], max_distance=max_distance
    )
    return table[index.to(table.device)].T.contiguous()
