"""What a person waits for: the first tactic state, the verdict, and Lean's rest after a stop.

Run as ``DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/latency.py``: opens sites of short texts
under some imports in plain and in warm Leans, verifies a proof of each, and stops a search among
tactics that do not end. Prints a table and writes ``results/latency.json``. Seconds are medians
over ``--rounds``; "first of all" is a warm session's first site, whose imports must be loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from engine.lean import Document, ProcessSession
from engine.lean.pool import Limits
from engine.lean.usage import computing, resident_mb
from engine.source import analyse

RESULTS = Path(__file__).parent / "results" / "latency.json"
SPIN = "(tactic.iterate_at_most 1000000000 tactic.skip)"
"""Does not end, but looks at the clock."""


def text_of(modules: list[str], number: int) -> str:
    """A document with earlier theorems, and a site that is not the same each time."""
    imports = "".join(f"import {module}\n" for module in modules)
    earlier = "".join(f"theorem a{n} (n : nat) : n = n := by {{ refl }}\n" for n in range(number))
    return f"{imports}\n{earlier}\ntheorem t (x y : nat) (h : x = y) : y = x := sorry\n"


async def at_rest(pid: int) -> float:
    """Seconds until no thread of ``pid`` runs, seen three times in a row."""
    started, quiet = time.monotonic(), 0
    while quiet < 3 and time.monotonic() - started < 60:
        quiet = 0 if computing(pid) else quiet + 1
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def measure(
    modules: list[str], path: Path, warm: Limits | None, rounds: int
) -> dict[str, Any]:
    """The figures of one way to serve texts with these imports."""
    session = ProcessSession(lean=None, threads=2, memory_mb=6144, warm=warm)
    opened, verified, verdicts, stopped = [], [], [], []
    lean_mb = 0
    try:
        for number in range(rounds + 1):
            text = text_of(modules, number)
            document, site = Document(text, path), analyse(text).sites[0]
            started = time.monotonic()
            hole = await session.open(document, site)
            opened.append(time.monotonic() - started)
            if number == 0:
                await asyncio.sleep(10)  # the spare one comes up
            started = time.monotonic()
            verdict = await session.verify(document, site, "by exact h.symm")
            verified.append(time.monotonic() - started)
            verdicts.append(verdict.accepted)
            pid = hole.process.pid if hole.process is not None else 0
            lean_mb = max(lean_mb, resident_mb(pid) or 0)
            stream = hole.apply(0, [SPIN, "skip"], timeout=600)
            async for _ in stream:
                break
            await stream.aclose()  # type: ignore[attr-defined]
            started = time.monotonic()
            await hole.close()
            stopped.append(time.monotonic() - started + await at_rest(pid))
    finally:
        await session.close()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "imports": modules,
        "way": "plain" if warm is None else "warm",
        "rounds": rounds,
        "first_of_all": round(opened[0], 3),
        "first_state": round(statistics.median(opened[1:]), 3),
        "first_state_most": round(max(opened[1:]), 3),
        "verify": round(statistics.median(verified[1:]), 3),
        "stop_to_rest": round(statistics.median(stopped), 3),
        "stop_to_rest_most": round(max(stopped), 3),
        "lean_mb": lean_mb,
        "engine_mb": own,
        "all_accepted": all(verdicts),
    }


async def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--imports", nargs="*", default=["tactic", "data.real.basic"])
    chosen = parser.parse_args()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    if mathlib is None:
        sys.exit("DSP_LSP_MATHLIB names no mathlib.")
    rows = []
    for module in chosen.imports:
        for warm in (None, Limits()):
            load = os.getloadavg()[0]
            path = Path(mathlib) / "latency_of_a_text.lean"  # never written
            row = await measure([module], path, warm, chosen.rounds)
            rows.append({**row, "load_before": round(load, 1)})
            sys.stdout.write(f"{json.dumps(rows[-1])}\n")
            sys.stdout.flush()
    report = {
        "machine": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
