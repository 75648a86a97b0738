"""One search over one hole: asks the search, samples, lets Lean apply, tells the search."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.generators.repertoire import clean_said
from engine.protocol import SearchOptions, Statistics, StopReason, Verdict
from engine.prove.minimise import Form, Minimiser
from engine.search import (
    CLOSING_LOG_PROB,
    DynamicSchedule,
    Expand,
    FixedSchedule,
    NodeState,
    Result,
    Retry,
    Search,
    Stop,
    Wait,
)
from engine.source import objection
from engine.values import Candidate, Failed, Outcome, Progress, Solved

if TYPE_CHECKING:
    from engine.generators import Extra, Repertoire, TacticGenerator
    from engine.lean import Hole

_LONG_SHARE = 1 / 6
"""Share of the budget that one long closer may take at the root; behind it, half of that."""

_LONG_RANK = 1000
"""Rank of the first long closer, behind all others of the repertoire."""

_INLINE_EVERY = 4
"""With one worker, the long closers get their turn once in so many expansions."""

_MINIMISE_SHARE = 0.1
"""Share of the budget that may go into a shorter form of a proof."""

_MOVES_RANK = 500
"""Rank of the first move beside a model's candidates, behind the closers."""

_MOVES_SHARE = math.log(0.5)
"""Added to the moves' log-probabilities where a model has its own: half of the trust is theirs."""

_HEAD_START = 0.3
"""Seconds that the closers have at the root before the generator is asked: what they prove costs no
decoding, which on a CPU cannot be stopped once it has begun."""

_IDLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified proof: its tactics, the text that stands at the site, and the verdict.

    ``milliseconds`` is what Lean needed for its tactics in the hole, if they were run once more.
    """

    steps: tuple[str, ...]
    replacement: str
    verdict: Verdict
    milliseconds: float | None = None


Verify = Callable[[Sequence[str]], Awaitable[tuple[str, Verdict]]]
"""Renders tactics at the site and has the session judge the document: (replacement, verdict)."""


@dataclass(slots=True)
class _Seconds:
    """Where the time went; ``judged`` is what finished proofs took, in Lean and in verification."""

    generator: float = 0.0
    lean: float = 0.0
    verify: float = 0.0
    judged: float = 0.0


def _closes(before: str, outcome: Outcome) -> bool:
    """Whether a tactic closed the first goal of ``before`` and cannot have touched the others."""
    match = re.match(r"(\d+) goals\n", before)
    goals = int(match[1]) if match is not None else 1
    return isinstance(outcome, Progress) and outcome.goals < goals and "?m_" not in before


def _behind(before: Sequence[Candidate], sampled: Sequence[Candidate]) -> list[Candidate]:
    """What was offered before, and behind it what was not."""
    seen = {candidate.tactic for candidate in before}
    return [*before, *(new for new in sampled if new.tactic not in seen)]


class Run:
    """A search that can be run, stopped and run again.

    With a repertoire, its closers are tried first at each node, outside the generator's
    candidates, and then, while a model samples, its heaviest moves: as many as candidates are kept.
    Closers that take long run beside the search, one at a time. A candidate that
    ``object_to`` objects to has failed, and Lean does not see it. Raises whatever the hole
    raises when Lean cannot be brought back.
    """

    def __init__(
        self,
        hole: Hole,
        root: Progress,
        options: SearchOptions,
        generator: TacticGenerator,
        repertoire: Repertoire | None,
        verify: Verify,
        *,
        workers: int,
        object_to: Callable[[str], str | None] = objection,
    ) -> None:
        schedule = (
            DynamicSchedule(options.a, options.b, options.c)
            if options.sampling == "dynamic"
            else FixedSchedule(options.fixed_n)
        )
        self.search = Search(
            root,
            schedule,
            budget=options.budget,
            max_expansions=options.max_expansions,
            retry_timed_out=options.first_timeout is not None,
            widen=options.widen,
        )
        self.proof: Proof | None = None
        self.refusals: list[str] = []
        self.generator = generator
        self._hole = hole
        self._root = root
        self._options = options
        self._repertoire = repertoire
        self._verify = verify
        self._workers = workers
        self._object_to = object_to
        # With one worker nothing runs beside it, so that the tree does not depend on timing.
        self._inline = workers == 1
        self._seconds = _Seconds()
        self._used = 0.0
        self._started: float | None = None
        self._verifying = asyncio.Lock()
        self._root_closers_done = asyncio.Event()
        self._long_done: set[int] = set()
        self._root_expanded = asyncio.Event()
        self._tried_proofs: set[tuple[str, ...]] = set()
        self._offered: dict[int, list[Candidate]] = {}
        self._root_held = False

    # -- what can be looked at -------------------------------------------------------------------

    @property
    def found_after(self) -> float:
        """Seconds of the budget used without the verification of the proof."""
        verdict = 0.0 if self.proof is None else self.proof.verdict.seconds
        return max(0.0, self.elapsed - verdict)

    @property
    def elapsed(self) -> float:
        """Seconds of the budget used, over all runs."""
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self._used + running

    @property
    def verifying(self) -> bool:
        """Whether a proof is being judged in place now."""
        return self._verifying.locked()

    def statistics(self) -> Statistics:
        """What the search did, with the driver's own figures."""
        return replace(
            self.search.statistics(),
            refused=len(self.refusals),
            seconds_generator=self._seconds.generator,
            seconds_lean=self._seconds.lean,
            seconds_verify=self._seconds.verify,
        )

    @contextmanager
    def _in_lean(self) -> Iterator[None]:
        """Counts what is done inside as Lean's time, without the judging of proofs."""
        started, judged = time.monotonic(), self._seconds.judged
        try:
            yield
        finally:
            judged = self._seconds.judged - judged
            self._seconds.lean += max(0.0, time.monotonic() - started - judged)

    # -- running ---------------------------------------------------------------------------------

    async def run(self) -> Stop:
        """Searches until a proof is verified, the budget is used, or nothing is left to try."""
        self._started = time.monotonic()
        tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        if self._repertoire is not None and not self._inline:
            tasks.append(asyncio.create_task(self._work_long()))
        try:
            left = max(0.0, self.search.budget - self.elapsed)
            await self._until_stopped(tasks, left)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._used, self._started = self.elapsed, None
        step = self.search.next(self.elapsed)
        return step if isinstance(step, Stop) else Stop(StopReason.BUDGET)

    async def adopt(self, steps: Sequence[str]) -> bool:
        """Has a proof that was found elsewhere judged in place; whether it stands."""
        async with self._judging():
            replacement, verdict = await self._verify(steps)
            if verdict.accepted:
                self.proof = Proof(tuple(steps), replacement, verdict)
            return verdict.accepted

    async def _until_stopped(self, tasks: list[asyncio.Task[None]], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        pending = set(tasks)
        while pending:
            done, pending = await asyncio.wait(
                pending,
                timeout=max(0.0, deadline - time.monotonic()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                task.result()
            if self.proof is not None:
                return
            stop = self.search.stopped
            if stop is not None and stop.reason is not StopReason.NOTHING_OPEN:
                return
            if not done:
                # A proof that was found in time may still be judged; nothing else goes on.
                async with self._verifying:
                    return

    async def _work(self) -> None:
        while True:
            async with self._verifying:
                pass  # Lean is busy with a proof that will most likely end the search
            step = self.search.next(self.elapsed)
            if isinstance(step, Expand):
                await self._expand(step)
                if self._inline and self.search.statistics().expansions % _INLINE_EVERY == 1:
                    await self._long_closers()
            elif isinstance(step, Retry):
                await self._retry(step)
            elif isinstance(step, Wait):
                await asyncio.sleep(_IDLE_SECONDS)
            else:
                while self._inline and step.proof is None and await self._long_closers():
                    pass
                return

    async def _expand(self, step: Expand) -> None:
        sampling = asyncio.create_task(self._sample(step))
        known: dict[str, Outcome] = {}
        try:
            if self._repertoire is not None:
                extras = [(i, e.tactic) for i, e in enumerate(self._repertoire.closers())]
                await self._apply(step, extras, self._first_timeout, known, extra=True)
            self._root_closers_done.set()
            await self._apply_moves(step, known)
            sampled = await sampling
        finally:
            sampling.cancel()
        before = self._offered.get(step.node, []) if step.wider else []
        candidates = self._offered[step.node] = _behind(before, sampled)[: step.samples]
        for candidate in candidates:
            why = None if candidate.tactic in known else self._object_to(candidate.tactic)
            if why is not None:
                known[candidate.tactic] = Failed(f"not tried: {why}")
        told = [
            Result(rank, candidate, known[candidate.tactic])
            for rank, candidate in enumerate(candidates)
            if candidate.tactic in known
        ]
        self.search.tell(step.node, told)
        await self._apply(
            step,
            [(rank, c.tactic) for rank, c in enumerate(candidates) if c.tactic not in known],
            self._first_timeout,
            known,
            candidates=candidates,
        )
        if step.node == 0:
            # The long closers finish it: what their probes say still belongs to the goal.
            self._root_held = self._repertoire is not None and 0 not in self._long_done
        if step.node != 0 or not self._root_held:
            self.search.finish(step.node, spent=len(candidates) == len(before))
        self._root_expanded.set()

    async def _apply_moves(self, step: Expand, known: dict[str, Outcome]) -> None:
        """Applies the repertoire's moves where they are not the generator's own candidates."""
        if self._repertoire is None or self.generator is self._repertoire:
            return
        found = await self._repertoire.sample(step.text, step.keep or step.samples, seed=0)
        moves = {
            rank: replace(move, log_prob=move.log_prob + _MOVES_SHARE)
            for rank, move in enumerate(found, _MOVES_RANK)
            if move.tactic not in known
        }
        ranked = [(rank, move.tactic) for rank, move in moves.items()]
        await self._apply(step, ranked, self._first_timeout, known, candidates=moves, extra=True)

    async def _retry(self, step: Retry) -> None:
        for extra in (True, False):
            again = [c for c in step.candidates if c.extra is extra]
            by_rank = {c.rank: c.candidate for c in again}
            await self._apply(
                step,
                [(c.rank, c.candidate.tactic) for c in again],
                self._options.tactic_timeout,
                {},
                candidates=by_rank,
                extra=extra,
            )
        self.search.finish(step.node)

    @property
    def _first_timeout(self) -> float:
        first = self._options.first_timeout
        return self._options.tactic_timeout if first is None else first

    async def _sample(self, step: Expand) -> list[Candidate]:
        if step.node == 0 and self._repertoire is not None:
            done = asyncio.create_task(self._root_closers_done.wait())
            try:
                await asyncio.wait({done}, timeout=_HEAD_START)
            finally:
                done.cancel()
        async with self._verifying:
            pass  # a proof is judged, which will most likely end the search
        if self.proof is not None:
            return []
        started = time.monotonic()
        try:
            return await self.generator.sample(
                step.text, step.samples, seed=self._options.seed + step.node
            )
        finally:
            self._seconds.generator += time.monotonic() - started

    async def _apply(
        self,
        step: Expand | Retry,
        ranked: Sequence[tuple[int, str]],
        timeout: float,
        known: dict[str, Outcome],
        *,
        candidates: Sequence[Candidate] | dict[int, Candidate] = (),
        extra: bool = False,
    ) -> None:
        todo = deque(ranked)
        sent: list[int] = []
        # Of several tactics that close the goal, the first by rank: the proof must not depend on
        # which answer comes first.
        solved: dict[int, str] = {}
        answered: set[int] = set()

        def wanted() -> Iterator[str]:
            while todo and not solved:
                rank, tactic = todo.popleft()
                if self.search.wanted(step.node, rank, extra=extra):
                    sent.append(rank)
                    yield tactic

        # Once more after each proof that is refused: the rest of the batch still counts.
        with self._in_lean():
            while todo:
                sent.clear()
                async for result in self._hole.apply(step.state_id, wanted(), timeout=timeout):
                    rank = sent[result.index]
                    answered.add(rank)
                    outcome = result.outcome
                    if isinstance(outcome, Solved):
                        solved[rank] = result.tactic
                    else:
                        known[result.tactic] = outcome
                        candidate = (
                            candidates[rank] if candidates else Candidate(result.tactic, 0.0)
                        )
                        closes = _closes(step.text, outcome)
                        if closes and self.generator is self._repertoire and not extra:
                            # Moves have weights, not measured probabilities: nothing is lost here.
                            candidate = replace(
                                candidate, log_prob=max(candidate.log_prob, CLOSING_LOG_PROB)
                            )
                        told = Result(rank, candidate, outcome, extra=extra, closes=closes)
                        self.search.tell(step.node, [told])
                    while solved and answered.issuperset(r for r in sent if r < min(solved)):
                        first = min(solved)
                        await self._solved(step.node, first, solved.pop(first), extra=extra)

    # -- proofs ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _judging(self) -> AsyncIterator[None]:
        started = time.monotonic()
        async with self._verifying:
            try:
                yield
            finally:
                self._seconds.judged += time.monotonic() - started

    async def _solved(self, node: int, rank: int, tactic: str, *, extra: bool) -> bool:
        """Judges the proof that ``tactic`` completes, and tells the search; whether it stands."""
        candidate = Candidate(tactic, 0.0)
        async with self._judging():
            if self.proof is not None:
                return False
            reason = "this proof was refused before"
            for path in dict.fromkeys(
                (self.search.path(node), self.search.path(node, as_found=True))
            ):
                steps = (*path, tactic)
                if steps in self._tried_proofs:
                    continue
                self._tried_proofs.add(steps)
                short = await self._minimised(steps)
                forms = {steps: None} if short is None else {short.steps: short.milliseconds}
                for form in dict.fromkeys((*forms, steps)):
                    started = time.monotonic()
                    try:
                        replacement, verdict = await self._verify(form)
                    finally:
                        self._seconds.verify += time.monotonic() - started
                    if verdict.accepted:
                        self.proof = Proof(form, replacement, verdict, forms.get(form))
                        result = Result(rank, candidate, Solved(), extra=extra)
                        self.search.tell(node, [result], proof=form)
                        return True
                    reason = verdict.message
            self.refusals.append(reason)
            self.search.tell(node, [Result(rank, candidate, Failed(reason), extra=extra)])
            return False

    async def _one(self, state_id: int, tactic: str, timeout: float) -> tuple[Outcome, list[str]]:
        with self._in_lean():
            async for result in self._hole.apply(state_id, [tactic], timeout=timeout):
                said = [clean_said(said) for said in result.said]
                return result.outcome, [
                    tactic for tactic in said if self._object_to(tactic) is None
                ]
        return Failed("not applied"), []

    async def _minimised(self, steps: tuple[str, ...]) -> Form | None:
        minimiser = Minimiser(
            lambda state, tactics, timeout: self._hole.apply(state, tactics, timeout=timeout),
            self._root,
            self._repertoire,
            timeout=self._options.tactic_timeout,
            seconds=_MINIMISE_SHARE * self.search.budget,
        )
        with self._in_lean():
            return await minimiser.shortest(steps)

    # -- the long closers ------------------------------------------------------------------------

    async def _work_long(self) -> None:
        await self._root_closers_done.wait()
        while True:
            if not await self._long_closers():
                if self.search.stopped is not None:
                    return
                await asyncio.sleep(_IDLE_SECONDS)

    async def _long_closers(self) -> bool:
        """Tries the long closers at the next node; False where no node is left or one is proved."""
        node = self._next_long()
        if node is None or self._repertoire is None:
            return False
        self._long_done.add(node)
        state_id = self.search.graph.nodes[node].state_id
        for rank, closer in enumerate(self._repertoire.long_closers(), _LONG_RANK):
            async with self._verifying:
                pass
            if await self._try_long(node, state_id, rank, closer):
                return False
        if node == 0:
            await self._root_expanded.wait()
        if self._root_held:
            self._root_held = False
            self.search.finish(0)
        return True

    def _next_long(self) -> int | None:
        """The best node that the long closers have not seen: first the root, then the expanded."""
        if 0 not in self._long_done:
            return 0
        nodes = [
            node
            for node in self.search.graph.nodes
            if node.number not in self._long_done and node.state is NodeState.EXPANDED
        ]
        return min(nodes, key=lambda node: (-node.log_prob, node.number)).number if nodes else None

    async def _try_long(self, node: int, state_id: int, rank: int, closer: Extra) -> bool:
        share = _LONG_SHARE if node == 0 else _LONG_SHARE / 2
        timeout = min(self._options.tactic_timeout, share * self.search.budget)
        outcome, said = await self._one(state_id, closer.tactic, timeout)
        if not closer.probe:
            if isinstance(outcome, Solved):
                return await self._solved(node, rank, closer.tactic, extra=True)
            result = Result(rank, Candidate(closer.tactic, 0.0), outcome, extra=True)
            self.search.tell(node, [result])
            return False
        for number, tactic in enumerate(said):
            place = rank * 100 + number
            found, _ = await self._one(state_id, tactic, timeout)
            if isinstance(found, Solved):
                if await self._solved(node, place, tactic, extra=True):
                    return True
            else:
                result = Result(place, Candidate(tactic, 0.0), found, extra=True)
                self.search.tell(node, [result])
        return False
