"""The client at the other end: what it can do, and its answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from dsp_lsp.server import Server

T = TypeVar("T")

__all__ = ["answer", "has_progress", "takes_versions", "wants"]


def wants(server: Server, what: str) -> bool:
    """Whether the client asked for one of our own notifications."""
    experimental: Any = server.client_capabilities.experimental
    try:
        return bool(experimental["dsp"][what])
    except (KeyError, TypeError, IndexError):
        return bool(getattr(getattr(experimental, "dsp", None), what, False))


def has_progress(server: Server) -> bool:
    """Whether the client shows work-done progress that we start."""
    window = server.client_capabilities.window
    return bool(window and window.work_done_progress)


def takes_versions(server: Server) -> bool:
    """Whether the client takes edits of a version of a document.

    Neovim does not say so, but that it takes operations on files, which come in no other form.
    """
    workspace = server.client_capabilities.workspace
    edit = workspace.workspace_edit if workspace else None
    return bool(edit and (edit.document_changes or edit.resource_operations))


async def answer(asked: Awaitable[T], seconds: float) -> T:
    """The client's answer; raises ``asyncio.TimeoutError`` when it takes longer.

    Whoever stops waiting does not cancel the request: the library could not take its answer then.
    """
    future = asyncio.ensure_future(asked)
    # An error that nobody waits for any more is no news.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return await asyncio.wait_for(asyncio.shield(future), seconds)
