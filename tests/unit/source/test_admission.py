"""The allow-list for documents of strangers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.source.admission import refusal

ADMITTED = [
    "variables x y z w : nat\ntheorem t (H₁ : x = y) (H₂ : y = z) (H₃ : z = w) : x = w :=",
    "def double (n : ℕ) : ℕ := n + n\n\n@[simp] lemma double_0 : double 0 = 0 := rfl\n"
    "theorem t (n : ℕ) : double n = 2 * n := sorry",
    "open nat\nopen_locale big_operators classical\nuniverse u\nvariables {α : Type u} [group α]\n"
    "example (a b : α) (h : a * b = 1) : b * a = 1 :=",
    "namespace foo\nsection\nparameter (p : Prop)\ninclude p\nlemma t : p := begin end\nomit p\n"
    "end\nend foo",
    "inductive even : ℕ → Prop\n| zero : even 0\n| step : ∀ n, even n → even (n + 2)\n"
    "theorem four : even 4 :=",
    "structure point := (x : ℕ) (y : ℕ)\nattribute [ext] point\n"
    "local attribute [instance, priority 10] classical.prop_decidable\nexample : true := rfl",
    "local infixl ` ⊕⊕ `:65 := λ a b : ℕ, a + b\nnotation `two` := 2\nexample : 1 ⊕⊕ 1 = two :=",
    "noncomputable theory\nset_option old_structure_cmd true\nconstant c : ℕ\naxiom ax : c = 1\n"
    "example : c = 1 :=",
    "/-! a module's doc -/\n-- run_cmd in a comment\n/-- `#eval` in another -/\nexample : 1 = 1 :=",
    "@[derive decidable_eq] inductive two | a | b\nexample (x : two) : x = two.a ∨ x = two.b :=\n"
    "begin cases x, { left, refl }, { right, sorry } end",
    "example (f : ℕ → ℕ) (s : set ℕ) : f '' s = f '' s :=\nbegin\n  ext x, split; intro h; "
    "conv { to_lhs, skip },\n  { calc x = x : rfl ... = x : by simp [*] at * },\n"
    "  all_goals { try { admit } },\nend",
    "example : ∀ x : ℕ, ∃ y, x < y := λ x, ⟨x + 1, by { simp, exact nat.lt_succ_self x }⟩",
    "theorem t (a b : ℤ) (prefix : a ≤ b) : #[1, 2].size = 2 :=",
    "",
]

REFUSED = {
    "import tactic\nexample : 1 = 1 :=": "Imports",
    "prelude\nexample : 1 = 1 :=": "Imports",
    "#eval 1": "#eval",
    "#check nat\nexample : 1 = 1 :=": "#check",
    "example : 1 = 1 := rfl #print axioms": "#print",
    "run_cmd tactic.skip": "run_cmd",
    "example : 1 = 1 := rfl run_cmd skip": "run_cmd",
    "meta def f := 1": "meta",
    "private meta def f := 1": "meta",
    "def f : io unit := do return ()": "do",
    'example : true := by { tactic.unsafe_run_io (io.cmd {cmd := "touch"}), trivial }': "",
    "example : true := by unsafe_run_io x": "unsafe_run_io",
    "example (h : by { unsafe_run_io x, exact true }) : true :=": "unsafe_run_io",
    "example : true := by my_own_tactic": "my_own_tactic",
    "variables (h : by { my_own_tactic })": "my_own_tactic",
    "notation `x` := by { my_own_tactic }": "my_own_tactic",
    "example : true := by (trivial)": "(",
    "example : true := begin [smt] eblast end": "tactic classes",
    "open tactic\nexample : true :=": "open",
    "namespace tactic.interactive\nend tactic.interactive": "meta",
    "export io (cmd)": "export",
    "local notation `foo` := tactic.unsafe_run_io": "unsafe_run_io",
    "notation `/-x` := 1\nexample : 1 = 1 :=": "symbol",
    "notation `--` := 1": "",
    'example : string := "a"': "Strings",
    "example : x = ``(1) := rfl": "Quotations",
    "example : n = `foo := rfl": "Quoted names",
    "example : «run_cmd» = 1 :=": "« »",
    "@[user_attribute] def f := 1": "user_attribute",
    "attribute [parse] foo": "parse",
    "@[simp, vm_override x] def f := 1": "vm_override",
    'localized "notation `x` := 1" in foo': "",
    "set_option trace.simplify true": "options",
    "alias foo ← bar": "alias",
    'library_note "x"': "",
    "example : 1 = " + "1" * 401 + " :=": "numeral",
    "example : " + "(" * 200 + "1" + ")" * 200 + " = 1 :=": "nested",
    "example : 1 = 1 := \u202e": "U+202E",
    "example : 1\u00a0= 1 :=": "U+00A0",
    "example : 1 = 1 :=\x00": "U+0000",
    "example : 1 = 1 :=\u2028": "U+2028",
    "hello": "command",
    "<script>alert(1)</script>": "command",
    "#exit\nanything": "#exit",
    "def x := undefined": "undefined",
    "def x : ℕ := interactive.loc.wildcard": "meta",
}


@pytest.mark.parametrize("text", ADMITTED)
def test_what_people_write_is_admitted(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize(("text", "why"), REFUSED.items())
def test_what_runs_programs_or_hides_is_refused(text: str, why: str) -> None:
    found = refusal(text)
    assert found is not None
    assert why in found.message
    assert 0 <= found.offset <= len(text)


def test_the_place_is_where_the_word_stands() -> None:
    text = "example : 1 = 1 :=\n  by { skip, evil }"
    found = refusal(text)
    assert found is not None
    assert text[found.offset :].startswith("evil")


@given(st.text(), st.sampled_from([*ADMITTED, *REFUSED]), st.integers(0, 300))
def test_no_text_raises_and_admission_needs_every_part(noise: str, text: str, at: int) -> None:
    mixed = text[:at] + noise + text[at:]
    found = refusal(mixed)
    assert found is None or 0 <= found.offset <= len(mixed)


@given(st.sampled_from(ADMITTED), st.sampled_from(["run_cmd x", "#eval 1", "meta def x := 1"]))
def test_a_command_that_runs_is_refused_after_any_text(text: str, command: str) -> None:
    assert refusal(f"{text}\n{command}") is not None
