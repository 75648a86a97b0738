"""Processes that must not outlive the one that started them, even when that one is ``kill -9``ed.

On Linux the kernel does it (``PR_SET_PDEATHSIG``). Elsewhere a few lines of POSIX shell wait beside
the child for the end of a pipe that only its parent holds open. Neither reaches what the child
itself starts; a sandbox with its own process namespace does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Tied", "die_with_parent", "dies_with_parent", "tie"]

_PR_SET_PDEATHSIG = 1


def _load_prctl() -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None
    prctl.restype = ctypes.c_int
    return prctl


# Looked up here and not after a fork, where little more than a system call is safe.
_prctl = _load_prctl()


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Asks the kernel to send ``signum`` to the calling process when its parent ends.

    Linux means by "parent" the *thread* that started this process. Harmless where the kernel cannot
    do it; does not see a parent that is already gone (watch standard input for that).
    """
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def dies_with_parent() -> Callable[[], None]:
    """A ``preexec_fn``: the child is killed when the calling thread or its process ends.

    The parent may die between fork and the request to the kernel; the child then ends at once.
    """
    parent = os.getpid()

    def before_exec() -> None:
        die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(127)

    return before_exec


# `exec` keeps the process id, so `$$` in the watcher is the program's. A newline on the pipe says
# that the program has ended and its number may belong to another process; the end of the pipe says
# that the parent is gone. The pipe is opened by name because `<&12` is no POSIX shell.
_WATCHER = """
( if ! read -r _ < "/dev/fd/$1"; then kill -9 -$$ || kill -9 $$; fi ) </dev/null >/dev/null 2>&1 &
shift
exec "$@"
"""


@dataclass
class Tied:
    """How to start a program so that it dies with this process.

    Pass ``argv`` and ``options`` to ``subprocess.Popen`` or ``asyncio.create_subprocess_exec``
    (the program gets a session of its own: ``os.killpg(pid)`` reaches it and its children); call
    ``started()`` after that, whether it succeeded or not, and ``release()`` when it has ended.
    """

    argv: list[str]
    options: dict[str, Any]
    _read_end: int | None = None
    _write_end: int | None = None

    def started(self) -> None:
        """Lets go of what only the child needs."""
        if self._read_end is not None:
            os.close(self._read_end)
            self._read_end = None

    def release(self) -> None:
        """Ends the watcher, if there is one, without a signal to anybody."""
        self.started()
        if self._write_end is not None:
            # The watcher may have gone with the program's process group.
            with contextlib.suppress(OSError):
                os.write(self._write_end, b"\n")
            os.close(self._write_end)
            self._write_end = None


def tie(argv: Sequence[str], *, watcher: bool | None = None) -> Tied:
    """How to start ``argv`` so that it is killed when this process ends.

    ``watcher`` chooses the shell watcher over the kernel; None means where the kernel cannot.
    """
    if watcher is None:
        watcher = _prctl is None
    if not watcher:
        return Tied(list(argv), {"start_new_session": True, "preexec_fn": dies_with_parent()})
    read_end, write_end = os.pipe()
    return Tied(
        ["/bin/sh", "-c", _WATCHER, "sh", str(read_end), *argv],
        {"start_new_session": True, "pass_fds": (read_end,)},
        read_end,
        write_end,
    )
