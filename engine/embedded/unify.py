"""Unification: the kernel's comparison, with metavariables that it may solve on the way.

First order, and Miller's patterns. It may fail where Lean's succeeds; whatever it finds is checked
by the kernel in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from engine.embedded.kernel import Checker, Environment
from engine.embedded.terms import (
    App,
    Const,
    Lam,
    Level,
    LevelMeta,
    Local,
    Max,
    Meta,
    Pi,
    Sort,
    Succ,
    Term,
    apply,
    bind,
    fresh,
    head_name,
    instantiate,
    level_equal,
    level_parts,
    map_level,
    map_levels,
    parts,
    replace,
    simplify,
    unapply,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class MetaDeclaration:
    """What is known of a meta: its type, the locals that it may mention, the ``case`` it is."""

    type: Term
    context: tuple[Local, ...]
    tag: str = ""


@dataclass(slots=True)
class Solutions:
    """What is known of all metas.

    ``delayed``: a meta that stands for ``λ locals, body`` as soon as ``body`` has no metas. It is
    how a tactic goes under a binder before it is known what will be there.
    """

    metas: dict[int, MetaDeclaration] = field(default_factory=dict)
    values: dict[int, Term] = field(default_factory=dict)
    levels: dict[int, Level] = field(default_factory=dict)
    delayed: dict[int, tuple[tuple[Local, ...], Term]] = field(default_factory=dict)

    def copy(self) -> Solutions:
        """One that can be changed without a change of this one."""
        return Solutions(dict(self.metas), dict(self.values), dict(self.levels), dict(self.delayed))


class Unifier(Checker):
    """A :class:`Checker` that solves metas so that :meth:`equal` becomes true."""

    def __init__(
        self, environment: Environment, tick: Callable[[], None], solutions: Solutions
    ) -> None:
        super().__init__(environment, tick)
        self.solutions = solutions
        self.only_reducible = False

    # -- metas -----------------------------------------------------------------------------------

    def new_meta(self, type_: Term, context: tuple[Local, ...], tag: str = "") -> Meta:
        """A new meta of this type, in this context."""
        meta = Meta(fresh())
        self.solutions.metas[meta.number] = MetaDeclaration(type_, context, tag)
        return meta

    def new_type(self, context: tuple[Local, ...]) -> Meta:
        """A type to be found."""
        return self.new_meta(Sort(LevelMeta(fresh())), context)

    def _value(self, meta: Meta) -> Term | None:
        value = self.solutions.values.get(meta.number)
        if value is not None:
            return self.fill(value)
        if meta.number in self.solutions.delayed:
            local_variables, body = self.solutions.delayed[meta.number]
            body = self.fill(body)
            if not self.open_metas(body):
                return bind(Lam, [self.fill_local(local) for local in local_variables], body)
        return None

    def fill(self, term: Term) -> Term:
        """``term`` with the solutions that are known."""
        solutions = self.solutions

        def change(part: Term, depth: int) -> Term | None:
            self.tick()
            if isinstance(part, Meta):
                return self._value(part) or part
            if isinstance(part, App):
                head, arguments = unapply(part)
                if isinstance(head, Meta) and (value := self._value(head)) is not None:
                    return self.beta(value, [self.fill(argument) for argument in arguments])
            return None

        term = replace(term, change)
        return map_levels(term, self._level) if solutions.levels else term

    def fill_local(self, local: Local) -> Local:
        """The local with the solutions in its type."""
        return Local(local.number, local.name, self.fill(local.type), local.info)

    def _level(self, level: Level) -> Level | None:
        if isinstance(level, LevelMeta) and level.number in self.solutions.levels:
            return self.fill_level(self.solutions.levels[level.number])
        return None

    def fill_level(self, level: Level) -> Level:
        """``level`` with the solutions that are known."""
        return simplify(map_level(level, self._level))

    def head_beta(self, term: Term) -> Term:
        """``term`` without the λ at its head that is applied, if there is one."""
        head, arguments = unapply(term)
        return self.beta(head, arguments) if isinstance(head, Lam) else term

    @staticmethod
    def beta(function: Term, arguments: Sequence[Term]) -> Term:
        """``function`` applied, without the λ that the arguments are for."""
        count = 0
        while isinstance(function, Lam) and count < len(arguments):
            function, count = function.body, count + 1
        return apply(instantiate(function, *arguments[:count]), *arguments[count:])

    def open_metas(self, term: Term) -> list[Meta]:
        """The metas of the filled ``term`` that have no value, each once, from left to right."""
        return list(dict.fromkeys(part for part in parts(term) if isinstance(part, Meta)))

    def close(self, local_variables: Sequence[Local], body: Term, *, pi: bool = False) -> Term:
        """``λ locals, body`` or ``Π locals, body``, where ``body`` may have metas."""
        body = self.fill(body)
        local_variables = [self.fill_local(local) for local in local_variables]
        metas = [meta for meta in self.open_metas(body) if self._sees(meta, local_variables)]
        if metas and not pi:
            kind = self.fill(self.infer(body, check=False))
            if self.is_proposition(kind):
                inside = {local.number for local in local_variables}
                context = self._context_of(metas[0], inside)
                meta = self.new_meta(self.close(local_variables, kind, pi=True), context)
                self.solutions.delayed[meta.number] = (tuple(local_variables), body)
                return meta
        for meta in metas:
            self._lift_out(meta, local_variables)
        return bind(Pi if pi else Lam, local_variables, self.fill(body) if metas else body)

    def _sees(self, meta: Meta, local_variables: Sequence[Local]) -> bool:
        context = self.solutions.metas[meta.number].context
        return any(local in context for local in local_variables)

    def _context_of(self, meta: Meta, without: set[int]) -> tuple[Local, ...]:
        context = self.solutions.metas[meta.number].context
        return tuple(local for local in context if local.number not in without)

    def _lift_out(self, meta: Meta, local_variables: Sequence[Local]) -> None:
        """Makes the meta a function of those of its locals that are about to be bound."""
        known = self.solutions.metas[meta.number]
        inside = [local for local in local_variables if local in known.context]
        numbers = {local.number for local in inside}
        kind = self.close(inside, known.type, pi=True)
        lifted = self.new_meta(kind, self._context_of(meta, numbers))
        self.solutions.values[meta.number] = apply(lifted, *inside)

    # -- the kernel's methods, with metas --------------------------------------------------------

    def infer(self, term: Term, *, check: bool = False) -> Term:
        """The type of ``term``; arguments are looked at by the kernel, later."""
        if isinstance(term, Meta):
            return self.solutions.metas[term.number].type
        return super().infer(term, check=False)

    def reduce_core(self, term: Term) -> Term:
        """As the kernel's, through solved metas."""
        while True:
            term = super().reduce_core(term)
            head, arguments = unapply(term)
            value = self._value(head) if isinstance(head, Meta) else None
            if value is None:
                return term
            term = self.beta(value, arguments)

    def unfold(self, term: Term) -> Term | None:
        """As the kernel's; where :attr:`only_reducible` is set, of reducible definitions."""
        known = self.environment.constants.get(head_name(term))
        if self.only_reducible and known is not None and not known.reducible:
            return None
        return super().unfold(term)

    def attempt(self, compare: Callable[[], bool]) -> bool:
        """Undoes what ``compare`` solved if it fails."""
        before = self.solutions.copy()
        if compare():
            return True
        self.solutions.values, self.solutions.levels = before.values, before.levels
        return False

    def equal(self, one: Term, other: Term) -> bool:
        """Makes the terms equal, if it can; where it fails, some metas may have been solved."""
        self.tick()
        one, other = self.fill(one), self.fill(other)
        if one == other:
            return True
        numbers = ground(one), ground(other)
        if None not in numbers:
            return numbers[0] == numbers[1]
        if self._solved(one, other):
            return True
        reduced = self.reduce_core(one), self.reduce_core(other)
        if reduced != (one, other) and self._solved(*reduced):
            return True
        return super().equal(one, other)

    def _solved(self, one: Term, other: Term) -> bool:
        for flexible, rigid in ((one, other), (other, one)):
            head, arguments = unapply(flexible)
            if isinstance(head, Meta) and head.number not in self.solutions.delayed:
                solve = partial(self._solve, head, arguments, rigid)
                if self.attempt(solve):
                    return True
        return False

    def _solve(self, meta: Meta, arguments: list[Term], value: Term) -> bool:
        """Solves ``meta arguments = value``."""
        if arguments and not (
            all(isinstance(a, Local) for a in arguments) and len(set(arguments)) == len(arguments)
        ):
            return self._first_order(meta, arguments, value)
        pattern = [a for a in arguments if isinstance(a, Local)]
        context = {local.number for local in self.solutions.metas[meta.number].context}
        allowed = context | {local.number for local in pattern}
        for part in parts(value):
            if part == meta or (isinstance(part, Local) and part.number not in allowed):
                return bool(arguments) and self._first_order(meta, arguments, value)
        for other in self.open_metas(value):
            beyond = [
                local
                for local in self.solutions.metas[other.number].context
                if local.number not in allowed
            ]
            if beyond:
                if other.number in self.solutions.delayed:
                    return False
                self._restrict(other, {local.number for local in beyond})
        value = self.fill(value)
        try:
            found = bind(Lam, pattern, value)
            if not self.equal(self.infer(found), self.solutions.metas[meta.number].type):
                return False
        except RecursionError:
            return False
        if meta.number not in self.solutions.values:
            self.solutions.values[meta.number] = found
            return True
        return self.equal(self.solutions.values[meta.number], found)

    def _restrict(self, meta: Meta, beyond: set[int]) -> None:
        kind = self.fill(self.solutions.metas[meta.number].type)
        if not any(isinstance(p, Local) and p.number in beyond for p in parts(kind)):
            smaller = self.new_meta(kind, self._context_of(meta, beyond))
            self.solutions.values[meta.number] = smaller

    def _first_order(self, meta: Meta, arguments: list[Term], value: Term) -> bool:
        head, values = unapply(value)
        extra = len(values) - len(arguments)
        if extra < 0 or not arguments:
            return False
        if not self.equal(meta, apply(head, *values[:extra])):
            return False
        return all(map(self.equal, arguments, values[extra:]))

    def equal_levels(self, one: Level, other: Level) -> bool:
        """Makes the levels equal, if it can."""
        one, other = self.fill_level(one), self.fill_level(other)
        if level_equal(one, other):
            return True
        for flexible, rigid in ((one, other), (other, one)):
            if isinstance(flexible, LevelMeta) and flexible not in level_parts(rigid):
                self.solutions.levels[flexible.number] = rigid
                return True
        if isinstance(one, Succ) and isinstance(other, Succ):
            return self.equal_levels(one.of, other.of)
        if isinstance(one, Max) and isinstance(other, Max):
            return self.equal_levels(one.left, other.left) and self.equal_levels(
                one.right, other.right
            )
        return False


def ground(term: Term) -> int | None:
    """The number that a closed term of numerals, ``+``, ``*`` and successors stands for."""
    head, arguments = unapply(term)
    if not isinstance(head, Const):
        return None
    known = {"has_zero.zero": 0, "nat.zero": 0, "has_one.one": 1}.get(head.name)
    values = [ground(a) for a in arguments]
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) != len(values):
        return known if not arguments else None
    if len(numbers) == 2:
        one, two = numbers
        return {"has_add.add": one + two, "has_mul.mul": one * two}.get(head.name)
    (one,) = numbers[:1]
    return {"bit0": 2 * one, "bit1": 2 * one + 1, "nat.succ": one + 1}.get(head.name)
