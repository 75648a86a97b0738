from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.source import merged


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("rw h", "rw ← h'", "rw [h, ← h']"),
        ("rw [a, b]", "rw [c]", "rw [a, b, c]"),
        ("rw[a]", "rw[b]", "rw [a, b]"),
        ("rw foo x", "rw [bar (f [1])]", "rw [foo x, bar (f [1])]"),
        ("rw a at h ⊢", "rw [b] at h ⊢", "rw [a, b] at h ⊢"),
        ("rw a", "rwa b", "rwa [a, b]"),
        ("simp_rw [a]", "simp_rw [b]", "simp_rw [a, b]"),
        ("erw a", "erw b", "erw [a, b]"),
        ("intro x", "intro y", "intros x y"),
        ("intros x y", "intro h₁", "intros x y h₁"),
    ],
)
def test_neighbours_are_joined(first: str, second: str, both: str) -> None:
    assert merged(first, second) == both


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("rw a at h", "rw b"),
        ("rw a at h", "rw b at h'"),
        ("rwa a", "rw b"),
        ("rw a", "erw b"),
        ("rw [a", "rw b"),
        ("rw", "rw b"),
        ("rw [a] { md := x }", "rw b"),
        ("intros", "intro x"),
        ("simp", "simp"),
        ("intro x", "rw x"),
        ("rw [a], simp", "rw [b]"),
    ],
)
def test_others_are_not(first: str, second: str) -> None:
    assert merged(first, second) is None


_RULES = st.lists(
    st.sampled_from(["h", "← foo.bar", "(f x)", "g [1, 2]", "@mul_comm ℕ _ a b"]),
    min_size=1,
    max_size=3,
)


@given(_RULES, _RULES, st.sampled_from(["", " at h", " at h₁ ⊢", " at *"]))
def test_the_rules_stay_in_order(one: list[str], other: list[str], places: str) -> None:
    both = merged(f"rw [{', '.join(one)}]{places}", f"rw [{', '.join(other)}]{places}")
    assert both == f"rw [{', '.join([*one, *other])}]{places}"


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_answered(one: str, other: str) -> None:
    merged(f"rw {one}", f"rw {other}")
    merged(one, other)
