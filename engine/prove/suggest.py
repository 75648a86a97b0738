"""The next tactics at a site: proposed, each tried in Lean, and put in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.generators.repertoire import clean_said
from engine.protocol import Suggestion
from engine.source import objection
from engine.values import Progress, Solved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.generators import Repertoire, TacticGenerator
    from engine.lean import Hole
    from engine.protocol import SearchOptions

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

        The repertoire's closers come before the generator's candidates; what ``library_search``
        and its like find comes last, if there is time. Of tactics that leave the same goals, the
        first by rank is named.
        """
        state = self._hole.greeting.text
        ranked: dict[str, float | None] = {}
        if repertoire is not None:
            ranked.update({extra.tactic: None for extra in repertoire.closers()})
        wanted = 5 * self._limit
        for candidate in await generator.sample(state, wanted, seed=self._options.seed):
            if self._object_to(candidate.tactic) is None:
                ranked.setdefault(candidate.tactic, candidate.log_prob)
        await self._try(ranked)
        if repertoire is not None:
            for extra in repertoire.long_closers():
                if extra.probe and not self._over:
                    await self._try(dict.fromkeys(await self._said(extra.tactic)))
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

    async def _try(self, ranked: dict[str, float | None]) -> None:
        def in_time() -> Iterator[str]:
            for tactic in ranked:
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
                Suggestion(tactic=tactic, goals=goals, state=state, log_prob=ranked[tactic]),
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
