"""``dsp-lsp doctor``: what the engine found, our own part, and one proof, a line each."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from dsp_lsp import __version__
from dsp_lsp.terminal import show
from engine.protocol import Check, EngineError, ProveParams, SearchOptions

if TYPE_CHECKING:
    from dsp_lsp.engine_client import EngineClient
    from engine.protocol import Settings

__all__ = ["doctor"]

WELL, NOT_WELL = 0, 3

THEOREM = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :="
_BUDGET = 60.0

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


async def doctor(client: EngineClient, path: str, settings: Settings, *, as_json: bool) -> int:
    """Looks, proves, shows; returns the exit status: 3 where there is a problem."""
    is_folder = os.path.isdir(path)  # noqa: ASYNC240, PTH112
    checks = [_package()]
    try:
        # The embedded core must not stand in: the question is whether Lean works.
        await client.start(replace(settings, embedded_fallback=False))
        checks += (await client.diagnose(path)).checks
    except EngineError as error:
        checks.append(_failure("engine", error))
    if any(check.status == "problem" and check.name in _VITAL for check in checks):
        checks.append(
            Check(
                name="proof",
                status="problem",
                message="not tried, because of the problems above",
                remedy="Mend them, then run `dsp-lsp doctor` again.",
            )
        )
    else:
        folder = path if is_folder else os.path.dirname(path)  # noqa: PTH120
        checks.append(await _proof(client, folder))
    status = NOT_WELL if any(check.status == "problem" for check in checks) else WELL
    if as_json:
        record = {"well": status == WELL, "checks": [asdict(check) for check in checks]}
        show(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        _print(checks, status)
    return status


_VITAL = ("engine", "Lean", "project", "runtime")


def _package() -> Check:
    return Check(
        name="dsp-lsp",
        status="ok",
        message=f"{__version__}, Python {platform.python_version()} ({sys.executable})",
    )


def _failure(name: str, error: EngineError) -> Check:
    return Check(name=name, status="problem", message=error.message, remedy=error.remedy)


async def _proof(client: EngineClient, folder: str) -> Check:
    """Proves a theorem that every Lean 3 can, without imports."""
    params = ProveParams(
        job="doctor",
        text=THEOREM,
        site=len(THEOREM),
        path=os.path.join(folder, "doctor.lean"),  # noqa: PTH118
        options=SearchOptions(budget=_BUDGET),
    )
    try:
        result = await client.prove(params)
    except EngineError as error:
        return _failure("proof", error)
    if result.verdict is None or result.status != "proved":
        return Check(
            name="proof",
            status="problem",
            message=f"no proof of `{THEOREM}` was found: {result.stop_reason.value}",
            remedy="Please report this; it is expected to be found at once.",
        )
    return Check(
        name="proof",
        status="ok",
        message=f"a theorem was proved in {result.elapsed:.1f} s and checked by "
        f"{result.verdict.checker} in {result.verdict.seconds:.1f} s",
    )


def _print(checks: list[Check], status: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Where nobody looks, lines are not broken: they may be read by a program.
    console = Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark, colour = _MARKS[check.status]
        if sys.stdout.isatty():
            said = Text(check.message)
            if check.remedy:
                said.append(f"\n{check.remedy}", style="dim")
            table.add_row(Text(mark, style=colour), check.name, said)
        else:
            show(f"{mark} {check.name:<{width}}  {check.message}")
            if check.remedy:
                show(f"  {'':<{width}}  {check.remedy}")
    if sys.stdout.isatty():
        console.print(table)
    problems = sum(check.status == "problem" for check in checks)
    warnings = sum(check.status == "warning" for check in checks)
    if status == WELL:
        show("\nAll is well." if not warnings else "\nAll is well, apart from what has a `!`.")
    else:
        show(f"\n{problems} {'problem' if problems == 1 else 'problems'} to be mended.")
