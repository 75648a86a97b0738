"""Goal–tactic pairs as tokens: what a model is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.data.records import FROM_DECLARATIONS, read_pairs
from engine.generators import byt5
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from engine.data.records import TacticPair

__all__ = ["MARK", "Example", "examples", "read_examples"]

MARK = byt5.EXTRA
"""Begins a state whose tactic nobody wrote: the first of ByT5's tokens that are no bytes."""


class Example(NamedTuple):
    """The tokens of a state and of a tactic, the end token included in both."""

    state: list[int]
    tactic: list[int]


def examples(
    pairs: Iterable[TacticPair], *, max_state_bytes: int, max_tactic_bytes: int
) -> list[Example]:
    """The distinct examples among the pairs whose tactic succeeded, in their order.

    A state that is too long is cut as it is when a generator meets it (:func:`byt5.fit`); a pair
    with a longer tactic is left out. States of statements and of steps of proof terms begin with
    :data:`MARK`: a model learns from them what there is in the library, and not, as no generator
    gives the mark, that people close goals by one theorem (PACT, arXiv 2102.06203, tells its tasks
    apart in the same way).
    """
    found: dict[tuple[bool, str, str], None] = {}
    for pair in pairs:
        tactic = pair.tactic.strip()
        if pair.success and tactic and len(tactic.encode()) <= max_tactic_bytes:
            made = pair.family in FROM_DECLARATIONS
            found[made, byt5.fit(pair.state, max_state_bytes), tactic] = None
    return [
        Example([MARK] * made + byt5.encode(state), byt5.encode(tactic))
        for made, state, tactic in found
    ]


def read_examples(
    files: Sequence[Path], max_state_bytes: int, max_tactic_bytes: int
) -> list[Example]:
    """The :func:`examples` of files of pairs; :class:`EngineError` where there is none."""
    found = examples(
        (pair for file in files for pair in read_pairs(file)),
        max_state_bytes=max_state_bytes,
        max_tactic_bytes=max_tactic_bytes,
    )
    if not found:
        names = ", ".join(map(str, files)) or "no file"
        raise EngineError(
            f"There is no pair in {names}.",
            remedy="Name files of pairs with --train, --validation.",
        )
    return found
