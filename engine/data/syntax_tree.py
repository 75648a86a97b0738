"""Lean 3's own account of a file, as ``lean --ast --tsast --tspp`` writes it.

It is one JSON object of arrays: syntax nodes, expressions, tactic states, and which tactic led from
which state to which. Of a long file it has millions of elements, most of them expressions that
nobody needs here; so it is read element by element, while Lean writes it, and what is needed is
kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.data.elements import Elements
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Identifier", "Invocation", "SyntaxTree", "TacticNode", "TacticState", "read_tree"]

Position = tuple[int, int]
"""Line, 1-based, and column, 0-based in code points, both as Lean says them."""


@dataclass(frozen=True, slots=True)
class TacticNode:
    """A call of an interactive tactic; ``name`` is the tactic's."""

    name: str
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name in the text. ``in_term`` tells one that stands in a term from one that is bound, or
    that names something else.
    """

    name: str
    start: Position
    in_term: bool


@dataclass(frozen=True, slots=True)
class TacticState:
    """All goals as Lean prints them, and the names of the declaration and of all hypotheses."""

    declaration: str
    text: str
    hypotheses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Invocation:
    """A tactic, by its node's number, that was run on a state, by its number."""

    node: int
    before: int
    after: int
    success: bool


@dataclass(slots=True)
class SyntaxTree:
    """What is kept of a file. ``size`` is how many characters were read."""

    tactics: dict[int, TacticNode] = field(default_factory=dict)
    identifiers: list[Identifier] = field(default_factory=list)
    states: list[TacticState] = field(default_factory=list)
    invocations: list[Invocation] = field(default_factory=list)
    size: int = 0


def read_tree(blocks: Iterable[bytes], *, most: int = 1 << 33) -> SyntaxTree:
    """Reads an account from the ``blocks`` of its bytes, and never holds the whole of it.

    Raises :class:`EngineError` where it is cut off, is something else, or has more than ``most``
    characters.
    """
    source = Elements(blocks, most)
    tree = SyntaxTree()
    try:
        for key, number, value in source.read():
            if key == "ast":
                _node(tree, number, value)
            elif key == "states":
                tree.states.append(_state(value))
            elif key == "tactics":
                tree.invocations.append(
                    Invocation(value["ast"], value["start"], value["end"], value["success"])
                )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        if not source.size:
            raise EngineError("Lean wrote no syntax tree.") from error
        raise EngineError(f"Lean's syntax tree cannot be read ({error}).") from error
    tree.size = source.size
    return tree


def _node(tree: SyntaxTree, number: int, value: dict[str, Any] | None) -> None:
    if value is None:
        return
    kind = value["kind"]
    if kind == "tactic":
        tree.tactics[number] = TacticNode(
            _name(value.get("value")), _position(value["start"]), _position(value["end"])
        )
    elif kind == "ident":
        tree.identifiers.append(
            Identifier(_name(value.get("value")), _position(value["start"]), "pexpr" in value)
        )


def _state(value: dict[str, Any]) -> TacticState:
    hypotheses = {_name(one["pp"]) for goal in value["goals"] for one in goal[0]}
    return TacticState(_name(value["decl"]), value["pp"], frozenset(hypotheses))


def _position(value: list[int]) -> Position:
    line, column = value
    return line, column


def _name(value: Any) -> str:
    """A name as Lean's JSON has it: a text, or a list of the parts; nothing for no name."""
    if value is None:
        return ""
    return value if isinstance(value, str) else ".".join(map(str, value))
