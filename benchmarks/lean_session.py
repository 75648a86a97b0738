"""A Lean session beside LeanDojo's: how soon the first state comes, how many tactics a second.

Run as ``DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/lean_session.py --leandojo-repl
<site-packages>/lean_dojo/interaction/lean3_repl.lean``: prints tables, writes
``results/lean_session.json``. LeanDojo 1.6.0 is the last release for Lean 3; its REPL is read from
the installed wheel and run the way its ``Dojo`` runs it (``lean FILE``, the REPL compiled in
memory, one tactic at a time, over pipes), without the copy of the repository and the container
that come on top. ``--record`` makes the stream of tactics anew from searches with the repertoire.

In the stream each tactic names the node it is applied to and, if it made one, its own; both sides
get the same tactics on the same states in the same order. ``slow`` is the same stream with a tactic
that never ends put behind each seventh, so that one in eight takes the whole time-out.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus import CORPUS, make_project

from engine.generators import Repertoire
from engine.lean import Document, ProcessSession
from engine.lean.pool import Limits
from engine.protocol import SearchOptions
from engine.source import analyse, splice
from engine.values import Progress, Solved, TimedOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.lean import Hole
    from engine.source import Site

HERE = Path(__file__).parent
STREAM = HERE / "data" / "tactic_stream.json"
RESULTS = HERE / "results" / "lean_session.json"
ENDLESS = (
    "(do let f : ℕ → tactic unit := λ n, tactic.skip, tactic.iterate_at_most 1000000000 (f 0))"
)
FAST_SECONDS = 0.25
"""Slower tactics are left out of the stream: what a time-out costs is measured apart."""

TIMEOUT = 5.0
"""Seconds for a tactic: LeanDojo's default."""

FIRST_TIMEOUT = SearchOptions().first_timeout or TIMEOUT
"""Seconds that our search gives a tactic at first; the rest only when nothing better is open."""

TIMEOUTS = {"fast": (TIMEOUT,), "slow": (TIMEOUT, FIRST_TIMEOUT)}


@dataclass(frozen=True)
class Step:
    """Applies ``tactic`` to node ``at`` (0 is the root); ``makes`` is the new node, if any."""

    at: int
    tactic: str
    makes: int | None


def statements(part: str) -> tuple[str, list[Site]]:
    text = (CORPUS / f"{part}.lean").read_text(encoding="utf-8")
    return text, list(analyse(text).sites)


# -- the stream ------------------------------------------------------------------------------------


async def record_one(hole: Hole, expansions: int) -> list[Step]:
    repertoire = Repertoire(await hole.known(Repertoire.asked()))
    open_nodes = [(0, 0, hole.greeting.text)]
    seen = {hole.greeting.text}
    steps: list[Step] = []
    numbers = itertools.count(1)
    while open_nodes and expansions:
        expansions -= 1
        node, state_id, text = open_nodes.pop(0)
        tactics = [closer.tactic for closer in repertoire.closers()]
        tactics += [c.tactic for c in await repertoire.sample(text, 30, seed=0)]
        async for result in hole.apply(state_id, dict.fromkeys(tactics), timeout=1.0):
            if result.seconds > FAST_SECONDS or isinstance(result.outcome, TimedOut):
                continue
            outcome = result.outcome
            makes = None
            if isinstance(outcome, Progress) and outcome.text not in seen:
                seen.add(outcome.text)
                makes = next(numbers)
                open_nodes.append((makes, outcome.state_id, outcome.text))
            steps.append(Step(node, result.tactic, makes))
    return steps


async def record(mathlib: str) -> None:
    recorded: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        source = make_project(Path(folder), mathlib)
        session = ProcessSession(lean=None, threads=1, memory_mb=6144)
        text, sites = statements("with_tactic")
        for site in sites[::4]:
            hole = await session.open(Document(text, source / "corpus.lean"), site)
            steps = await record_one(hole, 3)
            await hole.close()
            recorded[site.declaration.name] = [vars(step) for step in steps]
            print(site.declaration.name, len(steps), flush=True)
        await session.close()
    STREAM.parent.mkdir(exist_ok=True)
    STREAM.write_text(json.dumps(recorded, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_stream() -> dict[str, list[Step]]:
    data = json.loads(STREAM.read_text(encoding="utf-8"))
    return {name: [Step(**step) for step in steps] for name, steps in data.items()}


def with_endless(steps: list[Step], limit: int) -> list[Step]:
    """The first ``limit`` steps with a tactic that never ends behind each seventh."""
    slow: list[Step] = []
    for number, step in enumerate(steps[:limit], 1):
        slow.append(step)
        if number % 7 == 0:
            slow.append(Step(step.at, ENDLESS, None))
    return slow


def batches(steps: list[Step]) -> Iterator[tuple[int, list[Step]]]:
    for node, group in itertools.groupby(steps, key=lambda step: step.at):
        yield node, list(group)


# -- ours ------------------------------------------------------------------------------------------


async def ours(hole: Hole, steps: list[Step], timeout: float) -> tuple[float, dict[str, int]]:
    """Seconds for the stream, and how many outcomes of each kind there were."""
    states = {0: 0}
    kinds: dict[str, int] = {}
    started = time.perf_counter()
    for node, group in batches(steps):
        if node not in states:
            kinds["skipped"] = kinds.get("skipped", 0) + len(group)
            continue
        async for result in hole.apply(states[node], [s.tactic for s in group], timeout=timeout):
            outcome = result.outcome
            made = group[result.index].makes
            if isinstance(outcome, Progress) and made is not None:
                states[made] = outcome.state_id
            kind = type(outcome).__name__
            kinds[kind] = kinds.get(kind, 0) + 1
    return time.perf_counter() - started, kinds


# -- LeanDojo's ------------------------------------------------------------------------------------


class Dojo:
    """LeanDojo's REPL over one statement, fed as its own ``Dojo`` does it."""

    def __init__(self, repl: str, source: Path, text: str, site: Site) -> None:
        (source / "lean3_repl.lean").write_text(
            repl.replace("$TACTIC_TIMEOUT", str(round(1000 * TIMEOUT))), encoding="utf-8"
        )
        code = splice(text, [(site.span, "\nbegin\n  lean_dojo.repl,\n  sorry\nend\n")])
        file = source / "dojo.lean"
        file.write_text("import .lean3_repl\n\n" + code, encoding="utf-8")
        started = time.perf_counter()
        self._process = subprocess.Popen(
            ["lean", "dojo.lean"],  # noqa: S607
            cwd=source,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            bufsize=1,
        )
        self._read()
        self.opened = time.perf_counter() - started

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            if line.startswith("REPL>"):
                answer: dict[str, Any] = json.loads(line[len("REPL>") :])
                return answer
        raise RuntimeError("LeanDojo's REPL has ended")

    def run(self, steps: list[Step]) -> tuple[float, dict[str, int]]:
        assert self._process.stdin is not None
        states = {0: 0}
        kinds: dict[str, int] = {}
        started = time.perf_counter()
        for step in steps:
            if step.at not in states:
                kinds["skipped"] = kinds.get("skipped", 0) + 1
                continue
            self._process.stdin.write(
                json.dumps(["run_tac", [states[step.at], step.tactic]]) + "\n"
            )
            answer = self._read()
            error = answer["error"]
            if error is not None:
                kind = TimedOut if "try_for_time tactic failed, timeout" in error else None
                name = kind.__name__ if kind is not None else "Failed"
            elif answer["tacticState"] == "no goals":
                name = Solved.__name__
            else:
                name = Progress.__name__
                if step.makes is not None:
                    states[step.makes] = answer["sid"]
            kinds[name] = kinds.get(name, 0) + 1
        return time.perf_counter() - started, kinds

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


# -- measuring -------------------------------------------------------------------------------------


async def first_states(repl: str | None, source: Path, rounds: int) -> list[dict[str, Any]]:
    rows = []
    for part in ("with_tactic", "with_reals"):
        text, sites = statements(part)
        site = sites[0]
        cold, warm, theirs = [], [], []
        for number in range(rounds):
            session = ProcessSession(lean=None, threads=2, memory_mb=6144, warm=Limits())
            times = []
            for edit in range(3):
                # An edit before the site: nothing of the text but its imports is the same.
                edited = text.replace("/-", f"/- {number} {edit}", 1)
                place = analyse(edited).sites[0]
                started = time.perf_counter()
                hole = await session.open(Document(edited, source / "corpus.lean"), place)
                times.append(time.perf_counter() - started)
                await hole.close()
            await session.close()
            cold.append(times[0])
            warm.append(min(times[1:]))
            if repl is not None:
                dojo = Dojo(repl, source, text, site)
                theirs.append(dojo.opened)
                dojo.close()
        row: dict[str, Any] = {
            "imports": re.findall(r"^import (.*)$", text, re.MULTILINE),
            "cold_seconds": round(statistics.median(cold), 3),
            "warm_seconds": round(statistics.median(warm), 3),
        }
        if theirs:
            row["leandojo_seconds"] = round(statistics.median(theirs), 3)
            row["warm_over_leandojo"] = round(row["leandojo_seconds"] / row["warm_seconds"], 1)
        rows.append(row)
        print(row, flush=True)
    return rows


async def streams(
    repl: str | None, source: Path, threads: list[int], slow_limit: int
) -> list[dict[str, Any]]:
    text, sites = statements("with_tactic")
    by_name = {site.declaration.name: site for site in sites}
    stream = read_stream()
    rows: list[dict[str, Any]] = []
    for kind in ("fast", "slow"):
        work = {
            name: steps if kind == "fast" else with_endless(steps, slow_limit)
            for name, steps in (stream.items() if kind == "fast" else list(stream.items())[:3])
        }
        count = sum(map(len, work.values()))
        if repl is not None:
            seconds, kinds = 0.0, dict[str, int]()
            for name, steps in work.items():
                dojo = Dojo(repl, source, text, by_name[name])
                took, found = dojo.run(steps)
                dojo.close()
                seconds += took
                kinds = {k: kinds.get(k, 0) + found.get(k, 0) for k in {*kinds, *found}}
            rows.append(row_of("LeanDojo 1.6.0", kind, 1, count, seconds, kinds))
            print(rows[-1], flush=True)
        for number, timeout in itertools.product(threads, TIMEOUTS[kind]):
            session = ProcessSession(lean=None, threads=number, memory_mb=6144)
            seconds, kinds = 0.0, dict[str, int]()
            for name, steps in work.items():
                document = Document(text, source / "corpus.lean")
                hole = await session.open(document, by_name[name])
                took, found = await ours(hole, steps, timeout)
                await hole.close()
                seconds += took
                kinds = {k: kinds.get(k, 0) + found.get(k, 0) for k in {*kinds, *found}}
            await session.close()
            rows.append(row_of("dsp-lsp", kind, number, count, seconds, kinds))
            rows[-1]["timeout"] = timeout
            if repl is not None:
                theirs = next(r for r in rows if r["stream"] == kind and r["who"] != "dsp-lsp")
                rows[-1]["times_leandojo"] = round(theirs["seconds"] / rows[-1]["seconds"], 2)
            print(rows[-1], flush=True)
    return rows


def row_of(
    who: str, stream: str, threads: int, count: int, seconds: float, kinds: dict[str, int]
) -> dict[str, Any]:
    return {
        "who": who,
        "stream": stream,
        "threads": threads,
        "tactics": count,
        "seconds": round(seconds, 2),
        "tactics_per_second": round(count / seconds, 1),
        "outcomes": dict(sorted(kinds.items())),
    }


def find_repl() -> Path | None:
    """LeanDojo's REPL in the installed package, without importing that."""
    found = importlib.util.find_spec("lean_dojo")
    folders = found.submodule_search_locations if found is not None else None
    paths = [Path(folder) / "interaction" / "lean3_repl.lean" for folder in folders or ()]
    return next((path for path in paths if path.is_file()), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--leandojo-repl", type=Path, help="default: of the installed package")
    parser.add_argument("--record", action="store_true", help="make the stream of tactics anew")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=5, help="of opening a statement")
    parser.add_argument("--slow-limit", type=int, default=35, help="tactics of a slow stream")
    arguments = parser.parse_args()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    if mathlib is None:
        sys.exit("DSP_LSP_MATHLIB must name the src folder of a compiled mathlib")
    if arguments.record:
        asyncio.run(record(mathlib))
        return
    path = arguments.leandojo_repl or find_repl()
    if path is None:
        print("lean-dojo 1.6.0 is not installed: only our side is measured", file=sys.stderr)
    repl = path.read_text(encoding="utf-8") if path is not None else None
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        source = make_project(Path(folder), mathlib)
        opened = asyncio.run(first_states(repl, source, arguments.rounds))
        applied = asyncio.run(streams(repl, source, arguments.threads, arguments.slow_limit))
    report = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "tactic_timeout_seconds": TIMEOUT,
        "first_state": opened,
        "tactics": applied,
    }
    RESULTS.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
