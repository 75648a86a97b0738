"""A Lean that counts down: a state is a number, and tactics take from it; zero is proved."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.lean import TacticResult
from engine.lean.hole import Greeting, LeanDiedError
from engine.protocol import Verdict
from engine.values import Candidate, Failed, Outcome, Progress, Solved, TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

WINDOW = 4
"""How many answers are under way at a time, in any order."""


@dataclass
class ToyHole:
    """Answers out of order, as Lean does; ``seed`` decides the order.

    Tactics: ``take K`` subtracts, ``skip`` changes nothing, ``slow`` times out below 5 s and then
    takes 1, ``die`` kills the hole, ``probe`` closes the goal and says ``take N``.
    """

    start: int
    seed: int = 0
    states: list[int] = field(default_factory=list)
    applied: list[tuple[int, str]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self.states.append(self.start)
        self._random = random.Random(self.seed)

    @property
    def greeting(self) -> Greeting:
        return Greeting(self.text(self.start), 1, True, False, "toy")

    @staticmethod
    def text(number: int) -> str:
        return f"h : {number}\n⊢ {number} = 0"

    def _outcome(self, number: int, tactic: str, timeout: float) -> tuple[Outcome, tuple[str, ...]]:
        word, _, rest = tactic.partition(" ")
        if word == "die":
            raise LeanDiedError("the toy died")
        if word == "slow":
            if timeout < 5:
                return TimedOut(timeout), ()
            word, rest = "take", "1"
        if word.startswith("(probe"):
            return Solved(), (f"Try this: take {number}",)
        if word == "skip":
            taken = 0
        elif word == "take" and rest.isdigit() and int(rest) <= number:
            taken = int(rest)
        else:
            return Failed("no"), ()
        if taken == number:
            return Solved(), ()
        self.states.append(number - taken)
        return Progress(len(self.states) - 1, self.text(number - taken), 1), ()

    async def apply(
        self, state_id: int, tactics: Iterable[str], *, timeout: float
    ) -> AsyncIterator[TacticResult]:
        source = enumerate(tactics)
        window: list[TacticResult] = []
        exhausted = False
        while True:
            while len(window) < WINDOW and not exhausted:
                item = next(source, None)
                exhausted = item is None
                if item is not None:
                    index, tactic = item
                    self.applied.append((state_id, tactic))
                    outcome, said = self._outcome(self.states[state_id], tactic, timeout)
                    window.append(TacticResult(index, tactic, outcome, 0.0, said))
            if not window:
                return
            await asyncio.sleep(0)
            yield window.pop(self._random.randrange(len(window)))

    async def known(self, names: Sequence[str]) -> set[str]:
        return set(names)

    async def close(self) -> None:
        self.closed = True


@dataclass
class ToyGenerator:
    """Proposes the same tactics, best first, at every state."""

    tactics: Sequence[str]
    name: str = "toy"
    device: str = "none"

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        del state, seed
        return [Candidate(t, -float(rank + 1)) for rank, t in enumerate(self.tactics[:n])]


@dataclass
class Judge:
    """Verifies: accepts what ``accepts`` says, and remembers what it was asked."""

    accepts: Callable[[tuple[str, ...]], bool] = lambda steps: True
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def __call__(self, steps: Sequence[str]) -> tuple[str, Verdict]:
        self.asked.append(tuple(steps))
        accepted = self.accepts(tuple(steps))
        verdict = Verdict(
            accepted=accepted, checker="toy", seconds=0.0, message="" if accepted else "refused"
        )
        return ", ".join(steps), verdict
