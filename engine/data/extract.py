"""Goal–tactic pairs out of Lean's account of a file and the file's text."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from engine.data.records import TacticPair
from engine.source.lexer import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.data.syntax_tree import Position, SyntaxTree

__all__ = ["TextPlaces", "pairs_of"]

_LONE_DOT = re.compile(r"(?<![^\s\w)\]}⟩'])\.(?![.({0-9])(?=[^\n])")
"""Not that of ``/.`` and other tokens of notations, which end in a dot."""


class TextPlaces:
    """The places of a text by line and column.

    Lean 3 says columns that are one too large after each dot on a line that is a token of its own:
    it looks one character further, to see whether a field's name follows, and counts that twice.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        for match in re.finditer("\n", text):
            self._starts.append(match.end())
        self._dots: dict[int, list[int]] = {}
        if _LONE_DOT.search(text):
            for _, start, end in tokenize(text):
                if text[start:end] == "." and _LONE_DOT.match(text, start):
                    line, column = self._place(start)
                    self._dots.setdefault(line, []).append(column)

    def _place(self, offset: int) -> Position:
        line = bisect_left(self._starts, offset + 1)
        return line, offset - self._starts[line - 1]

    def actual(self, said: Position) -> Position:
        """The place that Lean means."""
        line, column = said
        # The dot itself is where Lean says once the dots before it are taken off.
        for dot in self._dots.get(line, ()):
            column -= column > dot
        return line, column

    def between(self, start: Position, end: Position) -> str:
        """The text between two actual places."""
        return self._text[self._offset(start) : self._offset(end)]

    def _offset(self, place: Position) -> int:
        line, column = place
        return self._starts[min(line, len(self._starts)) - 1] + column


def pairs_of(
    tree: SyntaxTree,
    text: str,
    file: str,
    premises: Callable[[str, Position, Position, frozenset[str]], tuple[str, ...]] | None = None,
) -> list[TacticPair]:
    """The pairs of a file in the order of their places; also those whose tactic failed.

    ``premises`` is :meth:`engine.data.premises.Resolver.named`. Tactics are the calls of
    interactive tactics; blocks and combinators appear through their parts. A tactic that is run
    several times, under ``all_goals`` for example, makes a pair each time.
    """
    places = TextPlaces(text)
    found = []
    for invocation in tree.invocations:
        node = tree.tactics.get(invocation.node)
        if node is None:
            continue
        before = tree.states[invocation.before]
        start = places.actual(node.start)
        found.append(
            TacticPair(
                theorem=before.declaration,
                file=file,
                line=start[0],
                column=start[1],
                state=before.text,
                tactic=places.between(start, places.actual(node.end)).strip(),
                next=tree.states[invocation.after].text if invocation.success else "",
                success=invocation.success,
                premises=premises(node.name, node.start, node.end, before.hypotheses)
                if premises
                else (),
            )
        )
    found.sort(key=lambda pair: (pair.line, pair.column))
    return found
