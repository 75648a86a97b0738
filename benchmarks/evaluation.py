"""Held-out theorems of mathlib and problems of miniF2F, under all arms; the paper's section 5.

Run as

    DSP_LSP_MATHLIB=<mathlib>/src python benchmarks/evaluation.py --out RUN \\
        --pairs PAIRS --files FILES --minif2f minif2f-valid.jsonl --model MODEL [--minutes 60]

``PAIRS`` are what the model was trained on, or from; ``FILES`` the library's files to look in.
Which theorems are taken (of those that the data set holds out, by a seed) is settled by the first
call and kept. The parts, each an evaluation in a folder of its own below ``RUN``:

``alone``       60 theorems of mathlib, the repertoire alone
``model``       the same, the model without and with the repertoire
``fixed``       the 60 theorems with fixed sampling, the model without and with the repertoire
``minif2f``     40 problems of miniF2F's validation part, the model without and with the repertoire,
                dynamic and fixed
``minif2f-alone``  the same, the repertoire alone
``long``        ten of the theorems at ten minutes, the model alone, dynamic and fixed; two searches
                at a time, with a core each
``long-both``   the same, the model with the repertoire

``--parts`` names those to do, in this order; all goes on where it was ended, by whatever, so that
it can be done in pieces of ``--minutes``. ``--kind torch --pairs-of-cores 8`` is for a machine of
16 cores with a GPU: eight times as many searches at a time. ``--report`` writes tables, figures and
``results/evaluation.json`` of what is there; with ``--name`` beside those of other runs.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from engine.evaluation.compare import compare
from engine.evaluation.figures import draw_all
from engine.evaluation.records import Record, read_records
from engine.evaluation.settings import EvaluationSettings, NamedGenerator, StatementList
from engine.evaluation.statements import choose
from engine.evaluation.summary import arms_of, in_order, labels, shares
from engine.evaluation.tables import differing
from engine.lean.session import find_workplace
from engine.manifest import read_manifest
from engine.settings import write_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"
FIRST, LONG, PROBLEMS = 60, 10, 40
"""How many theorems the parts have, and how many problems of miniF2F."""


@dataclass(frozen=True)
class Part:
    """How many of the drawn theorems, or of miniF2F's problems, under which arms."""

    count: int = FIRST
    minif2f: bool = False
    sampling: tuple[str, ...] = ("dynamic",)
    repertoire: tuple[str, ...] = ("pure", "repertoire")
    model: bool = True
    alone: bool = False
    budget: float = 30.0
    at_once: int = 1


BOTH = ("dynamic", "fixed")
PARTS = {
    "alone": Part(model=False, alone=True),
    "model": Part(),
    "fixed": Part(sampling=BOTH[1:]),
    "minif2f": Part(PROBLEMS, minif2f=True, sampling=BOTH),
    "minif2f-alone": Part(PROBLEMS, minif2f=True, model=False, alone=True),
    "long": Part(LONG, sampling=BOTH, repertoire=("pure",), budget=600.0, at_once=2),
    "long-both": Part(LONG, sampling=BOTH, repertoire=("repertoire",), budget=600.0, at_once=2),
}
REPORTS = {
    "30s": ("alone", "model", "fixed", "minif2f", "minif2f-alone"),
    "600s": ("long", "long-both"),
}
"""Which parts are reported together."""


def theorems(arguments: argparse.Namespace, mathlib: Path) -> list[str]:
    """The names of the held-out theorems, in the order of their drawing; settled once."""
    kept = arguments.out / "theorems"
    if not kept.is_file():
        drawn = replace(library(arguments, mathlib), count=FIRST, seed=0)
        workplace = asyncio.run(find_workplace(mathlib))
        found = choose(EvaluationSettings(lists=(drawn,)), workplace)
        arguments.out.mkdir(parents=True, exist_ok=True)
        # A name that is met twice has a number behind it.
        names = dict.fromkeys(one.name.partition("#")[0] for one in found)
        kept.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    text: str = kept.read_text(encoding="utf-8")
    return text.split()


def library(arguments: argparse.Namespace, mathlib: Path) -> StatementList:
    """All of mathlib that the data set holds out."""
    return StatementList(
        name="mathlib",
        kind="library",
        path=mathlib,
        files=arguments.files,
        unseen_by=arguments.pairs,
        held_out="test",
    )


def settings_of(part: str, arguments: argparse.Namespace, mathlib: Path) -> EvaluationSettings:
    """What a part does, on two threads in all, or so many times as many."""
    models = tuple(
        NamedGenerator(name=model.resolve().name, kind=arguments.kind, model=str(model.resolve()))
        for model in arguments.model
    )
    alone = NamedGenerator(name="repertoire", kind="repertoire")
    wanted = PARTS[part]
    if wanted.minif2f:
        statements = StatementList(
            name="minif2f-valid",
            kind="jsonl",
            path=arguments.minif2f,
            imports=tuple(arguments.imports) if arguments.imports else None,
            count=wanted.count,
            seed=0,
        )
    else:
        taken = theorems(arguments, mathlib)[: wanted.count]
        file = arguments.out / f"{part}.names"
        file.write_text("".join(f"{name}\n" for name in taken), encoding="utf-8")
        statements = replace(library(arguments, mathlib), names=file)
    return EvaluationSettings(
        lists=(statements,),
        generators=(*(models if wanted.model else ()), *((alone,) if wanted.alone else ())),
        project=mathlib.parent,
        sampling=wanted.sampling,
        repertoire=wanted.repertoire,
        budget=(wanted.budget,),
        threads=2 // wanted.at_once,
        at_once=wanted.at_once * arguments.pairs_of_cores,
    )


def go_on(folder: Path, settings: EvaluationSettings, minutes: float | None) -> int:
    """Begins the evaluation in ``folder``, or goes on with it as it was begun."""
    command = [sys.executable, "-m", "engine.cli", "evaluate", "--out", str(folder)]
    if not (folder / "settings.toml").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_settings(settings, folder / "begin.toml")
        command += ["--config", str(folder / "begin.toml")]
    if minutes is not None:
        command += ["--at-most", str(minutes)]
    return subprocess.run(command, check=False).returncode


def report(run: Path, of_run: str) -> None:
    """Tables and figures of what is there, and the comparisons as JSON, beside other runs'."""
    summary = RESULTS / "evaluation.json"
    found: dict[str, object] = json.loads(summary.read_text("utf-8")) if summary.is_file() else {}
    for kind, parts in REPORTS.items():
        folders = [run / part for part in parts if (run / part / "records.jsonl").is_file()]
        if not folders:
            continue
        name = f"{of_run}-{kind}" if of_run else kind
        drawn = run / f"figures-{kind}"
        draw_all(folders, drawn, paper=True)
        kept = RESULTS / f"evaluation-{name}"
        kept.mkdir(parents=True, exist_ok=True)
        for file in drawn.iterdir():
            if file.suffix in (".md", ".png"):
                shutil.copyfile(file, kept / file.name)
        for folder in folders:
            packed = gzip.compress((folder / "records.jsonl").read_bytes(), mtime=0)
            (kept / f"{folder.name}.jsonl.gz").write_bytes(packed)
        if (run / "theorems").is_file():  # not where miniF2F alone was searched
            shutil.copyfile(run / "theorems", kept / "theorems")
        records = in_order(record for folder in folders for record in read_records(folder))
        manifest = read_manifest(folders[0])
        found[name] = {
            "parts": [folder.name for folder in folders],
            "machine": manifest.get("machine"),
            "processor": manifest.get("processor"),
            "devices": manifest.get("devices"),
            "lean": manifest.get("lean"),
            "versions": manifest.get("versions"),
            "shares": {
                arm: {one: [share.proved, share.total] for one, share in of_list.items()}
                for arm, of_list in shares(records).items()
            },
            "paired": compared(records),
        }
        print((drawn / "table-1.md").read_text("utf-8"))
        print((drawn / "table-2.md").read_text("utf-8"))
    text = json.dumps(found, indent=2, ensure_ascii=False)
    summary.write_text(text + "\n", encoding="utf-8")


def compared(records: Sequence[Record]) -> list[dict[str, object]]:
    """All pairs of arms that differ in one thing."""
    arms = arms_of(records)
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
    parser.add_argument("--kind", choices=("ct2", "torch"), default="ct2", help="what runs them")
    parser.add_argument(
        "--pairs-of-cores", type=int, default=1, metavar="N", help="a search on each at a time"
    )
    parser.add_argument("--imports", nargs="*", help="for miniF2F, where not all are compiled")
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=REPORTS["30s"])
    parser.add_argument("--minutes", type=float, help="begin no search after so many")
    parser.add_argument("--report", action="store_true", help="tables and figures, no search")
    parser.add_argument("--name", default="", help="of the run, in front of the results' names")
    arguments = parser.parse_args()
    arguments.out = arguments.out.resolve()
    if arguments.report:
        report(arguments.out, arguments.name)
        return 0
    mathlib = os.environ.get("DSP_LSP_MATHLIB")
    if mathlib is None or (
        arguments.minif2f is None and any(PARTS[part].minif2f for part in arguments.parts)
    ):
        print("Set DSP_LSP_MATHLIB, and name miniF2F's problems with --minif2f.", file=sys.stderr)
        return 2
    ends = time.monotonic() + 60 * (arguments.minutes or float("inf"))
    for part in arguments.parts:
        left = (ends - time.monotonic()) / 60
        if left <= 0:
            break
        settings = settings_of(part, arguments, Path(mathlib))
        code = go_on(arguments.out / part, settings, left if arguments.minutes else None)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
