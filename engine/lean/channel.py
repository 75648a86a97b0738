"""The FIFOs between a hole and this process: one for requests, one a slot for answers.

Both sides of each are held open here, so that neither opening nor writing ever waits for Lean.
That Lean is gone is seen from its process, not from the FIFOs.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_READ = 65536
_LONGEST = 1 << 26
"""Bytes of an answer that is still to end; a longer one is dropped, its tactic times out."""


class Channel:
    """Requests to one hole and its answers, as JSON arrays, one a line.

    ``on_answer(slot, answer)`` is called for each array that arrives; lines that are none are
    dropped (a tactic can write to a FIFO whose name it guesses).
    """

    def __init__(
        self, folder: Path, slots: int, on_answer: Callable[[int, list[object]], None]
    ) -> None:
        self._on_answer = on_answer
        self._loop = asyncio.get_running_loop()
        self._buffers = [b""] * slots
        self._outgoing = b""
        self._descriptors: list[int] = []
        try:
            self._requests = self._open(folder / "in")
            self._answers = [self._open(folder / f"out.{slot}") for slot in range(slots)]
        except OSError:
            self.close()
            raise
        for slot, descriptor in enumerate(self._answers):
            self._loop.add_reader(descriptor, self._readable, slot, descriptor)

    def _open(self, path: Path) -> int:
        os.mkfifo(path, 0o600)
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._descriptors.append(descriptor)
        return descriptor

    def send(self, request: list[object]) -> None:
        """Sends one request; what the FIFO cannot take now follows when it can."""
        self._outgoing += json.dumps(request).encode("ascii") + b"\n"
        self._flush()

    def _flush(self) -> None:
        with suppress(BlockingIOError):
            while self._outgoing:
                written = os.write(self._requests, self._outgoing)
                self._outgoing = self._outgoing[written:]
            self._loop.remove_writer(self._requests)
            return
        self._loop.add_writer(self._requests, self._flush)

    def _readable(self, slot: int, descriptor: int) -> None:
        with suppress(BlockingIOError):
            self._buffers[slot] += os.read(descriptor, _READ)
        *lines, rest = self._buffers[slot].split(b"\n")
        self._buffers[slot] = rest if len(rest) <= _LONGEST else b""
        for line in lines:
            with suppress(ValueError, RecursionError):
                answer = json.loads(line)
                if isinstance(answer, list):
                    self._on_answer(slot, answer)

    def close(self) -> None:
        """Lets go of every descriptor; may be called twice."""
        for descriptor in self._descriptors:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
            os.close(descriptor)
        self._descriptors = []
