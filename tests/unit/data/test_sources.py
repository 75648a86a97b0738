from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.data.sources import Compiled, sources_below
from tests.unit.lean.test_lean_oleans import olean

if TYPE_CHECKING:
    from pathlib import Path


def module(folder: Path, name: str, *imports: str, compiled: bool = True) -> Path:
    file = folder / f"{name}.lean"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"import {one}\n" for one in imports), "utf-8")
    if compiled:
        file.with_suffix(".olean").write_bytes(olean(file.read_bytes()))
    return file


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), ["a.lean", "b/c.lean", "b/d.lean"]),
        (("b",), (), ["b/c.lean", "b/d.lean"]),
        (("b/d.lean", "a.lean"), (), ["a.lean", "b/d.lean"]),
        (("*/?.lean",), ("b/c.lean",), ["b/d.lean"]),
        ((), ("b/",), ["a.lean"]),
        (("nothing",), (), []),
    ],
)
def test_files_are_chosen_by_their_paths(
    include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str], tmp_path: Path
) -> None:
    for name in ("a", "b/c", "b/d", ".hidden/e", "_target/deps/x/f", "leanpkg"):
        module(tmp_path, name)
    found = sources_below(tmp_path, include, exclude)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == expected


def test_what_is_imported_must_be_compiled_however_far_away(tmp_path: Path) -> None:
    module(tmp_path, "a", compiled=False)
    module(tmp_path, "b", "a")
    module(tmp_path, "c", ".b")
    top = module(tmp_path, "d", "c", compiled=False)
    alone = module(tmp_path, "e", compiled=False)
    compiled = Compiled([tmp_path], "3.51.1")
    assert compiled.why_not(alone) is None
    assert "a.lean is not compiled" in (compiled.why_not(top) or "")
    module(tmp_path, "a")
    compiled = Compiled([tmp_path], "3.51.1")
    assert compiled.why_not(top) is None
    assert compiled.why_not(tmp_path / "c.lean") is None
    assert "made by Lean 3.51.1" in (Compiled([tmp_path], "3.50.3").why_not(top) or "")
    (tmp_path / "a.lean").write_text("-- another text\n", "utf-8")
    why = Compiled([tmp_path], "3.51.1").why_not(top)
    assert "its source was changed" in (why or "")


def test_imports_that_are_nowhere_and_circles(tmp_path: Path) -> None:
    lost = module(tmp_path, "a", "b", "elsewhere")
    module(tmp_path, "b", "a")
    assert "elsewhere is not on" in (Compiled([tmp_path], "3.51.1").why_not(lost) or "")
    module(tmp_path, "a", "b")
    assert Compiled([tmp_path], "3.51.1").why_not(tmp_path / "b.lean") is None
