"""Held-out theorems of mathlib and problems of miniF2F, under all arms; the paper's section 5.

Run as

    DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/evaluation.py --out RUN \\
        --pairs PAIRS --files FILES --minif2f minif2f-valid.jsonl --model MODEL [--minutes 60]

Goes on where it was ended, by whatever, so that it can be run in pieces of ``--minutes``. ``PAIRS``
are what the model was trained on, or from; ``FILES`` the library's files to look in. What is chosen
(60 and 40 by a seed, of those whose imports are compiled) is chosen at the first run and kept.
Without ``--model`` only the repertoire searches. ``--long`` does ten of them again at ten minutes,
and ``--report`` writes tables, figures and ``results/evaluation.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from engine.evaluation.compare import compare
from engine.evaluation.figures import draw_all
from engine.evaluation.records import Record, read_records
from engine.evaluation.settings import EvaluationSettings, NamedGenerator, StatementList
from engine.evaluation.statements import read_statements
from engine.evaluation.summary import labels, shares
from engine.evaluation.tables import differing
from engine.manifest import read_manifest
from engine.settings import write_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"
LONG = 10
"""How many statements get ten minutes."""


def settings_of(arguments: argparse.Namespace, mathlib: Path) -> EvaluationSettings:
    """The short run: 30 seconds, two threads, each arm."""
    return EvaluationSettings(
        lists=(
            StatementList(
                name="mathlib",
                kind="library",
                path=mathlib,
                files=arguments.files,
                unseen_by=arguments.pairs,
                held_out="test",
                count=60,
                seed=0,
            ),
            StatementList(
                name="minif2f-valid",
                kind="jsonl",
                path=arguments.minif2f,
                imports=tuple(arguments.imports) if arguments.imports else None,
                count=40,
                seed=0,
            ),
        ),
        generators=(
            *(
                NamedGenerator(name=model.resolve().name, kind="ct2", model=str(model))
                for model in arguments.model
            ),
            NamedGenerator(name="repertoire", kind="repertoire"),
        ),
        project=mathlib.parent,
        sampling=("dynamic", "fixed"),
        repertoire=("pure", "repertoire"),
        budget=(30.0,),
        threads=2,
    )


def long_settings(short: Path, before: EvaluationSettings) -> EvaluationSettings:
    """Ten minutes for the first ten statements of the short run, with the model if there is one."""
    statements = (read_statements(short) or [])[:LONG]
    names = {one.list: [s.name for s in statements if s.list == one.list] for one in before.lists}
    library, problems = before.lists
    (short / "long-names").write_text("".join(f"{n}\n" for n in names[library.name]), "utf-8")
    lines = [json.loads(line) for line in problems.path.read_text("utf-8").splitlines()]
    kept = [line for line in lines if line["name"] in names[problems.name]]
    part = short / "long-problems.jsonl"
    part.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
    model = before.generators[:1]
    return EvaluationSettings(
        lists=(
            StatementList(
                name=library.name,
                kind="library",
                path=library.path,
                files=library.files,
                names=short / "long-names",
            ),
            StatementList(name=problems.name, kind="jsonl", path=part, imports=problems.imports),
        ),
        generators=model,
        project=before.project,
        sampling=before.sampling,
        repertoire=before.repertoire,
        budget=(600.0,),
        threads=before.threads,
    )


def go_on(folder: Path, settings: EvaluationSettings, minutes: float | None) -> int:
    """Begins the run in ``folder``, or goes on with it as it was begun."""
    command = [sys.executable, "-m", "engine.cli", "evaluate", "--out", str(folder)]
    if not (folder / "settings.toml").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_settings(settings, folder / "begin.toml")
        command += ["--config", str(folder / "begin.toml")]
    if minutes is not None:
        command += ["--at-most", str(minutes)]
    return subprocess.run(command, check=False).returncode


def report(run: Path) -> None:
    """Tables and figures of what is there, and the comparisons as JSON."""
    found: dict[str, object] = {}
    for folder in (run / "30s", run / "600s"):
        if not (folder / "records.jsonl").is_file():
            continue
        drawn = folder / "figures"
        draw_all([folder], drawn, paper=True)
        kept = RESULTS / f"evaluation-{folder.name}"
        kept.mkdir(parents=True, exist_ok=True)
        for file in drawn.iterdir():
            if file.suffix in (".md", ".png"):
                shutil.copyfile(file, kept / file.name)
        records = read_records(folder)
        manifest = read_manifest(folder)
        found[folder.name] = {
            "machine": manifest.get("machine"),
            "processor": manifest.get("processor"),
            "lean": manifest.get("lean"),
            "versions": manifest.get("versions"),
            "shares": {
                arm: {name: [share.proved, share.total] for name, share in of_list.items()}
                for arm, of_list in shares(records).items()
            },
            "paired": compared(records),
        }
        print((drawn / "table-1.md").read_text("utf-8"))
        print((drawn / "table-2.md").read_text("utf-8"))
    text = json.dumps(found, indent=2, ensure_ascii=False)
    (RESULTS / "evaluation.json").write_text(text + "\n", encoding="utf-8")


def compared(records: Sequence[Record]) -> list[dict[str, object]]:
    """All pairs of arms that differ in one thing."""
    arms = [record.arm for record in {r.arm.name: r for r in records}.values()]
    short = labels(arms)
    by_arm = {arm.name: [r for r in records if r.arm == arm] for arm in arms}
    found: list[dict[str, object]] = []
    for factor in ("sampling", "repertoire", "generator"):
        for group in differing(factor, arms):
            for a, b in pairwise(group):
                both = compare(by_arm[a.name], by_arm[b.name])
                found += [
                    {"a": short[a.name], "b": short[b.name], "list": one.name, **one.values()}
                    for one in both
                ]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--files", type=Path)
    parser.add_argument("--minif2f", type=Path)
    parser.add_argument("--model", type=Path, nargs="*", default=[], help="converted models")
    parser.add_argument("--imports", nargs="*", help="for miniF2F, where not all are compiled")
    parser.add_argument("--minutes", type=float, help="begin no search after so many")
    parser.add_argument("--long", action="store_true", help="ten statements at ten minutes")
    parser.add_argument("--report", action="store_true", help="tables and figures, no search")
    arguments = parser.parse_args()
    run = arguments.out.resolve()
    if arguments.report:
        report(run)
        return 0
    begun = (run / "30s" / "settings.toml").is_file()
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    if mathlib is None or (arguments.minif2f is None and not begun):
        print("Set DSP_LSP_MATHLIB, and name at least --minif2f.", file=sys.stderr)
        return 2
    settings = settings_of(arguments, Path(mathlib)) if arguments.minif2f is not None else None
    if arguments.long:
        if settings is None or not begun:
            print("The long run needs the short one, and its options.", file=sys.stderr)
            return 2
        return go_on(run / "600s", long_settings(run / "30s", settings), arguments.minutes)
    return go_on(run / "30s", settings or EvaluationSettings(), arguments.minutes)


if __name__ == "__main__":
    sys.exit(main())
