"""Serving an ASGI application until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import sys
from typing import TYPE_CHECKING

from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import uvicorn
    from starlette.types import ASGIApp

__all__ = [
    "Listener",
    "log_to_standard_error",
    "make_server",
    "need_libraries",
    "own_names",
    "serve",
]

_CONNECTIONS = 1000
_GOODBYE_SECONDS = 3


def need_libraries() -> None:
    """Raises :class:`EngineError` where what serves pages is not installed."""
    try:
        import starlette
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise EngineError(
            f"Serving pages needs {error.name}, which is not installed.",
            remedy="Install it with: pip install 'dsp-lsp[web]'",
            kind=ErrorKind.ENVIRONMENT,
        ) from error
    del starlette


class Listener:
    """A bound socket: ``port`` 0 is any that is free."""

    def __init__(self, host: str, port: int) -> None:
        """Raises :class:`EngineError` where the address cannot be had."""
        try:
            family, *_, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            # Not `create_server`'s own choice: a name may mean IPv6 alone.
            self.socket = socket.create_server(address[:2], family=family)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise EngineError(
                f"Port {port} of {host} cannot be listened on: {why}.",
                remedy="Choose another with --port, or --port 0 for any.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
        self.host = host
        self.address: str = self.socket.getsockname()[0]
        self.port: int = self.socket.getsockname()[1]

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.address.partition("%")[0]).is_loopback

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = self.host
        if ipaddress.ip_address(self.address.partition("%")[0]).is_unspecified:
            host = "localhost"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def own_names(listener: Listener, more: list[str]) -> set[str]:
    """The names under which the page is asked: this machine's for itself, and what was named."""
    return {"localhost", "127.0.0.1", "::1", listener.host, listener.address, *more}


def make_server(app: ASGIApp, *, proxy: bool = False) -> uvicorn.Server:
    """What serves ``app`` on a socket; it leaves the process's signals alone.

    With ``proxy``, the address of a client is what the proxy on this machine says it is.
    """
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=proxy,
            forwarded_allow_ips="127.0.0.1,::1" if proxy else None,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GOODBYE_SECONDS,
            h11_max_incomplete_event_size=32 * 1024,
        )
    )


async def serve(
    app: ASGIApp,
    listener: Listener,
    *,
    started: Callable[[], None],
    ending: Callable[[], None] = lambda: None,
    proxy: bool = False,
) -> None:
    """Serves until SIGINT, SIGTERM or SIGHUP; a second one does not wait for open requests.

    ``ending`` is called first, to end what would never end by itself.
    """
    server = make_server(app, proxy=proxy)
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True
        ending()

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            loop.add_signal_handler(signum, end)
    running = asyncio.create_task(server.serve(sockets=[listener.socket]))
    while not server.started and not running.done():  # noqa: ASYNC110  (it has no event for it)
        await asyncio.sleep(0.01)
    if server.started:
        started()
    await running


def log_to_standard_error() -> None:
    """Warnings and errors, a line each."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s"
    )
