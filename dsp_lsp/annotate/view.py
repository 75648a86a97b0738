"""How a run shows while it goes on: a bar for all of it, what is searched now, the time to come."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, TextIO

from dsp_lsp.terminal import Redrawn, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from engine.protocol import ProgressReport

__all__ = ["View", "duration", "open_view", "time_left"]

_SHOWN = 6
"""Most searches that are shown at once."""

_LINE_SECONDS = 30.0
"""How often a line says how far it is where there is no terminal to redraw."""


def duration(seconds: float) -> str:
    """A time for people, in minutes and seconds above one minute."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def time_left(elapsed: float, over: int, total: int, most: float) -> float | None:
    """The seconds that the rest will take if it goes on as so far, at most ``most``."""
    return None if over == 0 else min(most, elapsed / over * (total - over))


class View:
    """Counts, and shows nothing. ``most`` is the longest that the whole run may take."""

    def __init__(self, total: int, most: float) -> None:
        self.total = total
        self.over = 0
        self.proved = 0
        self._most = most
        self._started = time.monotonic()
        self._running: dict[str, tuple[str, ProgressReport | None]] = {}

    def begin(self, job: str, label: str) -> None:
        """A search begins."""
        self._running[job] = (label, None)

    def update(self, report: ProgressReport) -> None:
        """News of a search."""
        if report.job in self._running:
            self._running[report.job] = (self._running[report.job][0], report)

    def end(self, job: str, *, proved: bool) -> None:
        """A site is done with."""
        self._running.pop(job, None)
        self.over += 1
        self.proved += proved

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    @property
    def left(self) -> float | None:
        """Seconds to the estimated end."""
        most = max(0.0, self._most - self.elapsed)
        return time_left(self.elapsed, self.over, self.total, most)

    def state(self) -> str:
        """One line on how far it is."""
        text = f"{self.over} of {self.total} sites, {self.proved} proved, {duration(self.elapsed)}"
        left = self.left
        return text if left is None or self.over == self.total else f"{text}, {_left(left)}"

    def pause(self) -> contextlib.AbstractContextManager[None]:
        """Clears the screen of progress while something else is printed."""
        return contextlib.nullcontext()


def _left(seconds: float) -> str:
    return f"about {duration(seconds)} left"


class _Lines(View):
    """For logs: a line every now and then."""

    def __init__(self, total: int, most: float) -> None:
        super().__init__(total, most)
        self._due = time.monotonic() + _LINE_SECONDS

    def update(self, report: ProgressReport) -> None:
        super().update(report)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _LINE_SECONDS
            say(self.state())


class _Bar(View):
    """For terminals: redrawn in place."""

    def __init__(self, total: int, most: float, stream: TextIO) -> None:
        super().__init__(total, most)
        self._area = Redrawn(stream, self._draw)

    def __enter__(self) -> _Bar:
        self._area.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._area.__exit__()

    def pause(self) -> contextlib.AbstractContextManager[None]:
        return self._area.pause()

    def _draw(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        lines = Table.grid(padding=(0, 1))
        head = Table.grid(padding=(0, 1))
        left = self.left
        head.add_row(
            ProgressBar(total=max(1, self.total), completed=self.over, width=24),
            Text(f"{self.over}/{self.total} sites", style="bold", no_wrap=True),
            Text(f"{self.proved} proved", style="green", no_wrap=True),
            Text(duration(self.elapsed), no_wrap=True),
            Text("" if left is None else _left(left), style="cyan", no_wrap=True),
        )
        lines.add_row(head)
        for label, report in [*self._running.values()][:_SHOWN]:
            lines.add_row(Text(f"  {label}{_numbers(report)}", style="dim", no_wrap=True))
        return lines


def _numbers(report: ProgressReport | None) -> str:
    if report is None or not report.elapsed:
        return ""
    return f"  {report.elapsed:.0f}/{report.budget:g} s · n {report.n} · {report.tried} tactics"


@contextlib.contextmanager
def open_view(total: int, most: float, *, quiet: bool) -> Iterator[View]:
    """A view that fits standard error: a bar, plain lines, or nothing."""
    if quiet:
        yield View(total, most)
    elif sys.stderr.isatty():
        with _Bar(total, most, sys.stderr) as bar:
            yield bar
    else:
        yield _Lines(total, most)
