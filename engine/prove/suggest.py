"""The next tactics at a site: proposed, each tried in Lean, and put in order."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from engine.generators.repertoire import clean_said
from engine.protocol import Suggestion
from engine.source import objection
from engine.values import Progress, Solved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engine.generators import Repertoire, TacticGenerator
    from engine.lean import Hole
    from engine.protocol import SearchOptions
    from engine.values import Candidate

_SECONDS = 20.0
"""Longest time that somebody waits for suggestions; a smaller budget is kept to."""


class Suggester:
    """Finds suggestions for one hole within its budget; at most ``limit`` of them."""

    def __init__(
        self,
        hole: Hole,
        options: SearchOptions,
        limit: int,
        object_to: Callable[[str], str | None] = objection,
    ) -> None:
        self._hole = hole
        self._object_to = object_to
        self._options = options
        self._limit = limit
        self._deadline = time.monotonic() + min(options.budget, _SECONDS)
        self._found: dict[str, Suggestion] = {}

    async def suggestions(
        self, generator: TacticGenerator, repertoire: Repertoire | None
    ) -> list[Suggestion]:
        """What succeeds: tactics that close the goal first, the others as they are ranked.

        The repertoire's closers come before the generator's candidates, and are tried while it
        samples; what ``library_search`` and its like find comes last, if there is time. Of tactics
        that leave the same goals, the first by rank is named.
        """
        state = self._hole.greeting.text
        ranked: dict[str, float | None] = {}
        if repertoire is not None:
            ranked.update({extra.tactic: None for extra in repertoire.closers()})
        sampling = asyncio.create_task(
            generator.sample(state, 5 * self._limit, seed=self._options.seed)
        )

        def proposed() -> Iterator[str]:
            yield from list(ranked)
            if sampling.done() and sampling.exception() is None:
                yield from self._new(sampling.result(), ranked)

        try:
            await self._try(proposed(), ranked)
            await asyncio.wait({sampling}, timeout=max(0.0, self._deadline - time.monotonic()))
            if sampling.done():
                await self._try(self._new(sampling.result(), ranked), ranked)
        finally:
            sampling.cancel()
        if repertoire is not None:
            for extra in repertoire.long_closers():
                if extra.probe and not self._over:
                    said = dict.fromkeys(await self._said(extra.tactic))
                    await self._try(said, said)
        order = {tactic: place for place, tactic in enumerate(self._found)}
        ranks = {tactic: place for place, tactic in enumerate(ranked)}
        best = sorted(
            self._found.values(),
            key=lambda s: (s.goals > 0, ranks.get(s.tactic, len(ranks) + order[s.tactic])),
        )
        return self._distinct(best)[: self._limit]

    @property
    def _over(self) -> bool:
        return time.monotonic() >= self._deadline

    @property
    def _timeout(self) -> float:
        first = self._options.first_timeout
        patience = self._options.tactic_timeout if first is None else first
        return max(0.1, min(patience, self._deadline - time.monotonic()))

    def _new(self, found: Sequence[Candidate], ranked: dict[str, float | None]) -> list[str]:
        """Ranks the candidates behind what is ranked; those that were not, and may be tried."""
        new = {
            candidate.tactic: candidate.log_prob
            for candidate in found
            if candidate.tactic not in ranked and self._object_to(candidate.tactic) is None
        }
        ranked.update(new)
        return list(new)

    async def _try(self, tactics: Iterable[str], log_probs: dict[str, float | None]) -> None:
        def in_time() -> Iterator[str]:
            for tactic in tactics:
                if self._over:
                    return
                yield tactic

        before = self._hole.greeting.text
        async for result in self._hole.apply(0, in_time(), timeout=self._timeout):
            outcome, tactic = result.outcome, result.tactic
            if isinstance(outcome, Solved):
                goals, state = 0, "no goals"
            elif isinstance(outcome, Progress) and outcome.text != before:
                goals, state = outcome.goals, outcome.text
            else:
                continue
            self._found.setdefault(
                tactic,
                Suggestion(tactic=tactic, goals=goals, state=state, log_prob=log_probs[tactic]),
            )

    async def _said(self, probe: str) -> list[str]:
        timeout = max(0.1, min(self._options.tactic_timeout, self._deadline - time.monotonic()))
        async for result in self._hole.apply(0, [probe], timeout=timeout):
            said = [clean_said(text) for text in result.said]
            return [tactic for tactic in said if self._object_to(tactic) is None]
        return []

    @staticmethod
    def _distinct(best: Sequence[Suggestion]) -> list[Suggestion]:
        seen: set[str] = set()
        kept = []
        for suggestion in best:
            if suggestion.goals == 0 or suggestion.state not in seen:
                seen.add(suggestion.state)
                kept.append(suggestion)
        return kept
