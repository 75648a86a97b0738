"""Which files a folder, a pattern, a path mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsp_lsp.annotate.places import find_files
from engine.protocol import EngineError


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "src/b.lean",
        "src/a.lean",
        "src/deep/c.lean",
        "src/deep/c.olean",
        "_target/deps/mathlib/d.lean",
        ".hidden/e.lean",
        "src/.#lock.lean",
        "[odd].lean",
        "plain",
    ):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def test_a_folder_means_what_is_below_it_but_not_dependencies_or_hidden_things() -> None:
    assert find_files(["src"]) == ["src/a.lean", "src/b.lean", "src/deep/c.lean"]
    assert find_files(["."]) == ["./[odd].lean", *(f"./{name}" for name in find_files(["src"]))]


def test_a_pattern_may_go_into_folders() -> None:
    assert find_files(["src/*.lean"]) == ["src/a.lean", "src/b.lean"]
    assert find_files(["src/**/c*"]) == ["src/deep/c.lean"]


def test_a_name_that_looks_like_a_pattern_is_a_name_if_there_is_such_a_file() -> None:
    assert find_files(["[odd].lean"]) == ["[odd].lean"]


def test_a_file_is_taken_once_whatever_it_is_called() -> None:
    Path("link.lean").symlink_to("src/a.lean")
    assert find_files(["src/a.lean", "./src/a.lean", "link.lean", "plain"]) == [
        "src/a.lean",
        "plain",
    ]


@pytest.mark.parametrize("path", ["missing.lean", "missing/*.lean", "src/*.txt"])
def test_what_names_nothing_is_an_error(path: str) -> None:
    with pytest.raises(EngineError, match="no such file"):
        find_files([path])
