"""From syntax to terms: names, implicit arguments, notation, and where tactics fill in.

Nothing here is trusted. What the elaborator makes of a text is what the editor shows as the goal,
and what the kernel checks. Metas are solved by the kernel's own comparison, first order and by
Miller's patterns: it may fail where Lean's succeeds.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.embedded.kernel import Checker, Environment
from engine.embedded.prelude import REDUCIBLE
from engine.embedded.syntax import Binder, Mistake, Node, Unknown, words
from engine.embedded.terms import (
    ONE,
    PROP,
    ZERO,
    App,
    Const,
    Lam,
    Level,
    Local,
    Meta,
    Param,
    Pi,
    Sort,
    Succ,
    Term,
    Var,
    abstract,
    apply,
    arrow,
    beta,
    bind,
    fresh,
    head_name,
    instantiate,
    level_equal,
    map_level,
    map_levels,
    params_of,
    parts,
    replace,
    unapply,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Context = tuple[Local, ...]
_OPERATORS = {
    "↔": "iff", "∨": "or", "∧": "and", "=": "eq", "≠": "ne", "+": "has_add.add", "*": "has_mul.mul",
}  # fmt: skip
_PROJECTIONS = {("and", "1"): "left", ("and", "2"): "right", ("iff", "1"): "mp", ("iff", "2"): "mpr"}
_UNSHOWN = words("has_add.add has_mul.mul has_zero.zero has_one.one bit0 bit1 sorry_ax")
"""Constants that stand for Lean's notation on ℕ; in Lean they are about every type, so that a text
that names them means something else."""
_NEVER_LEANS = re.compile(r"(?!id|vm|ge|or|gt|ne|mt|eq|lift_)\w['₀-₉\w]?|\w*[₀-₉]")
"""Names that nothing in Lean's core library has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a meta: its type, the locals that it may mention, the ``case`` it is."""

    type: Term
    context: Context
    tag: str = ""


@dataclass(slots=True)
class Solutions:
    """What is known of all metas. A value mentions the locals of its meta's context."""

    metas: dict[int, Asked] = field(default_factory=dict)
    values: dict[int, Term] = field(default_factory=dict)
    levels: dict[Param, Level] = field(default_factory=dict)

    def copy(self) -> Solutions:
        """One that can be changed without a change of this one."""
        return Solutions(dict(self.metas), dict(self.values), dict(self.levels))


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a text stands: namespaces, the innermost last; opened ones; universes."""

    namespaces: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    universes: tuple[str, ...] = ()
    itself: str = ""
    """The full name of what is being declared: Lean would read it as a recursive call."""


class Unifier(Checker):
    """A :class:`Checker` that solves metas so that :meth:`equal` becomes true."""

    def __init__(
        self, environment: Environment, tick: Callable[[], None], solutions: Solutions
    ) -> None:
        super().__init__(environment, tick)
        self.solutions = solutions
        self.only_reducible = False

    def new_meta(self, kind: Term, context: Context, tag: str = "") -> Meta:
        """A new meta of this type, in this context."""
        meta = Meta(fresh(), context)
        self.solutions.metas[meta.number] = Asked(kind, context, tag)
        return meta

    def new_type(self, context: Context) -> Meta:
        """A type to be found."""
        return self.new_meta(Sort(Param(fresh())), context)

    def _at(self, meta: Meta, term: Term) -> Term:
        """A term in the context of ``meta``, with the arguments that it has here."""
        context = self.solutions.metas[meta.number].context
        if meta.arguments == context:
            return term
        return instantiate(abstract(term, context), *meta.arguments)

    def fill(self, term: Term) -> Term:
        """``term`` with the solutions that are known."""
        solutions = self.solutions

        def change(part: Term, depth: int) -> Term | None:
            self.tick()
            head = part
            while isinstance(head, App):
                head = head.function
            if isinstance(head, Meta) and head.number in solutions.values:
                value = self.fill(self._at(head, solutions.values[head.number]))
                return beta(value, [self.fill(argument) for argument in unapply(part)[1]])
            if isinstance(part, Sort):
                return Sort(self.fill_level(part.level))
            if isinstance(part, Const) and part.levels:
                return Const(part.name, tuple(map(self.fill_level, part.levels)))
            return None

        return replace(term, change)

    def fill_local(self, local: Local) -> Local:
        """The local with the solutions in its type."""
        return Local(local.number, local.name, self.fill(local.type), local.info)

    def fill_level(self, level: Level) -> Level:
        """``level`` with the solutions that are known."""
        known = self.solutions.levels
        return map_level(level, lambda p: self.fill_level(known[p]) if p in known else p)

    def open_metas(self, term: Term) -> list[Meta]:
        """The metas of the filled ``term``, each once, from left to right, as they were asked."""
        numbers = dict.fromkeys(part.number for part in parts(term) if isinstance(part, Meta))
        return [Meta(number, self.solutions.metas[number].context) for number in numbers]

    def close(
        self, kind: type[Lam] | type[Pi], local_variables: Sequence[Local], body: Term
    ) -> Term:
        """``λ locals, body`` or ``Π locals, body``, filled."""
        return bind(kind, [self.fill_local(local) for local in local_variables], self.fill(body))

    # -- the kernel's methods, with metas --------------------------------------------------------

    def infer(self, term: Term, *, check: bool = False) -> Term:
        """The type of ``term``; arguments are looked at by the kernel, later."""
        if isinstance(term, Meta):
            return self._at(term, self.solutions.metas[term.number].type)
        return super().infer(term, check=False)

    def reduce_core(self, term: Term) -> Term:
        """As the kernel's, through solved metas."""
        while True:
            term = super().reduce_core(term)
            head, arguments = unapply(term)
            if not isinstance(head, Meta) or head.number not in self.solutions.values:
                return term
            term = beta(self._at(head, self.solutions.values[head.number]), arguments)

    def unfold(self, term: Term) -> Term | None:
        """As the kernel's; where :attr:`only_reducible` is set, of reducible definitions."""
        if self.only_reducible and head_name(term) not in REDUCIBLE:
            return None
        return super().unfold(term)

    def attempt(self, compare: Callable[[], bool]) -> bool:
        """Undoes what ``compare`` solved if it fails."""
        values, levels = dict(self.solutions.values), dict(self.solutions.levels)
        if compare():
            return True
        self.solutions.values, self.solutions.levels = values, levels
        return False

    def equal(self, one: Term, other: Term) -> bool:
        """Makes the terms equal, if it can; where it fails, some metas may have been solved."""
        self.tick()
        one, other = self.fill(one), self.fill(other)
        if one == other:
            return True
        if self._solved(one, other):
            return True
        reduced = self.reduce_core(one), self.reduce_core(other)
        if reduced != (one, other) and self._solved(*reduced):
            return True
        return super().equal(one, other)

    def _solved(self, one: Term, other: Term) -> bool:
        for flexible, rigid in ((one, other), (other, one)):
            head, arguments = unapply(flexible)
            if isinstance(head, Meta):
                meta = head
                if self.attempt(
                    lambda m=meta, a=arguments, r=rigid: (  # type: ignore[misc]
                        self._solve(m, a, r) or self._first_order(m, a, r)
                    )
                ):
                    return True
        return False

    def _solve(self, meta: Meta, arguments: list[Term], value: Term) -> bool:
        """Solves ``meta arguments = value`` where the arguments are distinct locals."""
        known = self.solutions.metas[meta.number]
        pattern = [a for a in arguments if isinstance(a, Local)]
        if len(set(pattern)) < len(arguments):
            return False
        seen = Counter(meta.arguments)
        pairs = [(a, x) for a, x in zip(meta.arguments, known.context, strict=True) if seen[a] == 1]
        inside = {a: x for a, x in pairs if isinstance(a, Local) and a not in pattern}
        value = self._prune(value, {*inside, *pattern})
        for part in parts(value):
            if isinstance(part, Meta) and part.number == meta.number:
                return False
            if isinstance(part, Local) and part not in inside and part not in pattern:
                return False
        found = bind(Lam, pattern, value)
        found = instantiate(abstract(found, list(inside)), *inside.values())
        if not self.equal(self.infer(found), known.type):
            return False
        if meta.number in self.solutions.values:
            return self.equal(self.solutions.values[meta.number], found)
        self.solutions.values[meta.number] = found
        return True

    def _prune(self, value: Term, allowed: set[Term]) -> Term:
        """``value``, whose metas no longer depend on other locals than these, where they did."""

        def change(part: Term, _: int) -> Term | None:
            if not isinstance(part, Meta):
                return None
            known = self.solutions.metas[part.number]
            kept = [
                x
                for a, x in zip(part.arguments, known.context, strict=True)
                if all(p in allowed for p in parts(a) if isinstance(p, Local))
            ]
            if len(kept) < len(known.context) and part.number not in self.solutions.values:
                kind = self.fill(known.type)
                if all(p in kept for p in parts(kind) if isinstance(p, Local)):
                    smaller = self.new_meta(kind, tuple(kept), known.tag)
                    self.solutions.values[part.number] = smaller
            return part

        replace(value, change)
        return self.fill(value)

    def _first_order(self, meta: Meta, arguments: list[Term], value: Term) -> bool:
        head, values = unapply(value)
        extra = len(values) - len(arguments)
        if extra < 0 or not arguments or not self.equal(meta, apply(head, *values[:extra])):
            return False
        return all(map(self.equal, arguments, values[extra:]))

    def equal_levels(self, one: Level, other: Level) -> bool:
        """Makes the levels equal, if it can."""
        one, other = self.fill_level(one), self.fill_level(other)
        if level_equal(one, other):
            return True
        for flexible, rigid in ((one, other), (other, one)):
            if isinstance(flexible, Param) and isinstance(flexible.name, int):
                if flexible not in params_of(rigid):
                    self.solutions.levels[flexible] = rigid
                    return True
        if isinstance(one, Succ) and isinstance(other, Succ):
            return self.equal_levels(one.of, other.of)
        return False


class Elaborator(Unifier):
    """Elaborates the parts of one declaration, or the terms of one tactic.

    ``tasks`` are the proofs by tactics that the terms contain, each with the meta that it is to
    solve; ``universes`` the parameters that came up on the way.
    """

    def __init__(
        self,
        environment: Environment,
        tick: Callable[[], None],
        solutions: Solutions,
        scope: Scope,
        universes: Iterable[str] = (),
    ) -> None:
        super().__init__(environment, tick, solutions)
        self.scope = scope
        self.tasks: list[tuple[Meta, Node]] = []
        self.universes = list(universes)

    # -- names -----------------------------------------------------------------------------------

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

    def resolve(self, node: Node, context: Sequence[Local]) -> tuple[Term, list[str]]:
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

    def constant(self, name: str) -> Const:
        """The constant at universe levels to be found."""
        return Const(name, tuple(Param(fresh()) for _ in self.environment.constants[name].params))

    # -- terms -----------------------------------------------------------------------------------

    def check(self, node: Node, expected: Term, context: Context) -> Term:
        """Elaborates ``node`` as a term of the expected type."""
        term = self.term(node, expected, context)
        if not self.equal(self.infer(term), expected):
            raise Mistake("the term does not have the expected type", node.start)
        return self.fill(term)

    def type(self, node: Node, context: Context) -> Term:
        """Elaborates ``node`` as a type."""
        term = self.term(node, None, context)
        kind = self.reduce(self.infer(term))
        if not isinstance(kind, Sort) and not self.equal(kind, Sort(Param(fresh()))):
            raise Mistake("a type expected", node.start)
        return self.fill(term)

    def term(self, node: Node, expected: Term | None, context: Context) -> Term:
        """Elaborates ``node``; ``expected`` is its type where known, and a hint only."""
        self.tick()
        match node.kind:
            case "number":
                return numeral(int(node.text))
            case "hole" | "sorry" | "tactics":
                meta = self.new_meta(expected or self.new_type(context), context)
                if node.kind != "hole":
                    self.tasks.append((meta, node))
                return meta
            case "typed":
                return self.check(node.kids[0], self.type(node.kids[1], context), context)
            case "sort":
                return self._sort(node)
            case "not":
                return App(Const("not"), self.check(node.kids[0], PROP, context))
            case "op" if node.text == "→":
                return arrow(self.type(node.kids[0], context), self.type(node.kids[1], context))
            case "op":
                function = self.constant(_OPERATORS[node.text])
                return self.call(function, node.kids, expected, context, node)
            case "pi" | "exists":
                return self._quantified(node, context)
            case "lam":
                return self._lambda(node, expected, context)
            case "anonymous":
                return self._anonymous(node, expected, context)
        return self._application(node, expected, context)

    def _sort(self, node: Node) -> Term:
        word, _, written = node.text.partition(" ")
        level: Level = ZERO
        if written == "*":
            level = self.new_universe()
        elif written.isdecimal():
            for _ in range(min(int(written), 99)):
                level = Succ(level)
        elif written:
            level = Param(written)
            if written not in (*self.scope.universes, *self.universes):
                raise Mistake(f"unknown universe '{written}'", node.start)
        return Sort(Succ(level) if word == "Type" else level)

    def new_universe(self) -> Param:
        """A universe parameter with a name of Lean's making."""
        name = f"u_{1 + sum(name.startswith('u_') for name in self.universes)}"
        self.universes.append(name)
        return Param(name)

    def local(self, name: str, kind: Term, info: str = "(") -> Local:
        """A new local; Lean gives a ``_`` a name of its own, that cannot be written."""
        return Local(fresh(), "_x" if name == "_" else name, kind, info)

    def binders(self, binders: Iterable[Binder], context: Context, *, guess: bool) -> Context:
        """``context`` with the locals that the binders add to it."""
        for binder in binders:
            for name in binder.names:
                if binder.type is None and not guess:
                    raise Unknown(f"arguments without a type (`{name}`)")
                known = binder.type and self.type(binder.type, context)
                context += (self.local(name, known or self.new_type(context), binder.info),)
        return context

    def _quantified(self, node: Node, context: Context) -> Term:
        inner = self.binders(node.binders, context, guess=True)
        new = inner[len(context) :]
        if node.kind == "pi":
            return self.close(Pi, new, self.type(node.kids[0], inner))
        body = self.check(node.kids[0], PROP, inner)
        for local in reversed(new):
            level = Param(fresh())
            self.equal(self.infer(local.type), Sort(level))
            body = apply(Const("Exists", (level,)), local.type, self.close(Lam, [local], body))
        return body

    def _lambda(self, node: Node, expected: Term | None, context: Context) -> Term:
        inner, wanted = context, expected
        for binder in node.binders:
            for name in binder.names:
                kind = self.reduce(wanted) if wanted is not None else None
                if kind is not None and not isinstance(kind, Pi | Meta):
                    raise Mistake("a function stands where none is expected", node.start)
                domain = kind.type if isinstance(kind, Pi) else self.new_type(inner)
                if binder.type is not None and not self.equal(
                    domain, self.type(binder.type, inner)
                ):
                    raise Mistake(f"the type of `{name}` is not the expected one", node.start)
                local = self.local(name, self.fill(domain), binder.info)
                inner += (local,)
                wanted = instantiate(kind.body, local) if isinstance(kind, Pi) else None
        elaborate = self.term if wanted is None else self.check
        return self.close(Lam, inner[len(context) :], elaborate(node.kids[0], wanted, inner))  # type: ignore[arg-type]

    # -- application -----------------------------------------------------------------------------

    def _application(self, node: Node, expected: Term | None, context: Context) -> Term:
        head, *arguments = node.kids if node.kind == "app" else (node,)
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
        own: tuple[str, Term] | None = None
        for name in fields:
            value = self.call(function, (), None, context, node, own=own)
            function, kind = self._field_of(value, name, node)
            own = (kind, value)
        return self.call(function, arguments, expected, context, node, explicit=explicit, own=own)

    def _field_of(self, value: Term, name: str, node: Node) -> tuple[Const, str]:
        kind: Term | None = self.reduce_core(self.fill(self.infer(value)))
        while kind is not None:
            found = head_name(kind)
            full = f"{found}.{_PROJECTIONS.get((found, name), name)}"
            if found and full in self.environment.constants:
                return self.constant(full), found
            unfolded = self.unfold(kind)
            kind = None if unfolded is None else self.reduce_core(unfolded)
        raise Mistake(f"`{name}` is no field of the term before it", node.start)

    def call(
        self,
        function: Term,
        arguments: Sequence[Node],
        expected: Term | None,
        context: Context,
        node: Node,
        *,
        explicit: bool = False,
        own: tuple[str, Term] | None = None,
    ) -> Term:
        """``function`` applied; implicit arguments are metas, found from the others' types.

        ``own`` goes where the first argument of a type with this head is expected (``h.symm``).
        The expected type is used before the arguments are looked at, as a hint.
        """
        waiting: list[tuple[Node, Meta]] = []
        left = list(arguments)
        kind = self.fill(self.infer(function))
        while True:
            kind = self.reduce_core(kind)
            if not isinstance(kind, Pi) and (left or own is not None):
                kind = self.reduce(kind)
            if not isinstance(kind, Pi):
                break
            argument: Term = self.new_meta(beta(*unapply(kind.type)), context)
            if kind.info == "{" and not explicit:
                pass
            elif own is not None and head_name(self.reduce_core(kind.type)) == own[0]:
                if not self.equal(self.infer(own[1]), kind.type):
                    raise Mistake("the term before the field has a wrong type", node.start)
                argument, own = own[1], None
            elif left:
                waiting.append((left.pop(0), argument))  # type: ignore[arg-type]
            else:
                break
            function, kind = App(function, argument), instantiate(kind.body, argument)
        if left or own is not None:
            raise Mistake("there are too many arguments", node.start)
        result = self.fill(kind)
        # What `?f ?a` stands for is seen from the arguments, and only guessed from the result.
        if expected is not None and not any(
            isinstance(part, App)
            and isinstance(part.function, Meta)
            and not isinstance(part.argument, Var | Local)
            for part in parts(result)
        ):
            self.attempt(lambda: self.equal(result, expected))
        for late in (False, True):
            for item in list(waiting):
                argument_node, meta = item
                domain = self.fill(self.infer(meta))
                if late or not self._waits(argument_node, domain):
                    waiting.remove(item)
                    if not self.equal(meta, self.check(argument_node, domain, context)):
                        why = "an argument is not what the others require"
                        raise Mistake(why, argument_node.start)
        return self.fill(function)

    def _waits(self, node: Node, domain: Term) -> bool:
        """Whether more should be known of the type before ``node`` is elaborated."""
        if node.kind == "anonymous":
            return isinstance(unapply(domain)[0], Meta)
        return node.kind == "lam" and bool(self.open_metas(domain))

    def constructors(self, kind: Term) -> dict[str, int]:
        """The constructors of an inductive type, each with its number of fields."""
        known = self.environment.constants.get(f"{head_name(kind)}.rec")
        rule = known.recursor if known is not None else None
        return {name: fields for name, (fields, _) in rule.rules.items()} if rule else {}

    def _anonymous(self, node: Node, expected: Term | None, context: Context) -> Term:
        kind = self.reduce(self.fill(expected)) if expected is not None else PROP
        found = self.constructors(kind)
        if len(found) != 1 or head_name(kind) == "eq":
            raise Mistake("`⟨…⟩` stands where no type with one constructor is expected", node.start)
        ((name, count),) = found.items()
        items = list(node.kids)
        if len(items) > count > 0:
            items[count - 1 :] = [Node("anonymous", items[1].start, "", tuple(items[count - 1 :]))]
        if len(items) != count:
            raise Mistake(f"`⟨…⟩` needs {count} parts here", node.start)
        return self.call(self.constant(name), items, kind, context, node)

    def settle_levels(self, term: Term) -> Term:
        """``term`` with parameters for the universe levels that nothing determines."""

        def change(param: Param) -> Level:
            known = self.solutions.levels
            if isinstance(param.name, int) and param not in known:
                known[param] = self.new_universe()
            return known.get(param, param)

        return map_levels(self.fill(term), change)


def numeral(number: int) -> Term:
    """The term that Lean makes of a numeral: ``bit0`` and ``bit1`` of smaller ones."""
    if number <= 1:
        return Const("has_one.one" if number else "has_zero.zero")
    return App(Const("bit1" if number % 2 else "bit0"), numeral(number // 2))


def require_no_metas(elaborator: Elaborator, term: Term, node: Node | None) -> None:
    """Refuses a term that has parts which nothing determines."""
    if elaborator.open_metas(term):
        raise Mistake("don't know how to synthesize placeholder", node.start if node else None)
