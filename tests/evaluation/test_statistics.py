"""Intervals and McNemar's test, against what they are by definition."""

from __future__ import annotations

import math
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.statistics import Paired, mcnemar, wilson


def test_wilson_gives_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(hits, total)
        assert math.isclose(found[0], low, abs_tol=6e-5)
        assert math.isclose(found[1], high, abs_tol=6e-5)


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_holds_the_share(hits: int, total: int) -> None:
    hits = min(hits, total)
    low, high = wilson(hits, total)
    assert 0 <= low <= hits / total <= high <= 1
    mirrored = wilson(total - hits, total)
    assert math.isclose(low, 1 - mirrored[1], abs_tol=1e-12)


@given(st.integers(0, 6), st.integers(0, 6))
def test_mcnemar_is_the_share_of_splits_as_uneven(only_a: int, only_b: int) -> None:
    n = only_a + only_b
    uneven = [
        coins
        for coins in product((0, 1), repeat=n)
        if abs(2 * sum(coins) - n) >= abs(only_a - only_b)
    ]
    assert math.isclose(mcnemar(only_a, only_b), len(uneven) / 2**n)


def test_mcnemar_of_many() -> None:
    assert mcnemar(5000, 5000) == 1.0
    assert 0 < mcnemar(400, 600) < 1e-9
    assert mcnemar(0, 0) == 1.0


def test_paired_adds_up() -> None:
    paired = Paired(both=3, only_a=5, only_b=1, neither=11)
    assert (paired.total, paired.a, paired.b) == (20, 8, 4)
    assert math.isclose(paired.p, 2 * (1 + 6) / 64)
