"""Tactics with a list of premises, taken apart into tactics with one premise each. Pure.

The families are the rows of Table 3 of the paper. What is made here is text; what the tactics do to
a goal is for Lean to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.source.lexer import (
    ASSIGN,
    ASSUME,
    BEGIN,
    BINDER,
    BY,
    CALC,
    CLOSE,
    COMMA,
    END,
    HAVE,
    IF,
    LET,
    MATCH,
    OPEN,
    QUOTE,
    SEPARATOR,
    SHOW,
    WORD,
    Token,
    tokenize,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FAMILIES", "Decomposition", "PremiseList", "decompose", "premise_list"]

_ORDERED: Final = ("rw", "erw", "rwa", "equiv_rw", "assoc_rw")
_UNORDERED: Final = ("simp", "dsimp", "simpa", "simp_rw")
_WITH_ONLY: Final = ("simp", "dsimp", "simpa")

FAMILIES: Final = (
    *_ORDERED,
    *(name for head in _WITH_ONLY for name in (head, f"{head} only")),
    "simp_rw",
)
"""The tactics that are taken apart, as Table 3 names them."""

_BRACKETED: Final = (ASSUME, BEGIN, BINDER, BY, CALC, HAVE, IF, LET, MATCH, SHOW)
"""What may not begin, or would swallow what follows, where a premise stands without brackets."""


@dataclass(frozen=True, slots=True)
class PremiseList:
    """A tactic with a list: ``before`` is what stands in front of it, ``rest`` what stands behind,
    ``excluded`` the entries of a simp list that take a lemma out (``-foo``). Comments are gone, and
    all of it is on one line. ``bare`` says for each premise whether it means the same without
    brackets around it.
    """

    family: str
    before: str
    premises: tuple[str, ...]
    bare: tuple[bool, ...]
    excluded: tuple[str, ...]
    rest: str


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The tactics of one premise that a tactic of several is taken apart into.

    Where ``ordered``, each of ``steps`` runs on what the one before it left. Otherwise each is
    tried alone, and so is each of ``closers``, one for each step, which only count where they
    close the goal.
    """

    family: str
    ordered: bool
    steps: tuple[str, ...]
    closers: tuple[str, ...] = ()


def decompose(tactic: str) -> Decomposition | None:
    """What ``tactic`` is taken apart into; None unless it is of a family and has two premises.

    ``rwa [a, b]`` ends with ``assumption``, so it is ``rw a`` and then ``rwa b``. ``simpa [a, b]
    using h`` is ``simpa [a] using h``, and ``simp [a]`` to go on with, each the same for ``b``.
    """
    found = premise_list(tactic)
    if found is None or len(found.premises) < 2:
        return None
    head = found.family.removesuffix(" only")
    if head in _ORDERED:
        steps = [_rewrite(head, found, index) for index in range(len(found.premises))]
        if head == "rwa":
            steps[:-1] = [_rewrite("rw", found, index) for index in range(len(steps) - 1)]
        return Decomposition(found.family, True, tuple(steps))
    # The same premise twice is no other tactic.
    premises = tuple(dict.fromkeys(found.premises))
    if len(premises) < 2:
        return None
    alone = tuple(_simplify(found.before, found, premise, found.rest) for premise in premises)
    if head != "simpa":
        return Decomposition(found.family, False, alone)
    before = "simp" + found.before[len("simpa") :]
    rest = _without_using(found.rest)
    moving = tuple(_simplify(before, found, premise, rest) for premise in premises)
    return Decomposition(found.family, False, moving, alone)


def premise_list(tactic: str) -> PremiseList | None:
    """The list of a tactic of one of the families; None where there is none, or it never ends."""
    tokens = tokenize(tactic)
    if not tokens:
        return None
    words = [tactic[start:end] for _, start, end in tokens]
    head, index = words[0], 1
    if head not in _ORDERED + _UNORDERED:
        return None
    only = False
    while head in _WITH_ONLY and words[index : index + 1] in (["!"], ["?"], ["only"]):
        only = only or words[index] == "only"
        index += 1
    if words[index : index + 1] != ["["]:
        return None
    entries = _entries(tactic, tokens, index + 1)
    if entries is None or not all(entries):
        return None
    end = index + sum(map(len, entries)) + len(entries)  # its entries, their commas, its bracket
    excluded = [entry for entry in entries if head in _UNORDERED and _is_exclusion(tactic, entry)]
    premises = [entry for entry in entries if entry not in excluded]
    return PremiseList(
        family=f"{head} only" if only else head,
        before=_plain(tactic, tokens[:index]),
        premises=tuple(_plain(tactic, entry) for entry in premises),
        bare=tuple(_is_bare(tactic, entry) for entry in premises),
        excluded=tuple(_plain(tactic, entry) for entry in excluded),
        rest=_plain(tactic, tokens[end + 1 :]),
    )


def _entries(text: str, tokens: Sequence[Token], index: int) -> list[list[Token]] | None:
    """The entries of the list whose bracket opens before ``index``; None if it never closes.

    A comma belongs to the entry where brackets are open, and where a binder, ``show`` or ``have``
    still waits for one.
    """
    entries: list[list[Token]] = [[]]
    depth = 0
    waiting: list[int] = []
    for number in range(index, len(tokens)):
        token = tokens[number]
        code = token[0]
        if code in (OPEN, QUOTE, BEGIN, MATCH):
            depth += 1
        elif code in (CLOSE, END):
            depth -= 1
            if depth < 0:
                return entries if text[token[1] : token[2]] == "]" else None
        elif depth == 0 and code in (BINDER, ASSUME, SHOW, HAVE):
            waiting.append(code)
        elif depth == 0 and code == ASSIGN and waiting and waiting[-1] == HAVE:
            waiting[-1] = BINDER  # `have h : p := e, …`: one comma, not two
        elif depth == 0 and code == COMMA:
            if not waiting:
                entries.append([])
                continue
            follows = tokens[number + 1 : number + 2]
            proof = bool(follows) and (
                follows[0][0] == BY or text[follows[0][1] : follows[0][2]] == "from"
            )
            if waiting.pop() == HAVE and proof:
                waiting.append(BINDER)
        entries[-1].append(token)
    return None


def _is_exclusion(text: str, entry: Sequence[Token]) -> bool:
    return len(entry) == 2 and text[entry[0][1] : entry[0][2]] == "-" and entry[1][0] == WORD


def _is_bare(text: str, entry: Sequence[Token]) -> bool:
    depth = 0
    for code, start, end in entry:
        if code in (OPEN, QUOTE):
            depth += 1
        elif code == CLOSE:
            depth -= 1
        elif depth == 0 and (code in _BRACKETED or text[start:end] in ("$", ":")):
            return False
    return text[entry[0][1] : entry[0][2]] != "["


def _plain(text: str, tokens: Sequence[Token]) -> str:
    """The tokens on one line, without comments, with blanks where there were some."""
    pieces: list[str] = []
    last = -1
    for _, start, end in tokens:
        if pieces and start > last:
            pieces.append(" ")
        pieces.append(text[start:end])
        last = end
    return "".join(pieces)


def _rewrite(head: str, found: PremiseList, index: int) -> str:
    premise = found.premises[index]
    if found.bare[index] and not found.rest.startswith(("{", "(")):
        # As mathlib writes one rule; brackets come back where the rest would be read into it.
        return f"{head} {premise}{found.rest and ' '}{found.rest}"
    return f"{head} [{premise}]{found.rest and ' '}{found.rest}"


def _simplify(before: str, found: PremiseList, premise: str, rest: str) -> str:
    return f"{before} [{', '.join((premise, *found.excluded))}]{rest and ' '}{rest}"


def _without_using(rest: str) -> str:
    """What ``simp`` understands of what stands behind a ``simpa``'s list."""
    depth = 0
    for code, start, end in tokenize(rest):
        if code in (OPEN, QUOTE, BEGIN, MATCH):
            depth += 1
        elif code in (CLOSE, END):
            depth -= 1
        elif depth == 0 and code == SEPARATOR and rest[start:end] == "using":
            return rest[:start].rstrip()
    return rest
