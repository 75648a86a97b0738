"""Sites a minute: one ``dsp-lsp annotate`` against as many single ``dsp-lsp prove``.

The ten files and forty sites of ``tests/annotate/forty``, the same files for both, one run:
annotate, then the single calls one after the other, then annotate again, so that a load that comes
or goes shows. With a mathlib (DSP_LSP_MATHLIB), once more with ``import tactic`` in front.

    python benchmarks/annotate.py [--budget 10] [--files 10] [--parts core tactic]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engine.source import find_sites

ROOT = Path(__file__).resolve().parents[1]
FORTY = ROOT / "tests" / "annotate" / "forty"
RESULTS = ROOT / "benchmarks" / "results" / "annotate.json"


def project(folder: Path, files: int, *, tactic: bool) -> list[Path]:
    """The documents in a project of their own."""
    source = folder / "src"
    source.mkdir(parents=True)
    if tactic:
        mathlib = os.environ["DSP_LSP_MATHLIB"]
        (folder / "leanpkg.toml").write_text('[package]\nname = "p"\nversion = "1"\npath = "src"\n')
        (folder / "leanpkg.path").write_text(f"builtin_path\npath {mathlib}\npath ./src\n")
    made = []
    for path in sorted(FORTY.glob("*.lean"))[:files]:
        head = "import tactic\n\n" if tactic else ""
        made.append(source / path.name)
        made[-1].write_text(head + path.read_text("utf-8"), "utf-8")
    return made


def run(folder: Path, *argv: str) -> tuple[float, str]:
    """Seconds, and what was printed."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "dsp_lsp.cli", *argv],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DSP_LSP_PROOFS": "off",
            "DSP_LSP_MODEL": "off",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode not in (0, 1):
        sys.exit(f"{argv}: {done.returncode}\n{done.stderr}")
    return time.monotonic() - started, done.stdout


def annotated(folder: Path, budget: str) -> dict[str, Any]:
    seconds, _ = run(folder, "annotate", "src", "--budget", budget, "--quiet", "--report", "r.json")
    totals = json.loads((folder / "r.json").read_text("utf-8"))["totals"]
    return row("annotate", seconds, totals["sites"], totals["proved"])


def row(what: str, seconds: float, sites: int, proved: int) -> dict[str, Any]:
    return {
        "what": what,
        "seconds": seconds,
        "sites": sites,
        "proved": proved,
        "sites_a_minute": 60 * sites / seconds,
        "load": os.getloadavg()[0],
    }


def one_by_one(folder: Path, files: list[Path], budget: str) -> dict[str, Any]:
    seconds, sites, proved = 0.0, 0, 0
    for file in files:
        for site in find_sites(file.read_text("utf-8")):
            place = f"{file.relative_to(folder)}:{site.line}:{site.column}"
            took, said = run(folder, "prove", place, "--budget", budget, "--quiet", "--json")
            seconds, sites = seconds + took, sites + 1
            proved += json.loads(said)["status"] == "proved"
    return row("single prove calls", seconds, sites, proved)


def measure(files: int, budget: str, *, tactic: bool) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        documents = project(folder, files, tactic=tactic)
        # Compiles the runtime, if nobody has yet.
        run(folder, "prove", "--statement", "theorem t : true :=", "--quiet")
        return [
            annotated(folder, budget),
            one_by_one(folder, documents, budget),
            annotated(folder, budget),
        ]


def ratio(rows: list[dict[str, Any]]) -> float:
    """Annotate's sites a minute, both runs together, over those of the single calls."""
    batch = [row for row in rows if row["what"] == "annotate"]
    rate = 60 * sum(r["sites"] for r in batch) / sum(r["seconds"] for r in batch)
    single = next(row for row in rows if row["what"] != "annotate")
    return float(rate / single["sites_a_minute"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", default="10")
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument(
        "--parts", nargs="+", choices=("core", "tactic"), default=["core", "tactic"]
    )
    arguments = parser.parse_args()
    if shutil.which("lean") is None:
        sys.exit("There is no `lean` on the PATH.")
    found: dict[str, Any] = {}
    if RESULTS.exists():
        found = json.loads(RESULTS.read_text("utf-8"))
    for part in arguments.parts:
        if part == "tactic" and not os.environ.get("DSP_LSP_MATHLIB"):
            print("no mathlib: DSP_LSP_MATHLIB is not set")
            continue
        rows = measure(arguments.files, arguments.budget, tactic=part == "tactic")
        found[part] = {
            "rows": rows,
            "ratio": ratio(rows),
            "cores": os.cpu_count(),
            "budget": float(arguments.budget),
            "python": platform.python_version(),
        }
        print("| imports | what | sites | proved | seconds | sites a minute | load |")
        print("|---|---|---|---|---|---|---|")
        for one in rows:
            print(
                f"| {part} | {one['what']} | {one['sites']} | {one['proved']} | "
                f"{one['seconds']:.0f} | {one['sites_a_minute']:.1f} | {one['load']:.1f} |"
            )
        print(f"ratio: {found[part]['ratio']:.2f}", flush=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
