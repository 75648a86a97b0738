"""Documents: commands one after the other, scopes, declarations.

A declaration whose proof is wrong, missing, or beyond the core counts as one by ``sorry``, and what
rests on it says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from engine.embedded import terms as t
from engine.embedded.elaborate import Context, Scope
from engine.embedded.kernel import Declaration, Environment, KernelError, Kind, names
from engine.embedded.prelude import INDUCTIVES, LEMMAS, RECURSORS, SORRY
from engine.embedded.syntax import Mistake, Node, Parser, Unknown, need
from engine.embedded.tactics import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KINDS: dict[str, Kind] = {"def": "definition", "axiom": "axiom", "constant": "constant"}


@dataclass(slots=True)
class Reader:
    """Reads a text into an environment, up to ``site``, the place of a proof, if it is given.

    What is wrong in the declaration that begins at ``judged`` is an error; ``last`` is the latest
    declaration. ``faults`` are the theorems that count as ``sorry`` although the text does not say
    so, with the reason. ``builtin`` is for the table of inductive types alone.
    """

    environment: Environment
    tick: Callable[[], None]
    site: int | None = None
    judged: int | None = None
    builtin: bool = False
    scopes: list[Scope] = field(default_factory=lambda: [Scope()])
    faults: dict[str, Mistake | KernelError] = field(default_factory=dict)
    last: Declaration | None = None

    def read(self, text: str) -> None:
        """Reads all commands of ``text``."""
        parser = Parser(text)
        while (command := parser.command()) is not None:
            self._place(command)

    def _place(self, command: Node) -> None:
        try:
            self._command(command)
        except Mistake as error:
            error.start = command.start if error.start is None else error.start
            raise
        except KernelError as error:
            raise Mistake(str(error), command.start) from error

    def _command(self, command: Node) -> None:
        word, scope, given = command.kind, self.scopes[-1], command.text
        if word == "namespace":
            inner = scope.full(given)
            self.scopes.append(replace(scope, keyword=word, name=given, namespace=inner))
        elif word == "section":
            self.scopes.append(replace(scope, keyword=word, name=given))
        elif word == "end":
            closes = len(self.scopes) > 1 and scope.name == given
            need(closes, "this `end` closes nothing")
            self.scopes.pop()
        elif word == "open":
            for name in given.split():
                if not any(known.startswith(f"{name}.") for known in self.environment.constants):
                    raise Unknown(f"the namespace `{name}`")
            self.scopes[-1] = replace(scope, opened=(*scope.opened, *given.split()))
        elif word in ("variable", "variables"):
            run = self._run()
            context = run.binders(command.binders, scope.variables)
            if len({local.name for local in context}) < len(context):
                raise Unknown("variables that share a name")
            new, _ = _settled(run, context[len(scope.variables) :], t.PROP)
            self.scopes[-1] = replace(scope, variables=(*scope.variables, *new))
        else:
            self._declare(command)

    def _run(self) -> Run:
        """What elaborates and proves here."""
        run = Run(self.environment, self.tick, self.scopes[-1])
        run.site = self.site
        return run

    def _declare(self, command: Node) -> None:
        variables = self._used(command)
        name = self.scopes[-1].full(command.text) if command.text else ""
        sections = any(scope.keyword == "section" for scope in self.scopes)
        allowed = command.kind not in ("axiom", "constant") or not sections
        need(allowed, f"`{command.kind}` cannot be used in sections")
        need(name not in self.environment.constants, f"`{name}` has been declared already")
        run = self._run()
        context = run.binders(command.binders, variables)
        if command.type is not None:
            kind = run.type(command.type, context)
        else:
            kind = run.infer(run.term(command.kids[0], None, context))
            run.tasks = []
        # The statement is settled before the proof is looked at, which must not change it.
        context, kind = _settled(run, context, kind)
        statement = t.bind(t.Pi, context, kind)
        what = _KINDS.get(command.kind, "theorem")
        if what == "theorem" and not run.is_proposition(kind):
            if name:
                raise Unknown(f"a {command.kind} that is no proposition")
            what = "definition"
        if self.builtin:
            what = "sorry" if name == SORRY else "builtin"
        params = tuple(str(param.name) for param in t.universe_params(statement))
        recursor = RECURSORS.get(name) if self.builtin else None
        new = Declaration(name or "_example", params, statement, None, what, recursor)
        try:
            if command.kids:
                new = replace(new, value=self._value(run, command, kind, context))
            environment = self.environment.add(new, self.tick)
        except (Mistake, KernelError) as error:
            if what != "theorem" or command.start == self.judged:
                raise
            self.faults[name] = error
            value = t.App(t.Const(SORRY, (run.sort_of(statement),)), statement)
            environment = self.environment.add(replace(new, value=value), self.tick)
        self.last = new
        self.environment = environment if name else self.environment

    def _value(self, run: Run, command: Node, kind: t.Term, context: Context) -> t.Term:
        value = run.check(command.kids[0], kind, context)
        run.run_tasks()
        value = run.settle(value, command.kids[0].start)
        data = command.kind == "def" and not isinstance(run.reduce(kind), t.Sort)
        for used in names(value) if data else ():
            if self.environment.constants[used].kind in ("constant", "axiom"):
                # Lean has no code for it, and takes no definition that needs some.
                raise Unknown(f"`{used}` in definitions")
        return t.bind(t.Lam, context, value)

    def _used(self, command: Node) -> Context:
        """The variables that the declaration takes as arguments, in their order.

        Lean's rule: those that the statement, or a proof by a term, names (what tactics name does
        not count), and what their types need.
        """
        named, variables = set(_names_in(command)), self.scopes[-1].variables
        wanted = {local for local in variables if local.name in named}
        for local in reversed(variables):
            if local in wanted:
                wanted |= {part for part in t.parts(local.type) if isinstance(part, t.Local)}
        return tuple(local for local in variables if local in wanted)


def _names_in(node: Node | None) -> Iterator[str]:
    """The words that a term's names begin with, without what stands in tactics."""
    if node is not None and node.kind != "tactics":
        if node.kind in ("name", "explicit"):
            yield node.text.split(".")[0]
        for part in (*node.binders, node.type, *node.kids):
            yield from _names_in(part)


def _settled(run: Run, context: Context, kind: t.Term) -> tuple[Context, t.Term]:
    """New locals for those of ``context``, and ``kind`` with them, once all is known of both."""
    statement = run.close(t.Pi, context, kind)
    if any(isinstance(param.name, int) for param in t.universe_params(statement)):
        raise Unknown("statements in which universes are left open")
    statement = run.settle(statement)
    new: Context = ()
    while len(new) < len(context) and isinstance(statement, t.Pi):
        local, statement = t.open_body(statement)
        new += (local,)
    return new, statement


@cache
def prelude() -> Environment:
    """The environment that every document starts from."""
    scopes = [Scope(polymorphic=True)]
    reader = Reader(Environment(), lambda: None, builtin=True, scopes=scopes)
    reader.read(INDUCTIVES)
    reader.builtin = False
    reader.read(LEMMAS)
    if reader.faults:
        raise RuntimeError(f"the prelude is wrong: {reader.faults}")
    return reader.environment
