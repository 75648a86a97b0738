"""A text with pieces replaced, and the way back to where things stood in the original."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Splice", "Splices", "line_and_column", "offset_of"]


@dataclass(frozen=True)
class Splice:
    """The code points ``start:end`` of the original became ``text``."""

    start: int
    end: int
    text: str


def _growth(splice: Splice) -> int:
    return len(splice.text) - (splice.end - splice.start)


class Splices:
    """An original text and what replaces parts of it. Offsets count code points."""

    def __init__(self, original: str) -> None:
        self.original = original
        self.text = original
        self._splices: list[Splice] = []

    def replace(self, start: int, end: int, text: str) -> Splice:
        """Replaces ``start:end`` of the *current* text; returns that in terms of the original.

        A replacement that meets an earlier one swallows it.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"{start}:{end} is not within the text")
        kept: list[tuple[Splice, int, int]] = []
        met: list[tuple[Splice, int, int]] = []
        shift = 0
        for splice in self._splices:
            here = splice.start + shift
            there = here + len(splice.text)
            shift += _growth(splice)
            # Insertions at the same place stay apart: the later one follows the earlier.
            met_it = here < end and start < there
            (met if met_it else kept).append((splice, here, there))
        before = [splice for splice, _, there in kept if there <= start]
        after = [splice for splice, _, there in kept if there > start]
        low, high = start, end
        for _, here, there in met:
            low, high = min(low, here), max(high, there)
        shift = sum(map(_growth, before))
        merged = Splice(
            low - shift,
            high - shift - sum(_growth(splice) for splice, _, _ in met),
            self.text[low:start] + text + self.text[end:high],
        )
        self.text = self.text[:start] + text + self.text[end:]
        self._splices = [*before, merged, *after]
        return merged

    def to_current(self, offset: int) -> int | None:
        """Where the original's ``offset`` is now; None if it was replaced."""
        shift = 0
        for splice in self._splices:
            if splice.end <= offset:
                shift += _growth(splice)
            elif splice.start < offset:
                return None
        return offset + shift

    def to_original(self, offset: int) -> int:
        """Where the current text's ``offset`` was; for what is new, where the new text begins."""
        shift = 0
        for splice in self._splices:
            here = splice.start + shift
            if offset < here:
                break
            if offset < here + len(splice.text):
                return splice.start
            shift += _growth(splice)
        return offset - shift


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The line (1-based) and column (0-based) of an offset; lines end at ``\\n`` only."""
    before = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - before


def offset_of(text: str, line: int, column: int) -> int | None:
    """The offset of a line (1-based) and column (0-based); None if the text has no such place."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if start == 0:
            return None
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return start + column if start + column <= end else None
