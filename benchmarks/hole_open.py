"""Whether mathlib's own theorems open as holes, with the goal that tracing shows.

Run as ``DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/hole_open.py --trace TRACE``: takes
theorems with a tactic proof by seed, puts ``sorry`` in the place of the proof, opens the site in
its file and compares the hole's tactic state with the traced one, letter by letter. ``TRACE`` is
JSONL, also ``.xz``, of goal-tactic pairs (``theorem``, ``file``, ``line``, ``column``, ``state``).
Prints each failure with its cause and writes ``results/hole_open.json``; wanted: 98 % the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
import os
import platform
import random
import re
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from engine.lean import Document, ProcessSession
from engine.lean.pool import Limits
from engine.protocol import EngineError
from engine.source import Site, analyse

RESULTS = Path(__file__).parent / "results" / "hole_open.json"
_PROOF = re.compile(r"\s*:=\s*(?:begin|by)\b")
Row = dict[str, Any]


def first_pairs(trace: Path) -> list[Row]:
    """The first pair of each theorem, by position."""
    found: dict[tuple[str, str], Row] = {}
    with (
        lzma.open(trace, "rt", encoding="utf-8")
        if trace.suffix == ".xz"
        else trace.open(encoding="utf-8") as lines
    ):
        for line in lines:
            row = json.loads(line)
            key = (row["file"], row["theorem"])
            before = found.get(key)
            if before is None or (row["line"], row["column"]) < (before["line"], before["column"]):
                found[key] = row
    return list(found.values())


def with_sorry(text: str, row: Row) -> tuple[str, Site] | None:
    """``text`` without the proof that the pair is from, and the site there; None if it has none."""
    offset = sum(map(len, text.split("\n")[: row["line"] - 1])) + row["line"] - 1 + row["column"]
    for declaration in analyse(text).declarations:
        span, end = declaration.span, declaration.statement.end
        if not span.start <= offset < span.end:
            continue
        proof = _PROOF.match(text, end)
        if proof is None or text[proof.end() : offset].strip(" \n{"):
            return None  # a term proof with tactics inside, or not its first tactic
        new = text[:end] + " := sorry" + text[span.end :]
        return next(
            ((new, site) for site in analyse(new).sites if site.span.start == end + len(" := ")),
            None,
        )
    return None


def module_is_compiled(file: Path) -> bool:
    return file.with_suffix(".olean").is_file()


async def open_one(session: ProcessSession, text: str, path: Path, site: Site, row: Row) -> Row:
    started = time.perf_counter()
    found: Row = {"theorem": row["theorem"], "file": row["file"]}
    try:
        hole = await session.open(Document(text, path), site)
    except EngineError as error:
        found |= {"outcome": "not opened", "cause": error.message}
    else:
        same = hole.greeting.text == row["state"]
        found["outcome"] = "the same goal" if same else "another goal"
        if not same:
            found |= {"here": hole.greeting.text, "traced": row["state"]}
        await hole.close()
    return {**found, "seconds": round(time.perf_counter() - started, 3)}


async def measure(source: Path, pairs: list[Row], count: int) -> list[Row]:
    rows: list[Row] = []
    session = ProcessSession(lean=None, threads=2, memory_mb=6144, warm=Limits())
    try:
        for row in pairs:
            if len(rows) == count:
                break
            path = source / row["file"]
            if not module_is_compiled(path):
                continue
            place = with_sorry(path.read_text(encoding="utf-8"), row)
            if place is None:
                continue
            found = await open_one(session, place[0], path, place[1], row)
            rows.append(found)
            print(f"{len(rows):>4} {found['seconds']:>8} s  {found['outcome']:<14}", end=" ")
            print(f"{row['theorem']} ({row['file']}) {found.get('cause', '')}", flush=True)
    finally:
        await session.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trace", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    if mathlib is None:
        sys.exit("DSP_LSP_MATHLIB must name the src folder of a compiled mathlib")
    pairs = first_pairs(arguments.trace)
    random.Random(arguments.seed).shuffle(pairs)
    load = os.getloadavg()[0]
    rows = asyncio.run(measure(Path(mathlib), pairs, arguments.count))
    outcomes = Counter(row["outcome"] for row in rows)
    causes = Counter(re.sub(r"[`'‘].*", "…", row["cause"])[:80] for row in rows if "cause" in row)
    seconds = sorted(row["seconds"] for row in rows)
    print(dict(outcomes), dict(causes), f"median {statistics.median(seconds):.2f} s")
    report = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "seed": arguments.seed,
        "outcomes": dict(outcomes),
        "same_share": round(outcomes["the same goal"] / len(rows), 4),
        "median_seconds": round(statistics.median(seconds), 3),
        "longest_seconds": seconds[-1],
        "not_the_same": [row for row in rows if row["outcome"] != "the same goal"],
    }
    RESULTS.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
