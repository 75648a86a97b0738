import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.search import DynamicSchedule, FixedSchedule, Plan

parameter = st.floats(0, 100)
share = st.floats(0, 1)


def test_the_papers_defaults() -> None:
    schedule = DynamicSchedule()
    assert (schedule.a, schedule.b, schedule.c) == (6, 12, 5)
    assert schedule.plan(0.0) == Plan(samples=90, keep=18)
    assert schedule.n(1.0) == math.ceil(6 + 12 * math.exp(-5)) == 7


def test_n_is_rounded_up_not_to_the_nearest() -> None:
    # 6 + 12 exp(-0.5) = 13.28
    assert DynamicSchedule().n(0.1) == 14


@given(parameter, parameter, parameter, share, share)
def test_n_never_grows_with_r_and_stays_between_its_ends(
    a: float, b: float, c: float, r: float, s: float
) -> None:
    schedule = DynamicSchedule(a, b, c)
    earlier, later = min(r, s), max(r, s)
    assert schedule.n(0) >= schedule.n(earlier) >= schedule.n(later) >= schedule.n(1)
    assert max(1, math.ceil(a)) <= schedule.n(1)
    assert schedule.n(0) == max(1, math.ceil(a + b))


@given(st.floats(allow_nan=False))
def test_r_is_clamped(r: float) -> None:
    schedule = DynamicSchedule()
    assert schedule.plan(r) == schedule.plan(min(1.0, max(0.0, r)))


@given(parameter, parameter, parameter, share)
def test_five_candidates_are_generated_for_each_one_kept(
    a: float, b: float, c: float, r: float
) -> None:
    plan = DynamicSchedule(a, b, c).plan(r)
    assert plan.keep is not None
    assert plan.samples == 5 * plan.keep
    assert plan.n == plan.keep


@given(share)
def test_fixed_sampling_keeps_all(r: float) -> None:
    assert FixedSchedule().plan(r) == Plan(samples=64, keep=None)
    assert FixedSchedule(8).plan(r).n == 8


@pytest.mark.parametrize("bad", [{"a": -1}, {"b": math.inf}, {"c": math.nan}, {"oversampling": 0}])
def test_parameters_that_are_no_schedule_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        DynamicSchedule(**bad)  # type: ignore[arg-type]


def test_a_fixed_schedule_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        FixedSchedule(0)
