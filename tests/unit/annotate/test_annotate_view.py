"""The bar of a run: what is printed beside it stays, and its estimate."""

from __future__ import annotations

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from dsp_lsp.annotate.view import duration, time_left
from dsp_lsp.terminal import Redrawn


class Terminal(io.StringIO):
    """A terminal with the little that erasing lines needs."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        lines, row = [""], 0
        for piece in re.split(r"(\x1b\[[0-9;?]*[a-zA-Z]|\n|\r)", self.getvalue()):
            if piece == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif piece == "\x1b[1A":
                row -= 1
            elif piece == "\x1b[2K":
                lines[row] = ""
            elif piece and not piece.startswith(("\x1b", "\r")):
                lines[row] += piece
        return [line.rstrip() for line in lines if line.strip()]


def test_what_is_printed_beside_it_stays() -> None:
    terminal = Terminal()

    def draw() -> Table:
        table = Table.grid()
        for line in ("the bar", "one search", "another search"):
            table.add_row(line)
        return table

    with Redrawn(terminal, draw) as area:
        for number in range(4):
            with area.pause():
                terminal.write(f"line {number}\n")
    assert terminal.screen() == [f"line {number}" for number in range(4)]


@given(st.floats(0, 1e5), st.integers(0, 50), st.integers(0, 50), st.floats(0, 1e5))
def test_the_estimate_is_never_longer_than_all_may_take(
    elapsed: float, over: int, more: int, most: float
) -> None:
    left = time_left(elapsed, over, over + more, most)
    assert (left is None) == (over == 0)
    if left is not None:
        assert 0 <= left <= most
        assert more or left == 0


def test_times_for_people() -> None:
    assert [duration(s) for s in (0.2, 59.4, 59.6, 61, 3599, 3600 * 3 + 125)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "1 min 1 s",
        "59 min 59 s",
        "3 h 2 min",
    ]
