"""From syntax to terms: names, implicit arguments, notation, and where tactics fill in.

Nothing here is trusted. What the elaborator makes of a text is what the editor shows as the goal,
and what the kernel checks. Metas are solved by the kernel's own comparison, first order and by
Miller's patterns: it may fail where Lean's succeeds.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from engine.embedded import terms as t
from engine.embedded.kernel import Checker, Environment, KernelError
from engine.embedded.prelude import NOTATION, RECURSORS, REDUCIBLE
from engine.embedded.syntax import Mistake, Node, Unknown, need
from engine.source.vocabulary import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Context = tuple[t.Local, ...]
_PROJECTIONS = {"and.1": "and.left", "and.2": "and.right", "iff.1": "iff.mp", "iff.2": "iff.mpr"}
_FIELDS = words("1 2 left right mp mpr symm trans elim succ")
_UNSHOWN = words("has_add.add has_mul.mul has_zero.zero has_one.one bit0 bit1 sorry_ax")
"""Constants that stand for Lean's notation on ℕ; in Lean they are about every type, so that a text
that names them means something else."""
_SHORT = re.compile(r"[^\W\d_]['\d₀-₉]?")
"""Names that nothing in Lean's core library has."""


State: TypeAlias = "tuple[dict[int, t.Term], dict[t.Param, t.Level], Sequence[t.Meta]]"


@dataclass(frozen=True, slots=True)
class Scope:
    """A ``namespace`` or ``section``, or the whole text, and what holds in it.

    Only where it is ``polymorphic``, in the core's own prelude, may universes be named.
    """

    keyword: str = ""
    name: str = ""
    namespace: str = ""
    opened: tuple[str, ...] = ()
    variables: Context = ()
    polymorphic: bool = False

    def full(self, name: str) -> str:
        """The name of what is declared here as ``name``."""
        return f"{self.namespace}.{name}".lstrip(".")

    def spaces(self) -> list[str]:
        """The namespaces around, the innermost first."""
        pieces = self.namespace.split(".") if self.namespace else []
        return [".".join(pieces[:count]) for count in range(len(pieces), 0, -1)]


class Elaborator(Checker):
    """A :class:`Checker` that reads syntax, and solves metas so that :meth:`equal` becomes true.

    ``values`` and ``levels`` are the solutions; a value mentions the locals of its meta's context.
    They and ``goals``, the main one first, are the tactic state. ``tasks`` are the proofs by
    tactics that terms contain, each with the meta that it is to solve.
    """

    def __init__(self, environment: Environment, tick: Callable[[], None], scope: Scope) -> None:
        super().__init__(environment, tick)
        self.scope = scope
        self.values: dict[int, t.Term] = {}
        self.levels: dict[t.Param, t.Level] = {}
        self.goals: Sequence[t.Meta] = ()
        self.tasks: list[tuple[t.Meta, Node]] = []
        self.only_reducible = False

    def state(self) -> State:
        """The tactic state, which does not change any more."""
        return dict(self.values), dict(self.levels), self.goals

    def restore(self, state: State) -> None:
        """Goes back to a tactic state."""
        self.values, self.levels, self.goals = dict(state[0]), dict(state[1]), state[2]

    def new_meta(self, kind: t.Term, context: Context, tag: str = "") -> t.Meta:
        """A new meta of this type, in this context."""
        return t.Meta(t.fresh(), context, t.Asked(kind, context, tag))

    def _new_type(self, context: Context) -> t.Meta:
        return self.new_meta(t.Sort(t.Param(t.fresh())), context)

    def _at(self, meta: t.Meta, term: t.Term) -> t.Term:
        """A term in the context of ``meta``, with the arguments that the meta has here."""
        if meta.arguments == meta.asked.context:
            return term
        return t.instantiate(t.abstract(term, meta.asked.context), *meta.arguments)

    def fill(self, term: t.Term) -> t.Term:
        """``term`` with the solutions that are known."""

        def change(part: t.Term, _: int) -> t.Term | None:
            self.tick()
            head = part
            while isinstance(head, t.App):
                head = head.function
            if isinstance(head, t.Meta) and head.number in self.values:
                value = self.fill(self._at(head, self.values[head.number]))
                return t.beta(value, [self.fill(argument) for argument in t.unapply(part)[1]])
            if isinstance(part, t.Meta) and part.arguments is part.asked.context:
                return part
            levels = t.levels_of(part)
            filled = tuple(map(self.fill_level, levels))
            return None if filled == levels else t.with_levels(part, filled)

        return t.replace(term, change)

    def fill_local(self, local: t.Local) -> t.Local:
        """The local with the solutions in its type."""
        kind = self.fill(local.type)
        return local if kind is local.type else replace(local, type=kind)

    def fill_level(self, level: t.Level) -> t.Level:
        """``level`` with the solutions that are known."""
        while isinstance(level, t.Param) and level in self.levels:
            level = self.levels[level]
        return level

    def open_metas(self, term: t.Term) -> list[t.Meta]:
        """The metas of the filled ``term``, each once, from left to right, as they were asked."""
        found = {p.number: p.asked for p in t.parts(term) if isinstance(p, t.Meta)}
        return [t.Meta(number, asked.context, asked) for number, asked in found.items()]

    def close(self, kind: type[t.Lam | t.Pi], context: Sequence[t.Local], body: t.Term) -> t.Term:
        """``λ context, body`` or ``Π context, body``, filled."""
        return t.bind(kind, [self.fill_local(local) for local in context], self.fill(body))

    def settle(self, term: t.Term, start: int | None = None) -> t.Term:
        """The filled ``term``, in which nothing but universe levels may be open: they are zero."""
        term = self.fill(term)
        need(not self.open_metas(term), "don't know how to synthesize placeholder", start)
        open_levels = [p for p in t.universe_params(term) if isinstance(p.name, int)]
        self.levels |= dict.fromkeys(open_levels, 0)
        return self.fill(term)

    def infer(self, term: t.Term, *, check: bool = True) -> t.Term:
        """The type of ``term``; arguments are looked at by the kernel, later."""
        if isinstance(term, t.Meta):
            return self._at(term, term.asked.type)
        return super().infer(term, check=False)

    def reduce_core(self, term: t.Term) -> t.Term:
        """As the kernel's, through solved metas."""
        while True:
            term = super().reduce_core(term)
            head, arguments = t.unapply(term)
            if isinstance(term, t.Sort):
                return t.Sort(self.fill_level(term.level))
            if not isinstance(head, t.Meta) or head.number not in self.values:
                return term
            term = t.beta(self._at(head, self.values[head.number]), arguments)

    def unfold(self, term: t.Term) -> t.Term | None:
        """As the kernel's; where ``only_reducible`` is set, of reducible definitions."""
        if self.only_reducible and t.head_name(term) not in REDUCIBLE:
            return None
        return super().unfold(term)

    def attempt(self, action: Callable[[], object]) -> bool:
        """Whether ``action`` succeeds; where it returns False or fails, all is as before.

        What the core does not know is no failure: Lean might succeed, and all that follows would
        be different.
        """
        before = self.state()
        try:
            if action() is not False:
                return True
        except (Mistake, KernelError) as error:
            if isinstance(error, Unknown):
                raise
        self.restore(before)
        return False

    def equal(self, one: t.Term, other: t.Term) -> bool:
        """Makes the terms equal, if it can; where it fails, some metas may have been solved."""
        self.tick()
        one, other = self.fill(one), self.fill(other)
        if not (self.only_reducible or _is_open(one) or _is_open(other)):
            return Checker(self.environment, self.tick).equal(one, other)
        if one == other or self._solved(one, other):
            return True
        reduced = self.reduce_core(one), self.reduce_core(other)
        changed = reduced != (one, other)
        return (changed and self._solved(*reduced)) or super().equal(one, other)

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
        pattern = [a for a in arguments if isinstance(a, t.Local)]
        if len(set(pattern)) < len(arguments):
            return False
        seen = Counter((*meta.arguments, *pattern))
        pairs = zip(meta.arguments, meta.asked.context, strict=True)
        inside = {a: x for a, x in pairs if isinstance(a, t.Local) and seen[a] == 1}
        for part in t.parts(value):
            itself = isinstance(part, t.Meta) and part.number == meta.number
            if itself or (isinstance(part, t.Local) and part not in {*inside, *pattern}):
                return False
        found = t.abstract(t.bind(t.Lam, pattern, value), list(inside))
        found = t.instantiate(found, *inside.values())
        if not self.equal(self.infer(found), meta.asked.type):
            return False
        if meta.number in self.values:
            return self.equal(self.values[meta.number], found)
        self.values[meta.number] = found
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
        for flexible, rigid in ((one, other), (other, one)):
            if one != other and isinstance(flexible, t.Param) and isinstance(flexible.name, int):
                self.levels[flexible] = rigid
                return True
        return one == other

    def _global(self, name: str) -> str | None:
        """The constant that ``name`` means here, the innermost namespace first."""
        known = self.environment.constants
        for space in self.scope.spaces():
            if f"{space}.{name}" in known:
                return f"{space}.{name}"
        found = {name, *(f"{space}.{name}" for space in self.scope.opened)} & set(known)
        if len(found) > 1:
            raise Unknown(f"ambiguous names (`{name}` may be {' or '.join(sorted(found))})")
        return found.pop() if found else None

    def short_name(self, name: str) -> str:
        """How Lean prints a constant: without the namespaces that are open here."""
        for space in (*self.scope.spaces(), *self.scope.opened):
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
        # It may be a mistake, or one of the many names of Lean's library that the core lacks.
        need(not _SHORT.fullmatch(pieces[0]), f"unknown identifier '{node.text}'", node.start)
        raise Unknown(f"`{node.text}`", node.start)

    def constant(self, name: str) -> t.Const:
        """The constant at universe levels to be found."""
        params = self.environment.constants[name].params
        return t.Const(name, tuple(t.Param(t.fresh()) for _ in params))

    def constructors(self, kind: t.Term) -> Mapping[str, tuple[int, tuple[int, ...]]] | None:
        """The constructors of an inductive type, each with its number of fields first."""
        recursor = RECURSORS.get(f"{t.head_name(kind)}.rec")
        return None if recursor is None else recursor.rules

    def check(self, node: Node, expected: t.Term, context: Context) -> t.Term:
        """Elaborates ``node`` as a term of the expected type."""
        term = self.term(node, expected, context)
        well = self.equal(self.infer(term), expected)
        need(well, "the term does not have the expected type", node.start)
        return self.fill(term)

    def type(self, node: Node, context: Context) -> t.Term:
        """Elaborates ``node`` as a type."""
        return self.check(node, t.Sort(t.Param(t.fresh())), context)

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
                domain, codomain = (self.type(kid, context) for kid in node.kids)
                return t.Pi("ᾰ", domain, codomain)
            case "op":
                sign = self.constant(NOTATION[node.text][0])
                return self.call(sign, node.kids, expected, context)
            case "∀" | "∃":
                return self._quantified(node, context)
            case "λ":
                return self._lambda(node, expected, context)
            case "anonymous":
                return self._anonymous(node, expected, context)
        head, *arguments = node.kids if node.kind == "app" else (node,)
        explicit = head.kind == "explicit"
        return self.call(self._head(head, context), arguments, expected, context, explicit=explicit)

    def _sort(self, node: Node) -> t.Sort:
        word, written = node.text.split(" ")
        if word == "Sort" and self.scope.polymorphic:
            return t.Sort(t.Param(written))
        if word == "Sort" or len(written) > 2 or not (written or "0").isdecimal():
            raise Unknown("universes other than `Prop`, `Type` and `Type 1`", node.start)
        return t.Sort(int(written or 0) + (word == "Type"))

    def binders(self, binders: Iterable[Node], context: Context) -> Context:
        """``context`` with the locals that the binders add to it."""
        for binder in binders:
            for name in binder.text.split():
                given = binder.kids
                kind = self.type(given[0], context) if given else self._new_type(context)
                # Lean gives a `_` a name of its own, that cannot be written.
                shown = "_x" if name == "_" else name
                context += (t.Local(t.fresh(), shown, kind, binder.kind),)
        return context

    def _quantified(self, node: Node, context: Context) -> t.Term:
        inner = self.binders(node.binders, context)
        new = inner[len(context) :]
        if node.kind == "∀":
            return self.close(t.Pi, new, self.type(node.kids[0], inner))
        body = self.check(node.kids[0], t.PROP, inner)
        for local in reversed(new):
            exists = self.constant("Exists")
            self.equal(self.infer(local.type), t.Sort(exists.levels[0]))
            body = t.apply(exists, local.type, self.close(t.Lam, [local], body))
        return body

    def _lambda(self, node: Node, wanted: t.Term | None, context: Context) -> t.Term:
        inner = self.binders(node.binders, context)
        for local in inner[len(context) :]:
            kind = self.reduce(wanted) if wanted is not None else None
            well = kind is None or isinstance(kind, t.Meta)
            if isinstance(kind, t.Pi):
                well = self.equal(local.type, kind.type)
            need(well, "a function of another type is expected", node.start)
            wanted = t.instantiate(kind.body, local) if isinstance(kind, t.Pi) else None
        body = node.kids[0]
        value = self.check(body, wanted, inner) if wanted else self.term(body, None, inner)
        return self.close(t.Lam, inner[len(context) :], value)

    def _head(self, node: Node, context: Context) -> t.Term:
        if node.kind == "field":
            function, fields = self._head(node.kids[0], context), node.text.split(".")
        elif node.kind in ("name", "explicit"):
            function, fields = self.resolve(node, context)
        else:
            return self.term(node, None, context)
        for name in fields:
            value = self.call(function, [], None, context)
            owner = t.head_name(self.reduce_core(self.fill(self.infer(value))))
            full = _PROJECTIONS.get(f"{owner}.{name}", f"{owner}.{name}")
            if name not in _FIELDS or full not in self.environment.constants:
                raise Unknown(f"the field `{name}`", node.start)
            function = self.call(self.constant(full), [value], None, context)
        return function

    def call(
        self,
        function: t.Term,
        arguments: Sequence[Node | t.Term],
        expected: t.Term | None,
        context: Context,
        *,
        explicit: bool = False,
    ) -> t.Term:
        """``function`` applied to explicit arguments.

        Implicit arguments are metas, found from the others' types. The expected type is used before
        the arguments are looked at, as a hint.
        """
        waiting: list[tuple[Node, t.Meta]] = []
        left, kind = list(arguments), self.fill(self.infer(function))
        while isinstance(kind := self.reduce(kind) if left else self.reduce_core(kind), t.Pi):
            meta = self.new_meta(t.beta(*t.unapply(kind.type)), context)
            if kind.info == "(" or explicit:
                if not left:
                    break
                if isinstance(argument := left.pop(0), Node):
                    waiting.append((argument, meta))
                else:
                    need(self.equal(meta, argument), "an argument has a wrong type")
            function, kind = t.App(function, meta), t.instantiate(kind.body, meta)
        need(not left, "there are too many arguments")
        result = self.fill(kind)
        if expected is not None and not any(map(_is_guess, t.parts(result))):
            self.attempt(lambda: self.equal(result, expected))
        for node, meta in waiting:
            value = self.check(node, self.fill(self.infer(meta)), context)
            need(self.equal(meta, value), "an argument is not what the others require", node.start)
        return self.fill(function)

    def _anonymous(self, node: Node, expected: t.Term | None, context: Context) -> t.Term:
        kind = self.reduce(self.fill(expected or t.PROP))
        found = self.constructors(kind) or {}
        if isinstance(t.unapply(kind)[0], t.Meta):
            raise Unknown("`⟨…⟩` of a type that is yet to be found", node.start)
        one = len(found) == 1 and t.head_name(kind) != "eq"
        need(one, "`⟨…⟩` stands where no type with one constructor is expected", node.start)
        ((name, (count, _)),) = found.items()
        kids = node.kids
        if len(kids) > count > 0:
            last = Node("anonymous", kids[1].start, "", kids[count - 1 :])
            kids = (*kids[: count - 1], last)
        need(len(kids) == count, f"`⟨…⟩` needs {count} parts here", node.start)
        return self.call(self.constant(name), kids, kind, context)


def new_name(wanted: str, taken: set[str]) -> str:
    """The name, with a number behind it if it is taken."""
    names = itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(1)))
    return next(name for name in names if name not in taken)


def _is_open(term: t.Term) -> bool:
    open_part = any(isinstance(part, t.Meta | t.Local) for part in t.parts(term))
    return open_part or bool(t.universe_params(term))


def _is_guess(part: t.Term) -> bool:
    """Whether this is `?f a`: seen from the arguments, and only guessed from the result."""
    applied = isinstance(part, t.App) and isinstance(part.function, t.Meta)
    return applied and not isinstance(part.argument, t.Var | t.Local)  # type: ignore[union-attr]


def _numeral(number: int) -> t.Term:
    """The term that Lean makes of a numeral: ``bit0`` and ``bit1`` of smaller ones."""
    if number <= 1:
        return t.Const("has_one.one" if number else "has_zero.zero")
    return t.App(t.Const("bit1" if number % 2 else "bit0"), _numeral(number // 2))
