"""From syntax to terms: names, implicit arguments, notation, and where tactics fill in.

Nothing here is trusted. What the elaborator makes of a text is what the editor shows as the goal,
and what the kernel checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.embedded.syntax import Binder, Mistake, Node, Unknown, words
from engine.embedded.terms import (
    ONE,
    PROP,
    ZERO,
    App,
    Const,
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
    apply,
    arrow,
    fresh,
    head_name,
    instantiate,
    map_levels,
    parts,
    unapply,
)
from engine.embedded.unify import Solutions, Unifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.embedded.kernel import Environment

_OPERATORS = {
    "↔": "iff", "∨": "or", "∧": "and", "=": "eq", "≠": "ne", "+": "has_add.add", "*": "has_mul.mul",
}  # fmt: skip
CONSTRUCTORS = {
    "and": "and.intro",
    "iff": "iff.intro",
    "Exists": "Exists.intro",
    "true": "true.intro",
}
"""The types that an anonymous constructor makes, and ``split`` and ``existsi`` meet."""
_PROJECTIONS = {
    ("and", "1"): "left",
    ("and", "2"): "right",
    ("iff", "1"): "mp",
    ("iff", "2"): "mpr",
}
_UNSHOWN = words("has_add.add has_mul.mul has_zero.zero has_one.one bit0 bit1 sorry_ax")
"""Constants that stand for Lean's notation on ℕ; in Lean they are about every type, so that a text
that names them means something else."""
_NEVER_LEANS = re.compile(r"(?!id|vm|ge|or|gt|ne|mt|eq|lift_)\w['₀-₉\w]?|\w*[₀-₉]")
"""Names that nothing in Lean's core library has."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a text stands: namespaces, the innermost last; opened ones; universes."""

    namespaces: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    universes: tuple[str, ...] = ()
    itself: str = ""
    """The full name of what is being declared: Lean would read it as a recursive call."""


@dataclass(slots=True)
class Task:
    """A proof by tactics that waits for the rest of the term to be known."""

    goal: Meta
    node: Node


class Elaborator(Unifier):
    """Elaborates the parts of one declaration, or the terms of one tactic.

    ``tasks`` are the proofs by tactics that the terms contain; ``universes`` the parameters that
    came up on the way.
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
        self.tasks: list[Task] = []
        self.universes = list(universes)

    # -- names -----------------------------------------------------------------------------------

    def _global(self, name: str) -> str | None:
        """The constant that ``name`` means here, the innermost namespace first."""
        spaces = ["", *self.scope.namespaces]
        for place in range(len(spaces) - 1, 0, -1):
            full = f"{spaces[place]}.{name}"
            if full in self.environment.constants:
                return full
        found = [name, *(f"{space}.{name}" for space in self.scope.opened)]
        found = [full for full in dict.fromkeys(found) if full in self.environment.constants]
        if len(found) > 1:
            raise Unknown(f"ambiguous names (`{name}` may be {' or '.join(found)})")
        return found[0] if found else None

    def short_name(self, name: str) -> str:
        """How Lean prints a constant: without the namespaces that are open here."""
        for space in (*reversed(self.scope.namespaces), *self.scope.opened):
            short = name.removeprefix(f"{space}.")
            if short != name and self._global(short) == name:
                return short
        return "ℕ" if name == "nat" else name

    def resolve(
        self, node: Node, context: Sequence[Local], *, whole: bool = False
    ) -> tuple[Term, list[str]]:
        """What a dotted name means, and the fields of it that the rest of the name asks for."""
        pieces = node.text.split(".")
        for count in range(len(pieces), 0, -1):
            name = ".".join(pieces[:count])
            if count == 1:
                for local in reversed(context):
                    if local.name == name:
                        return local, pieces[1:]
            full = self._global(name)
            if full is not None and full not in _UNSHOWN:
                return self.constant(full), pieces[count:]
            if whole:
                break
        full = ".".join((*self.scope.namespaces[-1:], node.text))
        if self.scope.itself and self.scope.itself in (node.text, full):
            raise Mistake(f"`{node.text}` cannot be used in its own proof", node.start)
        if _NEVER_LEANS.fullmatch(node.text) and not self.scope.opened:
            raise Mistake(f"unknown identifier '{node.text}'", node.start)
        # It may be a mistake, or one of the many names of Lean's library that the core lacks.
        raise Unknown(f"`{node.text}`", node.start)

    def constant(self, name: str) -> Const:
        """The constant at universe levels to be found."""
        params = self.environment.constants[name].params
        return Const(name, tuple(LevelMeta(fresh()) for _ in params))

    # -- terms -----------------------------------------------------------------------------------

    def check(self, node: Node, expected: Term, context: tuple[Local, ...]) -> Term:
        """Elaborates ``node`` as a term of the expected type."""
        term = self.term(node, expected, context)
        found = self.infer(term)
        if not self.equal(found, expected):
            raise Mistake("the term does not have the expected type", node.start)
        return self.fill(term)

    def type(self, node: Node, context: tuple[Local, ...]) -> Term:
        """Elaborates ``node`` as a type."""
        term = self.term(node, None, context)
        kind = self.reduce(self.infer(term))
        if isinstance(kind, Meta):
            self.equal(kind, Sort(LevelMeta(fresh())))
            kind = self.reduce(kind)
        if not isinstance(kind, Sort):
            raise Mistake("a type expected", node.start)
        return self.fill(term)

    def term(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        """Elaborates ``node``; ``expected`` is its type where known, and a hint only."""
        self.tick()
        method = getattr(self, f"_{node.kind}")
        term: Term = method(node, expected, context)
        return term

    def _id(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        return self._app(node, expected, context)

    _field = _id

    def _explicit(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        return self.resolve(node, context, whole=True)[0]

    def _num(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        return numeral(int(node.text))

    def _hole(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        return self.new_meta(expected or self.new_type(context), context)

    def _sorry(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        meta = self.new_meta(expected or self.new_type(context), context)
        self.tasks.append(Task(meta, node))
        return meta

    _tactics = _sorry

    def _typed(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        value, kind = node.kids
        return self.check(value, self.type(kind, context), context)

    def _have(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        kind, value, rest = node.kids
        local = Local(fresh(), node.text, self.type(kind, context))
        proof = self.check(value, local.type, context)
        body = self.term(rest, expected, (*context, local))
        return apply(self.close([local], body), proof)

    def _sort(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        if node.text == "Prop":
            return PROP
        if not node.kids:
            return Sort(ONE if node.text == "Type" else ZERO)
        level = self._level_of(node.kids[0])
        return Sort(Succ(level) if node.text == "Type" else level)

    def _level_of(self, node: Node) -> Level:
        if node.kind == "any":
            name = f"u_{1 + sum(name.startswith('u_') for name in self.universes)}"
            self.universes.append(name)
            return Param(name)
        if node.kind == "num":
            level: Level = ZERO
            for _ in range(int(node.text)):
                level = Succ(level)
            return level
        if node.kind == "id":
            if node.text not in (*self.scope.universes, *self.universes):
                raise Mistake(f"unknown universe '{node.text}'", node.start)
            return Param(node.text)
        kids = [self._level_of(kid) for kid in node.kids]
        if node.kind == "succ":
            return Succ(kids[0])
        return Max(kids[0], kids[1], impredicative=node.kind == "imax")

    def _not(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        return apply(Const("not"), self.check(node.kids[0], PROP, context))

    def _op(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        if node.text == "→":
            left, right = (self.type(kid, context) for kid in node.kids)
            return arrow(left, right)
        function = self.constant(_OPERATORS[node.text])
        return self.call(function, node.kids, expected, context, node)

    # -- binders ---------------------------------------------------------------------------------

    def binders(
        self, binders: Iterable[Binder], context: tuple[Local, ...], *, guess: bool = False
    ) -> tuple[Local, ...]:
        """``context`` with the locals that the binders add to it."""
        for binder in binders:
            for name in binder.names:
                if binder.type is not None:
                    kind = self.type(binder.type, context)
                elif guess:
                    kind = self.new_type(context)
                else:
                    raise Unknown(f"arguments without a type (`{name}`)")
                # Lean gives a `_` a name of its own, that cannot be written.
                shown = "_x" if name == "_" else name
                context = (*context, Local(fresh(), shown, kind, binder.info))
        return context

    def _pi(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        inner = self.binders(node.binders, context, guess=True)
        return self.close(inner[len(context) :], self.type(node.kids[0], inner), pi=True)

    def _ex(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        inner = self.binders(node.binders, context, guess=True)
        body = self.check(node.kids[0], PROP, inner)
        for local in reversed(inner[len(context) :]):
            level = LevelMeta(fresh())
            self.equal(self.infer(local.type), Sort(level))
            body = apply(Const("Exists", (level,)), local.type, self.close([local], body))
        return body

    def _lam(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        inner = context
        wanted = expected
        for binder in node.binders:
            for name in binder.names:
                kind = self.reduce(wanted) if wanted is not None else None
                wanted = None
                if binder.type is not None:
                    domain = self.type(binder.type, inner)
                    if isinstance(kind, Pi) and not self.equal(domain, kind.type):
                        raise Mistake(f"the type of `{name}` is not the expected one", node.start)
                else:
                    domain = kind.type if isinstance(kind, Pi) else self.new_type(inner)
                local = Local(fresh(), "_x" if name == "_" else name, domain, binder.info)
                inner = (*inner, local)
                if isinstance(kind, Pi):
                    wanted = instantiate(kind.body, local)
                elif kind is not None and not isinstance(kind, Meta):
                    raise Mistake("a function stands where none is expected", node.start)
        body_node = node.kids[0]
        if wanted is not None:
            body = self.check(body_node, wanted, inner)
        else:
            body = self.term(body_node, None, inner)
        return self.close(inner[len(context) :], body)

    # -- application -----------------------------------------------------------------------------

    def _app(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        head, *arguments = node.kids if node.kind == "app" else (node,)
        explicit = head.kind == "explicit"
        fields: list[str] = []
        while head.kind == "field":
            fields.insert(0, head.text)
            head = head.kids[0]
        if head.kind in ("id", "explicit"):
            function, more = self.resolve(head, context, whole=explicit)
            fields = more + fields
        else:
            function = self.term(head, None, context)
        while fields:
            name = fields.pop(0)
            value = (
                function
                if isinstance(function, Local)
                else self.call(function, (), None, context, node)
            )
            function, kind = self._field_of(value, name, node)
            rest = arguments if not fields else []
            wanted = expected if not fields else None
            function = self.call(function, rest, wanted, context, node, own=(kind, value))
            if not fields:
                return function
        return self.call(function, arguments, expected, context, node, explicit=explicit)

    def _field_of(self, value: Term, name: str, node: Node) -> tuple[Const, str]:
        kind: Term | None = self.reduce_core(self.fill(self.infer(value)))
        while kind is not None:
            found = head_name(kind)
            full = f"{found}.{_PROJECTIONS.get((found, name), name)}"
            if (found and full in self.environment.constants and not name.isdigit()) or (
                found,
                name,
            ) in _PROJECTIONS:
                return self.constant(full), found
            unfolded = self.unfold(kind)
            kind = None if unfolded is None else self.reduce_core(unfolded)
        raise Mistake(f"`{name}` is no field of the term before it", node.start)

    def call(
        self,
        function: Term,
        arguments: Sequence[Node],
        expected: Term | None,
        context: tuple[Local, ...],
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
            domain = self.head_beta(kind.type)
            argument: Term
            if kind.info == "{" and not explicit:
                argument = self.new_meta(domain, context)
            elif own is not None and head_name(self.reduce_core(domain)) == own[0]:
                argument, own = own[1], None
                if not self.equal(self.infer(argument), domain):
                    raise Mistake("the term before the field has a wrong type", node.start)
            elif left:
                argument = self.new_meta(domain, context)
                waiting.append((left.pop(0), argument))
            else:
                break
            function = apply(function, argument)
            kind = instantiate(kind.body, argument)
        if left or own is not None:
            raise Mistake("there are too many arguments", node.start)
        if expected is not None:
            result, wanted = self.fill(kind), self.fill(expected)
            # What `?f ?a` stands for is seen from the arguments, and only guessed from the result.
            if not any(
                isinstance(part, App)
                and isinstance(part.function, Meta)
                and not isinstance(part.argument, Var | Local)
                for part in parts(result)
            ):
                self.attempt(lambda: self.equal(result, wanted))
        for late in (False, True):
            for item in list(waiting):
                argument_node, meta = item
                domain = self.fill(self.solutions.metas[meta.number].type)
                if not late and self._waits(argument_node, domain):
                    continue
                waiting.remove(item)
                value = self.check(argument_node, domain, context)
                if not self.equal(meta, value):
                    raise Mistake("an argument is not what the others require", argument_node.start)
        return self.fill(function)

    def _waits(self, node: Node, domain: Term) -> bool:
        """Whether more should be known of the type before ``node`` is elaborated."""
        head, _ = unapply(domain)
        if node.kind == "anonymous":
            return isinstance(head, Meta)
        return node.kind == "lam" and bool(self.open_metas(domain))

    def _anonymous(self, node: Node, expected: Term | None, context: tuple[Local, ...]) -> Term:
        kind = self.reduce(self.fill(expected)) if expected is not None else None
        name = head_name(kind) if kind is not None else ""
        if name not in CONSTRUCTORS:
            raise Mistake("`⟨…⟩` stands where no type with one constructor is expected", node.start)
        items = list(node.kids)
        count = 0 if name == "true" else 2
        if len(items) > count > 0:
            items = [items[0], Node("anonymous", items[1].start, "", tuple(items[1:]))]
        if len(items) != count:
            raise Mistake(f"`⟨…⟩` needs {count} parts here", node.start)
        return self.call(self.constant(CONSTRUCTORS[name]), items, kind, context, node)

    # -- finishing -------------------------------------------------------------------------------

    def settle_levels(self, term: Term) -> Term:
        """``term`` with parameters for the universe levels that nothing determines."""

        def change(level: Level) -> Level | None:
            if not isinstance(level, LevelMeta):
                return None
            if level.number not in self.solutions.levels:
                name = f"u_{1 + sum(name.startswith('u_') for name in self.universes)}"
                self.universes.append(name)
                self.solutions.levels[level.number] = Param(name)
            return self.fill_level(level)

        return map_levels(self.fill(term), change)


def numeral(number: int) -> Term:
    """The term that Lean makes of a numeral: ``bit0`` and ``bit1`` of smaller ones."""
    if number <= 1:
        return Const("has_one.one" if number else "has_zero.zero")
    return apply(Const("bit1" if number % 2 else "bit0"), numeral(number // 2))


def require_no_metas(elaborator: Elaborator, term: Term, node: Node | None) -> None:
    """Refuses a term that has parts which nothing determines."""
    if elaborator.open_metas(term):
        raise Mistake("don't know how to synthesize placeholder", node.start if node else None)
