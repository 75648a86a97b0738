"""The theorems of a small project, stated by a real Lean."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.data.records import STATEMENT, STEP, read_pairs
from engine.data.statements import PAIRS, StatementsSettings, state_theorems
from engine.data.trace import PAIRS as TRACED
from engine.data.trace import TraceSettings, trace_project
from engine.manifest import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

FIRST = """\
universe u
namespace mine
def twice (n : ℕ) : ℕ := n + n

def add_twice (a b : ℕ) : ℕ := twice a + b
local infix ` ⊕⊕ `:65 := add_twice

section
variables {α : Type u} [has_mul α] (f : α → α)

/-- Its proof begins where its statement's state is. -/
theorem one (h : ∀ {a}, f a = a) (b : α) : f (b * b) = b * b :=
begin
  exact h
end

lemma two {n : ℕ} (hn : n = 0) : twice n = 0 :=
begin
  rw hn, refl
end

lemma unnamed (p q : Prop) : p → q → ℕ → p := λ h _ _, h
lemma by_notation (a b : ℕ) : a ⊕⊕ b = a ⊕⊕ b := by { refl }
end

class good (n : ℕ) : Prop := (is : n = n)
instance good_zero : good 0 := ⟨rfl⟩
private lemma hidden : true := trivial
inductive shape | round (size : ℕ) | square
lemma useless {n : ℕ} : true := trivial
end mine
"""

SECOND = """\
import first
lemma mine.three : mine.twice 0 = 0 := rfl
"""

EXPECTED = {
    "mine.one": (
        "α : Type u,\n_inst_1 : has_mul α,\nf : α → α,\nh : ∀ {a : α}, f a = a,\nb : α\n"
        "⊢ f (b * b) = b * b",
        "exact mine.one f @h b",
    ),
    "mine.two": ("n : ℕ,\nhn : n = 0\n⊢ twice n = 0", "exact mine.two hn"),
    "mine.unnamed": (
        "p q : Prop,\nh : p,\nh_1 : q,\nx : ℕ\n⊢ p",
        "exact mine.unnamed p q h h_1 x",
    ),
    "mine.by_notation": ("a b : ℕ\n⊢ a ⊕⊕ b = a ⊕⊕ b", "exact mine.by_notation a b"),
    "mine.three": ("⊢ mine.twice 0 = 0", "exact mine.three"),
}


def compiled(core_project: Path, first: str = FIRST) -> Path:
    source = core_project / "src"
    (source / "first.lean").write_text(first)
    (source / "second.lean").write_text(SECOND if first is FIRST else "")
    (source / "waiting.lean").write_text(SECOND)
    subprocess.run(
        ["lean", "--make", "first.lean", "second.lean"],  # noqa: S607
        cwd=source,
        check=True,
        capture_output=True,
        env={name: value for name, value in os.environ.items() if name != "LEAN_PATH"},
    )
    return core_project


@pytest.mark.lean3
async def test_each_theorem_is_a_pair(core_project: Path, tmp_path: Path) -> None:
    project = compiled(core_project)
    out = tmp_path / "out"
    settings = StatementsSettings(project, out, workers=1)
    counts = await state_theorems(settings)
    found = list(read_pairs(out / PAIRS))
    assert {pair.theorem: (pair.state, pair.tactic) for pair in found} == EXPECTED
    assert [pair.theorem for pair in found] == [*EXPECTED]
    assert {(pair.family, pair.next, pair.success) for pair in found} == {
        (STATEMENT, "no goals", True)
    }
    assert (found[0].file, found[0].line, found[0].column) == ("first.lean", 12, 8)
    assert (counts["theorems"], counts["pairs"], counts["files"]) == (6, 5, 2)
    assert counts["failed"] == {"don't know how to synthesize placeholder": 1}
    assert [*read_manifest(out / PAIRS)["waiting"]] == ["waiting.lean"]
    # The first state of a proof is the statement's.
    await trace_project(TraceSettings(project, out, workers=1))
    first = {pair.theorem: pair.state for pair in reversed(list(read_pairs(out / TRACED)))}
    assert set(first) == {"mine.one", "mine.two", "mine.by_notation"}
    assert all(EXPECTED[theorem][0] == state for theorem, state in first.items())


STEPS = """\
namespace mine
variables {p q r : Prop}
lemma turned (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩
lemma both_ways : p ∧ q ↔ q ∧ p := ⟨turned, λ k, turned k⟩
lemma in_between (hp : p) (f : p → q) (g : q → r) : r :=
have b : q, from f hp,
g b
lemma by_rewriting (a b : ℕ) (h : a = b) (k : b = 0) : a = 0 := by { rw h, exact k }
lemma shadowed (h : p) : q → p → p := λ _ _, h
end mine
"""

EXPECTED_STEPS = {
    "mine.turned": [
        ("p q : Prop,\nh : p ∧ q\n⊢ q ∧ p", "refine ⟨_, _⟩"),
        ("p q : Prop,\nh : p ∧ q\n⊢ q ∧ p", "exact ⟨h.right, h.left⟩"),
        ("p q : Prop,\nh : p ∧ q\n⊢ q", "exact and.right h"),
        ("p q : Prop,\nh : p ∧ q\n⊢ p", "exact and.left h"),
    ],
    "mine.both_ways": [
        ("p q : Prop\n⊢ p ∧ q ↔ q ∧ p", "refine ⟨_, _⟩"),
        ("p q : Prop\n⊢ p ∧ q → q ∧ p", "exact mine.turned"),
        ("p q : Prop\n⊢ q ∧ p → p ∧ q", "intros k"),
        ("p q : Prop,\nk : q ∧ p\n⊢ p ∧ q", "exact mine.turned k"),
    ],
    "mine.in_between": [
        ("p q r : Prop,\nhp : p,\nf : p → q,\ng : q → r\n⊢ r", "have b : q"),
        ("p q r : Prop,\nhp : p,\nf : p → q,\ng : q → r\n⊢ q", "exact f hp"),
        ("p q r : Prop,\nhp : p,\nf : p → q,\ng : q → r,\nb : q\n⊢ r", "exact g b"),
    ],
    "mine.shadowed": [("p q : Prop,\nh : p,\nh_1 : q,\nh_2 : p\n⊢ p", "exact h")],
}


@pytest.mark.lean3
async def test_the_steps_of_proof_terms_are_pairs(core_project: Path, tmp_path: Path) -> None:
    project = compiled(core_project, STEPS)
    settings = StatementsSettings(project, tmp_path / "out", workers=1, steps=True)
    counts = await state_theorems(settings)
    pairs = list(read_pairs(tmp_path / "out" / PAIRS))
    found: dict[str, list[tuple[str, str]]] = {}
    for pair in pairs:
        if pair.family == STEP:
            found.setdefault(pair.theorem, []).append((pair.state, pair.tactic))
    # Nobody wrote the term of a proof by rewriting.
    assert found == EXPECTED_STEPS
    assert [pair.theorem for pair in pairs if pair.family == STATEMENT] == [
        *("mine.turned", "mine.both_ways", "mine.in_between", "mine.by_rewriting", "mine.shadowed")
    ]
    assert counts["pairs"] == len(pairs)
