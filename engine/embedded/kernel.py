"""The kernel: types of terms, definitional equality, and what may enter an environment.

This module, with :mod:`~engine.embedded.terms` and the table in
:mod:`~engine.embedded.inductives`, is all that must be right for a proof to be one. It knows
neither Lean's syntax nor tactics, and meets no metavariable: whatever elaboration produces is
checked here from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from typing import TYPE_CHECKING, Literal

from engine.embedded.terms import (
    App,
    Const,
    Lam,
    Let,
    Level,
    LevelMeta,
    Local,
    Max,
    Meta,
    Param,
    Pi,
    Sort,
    Succ,
    Term,
    Var,
    Zero,
    apply,
    bind,
    fresh,
    instantiate,
    instantiate_levels,
    level_equal,
    level_parts,
    parts,
    simplify,
    unapply,
)

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
    minors: int
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
    reducible: bool = False
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
        for term in (declaration.type, declaration.value):
            if term is not None:
                checker.check_closed(term, declaration.params)
        sort = checker.sort_of(declaration.type)
        if declaration.kind == "theorem" and not isinstance(simplify(sort), Zero):
            raise KernelError("the type of a theorem must be a proposition")
        height = 0
        if declaration.value is not None:
            found = checker.infer(declaration.value)
            if not checker.equal(found, declaration.type):
                raise KernelError("the value does not have the declared type")
            height = 1 + max(
                (self.constants[n].height for n in names(declaration.value)), default=0
            )
        declaration = with_changes(declaration, height=height)
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
        for part in parts(term):
            if isinstance(part, Meta | Local):
                raise KernelError("the term has metavariables or free variables")
            levels = part.levels if isinstance(part, Const) else ()
            for level in (part.level,) if isinstance(part, Sort) else levels:
                for piece in level_parts(level):
                    if isinstance(piece, LevelMeta):
                        raise KernelError("the term has universe metavariables")
                    if isinstance(piece, Param) and piece.name not in params:
                        raise KernelError(f"`{piece.name}` is no universe parameter here")

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
            return Sort(simplify(Max(domain, codomain, impredicative=True)))
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
        return isinstance(sort, Sort) and isinstance(simplify(sort.level), Zero)

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
            if isinstance(term, Let):
                term = instantiate(term.body, term.value)
                continue
            head, arguments = unapply(term)
            if isinstance(head, Let):
                term = apply(instantiate(head.body, head.value), *arguments)
            elif isinstance(head, Lam) and arguments:
                count = 0
                while isinstance(head, Lam) and count < len(arguments):
                    head, count = head.body, count + 1
                term = apply(instantiate(head, *arguments[:count]), *arguments[count:])
            else:
                computed = self._recurse(head, arguments) if isinstance(head, Const) else None
                if computed is None:
                    return term
                term = computed

    def unfold(self, term: Term) -> Term | None:
        """``term`` with the definition at its head unfolded, if there is one."""
        head, arguments = unapply(term)
        if not isinstance(head, Const):
            return None
        declaration = self.declaration(head)
        if declaration.value is None or declaration.kind == "theorem":
            return None
        return apply(
            instantiate_levels(declaration.value, declaration.params, head.levels), *arguments
        )

    def _recurse(self, head: Const, arguments: list[Term]) -> Term | None:
        rule = self.declaration(head).recursor
        if rule is None:
            return None
        place = rule.params + 1 + rule.minors + rule.indices
        if len(arguments) <= place:
            return None
        major = self._as_constructor(rule, head, arguments, arguments[place])
        constructor, fields = unapply(major)
        if not isinstance(constructor, Const) or constructor.name not in rule.rules:
            return None
        count, recursive = rule.rules[constructor.name]
        own = fields[len(fields) - count :]
        if len(own) != count:
            return None
        minor = arguments[rule.params + 1 + list(rule.rules).index(constructor.name)]
        fixed = arguments[: place - rule.indices]
        again = [apply(head, *fixed, own[index]) for index in recursive]
        return apply(minor, *own, *again, *arguments[place + 1 :])

    def _as_constructor(
        self, rule: Recursor, head: Const, arguments: list[Term], major: Term
    ) -> Term:
        if rule.k:
            # All proofs are equal: a proof of `a = b` counts as `rfl` once a and b are equal.
            (name,) = rule.rules
            type_head, _ = unapply(self.reduce(self.infer(major, check=False)))
            if isinstance(type_head, Const):
                trivial = apply(Const(name, type_head.levels), *arguments[: rule.params])
                kind = self.infer(trivial, check=False)
                if self.equal(kind, self.infer(major, check=False)):
                    return trivial
        return self.reduce(major)

    # -- definitional equality -------------------------------------------------------------------

    def equal(self, one: Term, other: Term) -> bool:
        """Whether the two well-typed terms are definitionally equal, as far as it is found out."""
        self.tick()
        if one is other or one == other:
            return True
        one, other = self.reduce_core(one), self.reduce_core(other)
        shape = self._same_shape(one, other)
        if shape is not None:
            return shape
        if self._equal_proofs(one, other):
            return True
        step = self._unfold_one(one, other)
        if step is not None:
            return step if isinstance(step, bool) else self.equal(*step)
        return self._same_application(one, other) or self._eta(one, other) or self._eta(other, one)

    def _same_shape(self, one: Term, other: Term) -> bool | None:
        if isinstance(one, Sort) and isinstance(other, Sort):
            return self.equal_levels(one.level, other.level)
        if isinstance(one, Lam | Pi) and type(one) is type(other):
            if not self.equal(one.type, other.type):
                return False
            local = Local(fresh(), one.name, one.type, one.info)
            return self.equal(instantiate(one.body, local), instantiate(other.body, local))
        return None

    def equal_levels(self, one: Level, other: Level) -> bool:
        """Whether the two levels are equal."""
        return level_equal(one, other)

    def _equal_proofs(self, one: Term, other: Term) -> bool:
        statement = self.infer(one, check=False)
        if not self.is_proposition(statement):
            return False
        return self.equal(statement, self.infer(other, check=False))

    def _height(self, term: Term) -> int:
        head, _ = unapply(term)
        if not isinstance(head, Const) or self.unfold(term) is None:
            return 0
        return self.declaration(head).height

    def _unfold_one(self, one: Term, other: Term) -> tuple[Term, Term] | bool | None:
        """One unfolding of the higher side; None where neither side unfolds."""
        here, there = self._height(one), self._height(other)
        if here == 0 and there == 0:
            return None
        if here == there and self.attempt(lambda: self._same_application(one, other)):
            return True
        if here >= there:
            one = self.reduce_core(self.unfold(one) or one)
        if there >= here:
            other = self.reduce_core(self.unfold(other) or other)
        return one, other

    def attempt(self, compare: Callable[[], bool]) -> bool:
        """Runs a comparison that may fail without deciding anything."""
        return compare()

    def _same_application(self, one: Term, other: Term) -> bool:
        head, arguments = unapply(one)
        head2, arguments2 = unapply(other)
        if len(arguments) != len(arguments2):
            return False
        if isinstance(head, Const) and isinstance(head2, Const):
            if head.name != head2.name or len(head.levels) != len(head2.levels):
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
