"""What the tests with a real Lean share: when they are skipped, and projects that use mathlib."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lean3.lean3_helpers import MATHLIB_VARIABLE, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator


def _why_no_lean() -> str | None:
    program = shutil.which("lean")
    if program is None:
        return "there is no `lean` on the PATH"
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=60, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} does not tell its version: {error}"
    if "Lean (version 3." not in answer:
        return f"{program} is not Lean 3: {answer.strip()[:80]!r}"
    return None


def _why_no_mathlib() -> str | None:
    folder = os.environ.get(MATHLIB_VARIABLE)
    if not folder:
        return f"set {MATHLIB_VARIABLE} to the `src` folder of a compiled mathlib to run this"
    if not (Path(folder) / "tactic" / "default.olean").is_file():
        return f"{MATHLIB_VARIABLE} names {folder}, which holds no compiled tactic/default.lean"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marks = {
        name: why()
        for name, why in (("lean3", _why_no_lean), ("mathlib", _why_no_mathlib))
        if any(item.get_closest_marker(name) for item in items)
    }
    for item in items:
        needed = ["lean3"] if item.get_closest_marker("lean3") else []
        needed += ["lean3", "mathlib"] if item.get_closest_marker("mathlib") else []
        reasons = [marks.get(name) or "" for name in needed if marks.get(name)]
        if reasons:
            item.add_marker(pytest.mark.skip(reason=reasons[0]))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The runtime is compiled from the source at hand, once, and not into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DSP_LSP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def mathlib() -> Path:
    """The `src` folder of a compiled mathlib."""
    return Path(os.environ[MATHLIB_VARIABLE])


@pytest.fixture
def mathlib_project(tmp_path: Path, mathlib: Path) -> Path:
    """A project that uses mathlib; the tests' files go into its `src`."""
    return make_project(tmp_path / "project", [mathlib])


@pytest.fixture
def core_project(tmp_path: Path) -> Path:
    """A project that uses core Lean alone."""
    return make_project(tmp_path / "project", [])
