from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.generators import Extra
from engine.protocol import SearchOptions, Suggestion
from engine.prove.suggest import Suggester

from .test_run import ToyRepertoire
from .toy import ToyGenerator, ToyHole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.values import Candidate


async def suggest(
    hole: ToyHole,
    tactics: Sequence[str],
    *,
    repertoire: ToyRepertoire | None = None,
    limit: int = 8,
    **options: object,
) -> list[Suggestion]:
    suggester = Suggester(
        hole,
        SearchOptions(**options),  # type: ignore[arg-type]
        limit,
        lambda tactic: "dangerous" if tactic == "sorry" else None,
    )
    return await suggester.suggestions(ToyGenerator(tactics), repertoire)


async def test_what_closes_the_goal_comes_first_then_the_ranks() -> None:
    for seed in range(5):
        found = await suggest(ToyHole(4, seed=seed), ["take 1", "take 4", "no", "take 3", "take 2"])
        assert [s.tactic for s in found] == ["take 4", "take 1", "take 3", "take 2"]
        assert [s.goals for s in found] == [0, 1, 1, 1]
        assert found[1].state == ToyHole.text(3)
        assert [s.log_prob for s in found] == [-2.0, -1.0, -4.0, -5.0]


async def test_what_changes_nothing_or_leaves_the_same_goals_is_left_out() -> None:
    found = await suggest(ToyHole(4), ["skip", "take 1", "take 01", "take 4", "take 04"])
    assert [s.tactic for s in found] == ["take 4", "take 04", "take 1"]


async def test_there_are_at_most_so_many() -> None:
    assert len(await suggest(ToyHole(9), [f"take {n}" for n in range(1, 9)], limit=3)) == 3


async def test_closers_come_before_candidates_and_what_probes_say_comes_last() -> None:
    repertoire = ToyRepertoire(
        closers=["take 2"], long=[Extra("take 3", ()), Extra("(probe)", (), probe=True)]
    )
    found = await suggest(ToyHole(7), ["take 1"], repertoire=repertoire)
    assert [s.tactic for s in found] == ["take 7", "take 2", "take 1"]
    assert found[1].log_prob is None


async def test_closers_are_tried_while_the_generator_samples_and_without_it() -> None:
    hole = ToyHole(7)

    class Stuck(ToyGenerator):
        """Answers never."""

        async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
            return await asyncio.Future()

    suggester = Suggester(hole, SearchOptions(budget=0.5), 8)
    repertoire = ToyRepertoire(closers=["take 2", "take 7"])
    found = await suggester.suggestions(Stuck([]), repertoire)
    assert [s.tactic for s in found] == ["take 7", "take 2"]


async def test_a_generator_s_dangerous_tactic_is_not_even_tried() -> None:
    hole = ToyHole(4)
    await suggest(hole, ["sorry", "take 1"])
    assert [tactic for _, tactic in hole.applied] == ["take 1"]


async def test_when_time_is_over_what_was_found_is_said() -> None:
    hole = ToyHole(4)
    assert await suggest(hole, ["take 1", "take 4"], budget=1e-9) == []
    assert hole.applied == []
