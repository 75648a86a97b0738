"""Shares with their intervals, and the test of two arms on the same statements. Pure.

Few lines each, exact where that is possible, so that no scientific library is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Paired", "mcnemar", "wilson"]

_Z95 = 1.959963984540054


def wilson(hits: int, total: int, z: float = _Z95) -> tuple[float, float]:
    """Wilson's score interval for a share, 95 % by default; 0 to 1 where there is nothing."""
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    scale = 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # Rounding must not move the ends of 0 and of 1.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == total else min(1.0, middle + half)


def mcnemar(only_a: int, only_b: int) -> float:
    """The exact two-sided p-value of McNemar's test.

    How likely a split at least this uneven of what only one of the two proves would be if each
    were as likely to be that one.
    """
    n, k = only_a + only_b, min(only_a, only_b)
    tail = way = 1
    for i in range(k):
        way = way * (n - i) // (i + 1)
        tail += way
    share: float = 2 * tail / (1 << n)
    return min(1.0, share)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two arms on the same statements."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def total(self) -> int:
        """All statements that both searched."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def a(self) -> int:
        """What the first one proves."""
        return self.both + self.only_a

    @property
    def b(self) -> int:
        """What the second one proves."""
        return self.both + self.only_b

    @property
    def p(self) -> float:
        """McNemar's test."""
        return mcnemar(self.only_a, self.only_b)
