"""``python -m engine``: the prover as a process of its own, JSON-RPC over its standard streams.

Ends, and its Leans with it, when standard input ends, when its parent does, on SIGTERM, SIGINT and
SIGHUP, and after ``shutdown``; at the latest :data:`GRACE` seconds later. Exit status: 0 after
``shutdown`` or the end of the input, 2 when the input is not JSON-RPC, 128 + n after signal n.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from engine.lifetime import die_with_parent
from engine.protocol import EngineError, ErrorKind
from engine.server import Server
from engine.stdio import Stdio, end_in_any_case
from engine.wire import FramingError

if TYPE_CHECKING:
    from engine.protocol import Settings
    from engine.service import Service, ServiceFactory

GRACE = 2.0
"""Seconds that the service gets to close before the process ends regardless."""

logger = logging.getLogger("engine")


def create_prover(settings: Settings) -> Service:
    """The real prover; imported only now, so that the process greets at once."""
    try:
        from engine.prove import create
    except ModuleNotFoundError as error:
        raise EngineError(
            f"The Python package `{error.name}` is missing from {sys.prefix}.",
            remedy="Install dsp-lsp there again: it brings what it needs.",
            kind=ErrorKind.ENVIRONMENT,
        ) from error

    service: Service = create(settings)
    return service


def main(create: ServiceFactory = create_prover) -> int:
    """Serves standard input until it ends; returns the exit status."""
    level = logging.getLevelName(os.environ.get("DSP_LSP_LOG", "WARNING").upper())
    logging.basicConfig(
        stream=sys.stderr,
        level=level if isinstance(level, int) else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.raiseExceptions = False  # Standard error may be gone before we are.
    die_with_parent(signal.SIGTERM)
    return asyncio.run(_serve(create))


async def _serve(create: ServiceFactory) -> int:
    loop = asyncio.get_running_loop()
    status: asyncio.Future[int] = loop.create_future()

    def stop(code: int) -> None:
        if not status.done():
            status.set_result(code)
            end_in_any_case(code, GRACE)

    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(signum, stop, 128 + signum)
    stdio = Stdio(ended=lambda: end_in_any_case(0, GRACE), gone=lambda: stop(0))
    server = Server(stdio.send, create, stop=lambda: stop(0))

    async def listen() -> None:
        try:
            await server.peer.listen(stdio.reader)
            stop(0)
        except FramingError as error:
            logger.error("standard input is not JSON-RPC: %s", error)
            stop(2)

    listening = asyncio.create_task(listen())
    code = await status
    listening.cancel()
    try:
        await server.close()
    except Exception:
        logger.exception("closing failed")
    server.peer.close(ConnectionError("the engine is shutting down"))
    stdio.flush(timeout=0.5)
    return code


if __name__ == "__main__":
    # No interpreter shutdown: it would wait for threads, and there is nothing left to save.
    exit_code = main()
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    os._exit(exit_code)
