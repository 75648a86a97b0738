"""``dsp-lsp serve``: the language server's process and its log."""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

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
    # Hundreds of small objects are made on the way, none of them garbage.
    gc.disable()
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
    # The library logs every message that it sends.
    logging.getLogger("pygls").setLevel(logging.WARNING)
