"""Progress while jobs run: the editor's own bar with a cancel button, and ``dsp/jobs``.

Everything goes out at most twice a second, from one task that lives while there is something to
tell.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dsp_lsp.features import commands
from dsp_lsp.features.client import answer, has_progress, wants
from dsp_lsp.features.commands import command
from dsp_lsp.features.prove import can_extend, can_insert
from dsp_lsp.jobs import Phase
from dsp_lsp.wording import label, outcome, percentage, title

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsp_lsp.jobs import Job
    from dsp_lsp.server import Server

__all__ = ["INTERVAL", "Ticker", "register"]

logger = logging.getLogger(__name__)

INTERVAL = 0.5
_CREATE_SECONDS = 10.0


class Ticker:
    """Calls ``tick`` with the jobs that have changed, at least ``INTERVAL`` seconds apart."""

    def __init__(self, server: Server, tick: Callable[[set[Job]], None]) -> None:
        self._tick = tick
        self._server = server
        self._changed: set[Job] = set()
        self._running = False

    def __call__(self, job: Job) -> None:
        """A job has changed."""
        self._changed.add(job)
        if not self._running:
            self._running = True
            self._server.spawn(self._run())

    async def _run(self) -> None:
        try:
            while self._changed:
                changed, self._changed = self._changed, set()
                self._tick(changed)
                await asyncio.sleep(INTERVAL)
        finally:
            self._running = False


class _Bar:
    """One job's work-done progress. The editor is asked for it first, which may take its time."""

    def __init__(self, server: Server, job: Job) -> None:
        self.token = str(uuid.uuid4())
        self._server = server
        self._job = job
        self._ready = False
        self._ended = False

    async def begin(self) -> None:
        progress = self._server.work_done_progress
        try:
            await answer(progress.create_async(self.token), _CREATE_SECONDS)
        except (asyncio.TimeoutError, JsonRpcException):
            logger.warning("the editor made no progress bar")
            return
        finally:
            # The library never forgets a token.
            progress.tokens.pop(self.token, None)
        self._send(
            types.WorkDoneProgressBegin(title=title(self._job), cancellable=True, percentage=0)
        )
        self._ready = True
        if self._ended:
            self._finish()

    def report(self) -> None:
        if self._ready and not self._ended:
            turn = self._server.jobs.turn(self._job)
            self._send(
                types.WorkDoneProgressReport(
                    message=label(self._job, turn),
                    percentage=percentage(self._job),
                    cancellable=True,
                )
            )

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            if self._ready:
                self._finish()

    def _finish(self) -> None:
        self._send(types.WorkDoneProgressEnd(message=outcome(self._job)))

    def _send(self, value: Any) -> None:
        self._server.protocol.notify(
            types.PROGRESS, types.ProgressParams(token=self.token, value=value)
        )


def register(server: Server) -> None:
    """Registers the cancelling of bars and the command that lists jobs."""
    bars: dict[str, _Bar] = {}

    def tick(changed: set[Job]) -> None:
        for job in changed:
            bar = bars.get(job.id)
            if bar is not None:
                bar.report()
        if wants(server, "jobs"):
            server.spawn(_notify(server, changed))

    ticker = Ticker(server, tick)

    def changed(job: Job) -> None:
        if has_progress(server):
            if job.over:
                bar = bars.pop(job.id, None)
                if bar is not None:
                    bar.end()
            elif job.id not in bars:
                bar = bars[job.id] = _Bar(server, job)
                server.spawn(bar.begin())
        ticker(job)

    server.job_listeners.append(changed)

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def cancel(ls: Any, params: types.WorkDoneProgressCancelParams) -> None:
        for name, bar in list(bars.items()):
            if bar.token == params.token and (job := server.jobs.get(name)) is not None:
                server.jobs.stop(job)

    command(server, commands.JOBS, commands.Nothing, partial(_list, server))


async def _list(server: Server, _: commands.Nothing) -> dict[str, Any]:
    return {"jobs": [await _record(server, job) for job in server.jobs]}


async def _notify(server: Server, changed: set[Job]) -> None:
    jobs = [job for job in server.jobs if job in changed or not job.over]
    server.protocol.notify("dsp/jobs", {"jobs": [await _record(server, job) for job in jobs]})


async def _record(server: Server, job: Job) -> dict[str, Any]:
    where = None
    document = server.documents.get(job.uri)
    if document is not None:
        _, analysis = await document.snapshot()
        site = job.site_in(analysis)
        if site is not None:
            found = document.site_range(site)
            where = {
                end: {"line": place.line, "character": place.character}
                for end, place in (("start", found.start), ("end", found.end))
            }
    report, turn = job.report, server.jobs.turn(job)
    return {
        "id": job.id,
        "kind": job.kind,
        "uri": job.uri,
        "range": where,
        "name": job.name,
        "state": job.phase.value,
        "label": label(job, turn),
        "message": outcome(job) if job.over else "",
        "elapsed": report.elapsed if report is not None else 0.0,
        "budget": job.budget + job.promised,
        "n": report.n if report is not None else 0,
        "nodes": report.nodes if report is not None else 0,
        "turn": turn,
        "over": job.over,
        "canExtend": can_extend(server, job) or (job.kind == "prove" and not job.over),
        "canInsert": can_insert(job),
        "hasTree": job.engine is not None and job.phase not in (Phase.QUEUED, Phase.OPENING),
    }
