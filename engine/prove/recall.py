"""What earlier searches found or did not find at the same goal.

A goal is the same if it prints the same, its statement and what bears on it (imports, variables,
notations, …) are the same, and so are Lean and the compiled imports. That is enough for a proof,
which is judged in place again whatever it is; a failure also depends on what else the document
states before, on the options, and on the generator.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from engine.protocol import StopReason
from engine.source import objection, stated_before

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from engine.generators import Generators
    from engine.lean import Document
    from engine.proofs import KnownFailure, KnownProof, ProofStore
    from engine.protocol import SearchOptions
    from engine.source import Site

    T = TypeVar("T")

__all__ = ["Question", "Recall"]

logger = logging.getLogger(__name__)

_LASTING = (StopReason.BUDGET, StopReason.NOTHING_OPEN, StopReason.EXPANSIONS)
_SPARED = ("budget", "cache")
"""Options that are no terms of a failure: its budget is compared, not looked up."""


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """A goal as the cache knows it; ``statement`` is for people who look at the cache."""

    key: str
    terms: str
    statement: str
    generator: str

    @classmethod
    def of(
        cls,
        document: Document,
        site: Site,
        *,
        goal: str,
        identity: str,
        options: SearchOptions,
        generators: Generators,
        limits: Sequence[int],
    ) -> Question:
        """``identity`` tells Lean and the compiled imports from others; ``limits`` are Lean's."""
        kept = {name: value for name, value in asdict(options).items() if name not in _SPARED}
        span = site.declaration.statement
        return cls(
            key=_digest(identity, site.declaration.statement_hash, goal),
            terms=_digest(
                json.dumps(kept, sort_keys=True),
                generators.identity,
                " ".join(map(str, limits)),
                stated_before(document.text, site),
            ),
            statement=document.text[span.start : span.end][:2000],
            generator=generators.name,
        )


class Recall:
    """The cache in front of searches; one that is damaged is left alone."""

    def __init__(self, store: ProofStore) -> None:
        self._store = store
        self._broken = False

    async def proofs(self, question: Question) -> list[KnownProof]:
        """Earlier proofs, those that were used last first; none that is objected to."""
        none: list[KnownProof] = []
        found = await self._try(lambda: self._store.proofs(question.key), none)
        return [p for p in found if p.steps and not any(map(objection, p.steps))]

    async def failure(self, question: Question, budget: float) -> KnownFailure | None:
        """A search on the same terms that failed with at least this budget."""
        found = await self._try(lambda: self._store.failure(question.key, question.terms), None)
        return found if found is not None and found.budget >= budget else None

    async def keep_proof(self, question: Question, steps: tuple[str, ...], seconds: float) -> None:
        """Keeps a proof that was accepted."""
        await self._try(
            lambda: self._store.add_proof(
                question.key,
                steps,
                statement=question.statement,
                generator=question.generator,
                seconds=seconds,
            ),
            None,
        )

    async def keep_failure(self, question: Question, reason: StopReason, budget: float) -> None:
        """Keeps that a search with this budget found nothing, unless it was only stopped."""
        if reason in _LASTING:
            await self._try(
                lambda: self._store.add_failure(
                    question.key,
                    question.terms,
                    statement=question.statement,
                    generator=question.generator,
                    budget=budget,
                    reason=reason.value,
                ),
                None,
            )

    async def _try(self, work: Callable[[], T], otherwise: T) -> T:
        if self._broken:
            return otherwise
        try:
            return await asyncio.to_thread(work)
        except sqlite3.OperationalError as error:  # locked for long, a full disk
            logger.warning("the cache of proofs is not used this time: %s", error)
        except (sqlite3.Error, OSError, ValueError) as error:
            self._broken = True
            logger.warning(
                "the cache of proofs is not used: %s; `dsp-lsp cache clear` makes a new one", error
            )
        return otherwise


def found_before(proof: KnownProof) -> str:
    """What a result says of a proof that was not searched for."""
    when = _day(proof.found)
    return f"From the cache: found on {when} in {proof.seconds:.1f} s by {proof.generator}."


def failed_before(failure: KnownFailure) -> str:
    """What a result says of a search that was not repeated."""
    return (
        f"From the cache: on {_day(failure.found)} {failure.generator} found nothing in "
        f"{failure.budget:g} s. With more time, or afresh, it is searched again."
    )


def _day(stamp: float) -> str:
    now = time.time()
    return datetime.fromtimestamp(min(stamp, now)).strftime("%Y-%m-%d")
