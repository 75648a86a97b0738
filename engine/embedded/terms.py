"""Terms and universe levels of dependent type theory, as immutable values.

Bound variables are de Bruijn indices, free ones are :class:`Local` with a number of their own and
their type (locally nameless), so that nothing can be captured. Names of binders and locals are for
people; two terms that differ in them only are equal.
"""

from __future__ import annotations

import functools
import itertools
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Param:
    """A level that is open: a declaration's parameter, or, if a number, to be found."""

    name: str | int


Level: TypeAlias = int | Param


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
class Asked:
    """What a meta was asked for: a term of a type, the locals it may mention; its ``case``."""

    type: Term
    context: tuple[Local, ...] = ()
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Meta:
    """A term that elaboration has yet to find; never met by the kernel.

    ``arguments`` stand for the locals of its context, in their order, so that a binder can bind one
    before it is known where the term will use it.
    """

    number: int
    arguments: tuple[Term, ...]
    asked: Asked = field(compare=False)


@dataclass(frozen=True, slots=True)
class Sort:
    """A universe: ``Prop`` is ``Sort 0``, ``Type`` is ``Sort 1``."""

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
PROP = Sort(0)
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
        return term if same else Meta(term.number, arguments, term.asked)
    return term


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


def instantiate(body: Term, *values: Term) -> Term:
    """The body of ``len(values)`` binders with values for them, the outermost binder's first."""
    count = len(values)

    def change(part: Term, depth: int) -> Term | None:
        if not isinstance(part, Var) or part.index < depth:
            return None
        place = count - 1 - (part.index - depth)
        return _lift(values[place], depth) if place >= 0 else Var(part.index - count)

    return replace(body, change)


def _lift(term: Term, by: int) -> Term:
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


def open_body(binding: Binding) -> tuple[Local, Term]:
    """A new local for the variable of ``binding``, and its body with that."""
    local = Local(fresh(), binding.name, binding.type, binding.info)
    return local, instantiate(binding.body, local)


def instantiate_levels(term: Term, names: Sequence[str], levels: Sequence[Level]) -> Term:
    """``term`` with levels for the universe parameters of these names."""
    table: dict[Level, Level] = {Param(n): level for n, level in zip(names, levels, strict=True)}

    def change(part: Term, _: int) -> Term | None:
        new = [table.get(level, level) for level in levels_of(part)]
        return with_levels(part, new) if new else None

    return replace(term, change) if table else term


def levels_of(term: Term) -> tuple[Level, ...]:
    """The universe levels of a constant or a sort."""
    return (term.level,) if isinstance(term, Sort) else getattr(term, "levels", ())


def with_levels(term: Term, levels: Sequence[Level]) -> Term:
    """A constant or a sort at other universe levels."""
    return Const(term.name, tuple(levels)) if isinstance(term, Const) else Sort(levels[0])


def universe_params(term: Term) -> list[Param]:
    """The universe parameters of ``term``, in the order in which they come up."""
    levels = itertools.chain.from_iterable(map(levels_of, parts(term)))
    return list(dict.fromkeys(level for level in levels if isinstance(level, Param)))


def mentions(term: Term, local: Term) -> bool:
    """Whether the local occurs in ``term``."""
    return any(part == local for part in parts(term))


def is_loose(body: Term, depth: int = 1) -> bool:
    """Whether a part that stands below so many binders uses their variables."""
    markers = [Local(-place, "", PROP) for place in range(depth)]
    return any(isinstance(p, Local) and p.number <= 0 for p in parts(instantiate(body, *markers)))


def apply(function: Term, *arguments: Term) -> Term:
    """``function`` applied to the arguments."""
    return functools.reduce(App, arguments, function)


def unapply(term: Term) -> tuple[Term, list[Term]]:
    """The head of an application, and its arguments."""
    arguments = list[Term]()
    while isinstance(term, App):
        arguments, term = [term.argument, *arguments], term.function
    return term, arguments


def beta(function: Term, arguments: Sequence[Term]) -> Term:
    """``function`` applied, without the λ that the arguments are for."""
    count = 0
    while isinstance(function, Lam) and count < len(arguments):
        function, count = function.body, count + 1
    start = instantiate(function, *arguments[:count]) if count else function
    return apply(start, *arguments[count:])


def head_name(term: Term) -> str:
    """The name of the constant at the head of an application, or nothing."""
    head, _ = unapply(term)
    return head.name if isinstance(head, Const) else ""
