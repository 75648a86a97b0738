"""The page's searches: in line, under way, and over; kept for those who have their link."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from dsp_lsp.jobs import Job, Jobs, Phase
from dsp_lsp.web.limits import Limits, Rates
from dsp_lsp.wording import why_not_found
from engine.protocol import EngineError, ErrorKind, ProveParams, StopReason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dsp_lsp.engine_host import EngineHost, Lease
    from dsp_lsp.web.statement import Prepared
    from engine.protocol import ProveResult, SearchOptions, Settings, TreeResult

__all__ = ["BusyError", "Search", "Searches"]

logger = logging.getLogger(__name__)

_CANCEL_SECONDS = 5.0
"""An engine that does not take the word `cancel` within this time is ended."""

_TREE_SECONDS = 2.0
"""How old the picture of a tree that grows may be."""


class BusyError(Exception):
    """There is no place for another search now; ``wait`` is in how many seconds there may be."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.message = message
        self.wait = wait


@dataclass(eq=False, kw_only=True)
class Search:
    """A search of the page. Whoever has its id may look; whoever has its ``key`` may stop it.

    ``version`` grows with each change. ``error`` has its place in the text.
    """

    prepared: Prepared
    job: Job
    key: str
    client: str
    fresh: bool = False
    version: int = 0
    error: EngineError | None = None
    tree: TreeResult | None = None
    drawn: float = 0.0
    lease: Lease | None = None
    listeners: set[asyncio.Event] = field(default_factory=set)

    @property
    def id(self) -> str:
        """Its name, which cannot be guessed."""
        return self.job.id

    @property
    def weight(self) -> int:
        """How many characters it keeps."""
        tree = len(self.tree.svg) + len(self.tree.text) if self.tree is not None else 0
        goal = len(self.job.result.goal) if self.job.result is not None else 0
        return len(self.prepared.document) + tree + goal


class Searches:
    """All searches of a page; on the running event loop.

    ``path`` is where the documents would live: their project is chosen by it.
    """

    def __init__(
        self,
        host: EngineHost,
        settings: Settings,
        options: SearchOptions,
        limits: Limits,
        path: str,
    ) -> None:
        self.limits = limits
        self._host, self._settings, self._options, self._path = host, settings, options, path
        self._jobs = Jobs(limits.searches, self._changed)
        self._searches: OrderedDict[str, Search] = OrderedDict()
        self._rates = Rates(limits.per_minute)
        self._closing = asyncio.Event()

    def get(self, name: str) -> Search | None:
        """The search of that id, if it is still known."""
        return self._searches.get(name)

    def turn(self, search: Search) -> int:
        """Its place in line, from 1; 0 if it does not wait."""
        return self._jobs.turn(search.job)

    @property
    def under_way(self) -> tuple[int, int]:
        """How many run, and how many wait."""
        jobs = self._jobs.under_way()
        waiting = sum(job.phase is Phase.QUEUED for job in jobs)
        return len(jobs) - waiting, waiting

    # -- starting and stopping -------------------------------------------------------------------

    def start(
        self, prepared: Prepared, budget: float, client: str, *, fresh: bool = False
    ) -> Search:
        """Puts a search in line; raises :class:`BusyError` where a limit is reached.

        A ``fresh`` one does not look whether the same was searched before.
        """
        mine = [s for s in self._searches.values() if s.client == client and not s.job.over]
        if len(mine) >= self.limits.per_client:
            raise BusyError(
                f"You have {len(mine)} searches under way; that is as many as one may have.", 10.0
            )
        running, waiting = self.under_way
        if running >= self.limits.searches and waiting >= self.limits.waiting:
            raise BusyError("Too many searches are in line.", 30.0)
        wait = self._rates.wait(client, time.monotonic())
        if wait > 0:
            raise BusyError("You have started many searches within a minute.", wait)
        job = Job(
            id=secrets.token_urlsafe(12),
            kind="prove",
            uri="",
            text=prepared.document,
            site=prepared.site,
            name=prepared.name,
            budget=budget,
        )
        search = Search(
            prepared=prepared,
            job=job,
            key=secrets.token_urlsafe(18),
            client=client,
            fresh=fresh,
        )
        self._searches[job.id] = search
        self._jobs.start(job, partial(self._work, search))
        self._forget()
        return search

    def stop(self, search: Search) -> bool:
        """Ends a search soon; whether it was under way."""
        return self._jobs.stop(search.job)

    async def close(self) -> None:
        """Stops all searches and lets all listeners go."""
        self.let_go()
        await self._jobs.close()

    def let_go(self) -> None:
        """Ends what listens to searches."""
        self._closing.set()
        for search in self._searches.values():
            self._wake(search)

    # -- listening -------------------------------------------------------------------------------

    async def changes(self, search: Search, heartbeat: float) -> AsyncIterator[bool]:
        """Yields True at once and after each change, False after ``heartbeat`` seconds without
        one; ends after the last change.
        """
        news = asyncio.Event()
        search.listeners.add(news)
        try:
            while not self._closing.is_set():
                seen = search.version
                yield True
                if search.job.over and search.version == seen:
                    return
                while search.version == seen and not self._closing.is_set():
                    try:
                        await asyncio.wait_for(news.wait(), heartbeat)
                    except asyncio.TimeoutError:
                        yield False
                    news.clear()
        finally:
            search.listeners.discard(news)

    def _changed(self, job: Job) -> None:
        search = self._searches.get(job.id)
        if search is not None:
            search.version += 1
            self._wake(search)
            if job.phase is not Phase.SEARCHING:
                self._line_moved()

    def _line_moved(self) -> None:
        """Those in line have another place."""
        for search in self._searches.values():
            if search.job.phase is Phase.QUEUED:
                search.version += 1
                self._wake(search)

    @staticmethod
    def _wake(search: Search) -> None:
        for listener in search.listeners:
            listener.set()

    # -- work ------------------------------------------------------------------------------------

    async def _work(self, search: Search, job: Job) -> None:
        self._jobs.enter(job, Phase.OPENING)
        try:
            async with self._host.use(self._settings) as lease:
                search.lease, job.engine = lease, lease.number
                job.ask_to_stop = partial(self._ask_to_stop, lease, job)
                result = await self._prove(search, lease)
                with contextlib.suppress(EngineError):
                    if result.statistics.tried:  # else it is from the cache
                        search.tree = await lease.process.tree(job.id)
        except EngineError as error:
            if job.stopping:
                raise
            search.error = search.prepared.in_text(error)
            job.end(Phase.FAILED, error.message, error.remedy)
        else:
            self._conclude(job, result)
        finally:
            search.lease = None

    async def _prove(self, search: Search, lease: Lease) -> ProveResult:
        job = search.job
        params = ProveParams(
            job=job.id,
            text=job.text,
            site=job.site.span.start,
            path=self._path,
            options=replace(
                self._options,
                budget=job.budget,
                cache="fresh"
                if search.fresh and self._options.cache == "use"
                else self._options.cache,
            ),
        )
        work = lease.process.prove(params, partial(self._jobs.progress, job))
        try:
            return await asyncio.wait_for(work, job.budget + self.limits.overhead)
        except asyncio.TimeoutError:
            raise EngineError(
                "Lean did not come to an end with this text.",
                remedy="Leave out what takes long to elaborate.",
            ) from None

    @staticmethod
    def _conclude(job: Job, result: ProveResult) -> None:
        job.result, job.ask_to_stop = result, None
        if result.status == "proved" and result.verdict is not None and result.verdict.accepted:
            job.end(Phase.PROVED)
        elif result.stop_reason is StopReason.CANCELLED:
            job.end(Phase.STOPPED)
        else:
            job.end(Phase.NOT_FOUND, *why_not_found(result.stop_reason))

    async def _ask_to_stop(self, lease: Lease, job: Job) -> None:
        try:
            await asyncio.wait_for(lease.process.cancel(job.id), _CANCEL_SECONDS)
        except asyncio.TimeoutError:
            logger.error("engine %d does not answer and is ended", lease.number)
            await self._host.restart()

    # -- trees -----------------------------------------------------------------------------------

    async def picture(self, search: Search) -> TreeResult:
        """The search tree, while it grows as it was at most two seconds ago.

        Raises :class:`EngineError` where there is none.
        """
        lease, now = search.lease, time.monotonic()
        fresh = search.tree is not None and now - search.drawn < _TREE_SECONDS
        if lease is not None and not search.job.over and not fresh:
            search.drawn = now
            search.tree = await lease.process.tree(search.id)
        if search.tree is None:
            raise EngineError("There is no search tree.", kind=ErrorKind.INPUT)
        return search.tree

    # -- keeping ---------------------------------------------------------------------------------

    def _forget(self) -> None:
        over = [search for search in self._searches.values() if search.job.over]
        weight = sum(search.weight for search in over)
        for forgotten, search in enumerate(over):
            if len(over) - forgotten <= self.limits.kept and weight <= self.limits.kept_characters:
                break
            weight -= search.weight
            del self._searches[search.id]
