"""Which file an import means, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lean_helpers import write_modules

from engine.lean.modules import (
    absolute_module,
    check_imports,
    module_source,
    with_absolute_imports,
)
from engine.protocol import EngineError, ErrorKind
from engine.source import analyse
from tests.unit.lean.test_lean_oleans import olean

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_comes_before_a_folder_with_default(tmp_path: Path) -> None:
    write_modules(tmp_path, {"a/b.lean": "", "a/b/default.lean": ""})
    assert module_source("a.b", [tmp_path]) == tmp_path / "a" / "b.lean"
    (tmp_path / "a" / "b.lean").unlink()
    (tmp_path / "a" / "b.olean").unlink()
    assert module_source("a.b", [tmp_path]) == tmp_path / "a" / "b" / "default.lean"


def test_the_first_folder_of_the_path_wins(tmp_path: Path) -> None:
    write_modules(tmp_path / "one", {"m.lean": ""})
    write_modules(tmp_path / "two", {"m.lean": "", "n.lean": ""})
    path = [tmp_path / "one", tmp_path / "two"]
    assert module_source("m", path) == tmp_path / "one" / "m.lean"
    assert module_source("n", path) == tmp_path / "two" / "n.lean"
    assert module_source("o", path) is None


def test_a_module_may_be_there_only_compiled(tmp_path: Path) -> None:
    (tmp_path / "m.olean").write_bytes(b"")
    assert module_source("m", [tmp_path]) == tmp_path / "m.lean"
    check_imports(["m"], [tmp_path])


@pytest.mark.parametrize(
    ("module", "meant"),
    [
        ("plain.name", "plain.name"),
        (".sibling", "a.b.sibling"),
        (".below.it", "a.b.below.it"),
        ("..cousin", "a.cousin"),
        ("...top", "top"),
    ],
)
def test_dots_climb(tmp_path: Path, module: str, meant: str) -> None:
    file = tmp_path / "src" / "a" / "b" / "c.lean"
    assert absolute_module(module, file, [tmp_path / "src"]) == meant


@pytest.mark.parametrize("module", [".sibling", "..outside", ".....far"])
def test_a_relative_import_needs_a_place_below_the_path(tmp_path: Path, module: str) -> None:
    with pytest.raises(EngineError) as raised:
        absolute_module(module, None, [tmp_path])
    assert module in raised.value.message
    assert raised.value.remedy
    with pytest.raises(EngineError):
        absolute_module(module, tmp_path / "elsewhere" / "x.lean", [tmp_path / "src"])


def test_an_import_that_climbs_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        absolute_module("..outside", tmp_path / "src" / "x.lean", [tmp_path / "src"])


def test_only_relative_imports_are_rewritten(tmp_path: Path) -> None:
    text = "import .one plain\n-- import .no\nimport ..two\n\ntheorem t : true := sorry\n"
    file = tmp_path / "src" / "a" / "x.lean"
    found = with_absolute_imports(text, analyse(text), file, [tmp_path / "src"])
    assert found == text.replace("import .one", "import a.one").replace(
        "import ..two", "import two"
    )


def test_a_missing_import_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        check_imports(["data.nothing"], [tmp_path])
    assert "data.nothing" in raised.value.message
    assert raised.value.kind is ErrorKind.INPUT


def test_an_import_that_is_not_compiled_is_named(tmp_path: Path) -> None:
    write_modules(tmp_path, {"m.lean": ""}, compiled=False)
    with pytest.raises(EngineError) as raised:
        check_imports(["m"], [tmp_path])
    assert "m is not compiled" in raised.value.message
    assert str(tmp_path / "m.lean") in raised.value.remedy
    assert raised.value.kind is ErrorKind.ENVIRONMENT


def test_what_an_import_imports_is_looked_at_too(tmp_path: Path) -> None:
    write_modules(tmp_path, {"m.lean": "import .n\n"})
    with pytest.raises(EngineError) as raised:
        check_imports(["m"], [tmp_path])
    assert "n (imported by m)" in raised.value.message
    write_modules(tmp_path, {"n.lean": ""}, compiled=False)
    with pytest.raises(EngineError) as raised:
        check_imports(["m"], [tmp_path])
    assert "n (imported by m) is not compiled" in raised.value.message


def test_imports_may_go_in_a_circle(tmp_path: Path) -> None:
    write_modules(tmp_path, {"m.lean": "import n", "n.lean": "import m"})
    check_imports(["m", "n"], [tmp_path])


def test_an_import_compiled_from_another_text_or_by_another_lean_is_named(tmp_path: Path) -> None:
    write_modules(tmp_path, {"m.lean": "import n\n", "n.lean": "-- one\n"})
    for name in ("m", "n"):
        (tmp_path / f"{name}.olean").write_bytes(olean((tmp_path / f"{name}.lean").read_bytes()))
    check_imports(["m"], [tmp_path], version="3.51.1")
    with pytest.raises(EngineError) as raised:
        check_imports(["m"], [tmp_path], version="3.50.3")
    assert "m is not compiled as it is now: it was made by Lean 3.51.1" in raised.value.message
    (tmp_path / "n.lean").write_text("-- another\n")
    with pytest.raises(EngineError) as raised:
        check_imports(["m"], [tmp_path], version="3.51.1")
    assert "n (imported by m) is not compiled as it is now: its source" in raised.value.message
    assert raised.value.kind is ErrorKind.ENVIRONMENT
    check_imports(["m"], [tmp_path])


def test_own_modules_are_followed_further_than_those_of_libraries(tmp_path: Path) -> None:
    chain = {f"m{n}.lean": f"import m{n + 1}\n" for n in range(5)} | {"m5.lean": ""}
    write_modules(tmp_path, chain)
    (tmp_path / "m5.olean").unlink()
    check_imports(["m0"], [tmp_path])
    with pytest.raises(EngineError) as raised:
        check_imports(["m0"], [tmp_path], own=tmp_path)
    assert "m5 (imported by m4) is not compiled" in raised.value.message
