"""`dsp-lsp doctor`, with a Lean that replays transcripts, and without any."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from dsp_lsp.doctor import THEOREM
from engine.lean.diagnose import search_path_checks
from engine.lean.session import Workplace
from engine.lean.toolchain import Toolchain
from tests.engine.test_cli_end_to_end import Bench
from tests.fake_lean.cases import STATEMENT
from tests.fake_lean.faults import Faults

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def doctor(bench: Bench, *argv: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = bench.run("doctor", "--json", "--threads", "1", *argv)
    record = json.loads(done.out)
    assert record["well"] is (done.status == 0)
    for check in record["checks"]:
        assert check["message"]
        assert check["status"] == "ok" or check["remedy"], check
    return done.status, {check["name"]: check for check in record["checks"]}


@pytest.mark.parametrize("there", ["library", "lib/lean/library"])
def test_lean_has_one_of_its_two_library_folders(tmp_path: Path, there: str) -> None:
    named = (tmp_path / "library", tmp_path / "lib" / "lean" / "library")
    toolchain = Toolchain(tmp_path / "bin" / "lean", (3, 51, 1), tmp_path, named)
    workplace = Workplace(toolchain, None, named)
    assert [check.status for check in search_path_checks(workplace)] == ["problem"]
    (tmp_path / there).mkdir(parents=True)
    assert [check.status for check in search_path_checks(workplace)] == ["ok"]


def test_all_is_well(bench: Bench) -> None:
    assert THEOREM == STATEMENT, "the transcripts hold no other theorem"
    status, checks = doctor(bench)
    assert status == 0, checks
    assert checks["Lean"]["status"] == "ok"
    assert checks["proof"]["status"] == "ok"
    assert checks["sandbox"]["status"] == "warning"  # switched off, for the fake's sake
    assert checks["mathlib"]["status"] == "warning"
    text = bench.run("doctor", "--threads", "1")
    assert text.status == 0
    assert "All is well, apart from" in text.out
    assert len(text.out.splitlines()) > len(checks)


def test_without_lean(bench: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    bench.environment.update(PATH=str(empty), HOME=str(empty))
    status, checks = doctor(bench)
    assert status == 3
    assert checks["Lean"]["status"] == "problem"
    assert "elan" in checks["Lean"]["remedy"]
    assert "not tried" in checks["proof"]["message"]
    text = bench.run("doctor")
    assert text.status == 3
    assert "No `lean` was found" in text.out
    assert text.err == ""


def test_in_a_lean_4_project(bench: Bench) -> None:
    (bench.work / "lakefile.lean").touch()
    status, checks = doctor(bench)
    assert status == 3
    assert checks["Lean"]["status"] == "ok"
    assert "Lean 4 project" in checks["project"]["message"]


def _project(bench: Bench, wanted: str = "3.51.1") -> None:
    (bench.work / "leanpkg.toml").write_text(
        '[package]\nname = "p"\nversion = "1"\n'
        f'lean_version = "leanprover-community/lean:{wanted}"\n'
    )
    (bench.work / "leanpkg.path").write_text("builtin_path\npath .\n")


def test_a_path_that_is_broken(bench: Bench) -> None:
    bench.lean.misbehave(Faults(path=json.dumps({"path": ["/nowhere/at/all"]})))
    status, checks = doctor(bench)
    assert status == 3
    assert "/nowhere/at/all" in checks["search path"]["message"]


def test_what_is_not_compiled_and_what_is_not_there(bench: Bench) -> None:
    for document in bench.work.glob("*.lean"):
        document.unlink()
    _project(bench)
    (bench.work / "a.lean").write_text("import b\n")
    (bench.work / "b.lean").write_text("import nowhere\n")
    status, checks = doctor(bench)
    assert status == 3
    assert checks["imports"]["status"] == "problem"
    text = bench.run("doctor").out
    assert "not on the search path: nowhere" in text
    assert f"not compiled: {bench.work / 'b.lean'}" in text
    (bench.work / "b.lean").write_text("\n")
    (bench.work / "b.olean").write_bytes(b"oleanfile\x003.50.0, commit 0\0\0\0\0\0")
    status, checks = doctor(bench)
    assert status == 3
    assert "made by Lean 3.50.0" in checks["imports"]["message"]


def test_another_version_than_the_project_asks_for(bench: Bench) -> None:
    _project(bench, "3.4.2")
    _, checks = doctor(bench)
    assert checks["Lean"]["status"] == "warning"
    assert "3.4.2" in checks["Lean"]["message"]


def test_elan_is_not_made_to_download(bench: Bench, tmp_path: Path) -> None:
    _project(bench, "3.4.2")
    elan = bench.lean.program.with_name("elan")
    elan.write_text("#!/bin/sh\nexit 1\n")
    elan.chmod(0o755)
    bench.environment["ELAN_HOME"] = str(tmp_path / "elan")
    status, checks = doctor(bench)
    assert status == 3
    assert "would download" in checks["Lean"]["message"]
    assert "elan toolchain install" in checks["Lean"]["remedy"]
    assert bench.lean.runs() == [], "`lean` was run"
    folder = tmp_path / "elan" / "toolchains" / "leanprover-community--lean---3.4.2"
    folder.mkdir(parents=True)
    _, checks = doctor(bench)
    assert "would download" not in checks["Lean"]["message"]


def test_a_model_that_does_not_load(bench: Bench) -> None:
    command = shlex.join([sys.executable, "-m", "tests.generators.fake_generator", "unloadable"])
    status, checks = doctor(bench, "--generator-command", command)
    assert status == 0, checks
    assert checks["generator"] == {
        "name": "generator",
        "status": "warning",
        "message": f"The generator {sys.executable} failed: There are no weights. "
        "The repertoire proves without it.",
        "remedy": "Get some.",
    }


def test_a_cache_that_cannot_be_written(bench: Bench) -> None:
    blocked = bench.work / "file"
    blocked.touch()
    bench.environment["DSP_LSP_CACHE"] = str(blocked)
    status, checks = doctor(bench)
    assert status == 3
    assert checks["runtime"]["status"] == "problem"
    assert "not tried" in checks["proof"]["message"]


def test_a_sandbox_that_is_required_and_not_there(bench: Bench, tmp_path: Path) -> None:
    if os.environ.get("DSP_LSP_SANDBOX") != "off":
        pytest.fail("the fixtures switch it off")
    (tmp_path / "programs").mkdir()
    bench.environment["PATH"] = os.pathsep.join(
        [str(bench.lean.program.parent), str(tmp_path / "programs")]
    )
    status, checks = doctor(bench, "--sandbox", "required", "--lean", str(bench.lean.program))
    assert status == 3
    assert checks["sandbox"]["status"] == "problem"
