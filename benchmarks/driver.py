"""How much of a search's time goes neither into Lean nor into the generator.

Run as ``DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/driver.py``: searches statements of the
corpus one after the other with one worker, prints a table and writes ``results/driver.json``. Two
figures, wanted at most 5 %: ``outside`` is the wall time of the searches that is spent neither
waiting for Lean, nor for the generator, nor for verification; ``own CPU`` is the processor time of
the engine's process (driver, search, repertoire, wire to Lean) while it searched, over wall time.
The first misses what is done while Lean works as well; the second counts it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from pathlib import Path

from corpus import CORPUS, PARTS, make_project

from engine.protocol import EngineError, GeneratorSettings, ProveParams, SearchOptions, Settings
from engine.prove import Prover, create
from engine.source import Site, analyse

RESULTS = Path(__file__).parent / "results" / "driver.json"
WANTED = 0.05


async def search(
    prover: Prover, text: str, site: Site, path: Path, budget: float
) -> dict[str, object]:
    params = ProveParams(
        job=site.declaration.name,
        text=text,
        site=site.span.start,
        path=str(path),
        options=SearchOptions(budget=budget),
    )
    cpu_at_first: list[float] = []

    def report(progress: object) -> None:
        # The budget runs from the first tactic state; so does what is counted here.
        if getattr(progress, "elapsed", 0.0) > 0 and not cpu_at_first:
            cpu_at_first.append(time.process_time())

    result = await prover.prove(params, report)
    numbers = result.statistics
    verified = result.verdict.seconds if result.verdict is not None else 0.0
    wall = result.elapsed + verified
    inside = numbers.seconds_generator + numbers.seconds_lean + numbers.seconds_verify
    return {
        "name": site.declaration.name,
        "status": result.status,
        "wall_seconds": round(wall, 3),
        "lean_seconds": round(numbers.seconds_lean, 3),
        "generator_seconds": round(numbers.seconds_generator, 3),
        "verify_seconds": round(numbers.seconds_verify, 3),
        "outside_seconds": round(max(0.0, wall - inside), 3),
        "own_cpu_seconds": round(time.process_time() - cpu_at_first[0] if cpu_at_first else 0.0, 3),
        "tried": numbers.tried,
        "expansions": numbers.expansions,
    }


async def measure(
    parts: list[str], each: int, budget: float, mathlib: str | None
) -> list[dict[str, object]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = make_project(Path(folder), mathlib)
        prover = create(Settings(threads=1, generator=GeneratorSettings(kind="repertoire")))
        try:
            for part in parts:
                text = (CORPUS / f"{part}.lean").read_text(encoding="utf-8")
                for site in analyse(text).sites[::each]:
                    try:
                        row = await search(prover, text, site, source / "corpus.lean", budget)
                    except EngineError as error:
                        print(site.declaration.name, error.message, flush=True)
                        continue
                    rows.append({"part": part, **row})
                    print(rows[-1], flush=True)
        finally:
            await prover.close()
    return rows


def total(rows: list[dict[str, object]], key: str) -> float:
    return sum(float(str(row[key])) for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--budget", type=float, default=15.0, help="seconds a statement")
    parser.add_argument("--each", type=int, default=6, help="one statement in so many")
    arguments = parser.parse_args()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    parts = [part for part in ("core", "with_tactic") if mathlib or not PARTS[part]]
    load = os.getloadavg()[0]
    rows = asyncio.run(measure(parts, arguments.each, arguments.budget, mathlib))
    wall = total(rows, "wall_seconds")
    shares = {
        "outside": round(total(rows, "outside_seconds") / wall, 4),
        "own_cpu": round(total(rows, "own_cpu_seconds") / wall, 4),
        "lean": round(total(rows, "lean_seconds") / wall, 4),
        "generator": round(total(rows, "generator_seconds") / wall, 4),
        "verify": round(total(rows, "verify_seconds") / wall, 4),
    }
    for name, share in shares.items():
        print(f"{name:<12}{100 * share:6.1f} % of {wall:.0f} s")
    report = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "budget": arguments.budget,
        "wanted_at_most": WANTED,
        "shares": shares,
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
