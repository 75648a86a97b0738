"""Statements that the embedded core decides, and how an evaluation of them is run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.evaluation.records import Record, read_records

ROOT = Path(__file__).parents[2]

STATEMENTS = """variables p q r : Prop

theorem swap (h : p ∧ q) : q ∧ p :=

theorem turn (h : p ∨ q) : q ∨ p := sorry

theorem chain (f : p → q) (g : q → r) : p → r := sorry

theorem unprovable : p = q := sorry

lemma steps (x y z : nat) (h : x = y) (k : y = z) : x = z := begin end

theorem twice (h : p) : p ∧ (p ∧ p) := sorry
"""

STEADY = (
    *("--lean", "embedded", "--threads", "1", "--max-expansions", "8"),
    *("--budget", "3000", "--sampling", "dynamic", "fixed"),
)
"""The tree must not depend on how fast the machine is."""


def write_statements(folder: Path) -> Path:
    """A file of statements, one of which has no proof."""
    path = folder / "some.lean"
    path.write_text(STATEMENTS, encoding="utf-8")
    return path


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "engine.cli", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`dsp-engine` with these arguments, to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def outcomes(folder: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What does not depend on the clock, of each record."""
    return {record.key: _steady(record) for record in read_records(folder)}


def _steady(record: Record) -> dict[str, Any]:
    values = asdict(record)
    statistics = values["statistics"]
    statistics["n_over_time"] = [n for _, n in statistics["n_over_time"]]
    for seconds in ("seconds_generator", "seconds_lean", "seconds_verify"):
        del statistics[seconds]
    if values["verdict"] is not None:
        del values["verdict"]["seconds"]
    for name in ("elapsed", "wall", "load"):
        del values[name]
    return values
