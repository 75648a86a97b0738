"""The whole diagnosis: Lean and what is around it, what proposes tactics, memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.lean.diagnose import diagnose as diagnose_lean
from engine.protocol import Check, Diagnosis, EngineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from engine.protocol import Environment, Settings

_NEEDED_GB = 2.0
"""What a search under mathlib's tactics takes: two Leans of half a gigabyte, and room to work."""


async def diagnose(
    folder: Path,
    settings: Settings,
    environment: Callable[[], Awaitable[Environment]],
    ready: Callable[[], Awaitable[None]],
) -> Diagnosis:
    """Looks at everything that a search in ``folder`` needs; a failure is a check, no error.

    ``ready`` loads the model, if there is one.
    """
    checks = await diagnose_lean(folder, settings.lean, settings.sandbox)
    if all(check.status != "problem" for check in checks if check.name in ("Lean", "project")):
        checks.append(await _generator(environment, ready))
    checks.append(_memory())
    return Diagnosis(checks=checks)


async def _generator(
    environment: Callable[[], Awaitable[Environment]], ready: Callable[[], Awaitable[None]]
) -> Check:
    try:
        await ready()
    except EngineError as error:
        return Check(
            name="generator",
            status="warning",
            message=f"{error.message} The repertoire proves without it.",
            remedy=error.remedy or "Name another model with --model.",
        )
    try:
        found = await environment()
    except EngineError as error:
        return Check(name="generator", status="problem", message=error.message, remedy=error.remedy)
    on = f" on {found.device}" if found.device else ""
    return Check(name="generator", status="ok", message=f"{found.generator}{on}")


def _memory() -> Check:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (ValueError, OSError):
        return Check(name="memory", status="ok", message="this system does not tell")
    free = _available(total)
    message = f"{free:.1f} of {total:.1f} GB free; a search under mathlib takes about 1 GB"
    if free < _NEEDED_GB:
        return Check(
            name="memory",
            status="warning",
            message=message,
            remedy="Close other programs, or use fewer `--threads`.",
        )
    return Check(name="memory", status="ok", message=message)


def _available(total: float) -> float:
    """Gigabytes that programs can have; all where the system does not tell what is in use."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
            for line in lines:
                name, _, value = line.partition(":")
                if name == "MemAvailable":
                    return int(value.split()[0]) * 1024 / 1e9
    except (OSError, ValueError):
        pass
    return total
