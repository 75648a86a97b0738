"""How much arithmetic a training is, to set its speed beside what the hardware can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.training.settings import ShapeSettings

__all__ = ["operations"]


def operations(shape: ShapeSettings, lengths: Iterable[tuple[int, int]]) -> float:
    """Floating-point operations of one pass over examples, forward and backward.

    ``lengths``: of each example its tokens of state and tactic. Multiplications and additions of
    matrix products count, once forward and twice backward; what attention computes anew does not.
    """
    d, inner = shape.d_model, shape.heads * shape.d_kv
    feed = 3 * d * shape.d_ff
    encoder = shape.encoder_layers * (4 * d * inner + feed)
    across = shape.decoder_layers * 2 * d * inner
    decoder = shape.decoder_layers * (6 * d * inner + feed) + 384 * d
    total = 0.0
    for state, tactic in lengths:
        products = state * (encoder + across) + tactic * decoder
        pairs = shape.encoder_layers * state * state
        pairs += shape.decoder_layers * (tactic * tactic // 2 + tactic * state)
        total += 3 * 2 * (products + 2 * inner * pairs)
    return total
