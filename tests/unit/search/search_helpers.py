"""Short ways to write down candidates and outcomes, and a driver that does what a world says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.search import Expand, Result, Search, Stop, Wait
from engine.values import Candidate, Failed, Outcome, Progress, Solved, TimedOut

World = Callable[[str, int], Sequence[tuple[Candidate, Outcome]]]
"""Maps a state and a number of samples to candidates, best first, with their outcomes."""


def progress(text: str, state_id: int = 0) -> Progress:
    return Progress(state_id, text, 1)


def result(rank: int, outcome: str, log_prob: float | None = None, extra: bool = False) -> Result:
    """``!``: failed, ``?``: timed out, ``.``: solved, anything else: progress to that state."""
    outcomes: dict[str, Outcome] = {
        "!": Failed("no"),
        "?": TimedOut(1.0),
        ".": Solved(),
    }
    value = (0.0 if extra else -float(rank + 1)) if log_prob is None else log_prob
    tactic = f"{'e' if extra else 't'}{rank}"
    return Result(rank, Candidate(tactic, value), outcomes.get(outcome, progress(outcome)), extra)


def results(text: str) -> list[Result]:
    """One result per word, by rank."""
    return [result(rank, word) for rank, word in enumerate(text.split())]


def expand(search: Search, elapsed: float = 0.0) -> Expand:
    step = search.next(elapsed)
    assert isinstance(step, Expand), step
    return step


def stop(search: Search, elapsed: float = 0.0) -> Stop:
    step = search.next(elapsed)
    assert isinstance(step, Stop), step
    return step


def do(search: Search, text: str, elapsed: float = 0.0) -> Expand:
    """Take the next expansion and tell it all of its results."""
    step = expand(search, elapsed)
    search.tell(step.node, results(text))
    search.finish(step.node)
    return step


def solve(search: Search, world: World, seconds_per_expansion: float = 1.0) -> Stop:
    """Drive the search through a world, one expansion at a time, skipping what is not wanted."""
    elapsed = 0.0
    while True:
        step = search.next(elapsed)
        if isinstance(step, Stop):
            return step
        assert not isinstance(step, Wait)
        assert isinstance(step, Expand)
        for rank, (candidate, outcome) in enumerate(world(step.text, step.samples)):
            if search.wanted(step.node, rank):
                search.tell(step.node, [Result(rank, candidate, outcome)])
        search.finish(step.node)
        elapsed += seconds_per_expansion
