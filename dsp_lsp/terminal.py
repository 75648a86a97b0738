"""Standard output for results, standard error for what goes on meanwhile."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from dsp_lsp.report import counted
from engine.protocol import JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.live import Live
    from rich.table import Table

    from engine.protocol import ProgressReport

__all__ = ["ProgressView", "Redrawn", "open_progress", "prepare_streams", "say", "show"]

_LINE_SECONDS = 5.0
"""How often a search writes a line where there is no terminal to redraw."""


def prepare_streams() -> None:
    """Makes the streams take any Lean text: UTF-8 into pipes, a best effort on a terminal."""
    # Python has none where the descriptor was closed (`>&-`).
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            if not stream.isatty():
                stream.reconfigure(encoding="utf-8")
            stream.reconfigure(errors="backslashreplace")


def show(text: str) -> None:
    """Prints a result at once: whoever reads the pipe need not wait for the end."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Prints a message to standard error; one that cannot be printed is not worth failing for."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class ProgressView(Protocol):
    """Shows searches while they run."""

    def begin(self, label: str, budget: float) -> None:
        """A new search."""

    def update(self, report: ProgressReport) -> None:
        """News of the search."""

    def pause(self) -> contextlib.AbstractContextManager[None]:
        """Clears the screen of progress while something else is printed."""


class _Silent:
    def begin(self, label: str, budget: float) -> None:
        pass

    def update(self, report: ProgressReport) -> None:
        pass

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        yield


class _Lines(_Silent):
    """For logs: a line when the state changes, and one every few seconds."""

    def __init__(self) -> None:
        self._label = ""
        self._state: JobState | None = None
        self._due = 0.0

    def begin(self, label: str, budget: float) -> None:
        self._label, self._state = label, None

    def update(self, report: ProgressReport) -> None:
        now = time.monotonic()
        if report.state is self._state and now < self._due:
            return
        if report.state is JobState.FINISHED:  # The result says it, and more.
            return
        self._state, self._due = report.state, now + _LINE_SECONDS
        say(f"{self._label}: {report.state.value}{_numbers(report)}")


def _numbers(report: ProgressReport) -> str:
    if report.state in (JobState.QUEUED, JobState.OPENING):
        return ""
    return (
        f", {report.elapsed:.1f}/{report.budget:g} s, n {report.n}, "
        f"{counted(report.expansions, 'expansion')}, {report.open_nodes} open, "
        f"{report.tactics_per_second:.1f} tactics/s"
    )


class Redrawn:
    """The last lines of a terminal, drawn again in place by ``draw``."""

    def __init__(self, stream: TextIO, draw: Callable[[], Table]) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False)
        self._draw = draw
        self._live: Live | None = None

    def __enter__(self) -> Redrawn:  # noqa: D105
        self._start()
        return self

    def __exit__(self, *_: object) -> None:  # noqa: D105
        self._stop()

    def _start(self) -> None:
        from rich.live import Live

        # A new one each time: one that is started again erases as many lines above it as it had.
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def _stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Clears the lines while something else is printed."""
        self._stop()
        try:
            yield
        finally:
            self._start()


class _Bar:
    """For terminals: a bar, the numbers and the best goal, redrawn in place."""

    def __init__(self, stream: TextIO) -> None:
        self._label, self._budget = "", 0.0
        self._report: ProgressReport | None = None
        self._received = time.monotonic()
        self._area = Redrawn(stream, self._draw)

    def __enter__(self) -> _Bar:
        self._area.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._area.__exit__()

    def begin(self, label: str, budget: float) -> None:
        self._label, self._budget, self._report = label, budget, None

    def update(self, report: ProgressReport) -> None:
        self._report, self._received = report, time.monotonic()

    def pause(self) -> contextlib.AbstractContextManager[None]:
        return self._area.pause()

    def _draw(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        report = self._report
        state = report.state if report else JobState.QUEUED
        elapsed = report.elapsed if report else 0.0
        if report and state is JobState.SEARCHING:
            # Reports may be seconds apart when a tactic is slow; the clock goes on.
            elapsed += time.monotonic() - self._received
        lines = Table.grid(padding=(0, 1))
        head = Table.grid(padding=(0, 1))
        head.add_row(
            Text(self._label, style="bold", overflow="ellipsis", no_wrap=True),
            ProgressBar(total=self._budget, completed=min(elapsed, self._budget), width=24),
            Text(f"{elapsed:.1f}/{self._budget:g} s", no_wrap=True),
            Text(state.value, style="cyan", no_wrap=True),
        )
        lines.add_row(head)
        if report and state not in (JobState.QUEUED, JobState.OPENING):
            source = " on ".join(part for part in (report.generator, report.device) if part)
            numbers = (
                f"  n {report.n} · {counted(report.expansions, 'expansion')} · "
                f"{report.open_nodes} open · "
                f"{report.tactics_per_second:.0f} tactics/s"
            )
            lines.add_row(Text(numbers + (f" · {source}" if source else ""), no_wrap=True))
            goal = " ".join(report.best_goal.split())
            lines.add_row(Text(f"  {goal}", style="dim", overflow="ellipsis", no_wrap=True))
        return lines


@contextlib.contextmanager
def open_progress(*, quiet: bool) -> Iterator[ProgressView]:
    """A view of progress that fits standard error: a bar, plain lines, or nothing."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        with _Bar(sys.stderr) as bar:
            yield bar
    else:
        yield _Lines()
