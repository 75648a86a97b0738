"""Records the transcripts: ``python -m tests.fake_lean.record [NAME...]``, where Lean 3 is.

Runs the real command line over the documents with a relay between it and the real `lean`; then
asks, at each state that was searched, for the whole repertoire, because which tactics are still on
their way when a proof is found differs from run to run. Run it after a change to the repertoire,
the driver, the texts that Lean is given, or the runtime.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from engine.data.augment_copy import MODULE as AUGMENT
from engine.generators import Repertoire
from engine.lean.hole import LeanHole
from engine.lean.host import cold
from engine.lean.process import LeanCommand
from engine.lean.runtime import MODULE, runtime_folder
from engine.lean.toolchain import find_toolchain
from engine.values import Failed, Outcome, Progress, Solved, TimedOut
from tests.fake_lean.cases import CASES, Case
from tests.fake_lean.install import DOCUMENTS, ROOT, write_launcher
from tests.fake_lean.transcripts import FOLDER, Answers, Given, Hole, Run, merge, save, with_folder


def read_log(path: Path) -> Run | None:
    """The run that a relay wrote down, or None for one that was killed before its first word."""
    lines = path.read_text("utf-8").splitlines()
    entries: list[tuple[str, Any]] = [tuple(json.loads(line)) for line in lines]
    if not entries:
        return None
    given = Given.of(entries[0][1])
    run = Run(given.document)
    requests: dict[int, list[Any]] = {}
    states: dict[int, Answers] = {}
    for kind, value in entries[1:]:
        if kind == "message":
            kept = ("severity", "caption", "pos_line", "pos_col", "text")
            message = {name: value[name] for name in kept if value.get(name) != ""}
            run.messages.append({**message, "text": given.normal(value["text"])})
        elif kind == "status":
            run.status = value
        elif kind == "request":
            if value:  # else it is the last one, which says goodbye
                requests[value[0]] = value
        elif value[0] == 0:
            run.hole = Hole(value[1])
            states[0] = run.hole.answers
        elif run.hole is not None:
            _take_answer(run.hole, states, requests[value[0]], value[1])
    # A run that was cut off says nothing of what Lean thinks of the document.
    return run if run.hole is not None or run.status in (0, 1) else None


def _take_answer(hole: Hole, states: dict[int, Answers], request: list[Any], body: Any) -> None:
    if len(request) == 3:
        for name, flag in zip(request[2], body, strict=True):
            (hole.known if flag else hole.unknown).add(name)
        return
    number, _, state, _, _, tactic = request
    answer = states[state].setdefault(tactic, {k: v for k, v in body.items() if v != ""})
    if answer.get("goals", 0) > 0:
        states[number] = answer.setdefault("then", {})


def described(outcome: Outcome) -> dict[str, Any]:
    """An outcome as Lean's answer has it."""
    match outcome:
        case Progress(text=text, goals=goals):
            return {"goals": goals, "pp": text}
        case Solved():
            return {"goals": 0}
        case Failed(reason=reason):
            return {"failed": reason}
        case TimedOut():
            return {"interrupted": True}


async def command_for(lean: str, folder: Path) -> LeanCommand:
    """How the real `lean` is run over documents that import nothing."""
    toolchain = await find_toolchain(folder, lean)
    ours = [await runtime_folder(toolchain, module) for module in (MODULE, AUGMENT)]
    path = (*toolchain.search_path, *ours)
    return LeanCommand(toolchain, path, threads=1, memory_mb=4096)


async def widen(run: Run, command: LeanCommand) -> None:
    """Adds what else the repertoire has to the states of ``run`` that were searched."""
    if run.hole is None:
        return
    hole = LeanHole(cold(command), lambda place: with_folder(run.document, str(place)))
    try:
        greeting = await hole.open(120.0)
        if greeting.is_prop:
            repertoire = Repertoire(await hole.known(Repertoire.asked()))
            await _widen(hole, repertoire, Progress(0, greeting.text, 1), run.hole.answers)
    finally:
        await hole.close()


async def _widen(hole: LeanHole, repertoire: Repertoire, state: Progress, answers: Answers) -> None:
    deeper = [tactic for tactic, answer in answers.items() if answer.get("then")]
    candidates = await repertoire.sample(state.text, 120, seed=0)
    tactics = [extra.tactic for extra in repertoire.closers()] + [c.tactic for c in candidates]
    fresh = [tactic for tactic in dict.fromkeys(tactics) if tactic not in answers]
    found = {
        result.tactic: result.outcome
        async for result in hole.apply(state.state_id, [*fresh, *deeper], timeout=10.0)
    }
    answers.update({tactic: described(found[tactic]) for tactic in fresh})
    for tactic in deeper:
        outcome = found[tactic]
        if isinstance(outcome, Progress):
            await _widen(hole, repertoire, outcome, answers[tactic]["then"])


async def _widen_all(runs: dict[str, Run], lean: str, folder: Path) -> None:
    command = await command_for(lean, folder)
    for run in runs.values():
        await widen(run, command)


def record(name: str, case: Case, lean: str) -> dict[str, Run]:
    """What Lean says while the case's commands run."""
    runs: dict[str, Run] = {}
    with tempfile.TemporaryDirectory(prefix="record-") as made:
        folder = Path(made)
        logs = folder / "logs"
        logs.mkdir()
        write_launcher(folder / "lean", "tests.fake_lean.relay", lean, str(logs))
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DSP_LSP_CACHE": str(folder / "cache"),
            "DSP_LSP_MODEL": "off",
        }
        for command in case.commands:
            work = folder / "work"
            shutil.copytree(DOCUMENTS, work)
            done = subprocess.run(
                [sys.executable, "-m", case.module, *command, "--lean", str(folder / "lean")],
                cwd=work,
                env=environment,
                check=False,
                timeout=300,
            )
            sys.stdout.write(f"{name}: {' '.join(command)}: status {done.returncode}\n")
            shutil.rmtree(work)
        for log in sorted(logs.glob("*.log")):
            run = read_log(log)
            if run is not None:
                merge(runs, run)
        asyncio.run(_widen_all(runs, lean, folder))
    return runs


def main() -> int:
    """Records the cases named on the command line, or all."""
    lean = shutil.which("lean")
    if lean is None:
        sys.stderr.write("There is no `lean` on the PATH.\n")
        return 1
    asked = subprocess.run([lean, "--version"], capture_output=True, text=True, check=True)
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        runs = record(name, CASES[name], lean)
        save(FOLDER / f"{name}.json", asked.stdout.strip(), runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
