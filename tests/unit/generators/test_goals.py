"""Printed tactic states, taken apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.goals import Goal, Hypothesis, parse_state

TWO_GOALS = """\
2 goals
case or.inl
α : Type u_1,
_inst_1 : decidable_eq α,
p q : α → Prop,
x : α,
h : p x
⊢ p x ∨ q x

case or.inr
α : Type u_1,
h : q x
⊢ p x ∨ q x"""


def test_no_goals() -> None:
    assert parse_state("no goals") == ()
    assert parse_state("") == ()


def test_a_bare_goal() -> None:
    assert parse_state("⊢ 1 = 1") == (Goal((), "1 = 1"),)


def test_hypotheses_of_one_type_share_a_line() -> None:
    (goal,) = parse_state("x y z : ℕ,\nh : x = y\n⊢ y = x")
    assert goal.hypotheses == (Hypothesis(("x", "y", "z"), "ℕ"), Hypothesis(("h",), "x = y"))
    assert goal.target == "y = x"
    assert goal.case is None


def test_several_goals_with_their_cases() -> None:
    first, second = parse_state(TWO_GOALS)
    assert (first.case, second.case) == ("or.inl", "or.inr")
    assert first.hypotheses[1] == Hypothesis(("_inst_1",), "decidable_eq α")
    assert first.hypotheses[2] == Hypothesis(("p", "q"), "α → Prop")
    assert second.hypotheses == (Hypothesis(("α",), "Type u_1"), Hypothesis(("h",), "q x"))
    assert second.target == "p x ∨ q x"


def test_a_hypothesis_may_take_several_lines() -> None:
    text = (
        "h :\n  ∀ (x : ℕ),\n    a_long_name x →\n    another x,\nk : true\n"
        "⊢ a_long_name 0 →\n  another 0"
    )
    (goal,) = parse_state(text)
    assert [h.names for h in goal.hypotheses] == [("h",), ("k",)]
    assert goal.hypotheses[0].type.split() == "∀ (x : ℕ), a_long_name x → another x".split()  # noqa: SIM905
    assert goal.target.split() == ["a_long_name", "0", "→", "another", "0"]


def test_a_line_of_a_type_may_end_in_a_comma() -> None:
    (goal,) = parse_state("h : ∀ (x : ℕ),\n    x = x,\nn : ℕ\n⊢ n = n")
    assert [h.names for h in goal.hypotheses] == [("h",), ("n",)]


def test_local_definitions_have_values() -> None:
    (goal,) = parse_state("n : ℕ := 2 + 2,\nh : n = 4\n⊢ n = 4")
    assert goal.hypotheses[0] == Hypothesis(("n",), "ℕ", "2 + 2")
    assert goal.hypotheses[1].value is None


def test_an_instance_may_have_no_name() -> None:
    (goal,) = parse_state("α : Type,\n[decidable_eq α]\n⊢ true")
    assert goal.hypotheses[-1].names == ()


def test_names_may_have_primes_subscripts_and_strokes() -> None:
    (goal,) = parse_state("h' h₁ x.y α_1 _inst_2 : p\n⊢ p")
    assert goal.hypotheses[0].names == ("h'", "h₁", "x.y", "α_1", "_inst_2")


def test_a_turnstile_inside_the_target_belongs_to_it() -> None:
    (goal,) = parse_state("Γ : ctx\n⊢ Γ ⊢ p")
    assert goal.target == "Γ ⊢ p"


def test_a_blank_line_inside_a_target_is_no_new_goal() -> None:
    goals = parse_state("2 goals\n⊢ p\n\n⊢ q")
    assert [goal.target for goal in goals] == ["p", "q"]


@given(st.text() | st.text(alphabet="⊢ :=,\n()abc∀∃→goals0123case", max_size=80))
def test_nothing_raises(text: str) -> None:
    for goal in parse_state(text):
        assert isinstance(goal, Goal)


NAMES = st.lists(st.sampled_from(["a", "b", "c'", "h₁", "_inst_1"]), min_size=1, max_size=3)
TYPES = st.sampled_from(["ℕ", "α → Prop", "x = y", "∀ (x : α), p x", "fintype α"])


@given(
    st.lists(st.tuples(NAMES, TYPES), max_size=5),
    st.sampled_from(["p", "∃ (x : ℕ), x = 3", "a = b"]),
    st.integers(1, 3),
)
def test_what_is_printed_is_read_again(
    hypotheses: list[tuple[list[str], str]], target: str, count: int
) -> None:
    context = ",\n".join(f"{' '.join(names)} : {kind}" for names, kind in hypotheses)
    goal = f"{context}\n⊢ {target}" if context else f"⊢ {target}"
    text = f"{count} goals\n" * (count > 1) + "\n\n".join([goal] * count)
    expected = Goal(tuple(Hypothesis(tuple(names), kind) for names, kind in hypotheses), target)
    assert parse_state(text) == (expected,) * count
