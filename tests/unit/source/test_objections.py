"""Which tactics of a generator are refused, and that real ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generators.repertoire import CLOSERS, LONG_CLOSERS, moves
from engine.source import objection

REAL = """\
rw [←vadd_vsub g1, h, vadd_vsub]
simp only [mul_comm a, zero_add] with field_simps at h ⊢
exact ⟨λ h, h.symm ▸ rfl, λ ⟨x, hx⟩, by simpa using hx⟩
refine ⟨_, λ x hx, _⟩
have h : ∀ x ∈ s, f x = 0, from λ x hx, by { simp [hx], ring }
have : 0 < n := nat.pos_of_ne_zero (by rintro rfl; simpa using h)
obtain ⟨x, hx⟩ | h := em (∃ x, p x)
rcases h with ⟨x, (rfl | ⟨y, hy⟩)⟩
rintro (⟨⟩ | ⟨x, hx⟩) ⟨y⟩
cases n; simp [nat.succ_eq_add_one]
split; intro h; { cases h with x hx, exact ⟨x, hx⟩ }
{ intro x, simp } <|> { exact h }
simp; [ring, skip]
induction n with n ih generalizing m
by_cases h : x = 0
contrapose! h
calc a = b : by rw h ... = c : k
show a = b, from h
let f : ℕ → ℕ := λ n, if n = 0 then 1 else n
set y := f x with hy
suffices : x = y, by { subst this }
conv_lhs { rw [← h, mul_comm], congr, skip, funext }
conv in (_ + _) { to_rhs, rw h }
case or.inl : h { exact h.elim }
all_goals { try { assumption } }
repeat { rw mul_comm <|> rw add_comm }
iterate 3 { constructor }
work_on_goal 2 { simp }
nlinarith [sq_nonneg (a - b), mul_self_nonneg x]
exact match n with | 0 := h | (n+1) := k n end
refine ⟨{ to_fun := f, map_add' := λ x y, _, .. g }, rfl⟩
ext1 ⟨x, hx⟩ : 2
tfae_have : 1 → 2
filter_upwards [h1, h2] with x hx using hx.le
classical, exact h
apply_rules [add_le_add, mul_le_mul]
solve_by_elim [f] { max_depth := 4, discharger := tactic.interactive.apply_instance }
exact (λ x, begin cases x, { refl }, exact h end : ∀ x, p x)
assume x y
from h
exact_mod_cast (by norm_num : (4 : ℝ) / -2 = -2)
simpa only [finset.sum_range_succ, ← pow_succ'] using (h 𝕜).symm
""".splitlines()

BAD = {
    "sorry": "sorry",
    "exact sorry": "sorry",
    "exact (by sorry)": "sorry",
    "admit": "admit",
    "have h : false := undefined, exact h": "undefined",
    "tactic.skip": "meta",
    "tactic .skip": "no tactic",
    "_root_.tactic.skip": "meta",
    "exact by tactic.admit": "admit",
    "tactic.unsafe_run_io (io.cmd {cmd := a})": "unsafe_run_io",
    "by { unsafe_run_io x }": "unsafe_run_io",
    "simp {discharger := unsafe_run_io x}": "unsafe_run_io",
    "run_cmd x": "run_cmd",
    "eval_expr unit x": "eval_expr",
    "set_env e": "set_env",
    "io.put_str x": "meta",
    "(simp)": "no tactic",
    "do x, y": "do",
    "simp {discharger := do x}": "do",
    "exact «sorry»": "quoted name",
    "exact `(1)": "quotes",
    "exact ``nat": "quotes",
    "`[simp]": "quotes",
    'exact "a".to_name': "string",
    "simp } junk": "closes nothing",
    "simp } , { skip": "closes nothing",
    "simp end": "closes nothing",
    "simp\nend\ntheorem x : false := h\nbegin": "closes nothing",
    "exact (foo": "lacks",
    "begin simp": "lacks",
    "exact (foo]": "closes nothing",
    "simp -- comment": "comment",
    "simp /- comment": "comment",
    "simp -/": "comment",
    "simp /--/ junk": "comment",
    "begin [smt] skip end": "class",
    "{ [smt] skip }": "no tactic",
    "[simp]": "class",
    "my_own_tactic": "no tactic",
    "try { my_own_tactic }": "no tactic",
    "cases h; my_own_tactic": "no tactic",
    "exact foo (by my_own_tactic) bar": "no tactic",
    "exact λ x, begin simp, my_own_tactic end": "no tactic",
    "simp <|> my_own_tactic": "no tactic",
    "have : p, { my_own_tactic }, exact this": "no tactic",
    "conv { my_own_tactic }": "no tactic",
    "theorem x : p := h": "command",
    "simp, axiom x : false": "command",
    "exact h notation": "command",
    "exact\u200bh": "invisible",
    "exact\u202eh": "invisible",
    "exact\u00a0h": "invisible",
    "exact h\r": "invisible",
    "exact h\0": "invisible",
    "exact h\x0b": "invisible",
    "polyrith": "polyrith",
    "dsp_lsp_audit 1 { simp }": "dsp_lsp_audit",
    "exact %%h": "antiquotation",
    "norm_num [" + "9" * 20_000 + "]": "too long",
    "exact " + "9" * 1000: "numeral",
    "exact " + "(" * 100 + ")" * 100: "deeply",
    "": "empty",
    "  \n": "empty",
}


@pytest.mark.parametrize("tactic", REAL)
def test_real_tactics_pass(tactic: str) -> None:
    assert objection(tactic) is None


@pytest.mark.parametrize("tactic", BAD)
def test_what_reaches_outside_is_refused(tactic: str) -> None:
    found = objection(tactic)
    assert found is not None
    assert BAD[tactic] in found


def test_what_is_combined_outside_tactics_is_read_by_lean_as_an_argument() -> None:
    # `>>` does not start a tactic: what follows is an operand, for the name checks alone.
    assert objection("skip >> unsafe_run_io x") is not None


@pytest.mark.parametrize("extra", [e for e in (*CLOSERS, *LONG_CLOSERS) if not e.probe])
def test_the_repertoire_passes(extra) -> None:  # type: ignore[no-untyped-def]
    assert objection(extra.tactic) is None


STATES = [
    "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p",
    "x y z : ℕ,\nh₁ : x = y,\nh₂ : y = z\n⊢ x = z ∨ ∃ n, n = x",
    "f : ℕ → ℕ,\nh : ∀ n, f n ≤ f (n + 1),\nn : ℕ\n⊢ f 0 ≤ f n",
    "α : Type u_1,\ns t : set α,\nh : ∀ x, x ∈ s → x ∈ t\n⊢ s ⊆ t",
    "a b : ℝ,\nh : 0 < a ∧ (b = 0 ∨ ¬b < a)\n⊢ (if a = 0 then 1 else 2) ≠ 0",
]


@pytest.mark.parametrize("state", STATES)
def test_its_moves_pass(state: str) -> None:
    tried = [tactic for tactic, _ in moves(state)]
    assert len(tried) > 3
    assert [tactic for tactic in tried if objection(tactic) is not None] == []


AROUND = st.sampled_from(
    [
        "{0}",
        "{{ simp, {0} }}",
        "{{ {0} }}",
        "{0}; simp",
        "simp; {0}",
        "simp <|> {0}",
        "cases h; [{0}, skip]",
        "try {{ {0} }}",
        "all_goals {{ {0} }}",
        "exact foo (by {0})",
        "exact λ x, by {0}",
        "exact ⟨h, begin {0} end⟩",
        "{{ have h : p x := by {0}, simp }}",
        "{{ have h : p x, {{ {0} }}, simp }}",
        "{{ have h : ∀ x, p x, by {0} }}",
        "calc a = b : by {0} ... = c : h",
        "refine {{ to_fun := f, map := by {0} }}",
        "{{ rcases h with ⟨x, y⟩, {0} }}",
        "{{ show p, by {0} }}",
        "exact if h then a else by {0}",
        "conv {{ {0} }}",
        "case foo : x y {{ {0} }}",
        "exact match n with | 0 := by {0} | _ := h end",
    ]
)


@given(
    st.lists(AROUND, max_size=4),
    st.sampled_from(["evil", "tactic.skip", "sorry", "(simp)", "unsafe_run_io x", "`[simp]"]),
    st.sampled_from(["skip", "simp", "exact h"]),
)
def test_nothing_hides_inside_something_else(around: list[str], bad: str, good: str) -> None:
    for template in around:
        bad, good = template.format(bad), template.format(good)
    if "conv {" not in good:  # where fewer tactics are
        assert objection(good) is None, good
    assert objection(bad) is not None, bad


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    found = objection(text)
    assert found is None or found


def test_a_bracket_with_a_prime_is_one() -> None:
    assert objection("exact ⟨'") is not None


@given(st.text(alphabet="(){}[]⟨⟩,; \nbegin end by simp/-\"'`«»x.0", max_size=40))
def test_what_passes_does_not_end_the_template(text: str) -> None:
    if objection(text) is None:
        assert objection("{ " + text + "\n}") is None
