"""Lean 3 or 4: the project decides, then the language id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsp_lsp.dialect import Dialect, dialect_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("leanpkg.toml", "", Dialect.LEAN3),
        ("leanpkg.path", "", Dialect.LEAN3),
        ("lakefile.lean", "", Dialect.LEAN4),
        ("lakefile.toml", "", Dialect.LEAN4),
        ("lake-manifest.json", "", Dialect.LEAN4),
        ("lean-toolchain", "leanprover/lean4:v4.9.0", Dialect.LEAN4),
        ("lean-toolchain", "leanprover-community/lean:3.51.1", Dialect.LEAN3),
    ],
)
@pytest.mark.parametrize("language", ["lean", "lean3", "lean4", "plaintext"])
def test_the_project_decides(
    tmp_path: Path, file: str, text: str, found: Dialect, language: str
) -> None:
    (tmp_path / file).write_text(text)
    (tmp_path / "src" / "deep").mkdir(parents=True)
    assert dialect_of(tmp_path / "src" / "deep" / "a.lean", language) is found


@pytest.mark.parametrize(
    ("language", "found"),
    [
        ("lean", Dialect.LEAN3),
        ("lean3", Dialect.LEAN3),
        ("lean4", Dialect.LEAN4),
        ("markdown", Dialect.OTHER),
    ],
)
def test_without_a_project(tmp_path: Path, language: str, found: Dialect) -> None:
    assert dialect_of(None, language) is found
    assert dialect_of(tmp_path / "a.md", language) is found


def test_the_innermost_project(tmp_path: Path) -> None:
    (tmp_path / "lakefile.lean").write_text("")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "leanpkg.toml").write_text("")
    assert dialect_of(tmp_path / "old" / "a.lean", "lean4") is Dialect.LEAN3
    assert dialect_of(tmp_path / "a.lean", "lean") is Dialect.LEAN4
