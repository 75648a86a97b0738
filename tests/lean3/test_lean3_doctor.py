"""The diagnosis of real projects, and Lean's own view of what is stale."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.lean.diagnose import diagnose
from engine.lean.oleans import why_stale

if TYPE_CHECKING:
    from pathlib import Path

    from engine.protocol import Check

pytestmark = pytest.mark.lean3


def make(file: Path) -> None:
    lean = shutil.which("lean")
    assert lean is not None
    subprocess.run([lean, "--make", str(file)], cwd=file.parent, check=True, timeout=200)


async def found(folder: Path) -> dict[str, Check]:
    return {check.name: check for check in await diagnose(folder, None, "auto")}


async def test_a_project_and_its_modules(core_project: Path) -> None:
    source = core_project / "src"
    (source / "a.lean").write_text("theorem a : 1 = 1 := rfl\n")
    (source / "b.lean").write_text("import a\n")
    checks = await found(source)
    assert checks["Lean"].status == "ok"
    assert checks["project"].status == "ok"
    assert checks["search path"].status == "ok"
    assert "not compiled" in checks["imports"].message
    assert str(source / "a.lean") in checks["imports"].message
    make(source / "b.lean")
    assert why_stale(source / "a.lean", source / "a.olean", "3.51.1") is None
    checks = await found(source)
    assert checks["imports"].status == "ok", checks["imports"]
    (source / "a.lean").write_text("theorem a : 2 = 2 := rfl\n")
    checks = await found(source)
    assert checks["imports"].status == "problem"
    assert "stale" in checks["imports"].message
    assert checks["imports"].remedy
    (source / "c.lean").write_text("import nowhere.to.be.found\n")
    assert "nowhere.to.be.found" in (await diagnose_text(source))


async def diagnose_text(folder: Path) -> str:
    return " ".join(check.message for check in await diagnose(folder, None, "auto"))


async def test_a_broken_path(core_project: Path) -> None:
    (core_project / "leanpkg.path").write_text("builtin_path\npath /nowhere/at/all\npath src\n")
    checks = await found(core_project)
    assert checks["search path"].status == "problem"
    assert "/nowhere/at/all" in checks["search path"].message
    (core_project / "leanpkg.path").unlink()
    assert (await found(core_project))["project"].status == "problem"


async def test_the_core_library_is_that_of_its_sources(core_project: Path) -> None:
    (core_project / "src" / "a.lean").write_text("import init.core system.io data.buffer\n")
    checks = await found(core_project)
    assert checks["imports"].status == "ok", checks["imports"]


@pytest.mark.mathlib
async def test_mathlib_is_seen(mathlib_project: Path) -> None:
    (mathlib_project / "src" / "a.lean").write_text("import tactic\n")
    checks = await found(mathlib_project)
    assert checks["mathlib"].status == "ok"
    assert checks["imports"].status == "ok"
