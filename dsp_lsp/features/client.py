"""What the client at the other end can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsp_lsp.server import Server

__all__ = ["has_progress", "takes_versions", "wants"]


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
