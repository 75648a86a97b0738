"""Augmentation with a real Lean: the recorded project, and the families that mathlib adds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.data.augment import PAIRS, AugmentSettings, augment
from engine.data.records import TacticPair, read_pairs
from engine.data.trace import PAIRS as TRACED
from engine.data.trace import TraceSettings, trace_project
from tests.engine.test_augment import EXPECTED, as_expected
from tests.fake_lean.install import DOCUMENTS
from tests.lean3.lean3_helpers import MATHLIB_VARIABLE, make_project

WITH_MATHLIB = """\
import tactic
import tactic.equiv_rw

lemma same (a b c : ℕ) (h : a = b) (h' : b = c) (k : c = 3) : a + 0 = 3 :=
by simpa [h, h'] using k

lemma alone (a b c : ℕ) (h : a = b) (h' : b = c) (k : c = 3) : a + 0 = 3 :=
by simpa only [h, h', add_zero] using k

lemma inside (f : ℕ → ℕ) (a b : ℕ) (h : ∀ n, f n = n) (h' : a = b) : f a = b :=
by simp_rw [h, h']

lemma associated (a b c d : ℕ) (h : b + c = d) (h' : a + d = 3) : a + b + c = 3 :=
by assoc_rw [h, h']

lemma equivalent {α β γ : Type} (e : α ≃ β) (e' : β ≃ γ) (x : γ) : nonempty α :=
begin
  refine ⟨_⟩,
  equiv_rw [e, e'],
  exact x
end
"""


async def traced_and_augmented(
    project: Path, *, heartbeats: int
) -> tuple[list[TacticPair], list[TacticPair], dict[str, dict[str, int]]]:
    """The traced pairs, the new ones, and the counts of each family."""
    out = project.parent / "out"
    await trace_project(TraceSettings(project, out, workers=1))
    counts = await augment(
        AugmentSettings(project, out / TRACED, out, workers=1, heartbeats=heartbeats)
    )
    families: dict[str, dict[str, int]] = counts["families"]
    return list(read_pairs(out / TRACED)), list(read_pairs(out / PAIRS)), families


@pytest.mark.lean3
async def test_lean_finds_what_was_recorded(tmp_path: Path) -> None:
    project = Path(shutil.copytree(DOCUMENTS / "augmented", tmp_path / "project"))
    traced, new, families = await traced_and_augmented(project, heartbeats=200)
    assert traced == list(read_pairs(project / "own.jsonl"))
    for theorem, expected in EXPECTED.items():
        assert as_expected(new, theorem) == expected
    for family in families.values():
        assert family["agreeing"] == family["places"]


@pytest.mark.mathlib
async def test_the_families_of_mathlib(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", [Path(os.environ[MATHLIB_VARIABLE])])
    (project / "src" / "mine.lean").write_text(WITH_MATHLIB)
    traced, new, families = await traced_and_augmented(project, heartbeats=10_000)
    assert {pair.theorem for pair in traced if pair.success} >= {"same", "alone", "inside"}
    assert {family: numbers["places"] for family, numbers in families.items()} == dict.fromkeys(
        ("equiv_rw", "assoc_rw", "simpa", "simpa only", "simp_rw"), 1
    )
    for numbers in families.values():
        assert numbers["agreeing"] == 1
        assert numbers["new"] >= 1
    found = {(pair.theorem, pair.tactic, pair.next == "no goals") for pair in new}
    assert found >= {
        ("same", "simp [h]", False),
        ("same", "simpa [h'] using k", True),
        ("inside", "simp_rw [h]", False),
        ("inside", "simp_rw [h']", True),
        ("associated", "assoc_rw h", False),
        ("associated", "assoc_rw h'", True),
        ("equivalent", "equiv_rw e", False),
        ("equivalent", "equiv_rw e'", False),
    }
