"""``dsp-lsp serve``: the language server's process and its log."""

from __future__ import annotations

import gc
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsp_lsp.engine_host import EngineHost

__all__ = ["log_file", "serve"]

_LARGEST_LOG = 2 * 1024 * 1024


def log_file() -> Path:
    """Where the server's log is; ``DSP_LSP_LOG_FILE`` names another place."""
    named = os.environ.get("DSP_LSP_LOG_FILE")
    if named:
        return Path(named)
    from platformdirs import user_log_path

    return user_log_path("dsp-lsp", appauthor=False) / "server.log"


def serve(host: Callable[[], EngineHost] | None = None) -> int:
    """Serves the standard streams; the exit status. ``host`` makes another engine's host.

    0 after ``shutdown`` and ``exit``, 1 when the client went without them, 128 + n after signal n.
    """
    # Thousands of small objects are made on the way, none of them garbage.
    gc.disable()
    _import_types()
    import asyncio

    from dsp_lsp.connection import serve as run
    from dsp_lsp.server import Server

    gc.freeze()
    gc.enable()
    _start_log()

    async def main() -> int:
        return await run(Server(None if host is None else host()))

    code = asyncio.run(main())
    logging.getLogger(__name__).info("ended with status %d", code)
    # Threads that wait for a byte must not keep the process; there is nothing left to save.
    logging.shutdown()
    os._exit(code)


def _import_types() -> None:
    """Imports the protocol's types without their ``repr``, which nobody here reads.

    Compiling those of 550 classes is more than a quarter of the time that a start takes.
    """
    import attrs

    define: Any = attrs.define

    def without_repr(cls: type | None = None, **options: Any) -> Any:
        options.setdefault("repr", False)
        return define(cls, **options) if cls is not None else partial(define, **options)

    attrs.define = without_repr  # type: ignore[assignment]
    try:
        import lsprotocol.types  # noqa: F401
    finally:
        attrs.define = define


def _start_log() -> None:
    level = logging.getLevelName(os.environ.get("DSP_LSP_LOG", "INFO").upper())
    logging.raiseExceptions = False  # Standard error may be gone before we are.
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [shown]
    try:
        path = log_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        handlers.append(logging.FileHandler(path, encoding="utf-8"))
    except OSError as error:
        sys.stderr.write(f"dsp-lsp: there is no log file: {error}\n")
    logging.basicConfig(
        level=level if isinstance(level, int) else logging.INFO,
        format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s",
        handlers=handlers,
    )
    # The library logs every message that it sends, and each refusal with a traceback.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    from pygls.exceptions import JsonRpcInvalidParams

    # What a client asks for and cannot have; the client is told, and the server logs a line.
    return record.exc_info is None or not isinstance(record.exc_info[1], JsonRpcInvalidParams)
