from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.extract import TextPlaces, pairs_of
from engine.data.records import TacticPair
from engine.data.syntax_tree import Invocation, SyntaxTree, TacticNode, TacticState


@pytest.mark.parametrize(
    ("line", "dots"),
    [
        ("a . b . c", [2, 6]),
        ("x. y", [1]),
        ("f .g h", []),
        ("h.1 .2 a..b ...", []),
        ("foo.bar .( x", []),
        ("1.5 -- a . b", []),
        ('"a . b" .', []),
        ("α . β", [2]),
        ("q.num /. ↑(q.denom)", []),
        (". x₁. y'. (z). w", [0, 4, 8, 13]),
    ],
)
def test_columns_behind_lone_dots(line: str, dots: list[int]) -> None:
    places = TextPlaces(f"first\n{line}\nlast . \n")
    for column in range(len(line) + 1):
        said = column + sum(dot < column for dot in dots)
        assert places.actual((2, said)) == (2, column)
    assert places.actual((1, 4)) == (1, 4)


@given(st.lists(st.text("ab .α\r", max_size=5), min_size=1, max_size=6), st.data())
def test_text_between_places(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))

    def place(offset: int) -> tuple[int, int]:
        return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1)

    assert TextPlaces(text).between(place(start), place(end)) == text[start:end]


def test_pairs_are_in_the_order_of_their_places_and_failed_ones_have_no_next() -> None:
    text = "begin\n  simp,\n  { refl }\nend"
    tree = SyntaxTree(
        tactics={7: TacticNode("simp", (2, 2), (2, 6)), 5: TacticNode("refl", (3, 4), (3, 9))},
        states=[
            TacticState("t", "⊢ p", frozenset()),
            TacticState("t", "⊢ q", frozenset({"h"})),
            TacticState("t", "no goals", frozenset()),
        ],
        invocations=[
            Invocation(5, 1, 2, success=True),
            Invocation(9, 0, 2, success=True),  # a block: no interactive tactic
            Invocation(7, 0, 0, success=False),
            Invocation(7, 0, 1, success=True),
        ],
    )
    asked = []

    def premises(
        tactic: str, start: tuple[int, int], end: tuple[int, int], hypotheses: frozenset[str]
    ) -> tuple[str, ...]:
        asked.append((tactic, start, end, hypotheses))
        return (tactic,)

    assert pairs_of(tree, text, "f.lean", premises) == [
        TacticPair("t", "f.lean", 2, 2, "⊢ p", "simp", "", success=False, premises=("simp",)),
        TacticPair("t", "f.lean", 2, 2, "⊢ p", "simp", "⊢ q", premises=("simp",)),
        TacticPair("t", "f.lean", 3, 4, "⊢ q", "refl", "no goals", premises=("refl",)),
    ]
    assert asked[0] == ("refl", (3, 4), (3, 9), frozenset({"h"}))
