"""What a person at an editor waits for: the first progress after a click, and rest after a stop.

Run as ``DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/latency_editor.py``. A client of its own
speaks to ``dsp-lsp serve`` over pipes: it asks for a proof that is not to be found, waits for the
first word that the search is under way, stops it, and waits until no Lean computes any more; then
it edits the text and does so again. The first round pays for the imports. Memory is that of the
server, its engine and all Leans while the search runs. Prints a table and writes
``results/latency_editor.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lsp
from corpus import make_project

from engine.lean.usage import computing, resident_mb

RESULTS = Path(__file__).parent / "results" / "latency_editor.json"
HARD = "theorem hard (f : ℕ → ℕ) (h : ∀ n, f (f n) < f (n + 1)) (n : ℕ) : f n = n := sorry\n"
_GUARD = 300.0


async def until(client: lsp.Client, state: str) -> float:
    """Seconds until the newest job is in ``state``, as the server's notifications have it."""
    started = time.perf_counter()
    while time.perf_counter() - started < _GUARD:
        jobs = client.notices.get("dsp/jobs", {"jobs": []})["jobs"]
        if jobs and jobs[-1]["state"] == state:
            return time.perf_counter() - started
        await asyncio.sleep(0.002)
    raise RuntimeError(f"no search is {state}")


async def at_rest(pid: int) -> float:
    """Seconds until nothing below the server computes, seen five times in a row."""
    started, quiet = time.perf_counter(), 0
    while quiet < 5 and time.perf_counter() - started < _GUARD:
        # The server and its engine look now and then whether there is something to do.
        quiet = 0 if (computing(pid) or 0) > 0 else quiet + 1
        await asyncio.sleep(0.02)
    return time.perf_counter() - started


async def one_round(client: lsp.Client, uri: str, searching_seconds: float) -> dict[str, float]:
    client.notices.clear()
    argument = {"uri": uri, "position": {"line": 3, "character": 10}}
    command = {"command": "dsp.prove", "arguments": [argument]}
    started = time.perf_counter()
    answer = await client.ask("workspace/executeCommand", command)
    await until(client, "searching")
    first = time.perf_counter() - started
    await asyncio.sleep(searching_seconds)
    held = resident_mb(client.process.pid) or 0
    stop = {"command": "dsp.stop", "arguments": [{"job": answer["job"]}]}
    started = time.perf_counter()
    await client.ask("workspace/executeCommand", stop)
    await until(client, "stopped")
    told = time.perf_counter() - started
    rest = told + await at_rest(client.process.pid)
    return {"first_progress": first, "stopped": told, "at_rest": rest, "memory_mb": held}


async def measure(source: Path, module: str, rounds: int) -> dict[str, Any]:
    """The figures of one import."""
    settings = {"threads": 2, "budget": 600.0}
    client, _ = await lsp.start(source, settings, {"experimental": {"dsp": {"jobs": True}}})
    uri = (source / "latency.lean").as_uri()
    text = f"import {module}\n\n-- 0\n{HARD}"
    document = {"uri": uri, "languageId": "lean", "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": document})
    found = []
    try:
        for number in range(rounds + 1):
            found.append(await one_round(client, uri, 3.0))
            change = {"text": f"import {module}\n\n-- {number + 1}\n{HARD}"}
            identifier = {"uri": uri, "version": number + 2}
            params = {"textDocument": identifier, "contentChanges": [change]}
            client.notify("textDocument/didChange", params)
            await asyncio.sleep(3)
    finally:
        await lsp.stop(client)
    warm = found[1:]
    return {
        "imports": module,
        "rounds": rounds,
        "first_progress_of_all": round(found[0]["first_progress"], 2),
        "first_progress": round(statistics.median(r["first_progress"] for r in warm), 3),
        "first_progress_most": round(max(r["first_progress"] for r in warm), 3),
        "stopped": round(statistics.median(r["stopped"] for r in warm), 3),
        "at_rest": round(statistics.median(r["at_rest"] for r in warm), 3),
        "at_rest_most": round(max(r["at_rest"] for r in warm), 3),
        "memory_mb": max(r["memory_mb"] for r in found),
    }


async def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--imports", nargs="*", default=["tactic", "data.real.basic"])
    chosen = parser.parse_args()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    if mathlib is None:
        sys.exit("DSP_LSP_MATHLIB names no mathlib.")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = make_project(Path(folder), mathlib)
        for module in chosen.imports:
            load = round(os.getloadavg()[0], 1)
            rows.append({**await measure(source, module, chosen.rounds), "load_before": load})
            sys.stdout.write(f"{json.dumps(rows[-1])}\n")
            sys.stdout.flush()
    report = {"cores": os.cpu_count(), "rows": rows}
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
