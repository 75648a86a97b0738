"""Documents: commands one after the other, scopes, declarations.

A declaration whose proof is wrong, missing, or beyond the core counts as one by ``sorry``, and what
rests on it says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from engine.embedded.elaborate import Elaborator, Scope, require_no_metas
from engine.embedded.inductives import RECURSORS, SORRY
from engine.embedded.inductives import TEXT as INDUCTIVES
from engine.embedded.kernel import Declaration, Environment, KernelError, Kind, names
from engine.embedded.prelude import REDUCIBLE, TEXT
from engine.embedded.syntax import Command, Mistake, Node, Parser, Unknown
from engine.embedded.tactics import Mark, Run
from engine.embedded.terms import (
    ZERO,
    App,
    Const,
    Lam,
    Level,
    LevelMeta,
    Local,
    Param,
    Pi,
    Sort,
    Term,
    bind,
    level_parts,
    map_levels,
    parts,
    substitute,
)
from engine.embedded.unify import Solutions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_KINDS: dict[str, Kind] = {
    "def": "definition", "theorem": "theorem", "lemma": "theorem", "axiom": "axiom",
    "constant": "constant",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Frame:
    """A ``namespace`` or ``section``, and what it has declared for its own use."""

    keyword: str = ""
    name: str = ""
    variables: tuple[Local, ...] = ()
    opened: tuple[str, ...] = ()
    universes: tuple[str, ...] = ()


@dataclass(slots=True)
class Reader:
    """Reads a text into an environment.

    ``proofs`` are the terms that were found at a mark that does not stop; ``faults`` the theorems
    that count as ``sorry`` although the text does not say so, with the reason. ``builtin`` is for
    the table of inductive types alone.
    """

    environment: Environment
    tick: Callable[[], None]
    mark: Mark | None = None
    builtin: bool = False
    frames: list[_Frame] = field(default_factory=lambda: [_Frame()])
    faults: dict[str, Mistake | KernelError] = field(default_factory=dict)
    proofs: list[Term] = field(default_factory=list)

    def read(self, text: str) -> None:
        """Reads all commands of ``text``."""
        parser = Parser(text)
        while (command := parser.command()) is not None:
            self._checked(command)

    def _checked(self, command: Command) -> None:
        try:
            self._command(command)
        except Mistake as error:
            error.start = command.start if error.start is None else error.start
            raise
        except KernelError as error:
            raise Mistake(str(error), command.start) from error

    def _command(self, command: Command) -> None:
        word, given = command.keyword, command.names
        frame = self.frames[-1]
        if word in ("namespace", "section"):
            self.frames.append(_Frame(word, given[0] if given else ""))
        elif word == "end":
            if len(self.frames) == 1 or frame.name != (given[0] if given else ""):
                raise Mistake("this `end` closes nothing", command.start)
            self.frames.pop()
        elif word == "open":
            for name in given:
                if not any(known.startswith(f"{name}.") for known in self.environment.constants):
                    raise Unknown(f"the namespace `{name}`", command.start)
            self.frames[-1] = replace(frame, opened=(*frame.opened, *given))
        elif word in ("universe", "universes"):
            taken = {name for frame in self.frames for name in frame.universes}
            if taken & set(given) or len(set(given)) < len(given):
                raise Mistake("a universe of this name has been declared", command.start)
            self.frames[-1] = replace(frame, universes=(*frame.universes, *given))
        elif word in ("variable", "variables"):
            before = self._variables()
            new = [name for binder in command.binders for name in binder.names]
            if len({*new, *(local.name for local in before)}) < len(new) + len(before):
                raise Unknown("variables that share a name", command.start)
            elaborator = self._elaborator(before)
            context = elaborator.binders(command.binders, before)
            added = []
            for local in context[len(before) :]:
                kind = elaborator.settle_levels(local.type)
                require_no_metas(elaborator, kind, None)
                added.append(replace(local, type=kind))
            self.frames[-1] = replace(frame, variables=(*frame.variables, *_relink(added)))
        elif word in ("constants", "axioms"):
            for binder in command.binders:
                for name in binder.names:
                    one = Command(word[:-1], command.start, (name,), (), (), binder.type)
                    self._declare(one)
        else:
            self._declare(command)

    # -- scopes ----------------------------------------------------------------------------------

    def _variables(self) -> tuple[Local, ...]:
        return tuple(local for frame in self.frames for local in frame.variables)

    def _namespaces(self) -> tuple[str, ...]:
        spaces: list[str] = []
        for frame in self.frames:
            if frame.keyword == "namespace":
                for word in frame.name.split("."):
                    spaces.append(".".join([*spaces[-1:], word]))
        return tuple(spaces)

    def _elaborator(
        self, context: Sequence[Local], universes: Sequence[str] = (), itself: str = ""
    ) -> Elaborator:
        scope = Scope(
            self._namespaces(),
            tuple(name for frame in self.frames for name in frame.opened),
            tuple(name for frame in self.frames for name in frame.universes),
            itself,
        )
        found = dict.fromkeys(name for local in context for name in _params(local.type))
        known = [*found, *universes]
        return Elaborator(self.environment, self.tick, Solutions(), scope, known)

    # -- declarations ----------------------------------------------------------------------------

    def _declare(self, command: Command) -> None:
        spaces = self._namespaces()
        name = ".".join([*spaces[-1:], *command.names]) if command.names else ""
        in_section = any(frame.keyword == "section" for frame in self.frames)
        if command.keyword in ("axiom", "constant") and in_section:
            raise Mistake(f"`{command.keyword}` cannot be used in sections", command.start)
        if name in self.environment.constants:
            raise Mistake(f"`{name}` has been declared already", command.start)
        variables = self._used(command)
        elaborator = self._elaborator(variables, command.universes, name)
        context = elaborator.binders(command.binders, variables)
        kind = elaborator.type(command.type, context) if command.type is not None else None
        if kind is None and command.body is not None:
            value = elaborator.term(command.body, None, context)
            kind = elaborator.fill(elaborator.infer(value))
        assert kind is not None  # noqa: S101 - the parser sees to it
        # The statement is settled before the proof is looked at, which must not change it.
        context = tuple(
            replace(local, type=elaborator.settle_levels(local.type)) for local in context
        )
        context = tuple(_relink(context))
        renewed = {local.number: local for local in context}
        kind = _link(elaborator.settle_levels(kind), renewed)
        for term in (*(local.type for local in context), kind):
            require_no_metas(elaborator, term, command.type)
        statement = bind(Pi, context, kind)
        params = tuple(_params(statement))
        what: Kind = _KINDS.get(command.keyword, "theorem")
        if what == "theorem" and not elaborator.is_proposition(kind):
            if name:
                raise Unknown(f"a {command.keyword} that is no proposition", command.start)
            what = "definition"
        declaration = Declaration(name, params, statement, None, what, reducible=name in REDUCIBLE)
        if self.builtin:
            what = "sorry" if name == SORRY else "builtin"
            declaration = replace(declaration, kind=what, recursor=RECURSORS.get(name))
        if command.body is not None:
            try:
                value = self._value(elaborator, command.body, kind, context)
                if what == "definition":
                    self._must_compute(elaborator, value, kind, command)
                declaration = replace(declaration, value=value)
                environment = self._added(declaration)
            except (Mistake, KernelError) as error:
                if what != "theorem" or self._is_marked(command):
                    raise
                self.faults[name] = error
                level = elaborator.sort_of(statement)
                value = App(Const(SORRY, (level,)), statement)
                environment = self._added(replace(declaration, value=value))
        else:
            environment = self._added(declaration)
        self.environment = environment if name else self.environment

    def _must_compute(
        self, elaborator: Elaborator, value: Term, kind: Term, command: Command
    ) -> None:
        """Refuses data that Lean could not compile: it would not accept the definition."""
        data = not isinstance(elaborator.reduce(kind), Sort)
        for name in names(value) if data else ():
            known = self.environment.constants[name]
            if known.kind in ("constant", "axiom"):
                raise Unknown(f"`{name}` in definitions", command.start)

    def _is_marked(self, command: Command) -> bool:
        return self.mark is not None and command.start == self.mark.declaration

    def _added(self, declaration: Declaration) -> Environment:
        if not declaration.name:
            declaration = replace(declaration, name="_example")
        return self.environment.add(declaration, self.tick)

    def _value(
        self, elaborator: Elaborator, body: Node, kind: Term, context: tuple[Local, ...]
    ) -> Term:
        elaborator.tasks = []
        value = elaborator.check(body, kind, context)
        while elaborator.tasks:
            task = elaborator.tasks.pop(0)
            held, elaborator.tasks = elaborator.tasks, []
            Run(elaborator, [task.goal], self.mark).run_to_end(task.node)
            elaborator.tasks = held
        value = elaborator.fill(value)
        require_no_metas(elaborator, value, body)
        if self.mark is not None:
            for goal in self.mark.goals:
                self.proofs.append(elaborator.fill(goal))
            self.mark.goals = []
        value = bind(Lam, context, value)
        # Levels that nothing determines cannot matter; the kernel has the last word.
        return map_levels(value, lambda l: ZERO if isinstance(l, LevelMeta) else None)  # noqa: E741

    def _used(self, command: Command) -> tuple[Local, ...]:
        """The variables that the declaration takes as arguments, in their order.

        Lean's rule: those that the statement, or a proof by a term, names (what tactics name does
        not count), and what their types need.
        """
        named: set[str] = set()
        for binder in command.binders:
            named |= set(_names_in(binder.type))
        named |= set(_names_in(command.type)) | set(_names_in(command.body))
        latest = {local.name: local for local in self._variables()}
        wanted = {local.number for name, local in latest.items() if name in named}
        todo = [local for local in self._variables() if local.number in wanted]
        while todo:
            for part in parts(todo.pop().type):
                if isinstance(part, Local) and part.number not in wanted:
                    wanted.add(part.number)
                    todo.append(part)
        return tuple(local for local in self._variables() if local.number in wanted)


def _names_in(node: Node | None) -> Iterator[str]:
    """The words that a term's names begin with, without what stands in tactics."""
    if node is None or node.kind == "tactics":
        return
    if node.kind in ("id", "explicit"):
        yield node.text.split(".")[0]
    for binder in node.binders:
        yield from _names_in(binder.type)
    for kid in node.kids:
        yield from _names_in(kid)


def _link(term: Term, renewed: dict[int, Local]) -> Term:
    """``term`` with the newest of each local: its type may have become known since."""
    return substitute(term, dict(renewed))


def _relink(local_variables: Sequence[Local]) -> list[Local]:
    renewed: dict[int, Local] = {}
    for local in local_variables:
        renewed[local.number] = replace(local, type=_link(local.type, renewed))
    return list(renewed.values())


def _params(term: Term) -> list[str]:
    """The universe parameters of ``term``, in the order in which they come up."""
    found: dict[str, None] = {}
    for part in parts(term):
        levels: tuple[Level, ...] = part.levels if isinstance(part, Const) else ()
        for level in (part.level,) if isinstance(part, Sort) else levels:
            found |= {p.name: None for p in level_parts(level) if isinstance(p, Param)}
    return list(found)


@cache
def prelude() -> Environment:
    """The environment that every document starts from."""
    reader = Reader(Environment(), lambda: None, builtin=True)
    reader.read(INDUCTIVES)
    reader.builtin = False
    reader.read(TEXT)
    if reader.faults:
        raise RuntimeError(f"the prelude is wrong: {reader.faults}")
    return reader.environment
