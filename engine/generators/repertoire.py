"""The repertoire: Lean 3 tactics that need no weights.

Three parts. *Closers* either close the goal or at least simplify it; they are tried first at every
node. *Probes* are closers that search for long (``library_search`` and its like); they say which
tactic should stand in their place. *Moves* are built from the goal's shape and the hypotheses'
names, each with a weight, so that the repertoire alone can serve as a generator.

What exists depends on the imports: each entry names the declarations it needs, and Lean is asked
once per hole which of them there are.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.goals import Goal, Hypothesis, parse_state
from engine.values import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set


@dataclass(frozen=True, slots=True)
class Extra:
    """A tactic of the repertoire that stands outside the generator's candidates.

    ``needs`` are declarations that must exist. A ``probe`` is judged by what it says, not by what
    it leaves behind.
    """

    tactic: str
    needs: tuple[str, ...]
    probe: bool = False


def _interactive(tactic: str) -> str:
    return f"tactic.interactive.{re.split(r'[^a-z_A-Z0-9]', tactic, maxsplit=1)[0]}"


def _extra(tactic: str, *needs: str) -> Extra:
    return Extra(tactic, (_interactive(tactic), *needs))


CLOSERS: tuple[Extra, ...] = (
    _extra("refl"),
    _extra("assumption"),
    _extra("trivial"),
    _extra("contradiction"),
    _extra("simp"),
    _extra("simp *"),
    _extra("exact dec_trivial"),
    _extra("ac_refl"),
    _extra("cc"),
    _extra("linarith"),
    _extra("omega"),
    _extra("norm_num"),
    _extra("ring"),
    _extra("tauto"),
    _extra("abel"),
    _extra("positivity"),
    _extra("solve_by_elim"),
    _extra("simp at *"),
    _extra("norm_num at *"),
    _extra("field_simp"),
    _extra("push_cast"),
    _extra("norm_cast"),
    _extra("group"),
)
"""Tried first at each node, cheapest first."""

LONG_CLOSERS: tuple[Extra, ...] = (
    _extra("nlinarith"),
    _extra("finish"),
    _extra("tauto!"),
    Extra(
        "(do s ← tactic.library_search {}, dsp_lsp.say [s])", ("tactic.library_search",), probe=True
    ),
    Extra("(do ts ← tactic.hint, dsp_lsp.say (ts.map prod.fst))", ("tactic.hint",), probe=True),
    Extra(
        '(do ts ← tactic.tidy.core {}, dsp_lsp.say [", ".intercalate ts])',
        ("tactic.tidy.core",),
        probe=True,
    ),
    Extra(
        "(do ss ← tactic.suggest_scripts (some 12) {}, dsp_lsp.say ss)",
        ("tactic.suggest_scripts",),
        probe=True,
    ),
)
"""Tried beside the search, one at a time: each can take seconds."""

SQUEEZE = Extra(
    "(tactic.squeeze_simp_core ff ff [] (λ d a, tactic.interactive.simp none none d a [] "
    "(interactive.loc.ns [none])) (λ args, dsp_lsp.say "
    '[(format!"simp only {tactic.render_simp_arg_list args}").to_string]))',
    ("tactic.squeeze_simp_core", "tactic.render_simp_arg_list"),
    probe=True,
)
"""``squeeze_simp``: says the ``simp only [...]`` that does what ``simp`` did."""

_MOVE_HEADS = {
    *("intro", "intros", "split", "refine", "left", "right", "use", "existsi", "ext", "funext"),
    *("congr", "symmetry", "push_neg", "constructor", "exfalso", "by_contradiction", "dsimp"),
    *("unfold", "simp", "induction", "cases", "rcases", "rw", "subst", "apply", "exact", "have"),
    *("specialize", "norm_num"),
}
"""First words of :func:`moves`."""


def clean_said(said: str) -> str:
    """A tactic out of what ``library_search`` and its like print."""
    return re.sub(r"\s+", " ", said.removeprefix("Try this: ")).strip()


_NAME = re.compile(r"[^\W\d][\w'.₀-₉!?]*")
_PLAIN = re.compile(r"[^\W\d][\w'₀-₉]*\Z")
_BINDERS = re.compile(r"∀ (?P<binders>[^,]*(?:\{[^}]*\}[^,]*)*), ")
_BINDER_NAMES = re.compile(r"[({⦃\[]?\s*([^\W\d][^:(){}\[\]⦃⦄,]*?)\s*(?::|[)}\]⦄]|\Z|(?=[({⦃]))")
_NUMERIC = frozenset({"ℕ", "nat"})
_KEYWORDS = frozenset({"fun", "let", "in", "if", "then", "else", "λ", "Type", "Prop", "Sort"})


def _outside_brackets(text: str, symbol: str) -> int:
    """Where ``symbol`` first stands in ``text`` outside all brackets, or -1."""
    depth = 0
    for place, letter in enumerate(text):
        if letter in "([{⟨⦃":
            depth += 1
        elif letter in ")]}⟩⦄":
            depth -= 1
        elif depth == 0 and text.startswith(symbol, place):
            return place
    return -1


def _has(text: str, symbol: str) -> bool:
    return _outside_brackets(text, symbol) >= 0


def binder_names(target: str, taken: Set[str]) -> list[str]:
    """Names for ``intros`` at ``target``: the binders' own where free, ``h``… for ``→``."""
    used = set(taken)
    names: list[str] = []

    def add(wanted: str) -> None:
        name, count = wanted, 0
        while name in used:
            count += 1
            name = f"{wanted}_{count}"
        used.add(name)
        names.append(name)

    rest = target
    while True:
        match = _BINDERS.match(rest)
        if match is not None:
            for group in _BINDER_NAMES.finditer(match["binders"]):
                for name in group[1].split():
                    add(name if _PLAIN.match(name) else "h")
            rest = rest[match.end() :]
            continue
        if rest.startswith("¬"):
            add("h")
            return names
        arrow = _outside_brackets(rest, " → ")
        if arrow < 0 or 0 <= _outside_brackets(rest, " ↔ ") < arrow:
            return names
        add("h")
        rest = rest[arrow + 3 :]


def _moves_at_target(goal: Goal, taken: Set[str]) -> Iterator[tuple[str, float]]:
    target = goal.target
    names = binder_names(target, taken)
    if names:
        yield f"intros {' '.join(names)}", 8
        if len(names) > 1:
            yield f"intro {names[0]}", 4
    if _has(target, " ∧ "):
        yield "split", 6
        yield "refine ⟨_, _⟩", 1
    if _has(target, " ↔ "):
        yield "split", 6
    if _has(target, " ∨ "):
        yield "left", 4
        yield "right", 4
    if target.startswith("∃"):
        variables = [name for h in goal.hypotheses for name in h.names]
        for name in [*variables, "0", "1", "2"]:
            yield f"use {name}", 2
            yield f"existsi {name}", 1
        yield "refine ⟨_, _⟩", 1
    if _has(target, " = "):
        yield "ext", 2
        yield "funext", 1
        yield "congr", 1
        yield "symmetry", 1
    if target.startswith(("∃", "¬")) or "¬" in target:
        yield "push_neg", 2
    yield "constructor", 1
    yield "exfalso", 1
    yield "by_contradiction h", 0.7
    yield "dsimp", 0.7
    # Definitions of the document itself are what closers do not know.
    for name in _constants(target, taken)[:4]:
        yield f"unfold {name}", 1
        yield f"simp [{name}]", 1.5


def _constants(text: str, taken: Set[str]) -> list[str]:
    names = [n for n in _NAME.findall(text) if n not in taken and n not in _KEYWORDS and len(n) > 1]
    return list(dict.fromkeys(names))


def _moves_at_hypothesis(hypothesis: Hypothesis, others: list[str]) -> Iterator[tuple[str, float]]:
    kind = hypothesis.type
    for name in hypothesis.names:
        if not _PLAIN.match(name):
            continue
        if kind in _NUMERIC or kind.startswith(("list ", "option ")):
            yield f"induction {name} with {name} ih", 2
            yield f"cases {name}", 1.5
            continue
        yield f"cases {name}", 4 if _splits(kind) else 0.3
        if kind.startswith("∃") or _has(kind, " ∧ "):
            yield f"rcases {name} with ⟨_, _⟩", 1
        if _has(kind, " = ") or _has(kind, " ↔ "):
            yield f"rw {name}", 4
            yield f"rw ← {name}", 3
            yield f"subst {name}", 3
            for other in others:
                if other != name:
                    yield f"rw {name} at {other}", 1
        if _has(kind, " → ") or kind.startswith(("∀", "¬")) or _has(kind, " ↔ "):
            yield f"apply {name}", 4
            yield f"exact {name}", 1
            for other in others:
                if other != name:
                    yield f"exact {name} {other}", 1
                    yield f"have := {name} {other}", 1
                    yield f"specialize {name} {other}", 0.7
        if _has(kind, " ↔ "):
            yield f"apply {name}.1", 1
            yield f"apply {name}.2", 1
        yield f"simp at {name}", 1
        yield f"simp [{name}]", 1.5
        yield f"norm_num at {name}", 0.7
        yield f"exact {name}.symm", 1 if _has(kind, " = ") or _has(kind, " ↔ ") else 0.1


def _splits(kind: str) -> bool:
    return (
        kind.startswith("∃") or any(_has(kind, s) for s in (" ∧ ", " ∨ ", " ↔ ")) or kind == "false"
    )


def moves(state: str) -> list[tuple[str, float]]:
    """Tactics for the main goal of ``state`` with their weights, heaviest first."""
    goals = parse_state(state)
    if not goals:
        return []
    goal = goals[0]
    taken = {name for h in goal.hypotheses for name in h.names}
    others = [name for h in goal.hypotheses for name in h.names][-12:]
    weights: dict[str, float] = {}
    found: Iterable[tuple[str, float]] = [
        *_moves_at_target(goal, taken),
        *(move for h in reversed(goal.hypotheses) for move in _moves_at_hypothesis(h, others)),
    ]
    for tactic, weight in found:
        weights[tactic] = max(weight, weights.get(tactic, 0.0))
    return sorted(weights.items(), key=lambda item: -item[1])


class Repertoire:
    """The repertoire as it exists at one site; see the module's text.

    ``known`` are the declarations that exist there, out of :meth:`asked`. As a generator it
    samples moves; their log-probabilities are those of their weights, made to sum to one.
    """

    name = "repertoire"
    device = "CPU"

    def __init__(self, known: Set[str]) -> None:
        self._known = known

    @staticmethod
    def asked() -> list[str]:
        """The declarations that the repertoire wants to know of."""
        extras = (*CLOSERS, *LONG_CLOSERS, SQUEEZE)
        names = {name for extra in extras for name in extra.needs}
        return sorted(names | {f"tactic.interactive.{move}" for move in _MOVE_HEADS})

    def _present(self, extras: Iterable[Extra]) -> list[Extra]:
        return [extra for extra in extras if self._known >= set(extra.needs)]

    def closers(self) -> list[Extra]:
        """The cheap closers that exist here, cheapest first."""
        return self._present(CLOSERS)

    def long_closers(self) -> list[Extra]:
        """The closers that can take seconds, and exist here."""
        return self._present(LONG_CLOSERS)

    def squeeze(self) -> Extra | None:
        """What turns ``simp`` into ``simp only [...]``, if it exists here."""
        return SQUEEZE if self._known >= set(SQUEEZE.needs) else None

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        """The ``n`` heaviest moves for ``state``; ``seed`` changes nothing, there is no chance."""
        del seed
        found = [(t, w) for t, w in moves(state) if _interactive(t) in self._known]
        total = sum(weight for _, weight in found)
        return [Candidate(tactic, math.log(weight / total)) for tactic, weight in found[:n]]
