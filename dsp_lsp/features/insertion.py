"""Putting a proof into the document, verified in the text as it is then, or keeping it safe."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dsp_lsp.edits import Edit, applied, workspace_edit
from dsp_lsp.features.client import answer, takes_versions
from dsp_lsp.features.documents import path_for_engine
from dsp_lsp.jobs import Phase
from engine.protocol import VerifyParams
from engine.source import render_proof

if TYPE_CHECKING:
    from dsp_lsp.engine_host import Lease
    from dsp_lsp.features.documents import OpenDocument
    from dsp_lsp.jobs import Job, Proof
    from dsp_lsp.server import Server
    from engine.source import Site

__all__ = ["deliver", "put"]

logger = logging.getLogger(__name__)

_ATTEMPTS = 8
"""How often a proof is judged anew because the document has changed meanwhile."""
_REPLY_SECONDS = 30.0
_CHANGE_SECONDS = 5.0
"""How long the editor may take to answer, and to tell of the change that it made."""

_REOPEN_SECONDS = 2.0
"""Editors read a file anew by closing and opening the document; a proof may come in between."""

_AGAIN = "Choose “Insert the proof” at the site."
_KEPT = "The hover has the proof."


async def deliver(server: Server, job: Job, lease: Lease) -> None:
    """Inserts the job's proof and ends the job: proved, or withheld with the reason.

    What stands in the document afterwards is exactly what Lean has judged: where the text has
    changed since, the site is found again and the proof judged there.
    """
    for _ in range(_ATTEMPTS):
        document = await server.documents.awaited(job.uri, _REOPEN_SECONDS)
        proof = job.proof
        if document is None or proof is None:
            job.end(Phase.WITHHELD, "The document is closed.", f"Open it. {_AGAIN}")
            return
        text = document.text
        if text != proof.text:
            found = await _judged_anew(server, job, lease, document, text)
            if found is None:
                return
            job.proof = proof = found
            if document.text != text:
                continue
        server.jobs.enter(job, Phase.INSERTING)
        reason = await put(server, document, proof.site, proof.replacement)
        if reason is None:
            job.end(Phase.PROVED)
            return
        if document.text == text or (job.mark is not None and job.mark.offset is None):
            # Nothing has changed, or the site itself: once more would not help, or do harm.
            job.end(Phase.WITHHELD, reason, f"{_AGAIN} {_KEPT}")
            return
    job.end(Phase.WITHHELD, "The document kept changing.", f"{_AGAIN} {_KEPT}")


async def _judged_anew(
    server: Server, job: Job, lease: Lease, document: OpenDocument, text: str
) -> Proof | None:
    """The proof for ``text``, which the document had just now; None ends the job."""
    proof = job.proof
    assert proof is not None  # noqa: S101  (the caller has looked)
    analysis = await document.analysis()
    if document.text != text:
        return replace(proof, text="")
    site = job.site_in(analysis)
    if site is None:
        wanted = proof.site.declaration
        same = any(
            one.statement_hash == wanted.statement_hash and one.name == wanted.name
            for one in analysis.declarations
        )
        why = "The site has gone." if same else "The statement has changed."
        job.end(Phase.WITHHELD, why, _KEPT)
        return None
    server.jobs.enter(job, Phase.VERIFYING)
    replacement = render_proof(text, site, proof.steps, goals=proof.goals)
    params = VerifyParams(
        text=text,
        site=site.span.start,
        replacement=replacement,
        path=path_for_engine(server, document),
    )
    verdict = await lease.process.verify(params)
    if not verdict.accepted:
        if document.text != text:
            return replace(proof, text="")
        job.end(
            Phase.WITHHELD,
            f"The document has changed, and there Lean refuses it: {verdict.message}.",
            _KEPT,
        )
        return None
    return replace(proof, text=text, site=site, replacement=replacement, verdict=verdict)


async def put(server: Server, document: OpenDocument, site: Site, replacement: str) -> str | None:
    """Asks the editor to replace the site; None once the document shows it, else the reason.

    The editor's word is not enough: one refuses a stale edit and says that it was applied.
    """
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.apply_edit:
        return "This editor takes no edits from a server."
    edit = Edit(site.span.start, site.span.end, replacement)
    expected = applied(document.text, [edit])
    asked = types.ApplyWorkspaceEditParams(
        label="DS-Prover",
        edit=workspace_edit(
            document.uri,
            document.version,
            document.lines,
            [edit],
            versioned=takes_versions(server),
        ),
    )
    before, mark = document.text, document.mark(site)
    seen = False

    def arrived() -> bool:
        nonlocal seen
        seen = seen or document.text == expected
        return seen

    # From here on each change is looked at, also one that comes before the answer.
    watching = asyncio.ensure_future(document.until(arrived, _REPLY_SECONDS + _CHANGE_SECONDS))
    try:
        try:
            given = await answer(server.workspace_apply_edit_async(asked), _REPLY_SECONDS)
        except asyncio.TimeoutError:
            return None if seen else "The editor did not answer."
        except JsonRpcException as error:
            return None if seen else await _refused(document, before, error.message)
        if not given.applied and not seen:
            return await _refused(document, before, given.failure_reason)
        await asyncio.wait({watching}, timeout=_CHANGE_SECONDS if document.open else 0)
        touched = mark.offset is None
        if seen or (touched and await _stands(document, site, replacement, before)):
            return None
        return "The editor did not make the edit."
    finally:
        watching.cancel()


async def _refused(document: OpenDocument, before: str, why: str | None) -> str:
    """An editor may refuse because of what the user has typed, and tell of that only when the user
    pauses (Emacs does); it is waited for, so that the text is seen to have changed.
    """
    await document.until(lambda: document.text != before, _CHANGE_SECONDS)
    return f"The editor refused the edit{f': {why}' if why else ''}."


async def _stands(document: OpenDocument, site: Site, replacement: str, before: str) -> bool:
    """Whether the edit is there together with what the user typed in the same moment."""
    text, analysis = await document.snapshot()
    wanted, proof = site.declaration, "".join(replacement.split())
    old = "".join(before[wanted.span.start : wanted.span.end].split()).count(proof)
    return any(
        "".join(text[one.span.start : one.span.end].split()).count(proof) > old
        for one in analysis.declarations
        if one.statement_hash == wanted.statement_hash and one.name == wanted.name
    )
