"""How many statements of the corpus the prover proves within a budget each.

Run as ``DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/corpus.py [--budget 20] [--threads 2]
[--only NAME ...] [--part core ...]``: prints a table and writes ``results/corpus.json``. Without
``DSP_LSP_MATHLIB`` only the part for core Lean is run. ``seconds`` counts from the first tactic
state, as the budget does; verification counts, opening does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from engine.protocol import EngineError, GeneratorSettings, ProveParams, SearchOptions, Settings
from engine.prove import Prover, create
from engine.source import analyse

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "lean3" / "corpus"
RESULTS = Path(__file__).parent / "results" / "corpus.json"
PARTS = {"core": False, "with_tactic": True, "with_reals": True}
"""Each part's file, and whether it needs mathlib."""


def make_project(folder: Path, mathlib: str | None) -> Path:
    """A project in which the parts' imports can be found."""
    library = f"path {mathlib}\n" if mathlib else ""
    (folder / "leanpkg.toml").write_text(
        '[package]\nname = "corpus"\nversion = "0.1"\npath = "src"\n'
    )
    (folder / "leanpkg.path").write_text(f"builtin_path\n{library}path src\n")
    (folder / "src").mkdir()
    return folder / "src"


async def prove(
    prover: Prover, part: str, text: str, name: str, site: int, path: Path, options: SearchOptions
) -> dict[str, object]:
    started = time.perf_counter()
    row: dict[str, object] = {"part": part, "name": name}
    params = ProveParams(
        job=f"{part}.{name}", text=text, site=site, path=str(path), options=options
    )
    try:
        result = await prover.prove(params, lambda report: None)
    except EngineError as error:
        row |= {"status": "error", "steps": [], "seconds": 0.0, "stop": error.message}
    else:
        numbers = result.statistics
        row |= {
            "status": result.status,
            "steps": result.steps,
            "seconds": round(result.elapsed, 2),
            "stop": result.stop_reason.value,
            "expansions": numbers.expansions,
            "tried": numbers.tried,
            "timed_out": numbers.timed_out,
            "refused": numbers.refused,
            "notes": result.notes,
        }
    row["wall_seconds"] = round(time.perf_counter() - started, 2)
    return row


def shown(row: dict[str, object]) -> str:
    steps = row["steps"]
    assert isinstance(steps, list)
    proof = ", ".join(steps)
    if len(proof) > 60:
        proof = proof[:57] + "..."
    return (
        f"{row['part']!s:<12}{row['name']!s:<28}{row['status']!s:<10}{len(steps):>5}"
        f"{row['seconds']!s:>9}  {row['stop']!s:<14}{proof}"
    )


async def measure(
    parts: list[str], only: list[str], options: SearchOptions, threads: int, mathlib: str | None
) -> list[dict[str, object]]:
    rows = []
    print(f"{'part':<12}{'name':<28}{'status':<10}{'steps':>5}{'seconds':>9}  {'stop':<14}proof")
    with tempfile.TemporaryDirectory() as folder:
        source = make_project(Path(folder), mathlib)
        prover = create(Settings(threads=threads, generator=GeneratorSettings(kind="repertoire")))
        try:
            for part in parts:
                text = (CORPUS / f"{part}.lean").read_text(encoding="utf-8")
                for site in analyse(text).sites:
                    name = site.declaration.name
                    if only and name not in only:
                        continue
                    row = await prove(
                        prover, part, text, name, site.span.start, source / "corpus.lean", options
                    )
                    rows.append(row)
                    print(shown(row), flush=True)
        finally:
            await prover.close()
    return rows


def totals(rows: list[dict[str, object]]) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for part in dict.fromkeys(row["part"] for row in rows):
        here = [row for row in rows if row["part"] == part]
        proved = [row for row in here if row["status"] == "proved"]
        seconds = [float(str(row["seconds"])) for row in proved]
        found[str(part)] = {
            "statements": len(here),
            "proved": len(proved),
            "median_seconds": round(statistics.median(seconds), 2) if seconds else None,
            "more_than_one_step": sum(len(row["steps"]) > 1 for row in proved),  # type: ignore[arg-type]
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--budget", type=float, default=20.0, help="seconds a statement")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--part", action="append", choices=sorted(PARTS), help="default: all")
    parser.add_argument("--only", nargs="*", default=[], help="names of statements")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    wanted = arguments.part or list(PARTS)
    parts = [part for part in PARTS if part in wanted and (mathlib or not PARTS[part])]
    if len(parts) < len(wanted):
        print("DSP_LSP_MATHLIB is not set: only core Lean's part is run", file=sys.stderr)
    load = os.getloadavg()[0]
    options = SearchOptions(budget=arguments.budget)
    rows = asyncio.run(measure(parts, arguments.only, options, arguments.threads, mathlib))
    sums = totals(rows)
    for part, numbers in sums.items():
        print(
            f"{part}: {numbers['proved']} of {numbers['statements']} proved, median "
            f"{numbers['median_seconds']} s, {numbers['more_than_one_step']} in more than one step"
        )
    arguments.output.parent.mkdir(exist_ok=True)
    report = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "threads": arguments.threads,
        "budget": arguments.budget,
        "totals": sums,
        "rows": rows,
    }
    arguments.output.write_text(
        json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
