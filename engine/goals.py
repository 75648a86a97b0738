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


def _split_goals(text: str) -> list[str]:
    text = _COUNT.sub("", text)
    return [part for part in re.split(r"\n\n(?=\S)", text) if "⊢" in part]


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
    head, _, target = text.partition("⊢ ")
    lines = head.split("\n")
    case = None
    if lines and lines[0].startswith("case "):
        case = lines.pop(0)[5:].strip() or None
    chunks: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        fresh = not line[:1].isspace() and (not chunks or chunks[-1].endswith(","))
        if fresh or not chunks:
            chunks.append(line)
        else:
            chunks[-1] = f"{chunks[-1]}\n{line}"
    hypotheses = [_parse_hypothesis(chunk.strip().removesuffix(",")) for chunk in chunks]
    return Goal(tuple(h for h in hypotheses if h is not None), target.strip(), case)


def parse_state(text: str) -> tuple[Goal, ...]:
    """The goals of a tactic state as Lean 3 prints it; empty for ``no goals``.

    The printed text is ambiguous where a user's notation prints ``,`` or `` : `` at a line's end;
    the result is meant for building tactics that Lean then judges, never for truth.
    """
    return tuple(_parse_goal(part) for part in _split_goals(text))
