"""The repertoire as a generator, and its lists."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.generators import Repertoire
from engine.generators.repertoire import (
    CLOSERS,
    LONG_CLOSERS,
    Binder,
    binder_names,
    binders,
    clean_said,
    moves,
    principal,
)
from engine.goals import parse_state

EVERYTHING = set(Repertoire.asked())
CORE_TACTICS = """
intro intros split refine left right existsi funext congr symmetry constructor exfalso simp rw subst
by_contradiction dsimp unfold induction cases apply exact have specialize by_cases refl assumption
trivial contradiction ac_refl cc injection
"""
CORE = {f"tactic.interactive.{name}" for name in CORE_TACTICS.split()}

STATES = [
    "p q : Prop\n⊢ p ∧ q → q ∧ p",
    "α : Type,\np q : α → Prop,\nh : ∃ (x : α), p x ∨ q x\n⊢ (∃ (x : α), p x) ∨ ∃ (x : α), q x",
    "α : Type u_1,\nt : tree α\n⊢ t.mirror.mirror = t",
    "n : ℕ,\nih : 2 * sum_to n = n * (n + 1)\n⊢ 2 * sum_to n.succ = n.succ * (n.succ + 1)",
    "G : Type u_1,\n_inst_1 : group G,\nh : ∀ (x : G), x * x = 1,\na b : G\n⊢ a * b = b * a",
    "a b c : ℝ,\nh : 0 < a,\nh_1 : a ≤ b\n⊢ 2 ≤ a / b + b / a",
    "α : Type u_1,\ns t : set α,\nhx : s ⊆ t\n⊢ s \\ t ⊆ ∅",
    "a b : ℤ,\nh : 7 ∣ 10 * a + b\n⊢ 7 ∣ a - 2 * b",
    "2 goals\np q : Prop,\nhp : p\n⊢ p\n\np q : Prop\n⊢ q",
    "p : Prop,\n_inst_1 : decidable p,\na b : ℕ\n⊢ ite p a b = if p then a else b",
    "f : ℕ → ℕ\n⊢ ∃ (x : ℕ), f x = f 0",
    "⊢ false",
]


def fresh_names(tactic: str) -> list[str]:
    """Names that a tactic brings in."""
    for pattern in (r"intros? (.*)", r"cases \S+ with (.*)", r"have (\S+) :=.*", r"ext (.*)"):
        match = re.fullmatch(pattern, tactic)
        if match is not None:
            return match[1].split()
    match = re.fullmatch(r"(?:by_cases|by_contradiction) (\S+)(?: :.*)?", tactic)
    if match is not None:
        return [match[1]]
    match = re.fullmatch(r"choose (\S+) (\S+) using .*", tactic)
    return [match[1], match[2]] if match is not None else []


@pytest.mark.parametrize("state", STATES)
def test_new_names_do_not_hide_old_ones(state: str) -> None:
    taken = {name for h in parse_state(state)[0].hypotheses for name in h.names}
    for tactic, _ in moves(state):
        names = fresh_names(tactic)
        assert len(set(names)) == len(names), tactic
        assert not taken & set(names), tactic


@pytest.mark.parametrize("state", STATES)
def test_moves_are_distinct_positive_and_heaviest_first(state: str) -> None:
    found = moves(state)
    assert len({tactic for tactic, _ in found}) == len(found)
    weights = [weight for _, weight in found]
    assert weights == sorted(weights, reverse=True)
    assert all(weight > 0 for weight in weights)
    assert moves(state) == found


@pytest.mark.parametrize("known", [EVERYTHING, CORE])
@pytest.mark.parametrize("state", STATES)
async def test_candidates_are_a_distribution(state: str, known: set[str]) -> None:
    repertoire = Repertoire(known)
    all_of_them = await repertoire.sample(state, 10_000, seed=0)
    total = sum(math.exp(candidate.log_prob) for candidate in all_of_them)
    assert total == pytest.approx(1.0) if all_of_them else total == 0
    some = await repertoire.sample(state, 5, seed=3)
    assert some == all_of_them[:5]
    assert len({c.tactic for c in all_of_them}) == len(all_of_them)
    assert [c.log_prob for c in all_of_them] == sorted(
        (c.log_prob for c in all_of_them), reverse=True
    )


async def test_only_what_exists_is_proposed() -> None:
    for state in STATES:
        for candidate in await Repertoire(CORE).sample(state, 1000, seed=0):
            head = re.split(r"\W", candidate.tactic, maxsplit=1)[0]
            assert f"tactic.interactive.{head}" in CORE
    assert await Repertoire(set()).sample(STATES[0], 10, seed=0) == []
    assert Repertoire(set()).closers() == []
    assert Repertoire(set()).long_closers() == []


async def test_what_is_better_takes_the_others_place() -> None:
    state = "f : ℕ → ℕ\n⊢ ∃ (x : ℕ), f x = f 0"
    with_core = [c.tactic for c in await Repertoire(CORE).sample(state, 1000, seed=0)]
    with_all = [c.tactic for c in await Repertoire(EVERYTHING).sample(state, 1000, seed=0)]
    assert any(tactic.startswith("existsi ") for tactic in with_core)
    assert not any(tactic.startswith("existsi ") for tactic in with_all)
    assert any(tactic.startswith("use ") for tactic in with_all)
    core_closers = [extra.tactic for extra in Repertoire(CORE).closers()]
    all_closers = [extra.tactic for extra in Repertoire(EVERYTHING).closers()]
    assert any("nat.add_comm" in tactic for tactic in core_closers)
    assert not any("nat.add_comm" in tactic for tactic in all_closers)


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ("p q : Prop\n⊢ p ∧ q → q", "intros h"),
        ("p q : Prop,\nh : p ∧ q\n⊢ q", "cases h"),
        ("p q : Prop\n⊢ p ∧ q", "split"),
        ("h : ∃ (n : ℕ), n = 1\n⊢ false", "cases h with n hn"),
        ("n : ℕ,\nh : ∃ (n : ℕ), n = 1\n⊢ false", "cases h with n_1 hn_1"),
        ("p q : Prop,\nh : p ∨ q\n⊢ q ∨ p", "cases h"),
    ],
)
def test_what_loses_nothing_comes_first(state: str, first: str) -> None:
    tactic, weight = moves(state)[0]
    assert tactic == first
    assert weight > sum(other for _, other in moves(state)[1:])


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("t : tree ℕ\n⊢ t.mirror.mirror = t", "induction t; simp [tree.mirror, *]"),
        ("n : ℕ\n⊢ sum_to n = n", "unfold sum_to"),
        ("n : ℕ\n⊢ sum_to n = n", "induction n with n ih"),
        ("a b : bool\n⊢ a && b = b && a", "cases a; cases b; refl"),
        ("x y : α,\nf : α → β,\nh : ∀ (x : α), p x\n⊢ q", "have h_1 := h y"),
        ("α : Type,\np : α → Prop,\nx : α,\nh : p x\n⊢ ∃ (x : α), p x", "use x"),
        ("a b : ℚ,\nh : 0 ≤ a\n⊢ a * b ≤ a ^ 2 + b ^ 2", "nlinarith [sq_nonneg (a - b)]"),
        ("a b : ℚ,\nh : a = b\n⊢ b = a", "rw h"),
        ("s t : set α\n⊢ s ⊆ t", "intros x hx"),
        ("p : Prop,\nh : ¬∀ (x : α), p\n⊢ q", "push_neg at h"),
        (
            "h : ∀ (x : α), ∃ (y : β), r x y\n⊢ ∃ (f : α → β), ∀ (x : α), r x (f x)",
            "choose f hf using h",
        ),
    ],
)
def test_moves_that_must_be_there(state: str, expected: str) -> None:
    assert expected in [tactic for tactic, _ in moves(state)]


def test_instances_are_left_alone() -> None:
    state = "G : Type u_1,\n_inst_1 : group G,\na : G\n⊢ a = a"
    assert not any("_inst" in tactic for tactic, _ in moves(state))


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("p ∧ q → r", "→"),
        ("p ∧ q ↔ r → s", "↔"),
        ("p ∨ q ∧ r", "∨"),
        ("¬p ∧ q", "∧"),
        ("¬(p ∧ q)", "¬"),
        ("∃ (x : α), p x ∧ q x", "∃"),
        ("∀ (x : α), p x", "∀"),
        ("p ∧ ∃ (x : α), q x ∨ r x", "∧"),
        ("(p → q) ∧ r", "∧"),
        ("a + b = c", "="),
        ("f (a = b)", ""),
        ("x ∈ s ∩ t", "∈"),
        ("function.injective f", ""),
        ("", ""),
        ("))) = (", ""),
    ],
)
def test_what_a_proposition_is_built_with(text: str, sign: str) -> None:
    assert principal(text) == sign


@pytest.mark.parametrize(
    ("target", "taken", "names"),
    [
        ("p → q", set(), ["h"]),
        ("p → q → r", {"h"}, ["h_1", "h_2"]),
        ("∀ (x y : ℕ), x = y → y = x", {"x"}, ["x_1", "y", "h"]),
        ("∀ {α : Type} (a : α), a = a", set(), ["α", "a"]),
        ("¬p", set(), ["h"]),
        ("p ↔ q → r", set(), []),
        ("p ∧ (q → r)", set(), []),
        ("1 = 1", set(), []),
    ],
)
def test_binders_keep_their_names(target: str, taken: set[str], names: list[str]) -> None:
    assert binder_names(target, taken) == names


@pytest.mark.parametrize(
    ("text", "found", "rest"),
    [
        ("∀ (x y : ℕ), x = y", [Binder(("x", "y"), "ℕ", True)], "x = y"),
        (
            "∀ {α : Type} [decidable_eq α] (f : α → list (α × α)), p f",
            [
                Binder(("α",), "Type", False),
                Binder(("_inst",), "decidable_eq α", False),
                Binder(("f",), "α → list (α × α)", True),
            ],
            "p f",
        ),
        (
            "∃ (x : ℕ) (H : x ∈ s), p",
            [Binder(("x",), "ℕ", True), Binder(("H",), "x ∈ s", True)],
            "p",
        ),
        ("∀ x, p x", [Binder(("x",), "", True)], "p x"),
        ("∀ ε > 0, p ε", [Binder(("ε", "hε"), "", True)], "p ε"),
        ("∀ ⦃a b : α⦄, r a b", [Binder(("a", "b"), "α", False)], "r a b"),
        ("p → q", [], "p → q"),
        ("∀", [], "∀"),
        ("∀ (x", [], "∀ (x"),
    ],
)
def test_binders(text: str, found: list[Binder], rest: str) -> None:
    assert binders(text) == (found, rest)


ALPHABET = "⊢ :=,\n()[]{}⟨⟩abchx∀∃→↔∧∨¬∣≤<*^/+.λ_'|ℕ1"


@settings(max_examples=300, deadline=None)
@given(
    st.text()
    | st.text(alphabet=ALPHABET, max_size=60)
    | st.text(alphabet=ALPHABET, max_size=60).map(lambda text: f"h : {text}\n⊢ {text}")
)
@example("A : :=⊢")
def test_no_text_raises(text: str) -> None:
    found = moves(text)
    assert len({tactic for tactic, _ in found}) == len(found)
    assert all(weight > 0 and math.isfinite(weight) for _, weight in found)
    principal(text)
    names = binder_names(text, {"h", "x"})
    assert len(set(names)) == len(names)
    assert not {"h", "x"} & set(names)


def test_what_tactics_say_is_cleaned() -> None:
    assert clean_said("Try this: exact foo\n    bar") == "exact foo bar"
    assert clean_said("  simp only [a,\n b]  ") == "simp only [a, b]"
    assert clean_said("") == ""


def test_only_probes_use_what_no_document_may() -> None:
    for extra in (*CLOSERS, *LONG_CLOSERS):
        assert ("dsp_lsp" in extra.tactic) == extra.probe
        assert extra.needs
