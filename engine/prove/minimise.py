"""The shortest form of a found proof that still holds in its hole.

Steps are dropped, neighbouring ones joined, and tactics that search (``library_search``, a bare
``simp`` in the middle) replaced by what they print. Each form is run in the hole before it is
taken; whether the last one stands in the document is for the verification to say.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.generators.repertoire import clean_said
from engine.source import merged
from engine.values import Outcome, Progress, Solved

if TYPE_CHECKING:
    from engine.generators import Extra, Repertoire
    from engine.lean.hole import TacticResult

Apply: TypeAlias = Callable[[int, Iterable[str], float], AsyncIterator["TacticResult"]]
"""Applies tactics to a state, each within some seconds."""

Steps: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A proof, and what Lean needs for it in the hole, in milliseconds."""

    steps: Steps
    milliseconds: float


@dataclass(frozen=True, slots=True)
class _Line:
    """A proof that was run: ``states[i]`` is what step ``i`` is applied to."""

    steps: Steps
    states: tuple[Progress, ...]
    seconds: tuple[float, ...]

    @property
    def form(self) -> Form:
        return Form(self.steps, 1000 * sum(self.seconds))


class Minimiser:
    """Looks for shorter forms of one proof, for at most ``seconds``; ``timeout`` is a tactic's."""

    def __init__(
        self,
        apply: Apply,
        root: Progress,
        repertoire: Repertoire | None,
        *,
        timeout: float,
        seconds: float,
    ) -> None:
        self._apply = apply
        self._root = root
        self._repertoire = repertoire
        self._timeout = timeout
        self._deadline = time.monotonic() + seconds

    async def shortest(self, steps: Steps) -> Form | None:
        """The shortest form found within the time, or None where ``steps`` does not hold again."""
        line = await self._run(_Line((), (self._root,), ()), steps, self._timeout)
        if line is None:
            return None
        for improve in (self._what_is_said, self._fewer, self._joined, self._settled):
            line = await improve(line)
        return line.form

    @property
    def _left(self) -> float:
        return self._deadline - time.monotonic()

    async def _one(
        self, state: Progress, tactic: str, timeout: float
    ) -> tuple[Outcome | None, float, list[str]]:
        async for result in self._apply(state.state_id, [tactic], timeout):
            return result.outcome, result.seconds, [clean_said(said) for said in result.said]
        return None, 0.0, []

    async def _run(self, behind: _Line, steps: Steps, timeout: float) -> _Line | None:
        """``behind`` (whose last state is open) followed by ``steps``, if that closes the goal."""
        done, states, seconds = list(behind.steps), list(behind.states), list(behind.seconds)
        for number, step in enumerate(steps, 1):
            outcome, took, _ = await self._one(states[-1], step, timeout)
            done.append(step)
            seconds.append(took)
            if isinstance(outcome, Solved):
                closed = number == len(steps)
                return _Line(tuple(done), tuple(states), tuple(seconds)) if closed else None
            if not isinstance(outcome, Progress):
                return None
            states.append(outcome)
        return None

    async def _try(self, line: _Line, place: int, steps: Steps) -> _Line | None:
        """``line`` with ``steps`` from ``place`` on, if it holds and there is time for it."""
        if self._left <= 0:
            return None
        behind = _Line(line.steps[:place], line.states[: place + 1], line.seconds[:place])
        return await self._run(behind, steps, min(self._timeout, self._left))

    async def _said(self, state: Progress, probe: Extra | None) -> list[str]:
        if probe is None or self._left <= 0:
            return []
        _, _, said = await self._one(state, probe.tactic, min(self._timeout, self._left))
        return said

    async def _what_is_said(self, line: _Line) -> _Line:
        """Tactics that search give way to what they found."""
        if self._repertoire is None:
            return line
        for place in range(len(line.steps)):
            probe = self._repertoire.probe_for(line.steps[place])
            for said in await self._said(line.states[place], probe):
                new = await self._try(line, place, (said, *line.steps[place + 1 :]))
                if new is not None:
                    line = new
                    break
        return line

    async def _fewer(self, line: _Line) -> _Line:
        """Steps that are not needed go: first all that the last one can do without."""
        for place in range(len(line.steps) - 1):
            new = await self._try(line, place, line.steps[-1:])
            if new is not None:
                return new
        place = 0
        while place < len(line.steps) - 1:
            new = await self._try(line, place, line.steps[place + 1 :])
            if new is not None:
                line = new
            else:
                place += 1
        return line

    async def _joined(self, line: _Line) -> _Line:
        place = 0
        while place < len(line.steps) - 1:
            both = merged(line.steps[place], line.steps[place + 1])
            new = await self._try(line, place, (both, *line.steps[place + 2 :])) if both else None
            if new is not None:
                line = new
            else:
                place += 1
        return line

    async def _settled(self, line: _Line) -> _Line:
        """A bare ``simp`` or ``ring`` in the middle becomes what does the same and no more."""
        for place in range(len(line.steps) - 1):
            for tactic in await self._settlements(line, place):
                new = await self._try(line, place, (tactic, *line.steps[place + 1 :]))
                if new is not None and new.states[place + 1].text == line.states[place + 1].text:
                    line = new
                    break
        return line

    async def _settlements(self, line: _Line, place: int) -> list[str]:
        step = line.steps[place]
        if step == "ring":  # it asks for `ring_nf` itself, in the user's document
            return ["ring_nf"]
        if step != "simp" or self._repertoire is None:
            return []
        return (await self._said(line.states[place], self._repertoire.squeeze()))[:1]
