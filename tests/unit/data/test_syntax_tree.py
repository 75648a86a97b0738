from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.syntax_tree import Identifier, Invocation, TacticNode, TacticState, read_tree
from engine.protocol import EngineError
from tests.fake_lean.accounts import load_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT: dict[str, Any] = {
    "ast": [
        None,
        {"kind": "file", "start": [0, 0], "children": [0, 2]},
        {"kind": "tactic", "value": "rw", "start": [3, 2], "end": [3, 9], "children": [3]},
        {"kind": "ident", "value": ["foo", "bar"], "start": [3, 5], "end": [3, 12], "pexpr": 12},
        {"kind": "ident", "value": "x", "start": [3, 14], "end": [3, 15]},
    ],
    "comments": [],
    "expr": [None, {"const": ["α ∧ [", []]}, {"app": [1, 1]}],
    "file": 1,
    "level": ["0"],
    "states": [
        {"decl": ["t", 3], "goals": [[[{"name": "x", "pp": "x", "type": 1}], 1]], "pp": "x\n⊢ 𝕜"},
        {"decl": None, "goals": [], "pp": "no goals"},
    ],
    "tactics": [{"ast": 2, "start": 0, "end": 1, "success": True}],
}


def pieces(content: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    return (content[start:end] for start, end in pairwise(places))


@given(
    st.lists(st.integers(0, 1 << 20), max_size=60),
    st.booleans(),
    st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 2}]),
)
def test_an_account_is_read_in_any_pieces(
    cuts: list[int], ascii_only: bool, written: dict[str, Any]
) -> None:
    content = json.dumps(ACCOUNT, ensure_ascii=ascii_only, **written).encode()
    tree = read_tree(pieces(content, cuts))
    assert tree.tactics == {2: TacticNode("rw", (3, 2), (3, 9))}
    assert tree.identifiers == [
        Identifier("foo.bar", (3, 5), in_term=True),
        Identifier("x", (3, 14), in_term=False),
    ]
    assert tree.states == [
        TacticState("t.3", "x\n⊢ 𝕜", frozenset({"x"})),
        TacticState("", "no goals", frozenset()),
    ]
    assert tree.invocations == [Invocation(2, 0, 1, success=True)]
    assert tree.size == len(content.decode())


def test_what_lean_wrote_is_read() -> None:
    for account in load_accounts():
        whole = json.loads(account.tree)
        tree = read_tree([account.tree.encode()])
        kinds = [node["kind"] for node in whole["ast"] if node]
        assert len(tree.tactics) == kinds.count("tactic") > 0
        assert len(tree.identifiers) == kinds.count("ident") > 0
        assert len(tree.states) == len(whole["states"]) > 0
        assert len(tree.invocations) == len(whole["tactics"]) > 0


@given(st.integers(0, 1 << 20))
def test_what_is_cut_off_is_told(cut: int) -> None:
    content = json.dumps(ACCOUNT).encode()
    with pytest.raises(EngineError, match="syntax tree"):
        read_tree([content[: cut % len(content)]])


@pytest.mark.parametrize("content", ["[]", "3", "{]", '{"ast": [3]}', '{"tactics": [{}]}', "\0"])
def test_what_is_something_else_is_told(content: str) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        read_tree([content.encode()])


def test_what_is_not_needed_is_not_kept() -> None:
    """Of an account without end, only so much is asked for as may be read."""
    given_out = 0

    def endless() -> Iterator[bytes]:
        nonlocal given_out
        yield b'{"ast":[null],"expr":[null'
        while True:
            given_out += 1
            yield b',{"app":[1,1]}' * 1000

    with pytest.raises(EngineError, match="more than 1000000 characters"):
        read_tree(endless(), most=1_000_000)
    assert given_out * 14_000 < 1_050_000
