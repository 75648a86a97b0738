"""ByT5's view of text: UTF-8 bytes shifted past three special tokens.

Pure functions; the module as a whole is a :class:`engine.generators.backend.Codec`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.goals import split_goals, split_hypotheses

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EOS", "EXTRA", "OFFSET", "PAD", "decode", "encode", "fit"]

PAD, EOS, OFFSET = 0, 1, 3
"""Padding (also what decoding starts from), the end token, and the token of byte 0."""

EXTRA = OFFSET + 256
"""The first token behind the bytes."""


def encode(text: str) -> list[int]:
    """The tokens of ``text``, the end token included."""
    # A lone surrogate has no UTF-8; the model sees a question mark, as in Python's own printing.
    return [byte + OFFSET for byte in text.encode("utf-8", errors="replace")] + [EOS]


def decode(ids: Sequence[int]) -> str | None:
    """The text that ``ids`` spell up to their end token, without white space around it.

    ``ids`` come without the start token; what follows the end token is not looked at. None where
    there is no end token, something that is no byte before it, no UTF-8, or no text.
    """
    octets = bytearray()
    for token in ids:
        if token == EOS:
            try:
                return octets.decode("utf-8").strip() or None
            except UnicodeDecodeError:
                return None
        if not OFFSET <= token < EXTRA:
            return None
        octets.append(token - OFFSET)
    return None


def fit(state: str, max_bytes: int) -> str:
    """``state`` in at most ``max_bytes`` bytes of UTF-8 (at least 4).

    The first goal is the one that tactics work on. Its target is kept in any case, cut in front if
    it is longer than all there is room for; then its hypotheses, the last first, as many as fit in
    a row; then, if nothing of the first goal was lost, whole goals behind it.
    """
    if _size(state) <= max_bytes:
        return state
    goals = split_goals(state) or [state]
    first, counted = goals[0], ""
    if state.startswith(f"{len(goals)} goals\n"):
        counted = f"{len(goals)} goals\n"
    if _size(first) > max_bytes:
        return _fit_goal(first, max_bytes)
    text = counted + first if _size(counted + first) <= max_bytes else first
    for goal in goals[1:]:
        longer = f"{text}\n\n{goal}"
        if _size(longer) > max_bytes:
            break
        text = longer
    return text


def _fit_goal(goal: str, max_bytes: int) -> str:
    _, hypotheses, target = split_hypotheses(goal)
    text = f"⊢ {target}" if "⊢ " in goal else goal
    if _size(text) > max_bytes:
        return _end(text, max_bytes)
    for hypothesis in reversed(hypotheses):
        longer = f"{hypothesis}\n{text}"
        if _size(longer) > max_bytes:
            break
        text = longer
    return text


def _end(text: str, max_bytes: int) -> str:
    octets = text.encode("utf-8", errors="replace")[-max_bytes:]
    # What is left of a character that was cut is dropped.
    return octets.decode("utf-8", errors="ignore")


def _size(text: str) -> int:
    return len(text.encode("utf-8", errors="replace"))
