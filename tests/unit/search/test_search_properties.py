"""What holds of the search in any world, and a second, naive search that must agree with it.

A world says, for each of a few states, what comes of the tactics tried there, by rank.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from search_helpers import progress, solve

from engine.protocol import StopReason
from engine.search import (
    DynamicSchedule,
    Expand,
    FixedSchedule,
    Result,
    Retry,
    Schedule,
    Search,
    Stop,
)
from engine.search.drawing import draw
from engine.values import Candidate, Failed, Outcome, Progress, Solved, TimedOut

if TYPE_CHECKING:
    import random

ROOT = "a"
STATES = "abcdefghij"
World = dict[str, list[tuple[Candidate, Outcome]]]

SCHEDULES: list[Schedule] = [
    DynamicSchedule(a=1, b=2, c=3),
    DynamicSchedule(a=2, b=0, oversampling=4),
    FixedSchedule(6),
]
schedules = st.sampled_from(SCHEDULES)


@st.composite
def worlds(draw_: st.DrawFn, solvable: bool = True) -> World:
    outcomes: list[Outcome] = [Failed("no"), TimedOut(1.0)]
    if solvable:
        outcomes.append(Solved())
    outcomes += [progress(state) for state in STATES] * 2
    world: World = {}
    for state in STATES:
        row = draw_(st.lists(st.sampled_from(outcomes), max_size=10))
        # Few values, so that there are many ties.
        steps = draw_(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=10, max_size=10))
        log_prob, candidates = 0.0, []
        for rank, outcome in enumerate(row):
            log_prob -= steps[rank]
            candidates.append((Candidate(f"{state}{rank}", log_prob), outcome))
        world[state] = candidates
    return world


def answers(world: World, step: Expand | Retry) -> list[Result]:
    if isinstance(step, Retry):
        return [
            Result(c.rank, c.candidate, world[step.text][c.rank][1], c.extra)
            for c in step.candidates
        ]
    return [
        Result(rank, candidate, outcome)
        for rank, (candidate, outcome) in enumerate(world[step.text][: step.samples])
    ]


def run(
    search: Search,
    world: World,
    *,
    in_flight: int,
    shuffle: random.Random | None,
    skip: bool = False,
) -> Stop:
    """Fill the flight, tell everything (by node and rank, or shuffled), finish all, go on.

    With ``skip``, candidates that are not wanted when their turn comes are not told.
    """
    for elapsed in range(1000):
        steps: list[Expand | Retry] = []
        while len(steps) < in_flight:
            step = search.next(float(elapsed))
            if isinstance(step, Stop):
                return step
            if not isinstance(step, Expand | Retry):
                break
            steps.append(step)
        told = [(step.node, result) for step in steps for result in answers(world, step)]
        nodes = [step.node for step in steps]
        if shuffle is not None:
            shuffle.shuffle(told)
            shuffle.shuffle(nodes)
        for node, result in told:
            if not skip or search.wanted(node, result.rank):
                search.tell(node, [result])
        for node in nodes:
            search.finish(node)
    raise AssertionError("the search does not end")


def make(schedule: Schedule, *, retry_timed_out: bool = False) -> Search:
    return Search(progress(ROOT), schedule, budget=12.0, retry_timed_out=retry_timed_out)


# The naive search.


@dataclass
class Naive:
    """What the naive search found; all of it is worked out from the edges, again and again."""

    states: list[str] = field(default_factory=lambda: [ROOT])
    edges: list[tuple[str, str, float]] = field(default_factory=list)
    closing: list[tuple[str, float]] = field(default_factory=list)
    expanded: list[str] = field(default_factory=list)
    reason: StopReason | None = None

    def likeliest(self) -> dict[str, float]:
        best = {ROOT: 0.0}
        for _ in self.states:
            for source, target, log_prob in self.edges:
                if source in best:
                    best[target] = max(best.get(target, -1e9), best[source] + log_prob)
        return best

    def shortest(self) -> dict[str, tuple[int, float]]:
        best = {ROOT: (0, 0.0)}
        for _ in self.states:
            for source, target, log_prob in self.edges:
                if source in best:
                    steps, cost = best[source]
                    best[target] = min(best.get(target, (10**9, 0.0)), (steps + 1, cost - log_prob))
        return best

    def proof(self) -> tuple[int, float]:
        shortest = self.shortest()
        return min(
            (shortest[state][0] + 1, shortest[state][1] - log_prob)
            for state, log_prob in self.closing
        )


def naive_search(world: World, schedule: Schedule, budget: float) -> Naive:
    tree = Naive()
    for elapsed in range(1000):
        still_open = [state for state in tree.states if state not in tree.expanded]
        if tree.closing:
            tree.reason = StopReason.PROVED
        elif not still_open:
            tree.reason = StopReason.NOTHING_OPEN
        elif elapsed >= budget:
            tree.reason = StopReason.BUDGET
        if tree.reason is not None:
            return tree
        likeliest = tree.likeliest()
        state = max(still_open, key=lambda s: (likeliest[s], -tree.states.index(s)))
        tree.expanded.append(state)
        plan = schedule.plan(elapsed / budget)
        before = list(tree.states)
        kept: list[str] = []
        for candidate, outcome in world[state][: plan.samples]:
            if isinstance(outcome, Solved):
                tree.closing.append((state, candidate.log_prob))
            if plan.keep is not None and len(kept) == plan.keep:
                continue
            if isinstance(outcome, Progress):
                tree.edges.append((state, outcome.text, candidate.log_prob))
                if outcome.text not in before and outcome.text not in kept:
                    kept.append(outcome.text)
                if outcome.text not in tree.states:
                    tree.states.append(outcome.text)
    raise AssertionError("the naive search does not end")


@given(worlds(), schedules)
def test_the_naive_search_agrees(world: World, schedule: Schedule) -> None:
    search = make(schedule)
    stop = run(search, world, in_flight=1, shuffle=None)
    tree = naive_search(world, schedule, budget=12.0)
    graph = search.graph
    assert stop.reason is tree.reason
    assert [node.text for node in graph.nodes] == tree.states
    assert {node.text: node.log_prob for node in graph.nodes} == tree.likeliest()
    expanded = [node for node in graph.nodes if node.order is not None]
    expanded.sort(key=lambda node: node.order or 0)
    assert [node.text for node in expanded] == tree.expanded
    shortest = tree.shortest()
    for node in graph.nodes:
        path = graph.path(node.number)
        assert (len(path), -sum(e.log_prob for e in path)) == shortest[node.text]
        assert graph.depth(node.number) == len(path) <= len(graph.path_as_found(node.number))
    if stop.proof is not None:
        proof = search.proof_edges()
        assert (len(proof), -sum(edge.log_prob for edge in proof)) == tree.proof()


@given(worlds(), schedules)
def test_a_proof_can_be_replayed_without_visiting_a_state_twice(
    world: World, schedule: Schedule
) -> None:
    stop = run(make(schedule), world, in_flight=2, shuffle=None)
    if stop.proof is None:
        return
    seen, state = [], ROOT
    for place, tactic in enumerate(stop.proof):
        seen.append(state)
        outcome = {c.tactic: o for c, o in world[state]}[tactic]
        if place == len(stop.proof) - 1:
            assert isinstance(outcome, Solved)
        else:
            assert isinstance(outcome, Progress)
            state = outcome.text
    assert len(seen) == len(set(seen))


@given(worlds(), schedules, st.integers(1, 4), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_answers_changes_nothing(
    world: World, schedule: Schedule, in_flight: int, shuffle: random.Random, retry: bool
) -> None:
    in_order, shuffled = (make(schedule, retry_timed_out=retry) for _ in range(2))
    first = run(in_order, world, in_flight=in_flight, shuffle=None)
    second = run(shuffled, world, in_flight=in_flight, shuffle=shuffle)
    assert first == second
    assert draw(in_order) == draw(shuffled)
    assert in_order.statistics() == shuffled.statistics()


@given(
    worlds(solvable=False),
    schedules,
    st.integers(1, 4),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_skipping_what_is_not_wanted_changes_nothing(
    world: World, schedule: Schedule, in_flight: int, shuffle: random.Random, retry: bool
) -> None:
    everything, wanted = (make(schedule, retry_timed_out=retry) for _ in range(2))
    first = run(everything, world, in_flight=in_flight, shuffle=None)
    second = run(wanted, world, in_flight=in_flight, shuffle=shuffle, skip=True)
    assert first == second
    assert draw(everything) == draw(wanted)
    assert wanted.statistics().tried <= everything.statistics().tried


@given(worlds(solvable=False), schedules, st.randoms(use_true_random=False))
def test_asking_in_between_does_not_change_what_an_expansion_keeps(
    world: World, schedule: Schedule, shuffle: random.Random
) -> None:
    def kept(*, ask: bool) -> set[tuple[str, int]]:
        search = Search(progress(ROOT), schedule, budget=1.0, max_expansions=1)
        step = search.next(0.0)
        assert isinstance(step, Expand)
        results = answers(world, step)
        shuffle.shuffle(results)
        seen: set[int] = set()
        for result in results:
            search.tell(step.node, [result])
            if ask:
                search.next(0.0)
                entered = {edge.rank for edge in search.graph.root.out}
                assert seen <= entered
                seen = entered
        search.finish(step.node)
        search.next(0.0)
        return {(edge.tactic, edge.rank) for edge in search.graph.root.out}

    assert kept(ask=True) == kept(ask=False)


@given(worlds(), schedules, st.integers(0, 12), st.integers(1, 3))
def test_a_search_that_is_stopped_and_extended_loses_no_node(
    world: World, schedule: Schedule, elapsed: int, in_flight: int
) -> None:
    search = Search(progress(ROOT), schedule, budget=float(elapsed))
    first = run(search, world, in_flight=in_flight, shuffle=None)
    before = [node.text for node in search.graph.nodes]
    search.extend(1000.0)
    last = run(search, world, in_flight=in_flight, shuffle=None)
    assert [node.text for node in search.graph.nodes][: len(before)] == before
    assert last.reason in {StopReason.PROVED, StopReason.NOTHING_OPEN}
    if first.reason is StopReason.PROVED:
        assert last == first


@given(worlds(), schedules)
@settings(max_examples=50)
def test_the_counts_add_up(world: World, schedule: Schedule) -> None:
    search = make(schedule)
    stop = solve(search, lambda text, samples: world[text][:samples])
    assert (stop.reason is StopReason.PROVED) == (stop.proof is not None)
    statistics = search.statistics()
    assert sum(statistics.nodes_per_depth) == statistics.nodes == len(search.graph.nodes)
    assert statistics.tried == (statistics.succeeded + statistics.failed + statistics.timed_out)
    assert statistics.expansions == len(statistics.n_over_time)


@given(worlds(), schedules, st.integers(1, 3), st.booleans())
def test_a_widening_search_misses_no_proof(
    world: World, schedule: Schedule, in_flight: int, skip: bool
) -> None:
    reachable, proved = [ROOT], False
    for state in reachable:
        for _, outcome in world[state]:
            proved |= isinstance(outcome, Solved)
            if isinstance(outcome, Progress) and outcome.text not in reachable:
                reachable.append(outcome.text)
    search = Search(progress(ROOT), schedule, budget=1e6, widen=True)
    stop = run(search, world, in_flight=in_flight, shuffle=None, skip=skip)
    assert stop.reason is (StopReason.PROVED if proved else StopReason.NOTHING_OPEN)
    if not proved:
        assert {node.text for node in search.graph.nodes} == set(reachable)
        told = search.statistics().tried
        assert told == sum(len(world[state]) for state in reachable), "nothing is told twice"


@given(worlds(), schedules, st.integers(0, 40), st.integers(1, 3))
def test_a_widening_search_can_be_stopped_and_extended(
    world: World, schedule: Schedule, elapsed: int, in_flight: int
) -> None:
    search = Search(progress(ROOT), schedule, budget=float(elapsed), widen=True)
    run(search, world, in_flight=in_flight, shuffle=None)
    search.extend(1e6)
    last = run(search, world, in_flight=in_flight, shuffle=None)
    whole = Search(progress(ROOT), schedule, budget=1e6, widen=True)
    assert last.reason is run(whole, world, in_flight=in_flight, shuffle=None).reason
