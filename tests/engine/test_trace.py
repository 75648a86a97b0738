"""Tracing a tiny project, by a Lean that replays what the real one wrote, well-behaved and not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.cli import main
from engine.data.records import TacticPair, read_pairs
from engine.data.trace import PAIRS, TraceReport, TraceSettings, trace_project
from engine.protocol import EngineError
from tests.fake_lean.accounts import load_accounts
from tests.fake_lean.faults import Faults
from tests.fake_lean.install import FakeLean
from tests.fake_lean.project import PROJECT, copy_project
from tests.fake_lean.record_accounts import given_text

from .conftest import ROOT, alive, eventually

if TYPE_CHECKING:
    from pathlib import Path

GUARD = 120.0
"""Seconds after which a run hangs; nothing here takes anything like it."""


@pytest.fixture
def lean(tmp_path: Path) -> FakeLean:
    return FakeLean(tmp_path / "toolchain")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "tiny")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


async def trace(lean: FakeLean, here: Path, **changes: object) -> TraceReport:
    values = {
        "project": here,
        "out": here.parent / "out",
        "lean": str(lean.program),
        "timeout": GUARD,
        "workers": 2,
        **changes,
    }
    return await trace_project(TraceSettings(**values))  # type: ignore[arg-type]


def pairs(project: Path) -> list[TacticPair]:
    return list(read_pairs(project.parent / "out" / PAIRS))


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def all_gone(lean: FakeLean) -> bool:
    return eventually(lambda: not any(alive(run.pid) for run in lean.runs("trace")))


def test_what_is_recorded_is_what_lean_is_given(project: Path) -> None:
    recorded = {account.document for account in load_accounts()}
    for source in (project / "src").glob("*.lean"):
        assert given_text(source, (project / "src",)) in recorded, (
            "record again: python -m tests.fake_lean.record_accounts"
        )


async def test_pairs_of_a_project(lean: FakeLean, project: Path, scratch: Path) -> None:
    before = files_below(project)
    report = await trace(lean, project)
    found = pairs(project)
    assert (report.files, report.pairs, report.failed, report.waiting) == (2, len(found), {}, {})
    assert files_below(project) == before
    assert files_below(scratch) == {}
    split = TacticPair(
        "tiny.swap",
        "connectives.lean",
        11,
        2,
        "p q : Prop,\nhp : p,\nhq : q\n⊢ q ∧ p",
        "split",
        "2 goals\np q : Prop,\nhp : p,\nhq : q\n⊢ q\n\np q : Prop,\nhp : p,\nhq : q\n⊢ p",
    )
    assert split in found
    told = {(p.theorem, p.tactic): p for p in found}
    # Names are those that Lean finds where they stand.
    assert told["tiny.twice", "rw swap_iff at h"].premises == ("tiny.swap_iff",)
    assert told["swapped", "apply swap"].premises == ("tiny.swap",)
    assert told["following", "exact succ_le_succ h"].premises == ("nat.succ_le_succ",)
    assert told["double_zero", "unfold double"].premises == ("double",)
    assert told["chosen", "simp only [h]"].premises == ()
    # Behind dots on their line, where Lean's columns are too large.
    assert told["dotted", "show a + b = b + a"].column == 39
    assert told["dotted", "rw [nat.add_comm]"].column == 59
    assert told["following", "refl"].next == "no goals"
    note = json.loads((project.parent / "out" / f"{PAIRS}.manifest.json").read_text("utf-8"))
    assert note["counts"]["files with errors"] == 0
    assert note["counts"]["files whose names are not all found"] == 0
    failed = told["tiny.both", "exact hq"]
    assert (failed.success, failed.next) == (False, "")
    # Each time that a tactic is run is a pair.
    assert sum(p.tactic == "try { assumption }" for p in found) == 3
    places = [(p.file, p.line, p.column) for p in found]
    assert places == sorted(places)
    text = {path.name: path.read_text("utf-8") for path in (PROJECT / "src").glob("*.lean")}
    for pair in found:
        lines = text[pair.file].split("\n")
        rest = "\n".join([lines[pair.line - 1][pair.column :], *lines[pair.line :]])
        assert rest.startswith(pair.tactic)


async def test_a_second_run_traces_only_what_has_changed(lean: FakeLean, project: Path) -> None:
    await trace(lean, project)
    first = pairs(project)
    assert (await trace(lean, project)).pairs == len(first)
    assert len(lean.runs("trace")) == 2
    numbers = project / "src" / "numbers.lean"
    numbers.write_text(numbers.read_text("utf-8") + "\n-- unknown to the fake\n", "utf-8")
    report = await trace(lean, project)
    assert len(lean.runs("trace")) == 3
    assert set(report.failed) == {"numbers.lean"}
    assert "status 1" in report.failed["numbers.lean"]
    assert pairs(project) == [p for p in first if p.file == "connectives.lean"]
    await trace(lean, project)
    assert len(lean.runs("trace")) == 3
    await trace(lean, project, retry=True)
    assert len(lean.runs("trace")) == 4


@pytest.mark.parametrize(
    ("fault", "changes", "said"),
    [
        ({"die_at": 1}, {}, "cut off"),
        ({"die_at": 1, "how": "3"}, {}, "status 3"),
        ({"die_at": 0}, {}, "no syntax tree"),
        ({"hang": True}, {"timeout": 0.5}, "was not done after"),
    ],
)
async def test_a_file_that_fails_is_listed_and_skipped(
    fault: dict[str, object],
    changes: dict[str, object],
    said: str,
    lean: FakeLean,
    project: Path,
    scratch: Path,
) -> None:
    await trace(lean, project, include=("connectives.lean",))
    lean.misbehave(Faults(kinds=("trace",), only="double", **fault))  # type: ignore[arg-type]
    report = await trace(lean, project, **changes)
    assert report.files == 1
    assert said in report.failed["numbers.lean"]
    note = json.loads((project.parent / "out" / f"{PAIRS}.manifest.json").read_text("utf-8"))
    assert note["failed"] == report.failed
    assert note["counts"]["files"] == 1
    assert {p.file for p in pairs(project)} == {"connectives.lean"}
    assert all_gone(lean)
    assert files_below(scratch) == {}


async def test_noise_is_no_harm(lean: FakeLean, project: Path) -> None:
    lean.misbehave(Faults(kinds=("trace",), garbage=True, stderr=200_000, stdout=100_000))
    assert (await trace(lean, project)).files == 2


async def test_what_imports_the_uncompiled_waits(lean: FakeLean, project: Path) -> None:
    olean = project / "src" / "connectives.olean"
    compiled = olean.read_bytes()
    olean.unlink()
    report = await trace(lean, project)
    assert (report.files, report.failed) == (1, {})
    assert "connectives.lean is not compiled" in report.waiting["numbers.lean"]
    olean.write_bytes(compiled)
    assert (await trace(lean, project)).files == 2


def test_a_killed_run_is_continued(lean: FakeLean, project: Path, scratch: Path) -> None:
    lean.misbehave(Faults(kinds=("trace",), only="double", hang=True))
    out = project.parent / "out"
    options = ["--project", str(project), "--out", str(out), "--lean", str(lean.program)]
    command = [sys.executable, "-m", "engine.cli", "trace", *options, "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        assert eventually(lambda: len(lean.runs("trace")) == 2, GUARD)
        process.send_signal(signal.SIGKILL)
    assert (out / "parts" / "connectives.json").is_file()
    assert not (out / PAIRS).exists()
    assert all_gone(lean)
    lean.misbehave(Faults())
    assert asyncio.run(trace(lean, project)).files == 2
    assert len(lean.runs("trace")) == 3
    assert files_below(scratch) == {}


def test_the_command_line(
    lean: FakeLean, project: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "trace.toml"
    options = ["--project", str(project), "--out", str(tmp_path / "out"), "--workers", "1"]
    options += ["--lean", str(lean.program), "--save-config", str(config)]
    assert main(["trace", *options]) == 0
    assert capsys.readouterr().out == "31 pairs of 2 files\n"
    assert main(["trace", "--config", str(config)]) == 0
    assert len(lean.runs("trace")) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"out": "src/traced"}, "inside the project's sources"),
        ({"include": ("nothing",)}, "no Lean file"),
        ({"workers": 0}, "workers"),
        ({"project": "nowhere"}, "no folder"),
    ],
)
async def test_what_cannot_be_is_said(
    changes: dict[str, object], said: str, lean: FakeLean, project: Path
) -> None:
    wrong = {k: project / v if isinstance(v, str) else v for k, v in changes.items()}
    with pytest.raises(EngineError, match=said):
        await trace(lean, project, **wrong)
