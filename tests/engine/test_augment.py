"""Augmenting a small project, by a Lean that replays what the real one said, or misbehaves."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.data.augment import PAIRS, AugmentSettings, augment
from engine.data.records import TacticPair, read_pairs
from engine.manifest import read_manifest
from engine.protocol import EngineError
from tests.fake_lean.faults import Faults
from tests.fake_lean.install import DOCUMENTS, FakeLean

AB = "a b : ℕ,\nh : a = b\n"
ABC = "a b c : ℕ,\nh : a = b,\nh' : b = c\n"
K = "k : ℕ,\nhk : k = 0\n"

EXPECTED = {
    "in_order": [
        ("rw", f"{ABC}⊢ a + 0 = c", "rw nat.add_zero", f"{ABC}⊢ a = c"),
        ("rw", f"{ABC}⊢ a = c", "rw h", f"{ABC}⊢ b = c"),
        ("rw", f"{ABC}⊢ b = c", "rw h'", "no goals"),
    ],
    "inside_a_term": [
        ("erw", f"{AB}⊢ f b = a", "erw f_is b", f"{AB}⊢ b = a"),
        ("erw", f"{AB}⊢ b = a", "erw h", "no goals"),
    ],
    "many_goals": [
        ("simp only", f"{AB}⊢ f a = b", "simp only [f_is]", f"{AB}⊢ a = b"),
        ("simp only", f"{AB}⊢ f a = b", "simp only [h]", f"{AB}⊢ f b = b"),
        ("simp only", f"{AB}⊢ a = b", "simp only [h]", "no goals"),
        ("simp only", f"{AB}⊢ f b = a", "simp only [f_is]", f"{AB}⊢ b = a"),
        ("simp only", f"{AB}⊢ f b = a", "simp only [h]", f"{AB}⊢ f b = b"),
        ("simp only", f"{AB}⊢ b = a", "simp only [h]", "no goals"),
    ],
    "not_taken": [
        ("simp", f"{AB}⊢ f a = b", "simp [h]", f"{AB}⊢ f b = b"),
        ("simp", f"{AB}⊢ f a = b", "simp [f_is]", f"{AB}⊢ a = b"),
        ("simp", f"{AB}⊢ f b = b", "simp [f_is]", "no goals"),
    ],
    "too_slow": [("rw", f"{AB}⊢ a + 0 = b", "rw nat.add_zero", f"{AB}⊢ a = b")],
    "converting": [],
    "of_parameters": [
        ("rw", f"{K}⊢ k + 0 = 0", "rw gone", f"{K}⊢ k = 0"),
        ("rw", f"{K}⊢ k = 0", "rw hk", "no goals"),
    ],
}
"""For some of the theorems: family, state, tactic and next state, in Lean's order."""


@pytest.fixture
def lean(tmp_path: Path) -> FakeLean:
    return FakeLean(tmp_path / "toolchain")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(DOCUMENTS / "augmented", tmp_path / "project"))


def settings(lean: FakeLean, project: Path, **changes: Any) -> AugmentSettings:
    values = {
        "project": project,
        "pairs": project / "own.jsonl",
        "out": project.parent / "out",
        "lean": str(lean.program),
        "workers": 2,
        "heartbeats": 200,
        **changes,
    }
    return AugmentSettings(**values)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def pairs(project: Path) -> list[TacticPair]:
    return list(read_pairs(project.parent / "out" / PAIRS))


def as_expected(new: list[TacticPair], theorem: str) -> list[tuple[str, str, str, str]]:
    return [
        (pair.family, pair.state, pair.tactic, pair.next)
        for pair in new
        if pair.theorem == f"own.{theorem}"
    ]


async def test_the_new_pairs_are_what_lean_found(lean: FakeLean, project: Path) -> None:
    before = contents(project)
    counts = await augment(settings(lean, project))
    assert lean.runs("not recorded") == []
    new = pairs(project)
    for theorem, expected in EXPECTED.items():
        assert as_expected(new, theorem) == expected
    traced = {(pair.theorem, pair.line, pair.column) for pair in read_pairs(project / "own.jsonl")}
    assert {(pair.theorem, pair.line, pair.column) for pair in new} <= traced
    assert {pair.premises for pair in new if pair.tactic == "rw nat.add_zero"} == {
        ("nat.add_zero",)
    }
    assert (counts["pairs"], counts["files"], counts["files to do"]) == (len(new), 1, 0)
    assert counts["families"]["rw"] == {
        "places": 5, "agreeing": 5, "unheard": 0, "lost": 1,
        "runs": 11, "new": 9, "slow": 1, "duplicate": 1,
    }  # fmt: skip
    assert contents(project) == before


async def test_what_is_done_is_not_done_again(lean: FakeLean, project: Path) -> None:
    first = await augment(settings(lean, project))
    found = pairs(project)
    assert await augment(settings(lean, project)) == first
    assert len(lean.runs("check")) == 1
    assert pairs(project) == found
    with (project / "own.lean").open("a") as stream:
        stream.write("-- other text\n")
    await augment(settings(lean, project))
    assert len(lean.runs("check")) == 2


@pytest.mark.parametrize("how", ["SIGKILL", "3"])
async def test_a_lean_that_dies_is_told(lean: FakeLean, project: Path, how: str) -> None:
    lean.misbehave(Faults(kinds=("check",), die_at=0, how=how))
    counts = await augment(settings(lean, project))
    assert counts["pairs"] == 0
    assert sum(family["unheard"] for family in counts["families"].values()) == 12
    note = read_manifest(project.parent / "out" / PAIRS)
    assert how in note["unfinished"]["own.lean"]


async def test_a_lean_that_hangs_is_stopped(lean: FakeLean, project: Path) -> None:
    lean.misbehave(Faults(kinds=("check",), hang=True))
    await augment(settings(lean, project, timeout=1.0))
    note = read_manifest(project.parent / "out" / PAIRS)
    assert "stopped after 1 s" in note["unfinished"]["own.lean"]


async def test_a_file_whose_imports_are_not_compiled_waits(lean: FakeLean, project: Path) -> None:
    (project / "other.lean").write_text("lemma other : true := trivial\n")
    text = (project / "own.lean").read_text()
    (project / "own.lean").write_text(f"import other\n{text}")
    counts = await augment(settings(lean, project))
    assert (counts["files"], counts["files to do"]) == (0, 1)
    note = read_manifest(project.parent / "out" / PAIRS)
    assert "not compiled" in note["waiting"]["own.lean"]
    assert lean.runs("check") == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"workers": 0}, "workers is 0"),
        ({"project": Path("/nowhere/at/all")}, "no folder"),
        ({"exclude": ("own.lean",)}, "no tactic with several premises"),
        ({"pairs": Path("/nowhere.jsonl")}, "cannot be opened"),
    ],
)
async def test_what_cannot_be_done_is_said(
    lean: FakeLean, project: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        await augment(replace(settings(lean, project), **changes))
    with pytest.raises(EngineError, match="inside the project"):
        await augment(settings(lean, project, out=project / "new"))


def test_the_command_shows_the_table(
    lean: FakeLean, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = project.parent / "out"
    words = ["augment", "--project", str(project), "--pairs", str(project / "own.jsonl")]
    words += ["--out", str(out), "--lean", str(lean.program), "--heartbeats", "200"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    rows = [line.replace("│", " ").split() for line in shown.splitlines()]
    assert ["rw", "6", "1", "11", "9", "0", "1", "1"] in rows
    assert ["simp", "only", "2", "0", "9", "9", "0", "0", "0"] in rows
    assert any(row[:2] == ["the", "paper"] and "102,682" in row for row in rows)
