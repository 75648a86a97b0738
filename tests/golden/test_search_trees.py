"""Whole searches in a toy, drawn. A change in a tree is a change in behaviour: look at the diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rewriting import apply, goal, search_word

from engine.protocol import StopReason
from engine.search import DynamicSchedule, FixedSchedule, Schedule, Search, draw
from engine.values import Progress, Solved

if TYPE_CHECKING:
    from collections.abc import Callable

# The toy has few tactics, so n is small: 5 at first, 2 at the end.
DYNAMIC = DynamicSchedule(a=1, b=4, c=3)
FIXED = FixedSchedule(12)

CASES: dict[str, tuple[str, Schedule, float]] = {
    "dynamic_proved": ("abcabc", DYNAMIC, 30.0),
    "fixed_proved": ("abcabc", FIXED, 30.0),
    "dynamic_budget": ("abcabd", DYNAMIC, 15.0),
    "fixed_budget": ("abcabd", FIXED, 15.0),
    "dynamic_nothing_open": ("ab", DYNAMIC, 15.0),
}


def written(search: Search) -> str:
    stop = search.stopped
    assert stop is not None
    statistics = search.statistics()
    lines = [
        f"{stop.reason.value}: {', '.join(stop.proof or ())}",
        f"nodes per depth: {statistics.nodes_per_depth}",
        f"n: {[n for _, n in statistics.n_over_time]}",
        f"tried {statistics.tried}, succeeded {statistics.succeeded}, failed {statistics.failed}, "
        f"timed out {statistics.timed_out}, duplicates {statistics.duplicates}",
    ]
    return "\n".join([*lines, "", draw(search)])


@pytest.mark.parametrize("name", CASES)
def test_the_tree_is_the_stored_one(name: str, golden: Callable[[str, str], None]) -> None:
    word, schedule, budget = CASES[name]
    search, stop = search_word(word, schedule, seed=3, budget=budget)
    golden(name, written(search))
    assert stop.reason.value.replace(" ", "_") in name


def test_another_seed_gives_another_tree() -> None:
    trees = {draw(search_word("abcabc", DYNAMIC, seed=seed)[0]) for seed in range(5)}
    assert len(trees) == 5


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("schedule", [DYNAMIC, FIXED], ids=["dynamic", "fixed"])
def test_what_counts_as_a_proof_solves_the_word(seed: int, schedule: Schedule) -> None:
    _, stop = search_word("abba", schedule, seed=seed, budget=200.0)
    assert stop.reason is StopReason.PROVED
    assert stop.proof is not None
    state = goal("abba")
    for tactic in stop.proof[:-1]:
        outcome = apply(state, tactic)
        assert isinstance(outcome, Progress)
        state = outcome.text
    assert isinstance(apply(state, stop.proof[-1]), Solved)
