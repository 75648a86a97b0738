"""Lean 3's own account of a file, as ``lean --ast --tsast --tspp`` writes it.

It is one JSON object of arrays: syntax nodes, expressions, tactic states, and which tactic led from
which state to which. Of a long file it has millions of elements, most of them expressions that
nobody needs here; so it is read element by element, while Lean writes it, and what is needed is
kept.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    source = _Elements(blocks, most)
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


class _Elements:
    """The elements of the arrays of one JSON object, one after the other."""

    def __init__(self, blocks: Iterable[bytes], most: int) -> None:
        self._blocks: Iterator[bytes] = iter(blocks)
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._most = most
        self.size = 0

    def read(self) -> Iterator[tuple[str, int, Any]]:
        """(name of the array, number of the element, element); a value that is no array has
        number -1.
        """
        self._take("{")
        while self._peek() != "}":
            key = self._value()
            self._take(":")
            if self._peek() == "[":
                self._at += 1
                number = 0
                while self._peek() != "]":
                    yield key, number, self._value()
                    number += 1
                    if self._peek() == ",":
                        self._at += 1
                self._at += 1
            else:
                yield key, -1, self._value()
            if self._peek() == ",":
                self._at += 1

    def _value(self) -> Any:
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise ValueError("it is cut off or damaged") from error
                continue
            # What ends where the text does may go on: a number's next digit.
            if end < len(self._text) or not self._more():
                self._at = end
                return value

    def _peek(self) -> str:
        if self._at >= len(self._text) and not self._more():
            raise ValueError("it is cut off or damaged")
        return self._text[self._at]

    def _take(self, sign: str) -> None:
        if self._peek() != sign:
            raise ValueError(f"{sign} is missing")
        self._at += 1

    def _more(self) -> bool:
        """Reads on, by as much as is being held, so that a long element is not tried for ever."""
        wanted = max(1, len(self._text) - self._at)
        parts = [self._text[self._at :]]
        while wanted > 0:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(self._decode.decode(block))
            wanted -= len(parts[-1])
            self.size += len(parts[-1])
            if self.size > self._most:
                raise EngineError(f"Lean's syntax tree has more than {self._most} characters.")
        grown = len(parts) > 1
        self._text = "".join(parts)
        self._at = 0
        return grown
