"""A tactic of the repertoire that closes one of several goals costs next to nothing."""

from __future__ import annotations

import pytest
from search_helpers import progress, result

from engine.search import EXTRA_LOG_PROB, Expand, FixedSchedule, Result, Search
from engine.values import Candidate, Progress


def child_log_prob(extra_log_prob: float | None, *, closes: bool) -> float | None:
    search = Search(
        Progress(0, "2 goals", 2), FixedSchedule(4), budget=10, extra_log_prob=extra_log_prob
    )
    step = search.next(0.0)
    assert isinstance(step, Expand)
    one = Result(0, Candidate("assumption", 0.0), progress("1 goal"), extra=True, closes=closes)
    search.tell(0, [one, result(0, "another", -3.0)])
    search.finish(0)
    search.next(0.1)
    node = search.graph.find("1 goal")
    return node.log_prob if node is not None else None


def test_closing_a_goal_is_nearly_free() -> None:
    found = child_log_prob(EXTRA_LOG_PROB, closes=True)
    assert found is not None
    assert -0.2 < found < 0
    assert child_log_prob(EXTRA_LOG_PROB, closes=False) == pytest.approx(EXTRA_LOG_PROB)


def test_it_never_costs_more_than_other_tactics_of_the_repertoire() -> None:
    assert child_log_prob(-0.01, closes=True) == pytest.approx(-0.01)


def test_where_such_tactics_do_not_count_neither_does_this() -> None:
    assert child_log_prob(None, closes=True) is None


def test_a_log_probability_of_its_own_counts_where_such_tactics_do() -> None:
    def found(extra_log_prob: float | None) -> float | None:
        search = Search(
            progress("2 goals"), FixedSchedule(4), budget=10, extra_log_prob=extra_log_prob
        )
        search.next(0.0)
        search.tell(0, [result(0, "1 goal", -0.7, extra=True)])
        search.finish(0)
        search.next(0.1)
        node = search.graph.find("1 goal")
        return node.log_prob if node is not None else None

    assert found(EXTRA_LOG_PROB) == pytest.approx(-0.7)
    assert found(None) is None
