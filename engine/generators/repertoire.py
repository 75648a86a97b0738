"""The repertoire: Lean 3 tactics that need no weights.

Three parts. *Closers* either close the goal or at least simplify it; they are tried first at every
node. *Probes* are closers that search for long (``library_search`` and its like); they say which
tactic should stand in their place. *Moves* are built from the goal's shape and the hypotheses'
names, each with a weight, so that the repertoire alone can serve as a generator.

What exists depends on the imports: each entry names the declarations it needs, and Lean is asked
once per hole which of them there are.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.goals import Goal, parse_state
from engine.values import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set


@dataclass(frozen=True, slots=True)
class Extra:
    """A tactic of the repertoire that stands outside the generator's candidates.

    ``needs`` are declarations that must exist; where one of ``unless`` exists there is better. A
    ``probe`` is judged by what it says, not by what it leaves behind.
    """

    tactic: str
    needs: tuple[str, ...]
    probe: bool = False
    unless: tuple[str, ...] = ()


def _interactive(tactic: str) -> str:
    return f"tactic.interactive.{re.split(r'[^a-z_A-Z0-9]', tactic, maxsplit=1)[0]}"


def _extra(tactic: str, *needs: str) -> Extra:
    return Extra(tactic, (_interactive(tactic), *needs))


_NAT_SUM = "nat.add_comm, nat.add_left_comm, nat.add_assoc"
_NAT_NORMAL = (
    "bit0, bit1, nat.succ_eq_add_one, nat.left_distrib, nat.right_distrib, nat.mul_one, "
    "nat.one_mul, nat.zero_mul, nat.mul_zero, nat.add_zero, nat.zero_add, nat.mul_comm, " + _NAT_SUM
)
_RING = "tactic.interactive.ring"

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
    # What `ring` does, as far as core Lean goes.
    Extra(f"simp [*, {_NAT_SUM}]", ("tactic.interactive.simp",), unless=(_RING,)),
    Extra(f"simp only [{_NAT_NORMAL}]", ("tactic.interactive.simp",), unless=(_RING,)),
)
"""Tried first at each node, cheapest first."""

_PROBES = {
    "library_search": Extra(
        "(do s ← tactic.library_search {}, dsp_lsp.say [s])", ("tactic.library_search",), probe=True
    ),
    "hint": Extra(
        "(do ts ← tactic.hint, dsp_lsp.say (ts.map prod.fst))", ("tactic.hint",), probe=True
    ),
    "tidy": Extra(
        '(do ts ← tactic.tidy.core {}, dsp_lsp.say [", ".intercalate ts])',
        ("tactic.tidy.core",),
        probe=True,
    ),
    "suggest": Extra(
        "(do ss ← tactic.suggest_scripts (some 12) {}, dsp_lsp.say ss)",
        ("tactic.suggest_scripts",),
        probe=True,
    ),
}
"""Tactics that search and print what they found, and how they are asked for it."""

LONG_CLOSERS: tuple[Extra, ...] = (
    _extra("nlinarith"),
    _extra("finish"),
    _extra("tauto!"),
    *_PROBES.values(),
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
    *("specialize", "norm_num", "by_cases", "split_ifs", "choose", "nlinarith", "field_simp"),
    *("injection", "refl", "ring", "ring_nf", "linear_combination", "simpa", "linarith"),
}
"""First words of :func:`moves`, and what decides between two of them."""

_SUPERSEDED = (("existsi ", "use"), ("nat.", "ring"), ("by_cases if_", "split_ifs"))
"""A move that contains the first is left out where the tactic that is named second exists."""


def clean_said(said: str) -> str:
    """A tactic out of what ``library_search`` and its like print."""
    return re.sub(r"\s+", " ", said.removeprefix("Try this: ")).strip()


_NAME = re.compile(r"[^\W\d][\w'.₀-₉!?]*")
_PLAIN = re.compile(r"[^\W\d][\w'₀-₉]*\Z")
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


def principal(text: str) -> str:
    """The symbol that ``text`` is built with: quantifier, connective, relation, or nothing."""
    if text[:1] in ("∀", "∃", "λ"):
        return text[0]
    found: dict[str, None] = {}
    depth = 0
    for word in re.findall(r"[([{⟨⦃]|[)\]}⟩⦄]|[∀∃λ]|[^\s()\[\]{}⟨⟩⦃⦄∀∃λ]+", text):
        if word in "([{⟨⦃":
            depth += 1
        elif word in ")]}⟩⦄":
            depth -= 1
        elif depth == 0:
            if word in "∀∃λ":
                break  # it reaches to the end
            found[word] = None
    for connective in _CONNECTIVES:
        if connective in found:
            return connective
    if text.startswith("¬"):
        return "¬"
    return next((word for word in found if word in _RELATIONS), "")


@dataclass(frozen=True, slots=True)
class Binder:
    """Names that are bound together, their type, and whether arguments for them are written."""

    names: tuple[str, ...]
    type: str
    explicit: bool


_CLOSING = {"(": ")", "{": "}", "[": "]", "⦃": "⦄"}


def binders(text: str) -> tuple[list[Binder], str]:
    """The binders of a ``text`` that begins with a quantifier, and what they bind in."""
    head_end = _outside_brackets(text, ",")
    if text[:1] not in ("∀", "∃") or head_end < 0:
        return [], text
    head, rest = text[1:head_end].strip(), text[head_end + 1 :].strip()
    found: list[Binder] = []
    while head:
        closing = _CLOSING.get(head[0])
        if closing is None:
            group, head, explicit = head, "", True
        else:
            end = next((n for n in range(1, len(head)) if _closes_at(head, n)), len(head) - 1)
            group, explicit = head[1:end], closing == ")"
            head = head[end + 1 :].strip()
        names, colon, kind = group.partition(" : ")
        if not colon and closing == "]":
            names, kind = "_inst", group
        bound = tuple(names.split())
        if not colon and len(bound) > 1 and not _PLAIN.match(bound[1]):
            # Bounded: `x ∈ s` and `ε > 0` bind a proof as well.
            bound, kind = (bound[0], f"h{bound[0]}"), ""
        found.append(Binder(bound, kind.strip(), explicit))
    return found, rest


def _closes_at(text: str, place: int) -> bool:
    """Whether the bracket that ``text`` begins with is closed at ``place``."""
    inside = text[: place + 1]
    return sum(inside.count(c) for c in "([{⟨⦃") == sum(inside.count(c) for c in ")]}⟩⦄")


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
    while rest:
        sign = principal(rest)
        if sign == "∀":
            found, after = binders(rest)
            for binder in found:
                for name in binder.names:
                    add(name if _PLAIN.match(name) else "h")
            if not found:
                return names
            rest = after
        elif sign == "→":
            add("h")
            rest = rest[_outside_brackets(rest, "→") + 1 :].strip()
        else:
            if sign == "¬":
                add("h")
            return names
    return names


_SCALARS = frozenset({"ℕ", "ℤ", "ℚ", "ℝ", "ℂ", "nat", "int", "rat", "real"})
_WITHOUT_CASES = _SCALARS | {"set", "finset", "multiset", "Type", "Sort", "Prop", "Type*"}
_CONNECTIVES = ("↔", "→", "∨", "∧")
"""From the loosest to the tightest."""

_RELATIONS = frozenset(["=", "≠", "≤", "<", "≥", ">", "∈", "∉", "⊆", "⊂", "∣", "==", "≈", "≡"])
_ARITHMETIC = frozenset(["=", "≠", "≤", "<", "≥", ">"])
_ORDER = frozenset(["≤", "<", "≥", ">"])
_EXISTS = re.compile(r"∃ \(?([^\W\d][\w'₀-₉]*)\s*:")
_CONDITION = re.compile(r"\bif (.+?) then\b")
_FIELD = re.compile(r"(?<=[\w)'₀-₉])\.([^\W\d][\w']*)")
_SURE_SHARE = 9.0
"""Moves that lose nothing, taken together, against all the others together."""

_MANY = 12
"""Most hypotheses that are combined with another one; the last are the likeliest."""


@dataclass(frozen=True, slots=True)
class _Move:
    """A tactic, its weight, and whether what was provable surely stays so."""

    tactic: str
    weight: float
    sure: bool = False


class _Situation:
    """The main goal of a state, sorted into what it is good for."""

    def __init__(self, goal: Goal) -> None:
        # Long types are printed over several lines.
        goal = Goal(
            tuple(replace(h, type=" ".join(h.type.split())) for h in goal.hypotheses),
            " ".join(goal.target.split()),
            goal.case,
        )
        self.goal = goal
        self.taken = {name for h in goal.hypotheses for name in h.names}
        self.types = {name: h.type for h in goal.hypotheses for name in h.names}
        self.facts: list[tuple[str, str]] = []
        self.data: list[tuple[str, str]] = []
        self.propositions: list[str] = []
        for hypothesis in goal.hypotheses:
            for name in hypothesis.names:
                if _PLAIN.match(name) and not name.startswith("_inst"):
                    self._sort_in(name, hypothesis.type)
        self.near = self.facts[-_MANY:]

    def _sort_in(self, name: str, kind: str) -> None:
        head = kind.split(maxsplit=1)[0] if kind.strip() else ""
        if kind == "Prop":
            self.propositions.append(name)
        elif head in ("Type", "Type*", "Sort"):
            return
        elif principal(kind):
            # A function from data to data is data; one to propositions is a predicate.
            (self.data if self._is_function(kind) else self.facts).append((name, kind))
        elif head in self.taken:
            fact = self.types[head].endswith("Prop") or head in self.propositions
            (self.facts if fact else self.data).append((name, kind))
        elif self._may_be_data(kind):
            self.data.append((name, kind))
            if " " in kind:  # it may be an inductive proposition as well
                self.facts.append((name, kind))
        else:
            self.facts.append((name, kind))

    def _is_function(self, kind: str) -> bool:
        parts = kind.split(" → ")
        return len(parts) > 1 and all(
            part in _SCALARS
            or self.types.get(part.split(maxsplit=1)[0] if part.strip() else "", "")
            .lstrip()
            .startswith(("Type", "Sort"))
            or part in ("Prop", "bool")
            or part.split(maxsplit=1)[:1] in (["set"], ["list"], ["option"])
            for part in parts
        )

    def known(self, kind: str) -> bool:
        """Whether a hypothesis says just this."""
        return kind in self.types.values()

    @staticmethod
    def _may_be_data(kind: str) -> bool:
        return kind != "false" and kind != "true"

    def fresh(self, wanted: str = "h") -> str:
        """A name that is free, like ``wanted``."""
        name, count = wanted, 0
        while name in self.taken:
            count += 1
            name = f"{wanted}_{count}"
        return name

    def of_type(self, kind: str) -> list[str]:
        """Variables of a type, and values of the functions of the context at variables."""
        found = [name for name, other in self.data if other == kind]
        for function, other in self.data:
            source, arrow, target = other.partition(" → ")
            if arrow and target == kind:
                found += [f"({function} {name})" for name, at in self.data if at == source]
        return found[:_MANY]

    def constants(self, text: str) -> list[str]:
        """Names in ``text`` that may be definitions, most with their namespace guessed."""
        found = []
        for name in _NAME.findall(text):
            head = name.split(".")[0]
            if head in self.taken or name in _KEYWORDS or len(name) == 1:
                continue
            found.append(name)
        spaces = {kind.split(maxsplit=1)[0] for _, kind in self.data if kind.strip()}
        spaces = {space for space in spaces if _NAME.fullmatch(space) and space not in self.taken}
        fields = list(dict.fromkeys(_FIELD.findall(text)))
        found += [f"{space}.{field}" for space in sorted(spaces)[:3] for field in fields]
        return [n for n in dict.fromkeys(found) if n not in spaces and not n.endswith(".")]


def _moves_at_target(here: _Situation) -> Iterator[_Move]:
    target = here.goal.target
    sign = principal(target)
    names = binder_names(target, here.taken)
    if names:
        yield _Move(f"intros {' '.join(names)}", 8, sure=True)
        if len(names) > 1:
            yield _Move(f"intro {names[0]}", 2)
    elif sign == "⊆":
        yield _Move(f"intros {here.fresh('x')} {here.fresh('hx')}", 6)
    if sign in ("∧", "↔"):
        yield _Move("split", 6, sure=True)
    if sign == "∨":
        yield _Move("left", 4)
        yield _Move("right", 4)
    if sign == "∃":
        yield from _witnesses(here)
    if sign == "=":
        yield _Move(f"ext {here.fresh('x')}", 2)
        yield _Move("funext", 0.5)
        yield _Move("congr", 1)
        yield _Move("symmetry", 1)
        if _splits_into_cases(here):
            yield _Move("; ".join([f"cases {n}" for n in _splits_into_cases(here)] + ["refl"]), 1.5)
    if "¬" in target or sign == "∃":
        yield _Move("push_neg", 2)
    yield from _arithmetic(here)
    if not sign:
        yield _Move("constructor", 1)
    if target != "false" and here.facts:
        yield _Move("exfalso", 0.5)
    if target != "false" and not here.known(f"¬{target}") and not here.known(f"¬({target})"):
        yield _Move(f"by_contradiction {here.fresh()}", 0.7)
    if "λ" in target:
        yield _Move("dsimp", 0.7)
    for name in here.propositions:
        if not here.known(name) and not here.known(f"¬{name}"):
            yield _Move(f"by_cases {here.fresh()} : {name}", 1)
    for condition in _CONDITION.findall(target)[:1]:
        yield _Move("split_ifs", 4)
        yield _Move(f"by_cases {here.fresh('if_true')} : {condition}", 4)
    if not names and not sign:
        # It may be a definition that begins with ∀.
        yield _Move(f"intros {here.fresh('x')} {here.fresh('y')} {here.fresh('h')}", 2)
        yield _Move(f"intro {here.fresh('x')}", 2)
    yield from _unfolding(here)


def _witnesses(here: _Situation) -> Iterator[_Move]:
    target = here.goal.target
    match = re.match(r"∃ \(?[^:]*: ([^,]*?)\)?,", target)
    kind = match[1].strip() if match is not None else ""
    terms = here.of_type(kind) or ([] if kind in _SCALARS else [name for name, _ in here.data])
    for term in terms:
        yield _Move(f"use {term}", 2)
        yield _Move(f"existsi {term}", 2)
    if kind in _SCALARS or not kind:
        for number in range(11):
            yield _Move(f"use {number}", 1.5 if number < 3 else 0.7)
            yield _Move(f"existsi ({number} : {kind})" if kind else f"existsi {number}", 0.7)
    for name, _ in here.near:
        yield _Move(f"refine ⟨_, {name}⟩", 1)
        yield _Move(f"exact ⟨_, {name}⟩", 1)
    yield _Move("refine ⟨_, _⟩", 0.3)


def _splits_into_cases(here: _Situation) -> list[str]:
    """Variables of types that may have few values."""
    plain = [name for name, kind in here.data if " " not in kind and kind not in _WITHOUT_CASES]
    plain = [name for name in plain if here.types[name] not in here.taken]
    return plain if len(plain) <= 4 else []


def _arithmetic(here: _Situation) -> Iterator[_Move]:
    target = here.goal.target
    sign = principal(target)
    if sign in _ARITHMETIC and any(operator in target for operator in "*^/"):
        numbers = [n for n, k in here.data if " " not in k and k != "bool"][:4]
        squares = [
            f"sq_nonneg ({a} - {b})" for i, a in enumerate(numbers) for b in numbers[i + 1 :]
        ]
        if squares:
            yield _Move(f"linarith [{', '.join(squares)}]", 2)
            yield _Move(f"nlinarith [{', '.join(squares)}]", 2)
        if 0 < len(numbers) <= 2:
            plus = [f"sq_nonneg ({a} + {b})" for a, b in itertools.pairwise(numbers)]
            single = [f"sq_nonneg {a}" for a in numbers]
            ones = [f"sq_nonneg ({a} - 1)" for a in numbers]
            yield _Move(f"nlinarith [{', '.join(plus + single + ones)}]", 1)
        yield _Move("ring_nf", 1)
    if sign in _ARITHMETIC and ("/" in target or "⁻¹" in target):
        yield _Move("field_simp", 4)
    if sign in _ORDER:
        for name, kind in here.near:
            if principal(kind) in _ORDER:
                yield _Move(f"refine le_trans _ {name}", 1)
                yield _Move(f"refine le_trans {name} _", 1)
                yield _Move(f"refine lt_of_lt_of_le _ {name}", 0.7)
                yield _Move(f"refine lt_of_le_of_lt {name} _", 0.7)
        yield _Move("apply le_of_lt", 0.5)
        for lemma in ("le_add_right", "le_add_left", "succ_le_succ", "add_le_add", "le_of_lt_succ"):
            yield _Move(f"apply nat.{lemma}", 0.7)
    if sign == "=":
        yield _Move("apply le_antisymm", 0.7)
    if any("|" in text and "||" not in text for text in (target, *here.types.values())):
        yield _Move("simp only [abs_lt, abs_le] at *", 2)
    if sign == "∣":
        for lemma in ("dvd_sub", "dvd_add", "dvd_mul_of_dvd_left", "dvd_mul_of_dvd_right"):
            yield _Move(f"apply {lemma}", 1)


def _unfolding(here: _Situation) -> Iterator[_Move]:
    """Definitions of the document itself are what closers do not know."""
    names = here.constants(here.goal.target)[:4]
    for name in names:
        yield _Move(f"unfold {name}", 1)
        yield _Move(f"simp [{name}]", 1)
    everywhere = dict.fromkeys(
        [*names, *(n for _, kind in here.near for n in here.constants(kind))]
    )
    if everywhere:
        listed = ", ".join(list(everywhere)[:4])
        yield _Move(f"simp [{listed}, *]", 3)
        yield _Move(f"simp [{listed}] at *", 1)
        yield _Move(f"simp [{listed}, *, nat.left_distrib, nat.right_distrib]", 2)


def _moves_at_data(here: _Situation, name: str, kind: str) -> Iterator[_Move]:
    head = kind.split(maxsplit=1)[0] if kind.strip() else ""
    # What the hypotheses say of the variable must go with it.
    bound = [n for n, k in here.facts if n != name and re.search(rf"\b{re.escape(name)}\b", k)]
    general = [n for n in bound if n in here.types][:4]
    if kind in _NUMERIC:
        yield _Move(f"induction {name} with {name} ih", 1 if general else 2)
        yield _Move(f"cases {name}", 1)
    elif head in _WITHOUT_CASES or head in here.taken or not _NAME.fullmatch(head):
        return
    elif head == "bool":
        yield _Move(f"cases {name}", 4)
    else:
        listed = "".join(f"{n}, " for n in here.constants(here.goal.target)[:4])
        if head == "list":
            fresh = here.fresh("x")
            yield _Move(f"induction {name} with {fresh} {name} ih", 2)
        elif head != "option":
            yield _Move(f"induction {name}", 2)
        yield _Move(f"cases {name}", 2)
        yield _Move(f"induction {name}; simp [{listed}*]", 2)


def _instances(here: _Situation, name: str, kind: str) -> Iterator[_Move]:
    """What a universal hypothesis says of the variables at hand."""
    if principal(kind) != "∀":
        return
    wanted = [b.type for b in binders(kind)[0] if b.explicit for _ in b.names]
    first: list[str] = []
    for number, wish in enumerate(wanted[:2]):
        terms = here.of_type(wish)
        if number == 0:
            first = terms
            found = [f"{name} {term}" for term in terms]
        else:
            found = [f"{name} {one} {other}" for one in first for other in terms][:_MANY]
        for application in found:
            yield _Move(f"have {here.fresh()} := {application}", 1.5 if number == 0 else 1)
    if "∃" in kind[2:]:
        result, proof = here.fresh("f"), here.fresh("hf")
        yield _Move(f"choose {result} {proof} using {name}", 4)


def _moves_at_fact(here: _Situation, name: str, kind: str) -> Iterator[_Move]:
    sign = principal(kind)
    match = _EXISTS.match(kind)
    if match is not None:
        witness = here.fresh(match[1])
        yield _Move(f"cases {name} with {witness} {here.fresh('h' + witness)}", 6, sure=True)
    elif sign in ("∧", "∨") or kind == "false":
        yield _Move(f"cases {name}", 6, sure=True)
    elif sign == "↔":
        yield _Move(f"cases {name}", 3)
    elif sign == "∣":
        yield _Move(f"cases {name} with {here.fresh('k')} {here.fresh('hk')}", 3)
    elif sign == "":
        yield _Move(f"cases {name}", 0.7)
    equation = _has(kind, " = ") or _has(kind, " ↔ ")
    if equation:
        yield _Move(f"rw {name}", 3)
        yield _Move(f"rw ← {name}", 2)
        for other, _ in here.near:
            if other != name:
                yield _Move(f"rw {name} at {other}", 1)
    if sign == "=":
        yield _Move(f"subst {name}", 3)
        if principal(here.goal.target) == "=":
            yield _Move(f"linear_combination {name}", 2)
    if sign in ("→", "∀", "¬", ""):
        yield _Move(f"apply {name}", 4 if sign else 1)
    if sign in ("→", "∀"):
        yield _Move(f"apply {name}; assumption", 2)
    if sign in ("→", "∀", "¬", "↔"):
        for other, other_kind in here.near:
            if other != name:
                fits = kind.startswith(f"{other_kind} → ") or kind == f"¬{other_kind}"
                yield _Move(f"exact {name} {other}", 1)
                yield _Move(f"have {here.fresh()} := {name} {other}", 3 if fits else 0.5)
    yield from _instances(here, name, kind)
    if sign == "↔":
        yield _Move(f"apply {name}.1", 1)
        yield _Move(f"apply {name}.2", 1)
    if "¬" in kind:
        yield _Move(f"push_neg at {name}", 4 if sign == "¬" else 1)
    yield _Move(f"simp at {name}", 1)
    yield _Move(f"simp [{name}]", 1.5)
    yield _Move(f"simpa using {name}", 1.5)
    yield _Move(f"norm_num at {name}", 0.5)
    if equation:
        yield _Move(f"exact {name}.symm", 1)


def moves(state: str) -> list[tuple[str, float]]:
    """Tactics for the main goal of ``state`` with their weights, heaviest first.

    Moves that lose nothing (introducing, taking apart what is given) have the greater part of the
    whole weight, so that a search goes through them first, however many others there are.
    """
    goals = parse_state(state)
    if not goals:
        return []
    here = _Situation(goals[0])
    found = [
        *_moves_at_target(here),
        *(move for name, kind in reversed(here.facts) for move in _moves_at_fact(here, name, kind)),
        *(move for name, kind in reversed(here.data) for move in _moves_at_data(here, name, kind)),
    ]
    weights: dict[str, float] = {}
    sure: dict[str, float] = {}
    for move in found:
        into = sure if move.sure else weights
        into[move.tactic] = max(move.weight, into.get(move.tactic, 0.0))
    scale = _SURE_SHARE * sum(weights.values()) / sum(sure.values()) if sure else 0.0
    for tactic, weight in sure.items():
        weights[tactic] = weight * scale
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
        names = {name for extra in extras for name in (*extra.needs, *extra.unless)}
        return sorted(names | {f"tactic.interactive.{move}" for move in _MOVE_HEADS})

    def _present(self, extras: Iterable[Extra]) -> list[Extra]:
        return [
            extra
            for extra in extras
            if self._known >= set(extra.needs) and self._known.isdisjoint(extra.unless)
        ]

    def closers(self) -> list[Extra]:
        """The cheap closers that exist here, cheapest first."""
        return self._present(CLOSERS)

    def long_closers(self) -> list[Extra]:
        """The closers that can take seconds, and exist here."""
        return self._present(LONG_CLOSERS)

    def squeeze(self) -> Extra | None:
        """What turns ``simp`` into ``simp only [...]``, if it exists here."""
        return SQUEEZE if self._known >= set(SQUEEZE.needs) else None

    def probe_for(self, tactic: str) -> Extra | None:
        """What says which tactic ``tactic`` (``library_search``, ``squeeze_simp``…) ended with."""
        wanted = SQUEEZE if tactic in ("squeeze_simp", "simp?") else _PROBES.get(tactic)
        return wanted if wanted is not None and self._known >= set(wanted.needs) else None

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        """The ``n`` heaviest moves for ``state``; ``seed`` changes nothing, there is no chance."""
        del seed
        gone = [part for part, better in _SUPERSEDED if _interactive(better) in self._known]
        found = [
            (tactic, weight)
            for tactic, weight in moves(state)
            if _interactive(tactic) in self._known and not any(part in tactic for part in gone)
        ]
        total = sum(weight for _, weight in found)
        return [Candidate(tactic, math.log(weight / total)) for tactic, weight in found[:n]]
