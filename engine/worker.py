"""Long computations beside the event loop: a thread with a deep stack, and a deadline."""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_DEPTH = 12_000
"""Python's limit of nested calls while a worker works."""
_STACK_BYTES = 256 * 1024 * 1024
_WATCH_SECONDS = 0.25
_T = TypeVar("_T")


class OutOfTimeError(Exception):
    """The deadline has passed, or nobody waits for the answer any more."""


@dataclass(slots=True)
class Clock:
    """Ends work that takes too long: it is called at each step."""

    seconds: float
    cancelled: bool = False
    deadline: float = 0.0
    steps: int = 0

    def __call__(self) -> None:
        """One step."""
        self.steps += 1
        if self.steps % 64 == 0 and (self.cancelled or time.monotonic() > self.deadline):
            raise OutOfTimeError


class Worker:
    """Does work in threads with a deep stack, one piece after the other."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEPTH))

    async def do(self, work: Callable[[], _T], clock: Clock) -> _T:
        """The result of ``work``; :class:`OutOfTimeError` soon after ``clock`` runs out.

        Work that is deep inside a large term may not come to look at the clock: then the exception
        is raised in its thread from here. A caller who is cancelled cancels the work.
        """
        results: list[_T | BaseException] = []

        def target() -> None:
            try:
                results.append(work())
            except BaseException as error:
                results.append(error)

        async with self._turn:
            # The time spent waiting for one's turn does not count.
            clock.deadline = time.monotonic() + clock.seconds
            thread = threading.Thread(target=target, daemon=True)
            size = threading.stack_size(_STACK_BYTES)
            thread.start()
            threading.stack_size(size)
            try:
                while thread.is_alive():
                    await asyncio.to_thread(thread.join, _WATCH_SECONDS)
                    if time.monotonic() > clock.deadline + _WATCH_SECONDS:
                        number, error = thread.ident or 0, ctypes.py_object(OutOfTimeError)
                        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(number), error)
            finally:
                clock.cancelled = True
        result = results[0] if results else OutOfTimeError()
        if isinstance(result, BaseException):
            raise result
        return result
