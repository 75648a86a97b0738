"""``dsp-lsp suggest --listen``: what the Suggest panel of vscode-lean asks.

The panel posts ``{"tactic_state": …, "prefix": …}`` to the URL of its setting and shows the tactics
of ``{"tactic_infos": [{"tactic": …}]}``, or the text of ``{"error": …}``. It posts from Node: no
page of a browser has a reason to, and none may.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dsp_lsp.engine_host import EngineHost
from dsp_lsp.report import error_text
from dsp_lsp.terminal import say, show
from dsp_lsp.web.bodies import BadBodyError, read_object
from dsp_lsp.web.guard import Guard
from dsp_lsp.web.serving import Listener, log_to_standard_error, own_names, serve
from engine.protocol import EngineError, ProposeParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from dsp_lsp.engine_client import EngineProcess
    from engine.protocol import Settings

__all__ = ["create", "listen"]

_LONGEST_BODY = 256 * 1024
_LONGEST_PREFIX = 200
_AT_A_TIME = 4
_ORIGINS = ("vscode-webview", "vscode-file")
"""Schemes of VS Code's own pages, in case the panel comes to ask by itself."""

_HELLO = "dsp-lsp suggest: set lean.suggestionURL of vscode-lean to this address.\n"


class _Panel:
    def __init__(self, host: EngineHost, settings: Settings, folder: str, limit: int) -> None:
        self._host, self._settings = host, settings
        self._folder, self._limit = folder, limit
        self._places = asyncio.Semaphore(_AT_A_TIME)

    async def suggest(self, request: Request) -> Response:
        try:
            body = await read_object(request, _LONGEST_BODY)
        except BadBodyError as error:
            return JSONResponse({"error": error.message}, error.status)
        state, prefix = body.get("tactic_state"), body.get("prefix", "")
        if not isinstance(state, str) or not isinstance(prefix, str):
            return JSONResponse({"error": "`tactic_state` and `prefix` must be texts."}, 400)
        try:
            # The panel shows what an answer says, and of a status only its number.
            tactics = await self.tactics(state, prefix)
        except EngineError as error:
            return JSONResponse({"error": error_text(error)})
        return JSONResponse({"tactic_infos": [{"tactic": tactic} for tactic in tactics]})

    async def tactics(self, state: str, prefix: str = "") -> list[str]:
        if not state.strip() or state.strip() == "no goals" or len(prefix) > _LONGEST_PREFIX:
            return []
        params = ProposeParams(state=state, prefix=prefix, limit=self._limit, path=self._folder)
        async with self._places, self._host.use(self._settings) as lease:
            return (await lease.process.propose(params)).tactics

    async def hello(self, request: Request) -> Response:
        return PlainTextResponse(_HELLO)


def create(
    host: EngineHost, settings: Settings, folder: str, limit: int, *, hosts: set[str]
) -> Guard:
    """The endpoint as an ASGI application, at any path."""
    panel = _Panel(host, settings, folder, limit)
    app = Starlette(
        routes=[
            Route("/{path:path}", panel.suggest, methods=["POST"]),
            Route("/{path:path}", panel.hello),
        ]
    )
    return Guard(app, hosts=hosts, origins=_ORIGINS)


def listen(
    port: int, settings: Settings, folder: str, limit: int, connect: Callable[[], EngineProcess]
) -> int:
    """Serves the panel on this machine until it is ended; returns the exit status."""
    log_to_standard_error()
    asyncio.run(_listen(port, settings, folder, limit, connect))
    return 0


async def _listen(
    port: int, settings: Settings, folder: str, limit: int, connect: Callable[[], EngineProcess]
) -> None:
    listener = Listener("127.0.0.1", port)
    host = EngineHost(connect)
    try:
        # What is wrong is said here, and not to the panel first; a model begins to load.
        await _Panel(host, settings, folder, limit).tactics("⊢ true")
        app = create(host, settings, folder, limit, hosts=own_names(listener, []))

        def started() -> None:
            show(listener.url)
            say("Set lean.suggestionURL of vscode-lean to this address. Ctrl-C ends it.")

        await serve(app, listener, started=started)
    finally:
        listener.socket.close()
        await host.close()
