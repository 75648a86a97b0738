"""An editor for the server's tests: real process, real wire, and buffers as an editor has them."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import pytest
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

from dsp_lsp.positions import Encoding, Lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from cattrs import Converter

ROOT = Path(__file__).parents[2]
SERVER = [sys.executable, "-m", "dsp_lsp.cli", "serve", "--stdio"]
SCRIPTED = [sys.executable, "-m", "tests.lsp.scripted"]
"""The server with the scripted engine."""
GUARD = 90.0
"""Seconds after which a test hangs; nothing here takes anything like it."""


@dataclass
class Buffer:
    """A document as the editor has it."""

    uri: str
    text: str
    version: int
    language: str = "lean"


def _converter() -> Converter:
    # lsprotocol takes a CodeAction that has a command for a Command.
    converter = default_converter()
    converter.register_structure_hook(
        Union[types.Command, types.CodeAction],  # noqa: UP007  (as lsprotocol writes it)
        lambda o, _: converter.structure(
            o, types.Command if isinstance(o.get("command"), str) else types.CodeAction
        ),
    )
    return converter


class Editor(LanguageClient):
    """A client that has buffers, applies edits as VS Code or as Neovim does, and remembers."""

    def __init__(self) -> None:
        super().__init__(converter_factory=_converter)
        register_lsp_features(self)
        self.kind = "visual_studio_code"
        self.encoding = Encoding.UTF16
        self.buffers: dict[str, Buffer] = {}
        self.undo: dict[str, list[str]] = {}
        self.apply_edit = self._apply
        self.edits: list[types.ApplyWorkspaceEditParams] = []
        self.before_edit: Callable[[], None] | None = None
        self.refreshed: list[float] = []
        self.choose: str | None = None
        self.questions: list[types.ShowMessageRequestParams] = []
        self.jobs_seen: list[Any] = []
        self.configuration: dict[str, Any] = {}

        @self.feature(types.WORKSPACE_APPLY_EDIT)
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            return self.apply_edit(params)

        for name in (types.WORKSPACE_CODE_LENS_REFRESH, types.WORKSPACE_INLAY_HINT_REFRESH):

            @self.feature(name)
            def refresh(*_: object) -> None:
                self.refreshed.append(time.monotonic())

        @self.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def ask(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            self.questions.append(params)
            for action in params.actions or ():
                if self.choose is not None and self.choose in action.title:
                    return action
            return None

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registered(params: types.RegistrationParams) -> None:
            return None

        @self.feature("dsp/jobs")
        def jobs(params: Any) -> None:
            self.jobs_seen.append(params)

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The server."""
        assert self._server is not None
        return self._server

    # -- documents -------------------------------------------------------------------------------

    def open(self, uri: str, text: str, language: str = "lean", version: int = 1) -> Buffer:
        buffer = self.buffers[uri] = Buffer(uri, text, version, language)
        self.undo[uri] = []
        item = types.TextDocumentItem(uri, language, version, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return buffer

    def close(self, uri: str) -> None:
        del self.buffers[uri]
        self.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )

    def edit(self, uri: str, start: int, end: int, text: str, *, step: bool = True) -> None:
        """The user, or an edit of the server's, replaces code points ``start:end``."""
        buffer = self.buffers[uri]
        if step:
            self.undo[uri].append(buffer.text)
        lines = Lines(buffer.text, self.encoding)
        where = types.Range(types.Position(*lines.place(start)), types.Position(*lines.place(end)))
        buffer.text = buffer.text[:start] + text + buffer.text[end:]
        buffer.version += 1
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(uri=uri, version=buffer.version),
                [types.TextDocumentContentChangePartial(range=where, text=text)],
            )
        )

    def undo_once(self, uri: str) -> None:
        """One press of the undo key."""
        old = self.undo[uri].pop()
        self.edit(uri, 0, len(self.buffers[uri].text), old, step=False)

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        self.edits.append(params)
        if self.before_edit is not None:
            hook, self.before_edit = self.before_edit, None
            hook()
        assert not params.edit.changes, "an edit without a version"
        for change in params.edit.document_changes or ():
            assert isinstance(change, types.TextDocumentEdit)
            buffer = self.buffers.get(change.text_document.uri)
            stale = buffer is None or change.text_document.version != buffer.version
            if stale and self.kind == "neovim":
                return types.ApplyWorkspaceEditResult(applied=True)  # It says so nevertheless.
            if stale:
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="changed")
            assert buffer is not None
            self.undo[buffer.uri].append(buffer.text)
            lines = Lines(buffer.text, self.encoding)
            for one in change.edits:
                assert isinstance(one, types.TextEdit)
                start, end = (
                    lines.offset((place.line, place.character))
                    for place in (one.range.start, one.range.end)
                )
                self.edit(buffer.uri, start, end, one.new_text, step=False)
        return types.ApplyWorkspaceEditResult(applied=True)

    # -- requests --------------------------------------------------------------------------------

    def position(self, uri: str, offset: int) -> types.Position:
        return types.Position(*Lines(self.buffers[uri].text, self.encoding).place(offset))

    async def actions(
        self, uri: str, start: int, end: int | None = None, only: list[Any] | None = None
    ) -> list[types.CodeAction]:
        where = types.Range(
            self.position(uri, start), self.position(uri, start if end is None else end)
        )
        found = await self.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(uri),
                where,
                types.CodeActionContext(diagnostics=[], only=only),
            )
        )
        return list(found or [])  # type: ignore[arg-type]

    async def titles(self, uri: str, start: int, end: int | None = None) -> list[str]:
        return [action.title for action in await self.actions(uri, start, end)]

    async def choose_action(self, uri: str, offset: int, title: str) -> Any:
        """Picks the first action whose title begins so, and has it executed."""
        offered = await self.actions(uri, offset)
        chosen = [one for one in offered if one.title.startswith(title)]
        assert chosen, [one.title for one in offered]
        assert chosen[0].command is not None
        return await self.command(chosen[0].command.command, *chosen[0].command.arguments or ())

    async def command(self, name: str, *arguments: Any) -> Any:
        params = types.ExecuteCommandParams(name, list(arguments))
        return await asyncio.wait_for(self.workspace_execute_command_async(params), GUARD)

    async def hover_text(self, uri: str, offset: int) -> str:
        found = await self.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(uri), self.position(uri, offset))
        )
        return "" if found is None else str(found.contents.value)  # type: ignore[union-attr]

    async def jobs(self) -> list[Any]:
        return list((await self.command("dsp.jobs"))["jobs"])  # type: ignore[index]

    async def job(self, name: str) -> Any:
        return next(job for job in await self.jobs() if job["id"] == name)

    async def until_over(self, name: str) -> Any:
        """The job once it is over, after the server has told all there is to tell of it."""
        return await self.until(lambda job: job["over"], name)

    async def until(self, condition: Callable[[Any], bool], name: str) -> Any:
        end = time.monotonic() + GUARD
        while not condition(job := await self.job(name)):
            assert time.monotonic() < end, job
            await asyncio.sleep(0.02)
        return job

    async def eventually(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + GUARD
        while not condition():
            assert time.monotonic() < end
            await asyncio.sleep(0.02)


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DSP_LSP_LOG_FILE": str(tmp_path / "server.log"),
        "DSP_LSP_CACHE": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path),
        "FAKE_ENGINE_HOME": str(tmp_path),
    }


async def start_editor(
    tmp_path: Path,
    *,
    kind: str = "visual_studio_code",
    command: list[str] = SERVER,
    settings: dict[str, Any] | None = None,
    root: Path | None = None,
    encodings: list[Any] | None = None,
    experimental: dict[str, Any] | None = None,
    adjust: Callable[[types.ClientCapabilities], None] | None = None,
) -> Editor:
    """A server and an editor that have shaken hands."""
    editor = Editor()
    editor.kind = kind
    await editor.start_io(*command, env=environment(tmp_path))
    capabilities = client_capabilities(kind)
    if encodings is not None:
        assert capabilities.general is not None
        capabilities.general.position_encodings = encodings
    if adjust is not None:
        adjust(capabilities)
    if experimental is not None:
        capabilities.experimental = experimental
    values = {"embeddedFallback": False, **(settings or {})}
    editor.set_configuration(values, section="dsp")
    folder = types.WorkspaceFolder((root or tmp_path).as_uri(), "root")
    result = await asyncio.wait_for(
        editor.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
                workspace_folders=[folder],
                initialization_options={"dsp": values},
            )
        ),
        GUARD,
    )
    chosen = result.capabilities.position_encoding
    editor.encoding = Encoding(str(getattr(chosen, "value", chosen or "utf-16")))
    return editor


async def end_editor(editor: Editor) -> None:
    if editor.process.returncode is None:
        await asyncio.wait_for(editor.shutdown_session(), GUARD)
    await editor.stop()


@pytest.fixture(params=["visual_studio_code", "neovim"])
async def editor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Editor]:
    """Each kind of editor, with the embedded core."""
    found = await start_editor(tmp_path, kind=request.param, settings={"leanPath": "embedded"})
    yield found
    await end_editor(found)


@pytest.fixture(params=["visual_studio_code", "neovim"])
async def scripted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Editor]:
    """Each kind of editor, with the scripted engine."""
    found = await start_editor(tmp_path, kind=request.param, command=SCRIPTED)
    yield found
    await end_editor(found)


def uri_of(tmp_path: Path, name: str = "a.lean") -> str:
    return (tmp_path / name).as_uri()


def at(text: str, pattern: str = "sorry", number: int = 0) -> int:
    """The offset of the ``number``-th match."""
    return [match.start() for match in re.finditer(pattern, text)][number]
