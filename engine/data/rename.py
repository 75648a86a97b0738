"""The same goal and tactic with other names for what is local.

What a hypothesis is called means nothing to Lean, but a model that has seen ``h₁`` often says
``h₁`` whatever is there. Copies of a pair in which hypotheses and variables are called otherwise
can only be learnt by reading the names in the state. Not in the paper.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from engine.goals import parse_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from engine.data.records import TacticPair

__all__ = ["Names", "copies", "local_names", "rename"]

_SHARE = 0.75
"""The probability that a name of a pair is changed in a copy."""

# What Lean 3 takes for a letter: not λ, Π and Σ.
_LETTER = (
    r"[A-Za-z_\u0370-\u039f\u03a1\u03a2\u03a4-\u03ba\u03bc-\u03fb\u1f00-\u1ffe\u2100-\u214f"
    r"\U0001d49c-\U0001d59f]"
)
_PART = rf"{_LETTER}(?:{_LETTER}|[0-9'\u207f-\u2089\u2090-\u209c\u1d62-\u1d6a])*"
_NAME = re.compile(rf"(?<![\w'.«\u2080-\u209c])(?P<first>{_PART})(?P<rest>(?:\.{_PART})*)")
"""A name with its dots. What stands before a dot may be local, what stands behind it is not."""

_HEAD = re.compile(rf"(?:\A|[;{{]|<\|>|\bby\b)[\s(]*(?P<word>{_PART})")
"""A word that names a tactic."""

_ARROW, _HYPOTHESIS, _LOCAL, _OTHER = "→", "h", "local", "other"


def local_names(state: str) -> dict[str, str]:
    """The names of hypotheses and variables in a tactic state, each with what kind of name it is.

    The kind is the head of the type: names are exchanged for names that are in use for the like.
    Names that Lean made (``_inst_1``) and ``this`` are left out.
    """
    found: dict[str, str] = {}
    for goal in parse_state(state):
        for hypothesis in goal.hypotheses:
            for name in hypothesis.names:
                if re.fullmatch(_PART, name) and not name.startswith("_") and name != "this":
                    found.setdefault(name, _kind(name, hypothesis.type, found))
    return found


def _kind(name: str, type_: str, locals_: Mapping[str, str]) -> str:
    if name[0] in "hH" or name.endswith("ih"):
        return _HYPOTHESIS
    if "→" in type_:
        return _ARROW
    head = type_.split(maxsplit=1)[0] if type_.strip() else ""
    if head in locals_:
        return _LOCAL
    return head if re.fullmatch(rf"{_PART}(?:\.{_PART})*", head) else _OTHER


def words(text: str) -> set[str]:
    """Every name in a text, up to its first dot."""
    return {match["first"] for match in _NAME.finditer(text)}


def rename(text: str, mapping: Mapping[str, str]) -> str:
    """``text`` with other names for what is local, all of them exchanged at once."""
    return _NAME.sub(
        lambda match: mapping.get(match["first"], match["first"]) + match["rest"], text
    )


class Names:
    """The names in use, by kind, and how often each is met."""

    def __init__(self, states: Iterable[str]) -> None:
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for state in states:
            for name, kind in local_names(state).items():
                counts[kind][name] += 1
        self._names = {kind: list(counter) for kind, counter in counts.items()}
        self._sums = {kind: list(accumulate(counter.values())) for kind, counter in counts.items()}

    def draw(self, kind: str, taken: Set[str], chance: random.Random) -> str | None:
        """A name for something of ``kind`` that is not ``taken``, as likely as it is met."""
        for _ in range(8):
            if kind not in self._names:
                break
            name = chance.choices(self._names[kind], cum_weights=self._sums[kind])[0]
            if name not in taken:
                return name
        return None


def copies(pair: TacticPair, count: int, names: Names, *, seed: int) -> Iterator[TacticPair]:
    """At most ``count`` copies of ``pair`` under other names, all different from it and each other.

    No name that occurs in the pair, as a variable or otherwise, is given to anything else; so a
    copy says what the pair says. What the next state would be is not known of a copy.
    """
    kinds = local_names(pair.state)
    # A word that also names a tactic would be changed where it does.
    heads = {match["word"] for match in _HEAD.finditer(pair.tactic)}
    local = {name: kind for name, kind in kinds.items() if name not in heads}
    present = words(pair.state) | words(pair.tactic)
    seen = {(pair.state, pair.tactic)}
    digest = hashlib.blake2b(f"{seed}\0{pair.state}\0{pair.tactic}".encode(), digest_size=8)
    chance = random.Random(digest.digest())  # noqa: S311
    for _ in range(count):
        taken = set(present)
        mapping: dict[str, str] = {}
        for name, kind in local.items():
            if chance.random() < _SHARE:
                new = names.draw(kind, taken, chance)
                if new is not None:
                    mapping[name] = new
                    taken.add(new)
        state, tactic = rename(pair.state, mapping), rename(pair.tactic, mapping)
        if (state, tactic) not in seen:
            seen.add((state, tactic))
            family = pair.family or "renamed"
            yield replace(pair, state=state, tactic=tactic, next="", family=family)
