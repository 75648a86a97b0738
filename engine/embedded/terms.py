"""Terms and universe levels of dependent type theory, as immutable values.

Bound variables are de Bruijn indices, free ones are :class:`Local` with a number of their own and
their type (locally nameless), so that nothing can be captured. Names of binders and locals are for
people; two terms that differ in them only are equal.
"""

from __future__ import annotations

import itertools
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Zero:
    """The level of Prop."""


@dataclass(frozen=True, slots=True)
class Succ:
    """The next level."""

    of: Level


@dataclass(frozen=True, slots=True)
class Max:
    """The larger level; with ``impredicative`` it is zero where ``right`` is (Lean's ``imax``)."""

    left: Level
    right: Level
    impredicative: bool = False


@dataclass(frozen=True, slots=True)
class Param:
    """A universe parameter; one with a number for its name has yet to be found by elaboration."""

    name: str | int


Level: TypeAlias = Zero | Succ | Max | Param
ZERO = Zero()
ONE = Succ(ZERO)


def map_level(level: Level, change: Callable[[Param], Level]) -> Level:
    """``level`` with other levels for its parameters, and without maxima that are plain to see."""
    if isinstance(level, Param):
        return change(level)
    if isinstance(level, Succ):
        return Succ(map_level(level.of, change))
    if isinstance(level, Zero):
        return level
    left, right = map_level(level.left, change), map_level(level.right, change)
    if right == ZERO:
        return ZERO if level.impredicative else left
    return right if left in (ZERO, right) else Max(left, right, level.impredicative)


def params_of(level: Level) -> set[Param]:
    """The parameters of ``level``."""
    if isinstance(level, Max):
        return params_of(level.left) | params_of(level.right)
    if isinstance(level, Succ):
        return params_of(level.of)
    return {level} if isinstance(level, Param) else set()


def level_leq(one: Level, other: Level) -> bool:
    """Whether ``one <= other`` for all values of the parameters.

    Once it is fixed which parameters are zero, both sides are maxima of sums, and these can be
    compared: a parameter and a number (None: a number alone).
    """
    params = list(params_of(one) | params_of(other))
    for chosen in itertools.product((False, True), repeat=len(params)):
        positive = set(itertools.compress(params, chosen))

        def sums(level: Level, positive: set[Param] = positive) -> dict[Param | None, int]:
            if isinstance(level, Succ):
                return {param: more + 1 for param, more in sums(level.of).items()}
            if not isinstance(level, Max):
                return {level if isinstance(level, Param) and level in positive else None: 0}
            found = sums(level.right)
            if level.impredicative and found == {None: 0}:
                return found
            left = sums(level.left)
            return {p: max(found.get(p, 0), left.get(p, 0)) for p in {*found, *left}}

        large = sums(other)
        least = max(more + (param is not None) for param, more in large.items())
        for param, more in sums(one).items():
            if more > (least if param is None else large.get(param, -1)):
                return False
    return True


def level_equal(one: Level, other: Level) -> bool:
    """Whether the two are the same for all values of the parameters."""
    if one == other or {type(one), type(other)} == {Zero, Succ}:
        return one == other
    return level_leq(one, other) and level_leq(other, one)


@dataclass(frozen=True, slots=True)
class Var:
    """A bound variable: ``index`` binders lie between it and its own."""

    index: int


@dataclass(frozen=True, slots=True)
class Local:
    """A free variable. ``number`` is its identity; ``type`` has no loose indices."""

    number: int
    name: str = field(compare=False)
    type: Term = field(compare=False)
    info: str = field(compare=False, default="(")


@dataclass(frozen=True, slots=True)
class Meta:
    """A term that elaboration has yet to find; never met by the kernel.

    It was asked for in a context; ``arguments`` stand for the locals of it, in their order, so that
    a binder can bind one before it is known where the term will use it.
    """

    number: int
    arguments: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Sort:
    """A universe: ``Prop`` is ``Sort 0``, ``Type u`` is ``Sort (u+1)``."""

    level: Level


@dataclass(frozen=True, slots=True)
class Const:
    """A declared constant at given universe levels."""

    name: str
    levels: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True)
class App:
    """A function applied to one argument."""

    function: Term
    argument: Term


@dataclass(frozen=True)
class Binding:
    """What a function and its type share; ``info`` is the bracket that its binder has."""

    name: str = field(compare=False)
    type: Term
    body: Term
    info: str = field(compare=False, default="(")


class Lam(Binding):
    """A function."""


class Pi(Binding):
    """A dependent function type."""


@dataclass(frozen=True, slots=True)
class Let:
    """A local definition."""

    name: str = field(compare=False)
    type: Term
    value: Term
    body: Term


Term: TypeAlias = Var | Local | Meta | Sort | Const | App | Lam | Pi | Let
PROP = Sort(ZERO)
_numbers = itertools.count(1)


def fresh() -> int:
    """A number that no local and no meta has yet."""
    return next(_numbers)


def replace(term: Term, change: Callable[[Term, int], Term | None], depth: int = 0) -> Term:
    """``term`` with what ``change(part, binders around it)`` returns in its parts' places.

    Where it returns None, the part's own parts are visited. Unchanged parts are shared.
    """
    changed = change(term, depth)
    if changed is not None:
        return changed
    if isinstance(term, App):
        function = replace(term.function, change, depth)
        argument = replace(term.argument, change, depth)
        same = function is term.function and argument is term.argument
        return term if same else App(function, argument)
    if isinstance(term, Lam | Pi):
        domain, body = replace(term.type, change, depth), replace(term.body, change, depth + 1)
        same = domain is term.type and body is term.body
        return term if same else type(term)(term.name, domain, body, term.info)
    if isinstance(term, Let):
        kind, value = replace(term.type, change, depth), replace(term.value, change, depth)
        return Let(term.name, kind, value, replace(term.body, change, depth + 1))
    if isinstance(term, Meta) and term.arguments:
        arguments = tuple([replace(argument, change, depth) for argument in term.arguments])
        same = all(map(operator.is_, arguments, term.arguments))
        return term if same else Meta(term.number, arguments)
    return term


def instantiate(body: Term, *values: Term) -> Term:
    """The body of ``len(values)`` binders with values for them, the outermost binder's first."""
    count = len(values)

    def change(part: Term, depth: int) -> Term | None:
        if not isinstance(part, Var) or part.index < depth:
            return None
        place = count - 1 - (part.index - depth)
        return lift(values[place], depth) if place >= 0 else Var(part.index - count)

    return replace(body, change)


def lift(term: Term, by: int) -> Term:
    """``term`` moved below ``by`` more binders: its loose indices grow."""
    if by == 0 or isinstance(term, Local | Const | Sort):
        return term

    def change(part: Term, depth: int) -> Term | None:
        return Var(part.index + by) if isinstance(part, Var) and part.index >= depth else None

    return replace(term, change)


def abstract(term: Term, local_variables: Sequence[Term]) -> Term:
    """The body of binders, the outermost first, that bind these locals in ``term``."""
    place = {local: index for index, local in enumerate(reversed(local_variables))}

    def change(part: Term, depth: int) -> Term | None:
        return Var(place[part] + depth) if isinstance(part, Local) and part in place else None

    return replace(term, change)


def bind(kind: type[Lam] | type[Pi], local_variables: Sequence[Local], term: Term) -> Term:
    """``λ locals, term`` or ``Π locals, term``."""
    for local in reversed(local_variables):
        term = kind(local.name, local.type, abstract(term, [local]), local.info)
    return term


def map_levels(term: Term, change: Callable[[Param], Level]) -> Term:
    """``term`` with ``change`` applied to the parameters of all its levels."""

    def at(part: Term, _: int) -> Term | None:
        if isinstance(part, Sort):
            return Sort(map_level(part.level, change))
        if isinstance(part, Const) and part.levels:
            return Const(part.name, tuple(map_level(level, change) for level in part.levels))
        return None

    return replace(term, at)


def instantiate_levels(term: Term, names: Sequence[str], levels: Sequence[Level]) -> Term:
    """``term`` with levels for the universe parameters of these names."""
    table = {Param(name): level for name, level in zip(names, levels, strict=True)}
    return map_levels(term, lambda param: table.get(param, param)) if table else term


def parts(term: Term) -> Iterator[Term]:
    """``term`` and everything inside it but the arguments of metas, from left to right."""
    stack = [term]
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, App):
            stack += (part.argument, part.function)
        elif isinstance(part, Lam | Pi):
            stack += (part.body, part.type)
        elif isinstance(part, Let):
            stack += (part.body, part.value, part.type)


def universe_params(term: Term) -> list[Param]:
    """The universe parameters of ``term``, in the order in which they come up."""
    found: dict[Param, None] = {}
    for part in parts(term):
        levels: tuple[Level, ...] = part.levels if isinstance(part, Const) else ()
        for level in (part.level,) if isinstance(part, Sort) else levels:
            found |= dict.fromkeys(params_of(level))
    return list(found)


def mentions(term: Term, local: Term) -> bool:
    """Whether the local occurs in ``term``."""
    return any(part == local for part in parts(term))


def is_loose(body: Term, depth: int = 1) -> bool:
    """Whether a part that stands below so many binders uses their variables."""
    markers = [Local(-place, "", PROP) for place in range(depth)]
    return any(isinstance(p, Local) and p.number <= 0 for p in parts(instantiate(body, *markers)))


def apply(function: Term, *arguments: Term) -> Term:
    """``function`` applied to the arguments."""
    for argument in arguments:
        function = App(function, argument)
    return function


def unapply(term: Term) -> tuple[Term, list[Term]]:
    """The head of an application, and its arguments."""
    arguments = []
    while isinstance(term, App):
        arguments.append(term.argument)
        term = term.function
    return term, arguments[::-1]


def beta(function: Term, arguments: Sequence[Term]) -> Term:
    """``function`` applied, without the λ that the arguments are for."""
    count = 0
    while isinstance(function, Lam) and count < len(arguments):
        function, count = function.body, count + 1
    return apply(
        instantiate(function, *arguments[:count]) if count else function, *arguments[count:]
    )


def head_name(term: Term) -> str:
    """The name of the constant at the head of an application, or nothing."""
    while isinstance(term, App):
        term = term.function
    return term.name if isinstance(term, Const) else ""


def levels_of(head: Term) -> tuple[Level, ...]:
    """The universe levels of a constant."""
    return head.levels if isinstance(head, Const) else ()


def arrow(domain: Term, codomain: Term) -> Pi:
    """``domain → codomain``."""
    return Pi("ᾰ", domain, codomain)
