"""Documents: commands one after the other, scopes, declarations.

A theorem whose proof is wrong, or beyond the core, counts as one by ``sorry``, and what rests on it
says so. All else that is wrong ends the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from engine.embedded import terms as t
from engine.embedded.elaborate import Context, Scope
from engine.embedded.kernel import Declaration, Environment, KernelError
from engine.embedded.prelude import INDUCTIVES, LEMMAS, RECURSORS, SORRY
from engine.embedded.syntax import Mistake, Node, Parser, Unknown, need
from engine.embedded.tactics import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KINDS = {"def": "definition", "axiom": "axiom", "constant": "constant"}


@dataclass(slots=True)
class Reader:
    """Reads a text into an environment, up to ``site``, the place of a proof, if it is given.

    A wrong proof is an error in the declaration that begins at ``judged``, or in all if that is not
    given. ``last`` is the latest declaration.
    """

    environment: Environment
    tick: Callable[[], None]
    site: int | None = None
    judged: int | None = None
    scopes: list[Scope] = field(default_factory=lambda: [Scope()])
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
        # The statement is settled before the proof is looked at, which must not change it.
        context, kind = _settled(run, context, run.type(command.kids[0], context))
        statement = t.bind(t.Pi, context, kind)
        what = _KINDS.get(command.kind, "theorem")
        if what == "constant" and self.scopes[-1].polymorphic:
            what = "builtin"
        if what == "theorem" and not run.is_proposition(kind):
            raise Unknown(f"a {command.kind} that is no proposition")
        params = tuple(str(param.name) for param in t.universe_params(statement))
        new = Declaration(name or "_example", params, statement, None, what, RECURSORS.get(name))
        try:
            for node in command.kids[1:]:
                value = run.check(node, kind, context)
                run.run_tasks()
                new = replace(new, value=t.bind(t.Lam, context, run.settle(value, node.start)))
            environment = self.environment.add(new, self.tick)
        except (Mistake, KernelError):
            if what != "theorem" or self.judged in (None, command.start):
                raise
            new = replace(new, value=t.App(t.Const(SORRY, (0,)), statement))
            environment = self.environment.add(new, self.tick)
        for used in new.uses() if command.kind == "def" else ():
            if self.environment.constants[used].kind in ("constant", "axiom"):
                # Lean has no code for it, and takes no definition that needs some.
                raise Unknown(f"`{used}` in definitions")
        self.last, self.environment = new, environment if name else self.environment

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


def _names_in(node: Node) -> Iterator[str]:
    """The words that a term's names begin with, without what stands in tactics."""
    if node.kind in ("name", "explicit"):
        yield node.text.split(".")[0]
    for part in (*node.binders, *node.kids) if node.kind != "tactics" else ():
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
    reader = Reader(Environment(), lambda: None, scopes=[Scope(polymorphic=True)])
    reader.read(INDUCTIVES + LEMMAS)
    return reader.environment
