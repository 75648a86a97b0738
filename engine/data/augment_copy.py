"""The copy of a file in which Lean runs the tactics that were made from its own, and its answers.

Pure. Each tactic that can be taken apart is put, where it stands, into a tactic of
``dsp_lsp_augment.lean`` together with those made from it. So Lean reads all of them with the
file's own notations and names, and the states are those that it met.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from engine.data.augment_text import Decomposition, decompose
from engine.source import Span, splice
from engine.source.lexer import BEGIN, CLOSE, COMMA, END, MATCH, OPEN, WORD, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.data.records import TacticPair

__all__ = ["MODULE", "Answer", "Harvest", "Place", "find_places", "instrumented", "read_answer"]

MODULE: Final = "dsp_lsp_augment"
_MARK: Final = "dsp-lsp-augment "

_COLUMN_SLACK: Final = 3
"""Lean's own columns are too large by the number of lone dots on the line; by more is no match."""

_GUARD_MS: Final = 600_000
"""When a tactic is stopped that does no work that Lean counts."""

FAILED, SLOW = -1, -2
"""What became of a run that led to no state."""


@dataclass(frozen=True, slots=True)
class Place:
    """A tactic of the file that is taken apart, and what was traced of it.

    ``start`` and ``end`` are offsets in the file's text; ``states`` those that the trace has it
    run on; the rest of ``pair`` holds for each of them.
    """

    pair: TacticPair
    start: int
    end: int
    states: frozenset[str]
    parts: Decomposition


@dataclass(frozen=True, slots=True)
class Answer:
    """What Lean said of one run of the tactic at ``place``, which is its number in the file.

    ``states`` are the states that were met, the first being the tactic's own. A run is the number
    of a part (closers first), of the state that it ran on, and of the state that it led to, or
    ``FAILED`` or ``SLOW``.
    """

    place: int
    declaration: str
    states: tuple[str, ...]
    runs: tuple[tuple[int, int, int], ...]


def find_places(text: str, pairs: Iterable[TacticPair]) -> tuple[list[Place], list[TacticPair]]:
    """Where the tactics of ``pairs`` that can be taken apart stand in the file's ``text``; and
    those that cannot stand there: the file has another text, or ``conv`` reads them.
    """
    line_starts = [0]
    for line in text.split("\n"):
        line_starts.append(line_starts[-1] + len(line) + 1)
    converted = _inside_conv(text)
    places: dict[int, Place] = {}
    lost: list[TacticPair] = []
    for pair in pairs:
        parts = decompose(pair.tactic)
        if parts is None:
            continue
        start = _start(text, line_starts, pair)
        if start < 0 or any(span.start <= start < span.end for span in converted):
            lost.append(pair)
            continue
        before = places.get(start)
        states = (before.states if before is not None else frozenset()) | {pair.state}
        places[start] = Place(pair, start, start + len(pair.tactic), states, parts)
    return sorted(places.values(), key=lambda place: place.start), lost


def _start(text: str, line_starts: Sequence[int], pair: TacticPair) -> int:
    if not 1 <= pair.line < len(line_starts):
        return -1
    start = line_starts[pair.line - 1] + pair.column
    for offset in range(start, max(start - _COLUMN_SLACK, line_starts[pair.line - 1]) - 1, -1):
        if text.startswith(pair.tactic, offset):
            return offset
    return -1


def _inside_conv(text: str) -> list[Span]:
    """The blocks that ``conv`` reads, where our tactics are unknown."""
    found: list[Span] = []
    if "conv" not in text:
        return found
    tokens = tokenize(text)
    for index, (_, start, end) in enumerate(tokens):
        if text[start:end] not in ("conv", "conv_lhs", "conv_rhs"):
            continue
        depth = 0
        for code, begin, stop in tokens[index + 1 :]:
            if code in (BEGIN, MATCH) or (code == OPEN and (depth or text[begin] == "{")):
                depth += 1
            elif code in (CLOSE, END) and depth:
                depth -= 1
                if not depth:
                    found.append(Span(start, stop))
                    break
            elif code == COMMA and not depth:
                break
    return found


def instrumented(text: str, places: Sequence[Place], *, heartbeats: int) -> str:
    """``text`` with each place put into the tactic that also runs its parts, in a file that
    imports what this needs. A part that takes more than that many thousand ``heartbeats``, as Lean
    counts its work, is slow; so what is found does not depend on the machine.
    """
    edits: list[tuple[Span, str]] = []
    # Where two end together, the inner one, which starts later, must be closed first.
    for number, place in sorted(enumerate(places), key=lambda item: -item[1].start):
        parts = place.parts
        if parts.ordered:
            opening = f"dsp_lsp_in_order {number} {heartbeats} {_GUARD_MS} {{ "
        else:
            opening = (
                f"dsp_lsp_each_alone {number} {heartbeats} {_GUARD_MS} {len(parts.closers)} {{ "
            )
        blocks = "".join(f" {{ {part} }}" for part in (*parts.closers, *parts.steps))
        edits.append((Span(place.start, place.start), opening))
        edits.append((Span(place.end, place.end), " }" + blocks))
    return f"import {MODULE}\n" + splice(text, edits)


def read_answer(text: str) -> Answer | None:
    """The answer in a message of Lean; None for what others say."""
    if not text.startswith(_MARK):
        return None
    try:
        values: dict[str, Any] = json.loads(text[len(_MARK) :])
        return Answer(
            int(values["place"]),
            str(values["declaration"]),
            tuple(map(str, values["states"])),
            tuple((int(part), int(source), int(to)) for part, source, to in values["runs"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


class Harvest:
    """The new pairs of a file, and what was rejected, by family and cause.

    ``traced`` are the pairs that the file has already.
    """

    def __init__(self, places: Sequence[Place], traced: Iterable[TacticPair]) -> None:
        self._places = places
        self._known = {(pair.state, pair.tactic) for pair in traced}
        self._heard: set[int] = set()
        self._agreeing: set[int] = set()
        self.pairs: list[TacticPair] = []
        self.counts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))

    def take(self, answer: Answer) -> None:
        """Adds what is new in an answer."""
        place = self._places[answer.place]
        parts = (*place.parts.closers, *place.parts.steps)
        counts = self.counts[place.parts.family]
        self._heard.add(answer.place)
        if answer.states[0] in place.states:
            self._agreeing.add(answer.place)
        for number, source, target in answer.runs:
            before = answer.states[source]
            counts["runs"] += 1
            if target in (FAILED, SLOW):
                counts["failed" if target == FAILED else "slow"] += 1
            elif answer.states[target] == before:
                counts["unchanged"] += 1
            elif (before, parts[number]) in self._known:
                counts["duplicate"] += 1
            else:
                counts["new"] += 1
                self._known.add((before, parts[number]))
                self.pairs.append(_pair(place, parts[number], before, answer.states[target]))

    def close(self, lost: Iterable[TacticPair]) -> dict[str, dict[str, int]]:
        """The counts by family: ``places``, of which ``agreeing`` met a state that was traced,
        ``unheard`` gave no answer and ``lost`` could not be put into the copy; ``runs``, of which
        some are ``new`` pairs and the others ``failed``, ``slow``, ``unchanged`` (the state is the
        same afterwards) or ``duplicate``.
        """
        for number, place in enumerate(self._places):
            counts = self.counts[place.parts.family]
            counts["places"] += 1
            counts["agreeing"] += number in self._agreeing
            counts["unheard"] += number not in self._heard
        for pair in lost:
            parts = decompose(pair.tactic)
            if parts is not None:
                self.counts[parts.family]["lost"] += 1
        return {family: dict(counts) for family, counts in sorted(self.counts.items())}


def _pair(place: Place, tactic: str, state: str, after: str) -> TacticPair:
    named = tuple(name for name in place.pair.premises if _names(tactic, name))
    return replace(
        place.pair,
        state=state,
        tactic=tactic,
        next=after,
        premises=named,
        family=place.parts.family,
        success=True,
    )


def _names(tactic: str, premise: str) -> bool:
    """Whether the tactic's text may mean the declaration: by its name, or a part at its end."""
    words = {tactic[start:end] for code, start, end in tokenize(tactic) if code == WORD}
    return any(premise == word or premise.endswith(f".{word}") for word in words)
