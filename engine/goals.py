"""What Lean 3 prints for a tactic state, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COUNT = re.compile(r"\A\d+ goals\n")
_NAMES = re.compile(r"(?P<names>[^\s:,()⊢][^:,()⊢]*?) :\s+")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """``names : type`` in a goal, or ``name : type := value`` for a local definition."""

    names: tuple[str, ...]
    type: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: its case tag, its hypotheses in order, and what is to be shown."""

    hypotheses: tuple[Hypothesis, ...]
    target: str
    case: str | None = None


def split_goals(text: str) -> list[str]:
    """The goals of a tactic state as they are printed, without the line that counts them."""
    text = _COUNT.sub("", text)
    return [part for part in re.split(r"\n\n(?=\S)", text) if "⊢" in part]


def split_hypotheses(goal: str) -> tuple[str | None, list[str], str]:
    """A printed goal as its ``case`` line, its hypotheses with their commas, and its target."""
    head, _, target = goal.partition("⊢ ")
    lines = head.split("\n")
    case = lines.pop(0) if lines[0].startswith("case ") else None
    chunks: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        fresh = not line[:1].isspace() and (not chunks or chunks[-1].endswith(","))
        if fresh or not chunks:
            chunks.append(line)
        else:
            chunks[-1] = f"{chunks[-1]}\n{line}"
    return case, chunks, target


def _parse_hypothesis(chunk: str) -> Hypothesis | None:
    match = _NAMES.match(chunk)
    if match is None:
        # An instance without a name prints as its bare type.
        return Hypothesis((), chunk) if chunk else None
    rest = chunk[match.end() :]
    value = None
    if ":=" in rest:
        rest, value = (part.strip() for part in rest.split(":=", 1))
    return Hypothesis(tuple(match["names"].split()), rest, value)


def _parse_goal(text: str) -> Goal:
    case, chunks, target = split_hypotheses(text)
    hypotheses = [_parse_hypothesis(chunk.strip().removesuffix(",")) for chunk in chunks]
    name = case[5:].strip() or None if case is not None else None
    return Goal(tuple(h for h in hypotheses if h is not None), target.strip(), name)


def parse_state(text: str) -> tuple[Goal, ...]:
    """The goals of a tactic state as Lean 3 prints it; empty for ``no goals``.

    The printed text is ambiguous where a user's notation prints ``,`` or `` : `` at a line's end;
    the result is meant for building tactics that Lean then judges, never for truth.
    """
    return tuple(_parse_goal(part) for part in split_goals(text))
