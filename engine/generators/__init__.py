"""Where tactics come from: the repertoire, and trained models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.generators.choice import Generators
from engine.generators.repertoire import Extra, Repertoire

if TYPE_CHECKING:
    from engine.values import Candidate

__all__ = ["Extra", "Generators", "Repertoire", "TacticGenerator"]


class TacticGenerator(Protocol):
    """Maps a tactic state, as Lean prints it, to tactics with log-probabilities."""

    @property
    def name(self) -> str:
        """Which model, or the repertoire."""
        ...

    @property
    def device(self) -> str:
        """Where it runs, for people."""
        ...

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        """At most ``n`` distinct candidates for ``state``, best first."""
        ...
