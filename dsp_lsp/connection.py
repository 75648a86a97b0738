"""The language server's process: standard streams, the reading loop, and the end of it all.

pygls' own loop leaves a request without an answer when its parameters are malformed, writes to a
pipe that may be full from the event loop, and keeps documents by lines that end where no editor
ends them; so this one reads, and documents are left to :mod:`dsp_lsp.features.documents`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from engine.stdio import Stdio, end_in_any_case
from engine.wire import FramingError, read_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsp_lsp.server import Server

__all__ = ["Protocol", "serve"]

logger = logging.getLogger(__name__)

GRACE = 3.0
"""Seconds that everything gets to end before the process does regardless."""
_WATCH_SECONDS = 1.0
_NOT_INITIALIZED = -32002


class Protocol(LanguageServerProtocol):
    """pygls' protocol without its documents and its ways out of the process."""

    ended: Callable[[int], None] | None = None
    """Called with the exit status when the client says ``exit``."""

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: Any) -> Any:
        """Only ours."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: Any) -> Any:
        """Only ours."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: Any) -> Any:
        """Only ours."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """Ends the loop; the streams are closed when everything else has ended."""
        if self.ended is not None:
            self.ended(0 if self._shutdown else 1)

    def take(self, body: bytes) -> None:
        """Handles one message; one that cannot be understood is answered if it wants an answer."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            logger.error("a message that is no JSON: %r", body[:200])
            return
        if not isinstance(data, dict):
            logger.error("a message that is no object: %r", body[:200])
            return
        method, ident = data.get("method"), data.get("id")
        request = ident if isinstance(method, str) and isinstance(ident, str | int) else None
        if request is not None and (error := self._untimely(str(method))) is not None:
            self._send_response(request, error=error)
            return
        if self._shutdown and method != types.EXIT:
            return  # An answer, or news that changes nothing any more.
        try:
            message = self.structure_message(data)
        except Exception as error:
            logger.error("malformed: %s", body[:500])
            if request is not None:
                wrong = JsonRpcInvalidParams(message=f"The parameters of {method} are malformed.")
                self._send_response(request, error=wrong.to_response_error())
            elif isinstance(ident, str | int):  # an answer of the client's that makes no sense
                future = self._request_futures.pop(ident, None)
                if future is not None and not future.done():
                    future.set_exception(JsonRpcException(message=f"malformed answer: {error}"))
            return
        if isinstance(message, dict):
            logger.error("a message without `jsonrpc`: %r", body[:200])
            return
        try:
            self.handle_message(message)
        except Exception:
            logger.exception("a message that cannot be handled: %r", body[:200])

    def _untimely(self, method: str) -> types.ResponseError | None:
        if self._shutdown:
            wrong = JsonRpcInvalidRequest(message="The server is shutting down.")
            return wrong.to_response_error()
        if self._workspace is None and method != types.INITIALIZE:
            return types.ResponseError(_NOT_INITIALIZED, "Send `initialize` first.")
        return None


class _Writer:
    def __init__(self, stdio: Stdio) -> None:
        self._stdio = stdio

    def write(self, data: bytes) -> None:
        self._stdio.send(data)

    def close(self) -> None:
        pass


async def serve(server: Server) -> int:
    """Serves the standard streams until they end or the client says so; the exit status."""
    loop = asyncio.get_running_loop()
    status: asyncio.Future[int] = loop.create_future()

    def stop(code: int) -> None:
        if not status.done():
            status.set_result(code)
            end_in_any_case(code, GRACE)

    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(signum, stop, 128 + signum)
    # What is written to a client that is gone is dropped; the end of its output tells us.
    stdio = Stdio(ended=lambda: end_in_any_case(1, GRACE), gone=lambda: stop(1))
    protocol = server.protocol
    protocol.set_writer(_Writer(stdio))
    protocol.ended = stop

    async def read() -> None:
        try:
            while not status.done() and (body := await read_body(stdio.reader)) is not None:
                protocol.take(body)
                await asyncio.sleep(0)  # a burst of messages must not starve what is under way
        except FramingError as error:
            logger.error("standard input is no Content-Length framing: %s", error)
        stop(1)

    tasks = [asyncio.create_task(read()), asyncio.create_task(_watch_parent(stop))]
    code = await status
    for task in tasks:
        task.cancel()
    try:
        await server.close()
    except Exception:
        logger.exception("closing failed")
    stdio.flush(timeout=0.5)
    return code


async def _watch_parent(stop: Callable[[int], None]) -> None:
    """Ends us with the editor even where another process holds our standard input open."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  (the kernel tells nobody)
        await asyncio.sleep(_WATCH_SECONDS)
    logger.info("the process that started us is gone")
    stop(1)
