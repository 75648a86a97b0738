"""The learning rate over the steps of a training."""

from __future__ import annotations

import math

__all__ = ["rate"]


def rate(step: int, *, steps: int, warmup: int, floor: float = 0.0) -> float:
    """The factor of the peak rate at ``step`` (from 0): rises linearly, falls as a cosine.

    It reaches 1 at the end of ``warmup`` steps and ``floor`` at the end of all ``steps``.
    """
    if step < warmup:
        return (step + 1) / warmup
    past = (step - warmup) / max(1, steps - warmup)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, past)))
