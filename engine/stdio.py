"""The process's standard streams as a wire that nothing else can write to or read from.

Threads, not asyncio's pipe transports: those refuse files and ``/dev/null``, and make the terminal
that a stream may share with other programs non-blocking. The threads are daemons: one that waits
for a byte does not keep the process alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Stdio", "end_in_any_case"]

logger = logging.getLogger(__name__)

_CHUNK = 1 << 16


class Stdio:
    """Takes over descriptors 0 and 1.

    Afterwards descriptor 0 is empty and what is printed to descriptor 1, by whichever library, goes
    to standard error. ``reader`` gets the input, its end included. ``ended`` is called at the end
    of the input, from another thread, so that it happens even if the event loop is stuck; ``gone``
    is called, from the event loop, when the other side no longer reads.
    """

    def __init__(self, ended: Callable[[], None], gone: Callable[[], None]) -> None:
        self.reader = asyncio.StreamReader()
        self._loop = asyncio.get_running_loop()
        self._ended, self._gone = ended, gone
        # `dup` gives descriptors that children do not inherit: a Lean that outlives us by a moment
        # must not hold the wire open.
        self._stdin, self._stdout = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="wire-out", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name="wire-in", daemon=True).start()

    def send(self, message: bytes) -> None:
        """Queues a message; a slow reader at the other end never stalls the event loop."""
        self._outgoing.put(message)

    def flush(self, timeout: float) -> None:
        """Waits until everything queued is written, at most ``timeout`` seconds, and ends."""
        self._outgoing.put(None)
        self._writer.join(timeout)

    def _read(self) -> None:
        try:
            while chunk := os.read(self._stdin, _CHUNK):
                self._call(self.reader.feed_data, chunk)
        except OSError:
            pass  # A stream that cannot be read has ended.
        self._call(self.reader.feed_eof)
        self._ended()

    def _write(self) -> None:
        try:
            while (message := self._outgoing.get()) is not None:
                view = memoryview(message)
                while view:
                    view = view[os.write(self._stdout, view) :]
        except OSError:
            self._call(self._gone)

    def _call(self, function: Callable[..., object], *args: object) -> None:
        # The loop is closed when the process is on its way out.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *args)


def end_in_any_case(code: int, seconds: float) -> None:
    """Ends the process with ``code`` (1 for 0) in ``seconds``: whatever hangs while it closes, or a
    thread that never ends, must not keep it alive.
    """

    def end() -> None:
        with contextlib.suppress(Exception):
            logger.error("closing took too long")
        os._exit(code or 1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
