"""What a process and its children take, as far as this system tells (Linux's /proc)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def _family(pid: int) -> list[int]:
    """``pid`` and what it started: a sandbox's Lean is a grandchild."""
    found, todo = [], [pid]
    while todo:
        pid = todo.pop()
        found.append(pid)
        with suppress(OSError, ValueError):
            for task in (_PROC / str(pid) / "task").iterdir():
                todo += map(int, (task / "children").read_text("ascii").split())
    return found


def resident_mb(pid: int) -> int | None:
    """Resident memory of a process and its children in MB, or None where nobody says."""
    total = None
    for member in _family(pid):
        with suppress(OSError, ValueError, IndexError):
            lines = (_PROC / str(member) / "status").read_text("utf-8", "replace").splitlines()
            sizes = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
            total = (total or 0) + sum(map(int, sizes)) // 1024
    return total


def computing(pid: int) -> int | None:
    """How many threads of a process and its children run or want to; None where nobody says."""
    said = None
    for member in _family(pid):
        with suppress(OSError):
            for task in (_PROC / str(member) / "task").iterdir():
                with suppress(OSError, IndexError):
                    stat = (task / "stat").read_text("utf-8", "replace")
                    # The name before the state may hold spaces and brackets.
                    state = stat.rpartition(")")[2].split()[0]
                    said = (said or 0) + (state in "RD")
    return said


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and its living children have used; 0 where nobody says."""
    ticks = 0
    for member in _family(pid):
        with suppress(OSError, IndexError, ValueError):
            stat = (_PROC / str(member) / "stat").read_text("utf-8", "replace")
            ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")
