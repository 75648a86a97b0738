"""The documents that the editor has open: their text, version by version, and what is in it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from lsprotocol import types
from pygls.uris import to_fs_path

from dsp_lsp.dialect import Dialect, dialect_of
from dsp_lsp.positions import Lines, Mark
from engine.source import analyse

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsp_lsp.positions import Encoding
    from dsp_lsp.server import Server
    from engine.source import Analysis, Site

__all__ = ["Documents", "OpenDocument", "path_for_engine", "register"]

logger = logging.getLogger(__name__)

_LONG = 60_000
"""Texts of more code points are analysed in a thread: reading them may take a tenth of a second."""


class OpenDocument:
    """An open document."""

    def __init__(
        self, uri: str, language_id: str, text: str, version: int, encoding: Encoding
    ) -> None:
        self.uri = uri
        self.language_id = language_id
        self.text = text
        self.version = version
        self.open = True
        self._encoding = encoding
        self._lines: Lines | None = None
        self._analysis: tuple[str, Analysis] | None = None
        self._analysing = asyncio.Lock()
        self._dialect: Dialect | None = None
        self._watchers: list[Callable[[], None]] = []
        self._marks: WeakSet[Mark] = WeakSet()

    @property
    def path(self) -> Path | None:
        """Where the document lives; None for one that was never saved."""
        return _path(self.uri)

    @property
    def lines(self) -> Lines:
        """The present text's lines."""
        if self._lines is None or self._lines.text is not self.text:
            self._lines = Lines(self.text, self._encoding)
        return self._lines

    async def dialect(self) -> Dialect:
        """Whether it is Lean 3; looks at the disk once."""
        if self._dialect is None:
            path, language = self.path, self.language_id
            self._dialect = await asyncio.to_thread(dialect_of, path, language)
        return self._dialect

    async def analysis(self) -> Analysis:
        """What the present text holds. Never blocks for long; the text may change meanwhile."""
        if self._analysis is not None and self._analysis[0] is self.text:
            return self._analysis[1]
        async with self._analysing:
            text = self.text
            previous = None
            if self._analysis is not None:
                if self._analysis[0] is text:
                    return self._analysis[1]
                previous = self._analysis[1]
            if len(text) > _LONG:
                found = await asyncio.to_thread(analyse, text, previous)
            else:
                found = analyse(text, previous)
            self._analysis = text, found
            return found

    async def snapshot(self) -> tuple[str, Analysis]:
        """A text that the document had just now, and what it holds."""
        while True:
            text = self.text
            analysis = await self.analysis()
            if self.text is text:
                return text, analysis

    def change(self, changes: list[Any], version: int) -> None:
        """Takes the editor's changes, in order."""
        for change in changes:
            span = getattr(change, "range", None)
            start, end = 0, len(self.text)
            if span is not None:
                lines = self.lines
                start = lines.offset((span.start.line, span.start.character))
                end = max(start, lines.offset((span.end.line, span.end.character)))
            self.text = self.text[:start] + change.text + self.text[end:]
            for mark in self._marks:
                mark.change(start, end, len(change.text))
        self.version = version
        self._tell()

    def close(self) -> None:
        """The editor has closed it."""
        self.open = False
        for mark in self._marks:
            mark.offset = None
        self._tell()

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Waits for the condition, looked at after each change, at most so long."""
        if condition():
            return True
        reached = asyncio.get_running_loop().create_future()

        def look() -> None:
            if not reached.done() and (not self.open or condition()):
                reached.set_result(None)

        self._watchers.append(look)
        try:
            await asyncio.wait_for(reached, seconds)
        except asyncio.TimeoutError:
            pass
        finally:
            self._watchers.remove(look)
        return condition()

    def _tell(self) -> None:
        for look in list(self._watchers):
            look()

    def mark(self, site: Site) -> Mark:
        """Follows a site of the present text."""
        mark = Mark(site.span.start, site.span.end)
        self._marks.add(mark)
        return mark

    def site_range(self, site: Site) -> types.Range:
        """Where a site of the present text is, for the editor."""
        lines = self.lines
        return types.Range(
            types.Position(*lines.place(site.span.start)),
            types.Position(*lines.place(site.span.end)),
        )


class Documents:
    """The open documents by URI."""

    def __init__(self) -> None:
        self._open: dict[str, OpenDocument] = {}
        self._awaited: dict[str, list[asyncio.Future[None]]] = {}

    def get(self, uri: str) -> OpenDocument | None:
        """The open document of that name."""
        return self._open.get(uri)

    async def awaited(self, uri: str, seconds: float) -> OpenDocument | None:
        """The open document of that name, which may take so long to be opened."""
        if uri not in self._open:
            reached = asyncio.get_running_loop().create_future()
            self._awaited.setdefault(uri, []).append(reached)
            await asyncio.wait({reached}, timeout=seconds)
            reached.cancel()
        return self._open.get(uri)

    async def lean3(self, uri: str) -> OpenDocument | None:
        """The open document of that name, if it is Lean 3."""
        document = self._open.get(uri)
        if document is None or await document.dialect() is not Dialect.LEAN3:
            return None
        return document if document.open else None

    def put(self, document: OpenDocument) -> None:
        """A document was opened."""
        self._open[document.uri] = document
        for reached in self._awaited.pop(document.uri, []):
            if not reached.done():
                reached.set_result(None)

    def pop(self, uri: str) -> None:
        """A document was closed."""
        document = self._open.pop(uri, None)
        if document is not None:
            document.close()


def _path(uri: str) -> Path | None:
    if not uri.startswith("file:"):
        return None
    path = to_fs_path(uri)
    return Path(path) if path else None


def path_for_engine(server: Server, document: OpenDocument) -> str | None:
    """Where the engine is to think that a document is: one never saved is in the first folder."""
    if document.path is not None:
        return str(document.path)
    for folder in server.workspace.folders.values():
        root = to_fs_path(folder.uri)
        if root is not None and folder.uri.startswith("file:"):
            return str(Path(root) / "untitled.lean")
    return None


def register(server: Server) -> None:
    """Takes the editor's word on documents."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(ls: Any, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        document = OpenDocument(
            item.uri, item.language_id, item.text, item.version, server.encoding
        )
        server.documents.put(document)
        server.spawn(_greet(server, document))

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(ls: Any, params: types.DidChangeTextDocumentParams) -> None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            logger.warning("a change of a document that is not open: %s", params.text_document.uri)
            return
        document.change(list(params.content_changes), params.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(ls: Any, params: types.DidCloseTextDocumentParams) -> None:
        server.documents.pop(params.text_document.uri)

    pattern = types.FileOperationPattern(glob="**/*")
    lean = types.FileOperationFilter(pattern=pattern, scheme="file")

    @server.feature(
        types.WORKSPACE_DID_RENAME_FILES, types.FileOperationRegistrationOptions(filters=[lean])
    )
    def did_rename(ls: Any, params: types.RenameFilesParams) -> None:
        for rename in params.files:
            server.jobs.rename(rename.old_uri, rename.new_uri)


async def _greet(server: Server, document: OpenDocument) -> None:
    if await document.dialect() is Dialect.LEAN4 and not server.said_lean4:
        server.said_lean4 = True
        server.tell(
            "This is Lean 4; DS-Prover proves Lean 3 only and stays silent here.",
            types.MessageType.Info,
        )
