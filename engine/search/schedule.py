"""How many tactics an expansion samples, and how many of those that succeed it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of one expansion.

    ``samples`` is how many candidates to generate. ``keep`` is how many of those that lead to a
    new state enter the tree, in order of log-probability; None keeps all.
    """

    samples: int
    keep: int | None

    @property
    def n(self) -> int:
        """The paper's n: what is kept at most."""
        return self.samples if self.keep is None else self.keep


class Schedule(Protocol):
    """Maps the used share of the budget to the size of an expansion."""

    def plan(self, r: float) -> Plan:
        """Give the size of an expansion that starts when the share ``r`` of the budget is used.

        Values outside 0 to 1 count as the nearest of the two.
        """
        ...


@dataclass(frozen=True, slots=True)
class DynamicSchedule:
    """The paper's dynamic sampling (section 3.4): wide at first, narrow as the budget runs out.

    ``n(r) = ceil(a + b * exp(-c * r))``: the real number is rounded *up*, so that with the
    defaults n falls from 18 at r = 0 to 7 at r = 1 (6 is the limit and never reached). n is at
    least 1. ``oversampling * n`` candidates are generated, because many of them fail; the first n
    that succeed are kept. Raises ValueError for a parameter that is negative or not finite.
    """

    a: float = 6.0
    b: float = 12.0
    c: float = 5.0
    oversampling: int = 5

    def __post_init__(self) -> None:
        """Refuse what would make n grow with r, or no number."""
        for name in ("a", "b", "c"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0, not {value}")
        if self.oversampling < 1:
            raise ValueError(f"oversampling must be at least 1, not {self.oversampling}")

    def n(self, r: float) -> int:
        """Give n at the share ``r`` of the budget, clamped to 0 to 1."""
        return max(1, math.ceil(self.a + self.b * math.exp(-self.c * _clamp(r))))

    def plan(self, r: float) -> Plan:
        """Sample ``oversampling * n(r)``, keep ``n(r)``."""
        n = self.n(r)
        return Plan(samples=self.oversampling * n, keep=n)


@dataclass(frozen=True, slots=True)
class FixedSchedule:
    """The baseline (ReProver): always ``n`` candidates, and all that succeed are kept.

    Raises ValueError if ``n`` is less than 1.
    """

    n: int = 64

    def __post_init__(self) -> None:
        """Refuse an expansion of nothing."""
        if self.n < 1:
            raise ValueError(f"n must be at least 1, not {self.n}")

    def plan(self, r: float) -> Plan:
        """Sample ``n`` and keep all, whatever ``r``."""
        return Plan(samples=self.n, keep=None)


def _clamp(r: float) -> float:
    return min(1.0, max(0.0, r))
