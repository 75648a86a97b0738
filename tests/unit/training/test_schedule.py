"""The learning rate's course."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.schedule import rate


@given(st.integers(1, 500), st.integers(0, 400), st.floats(0, 0.5))
def test_it_rises_to_the_peak_and_falls_to_the_floor(more, warmup, floor):
    steps = warmup + more
    rates = [rate(step, steps=steps, warmup=warmup, floor=floor) for step in range(steps + 1)]
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    assert rates[warmup] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(floor)
    assert all(0 <= one <= 1 + 1e-12 for one in rates)


def test_the_first_step_learns_something():
    assert rate(0, steps=100, warmup=10) == pytest.approx(0.1)
    assert rate(0, steps=100, warmup=0) == pytest.approx(1.0)
