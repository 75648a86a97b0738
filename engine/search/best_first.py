"""Best-first search with dynamic sampling, as a thing that is asked and told.

The search never waits, samples or proves. Whoever drives it asks for the next step (:meth:`next`),
does the work, and tells it the outcomes (:meth:`tell`), in any order and as late as it likes. Time
comes in as an argument.

Two rules make a search repeatable:

- *Which tactics are kept depends on one expansion alone.* A state is new to an expansion if it was
  not in the graph when the expansion was handed out. So neither the order of the answers nor
  another expansion in flight changes what counts towards n. (Two expansions in flight at the same
  time can both count a state that both find.)
- *The tree grows only in* :meth:`next`. What was told since the last call enters it there, by
  expansion and by rank. So the numbers of the nodes, and with them the choice among equals, depend
  on what was known at each call of ``next`` and not on the order in which it came.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from engine.protocol import Statistics, StopReason
from engine.search.graph import ROOT, Edge, Graph, Node, NodeState
from engine.search.schedule import Plan
from engine.values import Candidate, Failed, Outcome, Progress, Solved, TimedOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.search.schedule import Schedule

EXTRA_LOG_PROB = -math.log(64)
"""Log-probability of a tactic of the repertoire without one: one of 64 that are equally likely."""

CLOSING_LOG_PROB = math.log(0.9)
"""Log-probability of a tactic of the repertoire that closes one of several goals for good."""

_WIDEST = 256
"""Candidates that a widened expansion asks for at most: some seconds of a small model on a CPU."""


@dataclass(frozen=True, slots=True)
class Expand:
    """Generate ``samples`` candidates for ``text``, apply them to ``state_id``, tell the outcomes.

    ``keep`` is how many that succeed will be kept (None: all); :meth:`Search.wanted` says which
    ranks can still be among them.

    ``wider``: the node was expanded before, with half of both. Its candidates keep their ranks;
    those that were not among them come behind, up to ``samples`` in all. Only a search with
    ``widen`` asks for it, when nothing is open.
    """

    node: int
    samples: int
    keep: int | None
    state_id: int
    text: str
    wider: bool = False


@dataclass(frozen=True, slots=True)
class TimedOutCandidate:
    """A candidate that timed out after ``seconds``; tell its new outcome with the same rank."""

    rank: int
    candidate: Candidate
    seconds: float
    extra: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing is open: apply the ``candidates`` to ``state_id`` again, with a longer time-out.

    Only a search with ``retry_timed_out`` asks for it, and at most once per candidate. It is
    answered like an expansion: :meth:`Search.tell`, then :meth:`Search.finish`.
    """

    node: int
    candidates: tuple[TimedOutCandidate, ...]
    state_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to hand out until more is told of what is in flight."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The search is over, for now. ``proof``: the tactics from the root, where it was proved."""

    reason: StopReason
    proof: tuple[str, ...] | None = None


Step: TypeAlias = Expand | Retry | Wait | Stop


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the candidate at ``rank`` (from 0, by falling log-probability).

    ``extra`` marks a tactic of the repertoire; these have ranks of their own, and a log-probability
    only where their candidate has one below 0. ``closes`` says of one that it closed the goal
    it was meant for, and touched no other: nothing is lost by it.
    """

    rank: int
    candidate: Candidate
    outcome: Outcome
    extra: bool = False
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Solution:
    """A way to close the goal: the edge, and the tactics that were verified if they were told."""

    edge: Edge
    proof: tuple[str, ...] | None


_Key: TypeAlias = tuple[bool, int]


def _key(result: Result) -> _Key:
    # Sorts the repertoire's results first, then by rank.
    return (not result.extra, result.rank)


@dataclass(slots=True)
class _Expansion:
    """One expansion in flight, or a past one whose time-outs may be retried."""

    node: int
    plan: Plan
    known: int  # how many nodes the graph had when it was handed out
    told: dict[_Key, Result] = field(default_factory=dict)
    entered: set[_Key] = field(default_factory=set)
    finished: bool = False
    reopen: bool = False
    spent: bool = False
    cutoff: int | None = None  # rank of the n-th new state told so far: none after it is kept
    widened: int = 0  # how often it was doubled
    retrying: dict[_Key, Result] = field(default_factory=dict)  # the time-outs being retried
    retried: set[_Key] = field(default_factory=set)

    @property
    def samples(self) -> int:
        return self.plan.samples << self.widened

    @property
    def keep(self) -> int | None:
        return None if self.plan.keep is None else self.plan.keep << self.widened


class Search:
    """The search for one proof.

    ``root`` is the goal. ``schedule`` gives the size of an expansion. ``budget`` is in seconds,
    counted from the first tactic state. ``max_expansions`` bounds how often :class:`Expand` is
    handed out. ``extra_log_prob`` (at most 0) is the log-probability of a step by a tactic of the
    repertoire that has none of its own; with None its tactics count only where they close the goal.
    With ``retry_timed_out``, :meth:`next` may return :class:`Retry`. With ``widen``, a search that
    has nothing open and budget left does not stop: it expands nodes again, those first that were
    least often, the likeliest first, with twice as many candidates each time.

    Raises ValueError for a budget or a bound below 0, or an ``extra_log_prob`` above 0.
    """

    def __init__(
        self,
        root: Progress,
        schedule: Schedule,
        *,
        budget: float,
        max_expansions: int | None = None,
        extra_log_prob: float | None = EXTRA_LOG_PROB,
        retry_timed_out: bool = False,
        widen: bool = False,
    ) -> None:
        if not budget >= 0:
            raise ValueError(f"the budget must be at least 0 seconds, not {budget}")
        if max_expansions is not None and max_expansions < 0:
            raise ValueError(f"max_expansions must be at least 0, not {max_expansions}")
        if extra_log_prob is not None and not extra_log_prob <= 0:
            raise ValueError(f"extra_log_prob must be at most 0, not {extra_log_prob}")
        self._graph = Graph(root)
        self._schedule = schedule
        self._budget = budget
        self._max_expansions = max_expansions
        self._extra_log_prob = extra_log_prob
        self._retry_timed_out = retry_timed_out
        self._widen = widen
        # Best first. A node that was raised is there twice; the better entry comes first, and by
        # the time of the other the node is no longer open.
        self._heap: list[tuple[float, int]] = []
        self._in_flight: dict[int, _Expansion] = {}  # by node, in the order of handing out
        self._retryable: dict[int, _Expansion] = {}
        self._widenable: dict[int, _Expansion] = {}
        self._new_solutions: list[tuple[int, Result, tuple[str, ...] | None]] = []
        self._solutions: list[Solution] = []
        self._cancelled = False
        self._stop: Stop | None = None
        self._expansions = 0
        self._counts = {"tried": 0, "succeeded": 0, "failed": 0, "timed_out": 0}
        self._duplicates = 0
        self._n_over_time: list[tuple[float, int]] = []
        self._push(self._graph.root)

    # What the driver asks and tells.

    def next(self, elapsed: float) -> Step:
        """Say what to do ``elapsed`` seconds after the search began.

        Hands out one expansion a call; ask again to have several in flight. A proof comes before
        every other reason to stop; then, in this order: cancelled, nothing open, budget,
        expansions. A search whose last permitted expansion is in flight waits for it. A stop
        abandons what is in flight (the nodes are open again) and lasts until :meth:`extend`, but
        for a proof that is told afterwards.
        """
        self._grow()
        if self._stop is None or self._stop.reason is not StopReason.PROVED:
            proof = self.proof()
            if proof is not None:
                return self._stopped(StopReason.PROVED, proof)
        if self._stop is not None:
            return self._stop
        if self._cancelled:
            return self._stopped(StopReason.CANCELLED)
        node = self._best()
        retry = wider = None
        if node is None and not self._in_flight:
            retry = self._best_retry()
            wider = self._best_wider() if retry is None else None
            if retry is None and wider is None:
                return self._stopped(StopReason.NOTHING_OPEN)
        if elapsed >= self._budget:
            return self._stopped(StopReason.BUDGET)
        if retry is not None:
            return self._hand_out_retry(retry)
        chosen = wider if node is None else node
        if chosen is None:
            return Wait()
        if self._max_expansions is not None and self._expansions >= self._max_expansions:
            return Wait() if self._in_flight else self._stopped(StopReason.EXPANSIONS)
        if isinstance(chosen, Node):
            return self._hand_out(chosen, elapsed)
        return self._hand_out_wider(chosen, elapsed)

    def tell(
        self, node: int, results: Sequence[Result], *, proof: tuple[str, ...] | None = None
    ) -> None:
        """Record outcomes of an expansion, in any order and as many at a time as there are.

        A :class:`Solved` says that the proof was verified, and ends the search whatever its rank
        and whenever it comes, even after a stop. ``proof`` is what was verified, if that was not
        :meth:`path` and the tactic, or may not be by the time of the next call of :meth:`next`
        (other results can shorten the path meanwhile). A proof that was refused is told as
        :class:`Failed`.

        Any other outcome that comes after :meth:`finish`, after a stop, or for a rank that was
        told before, is ignored: the first answer counts. Before calling :meth:`extend`, drop the
        answers that are still to come, for a node that is handed out again starts anew.

        Raises ValueError for an unknown node, a rank outside the expansion's ``samples``, or a
        log-probability that is no number; then none of ``results`` is recorded.
        """
        self._check_node(node)
        expansion = self._in_flight.get(node)
        for result in results:
            self._check_result(result, expansion)
        for result in results:
            solved = isinstance(result.outcome, Solved)
            if solved:
                self._new_solutions.append((node, result, proof))
            accepted = (
                expansion is not None
                and not expansion.finished
                and _key(result) not in expansion.told
            )
            if accepted or solved:
                self._count(result.outcome)
            if accepted and expansion is not None:
                expansion.told[_key(result)] = result
        if expansion is not None:
            self._place_cutoff(expansion)

    def finish(self, node: int, *, reopen: bool = False, spent: bool = False) -> None:
        """Say that no more will be told of the expansion of ``node``.

        Candidates that were not told count as failed. With ``reopen`` the node is open again
        instead, as if it had not been expanded; what was told of it is kept as far as it was sure
        to be kept (for a Lean or a generator that died). ``spent`` says that the generator had
        nothing (else) to propose: widening the node is no use. Has no effect on a node that is not
        in flight. Raises ValueError for an unknown node.
        """
        self._check_node(node)
        expansion = self._in_flight.get(node)
        if expansion is None or expansion.finished:
            return
        expansion.finished = True
        expansion.reopen = reopen
        expansion.spent |= spent

    def wanted(self, node: int, rank: int, *, extra: bool = False) -> bool:
        """Whether the candidate's outcome can still matter; if not, it need not be applied.

        It cannot if n new states with a smaller rank are known, if the outcome is known, if the
        node is not in flight, or if the search has stopped. Being unwanted loses one thing: a
        candidate behind the first n might have closed the goal. The paper does not look there
        either.
        """
        expansion = self._in_flight.get(node)
        if expansion is None or expansion.finished or self._cancelled or self._new_solutions:
            return False
        if (not extra, rank) in expansion.told:
            return False
        if extra:
            return True
        return rank < expansion.samples and (expansion.cutoff is None or rank < expansion.cutoff)

    def cancel(self) -> None:
        """Stop at the next call of :meth:`next`, unless a proof is found by then."""
        self._cancelled = True

    def extend(self, seconds: float, *, expansions: int = 0) -> None:
        """Give the search ``seconds`` more, and if it is bounded, ``expansions`` more.

        A search that stopped without a proof goes on where it was; the nodes that were in flight
        are open. From now on n is counted against the new budget, so it rises again. A search
        that had nothing open has nothing to go on with. One that was proved stays so. Raises
        ValueError for a negative argument.
        """
        if not seconds >= 0 or expansions < 0:
            raise ValueError("a search cannot be extended by less than nothing")
        self._budget += seconds
        if self._max_expansions is not None:
            self._max_expansions += expansions
        self._cancelled = False
        if self._stop is not None and self._stop.reason is not StopReason.PROVED:
            self._stop = None

    # What can be looked at. All of it is about the tree as the last call of `next` left it.

    @property
    def graph(self) -> Graph:
        """The nodes and edges; to be read only."""
        return self._graph

    @property
    def budget(self) -> float:
        """The budget in seconds, with what :meth:`extend` added."""
        return self._budget

    @property
    def in_flight(self) -> int:
        """How many expansions were handed out and are not finished."""
        return sum(not expansion.finished for expansion in self._in_flight.values())

    @property
    def stopped(self) -> Stop | None:
        """The stop that holds, or None while the search goes on."""
        return self._stop

    def path(self, node: int, *, as_found: bool = False) -> tuple[str, ...]:
        """Give the tactics that lead from the root to ``node``: the fewest that are known.

        Two states that print alike are one node here, but need not be one state to Lean. Where a
        proof by the shortest path is refused, ``as_found`` gives the path that Lean itself went
        when the node was first reached. Raises ValueError for an unknown node.
        """
        self._check_node(node)
        edges = self._graph.path_as_found(node) if as_found else self._graph.path(node)
        return tuple(edge.tactic for edge in edges)

    def solution(self) -> Solution | None:
        """Give the way to close the goal that makes the shortest proof; None if there is none.

        Of several of one length, the most likely; then the one that was told first.
        """
        return min(self._solutions, key=self._cost) if self._solutions else None

    def proof(self) -> tuple[str, ...] | None:
        """Give the shortest proof, with no step that the goal does not need; None if none."""
        solution = self.solution()
        if solution is None:
            return None
        if solution.proof is not None:
            return solution.proof
        return (*self.path(solution.edge.source), solution.edge.tactic)

    def proof_edges(self) -> tuple[Edge, ...]:
        """Give the edges that :meth:`proof` goes along, in order; empty if there is no proof.

        Where a told proof goes along no known path, these are the shortest path to its last step.
        """
        solution = self.solution()
        if solution is None:
            return ()
        source = solution.edge.source
        found = self._graph.path_as_found(source)
        if solution.proof is not None and solution.proof[:-1] == tuple(e.tactic for e in found):
            return (*found, solution.edge)
        return (*self._graph.path(source), solution.edge)

    def current_n(self, elapsed: float) -> int:
        """Give the paper's n for an expansion that would start now."""
        return self._schedule.plan(self._used(elapsed)).n

    def best_open(self) -> Node | None:
        """Give the most likely open node; where none is open, the most likely in flight."""
        node = self._best()
        if node is None:
            nodes = (self._graph.nodes[number] for number in self._in_flight)
            node = min(nodes, key=lambda node: (-node.log_prob, node.number), default=None)
        return node

    def statistics(self) -> Statistics:
        """Say what the search did so far; the driver adds the seconds and the refused proofs.

        ``tried`` counts outcomes told, ``duplicates`` those that led to a state already in the
        graph, ``depth`` is that of the deepest node, depths being fewest steps from the root.
        """
        nodes = self._graph.nodes
        per_depth: list[int] = []
        for node in nodes:
            depth = self._graph.depth(node.number)
            per_depth += [0] * (depth + 1 - len(per_depth))
            per_depth[depth] += 1
        return Statistics(
            expansions=self._expansions,
            nodes=len(nodes),
            open_nodes=sum(node.state is NodeState.OPEN for node in nodes),
            depth=len(per_depth) - 1,
            duplicates=self._duplicates,
            nodes_per_depth=per_depth,
            n_over_time=list(self._n_over_time),
            **self._counts,
        )

    # Growing the tree.

    def _grow(self) -> None:
        """Let what was told enter the graph."""
        for expansion in list(self._in_flight.values()):
            self._enter_extras(expansion)
            self._enter_kept(expansion)
            if expansion.reopen:
                self._reopen(expansion)
            elif expansion.finished:
                self._close(expansion)
        for number, result, proof in sorted(
            self._new_solutions, key=lambda solution: (solution[0], _key(solution[1]))
        ):
            edge = self._graph.close(
                number,
                result.candidate.tactic,
                self._log_prob(result),
                rank=result.rank,
                extra=result.extra,
            )
            self._solutions.append(Solution(edge, proof))
        self._new_solutions.clear()

    def _enter_extras(self, expansion: _Expansion) -> None:
        if self._extra_log_prob is None:
            return
        for _, result in sorted(expansion.told.items()):
            if result.extra and isinstance(result.outcome, Progress):
                self._enter(expansion, result, result.outcome)

    def _enter_kept(self, expansion: _Expansion) -> None:
        # A success is kept for sure once the new states before it, together with the candidates
        # before it whose outcome is not known, are fewer than n.
        new: set[str] = set()
        for place, (rank, result) in enumerate(self._ranked(expansion)):
            settled = expansion.finished and not expansion.reopen
            unknown = 0 if settled else rank - place
            if expansion.keep is not None and len(new) + unknown >= expansion.keep:
                break
            if isinstance(result.outcome, Progress):
                if self._is_new(expansion, result.outcome):
                    new.add(result.outcome.text)
                self._enter(expansion, result, result.outcome)

    def _enter(self, expansion: _Expansion, result: Result, progress: Progress) -> None:
        if _key(result) in expansion.entered:
            return
        expansion.entered.add(_key(result))
        _, is_new, raised = self._graph.link(
            expansion.node,
            progress,
            result.candidate.tactic,
            self._log_prob(result),
            rank=result.rank,
            extra=result.extra,
        )
        self._duplicates += not is_new
        for node in raised:
            self._push(node)

    def _close(self, expansion: _Expansion) -> None:
        self._graph.nodes[expansion.node].state = NodeState.EXPANDED
        del self._in_flight[expansion.node]
        expansion.retrying = {}
        if self._retry_timed_out and self._retry_candidates(expansion):
            self._retryable[expansion.node] = expansion
        self._offer_wider(expansion)

    def _offer_wider(self, expansion: _Expansion) -> None:
        # Behind the cutoff there may be candidates that were never applied.
        more = not expansion.spent or expansion.cutoff is not None
        if self._widen and more and 2 * expansion.samples <= _WIDEST:
            self._widenable[expansion.node] = expansion

    def _reopen(self, expansion: _Expansion) -> None:
        """Take back an expansion that was abandoned."""
        node = self._graph.nodes[expansion.node]
        del self._in_flight[node.number]
        if expansion.retrying:
            # The expansion itself was done; only the retry has to be asked for again.
            expansion.retried -= expansion.retrying.keys() - expansion.told.keys()
            expansion.told = {**expansion.retrying, **expansion.told}
            expansion.retrying = {}
            if self._retry_candidates(expansion):
                self._retryable[node.number] = expansion
        elif expansion.widened:
            # What was told stays told; it is as wide as it was before.
            expansion.widened -= 1
        else:
            node.state = NodeState.OPEN
            self._push(node)
            return
        expansion.finished, expansion.reopen = True, False
        node.state = NodeState.EXPANDED
        self._offer_wider(expansion)

    @staticmethod
    def _ranked(expansion: _Expansion) -> Iterator[tuple[int, Result]]:
        # The generator's own results, by rank.
        return ((key[1], expansion.told[key]) for key in sorted(expansion.told) if key[0])

    def _is_new(self, expansion: _Expansion, progress: Progress) -> bool:
        # A state that an abandoned expansion of this very node put there is as good as new: else
        # every resumption would keep n more.
        known = self._graph.find(progress.text)
        return (
            known is None
            or known.number >= expansion.known
            or (known.parent is not None and known.parent.source == expansion.node)
        )

    def _place_cutoff(self, expansion: _Expansion) -> None:
        if expansion.keep is None:
            return
        new: set[str] = set()
        for rank, result in self._ranked(expansion):
            if isinstance(result.outcome, Progress) and self._is_new(expansion, result.outcome):
                new.add(result.outcome.text)
                if len(new) == expansion.keep:
                    expansion.cutoff = rank
                    return

    # Handing out.

    def _hand_out(self, node: Node, elapsed: float) -> Expand:
        plan = self._schedule.plan(self._used(elapsed))
        expansion = _Expansion(node.number, plan, known=len(self._graph.nodes))
        return self._start(expansion, elapsed)

    def _hand_out_wider(self, expansion: _Expansion, elapsed: float) -> Expand:
        del self._widenable[expansion.node]
        expansion.widened += 1
        expansion.finished = False
        expansion.known = len(self._graph.nodes)
        expansion.cutoff = None
        self._place_cutoff(expansion)
        return self._start(expansion, elapsed)

    def _start(self, expansion: _Expansion, elapsed: float) -> Expand:
        node = self._graph.nodes[expansion.node]
        samples, keep = expansion.samples, expansion.keep
        self._in_flight[node.number] = expansion
        self._expansions += 1
        node.state = NodeState.EXPANDING
        node.order = node.order or self._expansions
        node.n = Plan(samples, keep).n
        self._n_over_time.append((elapsed, node.n))
        wider = expansion.widened > 0
        return Expand(node.number, samples, keep, node.state_id, node.text, wider=wider)

    def _hand_out_retry(self, expansion: _Expansion) -> Retry:
        node = self._graph.nodes[expansion.node]
        candidates = self._retry_candidates(expansion)
        del self._retryable[node.number]
        self._in_flight[node.number] = expansion
        node.state = NodeState.EXPANDING
        expansion.finished = False
        for candidate in candidates:
            key = (not candidate.extra, candidate.rank)
            expansion.retrying[key] = expansion.told.pop(key)
            expansion.retried.add(key)
        return Retry(node.number, candidates, node.state_id, node.text)

    def _retry_candidates(self, expansion: _Expansion) -> tuple[TimedOutCandidate, ...]:
        return tuple(
            TimedOutCandidate(
                result.rank, result.candidate, result.outcome.seconds, extra=result.extra
            )
            for key, result in sorted(expansion.told.items())
            if isinstance(result.outcome, TimedOut)
            and key not in expansion.retried
            and (result.extra or expansion.cutoff is None or result.rank < expansion.cutoff)
        )

    def _best(self) -> Node | None:
        while self._heap:
            node = self._graph.nodes[self._heap[0][1]]
            if node.state is NodeState.OPEN:
                return node
            heapq.heappop(self._heap)
        return None

    def _best_retry(self) -> _Expansion | None:
        return min(self._retryable.values(), key=self._likeliest, default=None)

    def _best_wider(self) -> _Expansion | None:
        return min(
            self._widenable.values(),
            key=lambda expansion: (expansion.widened, self._likeliest(expansion)),
            default=None,
        )

    def _likeliest(self, expansion: _Expansion) -> tuple[float, int]:
        return -self._graph.nodes[expansion.node].log_prob, expansion.node

    def _push(self, node: Node) -> None:
        if node.state is NodeState.OPEN:
            heapq.heappush(self._heap, (-node.log_prob, node.number))

    def _stopped(self, reason: StopReason, proof: tuple[str, ...] | None = None) -> Stop:
        for expansion in list(self._in_flight.values()):
            self._reopen(expansion)
        self._stop = Stop(reason, proof)
        return self._stop

    # Small things.

    def _used(self, elapsed: float) -> float:
        return elapsed / self._budget if self._budget > 0 else 1.0

    def _log_prob(self, result: Result) -> float:
        if not result.extra:
            # A sum of float32 numbers can come out a hair above 0.
            return min(0.0, result.candidate.log_prob)
        if result.closes and self._extra_log_prob is not None:
            return max(CLOSING_LOG_PROB, self._extra_log_prob)
        # Where the repertoire has no log-probability, what closes the goal is the last choice
        # among proofs of one length.
        if self._extra_log_prob is None:
            return -math.inf
        return min(result.candidate.log_prob, 0.0) or self._extra_log_prob

    def _cost(self, solution: Solution) -> tuple[int, float]:
        source = solution.edge.source
        if solution.proof is None:
            edges = self._graph.path(source)
            steps = len(edges) + 1
        else:
            edges = self._graph.path_as_found(source)
            steps = len(solution.proof)
        return steps, -(sum(edge.log_prob for edge in edges) + solution.edge.log_prob)

    def _count(self, outcome: Outcome) -> None:
        self._counts["tried"] += 1
        if isinstance(outcome, Progress | Solved):
            self._counts["succeeded"] += 1
        elif isinstance(outcome, Failed):
            self._counts["failed"] += 1
        else:
            self._counts["timed_out"] += 1

    def _check_node(self, node: int) -> None:
        if not ROOT <= node < len(self._graph.nodes):
            raise ValueError(f"there is no node {node}")

    @staticmethod
    def _check_result(result: Result, expansion: _Expansion | None) -> None:
        if result.rank < 0:
            raise ValueError(f"a rank counts from 0, not {result.rank}")
        if result.extra:
            return
        if math.isnan(result.candidate.log_prob):
            raise ValueError(f"{result.candidate.tactic!r} has no log-probability")
        if expansion is not None and result.rank >= expansion.samples:
            raise ValueError(f"rank {result.rank} of {expansion.samples} samples")
