"""The kernel: types of terms, definitional equality, and what may enter an environment.

This module, with :mod:`~engine.embedded.terms` and the table of inductive types in
:mod:`~engine.embedded.prelude`, is all that must be right for a proof to be one. It knows neither
Lean's syntax nor tactics, and meets no metavariable: whatever elaboration produces is checked here
from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from typing import TYPE_CHECKING, Literal

from engine.embedded.terms import (
    ZERO, App, Const, Lam, Let, Level, Local, Max, Meta, Pi, Sort, Succ, Term, Var, apply, beta,
    bind, fresh, instantiate, instantiate_levels, level_equal, map_level, parts, unapply,
    universe_params,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Kind = Literal["definition", "theorem", "axiom", "constant", "builtin", "sorry"]


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

    ``height`` is larger than that of every constant in ``value``: the higher of two definitions is
    unfolded first.
    """

    name: str
    params: tuple[str, ...]
    type: Term
    value: Term | None = None
    kind: Kind = "definition"
    recursor: Recursor | None = None
    height: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Environment:
    """The declared constants. Only :meth:`add` makes a larger one, and it checks."""

    constants: Mapping[str, Declaration] = field(default_factory=dict)

    def add(self, declaration: Declaration, tick: Callable[[], None]) -> Environment:
        """The environment with one more constant; :class:`KernelError` if it is not well typed."""
        if declaration.name in self.constants:
            raise KernelError(f"`{declaration.name}` has been declared already")
        if len(set(declaration.params)) != len(declaration.params):
            raise KernelError("a universe parameter occurs twice")
        checker = Checker(self, tick)
        checker.check_closed(declaration.type, declaration.params)
        sort = checker.sort_of(declaration.type)
        if declaration.kind == "theorem" and not level_equal(sort, ZERO):
            raise KernelError("the type of a theorem must be a proposition")
        if declaration.value is not None:
            checker.check_closed(declaration.value, declaration.params)
            if not checker.equal(checker.infer(declaration.value), declaration.type):
                raise KernelError("the value does not have the declared type")
            heights = (self.constants[name].height for name in names(declaration.value))
            declaration = with_changes(declaration, height=1 + max(heights, default=0))
        return Environment({**self.constants, declaration.name: declaration})

    def rests_on(self, term: Term) -> Iterator[Declaration]:
        """The constants of ``term``, and those of their types and values, each once."""
        seen: set[str] = set()
        stack = list(names(term))
        while stack:
            name = stack.pop()
            if name not in seen:
                seen.add(name)
                declaration = self.constants[name]
                yield declaration
                stack += names(declaration.type)
                stack += names(declaration.value) if declaration.value is not None else ()


def names(term: Term) -> set[str]:
    """The constants that occur in ``term`` itself."""
    return {part.name for part in parts(term) if isinstance(part, Const)}


class Checker:
    """Infers types, reduces, compares. ``tick`` is called at each step and may raise to stop it."""

    def __init__(self, environment: Environment, tick: Callable[[], None]) -> None:
        self.environment = environment
        self.tick = tick

    def check_closed(self, term: Term, params: tuple[str, ...]) -> None:
        """Refuses metas, free variables and undeclared universe parameters."""
        if any(isinstance(part, Meta | Local) for part in parts(term)):
            raise KernelError("the term has metavariables or free variables")
        for param in universe_params(term):
            if param.name not in params:
                raise KernelError(f"`{param.name}` is no universe parameter here")

    def declaration(self, constant: Const) -> Declaration:
        """What the constant was declared as."""
        found = self.environment.constants.get(constant.name)
        if found is None:
            raise KernelError(f"`{constant.name}` has not been declared")
        if len(found.params) != len(constant.levels):
            raise KernelError(f"`{constant.name}` has a wrong number of universe levels")
        return found

    # -- types -----------------------------------------------------------------------------------

    def infer(self, term: Term, *, check: bool = True) -> Term:
        """The type of ``term``; :class:`KernelError` where it has none.

        Without ``check``, for terms that are known to have a type, arguments are not looked at.
        """
        self.tick()
        if isinstance(term, Local):
            return term.type
        if isinstance(term, Sort):
            return Sort(Succ(term.level))
        if isinstance(term, Const):
            declaration = self.declaration(term)
            return instantiate_levels(declaration.type, declaration.params, term.levels)
        if isinstance(term, App):
            function = self.reduce(self.infer(term.function, check=check))
            if not isinstance(function, Pi):
                raise KernelError("something that is no function is applied")
            if check and not self.equal(self.infer(term.argument), function.type):
                raise KernelError("an argument does not have the type that its function expects")
            return instantiate(function.body, term.argument)
        if isinstance(term, Lam):
            if check:
                self.sort_of(term.type)
            local = Local(fresh(), term.name, term.type, term.info)
            return bind(Pi, [local], self.infer(instantiate(term.body, local), check=check))
        if isinstance(term, Pi):
            domain = self.sort_of(term.type, check=check)
            local = Local(fresh(), term.name, term.type)
            codomain = self.sort_of(instantiate(term.body, local), check=check)
            return Sort(map_level(Max(domain, codomain, impredicative=True), lambda param: param))
        if isinstance(term, Let):
            if check:
                self.sort_of(term.type)
                if not self.equal(self.infer(term.value), term.type):
                    raise KernelError("a local definition does not have its type")
            return self.infer(instantiate(term.body, term.value), check=check)
        raise KernelError("a metavariable, or a bound variable without its binder")

    def sort_of(self, term: Term, *, check: bool = True) -> Level:
        """The level of the universe that the type ``term`` lives in."""
        sort = self.reduce(self.infer(term, check=check))
        if not isinstance(sort, Sort):
            raise KernelError("a type was expected")
        return sort.level

    def is_proposition(self, term: Term) -> bool:
        """Whether the well-typed ``term`` is a type in Prop."""
        sort = self.reduce(self.infer(term, check=False))
        return isinstance(sort, Sort) and level_equal(sort.level, ZERO)

    # -- computation -----------------------------------------------------------------------------

    def reduce(self, term: Term) -> Term:
        """Weak head normal form."""
        while True:
            term = self.reduce_core(term)
            unfolded = self.unfold(term)
            if unfolded is None:
                return term
            term = unfolded

    def reduce_core(self, term: Term) -> Term:
        """Weak head normal form, without unfolding definitions (beta, zeta, iota)."""
        while True:
            self.tick()
            head, arguments = unapply(term)
            if isinstance(head, Let):
                term = apply(instantiate(head.body, head.value), *arguments)
            elif isinstance(head, Lam) and arguments:
                term = beta(head, arguments)
            else:
                computed = self._recurse(head, arguments) if isinstance(head, Const) else None
                if computed is None:
                    return term
                term = computed

    def unfold(self, term: Term) -> Term | None:
        """``term`` with the definition at its head unfolded, if there is one."""
        head, arguments = unapply(term)
        declaration = self.declaration(head) if isinstance(head, Const) else None
        if declaration is None or declaration.value is None or declaration.kind == "theorem":
            return None
        levels = head.levels if isinstance(head, Const) else ()
        return apply(instantiate_levels(declaration.value, declaration.params, levels), *arguments)

    def _recurse(self, head: Const, arguments: list[Term]) -> Term | None:
        rule = self.declaration(head).recursor
        place = rule.params + 1 + len(rule.rules) + rule.indices if rule is not None else 0
        if rule is None or len(arguments) <= place:
            return None
        constructor, fields = unapply(self._as_constructor(rule, arguments, arguments[place]))
        if not isinstance(constructor, Const) or constructor.name not in rule.rules:
            return None
        count, recursive = rule.rules[constructor.name]
        own = fields[rule.params :]
        if len(own) != count:
            return None
        minor = arguments[rule.params + 1 + list(rule.rules).index(constructor.name)]
        fixed = arguments[: place - rule.indices]
        again = [apply(head, *fixed, own[index]) for index in recursive]
        return apply(minor, *own, *again, *arguments[place + 1 :])

    def _as_constructor(self, rule: Recursor, arguments: list[Term], major: Term) -> Term:
        if rule.k:
            # All proofs are equal: a proof of `a = b` counts as `rfl` once a and b are equal.
            (name,) = rule.rules
            kind = self.infer(major, check=False)
            type_head, _ = unapply(self.reduce(kind))
            if isinstance(type_head, Const):
                trivial = apply(Const(name, type_head.levels), *arguments[: rule.params])
                if self.equal(self.infer(trivial, check=False), kind):
                    return trivial
        return self.reduce(major)

    # -- definitional equality -------------------------------------------------------------------

    def equal(self, one: Term, other: Term) -> bool:
        """Whether the two well-typed terms are definitionally equal, as far as it is found out."""
        self.tick()
        if one is other or one == other:
            return True
        one, other = self.reduce_core(one), self.reduce_core(other)
        if isinstance(one, Sort) and isinstance(other, Sort):
            return self.equal_levels(one.level, other.level)
        if isinstance(one, Lam | Pi) and type(one) is type(other):
            assert isinstance(other, Lam | Pi)  # noqa: S101 - for the type checker
            if not self.equal(one.type, other.type):
                return False
            local = Local(fresh(), one.name, one.type, one.info)
            return self.equal(instantiate(one.body, local), instantiate(other.body, local))
        if self._equal_proofs(one, other):
            return True
        here, there = self._height(one), self._height(other)
        if here == there and self.attempt(lambda: self._same_application(one, other)):
            return True
        if here or there:
            # The higher definition is unfolded first; it may be made of the other one.
            one = self.unfold(one) or one if here >= there else one
            other = self.unfold(other) or other if there >= here else other
            return self.equal(one, other)
        return self._eta(one, other) or self._eta(other, one)

    def equal_levels(self, one: Level, other: Level) -> bool:
        """Whether the two levels are equal."""
        return level_equal(one, other)

    def attempt(self, compare: Callable[[], bool]) -> bool:
        """Runs a comparison that may fail without deciding anything."""
        return compare()

    def _equal_proofs(self, one: Term, other: Term) -> bool:
        statement = self.infer(one, check=False)
        if not self.is_proposition(statement):
            return False
        return self.equal(statement, self.infer(other, check=False))

    def _height(self, term: Term) -> int:
        if self.unfold(term) is None:
            return 0
        head, _ = unapply(term)
        return self.declaration(head).height if isinstance(head, Const) else 0

    def _same_application(self, one: Term, other: Term) -> bool:
        head, arguments = unapply(one)
        head2, arguments2 = unapply(other)
        if len(arguments) != len(arguments2):
            return False
        if isinstance(head, Const) and isinstance(head2, Const):
            if head.name != head2.name:
                return False
            if not all(map(self.equal_levels, head.levels, head2.levels)):
                return False
        elif head != head2:
            return False
        return all(map(self.equal, arguments, arguments2))

    def _eta(self, one: Term, other: Term) -> bool:
        """Whether ``one``, a λ, equals ``other``, expanded to one."""
        if not isinstance(one, Lam) or isinstance(other, Lam):
            return False
        kind = self.reduce(self.infer(other, check=False))
        if not isinstance(kind, Pi):
            return False
        return self.equal(one, Lam(one.name, kind.type, App(other, Var(0)), one.info))
