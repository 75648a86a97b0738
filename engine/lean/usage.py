"""What a process and its children take, as far as this system tells (Linux's /proc)."""

from __future__ import annotations

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


def is_computing(pid: int) -> bool | None:
    """Whether any thread of a process or its children runs or wants to; None: nobody says."""
    said = None
    for member in _family(pid):
        with suppress(OSError):
            for task in (_PROC / str(member) / "task").iterdir():
                with suppress(OSError, IndexError):
                    stat = (task / "stat").read_text("utf-8", "replace")
                    # The name before the state may hold spaces and brackets.
                    state = stat.rpartition(")")[2].split()[0]
                    said = (said or False) or state in "RD"
    return said
