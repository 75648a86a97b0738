"""Searches in flight: at most so many at a time, the others in line, all of them to be stopped.

A job belongs to a site of a document as it was; :meth:`Jobs.locate` says where that is now. Nothing
here knows the editor: who wants to know of a change listens.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from asyncio_pool import AioPool

from engine.protocol import EngineError, JobState
from engine.source import find_again

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from dsp_lsp.positions import Mark
    from engine.protocol import ProgressReport, ProveResult, SuggestResult, Verdict
    from engine.source import Analysis, Site

__all__ = ["Batch", "Job", "Jobs", "Phase", "Proof"]

logger = logging.getLogger(__name__)

_KEPT = 256
"""How many jobs that are over are remembered, for hovers and for proofs not yet inserted."""


class Phase(str, Enum):
    """Where a job is in its life."""

    QUEUED = "queued"
    OPENING = "opening"
    SEARCHING = "searching"
    VERIFYING = "verifying"
    INSERTING = "inserting"
    PROVED = "proved"
    SUGGESTED = "suggested"
    WITHHELD = "withheld"
    NOT_FOUND = "not found"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in _UNDER_WAY


_UNDER_WAY = frozenset(
    (Phase.QUEUED, Phase.OPENING, Phase.SEARCHING, Phase.VERIFYING, Phase.INSERTING)
)
_PHASES = {
    JobState.OPENING: Phase.OPENING,
    JobState.SEARCHING: Phase.SEARCHING,
    JobState.VERIFYING: Phase.VERIFYING,
}


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A proof of ``site``, a site of ``text``: ``replacement`` stands there in what ``verdict``
    is about. ``goals`` were open there.
    """

    text: str
    site: Site
    steps: tuple[str, ...]
    goals: int
    replacement: str
    verdict: Verdict


@dataclass(eq=False)
class Batch:
    """Jobs that were asked for at once; they are reported together."""

    size: int
    proved: int = 0
    over: int = 0


@dataclass(eq=False, kw_only=True)
class Job:
    """A search, or a request for next tactics, at ``site`` of ``text``, the document at ``uri``.

    ``name`` is what people call the declaration. ``promised`` are seconds to be added when the
    budget is used. ``mark`` follows the site while the document is open. ``engine`` is the number
    of the engine process that knows the job. ``message`` says why there is no proof or why it was
    withheld, ``remedy`` what to do.
    """

    id: str
    kind: Literal["prove", "suggest"]
    uri: str
    text: str
    site: Site
    name: str
    budget: float
    batch: Batch | None = None
    phase: Phase = Phase.QUEUED
    promised: float = 0.0
    report: ProgressReport | None = None
    result: ProveResult | None = None
    proof: Proof | None = None
    suggestions: SuggestResult | None = None
    engine: int | None = None
    mark: Mark | None = field(default=None, repr=False)
    message: str = ""
    remedy: str = ""
    stopping: bool = False
    ask_to_stop: Callable[[], Awaitable[None]] | None = None
    future: asyncio.Future[None] | None = field(default=None, repr=False)
    ticket: int = 0
    _place: tuple[Analysis, Site | None] | None = field(default=None, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.phase.over

    def end(self, phase: Phase, message: str = "", remedy: str = "") -> None:
        """How it ended."""
        self.phase, self.message, self.remedy = phase, message, remedy

    def site_in(self, analysis: Analysis) -> Site | None:
        """Where the site is in a later text; None if it has gone or says something else."""
        if self._place is None or self._place[0] is not analysis:
            self._place = analysis, self._find(analysis)
        return self._place[1]

    def _find(self, analysis: Analysis) -> Site | None:
        offset = self.mark.offset if self.mark is not None else None
        if offset is None:
            return find_again(self.site, analysis)
        # Another site of the declaration may have been proved: its number there tells nothing.
        wanted = self.site.declaration
        for site in analysis.sites:
            if site.span.start == offset and site.kind is self.site.kind:
                found = site.declaration
                same = found.statement_hash == wanted.statement_hash and found.name == wanted.name
                return site if same else None
        return None


class Jobs:
    """All jobs of a server. ``changed`` is called after each change of a job.

    ``stop_seconds`` is how long a search is given to end by itself and tell what it did.
    """

    def __init__(
        self, size: int, changed: Callable[[Job], None], *, stop_seconds: float = 8.0
    ) -> None:
        self._size = size
        self._changed = changed
        self._stop_seconds = stop_seconds
        self._pool: AioPool | None = None
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._count = 0
        self._stops: set[asyncio.Task[None]] = set()

    # -- looking ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Job]:
        """All that are remembered, oldest first."""
        return iter(list(self._jobs.values()))

    def get(self, name: str) -> Job | None:
        """The job of that name."""
        return self._jobs.get(name)

    def under_way(self) -> list[Job]:
        """Those that are not over."""
        return [job for job in self._jobs.values() if not job.over]

    def of(self, uri: str) -> list[Job]:
        """A document's, latest first."""
        return [job for job in reversed(self._jobs.values()) if job.uri == uri]

    def turn(self, job: Job) -> int:
        """Its place in line, from 1; 0 if it does not wait."""
        waiting = [other for other in self._jobs.values() if other.phase is Phase.QUEUED]
        return waiting.index(job) + 1 if job in waiting else 0

    # -- life ------------------------------------------------------------------------------------

    def new_name(self) -> str:
        """A name that no job of this server has had."""
        self._count += 1
        return f"dsp-{self._count}"

    def resize(self, size: int) -> None:
        """How many run at a time, from when none does."""
        self._size = size

    def start(self, job: Job, work: Callable[[Job], Awaitable[None]]) -> None:
        """Puts a job, new or over, in line. ``work`` runs when it is its turn and ends it."""
        pool = self._pool
        if pool is None or (pool.size != self._size and pool.is_empty):
            pool = self._pool = AioPool(size=self._size)
        job.phase, job.stopping = Phase.QUEUED, False
        job.ticket += 1
        job.message = job.remedy = ""
        self._jobs[job.id] = job
        self._jobs.move_to_end(job.id)
        job.future = pool.spawn_n(self._run(job, work, job.ticket))
        self._tell(job)
        self._forget()

    async def _run(self, job: Job, work: Callable[[Job], Awaitable[None]], ticket: int) -> None:
        if job.over or job.ticket != ticket:
            return  # It was stopped while it stood in line.
        try:
            await work(job)
            if not job.over:
                raise RuntimeError(f"{job.id} was left {job.phase.value}")
        except asyncio.CancelledError:
            job.end(Phase.STOPPED, "It was stopped.")
        except EngineError as error:
            if job.stopping:
                job.end(Phase.STOPPED, "It was stopped.")
            else:
                job.end(Phase.FAILED, error.message, error.remedy)
        except Exception:
            logger.exception("job %s", job.id)
            job.end(Phase.FAILED, "The server failed in this search.", "Its log says more.")
        finally:
            job.ask_to_stop = None
            job.promised = 0.0
            self._tell(job)

    def progress(self, job: Job, report: ProgressReport) -> None:
        """Takes the engine's report."""
        if not job.over:
            job.report = report
            job.phase = _PHASES.get(report.state, job.phase)
            self._changed(job)

    def enter(self, job: Job, phase: Phase) -> None:
        """The job goes on to ``phase``."""
        job.phase = phase
        self._changed(job)

    def stop(self, job: Job) -> bool:
        """Ends a job soon; whether it was under way."""
        if job.over or job.stopping:
            return False
        job.stopping = True
        if job.phase is Phase.QUEUED:
            # It stays in the pool's line and does nothing when its turn comes.
            job.end(Phase.STOPPED, "It was stopped.")
            self._tell(job)
            return True
        task = asyncio.create_task(self._stop(job))
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)
        self._changed(job)
        return True

    async def _stop(self, job: Job) -> None:
        ask, future, pool = job.ask_to_stop, job.future, self._pool
        if future is None or pool is None:
            return
        if ask is not None:
            try:
                # The pool cancels what does not end by itself in time; its tree is lost then.
                await asyncio.wait_for(ask(), self._stop_seconds)
                await asyncio.wait({future}, timeout=self._stop_seconds)
            except (EngineError, asyncio.TimeoutError):
                logger.warning("job %s did not end by itself", job.id)
        await pool.cancel(future)

    async def close(self) -> None:
        """Stops all jobs at once."""
        if self._pool is not None:
            await self._pool.cancel()

    def rename(self, old: str, new: str) -> None:
        """A document, or a folder of documents, has another name."""
        for job in self._jobs.values():
            if job.uri == old or job.uri.startswith(old.rstrip("/") + "/"):
                job.uri = new.rstrip("/") + job.uri[len(old.rstrip("/")) :]

    def _tell(self, job: Job) -> None:
        if job.over and job.batch is not None:
            job.batch.over += 1
            job.batch.proved += job.phase is Phase.PROVED
        self._changed(job)

    def _forget(self) -> None:
        over = [job for job in self._jobs.values() if job.over]
        for job in over[:-_KEPT]:
            del self._jobs[job.id]
