"""The engine's text edits as what an editor is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsp_lsp.positions import Lines

__all__ = ["Edit", "applied", "to_range", "workspace_edit"]


@dataclass(frozen=True, slots=True)
class Edit:
    """The code points ``start:end`` become ``text``."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text once the edits, which do not overlap, are in it."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def to_range(lines: Lines, start: int, end: int) -> types.Range:
    """The code points ``start:end`` as the editor counts."""
    return types.Range(types.Position(*lines.place(start)), types.Position(*lines.place(end)))


def workspace_edit(
    uri: str, version: int | None, lines: Lines, edits: Sequence[Edit], *, versioned: bool
) -> types.WorkspaceEdit:
    """The edits of one document, as one step for undo.

    ``versioned``: the editor takes ``documentChanges``, and refuses them when the document is not
    at ``version`` any more.
    """
    changes = [
        types.TextEdit(range=to_range(lines, edit.start, edit.end), new_text=edit.text)
        for edit in edits
    ]
    if not versioned:
        return types.WorkspaceEdit(changes={uri: changes})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(text_document=document, edits=list(changes))]
    )
