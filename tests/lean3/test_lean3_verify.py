"""What the final check accepts, lists and refuses, with a real Lean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.lean import Document
from engine.source import analyse
from tests.lean3.lean3_helpers import session

if TYPE_CHECKING:
    from pathlib import Path

    from engine.protocol import Verdict

pytestmark = pytest.mark.lean3


async def verdict(project: Path, text: str, replacement: str, ordinal: int = 0) -> Verdict:
    async with session() as made:
        document = Document(text, project / "src" / "document.lean")
        return await made.verify(document, analyse(text).sites[ordinal], replacement)


PLAIN = "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := sorry\n"


@pytest.mark.parametrize(
    "replacement",
    [
        "begin split, exact hp, exact hq end",
        "by { split; assumption }",
        "by cc -- done",
        "begin\n  split,\n  { exact hp },\n  exact hq,\nend",
    ],
)
async def test_a_proof_is_accepted(core_project: Path, replacement: str) -> None:
    found = await verdict(core_project, PLAIN, replacement)
    assert found.accepted, found
    assert found.checker.startswith("Lean 3.")


REFUSED = {
    "sorry": (PLAIN, "by { split, sorry, exact hq }", "sorry"),
    "admit": (PLAIN, "by { split, admit, exact hq }", "sorry"),
    "a term with sorry": (PLAIN, "by exact ⟨hp, sorry⟩", "sorry"),
    "undefined": (PLAIN, "by exact undefined", "undefined"),
    "a failing tactic": (PLAIN, "by exact ⟨hq, hp⟩", "Lean reports at line 1"),
    "an open goal": (PLAIN, "by split", "Lean reports at line 1"),
    "nonsense": (PLAIN, "by ⟩⟩ end", "Lean reports at line 1"),
    "itself": (
        "theorem t : ∀ n : nat, n = n + 0\n| 0 := rfl\n| (n + 1) := sorry\n",
        "by exact t (n + 1)",
        "",
    ),
    "itself by assumption": (
        "theorem t : ∀ n : nat, 0 ≤ n * n\n| n := sorry\n",
        "by exact t n",
        "",
    ),
    "an axiom of its own": (
        "def below (n : nat) : {m : nat // m < n + 0} := ⟨n, sorry⟩\n",
        "by { tactic.add_decl (declaration.ax `made_up [] `(∀ a : nat, a < a + 0)), "
        "(do e ← tactic.mk_const `made_up, n ← tactic.get_local `n, "
        "tactic.exact (expr.app e n)) }",
        "made_up",
    ),
    "an axiom beside a good proof": (
        "def here (n : nat) : {m : nat // m = n} := ⟨n, sorry⟩\n",
        "by { tactic.add_decl (declaration.ax `made_up [] `(false)), refl }",
        "made_up",
    ),
    "what breaks a later declaration": (
        "theorem t : true := sorry\n\ntheorem u : t = trivial := rfl\n\n#check u\n",
        "by trivial\n\ntheorem u : true := trivial",
        "",
    ),
    "an end of the file before the rest": (
        "theorem t : true := sorry\n\ntheorem u : true := trivial\n",
        "by trivial\n#exit",
        "",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
async def test_a_bad_proof_is_refused(core_project: Path, name: str) -> None:
    text, replacement, words = REFUSED[name]
    found = await verdict(core_project, text, replacement)
    assert not found.accepted
    assert found.message
    assert words in found.message


async def test_axioms_are_listed(core_project: Path) -> None:
    text = (
        "axiom mine : ∀ p : Prop, p → p\n\ntheorem t (p : Prop) (h : p) : p ∧ (p ∨ ¬ p) := sorry\n"
    )
    found = await verdict(core_project, text, "by exact ⟨mine p h, classical.em p⟩")
    assert found.accepted, found
    assert {"classical.choice", "mine", "propext"} <= set(found.axioms)
    assert set(found.axioms) <= {"classical.choice", "mine", "propext", "quot.sound"}


async def test_a_proof_without_axioms_lists_none(core_project: Path) -> None:
    found = await verdict(core_project, PLAIN, "by exact ⟨hp, hq⟩")
    assert found.accepted
    assert (found.axioms, found.sorries) == ([], [])


async def test_a_constant_of_the_document_counts_as_an_axiom(core_project: Path) -> None:
    text = "constant c : 1 = 2\n\ntheorem t : 1 = 2 := sorry\n"
    found = await verdict(core_project, text, "by exact c")
    assert found.accepted
    assert found.axioms == ["c"]


async def test_an_earlier_sorry_is_reported(core_project: Path) -> None:
    text = (
        "theorem unproved : 1 = 2 := sorry\n\ntheorem between : 2 = 1 := unproved.symm\n\n"
        "theorem t : 2 = 1 := sorry\n"
    )
    found = await verdict(core_project, text, "by exact between", 1)
    assert found.accepted
    assert found.sorries == ["unproved"]


async def test_a_sorry_that_is_not_used_is_not_reported(core_project: Path) -> None:
    text = "theorem unproved : 1 = 2 := sorry\n\ntheorem t : true := sorry\n"
    found = await verdict(core_project, text, "by trivial", 1)
    assert found.accepted
    assert found.sorries == []


@pytest.mark.parametrize(
    "text",
    [
        "theorem missing : 1 = 2 :=\n\ntheorem t : true := sorry\n",
        "theorem missing : 1 = 2 :=\ntheorem t : true := sorry\n",
        "theorem missing : 1 = 2 :=\n\n\ntheorem between : true := trivial\n\n"
        "theorem t : true := sorry\n",
        "theorem empty_one : 1 = 2 := begin end\n\ntheorem t : true := sorry\n",
        "theorem broken : 1 = 2 := rfl\n\ntheorem t : true := sorry\n",
        "theorem t : true := sorry\n\ntheorem broken : 1 = 2 := rfl\n",
        "theorem t : true := sorry\n\ntheorem missing : 1 = 2 :=\n",
        "theorem t : true := sorry\n\n#eval unheard_of\n#check (1 : bool)\n",
        "#eval unheard_of\ntheorem t : true := sorry",
        "theorem t : true := sorry theorem broken : 1 = 2 := rfl\n",
    ],
)
async def test_errors_elsewhere_that_were_there_do_not_matter(
    core_project: Path, text: str
) -> None:
    sites = analyse(text).sites
    ordinal = next(n for n, site in enumerate(sites) if site.declaration.name == "t")
    found = await verdict(core_project, text, "begin\n  trivial\nend", ordinal)
    assert found.accepted, found
    assert found.message.startswith("elsewhere, Lean reports: ")


async def test_a_missing_proof_is_filled(core_project: Path) -> None:
    text = "theorem a : true :=\n\ntheorem b : true :=\n\ntheorem c : true :="
    for ordinal in range(3):
        found = await verdict(core_project, text, "\nbegin\n  trivial,\nend", ordinal)
        assert found.accepted, (ordinal, found)


async def test_a_site_that_is_met_several_times_is_judged_each_time(core_project: Path) -> None:
    text = "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := by { split; sorry }\n"
    assert (await verdict(core_project, text, "assumption")).accepted
    found = await verdict(core_project, text, "exact hp")
    assert not found.accepted


async def test_a_definition_that_needs_noncomputable_is_no_place_for_a_proof(
    core_project: Path,
) -> None:
    text = (
        "def pick : {n : nat // n = n} := ⟨classical.choice ⟨3⟩, sorry⟩\n\n"
        "def after : nat := pick.1\n"
    )
    found = await verdict(core_project, text, "by refl")
    assert not found.accepted


# -- several proofs of one document ----------------------------------------------------------------

SEVERAL = """\
theorem a (p q : Prop) (h : p ∧ q) : q ∧ p := sorry
theorem b (p q : Prop) (h : p ∧ q) : q :=
theorem c (n : nat) : n = n := begin have h : n = n, sorry, sorry end
example : 1 = 1 :=
"""
STAND = ["begin exact ⟨h.2, h.1⟩ end", " begin exact h.2 end", "refl", "exact h", " begin refl end"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, ""),
        ({0: "begin sorry end"}, "contains sorry"),
        ({1: " begin exact 3 end"}, "another error"),
        ({3: "exact c n"}, "unknown identifier"),
        ({4: " begin refl end\nexample : 2 = 3 := by refl"}, "2 = 3"),
    ],
)
async def test_several_proofs_are_judged_in_one_text(
    core_project: Path, changed: dict[int, str], message: str
) -> None:
    proofs = [changed.get(number, proof) for number, proof in enumerate(STAND)]
    async with session() as made:
        document = Document(SEVERAL, core_project / "src" / "document.lean")
        sites = analyse(SEVERAL).sites
        found = await made.verify_together(document, list(zip(sites, proofs, strict=True)))
    if not changed:
        assert all(verdict.accepted for verdict in found), found
        assert found[0].checker.startswith("Lean 3.")
    for number in changed:
        assert not found[number].accepted
        assert message in found[number].message


async def test_errors_that_were_there_before_speak_against_no_proof(core_project: Path) -> None:
    text = SEVERAL + "example : 2 = 3 := by refl\n"
    async with session() as made:
        document = Document(text, core_project / "src" / "document.lean")
        sites = analyse(text).sites[:5]
        found = await made.verify_together(document, list(zip(sites, STAND, strict=True)))
    assert all(verdict.accepted for verdict in found), found


@pytest.mark.parametrize(
    ("proof", "accepted"),
    [("begin refl end", True), ("begin sorry end", False), ("begin exact 3 end", False)],
)
async def test_a_declaration_is_judged_alone(
    core_project: Path, proof: str, accepted: bool
) -> None:
    text = "theorem t : 1 = 1 := sorry\nexample : 2 = 3 := rfl\n"
    async with session() as made:
        document = Document(text, core_project / "src" / "document.lean")
        found = await made.verify_declaration(document, analyse(text).sites[0], proof)
    assert found.accepted is accepted, found
