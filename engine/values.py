"""The values that search, Lean and generators exchange.

Nothing but frozen dataclasses over the standard library, so that each of the three packages can be
read, tested and replaced without the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tactic that a generator proposes for a tactic state.

    ``log_prob`` is the untempered sum of the log-probabilities of the tactic's bytes, including the
    end token (natural logarithm, at most 0).
    """

    tactic: str
    log_prob: float


@dataclass(frozen=True, slots=True)
class Progress:
    """The tactic succeeded and left goals.

    ``state_id`` names the new tactic state in the hole that produced it; ``text`` is what Lean
    prints for it; ``goals`` (at least 1) counts its goals.
    """

    state_id: int
    text: str
    goals: int


@dataclass(frozen=True, slots=True)
class Solved:
    """The tactic closed every goal, and Lean's kernel accepted the hole's whole proof term."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The tactic failed, did not parse, or its proof was refused; ``reason`` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The tactic did not end within ``seconds``."""

    seconds: float


Outcome: TypeAlias = Progress | Solved | Failed | TimedOut
