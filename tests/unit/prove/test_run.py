from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from engine.generators import Extra, Repertoire
from engine.lean.hole import LeanDiedError
from engine.protocol import SearchOptions, StopReason
from engine.prove.run import Run
from engine.search import EXTRA_LOG_PROB, draw
from engine.values import Candidate, Progress

from .toy import Judge, ToyGenerator, ToyHole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from engine.lean import TacticResult
    from engine.protocol import Verdict


class ToyRepertoire(Repertoire):
    """A repertoire of the toy's tactics."""

    def __init__(
        self,
        closers: Sequence[str] = (),
        long: Sequence[Extra] = (),
        moves: Sequence[Candidate] = (),
    ) -> None:
        super().__init__(frozenset())
        self._closers = [Extra(tactic, ()) for tactic in closers]
        self._long = list(long)
        self._moves = list(moves)

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        return self._moves[:n]

    def closers(self) -> list[Extra]:
        return self._closers

    def long_closers(self) -> list[Extra]:
        return self._long


def make_run(
    hole: ToyHole,
    tactics: Sequence[str],
    *,
    judge: Judge | None = None,
    repertoire: Repertoire | None = None,
    workers: int = 2,
    **options: object,
) -> Run:
    return Run(
        hole,
        Progress(0, hole.greeting.text, 1),
        SearchOptions(**{"budget": 30.0, **options}),  # type: ignore[arg-type]
        ToyGenerator(tactics),
        repertoire,
        judge or Judge(),
        workers=workers,
        object_to=lambda tactic: "it is forbidden" if "forbidden" in tactic else None,
    )


@pytest.mark.parametrize("workers", [1, 2])
async def test_finds_and_verifies_a_proof(workers: int) -> None:
    judge = Judge()
    run = make_run(ToyHole(5), ["take 2", "take 3"], judge=judge, workers=workers)
    stop = await run.run()
    assert stop.reason is StopReason.PROVED
    assert run.proof is not None
    assert sorted(run.proof.steps) == ["take 2", "take 3"]
    assert run.proof.steps == judge.asked[-1] == stop.proof
    assert run.proof.replacement == ", ".join(run.proof.steps)


async def test_steps_that_are_not_needed_are_dropped() -> None:
    class Lenient(ToyHole):
        """Here ``all`` closes the goal from anywhere."""

        def _outcome(self, number: int, tactic: str, timeout: float):  # type: ignore[no-untyped-def]
            return super()._outcome(number, tactic.replace("all", f"take {number}"), timeout)

    class LaterOnly(ToyGenerator):
        """Comes to think of ``all`` only after two steps."""

        async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
            self.tactics = ["all"] if state == ToyHole.text(3) else ["take 1"]
            return await super().sample(state, n, seed=seed)

    judge = Judge()
    run = make_run(Lenient(5), [], judge=judge)
    run.generator = LaterOnly([])
    await run.run()
    assert run.proof is not None
    assert run.proof.steps == ("all",)
    assert judge.asked == [("all",)]


@pytest.mark.parametrize("seed", range(6))
async def test_the_first_by_rank_wins_whatever_answers_first(seed: int) -> None:
    repertoire = ToyRepertoire(closers=["take 9", "take 4", "take 04", "take 004"])
    run = make_run(ToyHole(4, seed=seed), [], repertoire=repertoire)
    await run.run()
    assert run.proof is not None
    assert run.proof.steps == ("take 4",)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("accepted", [True, False])
async def test_what_a_closer_proves_costs_the_generator_nothing(
    workers: int, accepted: bool
) -> None:
    class Asked(ToyGenerator):
        """Counts."""

        count = 0

        async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
            self.count += 1
            return await super().sample(state, n, seed=seed)

    class Slow(Judge):
        """Judges for longer than the closers have a head start."""

        async def __call__(self, steps: Sequence[str]) -> tuple[str, Verdict]:
            await asyncio.sleep(0.4)
            return await super().__call__(steps)

    run = make_run(
        ToyHole(4),
        [],
        repertoire=ToyRepertoire(closers=["take 4"]),
        judge=Slow(lambda steps: accepted),
        workers=workers,
        max_expansions=1,
    )
    run.generator = generator = Asked(["take 1"])
    stop = await run.run()
    assert stop.reason is (StopReason.PROVED if accepted else StopReason.EXPANSIONS)
    assert generator.count == (0 if accepted else 1)


async def test_a_refused_proof_is_a_failure_and_the_batch_goes_on() -> None:
    judge = Judge(accepts=lambda steps: steps == ("take 004",))
    repertoire = ToyRepertoire(closers=["take 4", "take 04", "take 004", "take 0004"])
    run = make_run(ToyHole(4), [], repertoire=repertoire, judge=judge)
    stop = await run.run()
    assert stop.proof == ("take 004",)
    assert run.refusals == ["refused", "refused"]
    assert run.statistics().refused == 2
    assert ("take 0004",) not in judge.asked


async def test_nothing_is_proved_that_the_judge_refuses() -> None:
    run = make_run(ToyHole(3), ["take 1", "take 2"], judge=Judge(accepts=lambda steps: False))
    stop = await run.run()
    assert stop.reason is StopReason.NOTHING_OPEN
    assert run.proof is None
    assert run.refusals


async def test_what_a_probe_says_is_the_proof_and_not_the_probe() -> None:
    judge = Judge()
    for workers in (1, 2):
        repertoire = ToyRepertoire(long=[Extra("(probe)", (), probe=True)])
        run = make_run(ToyHole(7), [], repertoire=repertoire, judge=judge, workers=workers)
        await run.run()
        assert run.proof is not None
        assert run.proof.steps == ("take 7",)
    assert ("(probe)",) not in judge.asked


async def test_what_a_long_closer_leaves_of_the_goal_enters_the_tree() -> None:
    repertoire = ToyRepertoire(long=[Extra("take 2", ())])
    run = make_run(ToyHole(3), ["take 1"], repertoire=repertoire, fixed_n=1, sampling="fixed")
    await run.run()
    assert run.proof is not None
    assert sum(step == "take 2" for step in run.proof.steps) <= 1


async def test_a_time_out_is_retried_when_nothing_else_is_open() -> None:
    hole = ToyHole(2)
    run = make_run(hole, ["slow"], first_timeout=1.0, tactic_timeout=6.0)
    await run.run()
    assert run.proof is not None
    assert run.proof.steps == ("slow", "slow")
    assert hole.applied.count((0, "slow")) >= 2


async def test_with_a_flat_time_out_there_is_no_second_try() -> None:
    hole = ToyHole(2)
    run = make_run(hole, ["slow"], first_timeout=None, tactic_timeout=1.0)
    stop = await run.run()
    assert stop.reason is StopReason.NOTHING_OPEN
    assert hole.applied == [(0, "slow")]


@pytest.mark.parametrize("workers", [1, 2])
async def test_with_nothing_open_more_candidates_are_asked_for(workers: int) -> None:
    hole = ToyHole(3)
    tactics = ["skip", "no", "nor", "never", "forbidden", "take 3"]
    repertoire = ToyRepertoire(closers=["close"], long=[Extra("long", ())])
    run = make_run(hole, tactics, repertoire=repertoire, workers=workers, a=1, b=0)
    await run.run()
    assert run.proof is not None
    assert run.proof.steps == ("take 3",)
    # Minimising a proof runs its last tactic once more.
    tried = [tactic for _, tactic in hole.applied if tactic != "take 3"]
    assert sorted(tried) == ["close", "long", "never", "no", "nor", "skip"], "each once"


async def test_without_widening_the_search_ends_when_nothing_is_open() -> None:
    tactics = ["skip", "no", "nor", "never", "forbidden", "take 3"]
    run = make_run(ToyHole(3), tactics, a=1, b=0, widen=False)
    stop = await run.run()
    assert stop.reason is StopReason.NOTHING_OPEN


async def test_a_long_closer_that_is_over_does_not_end_a_widened_expansion() -> None:
    class Slow(ToyHole):
        """Where the long closer takes its time, and ``take 2`` longer."""

        async def apply(
            self, state_id: int, tactics: Iterable[str], *, timeout: float
        ) -> AsyncIterator[TacticResult]:
            async for result in super().apply(state_id, tactics, timeout=timeout):
                await asyncio.sleep({"long": 0.2, "take 2": 0.4}.get(result.tactic, 0.0))
                yield result

    hole = Slow(3)
    repertoire = ToyRepertoire(long=[Extra("long", ())])
    tactics = ["no", "nor", "never", "not", "nil", "take 2"]
    stop = await make_run(hole, tactics, repertoire=repertoire, a=1, b=0).run()
    assert stop.reason is StopReason.NOTHING_OPEN
    assert hole.applied.count((0, "take 2")) == 1, "what it led to was heard the first time"


async def test_one_worker_makes_the_same_tree_whatever_the_order_of_answers() -> None:
    drawings = set()
    for seed in range(5):
        run = make_run(
            ToyHole(40, seed=seed),
            ["take 1", "take 3", "skip", "take 7"],
            judge=Judge(accepts=lambda steps: False),
            repertoire=ToyRepertoire(closers=["take 2"], long=[Extra("take 11", ())]),
            workers=1,
            max_expansions=12,
        )
        stop = await run.run()
        assert stop.reason is StopReason.EXPANSIONS
        drawings.add(draw(run.search))
    assert len(drawings) == 1


async def test_the_budget_stops_and_more_of_it_goes_on() -> None:
    run = make_run(ToyHole(10**9), ["take 1"], budget=0.2)
    stop = await run.run()
    assert stop.reason is StopReason.BUDGET
    expansions = run.statistics().expansions
    assert expansions > 1
    run.search.extend(0.2)
    stop = await run.run()
    assert stop.reason is StopReason.BUDGET
    assert run.statistics().expansions > expansions
    assert run.elapsed >= 0.4


async def test_a_lean_that_cannot_be_brought_back_is_an_exception() -> None:
    run = make_run(ToyHole(3), ["take 1", "die"])
    with pytest.raises(LeanDiedError):
        await run.run()


async def test_what_is_objected_to_is_told_as_failed_and_never_applied() -> None:
    hole = ToyHole(2)
    run = make_run(hole, ["forbidden", "take 1"])
    assert (await run.run()).reason is StopReason.PROVED
    assert [tactic for _, tactic in hole.applied if "forbidden" in tactic] == []
    assert run.statistics().failed >= 1


async def test_the_repertoires_moves_join_a_models_candidates() -> None:
    moves = [Candidate("take 3", -0.5), Candidate("take 1", -1.5), Candidate("take 5", -1.6)]
    repertoire = ToyRepertoire(closers=["take 2"], moves=moves)
    hole = ToyHole(30)
    options = {"sampling": "fixed", "fixed_n": 2, "max_expansions": 1}
    run = make_run(hole, ["take 4"], repertoire=repertoire, **options)
    await run.run()
    nodes = {node.text: node.log_prob for node in run.search.graph.nodes}
    # As many moves as candidates are kept, with half of the trust; a closer has none of its own.
    assert nodes == {
        ToyHole.text(30): 0.0,
        ToyHole.text(28): EXTRA_LOG_PROB,
        ToyHole.text(27): pytest.approx(-0.5 + math.log(0.5)),
        ToyHole.text(29): pytest.approx(-1.5 + math.log(0.5)),
        ToyHole.text(26): -1.0,
    }


async def test_a_move_is_applied_once_whoever_proposes_it() -> None:
    moves = [Candidate("take 2", -0.5), Candidate("take 3", -0.6)]
    repertoire = ToyRepertoire(closers=["take 2"], moves=moves)
    hole = ToyHole(30)
    run = make_run(hole, ["take 3", "take 2"], repertoire=repertoire, max_expansions=1)
    await run.run()
    assert sorted(hole.applied) == [(0, "take 2"), (0, "take 3")]


async def test_the_repertoire_as_the_generator_has_its_moves_once() -> None:
    repertoire = ToyRepertoire(closers=["skip"], moves=[Candidate("take 3", -0.5)])
    run = make_run(ToyHole(30), [], repertoire=repertoire, max_expansions=1)
    run.generator = repertoire
    await run.run()
    assert [node.log_prob for node in run.search.graph.nodes] == [0.0, -0.5]
