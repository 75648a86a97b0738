"""The search tree: a picture in a temporary file, which the editor shows, and text."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dsp_lsp.features import commands
from dsp_lsp.features.client import answer
from dsp_lsp.features.commands import command, refused
from dsp_lsp.features.prove import job_at, present_site

if TYPE_CHECKING:
    from dsp_lsp.server import Server

__all__ = ["register"]

logger = logging.getLogger(__name__)

_SHOW_SECONDS = 10.0


class _Folder:
    """Where pictures go; made when there is a first one, gone with the server."""

    def __init__(self) -> None:
        self._path: Path | None = None

    def write(self, name: str, svg: str) -> Path:
        if self._path is None or not self._path.is_dir():
            self._path = Path(tempfile.mkdtemp(prefix="dsp-lsp-"))
        path = self._path / f"{name}.svg"
        path.write_text(svg, encoding="utf-8")
        return path

    def remove(self) -> None:
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)


def register(server: Server) -> None:
    """Registers the command that shows a tree."""
    folder = _Folder()
    server.at_close.append(folder.remove)
    command(server, commands.TREE, commands.TreeParams, partial(_tree, server, folder))


async def _tree(server: Server, folder: _Folder, params: commands.TreeParams) -> dict[str, Any]:
    job = None
    if params.job is not None:
        job = server.jobs.get(params.job)
    elif params.uri is not None and params.position is not None:
        place = commands.ProveParams(params.uri, params.position)
        document, _, site = await present_site(server, place)
        job = await job_at(server, document, site)
    lease = server.engine.running
    if job is None or job.engine is None or lease is None or lease.number != job.engine:
        raise refused("There is no search tree here.")
    picture = await lease.process.tree(job.id)
    path = await asyncio.to_thread(folder.write, job.id, picture.svg)
    if params.show:
        server.spawn(_show(server, path))
    return {"job": job.id, "uri": path.as_uri(), "text": picture.text}


async def _show(server: Server, path: Path) -> None:
    window = server.client_capabilities.window
    if not (window and window.show_document and window.show_document.support):
        server.tell(f"The search tree is in {path}.", types.MessageType.Info)
        return
    try:
        shown = await answer(
            server.window_show_document_async(
                types.ShowDocumentParams(uri=path.as_uri(), external=False, take_focus=True)
            ),
            _SHOW_SECONDS,
        )
    except (asyncio.TimeoutError, JsonRpcException):
        return
    if not shown.success:
        server.tell(f"The search tree is in {path}.", types.MessageType.Info)
