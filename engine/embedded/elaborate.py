"""From syntax to terms: names, implicit arguments, notation, and where tactics fill in.

Nothing here is trusted. What the elaborator makes of a text is what the editor shows as the goal,
and what the kernel checks. Metas are solved by the kernel's own comparison, first order and by
Miller's patterns: it may fail where Lean's succeeds.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from engine.embedded import terms as t
from engine.embedded.kernel import Checker, Environment
from engine.embedded.prelude import NOTATION, REDUCIBLE
from engine.embedded.syntax import Binder, Mistake, Node, Unknown, need, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Context = tuple[t.Local, ...]
_PROJECTIONS = {"and.1": "and.left", "and.2": "and.right", "iff.1": "iff.mp", "iff.2": "iff.mpr"}
_UNSHOWN = words("has_add.add has_mul.mul has_zero.zero has_one.one bit0 bit1 sorry_ax")
"""Constants that stand for Lean's notation on ℕ; in Lean they are about every type, so that a text
that names them means something else."""
_NEVER_LEANS = re.compile(r"(?!id|vm|ge|or|gt|ne|mt|eq|lift_)\w['₀-₉\w]?|\w*[₀-₉]")
"""Names that nothing in Lean's core library has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a meta: its type, the locals that it may mention, the ``case`` it is."""

    type: t.Term
    context: Context
    tag: str = ""


@dataclass(slots=True)
class Solutions:
    """What is known of all metas. A value mentions the locals of its meta's context."""

    metas: dict[int, Asked] = field(default_factory=dict)
    values: dict[int, t.Term] = field(default_factory=dict)
    levels: dict[t.Param, t.Level] = field(default_factory=dict)
    universes: int = 0
    """How many universe parameters have names of Lean's making."""

    def copy(self) -> Solutions:
        """One that can be changed without a change of this one."""
        return Solutions(dict(self.metas), dict(self.values), dict(self.levels), self.universes)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a text stands: namespaces, the innermost last; opened ones; universes.

    ``itself`` is the full name of what is declared: Lean would read it as a recursive call.
    """

    namespaces: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    universes: tuple[str, ...] = ()
    itself: str = ""


class Elaborator(Checker):
    """A :class:`Checker` that reads syntax, and solves metas so that :meth:`equal` becomes true.

    ``tasks`` are the proofs by tactics that terms contain, each with the meta that it is to solve.
    """

    def __init__(
        self,
        environment: Environment,
        tick: Callable[[], None],
        solutions: Solutions,
        scope: Scope,
    ) -> None:
        super().__init__(environment, tick)
        self.solutions = solutions
        self.scope = scope
        self.tasks: list[tuple[t.Meta, Node]] = []
        self.only_reducible = False

    def new_meta(self, kind: t.Term, context: Context, tag: str = "") -> t.Meta:
        """A new meta of this type, in this context."""
        meta = t.Meta(t.fresh(), context)
        self.solutions.metas[meta.number] = Asked(kind, context, tag)
        return meta

    def _new_type(self, context: Context) -> t.Meta:
        return self.new_meta(t.Sort(t.Param(t.fresh())), context)

    def _at(self, meta: t.Meta, term: t.Term) -> t.Term:
        """A term in the context of ``meta``, with the arguments that the meta has here."""
        context = self.solutions.metas[meta.number].context
        if meta.arguments == context:
            return term
        return t.instantiate(t.abstract(term, context), *meta.arguments)

    def fill(self, term: t.Term) -> t.Term:
        """``term`` with the solutions that are known."""
        values, metas = self.solutions.values, self.solutions.metas

        def change(part: t.Term, _: int) -> t.Term | None:
            self.tick()
            head = part
            while isinstance(head, t.App):
                head = head.function
            if isinstance(head, t.Meta) and head.number in values:
                value = self.fill(self._at(head, values[head.number]))
                return t.beta(value, [self.fill(argument) for argument in t.unapply(part)[1]])
            if isinstance(part, t.Meta) and part.arguments is metas[part.number].context:
                return part
            if isinstance(part, t.Sort):
                level = self.fill_level(part.level)
                return part if level == part.level else t.Sort(level)
            if isinstance(part, t.Const):
                levels = tuple(map(self.fill_level, part.levels))
                return part if levels == part.levels else t.Const(part.name, levels)
            return None

        return t.replace(term, change)

    def fill_local(self, local: t.Local) -> t.Local:
        """The local with the solutions in its type."""
        kind = self.fill(local.type)
        return local if kind is local.type else replace(local, type=kind)

    def fill_level(self, level: t.Level) -> t.Level:
        """``level`` with the solutions that are known."""
        known = self.solutions.levels
        return t.map_level(level, lambda p: self.fill_level(known[p]) if p in known else p)

    def open_metas(self, term: t.Term) -> list[t.Meta]:
        """The metas of the filled ``term``, each once, from left to right, as they were asked."""
        numbers = dict.fromkeys(part.number for part in t.parts(term) if isinstance(part, t.Meta))
        return [t.Meta(number, self.solutions.metas[number].context) for number in numbers]

    def close(self, kind: type[t.Lam | t.Pi], context: Sequence[t.Local], body: t.Term) -> t.Term:
        """``λ context, body`` or ``Π context, body``, filled."""
        return t.bind(kind, [self.fill_local(local) for local in context], self.fill(body))

    def settle(self, term: t.Term, *, node: Node | None = None, names: bool = False) -> t.Term:
        """The filled ``term``, in which nothing may be left to be found but universe levels.

        They are zero, or with ``names`` parameters.
        """
        term = self.fill(term)
        start = node.start if node is not None else None
        need(not self.open_metas(term), "don't know how to synthesize placeholder", start)
        left = [param for param in t.universe_params(term) if isinstance(param.name, int)]
        for param in left:
            self.solutions.levels[param] = self._new_universe() if names else t.ZERO
        return self.fill(term) if left else term

    def infer(self, term: t.Term, *, check: bool = False) -> t.Term:
        """The type of ``term``; arguments are looked at by the kernel, later."""
        if isinstance(term, t.Meta):
            return self._at(term, self.solutions.metas[term.number].type)
        return super().infer(term, check=False)

    def reduce_core(self, term: t.Term) -> t.Term:
        """As the kernel's, through solved metas."""
        while True:
            term = super().reduce_core(term)
            head, arguments = t.unapply(term)
            if not isinstance(head, t.Meta) or head.number not in self.solutions.values:
                return term
            term = t.beta(self._at(head, self.solutions.values[head.number]), arguments)

    def unfold(self, term: t.Term) -> t.Term | None:
        """As the kernel's; where ``only_reducible`` is set, of reducible definitions."""
        if self.only_reducible and t.head_name(term) not in REDUCIBLE:
            return None
        return super().unfold(term)

    def attempt(self, compare: Callable[[], bool]) -> bool:
        """Undoes what ``compare`` solved if it fails."""
        values, levels = dict(self.solutions.values), dict(self.solutions.levels)
        if compare():
            return True
        self.solutions.values, self.solutions.levels = values, levels
        return False

    def equal(self, one: t.Term, other: t.Term) -> bool:
        """Makes the terms equal, if it can; where it fails, some metas may have been solved."""
        self.tick()
        one, other = self.fill(one), self.fill(other)
        if one == other:
            return True
        if not (self.only_reducible or self._is_open(one) or self._is_open(other)):
            return Checker(self.environment, self.tick).equal(one, other)
        if self._solved(one, other):
            return True
        reduced = self.reduce_core(one), self.reduce_core(other)
        if reduced != (one, other) and self._solved(*reduced):
            return True
        return super().equal(one, other)

    def _is_open(self, term: t.Term) -> bool:
        """Whether there is something left to find in the filled ``term``."""
        for part in t.parts(term):
            levels = part.levels if isinstance(part, t.Const) else ()
            levels = (part.level,) if isinstance(part, t.Sort) else levels
            if isinstance(part, t.Meta) or any(map(_has_unknown, levels)):
                return True
        return False

    def _solved(self, one: t.Term, other: t.Term) -> bool:
        for flexible, rigid in ((one, other), (other, one)):
            head, arguments = t.unapply(flexible)
            if isinstance(head, t.Meta):
                for way in (self._pattern, self._first_order):
                    if self.attempt(partial(way, head, arguments, rigid)):
                        return True
        return False

    def _pattern(self, meta: t.Meta, arguments: list[t.Term], value: t.Term) -> bool:
        """Solves ``meta arguments = value`` where the arguments are distinct locals."""
        known = self.solutions.metas[meta.number]
        pattern = [a for a in arguments if isinstance(a, t.Local)]
        if len(set(pattern)) < len(arguments):
            return False
        seen = Counter((*meta.arguments, *pattern))
        pairs = zip(meta.arguments, known.context, strict=True)
        inside = {a: x for a, x in pairs if isinstance(a, t.Local) and seen[a] == 1}
        for part in t.parts(value):
            if isinstance(part, t.Local) and part not in inside and part not in pattern:
                return False
            if isinstance(part, t.Meta) and part.number == meta.number:
                return False
        found = t.abstract(t.bind(t.Lam, pattern, value), list(inside))
        found = t.instantiate(found, *inside.values())
        if not self.equal(self.infer(found), known.type):
            return False
        if meta.number in self.solutions.values:
            return self.equal(self.solutions.values[meta.number], found)
        self.solutions.values[meta.number] = found
        return True

    def _first_order(self, meta: t.Meta, arguments: list[t.Term], value: t.Term) -> bool:
        head, values = t.unapply(value)
        extra = len(values) - len(arguments)
        if extra < 0 or not arguments or not self.equal(meta, t.apply(head, *values[:extra])):
            return False
        return all(map(self.equal, arguments, values[extra:]))

    def equal_levels(self, one: t.Level, other: t.Level) -> bool:
        """Makes the levels equal, if it can."""
        one, other = self.fill_level(one), self.fill_level(other)
        if t.level_equal(one, other):
            return True
        for flexible, rigid in ((one, other), (other, one)):
            wanted = isinstance(flexible, t.Param) and isinstance(flexible.name, int)
            if wanted and flexible not in t.params_of(rigid):
                self.solutions.levels[flexible] = rigid  # type: ignore[index]
                return True
        both = isinstance(one, t.Succ) and isinstance(other, t.Succ)
        return both and self.equal_levels(one.of, other.of)  # type: ignore[union-attr]

    def _global(self, name: str) -> str | None:
        """The constant that ``name`` means here, the innermost namespace first."""
        known = self.environment.constants
        for space in reversed(self.scope.namespaces):
            if f"{space}.{name}" in known:
                return f"{space}.{name}"
        found = {name, *(f"{space}.{name}" for space in self.scope.opened)} & set(known)
        if len(found) > 1:
            raise Unknown(f"ambiguous names (`{name}` may be {' or '.join(sorted(found))})")
        return found.pop() if found else None

    def short_name(self, name: str) -> str:
        """How Lean prints a constant: without the namespaces that are open here."""
        for space in (*reversed(self.scope.namespaces), *self.scope.opened):
            short = name.removeprefix(f"{space}.")
            if short != name and self._global(short) == name:
                return short
        return "ℕ" if name == "nat" else name

    def resolve(self, node: Node, context: Sequence[t.Local]) -> tuple[t.Term, list[str]]:
        """What a dotted name means, and the fields of it that the rest of the name asks for."""
        pieces = node.text.split(".")
        for local in reversed(context):
            if local.name == pieces[0]:
                return local, pieces[1:]
        for count in range(len(pieces), 0, -1):
            full = self._global(".".join(pieces[:count]))
            if full is not None and full not in _UNSHOWN:
                return self.constant(full), pieces[count:]
        full = ".".join((*self.scope.namespaces[-1:], node.text))
        if self.scope.itself and self.scope.itself in (node.text, full):
            raise Mistake(f"`{node.text}` cannot be used in its own proof", node.start)
        if _NEVER_LEANS.fullmatch(node.text) and not self.scope.opened:
            raise Mistake(f"unknown identifier '{node.text}'", node.start)
        # It may be a mistake, or one of the many names of Lean's library that the core lacks.
        raise Unknown(f"`{node.text}`", node.start)

    def constant(self, name: str) -> t.Const:
        """The constant at universe levels to be found."""
        params = self.environment.constants[name].params
        return t.Const(name, tuple(t.Param(t.fresh()) for _ in params))

    def constructors(self, kind: t.Term) -> dict[str, int] | None:
        """The constructors of an inductive type, each with its number of fields."""
        known = self.environment.constants.get(f"{t.head_name(kind)}.rec")
        if known is None or known.recursor is None:
            return None
        return {name: fields for name, (fields, _) in known.recursor.rules.items()}

    def check(self, node: Node, expected: t.Term, context: Context) -> t.Term:
        """Elaborates ``node`` as a term of the expected type."""
        term = self.term(node, expected, context)
        well = self.equal(self.infer(term), expected)
        need(well, "the term does not have the expected type", node.start)
        return self.fill(term)

    def type(self, node: Node, context: Context) -> t.Term:
        """Elaborates ``node`` as a type."""
        term = self.term(node, None, context)
        kind = self.reduce(self.infer(term))
        is_sort = isinstance(kind, t.Sort) or self.equal(kind, t.Sort(t.Param(t.fresh())))
        need(is_sort, "a type expected", node.start)
        return self.fill(term)

    def term(self, node: Node, expected: t.Term | None, context: Context) -> t.Term:
        """Elaborates ``node``; ``expected`` is its type where known, and a hint only."""
        self.tick()
        match node.kind:
            case "number":
                return _numeral(int(node.text))
            case "hole" | "sorry" | "tactics":
                meta = self.new_meta(expected or self._new_type(context), context)
                self.tasks += [(meta, node)] if node.kind != "hole" else []
                return meta
            case "typed":
                return self.check(node.kids[0], self.type(node.kids[1], context), context)
            case "sort":
                return self._sort(node)
            case "not":
                return t.App(t.Const("not"), self.check(node.kids[0], t.PROP, context))
            case "op" if node.text == "→":
                return t.arrow(self.type(node.kids[0], context), self.type(node.kids[1], context))
            case "op":
                return self.call(self.constant(NOTATION[node.text][0]), node, expected, context)
            case "pi" | "exists":
                return self._quantified(node, context)
            case "lam":
                return self._lambda(node, expected, context)
            case "anonymous":
                return self._anonymous(node, expected, context)
        return self._application(node, expected, context)

    def _sort(self, node: Node) -> t.Term:
        word, _, written = node.text.partition(" ")
        level: t.Level = self._new_universe() if written == "*" else t.ZERO
        if written.isdecimal():
            for _ in range(min(int(written), 99)):
                level = t.Succ(level)
        elif written not in ("", "*"):
            level = t.Param(written)
            need(written in self.scope.universes, f"unknown universe '{written}'", node.start)
        return t.Sort(t.Succ(level) if word == "Type" else level)

    def _new_universe(self) -> t.Param:
        self.solutions.universes += 1
        return t.Param(f"u_{self.solutions.universes}")

    def binders(self, binders: Iterable[Binder], context: Context, *, guess: bool) -> Context:
        """``context`` with the locals that the binders add to it."""
        for binder in binders:
            for name in binder.names:
                if binder.type is None and not guess:
                    raise Unknown(f"arguments without a type (`{name}`)")
                kind = binder.type and self.type(binder.type, context)
                context += (_local(name, kind or self._new_type(context), binder.info),)
        return context

    def _quantified(self, node: Node, context: Context) -> t.Term:
        inner = self.binders(node.binders, context, guess=True)
        new = inner[len(context) :]
        if node.kind == "pi":
            return self.close(t.Pi, new, self.type(node.kids[0], inner))
        body = self.check(node.kids[0], t.PROP, inner)
        for local in reversed(new):
            exists = self.constant("Exists")
            self.equal(self.infer(local.type), t.Sort(exists.levels[0]))
            body = t.apply(exists, local.type, self.close(t.Lam, [local], body))
        return body

    def _lambda(self, node: Node, wanted: t.Term | None, context: Context) -> t.Term:
        inner = context
        for binder in node.binders:
            for name in binder.names:
                kind = self.reduce(wanted) if wanted is not None else None
                fits = kind is None or isinstance(kind, t.Pi | t.Meta)
                need(fits, "a function stands where none is expected", node.start)
                domain = kind.type if isinstance(kind, t.Pi) else self._new_type(inner)
                if binder.type is not None:
                    fits = self.equal(domain, self.type(binder.type, inner))
                    need(fits, f"the type of `{name}` is not the expected one", node.start)
                local = _local(name, self.fill(domain), binder.info)
                inner += (local,)
                wanted = t.instantiate(kind.body, local) if isinstance(kind, t.Pi) else None
        body = node.kids[0]
        value = self.check(body, wanted, inner) if wanted else self.term(body, None, inner)
        return self.close(t.Lam, inner[len(context) :], value)

    def _application(self, node: Node, expected: t.Term | None, context: Context) -> t.Term:
        head = node.kids[0] if node.kind == "app" else node
        explicit = head.kind == "explicit"
        fields: list[str] = []
        while head.kind == "field":
            fields, head = [*head.text.split("."), *fields], head.kids[0]
        if head.kind in ("name", "explicit"):
            function, more = self.resolve(head, context)
            fields = more + fields
            if explicit and fields:
                raise Unknown("`@` before a field", node.start)
        else:
            function = self.term(head, None, context)
        own: t.Term | None = None
        for name in fields:
            own = self.call(function, None, None, context, own=own)
            function = self._field_of(own, name, node)
        arguments = Node("app", node.start, "", node.kids[1:] if node.kind == "app" else ())
        return self.call(function, arguments, expected, context, explicit=explicit, own=own)

    def _field_of(self, value: t.Term, name: str, node: Node) -> t.Const:
        kind: t.Term | None = self.fill(self.infer(value))
        while kind is not None:
            kind = self.reduce_core(kind)
            full = f"{t.head_name(kind)}.{name}"
            full = _PROJECTIONS.get(full, full)
            if full in self.environment.constants and full[0] != ".":
                return self.constant(full)
            kind = self.unfold(kind)
        raise Mistake(f"`{name}` is no field of the term before it", node.start)

    def call(
        self,
        function: t.Term,
        node: Node | None,
        expected: t.Term | None,
        context: Context,
        *,
        explicit: bool = False,
        own: t.Term | None = None,
    ) -> t.Term:
        """``function`` applied to the parts of ``node``.

        Implicit arguments are metas, found from the others' types. ``own`` goes where the first
        argument of the type that the function belongs to is expected (``h.symm``). The expected
        type is used before the arguments are looked at, as a hint.
        """
        waiting: list[tuple[Node, t.Meta]] = []
        left = list(node.kids) if node is not None else []
        start = node.start if node is not None else None
        owner = t.head_name(function).rpartition(".")[0]
        kind = self.fill(self.infer(function))
        while True:
            kind = self.reduce(kind) if left or own is not None else self.reduce_core(kind)
            if not isinstance(kind, t.Pi):
                break
            meta = self.new_meta(t.beta(*t.unapply(kind.type)), context)
            argument: t.Term = meta
            if kind.info == "(" or explicit:
                if own is not None and t.head_name(self.reduce_core(kind.type)) == owner:
                    well = self.equal(self.infer(own), kind.type)
                    need(well, "the term before the field has a wrong type", start)
                    argument, own = own, None
                elif left:
                    waiting.append((left.pop(0), meta))
                else:
                    break
            function, kind = t.App(function, argument), t.instantiate(kind.body, argument)
        need(not left and own is None, "there are too many arguments", start)
        result = self.fill(kind)
        if expected is not None and not any(map(_is_guess, t.parts(result))):
            self.attempt(lambda: self.equal(result, expected))
        for late in (False, True):
            for item in list(waiting):
                domain = self.fill(self.infer(item[1]))
                if late or not self._waits(item[0], domain):
                    waiting.remove(item)
                    well = self.equal(item[1], self.check(item[0], domain, context))
                    need(well, "an argument is not what the others require", item[0].start)
        return self.fill(function)

    def _waits(self, node: Node, domain: t.Term) -> bool:
        """Whether more should be known of the type before ``node`` is elaborated."""
        if node.kind == "anonymous":
            return isinstance(t.unapply(domain)[0], t.Meta)
        return node.kind == "lam" and bool(self.open_metas(domain))

    def _anonymous(self, node: Node, expected: t.Term | None, context: Context) -> t.Term:
        kind = self.reduce(self.fill(expected or t.PROP))
        found = self.constructors(kind) or {}
        one = len(found) == 1 and t.head_name(kind) != "eq"
        need(one, "`⟨…⟩` stands where no type with one constructor is expected", node.start)
        ((name, count),) = found.items()
        kids = node.kids
        if len(kids) > count > 0:
            last = Node("anonymous", kids[1].start, "", kids[count - 1 :])
            kids = (*kids[: count - 1], last)
        need(len(kids) == count, f"`⟨…⟩` needs {count} parts here", node.start)
        return self.call(self.constant(name), Node("app", node.start, "", kids), kind, context)


def new_name(wanted: str, taken: set[str]) -> str:
    """The name, with a number behind it if it is taken."""
    names = itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(1)))
    return next(name for name in names if name not in taken)


def _local(name: str, kind: t.Term, info: str) -> t.Local:
    # Lean gives a `_` a name of its own, that cannot be written.
    return t.Local(t.fresh(), "_x" if name == "_" else name, kind, info)


def _has_unknown(level: t.Level) -> bool:
    return any(isinstance(param.name, int) for param in t.params_of(level))


def _is_guess(part: t.Term) -> bool:
    """Whether this is `?f a`: seen from the arguments, and only guessed from the result."""
    applied = isinstance(part, t.App) and isinstance(part.function, t.Meta)
    return applied and not isinstance(part.argument, t.Var | t.Local)  # type: ignore[union-attr]


def _numeral(number: int) -> t.Term:
    """The term that Lean makes of a numeral: ``bit0`` and ``bit1`` of smaller ones."""
    if number <= 1:
        return t.Const("has_one.one" if number else "has_zero.zero")
    return t.App(t.Const("bit1" if number % 2 else "bit0"), _numeral(number // 2))
