"""The kernel: types of terms, definitional equality, and what may enter an environment.

This module, with :mod:`~engine.embedded.terms` and the table of inductive types in
:mod:`~engine.embedded.prelude`, is all that must be right for a proof to be one. It knows neither
Lean's syntax nor tactics, and meets no metavariable: whatever elaboration produces is checked here
from nothing. Universe levels are numbers: a constant with universe parameters is checked anew at
the levels at which it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.embedded import terms as t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class KernelError(Exception):
    """A term that is not well typed, or a declaration that may not be."""


@dataclass(frozen=True, slots=True)
class Recursor:
    """How a recursor computes: ``rec params motive minors indices major``.

    ``rules`` gives for each constructor its number of fields and which of them are recursive (only
    those without arguments and indices of their own occur here). ``k``: the type is a proposition
    with one constructor and no fields, so that every major premise of the right type counts as it.
    """

    params: int
    indices: int
    rules: Mapping[str, tuple[int, tuple[int, ...]]]
    k: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """A constant: its universe parameters, type, and what it stands for, if anything.

    ``kind`` is definition, theorem, axiom, constant or builtin; ``height`` is larger than that of
    what was declared before, and so of all in ``value``.
    """

    name: str
    params: tuple[str, ...]
    type: t.Term
    value: t.Term | None = None
    kind: str = "definition"
    recursor: Recursor | None = None
    height: int = field(default=0, compare=False)

    def uses(self) -> set[str]:
        """The constants in its type and its value."""
        return names(self.type) | (names(self.value) if self.value is not None else set())


@dataclass(frozen=True, slots=True)
class Environment:
    """The declared constants. Only :meth:`add` makes a larger one, and it checks."""

    constants: Mapping[str, Declaration] = field(default_factory=dict)
    checked: set[t.Const] = field(default_factory=set)
    """The constants with universe parameters at the levels at which they have been checked."""

    def add(self, new: Declaration, tick: Callable[[], None]) -> Environment:
        """The environment with one more constant; :class:`KernelError` if it is not well typed."""
        checker = Checker(self, tick)
        _require(new.name not in self.constants, f"`{new.name}` has been declared already")
        _require(len(set(new.params)) == len(new.params), "a universe parameter occurs twice")
        for term in (new.type, new.value):
            if term is not None:
                checker.check_closed(term, new.params)
        checker.check_at(new, tuple(1 for _ in new.params))
        new = replace(new, height=len(self.constants) + 1)
        return Environment({**self.constants, new.name: new}, set(self.checked))

    def rests_on(self, term: t.Term) -> Iterator[Declaration]:
        """The constants of ``term``, and those of their types and values, each once."""
        seen, stack = set[str](), list(names(term))
        while stack:
            name = stack.pop()
            if name not in seen:
                seen.add(name)
                yield self.constants[name]
                stack += self.constants[name].uses()


def names(term: t.Term) -> set[str]:
    """The constants that occur in ``term`` itself."""
    return {part.name for part in t.parts(term) if isinstance(part, t.Const)}


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise KernelError(otherwise)


class Checker:
    """Infers types, reduces, compares. ``tick`` is called at each step and may raise to stop it."""

    def __init__(self, environment: Environment, tick: Callable[[], None]) -> None:
        self.environment = environment
        self.tick = tick

    def check_closed(self, term: t.Term, params: tuple[str, ...] = ()) -> None:
        """Refuses metas, free variables and undeclared universe parameters."""
        free = any(isinstance(part, t.Meta | t.Local) for part in t.parts(term))
        _require(not free, "the term has metavariables or free variables")
        for param in t.universe_params(term):
            _require(param.name in params, f"`{param.name}` is no universe parameter here")

    def check_at(self, new: Declaration, levels: tuple[t.Level, ...]) -> None:
        """Refuses a declaration that is not well typed at these universe levels."""
        kind = t.instantiate_levels(new.type, new.params, levels)
        sort = self.sort_of(kind)
        _require(new.kind != "theorem" or sort == 0, "a theorem must be about a proposition")
        if new.value is not None:
            found = self.infer(t.instantiate_levels(new.value, new.params, levels))
            _require(self.equal(found, kind), "the value does not have the declared type")

    def declaration(self, constant: t.Const) -> Declaration:
        """What the constant was declared as."""
        found = self.environment.constants.get(constant.name)
        if found is None or len(found.params) != len(constant.levels):
            raise KernelError(f"`{constant.name}` has not been declared with such universe levels")
        return found

    def infer(self, term: t.Term, *, check: bool = True) -> t.Term:
        """The type of ``term``; :class:`KernelError` where it has none.

        Without ``check``, for terms that are known to have a type, arguments are not looked at.
        """
        self.tick()
        match term:
            case t.Local():
                return term.type
            case t.Sort(level):
                return t.Sort(level + 1 if isinstance(level, int) else t.Param(t.fresh()))
            case t.Const(_, levels):
                known = self.declaration(term)
                if check and levels and term not in self.environment.checked:
                    self.check_at(known, levels)
                    self.environment.checked.add(term)
                return t.instantiate_levels(known.type, known.params, levels)
            case t.App(function, argument):
                kind = self.reduce(self.infer(function, check=check))
                if not isinstance(kind, t.Pi):
                    raise KernelError("something that is no function is applied")
                if check and not self.equal(self.infer(argument), kind.type):
                    raise KernelError("an argument does not have the type that is expected")
                return t.instantiate(kind.body, argument)
            case t.Lam():
                if check:
                    self.sort_of(term.type)
                local, body = t.open_body(term)
                return t.bind(t.Pi, [local], self.infer(body, check=check))
            case t.Pi():
                _, body = t.open_body(term)
                one, other = (self.sort_of(part, check=check) for part in (term.type, body))
                if isinstance(one, int) and isinstance(other, int):
                    return t.Sort(max(one, other) if other else 0)
                return t.Sort(0 if other == 0 else t.Param(t.fresh()))
            case t.Let(_, kind, value, body):
                if check:
                    self.sort_of(kind)
                    well = self.equal(self.infer(value), kind)
                    _require(well, "a local definition does not have its type")
                return self.infer(t.instantiate(body, value), check=check)
        raise KernelError("a metavariable, or a bound variable without its binder")

    def sort_of(self, term: t.Term, *, check: bool = True) -> t.Level:
        """The level of the universe that the type ``term`` lives in."""
        sort = self.reduce(self.infer(term, check=check))
        if not isinstance(sort, t.Sort):
            raise KernelError("a type was expected")
        return sort.level

    def is_proposition(self, term: t.Term) -> bool:
        """Whether the well-typed ``term`` is a type in Prop."""
        sort = self.reduce(self.infer(term, check=False))
        return isinstance(sort, t.Sort) and sort.level == 0

    def reduce(self, term: t.Term) -> t.Term:
        """Weak head normal form."""
        while True:
            term = self.reduce_core(term)
            unfolded = self.unfold(term)
            if unfolded is None:
                return term
            term = unfolded

    def reduce_core(self, term: t.Term) -> t.Term:
        """Weak head normal form, without unfolding definitions (beta, zeta, iota)."""
        while True:
            self.tick()
            head, arguments = t.unapply(term)
            if isinstance(head, t.Let):
                term = t.apply(t.instantiate(head.body, head.value), *arguments)
            elif isinstance(head, t.Lam) and arguments:
                term = t.beta(head, arguments)
            elif (computed := self._recurse(head, arguments)) is not None:
                term = computed
            else:
                return term

    def unfold(self, term: t.Term) -> t.Term | None:
        """``term`` with the definition at its head unfolded, if there is one."""
        head, arguments = t.unapply(term)
        if not isinstance(head, t.Const):
            return None
        known = self.declaration(head)
        if known.value is None or known.kind == "theorem":
            return None
        return t.apply(t.instantiate_levels(known.value, known.params, head.levels), *arguments)

    def _recurse(self, head: t.Term, arguments: list[t.Term]) -> t.Term | None:
        """What a recursor computes to; None where it is not one, or stuck."""
        rule = self.declaration(head).recursor if isinstance(head, t.Const) else None
        place = rule.params + 1 + len(rule.rules) + rule.indices if rule is not None else 0
        if rule is None or len(arguments) <= place:
            return None
        major = self.reduce(arguments[place])
        if rule.k:
            # All proofs are equal: a proof of `a = b` counts as `rfl` once a and b are equal.
            kind = self.reduce(self.infer(arguments[place], check=False))
            constructor = t.Const(next(iter(rule.rules)), t.levels_of(t.unapply(kind)[0]))
            trivial = t.apply(constructor, *arguments[: rule.params])
            major = trivial if self.equal(self.infer(trivial, check=False), kind) else major
        made_by, fields = t.unapply(major)
        name = t.head_name(made_by)
        if name not in rule.rules or len(fields) != rule.params + rule.rules[name][0]:
            return None
        own, fixed = fields[rule.params :], arguments[: place - rule.indices]
        again = [t.apply(head, *fixed, own[index]) for index in rule.rules[name][1]]
        minor = arguments[rule.params + 1 + list(rule.rules).index(name)]
        return t.apply(minor, *own, *again, *arguments[place + 1 :])

    def equal(self, one: t.Term, other: t.Term) -> bool:
        """Whether the two well-typed terms are definitionally equal, as far as it is found out."""
        self.tick()
        if one is other or one == other:
            return True
        one, other = self.reduce_core(one), self.reduce_core(other)
        if isinstance(one, t.Sort) and isinstance(other, t.Sort):
            return self.equal_levels(one.level, other.level)
        if type(one) is type(other) and isinstance(one, t.Binding) and isinstance(other, t.Binding):
            local, body = t.open_body(one)
            same = self.equal(one.type, other.type)
            return same and self.equal(body, t.instantiate(other.body, local))
        statement = self.infer(one, check=False)
        is_proof = self.is_proposition(statement)
        if is_proof and self.equal(statement, self.infer(other, check=False)):
            return True
        here, there = self._height(one), self._height(other)
        if here == there and self.attempt(lambda: self._same_application(one, other)):
            return True
        if here or there:
            # The later definition is unfolded first: it may be made of the other one.
            one = self.unfold(one) or one if here >= there else one
            other = self.unfold(other) or other if there >= here else other
            return self.equal(one, other)
        return self._eta(one, other) or self._eta(other, one)

    def equal_levels(self, one: t.Level, other: t.Level) -> bool:
        """Whether the two levels are equal."""
        return one == other

    def attempt(self, compare: Callable[[], bool]) -> bool:
        """Runs a comparison that may fail without deciding anything."""
        return compare()

    def _height(self, term: t.Term) -> int:
        unfolds = self.unfold(term) is not None
        return self.environment.constants[t.head_name(term)].height if unfolds else 0

    def _same_application(self, one: t.Term, other: t.Term) -> bool:
        (head, arguments), (head2, arguments2) = t.unapply(one), t.unapply(other)
        same = head == head2 or (t.head_name(head) and t.head_name(head) == t.head_name(head2))
        if not same or len(arguments) != len(arguments2):
            return False
        levels = zip(t.levels_of(head), t.levels_of(head2), strict=True)
        return all(map(self.equal, arguments, arguments2)) and all(
            self.equal_levels(*pair) for pair in levels
        )

    def _eta(self, one: t.Term, other: t.Term) -> bool:
        """Whether ``one``, a λ, equals ``other``, expanded to one."""
        if not isinstance(one, t.Lam) or isinstance(other, t.Lam):
            return False
        kind = self.reduce(self.infer(other, check=False))
        if not isinstance(kind, t.Pi):
            return False
        return self.equal(one, t.Lam(one.name, kind.type, t.App(other, t.Var(0)), one.info))
