"""ByT5's bytes, and states cut to the window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generators import byt5
from engine.generators.backend import candidates
from engine.goals import parse_state
from engine.values import Candidate

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_what_is_encoded_is_decoded(text: str) -> None:
    assert byt5.decode(byt5.encode(text)) == (text.strip() or None)


def test_bytes_of_the_byt5_paper() -> None:
    assert byt5.encode("a⊢") == [100, 0xE2 + 3, 0x8A + 3, 0xA2 + 3, 1]
    assert byt5.encode("") == [1]


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param([], id="nothing"),
        pytest.param([byt5.EOS], id="only the end"),
        pytest.param([35, 35, byt5.EOS], id="only spaces"),
        pytest.param([100, 101], id="no end"),
        pytest.param([byt5.PAD, 100, byt5.EOS], id="padding in front"),
        pytest.param([2, byt5.EOS], id="the unknown token"),
        pytest.param([100, 259, byt5.EOS], id="behind the bytes"),
        pytest.param([-1, byt5.EOS], id="negative"),
        pytest.param([0xE2 + 3, 0x8A + 3, byt5.EOS], id="half a character"),
        pytest.param([0xED + 3, 0xA0 + 3, 0x80 + 3, byt5.EOS], id="a surrogate"),
    ],
)
def test_what_is_no_tactic(ids: list[int]) -> None:
    assert byt5.decode(ids) is None


@given(st.lists(st.integers(0, 383)))
def test_decoding_never_fails(ids: list[int]) -> None:
    text = byt5.decode(ids)
    assert text is None or (text == text.strip() != "")


def test_what_follows_the_end_is_not_looked_at() -> None:
    assert byt5.decode([*byt5.encode("simp"), byt5.PAD, 300, 100]) == "simp"


def test_lone_surrogates_are_no_error() -> None:
    assert byt5.decode(byt5.encode("h\ud800")) == "h?"
    assert byt5.fit("h\ud800 : p", 100) == "h\ud800 : p"


# -- cutting ---------------------------------------------------------------------------------------

GOAL = "α : Type u,\nx y : α,\nh : x = y,\nlong : a →\n  b →\n  c\n⊢ y = x"


def test_a_state_that_fits_is_left_alone() -> None:
    assert byt5.fit(GOAL, len(GOAL.encode())) == GOAL


def test_hypotheses_go_whole_the_first_ones_first() -> None:
    size = len(GOAL.encode())
    assert byt5.fit(GOAL, size - 1) == GOAL.split("\n", 1)[1]
    tail = GOAL[GOAL.index("long") :]
    assert byt5.fit(GOAL, len(tail.encode())) == tail
    assert byt5.fit(GOAL, len(tail.encode()) - 1) == "⊢ y = x"


def test_a_long_target_loses_its_front() -> None:
    assert byt5.fit("h : p\n⊢ a ∧ b ∧ c", 9) == " b ∧ c"[-7:]
    assert byt5.fit("⊢ " + "∧" * 9, 8) == "∧∧"  # no half character


@pytest.mark.parametrize("case", ["", "case or.inl\n"])
def test_the_main_goal_comes_first(case: str) -> None:
    main, second, third = case + "h : p\n⊢ q", "h : r\n⊢ s", "⊢ " + "t" * 50
    state = f"3 goals\n{main}\n\n{second}\n\n{third}"
    assert byt5.fit(state, len(state.encode()) - 1) == f"3 goals\n{main}\n\n{second}"
    assert byt5.fit(state, len(f"3 goals\n{main}".encode())) == f"3 goals\n{main}"
    assert byt5.fit(state, len(main.encode())) == main
    assert byt5.fit(state, len("⊢ q".encode())) == "⊢ q"


def test_what_is_no_state_keeps_its_end() -> None:
    assert byt5.fit("x" * 50 + "no goals", 8) == "no goals"


WORD = st.text("abxyαβ₁∀→ ", min_size=1, max_size=12).map(str.strip).filter(bool)
HYPOTHESIS = st.tuples(st.sampled_from(["h", "h₁ h₂", "α"]), WORD, st.booleans()).map(
    lambda parts: f"{parts[0]} : {parts[1]}" + ("\n  more" if parts[2] else "")
)
GOALS = st.lists(st.tuples(st.lists(HYPOTHESIS, max_size=5), WORD), min_size=1, max_size=3).map(
    lambda goals: [",\n".join(hs) + ("\n" if hs else "") + f"⊢ {t}" for hs, t in goals]
)


@given(GOALS, st.integers(4, 200))
def test_cut_states_fit_and_cut_at_borders(goals: list[str], room: int) -> None:
    counted = f"{len(goals)} goals\n" if len(goals) > 1 else ""
    state = counted + "\n\n".join(goals)
    cut = byt5.fit(state, room)
    assert len(cut.encode()) <= room
    assert byt5.fit(cut, room) == cut
    main = parse_state(state)[0]
    if len(f"⊢ {main.target}".encode()) > room:
        assert f"⊢ {main.target}".endswith(cut)
        return
    found = parse_state(cut)
    assert found[0].target == main.target
    kept = len(found[0].hypotheses)
    assert found[0].hypotheses == main.hypotheses[len(main.hypotheses) - kept :]
    assert found[1:] == parse_state(state)[1 : len(found)]
    assert len(found) == 1 or kept == len(main.hypotheses)


@given(GOALS, st.integers(8, 200))
def test_more_room_never_shows_less(goals: list[str], room: int) -> None:
    state = "\n\n".join(goals)
    assert len(byt5.fit(state, room).encode()) <= len(byt5.fit(state, room + 1).encode())


# -- candidates ------------------------------------------------------------------------------------


def test_candidates_are_distinct_and_best_first() -> None:
    hypotheses = [
        (byt5.encode("simp"), -2.0),
        (byt5.encode("simp "), -1.0),
        (byt5.encode("ring")[:-1], -0.1),
        (byt5.encode("refl"), -0.5),
        (byt5.encode("cc"), -3.0),
        (byt5.encode("tauto"), 1e-7),
        (byt5.encode("<a></a>"), -0.1),
        (byt5.encode("<a>refl</a>"), -0.6),
    ]
    found = candidates(hypotheses, 3, byt5)
    assert found == (Candidate("tauto", 0.0), Candidate("refl", -0.5), Candidate("simp", -1.0))
