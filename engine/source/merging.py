"""Joining neighbouring tactics of a proof into one that does the work of both.

Only proposals: whether the joined tactic does the same is for Lean to say.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_REWRITES: Final = ("rw", "rwa", "erw", "simp_rw")
_CLOSING: Final = {"rwa": "rw"}
"""A rewriting that also closes the goal, and the plain one that may stand in front of it."""

_REWRITE: Final = re.compile(rf"({'|'.join(_REWRITES)})(?:\s+|(?=\[))(.*)", re.DOTALL)
_INTRO: Final = re.compile(r"intros?((?:\s+[^\W\d][\w'₀-₉]*)+)\s*\Z|intros?\s+_\s*\Z")
_PLACES: Final = re.compile(r"\bat\s+(.+)\Z", re.DOTALL)
_BRACKETS: Final = {"(": 1, "[": 1, "{": 1, "⟨": 1, ")": -1, "]": -1, "}": -1, "⟩": -1}


class _Rewrite(NamedTuple):
    name: str
    rules: str
    places: str


def _depths(text: str) -> list[int]:
    """How many brackets are open behind each letter."""
    depth, depths = 0, []
    for letter in text:
        depth += _BRACKETS.get(letter, 0)
        depths.append(depth)
    return depths


def _rewrite(tactic: str) -> _Rewrite | None:
    match = _REWRITE.match(tactic.strip())
    if match is None:
        return None
    name, rest = match[1], match[2].strip()
    depths = _depths(rest)
    if not rest or depths[-1] != 0 or min(depths) < 0:
        return None
    if rest.startswith("["):
        end = depths.index(0) + 1
        rules, tail = rest[1 : end - 1].strip(), rest[end:].strip()
    else:
        found = next(
            (m for m in re.finditer(r"\sat\s", rest) if depths[m.start()] == 0),
            None,
        )
        end = found.start() if found is not None else len(rest)
        rules, tail = rest[:end].strip(), rest[end:].strip()
    places = _PLACES.fullmatch(tail)
    if not rules or (tail and places is None):
        return None
    return _Rewrite(name, rules, places[1].strip() if places is not None else "")


def merged(first: str, second: str) -> str | None:
    """One tactic that may do what ``first`` and then ``second`` do, or None.

    ``rw [a]`` and ``rw [b]`` at the same places become ``rw [a, b]``; ``intro x`` and ``intro y``
    become ``intros x y``.
    """
    intros = _INTRO.fullmatch(first.strip()), _INTRO.fullmatch(second.strip())
    if intros[0] is not None and intros[1] is not None:
        names = " ".join(m[1].strip() if m[1] else "_" for m in intros if m is not None)
        return f"intros {names}"
    one, other = _rewrite(first), _rewrite(second)
    if one is None or other is None or one.places != other.places:
        return None
    if one.name != other.name and one.name != _CLOSING.get(other.name):
        return None
    places = f" at {other.places}" if other.places else ""
    return f"{other.name} [{one.rules}, {other.rules}]{places}"
