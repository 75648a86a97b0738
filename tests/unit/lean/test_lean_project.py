"""Which project a folder belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.lean.project import find_project
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = (
    '[package]\nname = "mine"\nversion = "0.1"\n'
    'lean_version = "leanprover-community/lean:3.51.1"\npath = "src"\n'
)


def test_the_manifest_is_read(tmp_path: Path) -> None:
    (tmp_path / "leanpkg.toml").write_text(MANIFEST)
    project = find_project(tmp_path)
    assert project is not None
    assert (project.root, project.source) == (tmp_path, tmp_path / "src")
    assert (project.name, project.configured) == ("mine", False)
    assert project.lean_version == "leanprover-community/lean:3.51.1"


def test_the_innermost_project_counts(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "deps" / "inner"
    (inner / "src" / "deep").mkdir(parents=True)
    (tmp_path / "outer" / "leanpkg.toml").write_text(MANIFEST)
    (inner / "leanpkg.toml").write_text(MANIFEST.replace("mine", "inner"))
    found = find_project(inner / "src" / "deep")
    assert found is not None
    assert found.root == inner
    around = find_project(tmp_path / "outer" / "deps")
    assert around is not None
    assert around.root == tmp_path / "outer"


def test_a_configured_folder_without_a_manifest_is_a_project(tmp_path: Path) -> None:
    (tmp_path / "leanpkg.path").write_text("builtin_path\n")
    project = find_project(tmp_path)
    assert project is not None
    assert (project.root, project.source, project.configured) == (tmp_path, tmp_path, True)


def test_a_bare_folder_has_none(tmp_path: Path) -> None:
    assert find_project(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "[package]\n", 'package = "odd"\n', "[package]\nname = 3\n"]
)
def test_a_manifest_may_say_little(tmp_path: Path, text: str) -> None:
    (tmp_path / "leanpkg.toml").write_text(text)
    project = find_project(tmp_path)
    assert project is not None
    assert (project.name, project.source) == (tmp_path.name, tmp_path)


@pytest.mark.parametrize("content", [b"[package\n", b"\xff\xfe", b"name = \n"])
def test_a_broken_manifest_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "leanpkg.toml").write_bytes(content)
    with pytest.raises(EngineError) as raised:
        find_project(tmp_path)
    assert str(tmp_path / "leanpkg.toml") in raised.value.message
    assert raised.value.kind is ErrorKind.ENVIRONMENT


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lakefile.lean", ""),
        ("lakefile.toml", ""),
        ("lake-manifest.json", "{}"),
        ("lean-toolchain", "leanprover/lean4:v4.9.0\n"),
    ],
)
def test_a_lean_4_project_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    (tmp_path / "src").mkdir()
    with pytest.raises(EngineError) as raised:
        find_project(tmp_path / "src")
    assert "Lean 4" in raised.value.message
    assert raised.value.kind is ErrorKind.ENVIRONMENT


def test_a_lean_3_project_inside_a_lean_4_one_is_found(tmp_path: Path) -> None:
    (tmp_path / "lakefile.lean").write_text("")
    inner = tmp_path / "old"
    inner.mkdir()
    (inner / "leanpkg.toml").write_text(MANIFEST)
    project = find_project(inner)
    assert project is not None
    assert project.root == inner


def test_a_toolchain_file_that_asks_for_lean_3_is_no_reason(tmp_path: Path) -> None:
    (tmp_path / "lean-toolchain").write_text("leanprover-community/lean:3.51.1\n")
    assert find_project(tmp_path) is None
