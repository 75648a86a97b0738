"""Terms and universe levels of dependent type theory, as immutable values.

Bound variables are de Bruijn indices, free ones are :class:`Local` with a number of their own and
their type (locally nameless), so that nothing can be captured. Names of binders and locals are for
people; two terms that differ in them only are equal.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# -- levels --------------------------------------------------------------------------------------


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
    """A universe parameter of a declaration."""

    name: str


@dataclass(frozen=True, slots=True)
class LevelMeta:
    """A level that elaboration has yet to find; never met by the kernel."""

    number: int


Level: TypeAlias = Zero | Succ | Max | Param | LevelMeta
ZERO = Zero()
ONE = Succ(ZERO)


def map_level(level: Level, change: Callable[[Level], Level | None]) -> Level:
    """``level`` with what ``change`` returns in the place of its parts (None: look inside)."""
    changed = change(level)
    if changed is not None:
        return changed
    if isinstance(level, Succ):
        return Succ(map_level(level.of, change))
    if isinstance(level, Max):
        left, right = map_level(level.left, change), map_level(level.right, change)
        return simplify(Max(left, right, level.impredicative))
    return level


def simplify(level: Level) -> Level:
    """The same level, without the maxima that are plain to see."""
    if isinstance(level, Succ):
        return Succ(simplify(level.of))
    if not isinstance(level, Max):
        return level
    left, right = simplify(level.left), simplify(level.right)
    if isinstance(right, Zero):
        return ZERO if level.impredicative else left
    if isinstance(left, Zero) or left == right:
        return right
    if not level.impredicative or _never_zero(right):
        if isinstance(left, Succ) and isinstance(right, Succ):
            return Succ(simplify(Max(left.of, right.of)))
        return Max(left, right)
    return Max(left, right, impredicative=True)


def _never_zero(level: Level) -> bool:
    if isinstance(level, Max):
        return _never_zero(level.right) or (not level.impredicative and _never_zero(level.left))
    return isinstance(level, Succ)


def _with_param(level: Level, name: str, value: Level) -> Level:
    return simplify(map_level(level, lambda part: value if part == Param(name) else None))


def level_leq(one: Level, other: Level, more: int = 0) -> bool:
    """Whether ``one <= other + more`` for all values of the parameters. Never wrongly True."""
    one, other = simplify(one), simplify(other)
    if isinstance(one, Zero) and more >= 0:
        return True
    if isinstance(one, Succ):
        return level_leq(one.of, other, more - 1)
    if isinstance(other, Succ):
        return level_leq(one, other.of, more + 1)
    if isinstance(one, Max) and not one.impredicative:
        return level_leq(one.left, other, more) and level_leq(one.right, other, more)
    if isinstance(other, Zero):
        return False
    for side in (one, other):
        if isinstance(side, Max) and side.impredicative:
            # imax(a, r) depends on whether r is zero: so look at both cases of one parameter.
            name = next((p.name for p in level_parts(side.right) if isinstance(p, Param)), None)
            if name is None:
                return one == other and more >= 0
            return all(
                level_leq(_with_param(one, name, v), _with_param(other, name, v), more)
                for v in (ZERO, Succ(Param(name)))
            )
    if isinstance(other, Max):
        return level_leq(one, other.left, more) or level_leq(one, other.right, more)
    return one == other and more >= 0


def level_equal(one: Level, other: Level) -> bool:
    """Whether the two are the same for all values of the parameters."""
    return one == other or (level_leq(one, other) and level_leq(other, one))


def level_parts(level: Level) -> Iterator[Level]:
    """``level`` and everything inside it."""
    yield level
    if isinstance(level, Succ):
        yield from level_parts(level.of)
    elif isinstance(level, Max):
        yield from level_parts(level.left)
        yield from level_parts(level.right)


# -- terms ---------------------------------------------------------------------------------------


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
    """A term that elaboration has yet to find; never met by the kernel."""

    number: int


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


@dataclass(frozen=True, slots=True)
class Lam:
    """A function. ``info`` is the bracket that its binder is written with: ``(`` or ``{``."""

    name: str = field(compare=False)
    type: Term
    body: Term
    info: str = field(compare=False, default="(")


@dataclass(frozen=True, slots=True)
class Pi:
    """A dependent function type."""

    name: str = field(compare=False)
    type: Term
    body: Term
    info: str = field(compare=False, default="(")


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
        if function is term.function and argument is term.argument:
            return term
        return App(function, argument)
    if isinstance(term, Lam | Pi):
        domain, body = replace(term.type, change, depth), replace(term.body, change, depth + 1)
        if domain is term.type and body is term.body:
            return term
        return type(term)(term.name, domain, body, term.info)
    if isinstance(term, Let):
        return Let(
            term.name,
            replace(term.type, change, depth),
            replace(term.value, change, depth),
            replace(term.body, change, depth + 1),
        )
    return term


def instantiate(body: Term, *values: Term) -> Term:
    """The body of ``len(values)`` binders with values for them, the outermost binder's first."""
    count = len(values)

    def change(part: Term, depth: int) -> Term | None:
        if not isinstance(part, Var) or part.index < depth:
            return None
        inner = part.index - depth
        if inner >= count:
            return Var(part.index - count)
        return lift(values[count - 1 - inner], depth)

    return replace(body, change)


def lift(term: Term, by: int) -> Term:
    """``term`` moved below ``by`` more binders: its loose indices grow."""
    if by == 0 or isinstance(term, Local | Const | Sort | Meta):
        return term

    def change(part: Term, depth: int) -> Term | None:
        return Var(part.index + by) if isinstance(part, Var) and part.index >= depth else None

    return replace(term, change)


def abstract(term: Term, local_variables: Sequence[Local]) -> Term:
    """The body of binders, the outermost first, that bind these locals in ``term``."""
    place = {local.number: index for index, local in enumerate(reversed(local_variables))}

    def change(part: Term, depth: int) -> Term | None:
        if isinstance(part, Local) and part.number in place:
            return Var(place[part.number] + depth)
        return None

    return replace(term, change)


def bind(kind: type[Lam] | type[Pi], local_variables: Sequence[Local], term: Term) -> Term:
    """``λ locals, term`` or ``Π locals, term``."""
    for local in reversed(local_variables):
        term = kind(local.name, local.type, abstract(term, [local]), local.info)
    return term


def substitute(term: Term, values: Mapping[int, Term]) -> Term:
    """``term`` with terms for the locals of these numbers."""
    return replace(
        term, lambda part, _: values.get(part.number) if isinstance(part, Local) else None
    )


def instantiate_levels(term: Term, names: Sequence[str], levels: Sequence[Level]) -> Term:
    """``term`` with levels for the universe parameters of these names."""
    if not names:
        return term
    table = dict(zip(names, levels, strict=True))
    return map_levels(term, lambda p: table.get(p.name) if isinstance(p, Param) else None)


def map_levels(term: Term, change: Callable[[Level], Level | None]) -> Term:
    """``term`` with ``change`` applied to all its levels."""

    def at(part: Term, _: int) -> Term | None:
        if isinstance(part, Sort):
            return Sort(map_level(part.level, change))
        if isinstance(part, Const) and part.levels:
            return Const(part.name, tuple(map_level(level, change) for level in part.levels))
        return None

    return replace(term, at)


def parts(term: Term) -> Iterator[Term]:
    """``term`` and everything inside it, from left to right."""
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


def mentions(term: Term, local: Local) -> bool:
    """Whether the local occurs in ``term``."""
    return any(part == local for part in parts(term))


def is_loose(body: Term) -> bool:
    """Whether the body of a binder uses its variable."""
    found = False

    def change(part: Term, depth: int) -> Term | None:
        nonlocal found
        found = found or (isinstance(part, Var) and part.index >= depth)
        return None

    replace(body, change)
    return found


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


def head_name(term: Term) -> str:
    """The name of the constant at the head of an application, or nothing."""
    head, _ = unapply(term)
    return head.name if isinstance(head, Const) else ""


def levels_of(head: Term) -> tuple[Level, ...]:
    """The universe levels of a constant."""
    return head.levels if isinstance(head, Const) else ()


def arrow(domain: Term, codomain: Term, name: str = "ᾰ") -> Pi:
    """``domain → codomain``."""
    return Pi(name, domain, codomain)
