"""Copies of pairs under other names say what the pairs say."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.records import TacticPair
from engine.data.rename import Names, copies, local_names, rename, words

STATE = """2 goals
case or.inl
α : Type u_1,
_inst_1 : linear_order α,
s t : set α,
f : α → α,
h₁ : s ⊆ t,
this : f '' s ⊆ t,
x : α,
ih : ∀ (y : α), y ∈ s → f y ∈ t,
hx : x ∈ s
⊢ f x ∈ f '' t ∧ ∃ (z : α), z ∈ s.image f

β : Type u_2,
n : ℕ
⊢ n.succ ≤ n"""


def pair(state: str, tactic: str, **fields: str) -> TacticPair:
    return TacticPair("t", "f.lean", 1, 0, state, tactic, "no goals", **fields)


def test_local_names_have_the_kind_of_their_type() -> None:
    assert local_names(STATE) == {
        "α": "Type", "s": "set", "t": "set", "f": "→", "h₁": "h", "x": "local", "ih": "h",
        "hx": "h", "β": "Type", "n": "ℕ",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("exact h₁ hx", "exact A hx"),
        ("exact (h₁.trans foo.h₁) hx'", "exact (A.trans foo.h₁) hx'"),
        ("rw [←h₁, @h₁ _, set.s, s.image] at h₁ ⊢", "rw [←A, @A _, set.s, B.image] at A ⊢"),
        ("λ s, ∑ x in s, s⁻¹ + s₁", "λ B, ∑ x in B, B⁻¹ + s₁"),
        ("simp [h₁.1, «h₁»]", "simp [A.1, «h₁»]"),
    ],
)
def test_whole_names_are_changed_up_to_the_first_dot(text: str, renamed: str) -> None:
    assert rename(text, {"h₁": "A", "s": "B"}) == renamed


def test_names_can_be_exchanged() -> None:
    assert rename("exact h x (x h)", {"h": "x", "x": "h"}) == "exact x h (h x)"


NAMES = Names([STATE, "a b : ℕ,\nhab hb hc : a < b,\ng k : ℕ → ℕ,\nu v w : set ℕ\n⊢ a = b"])


@given(st.integers(0, 10_000))
def test_a_copy_is_the_pair_under_an_injective_renaming(seed: int) -> None:
    one = pair(STATE, "exact ⟨mem_image_of_mem f (h₁ hx), x, s.foo, ih x hx⟩")
    for copy in copies(one, 3, NAMES, seed=seed):
        before, after = (
            re.findall(r"[\w'.]+", f"{each.state}\n{each.tactic}") for each in (one, copy)
        )
        changed = {a.split(".")[0]: b.split(".")[0] for a, b in zip(before, after, strict=True)}
        assert len(set(changed.values())) == len(changed)
        local = local_names(one.state)
        assert all(new == old or old in local for old, new in changed.items())
        back = {new: old for old, new in changed.items()}
        assert (rename(copy.state, back), rename(copy.tactic, back)) == (one.state, one.tactic)
        assert local_names(copy.state).keys() == {changed[name] for name in local}
        assert copy.next == ""
        assert copy.family == "renamed"


@given(st.lists(st.sampled_from(["h", "hx", "s", "s.t", "(", "⟨", "λ ", ", ", " ", "'", "₁", "."])))
def test_renaming_back_gives_what_there_was(parts: list[str]) -> None:
    text = "".join(parts)
    mapping = {"h": "new₁", "s": "new₂"}
    back = {new: old for old, new in mapping.items()}
    assert rename(rename(text, mapping), back) == text
    assert words(rename(text, mapping)) == {mapping.get(word, word) for word in words(text)}


def test_copies_differ_and_depend_on_the_pair_and_the_seed_alone() -> None:
    one = pair(STATE, "exact h₁ hx")
    first = list(copies(one, 5, NAMES, seed=0))
    assert first == list(copies(one, 5, NAMES, seed=0))
    assert first != list(copies(one, 5, NAMES, seed=1))
    texts = {(copy.state, copy.tactic) for copy in [*first, one]}
    assert len(texts) == len(first) + 1


def test_a_word_that_names_a_tactic_is_left_alone() -> None:
    state = "left right : ℕ\n⊢ left = right"
    names = Names(["a b c d e k l m n : ℕ\n⊢ a = b"])
    tactics = {
        copy.tactic
        for seed in range(20)
        for copy in copies(pair(state, "left; exact right"), 3, names, seed=seed)
    }
    assert tactics
    assert all(tactic.startswith("left; exact ") for tactic in tactics)


def test_nothing_local_no_copy() -> None:
    assert list(copies(pair("⊢ 1 = 1", "refl"), 3, NAMES, seed=0)) == []


def test_an_augmented_pair_stays_of_its_family() -> None:
    found = copies(pair(STATE, "rw h₁", family="rw"), 3, NAMES, seed=0)
    assert {copy.family for copy in found} == {"rw"}


def test_names_are_drawn_as_often_as_they_are_met() -> None:
    names = Names(["a : ℕ\n⊢ true"] * 9 + ["b : ℕ\n⊢ true"])
    drawn = [names.draw("ℕ", set(), random.Random(i)) for i in range(300)]
    assert 240 < drawn.count("a") < 295
    assert names.draw("ℕ", {"a", "b"}, random.Random(0)) is None
    assert names.draw("set", set(), random.Random(0)) is None
