"""Next tactics at a site: each tried in Lean; a chosen one is inserted."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dsp_lsp.config import search_options
from dsp_lsp.features import commands, insertion
from dsp_lsp.features.client import answer, wants
from dsp_lsp.features.commands import command, refused
from dsp_lsp.features.documents import path_for_engine
from dsp_lsp.features.prove import new_job, present_site
from dsp_lsp.jobs import Job, Phase, Proof
from dsp_lsp.wording import described
from engine.protocol import EngineError, Suggestion, SuggestParams, Verdict
from engine.source import render_proof

if TYPE_CHECKING:
    from dsp_lsp.server import Server

__all__ = ["register"]

logger = logging.getLogger(__name__)

_ASKED = 6
"""How many suggestions a client without a pick list is asked about; the menu has them all."""
_CHOICE_SECONDS = 300.0


def register(server: Server) -> None:
    """Registers the commands about next tactics."""
    add = partial(command, server)
    add(commands.SUGGEST, commands.ProveParams, partial(_suggest, server))
    add(commands.INSERT_SUGGESTION, commands.SuggestionParams, partial(_choose, server))


async def _suggest(server: Server, params: commands.ProveParams) -> dict[str, Any]:
    document, _, site = await present_site(server, params)
    job = new_job(server, document, site, 0.0)
    job.kind = "suggest"
    server.jobs.start(job, partial(_work, server))
    return {"job": job.id}


async def _work(server: Server, job: Job) -> None:
    server.jobs.enter(job, Phase.OPENING)
    async with server.use_engine() as lease:
        document = server.documents.get(job.uri)
        if document is None:
            raise EngineError("The document was closed before its turn came.")
        params = SuggestParams(
            text=job.text,
            site=job.site.span.start,
            path=path_for_engine(server, document),
            limit=server.config.suggestions,
            options=search_options(server.config),
        )
        job.suggestions = await lease.process.suggest(params)
    if not job.suggestions.suggestions:
        job.end(Phase.NOT_FOUND, "No tactic that was tried succeeds here.")
        server.tell(f"{job.name}: {job.message}", types.MessageType.Info)
        return
    job.end(Phase.SUGGESTED)
    server.spawn(_offer(server, job))


async def _offer(server: Server, job: Job) -> None:
    found = job.suggestions
    if found is None:
        return
    if wants(server, "suggestions"):
        listed = [
            {"index": index, "tactic": one.tactic, "goals": one.goals, "state": one.state}
            for index, one in enumerate(found.suggestions)
        ]
        server.protocol.notify(
            "dsp/suggestions",
            {
                "job": job.id,
                "uri": job.uri,
                "name": job.name,
                "goal": found.goal,
                "suggestions": listed,
            },
        )
        return
    titles = [described(one) for one in found.suggestions[:_ASKED]]
    question = types.ShowMessageRequestParams(
        type=types.MessageType.Info,
        message=f"Next tactic for {job.name}:",
        actions=[types.MessageActionItem(title=title) for title in titles],
    )
    try:
        chosen = await answer(server.window_show_message_request_async(question), _CHOICE_SECONDS)
    except (asyncio.TimeoutError, JsonRpcException):
        return  # The menu at the site still has them.
    if chosen is not None and chosen.title in titles:
        params = commands.SuggestionParams(job.id, titles.index(chosen.title))
        try:
            await _choose(server, params)
        except JsonRpcException as error:
            server.tell(error.message, types.MessageType.Warning)


async def _choose(server: Server, params: commands.SuggestionParams) -> dict[str, Any]:
    job = server.jobs.get(params.job)
    found = job.suggestions if job is not None else None
    if job is None or found is None or not 0 <= params.index < len(found.suggestions):
        raise refused("There is no such suggestion any more.")
    chosen = found.suggestions[params.index]
    insert = Job(
        id=server.jobs.new_name(),
        kind="prove",
        uri=job.uri,
        text=job.text,
        site=job.site,
        name=job.name,
        budget=0.0,
        mark=job.mark,
    )
    server.jobs.start(insert, partial(_insert, server, chosen, found.goals))
    return {"job": insert.id}


async def _insert(server: Server, chosen: Suggestion, goals: int, job: Job) -> None:
    """Inserts a tactic. One that closes the goal is a proof, which Lean judges in place first;
    after one that does not, a `sorry` stands for each goal that it leaves.
    """
    server.jobs.enter(job, Phase.INSERTING)
    if not chosen.goals:
        nothing = Verdict(accepted=False, checker="", seconds=0.0)
        # Of no text, so that it is judged in the present one.
        job.proof = Proof(
            text="",
            site=job.site,
            steps=(chosen.tactic,),
            goals=goals,
            replacement="",
            verdict=nothing,
        )
        async with server.use_engine() as lease:
            await insertion.deliver(server, job, lease)
        return
    document = server.documents.get(job.uri)
    if document is None:
        raise EngineError("The document is closed.")
    now, analysis = await document.snapshot()
    site = job.site_in(analysis)
    if site is None:
        raise EngineError("The statement has changed.", remedy="Ask for next tactics again.")
    steps = [chosen.tactic, *["sorry"] * chosen.goals]
    text = render_proof(now, site, steps, goals=goals)
    reason = await insertion.put(server, document, site, text)
    if reason is not None:
        raise EngineError(reason)
    job.end(Phase.SUGGESTED, f"`{chosen.tactic}` was inserted.")
