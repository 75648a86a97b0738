"""Several holes of a file at once: in one Lean, or each in its own.

Run as ``DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/sharing.py``: opens theorems of a document
under ``import tactic`` together, applies to each its recorded stream of tactics (as in
``lean_session.py``), all at the same time, and verifies nothing. Prints a table and writes
``results/sharing.json``. CPU seconds and memory are those of all Leans together.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from corpus import make_project
from lean_session import ours, read_stream, statements

from engine.lean import Document, LeanHole, ProcessSession
from engine.lean.pool import Limits
from engine.lean.usage import cpu_seconds, resident_mb

RESULTS = Path(__file__).parent / "results" / "sharing.json"


async def measure(source: Path, holes: int, processes: int, threads: int) -> dict[str, Any]:
    """The figures of ``holes`` searches in ``processes`` Leans."""
    text, sites = statements("with_tactic")
    places = {site.declaration.name: site for site in sites if site.declaration is not None}
    work = list(read_stream().items())[:holes]
    document = Document(text, source / "corpus.lean")
    limits = Limits(processes=processes, memory_mb=1 << 20, holes=holes // processes)
    session = ProcessSession(lean=None, threads=threads, memory_mb=6144, warm=limits)

    async def one(name: str) -> LeanHole:
        return await session.open(document, places[name])

    try:
        started = time.perf_counter()
        opened = await asyncio.gather(*(one(name) for name, _ in work))
        opening = time.perf_counter() - started
        pids = {hole.process.pid for hole in opened if hole.process is not None}
        await asyncio.sleep(5)  # what is kept ready comes up
        before = sum(map(cpu_seconds, pids))
        started = time.perf_counter()
        streams = zip(opened, work, strict=True)
        found = await asyncio.gather(*(ours(hole, steps, 30.0) for hole, (_, steps) in streams))
        seconds = time.perf_counter() - started
        cpu = sum(map(cpu_seconds, pids)) - before
        memory = sum(resident_mb(pid) or 0 for pid in pids)
        closing = time.perf_counter()
        await asyncio.gather(*(hole.close() for hole in opened))
        closing = time.perf_counter() - closing
    finally:
        await session.close()
    kinds: dict[str, int] = {}
    for _, counts in found:
        for kind, count in counts.items():
            kinds[kind] = kinds.get(kind, 0) + count
    return {
        "holes": holes,
        "leans": len(pids),
        "threads": threads,
        "opening_seconds": round(opening, 2),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "closing_seconds": round(closing, 2),
        "memory_mb": memory,
        "tactics": sum(kinds.values()),
        "outcomes": dict(sorted(kinds.items())),
    }


async def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--holes", type=int, nargs="*", default=[2, 8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    if mathlib is None:
        sys.exit("DSP_LSP_MATHLIB names no mathlib.")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = make_project(Path(folder), mathlib)
        for _ in range(chosen.rounds):
            for holes in chosen.holes:
                for processes in (1, holes):
                    load = round(os.getloadavg()[0], 1)
                    row = await measure(source, holes, processes, chosen.threads)
                    rows.append({**row, "load_before": load})
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
