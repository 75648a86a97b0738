"""Proofs from a site to an accepted document, with a real Lean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.protocol import (
    EngineError,
    EnvironmentParams,
    JobState,
    StopReason,
    SuggestParams,
)
from engine.source import analyse
from tests.lean3.lean3_helpers import offset_of, plain_lean, prove, prover, spliced

if TYPE_CHECKING:
    from pathlib import Path

    from engine.protocol import ProgressReport

pytestmark = pytest.mark.lean3

RUNNING_EXAMPLE = """\
variables x y z w : nat

theorem thm1 (H₁ : x = y) (H₂ : y = z) (H₃ : z = w) : x = w :=
"""


async def test_the_running_example_is_proved_and_verified(core_project: Path) -> None:
    file = core_project / "src" / "example.lean"
    reports: list[ProgressReport] = []
    async with prover() as service:
        result = await prove(service, RUNNING_EXAMPLE, file, reports=reports)
    assert result.status == "proved"
    assert result.stop_reason is StopReason.PROVED
    assert result.goal.endswith("⊢ x = w")
    assert result.steps
    assert result.verdict is not None
    assert result.verdict.accepted
    assert result.verdict.checker.startswith("Lean 3.")
    assert result.verdict.sorries == []
    assert (result.start, result.end) == (offset_of(RUNNING_EXAMPLE),) * 2
    whole = spliced(RUNNING_EXAMPLE, result)
    assert plain_lean(whole, file) == []
    assert reports[0].state is JobState.OPENING
    assert reports[-1].state is JobState.FINISHED
    assert all(report.job == "job" for report in reports)


TEN_SITES = """\
structure both (p q : Prop) : Prop :=
(one : p) (other : q)

theorem missing (p q : Prop) (h : p ∧ q) : q ∧ p :=

theorem nothing_inside (p : Prop) (h : p) : p ∨ false := begin
  -- to be done
end

theorem in_term (p q : Prop) (hp : p) (hq : q) : p ∧ q := ⟨sorry, hq⟩

theorem in_tactics (p q : Prop) (hp : p) (hq : q) : p ∧ q :=
begin
  split,
  sorry,
  exact hq
end

theorem by_one (a b : nat) (h : a = b) : b = a := by sorry

theorem after_semicolon (p : Prop) (hp : p) : p ∧ p := by { split; sorry }

theorem in_calculation (a b c : nat) (h : a = b) (h' : b = c) : a = c :=
calc a = b : sorry
   ... = c : h'

def double : nat → nat
| 0 := 0
| (n + 1) := double n + 2

theorem by_equations : ∀ n : nat, double n = n + n → true
| 0 := λ h, trivial
| (n + 1) := sorry

theorem with_have (p q : Prop) (hp : p) (hpq : p → q) : q :=
begin
  have h : q := sorry,
  exact h
end

theorem in_braces (p q : Prop) (hp : p) (hq : q) : q ∧ p :=
begin
  split,
  { exact hq },
  { sorry }
end

theorem structure_instance (p q : Prop) (hp : p) (hq : q) : both p q :=
{ one := hp, other := sorry }

example (n : nat) : n = n := sorry

theorem of_the_first (p q : Prop) (h : p ∧ q) : p := sorry
"""


async def test_sites_of_all_kinds_are_proved_one_after_the_other(core_project: Path) -> None:
    file = core_project / "src" / "sites.lean"
    text = TEN_SITES
    count = len(analyse(text).sites)
    assert count >= 10
    goals = []
    async with prover() as service:
        for number in range(count):
            assert len(analyse(text).sites) == count - number
            result = await prove(service, text, file, 0, job=f"job {number}")
            assert result.status == "proved", (number, result)
            assert result.verdict is not None
            assert result.verdict.sorries == []
            goals.append(result.goal.partition("⊢ ")[2])
            text = spliced(text, result)
    assert analyse(text).sites == ()
    assert goals[:4] == ["q ∧ p", "p ∨ false", "p", "p"]
    assert plain_lean(text, file) == []


async def test_a_search_that_has_nothing_left_says_so(core_project: Path) -> None:
    text = "theorem t : false := sorry\n"
    async with prover() as service:
        result = await prove(service, text, core_project / "src" / "x.lean", budget=200)
    assert result.status == "not found"
    assert result.stop_reason is StopReason.NOTHING_OPEN
    assert result.verdict is None
    assert result.replacement == ""
    assert result.statistics.expansions > 0


async def test_suggestions_are_tried_tactics(core_project: Path) -> None:
    text = "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := sorry\n"
    async with prover() as service:
        params = SuggestParams(
            text=text, site=offset_of(text), path=str(core_project / "src" / "t.lean"), limit=6
        )
        found = await service.suggest(params)
    assert found.goal.endswith("⊢ p ∧ q")
    assert 0 < len(found.suggestions) <= 6
    closing = [s.goals == 0 for s in found.suggestions]
    assert closing[0]
    assert closing == sorted(closing, reverse=True)
    assert any(s.tactic == "split" and s.goals == 2 for s in found.suggestions)


async def test_the_environment_of_a_project(core_project: Path) -> None:
    async with prover() as service:
        found = await service.environment(
            EnvironmentParams(path=str(core_project / "src" / "x.lean"))
        )
    assert found.lean_version.startswith("3.")
    assert found.project_root == str(core_project)
    assert str(core_project / "src") in found.search_path
    assert (found.mathlib, found.default_imports) == (False, [])


async def test_a_place_that_is_no_site_is_refused(core_project: Path) -> None:
    text = "theorem t : true := trivial\n"
    async with prover() as service:
        with pytest.raises(EngineError, match="no site at offset 3"):
            await service.suggest(
                SuggestParams(text=text, site=3, path=str(core_project / "t.lean"))
            )
