"""Searches for proofs: started, stopped, extended, and what comes of them."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dsp_lsp.config import search_options
from dsp_lsp.features import commands, insertion
from dsp_lsp.features.commands import command, refused
from dsp_lsp.features.documents import path_for_engine
from dsp_lsp.features.sites import named, sites_at
from dsp_lsp.jobs import Batch, Job, Phase, Proof
from dsp_lsp.report import counted, subject
from dsp_lsp.wording import outcome, why_not_found
from engine.protocol import EngineError, ExtendParams, ProveParams, StopReason

if TYPE_CHECKING:
    from dsp_lsp.engine_host import Lease
    from dsp_lsp.features.documents import OpenDocument
    from dsp_lsp.server import Server
    from engine.protocol import ProveResult, Verdict
    from engine.source import Analysis, Site

__all__ = ["can_extend", "can_insert", "job_at", "new_job", "present_site", "register"]

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 5.0
"""An engine that does not take the word `cancel` within this time is ended."""


def register(server: Server) -> None:
    """Registers the commands about searches."""
    add = partial(command, server)
    add(commands.PROVE, commands.ProveParams, partial(_prove, server))
    add(commands.PROVE_ALL, commands.ProveAllParams, partial(_prove_all, server))
    add(commands.STOP, commands.StopParams, partial(_stop, server))
    add(commands.EXTEND, commands.ExtendParams, partial(_extend, server))
    add(commands.INSERT, commands.ExtendParams, partial(_insert, server))
    add(commands.RESTART_ENGINE, commands.Nothing, partial(_restart, server))
    server.job_listeners.append(partial(_announce, server))


# -- commands --------------------------------------------------------------------------------------


async def _prove(server: Server, params: commands.ProveParams) -> dict[str, Any]:
    document, _, site = await present_site(server, params)
    _check_seconds(params.budget)
    running = await job_at(server, document, site)
    if running is not None and running.kind == "prove" and not running.over:
        return {"job": running.id}
    budget = server.config.budget if params.budget is None else params.budget
    job = new_job(server, document, site, budget)
    server.jobs.start(job, partial(_search, server))
    return {"job": job.id}


async def _prove_all(server: Server, params: commands.ProveAllParams) -> dict[str, Any]:
    document = await _lean3(server, params.uri)
    _check_seconds(params.budget)
    sites = list((await document.analysis()).sites)
    if params.range is not None:
        start, end = params.range.start, params.range.end
        places = (start.line, start.character), (end.line, end.character)
        sites = sites_at(sites, document.lines, *places)
    budget = server.config.budget if params.budget is None else params.budget
    started = []
    for site in sites:
        running = await job_at(server, document, site)
        if running is None or running.over or running.kind != "prove":
            started.append(new_job(server, document, site, budget))
    if not started:
        raise refused("There is nothing to prove, or it is being proved already.")
    batch = Batch(len(started))
    for job in started:
        job.batch = batch
        server.jobs.start(job, partial(_search, server))
    return {"jobs": [job.id for job in started]}


async def _stop(server: Server, params: commands.StopParams) -> dict[str, Any]:
    if params.job is not None:
        chosen = [_known(server, params.job)]
    elif params.uri is not None and params.position is not None:
        document = await _lean3(server, params.uri)
        place = params.position.line, params.position.character
        analysis = await document.analysis()
        sites = sites_at(analysis.sites, document.lines, place, place)
        chosen = [job for site in sites if (job := await job_at(server, document, site))]
    else:
        chosen = [job for job in server.jobs if params.uri in (None, job.uri)]
    return {"stopped": sum([server.jobs.stop(job) for job in chosen])}


async def _extend(server: Server, params: commands.ExtendParams) -> dict[str, Any]:
    job = _known(server, params.job)
    _check_seconds(params.seconds)
    seconds = server.config.extension if params.seconds is None else params.seconds
    if not job.over and job.kind == "prove":
        job.promised += seconds  # The search goes on with its tree when its budget is used.
    elif can_extend(server, job):
        job.budget += seconds
        server.jobs.start(job, partial(_go_on, server, seconds))
    else:
        raise refused(f"The search for {job.name} cannot go on. Start a new one.")
    return {"job": job.id}


async def _insert(server: Server, params: commands.ExtendParams) -> dict[str, Any]:
    job = _known(server, params.job)
    if not can_insert(job):
        raise refused(f"There is no proof of {job.name} to be inserted.")
    server.jobs.start(job, partial(_deliver, server))
    return {"job": job.id}


async def _restart(server: Server, _: commands.Nothing) -> dict[str, Any]:
    await server.engine.restart()
    return {}


def can_extend(server: Server, job: Job) -> bool:
    """Whether a search that is over can go on with its tree."""
    lease = server.engine.running
    return (
        job.kind == "prove"
        and job.phase in (Phase.NOT_FOUND, Phase.STOPPED)
        and lease is not None
        and lease.number == job.engine
        and (job.result is None or job.result.stop_reason is not StopReason.NOTHING_OPEN)
    )


def can_insert(job: Job) -> bool:
    """Whether there is a proof that is not in the document."""
    return job.phase in (Phase.WITHHELD, Phase.STOPPED) and job.proof is not None


# -- finding ---------------------------------------------------------------------------------------


async def _lean3(server: Server, uri: str) -> OpenDocument:
    document = await server.documents.lean3(uri)
    if document is None:
        known = server.documents.get(uri)
        raise refused("This is not Lean 3." if known else f"The document {uri} is not open.")
    return document


async def present_site(
    server: Server, params: commands.ProveParams
) -> tuple[OpenDocument, Analysis, Site]:
    """The site that a command means, in the document as it is now."""
    document = await _lean3(server, params.uri)
    place = params.position.line, params.position.character
    analysis = await document.analysis()
    site = named(analysis.sites, document.lines, place, params.site)
    if site is None:
        raise refused("There is nothing to prove here.")
    return document, analysis, site


async def job_at(server: Server, document: OpenDocument, site: Site) -> Job | None:
    """The latest job at a site of the present text; one that is under way before all others."""
    analysis = await document.analysis()
    found = [
        job
        for job in server.jobs.of(document.uri)
        if (there := job.site_in(analysis)) is not None and there.span == site.span
    ]
    return next((job for job in found if not job.over), found[0] if found else None)


def new_job(server: Server, document: OpenDocument, site: Site, budget: float) -> Job:
    """A search at a site of the document's present text."""
    return Job(
        id=server.jobs.new_name(),
        kind="prove",
        uri=document.uri,
        text=document.text,
        site=site,
        name=subject(site),
        budget=budget,
        mark=document.mark(site),
    )


def _known(server: Server, name: str) -> Job:
    job = server.jobs.get(name)
    if job is None:
        raise refused(f"There is no search {name}.")
    return job


def _check_seconds(seconds: float | None) -> None:
    if seconds is not None and seconds <= 0:
        raise refused("A number of seconds must be positive.")


# -- work ------------------------------------------------------------------------------------------


async def _search(server: Server, job: Job) -> None:
    server.jobs.enter(job, Phase.OPENING)
    async with server.use_engine() as lease:
        document = server.documents.get(job.uri)
        if document is None:
            raise EngineError("The document was closed before the search began.")
        text, analysis = await document.snapshot()
        site = job.site_in(analysis)
        if site is None:
            raise EngineError(
                "The statement has changed before the search began.", remedy="Start it again."
            )
        job.text, job.site, job.engine = text, site, lease.number
        job.mark = document.mark(site)
        params = ProveParams(
            job=job.id,
            text=text,
            site=site.span.start,
            path=path_for_engine(server, document),
            options=search_options(server.config, job.budget),
        )
        job.ask_to_stop = partial(_ask_to_stop, server, lease, job)
        result = await lease.process.prove(params, partial(server.jobs.progress, job))
        await _conclude(server, job, lease, result)


async def _go_on(server: Server, seconds: float, job: Job) -> None:
    server.jobs.enter(job, Phase.SEARCHING)
    async with server.use_engine() as lease:
        if lease.number != job.engine:
            raise EngineError("The engine has ended since.", remedy="Start a new search.")
        job.ask_to_stop = partial(_ask_to_stop, server, lease, job)
        result = await _extended(server, job, lease, seconds)
        await _conclude(server, job, lease, result)


async def _deliver(server: Server, job: Job) -> None:
    server.jobs.enter(job, Phase.INSERTING)
    async with server.use_engine() as lease:
        await insertion.deliver(server, job, lease)


async def _extended(server: Server, job: Job, lease: Lease, seconds: float) -> ProveResult:
    params = ExtendParams(job=job.id, seconds=seconds)
    return await lease.process.extend(params, partial(server.jobs.progress, job))


async def _conclude(server: Server, job: Job, lease: Lease, result: ProveResult) -> None:
    """What comes of a search that has stopped: more time that was promised, or its end."""
    out_of_time = (StopReason.BUDGET, StopReason.EXPANSIONS)
    while result.status != "proved" and job.promised and result.stop_reason in out_of_time:
        seconds, job.promised = job.promised, 0.0
        job.budget += seconds
        result = await _extended(server, job, lease, seconds)
    job.result, job.ask_to_stop = result, None
    if result.status == "proved" and result.verdict is not None and result.verdict.accepted:
        job.proof = Proof(
            text=job.text,
            site=job.site,
            steps=tuple(result.steps),
            goals=result.goals,
            replacement=result.replacement,
            verdict=result.verdict,
        )
        if _lean_is_missing(server, result.verdict):
            job.end(
                Phase.WITHHELD,
                f"No Lean 3 was found, and only {result.verdict.checker} has checked it.",
                "Choose “Insert the proof” at the site if that is enough.",
            )
        else:
            await insertion.deliver(server, job, lease)
    elif result.stop_reason is StopReason.CANCELLED:
        job.end(Phase.STOPPED, *why_not_found(StopReason.CANCELLED))
    else:
        job.end(Phase.NOT_FOUND, *why_not_found(result.stop_reason))


def _lean_is_missing(server: Server, verdict: Verdict) -> bool:
    """Whether the embedded core has judged without having been asked for."""
    return server.config.lean_path != "embedded" and "embedded" in verdict.checker


async def _ask_to_stop(server: Server, lease: Lease, job: Job) -> None:
    try:
        await asyncio.wait_for(lease.process.cancel(job.id), _ANSWER_SECONDS)
    except asyncio.TimeoutError:
        logger.error("engine %d does not answer and is ended", lease.number)
        await server.engine.restart()


# -- telling ---------------------------------------------------------------------------------------


def _announce(server: Server, job: Job) -> None:
    """Tells the user how a search ended, once; those of a batch together."""
    if not job.over or job.kind != "prove":
        return
    kinds = {
        Phase.NOT_FOUND: types.MessageType.Info,
        Phase.WITHHELD: types.MessageType.Warning,
        Phase.FAILED: types.MessageType.Error,
    }
    batch, job.batch = job.batch, None
    logger.info("%s: %s", job.id, outcome(job))
    if batch is None:
        if job.phase in kinds:
            server.tell(outcome(job), kinds[job.phase])
    elif batch.over == batch.size:
        name = PurePosixPath(job.uri).name
        server.tell(
            f"{name}: {batch.proved} of {counted(batch.size, 'site')} proved.",
            types.MessageType.Info,
        )
