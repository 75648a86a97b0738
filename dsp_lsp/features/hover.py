"""The hover on a site that is searched, was searched, or was proved."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dsp_lsp.features.prove import job_at
from dsp_lsp.features.sites import sites_at
from dsp_lsp.jobs import Phase
from dsp_lsp.wording import hover

if TYPE_CHECKING:
    from dsp_lsp.features.documents import OpenDocument
    from dsp_lsp.jobs import Job
    from dsp_lsp.server import Server
    from engine.source import Analysis

__all__ = ["register"]

logger = logging.getLogger(__name__)


def register(server: Server) -> None:
    """Registers the hover."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def on_hover(ls: Any, params: types.HoverParams) -> types.Hover | None:
        try:
            return await _hover(server, params)
        except Exception:
            logger.exception("hover")
            return None


async def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    uri = params.text_document.uri
    if not server.jobs.of(uri):
        return None
    document = await server.documents.lean3(uri)
    if document is None:
        return None
    _, analysis = await document.snapshot()
    place = params.position.line, params.position.character
    offset = document.lines.offset(place)
    for site in sites_at(analysis.sites, document.lines, place, place):
        job = await job_at(server, document, site)
        if job is not None:
            return _shown(server, job, document.site_range(site))
    job = _proved_at(server, document, analysis, offset)
    return None if job is None else _shown(server, job, None)


def _shown(server: Server, job: Job, where: types.Range | None) -> types.Hover:
    value = hover(job, server.jobs.turn(job))
    kind = types.MarkupKind.Markdown
    return types.Hover(contents=types.MarkupContent(kind=kind, value=value), range=where)


def _proved_at(
    server: Server, document: OpenDocument, analysis: Analysis, offset: int
) -> Job | None:
    """The job whose proof stands around ``offset``."""
    for job in server.jobs.of(document.uri):
        proof = job.proof
        if job.phase is not Phase.PROVED or proof is None:
            continue
        wanted, text = proof.site.declaration, proof.replacement.strip()
        for one in analysis.declarations:
            if one.span.start <= offset <= one.span.end and (
                (one.statement_hash, one.name) == (wanted.statement_hash, wanted.name)
            ):
                start = document.text.find(text, one.span.start, one.span.end)
                if start >= 0 and start <= offset <= start + len(text):
                    return job
    return None
