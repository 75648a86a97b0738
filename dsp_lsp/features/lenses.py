"""A running search beside its site: an inlay hint or a code lens, whichever can be refreshed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dsp_lsp.features import commands
from dsp_lsp.features.client import answer
from dsp_lsp.features.progress import Ticker
from dsp_lsp.wording import label

if TYPE_CHECKING:
    from dsp_lsp.features.documents import OpenDocument
    from dsp_lsp.jobs import Job
    from dsp_lsp.server import Server
    from engine.source import Site

__all__ = ["register"]

logger = logging.getLogger(__name__)

_REFRESH_SECONDS = 5.0
"""How long the editor may take over a refresh before it is asked again."""


def register(server: Server) -> None:
    """Registers both kinds; only one of them ever has anything to show."""
    refreshing = False

    def tick(changed: set[Job]) -> None:
        if not refreshing and _kind(server) != "off":
            server.spawn(refresh())

    async def refresh() -> None:
        nonlocal refreshing
        refreshing = True
        try:
            if _kind(server) == "codeLens":
                asked = server.workspace_code_lens_refresh_async(None)
            else:
                asked = server.workspace_inlay_hint_refresh_async(None)
            await answer(asked, _REFRESH_SECONDS)
        except (asyncio.TimeoutError, JsonRpcException):
            logger.debug("the editor does not refresh")
        finally:
            refreshing = False

    server.job_listeners.append(Ticker(server, tick))

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def code_lens(ls: Any, params: types.CodeLensParams) -> list[types.CodeLens]:
        if _kind(server) != "codeLens":
            return []
        shown = await _shown(server, params.text_document.uri)
        return [_lens(server, *one) for one in shown]

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(ls: Any, params: types.InlayHintParams) -> list[types.InlayHint]:
        if _kind(server) != "inlayHint":
            return []
        shown = await _shown(server, params.text_document.uri)
        hints = [_hint(server, *one) for one in shown]
        first, last = params.range.start, params.range.end
        return [
            hint
            for hint in hints
            if (first.line, first.character)
            <= (hint.position.line, hint.position.character)
            <= (last.line, last.character)
        ]


def _kind(server: Server) -> str:
    """``inlayHint``, ``codeLens`` or ``off``."""
    chosen = server.config.live
    client = server.client_capabilities
    workspace = client.workspace
    lens = bool(workspace and workspace.code_lens and workspace.code_lens.refresh_support)
    hint = bool(workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support)
    if chosen == "auto":
        return "inlayHint" if hint else "codeLens" if lens else "off"
    refreshable = {"inlayHint": hint, "codeLens": lens}
    return chosen if refreshable.get(chosen) else "off"


async def _shown(server: Server, uri: str) -> list[tuple[Job, Site, OpenDocument]]:
    if not any(job.uri == uri for job in server.jobs.under_way()):
        return []
    document = await server.documents.lean3(uri)
    if document is None:
        return []
    _, analysis = await document.snapshot()
    return [
        (job, site, document)
        for job in server.jobs.under_way()
        if job.uri == uri and (site := job.site_in(analysis)) is not None
    ]


def _lens(server: Server, job: Job, site: Site, document: OpenDocument) -> types.CodeLens:
    stop = types.Command(
        title=f"{label(job, server.jobs.turn(job))} — stop",
        command=commands.STOP,
        arguments=[{"job": job.id}],
    )
    return types.CodeLens(range=document.site_range(site), command=stop)


def _hint(server: Server, job: Job, site: Site, document: OpenDocument) -> types.InlayHint:
    return types.InlayHint(
        position=document.site_range(site).end,
        label=label(job, server.jobs.turn(job)),
        padding_left=True,
    )
