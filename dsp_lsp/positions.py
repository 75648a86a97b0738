"""Between an editor's positions and ours: UTF-8, UTF-16 or UTF-32 units in a line, code points.

Lines end at ``\\n`` only (a ``\\r`` before it belongs to the line's end), as they do for Lean, Vim
and Emacs. The protocol also ends a line at a lone ``\\r``; VS Code never has one in a document, and
the others do not take it for an end. No other character ends a line, unlike in ``str.splitlines``.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import Enum
from itertools import accumulate

__all__ = ["Encoding", "Lines", "Mark", "Place", "code_points", "units"]

Place = tuple[int, int]
"""A line (from 0) and a character (from 0, in the editor's units): an LSP position."""


class Encoding(str, Enum):
    """What an editor counts in a line."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


def units(text: str, encoding: Encoding) -> int:
    """How many units ``text`` takes. A lone surrogate counts as the one unit that it is."""
    if encoding is Encoding.UTF32 or text.isascii():
        return len(text)
    if encoding is Encoding.UTF16:
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))


def code_points(text: str, count: int, encoding: Encoding) -> int:
    """How many code points of ``text`` its first ``count`` units hold, at most all of them.

    A position inside a character stands for the one before it.
    """
    if encoding is Encoding.UTF32 or text.isascii():
        return max(0, min(count, len(text)))
    seen = 0
    for index, character in enumerate(text):
        seen += units(character, encoding)
        if seen > count:
            return index
    return len(text)


class Mark:
    """Where a piece of a text is while the text changes.

    ``offset`` is None once the piece itself was touched: then nobody knows what became of it.
    """

    __slots__ = ("__weakref__", "length", "offset")

    def __init__(self, start: int, end: int) -> None:
        self.offset: int | None = start
        self.length = end - start

    def change(self, start: int, end: int, length: int) -> None:
        """The code points ``start:end`` became ``length`` others."""
        nothing = start == end and not length
        if self.offset is None or start >= self.offset + self.length or nothing:
            return
        if end <= self.offset:
            self.offset += length - (end - start)
        else:
            self.offset = None


class Lines:
    """The lines of a text, for conversion both ways. Never raises: places outside are clamped."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self.text = text
        self.encoding = encoding
        lengths = [len(line) + 1 for line in text.split("\n")]
        self._starts = [0, *accumulate(lengths[:-1])]

    def offset(self, place: Place) -> int:
        """The code point that a position names; past a line's end, that end; past the last, its."""
        line, character = place
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self.text)
        start, end = self._starts[line], self._end(line)
        return start + code_points(self.text[start:end], character, self.encoding)

    def place(self, offset: int) -> Place:
        """The position of a code point."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        return line, units(self.text[start:offset], self.encoding)

    def line_span(self, line: int) -> tuple[int, int]:
        """Where a line begins and ends, without its end of line; that of the last past it."""
        line = max(0, min(line, len(self._starts) - 1))
        return self._starts[line], self._end(line)

    def _end(self, line: int) -> int:
        if line + 1 == len(self._starts):
            return len(self.text)
        end = self._starts[line + 1] - 1
        return end - 1 if end > self._starts[line] and self.text[end - 1] == "\r" else end
