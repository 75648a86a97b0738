"""What the engine's process needs of a prover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from engine.protocol import (
    CacheParams,
    CacheState,
    Diagnosis,
    Environment,
    EnvironmentParams,
    ExtendParams,
    ProgressReport,
    ProposeParams,
    ProposeResult,
    ProveParams,
    ProveResult,
    Settings,
    SuggestParams,
    SuggestResult,
    TreeResult,
    Verdict,
    Verdicts,
    VerifyParams,
    VerifyTogetherParams,
)

Report: TypeAlias = Callable[[ProgressReport], None]
"""Takes a progress report, as often as one likes, from the event loop's thread."""


class Service(Protocol):
    """A prover. Expected failures are raised as :class:`~engine.protocol.EngineError`."""

    async def environment(self, params: EnvironmentParams) -> Environment:
        """The Lean that a document meets."""

    async def diagnose(self, params: EnvironmentParams) -> Diagnosis:
        """Whether all is well with it."""

    async def prove(self, params: ProveParams, report: Report) -> ProveResult:
        """Searches; ends early after :meth:`cancel` (stop reason CANCELLED)."""

    async def extend(self, params: ExtendParams, report: Report) -> ProveResult:
        """Goes on with a search that found nothing."""

    async def cancel(self, job: str) -> None:
        """Ends a job soon; an unknown or finished job is no error."""

    async def suggest(self, params: SuggestParams) -> SuggestResult:
        """Tactics that succeed at a site."""

    async def propose(self, params: ProposeParams) -> ProposeResult:
        """What the generator proposes for a tactic state."""

    async def verify(self, params: VerifyParams) -> Verdict:
        """The verdict on a given proof in a given text."""

    async def verify_together(self, params: VerifyTogetherParams) -> Verdicts:
        """The verdicts on given proofs in a given text, which has all of them."""

    async def tree(self, job: str) -> TreeResult:
        """A picture of a job's search."""

    async def cache(self, params: CacheParams) -> CacheState:
        """What the cache of proofs holds, once it was pruned or cleared."""

    async def close(self) -> None:
        """Ends every job and every Lean."""


ServiceFactory: TypeAlias = Callable[[Settings], Service]
