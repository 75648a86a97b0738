"""Code actions on sites: what can be done there now."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dsp_lsp.features import commands
from dsp_lsp.features.prove import can_extend, can_insert, job_at
from dsp_lsp.features.sites import key_of, sites_at
from dsp_lsp.jobs import Phase
from dsp_lsp.report import counted
from dsp_lsp.wording import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsp_lsp.features.documents import OpenDocument
    from dsp_lsp.jobs import Job
    from dsp_lsp.server import Server
    from engine.source import Site

__all__ = ["register"]

logger = logging.getLogger(__name__)

_KIND = types.CodeActionKind.QuickFix


def register(server: Server) -> None:
    """Registers the request for code actions."""
    options = types.CodeActionOptions(code_action_kinds=[_KIND], resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_action(ls: Any, params: types.CodeActionParams) -> list[types.CodeAction]:
        try:
            return await _actions(server, params)
        except Exception:
            logger.exception("code actions")
            return []

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(ls: Any, action: types.CodeAction) -> types.CodeAction:
        # An action is whole when it is offered; what may have changed is whether it still applies.
        name = action.data.get("job") if isinstance(action.data, dict) else None
        if name is not None and server.jobs.get(name) is None:
            action.disabled = types.CodeActionDisabled(reason="That search is forgotten.")
        return action


async def _actions(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    only = params.context.only
    if only is not None and not any(_KIND.value == kind or not kind for kind in map(_text, only)):
        return []
    document = await server.documents.lean3(params.text_document.uri)
    if document is None:
        return []
    _, analysis = await document.snapshot()
    lines, wanted = document.lines, params.range
    found = sites_at(
        analysis.sites,
        lines,
        (wanted.start.line, wanted.start.character),
        (wanted.end.line, wanted.end.character),
    )
    if not found:
        return []
    if len(found) > 1:
        argument = {"uri": document.uri, "range": _json_range(wanted)}
        title = f"Prove these {counted(len(found), 'site')} with DS-Prover"
        offered = [_action(title, commands.PROVE_ALL, argument)]
    else:
        job = await job_at(server, document, found[0])
        offered = list(_at_site(server, document, found[0], job))
        for action in offered:
            action.diagnostics = _about(params.context.diagnostics, document, found[0])
    if len(analysis.sites) > len(found):
        title = f"Prove all {len(analysis.sites)} sites in this file with DS-Prover"
        offered.append(_action(title, commands.PROVE_ALL, {"uri": document.uri}))
    return offered


def _at_site(
    server: Server, document: OpenDocument, site: Site, job: Job | None
) -> Iterator[types.CodeAction]:
    config = server.config
    line, character = document.lines.place(site.span.start)
    here = {
        "uri": document.uri,
        "position": {"line": line, "character": character},
        "site": key_of(site),
    }
    if job is not None and not job.over:
        of_job = {"job": job.id}
        what = "search" if job.kind == "prove" else "looking for next tactics"
        yield _action(
            f"Stop the {what} here" if job.kind == "prove" else f"Stop {what}",
            commands.STOP,
            of_job,
        )
        if job.kind == "prove":
            more = _duration(config.extension)
            yield _action(f"Give it {more} more", commands.EXTEND, of_job)
            if job.phase not in (Phase.QUEUED, Phase.OPENING):
                yield _action("Show the search tree", commands.TREE, of_job)
        return
    if job is not None and can_insert(job):
        yield _action("Insert the proof", commands.INSERT, {"job": job.id})
    if job is not None and job.suggestions is not None:
        for index, one in enumerate(job.suggestions.suggestions):
            argument = {"job": job.id, "index": index}
            title = f"Next tactic: {described(one)}"
            yield _action(title, commands.INSERT_SUGGESTION, argument)
    yield _action("Prove with DS-Prover", commands.PROVE, here)
    for budget in config.longer_budgets:
        title = f"Prove with DS-Prover, for up to {_duration(budget)}"
        yield _action(title, commands.PROVE, {**here, "budget": budget})
    yield _action("Suggest next tactics here", commands.SUGGEST, here)
    if job is not None and can_extend(server, job):
        title = f"Give the search {_duration(config.extension)} more"
        yield _action(title, commands.EXTEND, {"job": job.id})
    if job is not None and job.result is not None:
        yield _action("Show the search tree", commands.TREE, {"job": job.id})


def _action(title: str, name: str, argument: dict[str, Any]) -> types.CodeAction:
    return types.CodeAction(
        title=title,
        kind=_KIND,
        command=types.Command(title=title, command=name, arguments=[argument]),
        data={"job": argument.get("job")},
    )


def _about(
    diagnostics: list[types.Diagnostic] | Any, document: OpenDocument, site: Site
) -> list[types.Diagnostic] | None:
    """Those that are about the site, such as Lean's “declaration uses sorry”."""
    where = document.site_range(site)
    found = [
        one
        for one in diagnostics
        if one.range.start.line <= where.end.line and one.range.end.line >= where.start.line
    ]
    return found or None


def _duration(seconds: float) -> str:
    if seconds >= 60 and seconds % 60 == 0:
        return counted(int(seconds // 60), "minute")
    return f"{seconds:g} seconds"


def _json_range(where: types.Range) -> dict[str, Any]:
    return {
        "start": {"line": where.start.line, "character": where.start.character},
        "end": {"line": where.end.line, "character": where.end.character},
    }


def _text(kind: Any) -> str:
    return str(getattr(kind, "value", kind))
