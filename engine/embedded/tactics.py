"""Tactics, as Lean 3.51.1's: the names that they choose, the order of goals, when they fail.

A tactic state is a value; a :class:`Run` starts from one, works on a copy of what is known, and
hands back another. Nothing here is trusted: the term that comes out is checked by the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from engine.embedded.elaborate import CONSTRUCTORS, Elaborator
from engine.embedded.inductives import SORRY
from engine.embedded.kernel import KernelError
from engine.embedded.syntax import Mistake, Node, Unknown, words
from engine.embedded.terms import (
    PROP,
    App,
    Const,
    Lam,
    Level,
    Local,
    Meta,
    Pi,
    Term,
    abstract,
    apply,
    bind,
    fresh,
    head_name,
    instantiate,
    is_loose,
    levels_of,
    mentions,
    parts,
    replace,
    substitute,
    unapply,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.embedded.unify import Solutions

_RELATIONS = {"eq": "eq.refl", "iff": "iff.refl"}
_SYMMETRIC = {"eq": "eq.symm", "iff": "iff.symm"}
_TRANSITIVE = {"eq": "eq.trans", "iff": "iff.trans"}
_CASES: dict[str, dict[str, tuple[str, ...]]] = {
    "and": {"and.intro": ("left", "right")},
    "or": {"or.inl": ("h",), "or.inr": ("h",)},
    "iff": {"iff.intro": ("mp", "mpr")},
    "Exists": {"Exists.intro": ("w", "h")},
    "true": {"true.intro": ()},
    "false": {},
    "nat": {"nat.zero": (), "nat.succ": ("n",)},
}
"""The constructors of each type, with the names of their arguments."""


_MARKER = Local(0, "x", PROP)
"""Stands for the instances that are being rewritten."""


@dataclass(frozen=True, slots=True)
class TacticState:
    """What is known, and the goals that are left, the main one first."""

    solutions: Solutions
    goals: tuple[Meta, ...]


class HoleReachedError(Exception):
    """The place that was looked for has been met: with this goal, and no proof yet."""

    def __init__(self, state: TacticState, elaborator: Elaborator) -> None:
        super().__init__("the site was reached")
        self.state = state
        self.elaborator = elaborator


@dataclass(slots=True)
class Mark:
    """A place in the text that matters: a site, or the proof that has been put there.

    ``declaration`` is where the declaration around it starts. With ``stop``, coming to it raises
    :class:`HoleReachedError`; otherwise ``goals`` collects what is proved there.
    """

    declaration: int
    start: int
    end: int
    stop: bool
    goals: list[Meta] = field(default_factory=list)
    reached: int = -1

    def meets(self, run: Run, node: Node) -> None:
        """Called before each tactic, and each proof inside a term."""
        if self.stop:
            empty = node.kind == "tactics" and not node.kids
            if node.start == self.start and (empty or node.kind in ("sorry", "admit")):
                raise HoleReachedError(run.state(), run.elaborator)
        elif self.start <= node.start < self.end and self.reached in (-1, node.start):
            self.reached = node.start
            self.goals += run.goals[:1]


class Run:
    """Tactics at work on goals; ``mark`` is told of each."""

    def __init__(
        self, elaborator: Elaborator, goals: Sequence[Meta], mark: Mark | None = None
    ) -> None:
        self.elaborator = elaborator
        self.goals = list(goals)
        self.mark = mark

    # -- goals -----------------------------------------------------------------------------------

    @property
    def solutions(self) -> Solutions:
        """What is known now."""
        return self.elaborator.solutions

    def state(self) -> TacticState:
        """The state as it is now."""
        return TacticState(self.solutions.copy(), tuple(self.goals))

    def _main(self) -> tuple[Meta, Term, tuple[Local, ...]]:
        if not self.goals:
            raise Mistake("there are no goals")
        goal = self.goals[0]
        known = self.solutions.metas[goal.number]
        context = tuple(self.elaborator.fill_local(local) for local in known.context)
        return goal, self.elaborator.fill(known.type), context

    def _tag(self, goal: Meta) -> str:
        return self.solutions.metas[goal.number].tag

    def _close(self, value: Term, goals: Iterable[Meta] = ()) -> None:
        """Solves the main goal by ``value`` and puts ``goals`` in its place."""
        goal = self.goals.pop(0)
        self.solutions.values[goal.number] = value
        self.goals[:0] = goals
        self._prune()

    def _prune(self) -> None:
        done = self.solutions
        self.goals = [
            goal
            for goal in dict.fromkeys(self.goals)
            if goal.number not in done.values and goal.number not in done.delayed
        ]

    def _under(
        self, local_variables: Sequence[Local], target: Term, context: Sequence[Local], tag: str
    ) -> tuple[Term, Meta]:
        """``λ locals, ?goal`` for a new goal ``target`` in ``context``, and that goal."""
        goal = self.elaborator.new_meta(target, tuple(context), tag)
        return self._wrap(local_variables, goal, context), goal

    # -- running ---------------------------------------------------------------------------------

    def run(self, node: Node) -> None:
        """Runs one tactic, simple or composed."""
        self.elaborator.tick()
        if self.mark is not None:
            self.mark.meets(self, node)
        if node.kind == "tactics":
            self.run_all(node.kids)
        elif node.kind == "block":
            self._focus(lambda: self._solve(node))
        elif node.kind == "then":
            rest, self.goals = self.goals[1:], self.goals[:1]
            if not self.goals:
                raise Mistake("there are no goals")
            self.run(node.kids[0])
            self._each_goal(node.kids[1])
            self.goals += rest
        elif node.kind == "else":
            if not self._tries(lambda: self.run(node.kids[0])):
                self.run(node.kids[1])
        elif node.kind in ("sorry", "admit"):
            _goal, target, _ = self._main()
            level = self.elaborator.sort_of(target)
            self._close(App(Const(SORRY, (level,)), target))
        else:
            arguments = node.kids
            getattr(self, f"_{node.kind}")(node, *(arguments if node.kind in _UNPACKED else ()))
        self._prune()

    def run_all(self, nodes: Iterable[Node]) -> None:
        """Runs tactics one after the other."""
        for node in nodes:
            self.run(node)

    def run_to_end(self, node: Node) -> None:
        """Runs a proof: what a term has in its ``begin … end``, ``by`` or ``sorry``."""
        self.run(node)
        if self.goals:
            raise Mistake("the tactics leave goals open", node.start)

    def _solve(self, node: Node) -> None:
        self.run_all(node.kids)
        if self.goals:
            raise Mistake("the goal in `{ }` has not been solved", node.start)

    def _focus(self, action: Callable[[], None]) -> None:
        if not self.goals:
            raise Mistake("there are no goals")
        rest, self.goals = self.goals[1:], self.goals[:1]
        action()
        self.goals += rest

    def _tries(self, action: Callable[[], None]) -> bool:
        """Whether ``action`` succeeds; where it fails, all is as before.

        What the core does not know is no failure: Lean might succeed, and all that follows would
        be different.
        """
        before, goals = self.solutions.copy(), list(self.goals)
        try:
            action()
        except Unknown:
            raise
        except (Mistake, KernelError):
            self.elaborator.solutions, self.goals = before, goals
            return False
        return True

    def _each_goal(self, node: Node) -> None:
        todo, done = self.goals, [*self.goals[:0]]
        for goal in todo:
            self.goals = [goal]
            self._prune()
            if self.goals:
                self.run(node)
                done += self.goals
        self.goals = done

    def _skip(self, node: Node) -> None:
        pass

    def _try(self, node: Node) -> None:
        self._tries(lambda: self.run(node.kids[0]))

    def _all_goals(self, node: Node) -> None:
        self._each_goal(node.kids[0])

    def _repeat(self, node: Node) -> None:
        todo, done = self.goals, [*self.goals[:0]]
        while todo:
            self.goals, todo = todo[:1], todo[1:]
            self._prune()
            if not self.goals:
                continue
            goal = self.goals[0]
            if self._tries(lambda: self.run(node.kids[0])):
                todo = self.goals + todo
            else:
                done.append(goal)
        self.goals = done

    # -- terms -----------------------------------------------------------------------------------

    def _elaborate(self, action: Callable[[], Term]) -> tuple[Term, list[Meta]]:
        """Runs the elaborator: the term, and the metas in it that are new and unsolved."""
        elaborator = self.elaborator
        before = set(self.solutions.metas)
        elaborator.tasks = []
        term = action()
        while elaborator.tasks:
            task = elaborator.tasks.pop(0)
            held, elaborator.tasks = elaborator.tasks, []
            Run(elaborator, [task.goal], self.mark).run_to_end(task.node)
            elaborator.tasks = held
        term = elaborator.fill(term)
        return term, [meta for meta in elaborator.open_metas(term) if meta.number not in before]

    def _inner_goals(self, metas: Iterable[Meta]) -> list[Meta]:
        """The metas that can be goals: in the place of a delayed one, those inside it."""
        goals: list[Meta] = []
        for meta in metas:
            if meta.number in self.solutions.delayed:
                body = self.elaborator.fill(self.solutions.delayed[meta.number][1])
                goals += self._inner_goals(self.elaborator.open_metas(body))
            else:
                goals.append(meta)
        return goals

    def _exact(self, node: Node, term: Node) -> None:
        _, target, context = self._main()
        value, open_ = self._elaborate(lambda: self.elaborator.check(term, target, context))
        if open_:
            raise Mistake("don't know how to synthesize placeholder", term.start)
        self._close(value)

    def _refine(self, node: Node, term: Node) -> None:
        _, target, context = self._main()
        value, open_ = self._elaborate(lambda: self.elaborator.check(term, target, context))
        self._close(value, self._inner_goals(open_))

    def _apply(self, node: Node, term: Node) -> None:
        _, _, context = self._main()
        value, open_ = self._elaborate(lambda: self._function(term, context))
        self._apply_term(value, self._inner_goals(open_))

    def _function(self, term: Node, context: tuple[Local, ...]) -> Term:
        """Elaborates what ``apply`` is given, without arguments for a name that stands alone."""
        if term.kind == "hole":
            raise Mistake("`_` cannot be applied", term.start)
        if term.kind == "id":
            function, fields = self.elaborator.resolve(term, context)
            if not fields:
                return function
        return self.elaborator.term(term, None, context)

    def _apply_term(self, function: Term, more: Sequence[Meta] = (), *, tag: str = "") -> None:
        """Closes the main goal by ``function`` and as many arguments as it takes."""
        _, target, context = self._main()
        elaborator = self.elaborator
        least = max(0, self._arity(elaborator.infer(function)) - self._arity(target))
        for count in range(least, self._arity(elaborator.infer(function)) + 1):
            before = self.solutions.copy()
            value, kind, new = function, elaborator.infer(function), [*more][:0]
            for _ in range(count):
                kind = elaborator.reduce(elaborator.fill(kind))
                if not isinstance(kind, Pi):
                    break
                meta = elaborator.new_meta(elaborator.head_beta(kind.type), context)
                new.append(meta)
                value, kind = App(value, meta), instantiate(kind.body, meta)
            if elaborator.equal(kind, target):
                value = elaborator.fill(value)
                left = [meta for meta in new if meta in elaborator.open_metas(value)]
                self._close(value, [*self._independent_first(left), *more])
                return
            elaborator.solutions = before
        raise Mistake("the target and the type of the term do not agree")

    def _arity(self, kind: Term) -> int:
        count = 0
        kind = self.elaborator.reduce(self.elaborator.fill(kind))
        while isinstance(kind, Pi):
            local = Local(fresh(), kind.name, kind.type)
            kind = self.elaborator.reduce(instantiate(kind.body, local))
            count += 1
        return count

    def _independent_first(self, metas: list[Meta]) -> list[Meta]:
        types = [self.elaborator.fill(self.solutions.metas[meta.number].type) for meta in metas]
        used = {part for kind in types for part in parts(kind) if isinstance(part, Meta)}
        return [m for m in metas if m not in used] + [m for m in metas if m in used]

    # -- introducing -----------------------------------------------------------------------------

    def _new_name(self, wanted: str, context: Sequence[Local]) -> str:
        taken = {local.name for local in context}
        name, number = wanted, 0
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def _introduce(self, name: str) -> None:
        goal, target, context = self._main()
        target = self.elaborator.reduce_core(target)
        if not isinstance(target, Pi):
            target = self.elaborator.reduce(target)
        if not isinstance(target, Pi):
            raise Mistake("intro tactic failed, Pi/let expression expected")
        if name in ("", "_"):
            name = self._new_name(target.name, context)
        local = Local(fresh(), name, target.type)
        body = instantiate(target.body, local)
        inner = self.elaborator.new_meta(body, (*context, local), self._tag(goal))
        self.solutions.delayed[goal.number] = ((local,), inner)
        self.goals[0] = inner

    def _intro(self, node: Node) -> None:
        self._introduce(node.text)

    _assume = _intro

    def _intros(self, node: Node) -> None:
        for name in node.text.split():
            self._introduce(name)
        while not node.text and isinstance(self._main()[1], Pi):
            self._introduce("")

    # -- relations -------------------------------------------------------------------------------

    def _assumption(self, node: Node) -> None:
        _, target, context = self._main()
        for local in context:
            if self.elaborator.attempt(lambda h=local: self.elaborator.equal(h.type, target)):  # type: ignore[misc]
                self._close(local)
                return
        raise Mistake("assumption tactic failed")

    def _by_table(self, table: dict[str, str], name: str) -> None:
        _, target, _ = self._main()
        head = head_name(self.elaborator.reduce_core(target))
        if head not in table:
            raise Mistake(f"{name} tactic failed, target is not a relation application")
        self._apply_term(self.elaborator.constant(table[head]))

    def _refl(self, node: Node) -> None:
        self._by_table(_RELATIONS, "reflexivity")

    _reflexivity = _refl

    def _symmetry(self, node: Node) -> None:
        self._by_table(_SYMMETRIC, "symmetry")

    def _transitivity(self, node: Node) -> None:
        _goal, target, context = self._main()
        head, arguments = unapply(self.elaborator.reduce_core(target))
        name = head_name(head)
        if name not in _TRANSITIVE:
            raise Mistake("transitivity tactic failed, target is not a relation application")
        kind = arguments[0] if name == "eq" else PROP
        more: list[Meta] = []
        if node.kids:
            middle, open_ = self._elaborate(
                lambda: self.elaborator.check(node.kids[0], kind, context)
            )
            more = self._inner_goals(open_)
        else:
            middle = self.elaborator.new_meta(kind, context)
        first = self.elaborator.new_meta(
            apply(head, *arguments[:-2], arguments[-2], middle), context
        )
        second = self.elaborator.new_meta(
            apply(head, *arguments[:-2], middle, arguments[-1]), context
        )
        function = self.elaborator.constant(_TRANSITIVE[name])
        ends = (arguments[-2], middle, arguments[-1])
        value = apply(function, *arguments[:-2], *ends, first, second)
        if isinstance(head, Const):
            for level, other in zip(function.levels, levels_of(head), strict=True):
                self.elaborator.equal_levels(level, other)
        self._close(value, [first, second, *more])

    # -- constructors and contradictions ---------------------------------------------------------

    def _constructors(self) -> tuple[str, list[str]]:
        _, target, _ = self._main()
        name = head_name(self.elaborator.reduce(target))
        if name == "eq":
            return name, ["eq.refl"]
        if name not in _CASES:
            raise Mistake("constructor tactic failed, target is not an inductive datatype")
        return name, list(_CASES[name])

    def _split(self, node: Node) -> None:
        _name, constructors = self._constructors()
        if len(constructors) != 1:
            raise Mistake("split tactic failed, the target has not one constructor only")
        self._apply_term(self.elaborator.constant(constructors[0]))

    def _constructor(self, node: Node) -> None:
        _, constructors = self._constructors()
        functions = map(self.elaborator.constant, constructors)
        if not any(self._tries(partial(self._apply_term, function)) for function in functions):
            raise Mistake("constructor tactic failed")

    def _left(self, node: Node) -> None:
        self._choose(0)

    def _right(self, node: Node) -> None:
        self._choose(1)

    def _choose(self, place: int) -> None:
        _, constructors = self._constructors()
        if len(constructors) != 2:
            raise Mistake("target is not an inductive datatype with two constructors")
        self._apply_term(self.elaborator.constant(constructors[place]))

    def _existsi(self, node: Node) -> None:
        for term in node.kids:
            self._exists(term)

    def _exists(self, term: Node) -> None:
        _, target, context = self._main()
        head, arguments = unapply(self.elaborator.reduce(target))
        name = head_name(head)
        if name not in ("Exists", "and", "iff"):
            raise Mistake("existsi tactic failed, the target has not one constructor only")
        function = apply(Const(CONSTRUCTORS[name], levels_of(head)), *arguments)
        kind = self._function_type(function).type
        value, open_ = self._elaborate(lambda: self.elaborator.check(term, kind, context))
        self._apply_term(App(function, value), self._inner_goals(open_))

    def _function_type(self, function: Term) -> Pi:
        kind = self.elaborator.reduce(self.elaborator.infer(function))
        if not isinstance(kind, Pi):
            raise Mistake("a function expected")
        return Pi(kind.name, self.elaborator.head_beta(kind.type), kind.body, kind.info)

    def _exfalso(self, node: Node) -> None:
        _, target, context = self._main()
        level = self.elaborator.sort_of(target)
        new = self.elaborator.new_meta(Const("false"), context)
        self._close(apply(Const("false.elim", (level,)), target, new), [new])

    def _absurd(self, proof: Term) -> None:
        """Closes the main goal by a proof of false."""
        _, target, _ = self._main()
        level = self.elaborator.sort_of(target)
        self._close(apply(Const("false.elim", (level,)), target, proof))

    def _contradiction(self, node: Node) -> None:
        if isinstance(self.elaborator.reduce(self._main()[1]), Pi):
            self._introduce("")
        _, _, context = self._main()
        elaborator = self.elaborator
        kinds = [(local, elaborator.reduce(local.type)) for local in context]
        for local, kind in kinds:
            if kind == Const("false"):
                return self._absurd(local)
        for local, kind in kinds:
            if isinstance(kind, Pi) and elaborator.fill(kind.body) == Const("false"):
                for other in context:
                    if elaborator.attempt(lambda a=other.type, b=kind.type: elaborator.equal(a, b)):  # type: ignore[misc]
                        return self._absurd(App(local, other))
                head, arguments = unapply(elaborator.reduce(kind.type))
                if head_name(head) == "eq" and elaborator.attempt(
                    lambda a=arguments: elaborator.equal(a[1], a[2])  # type: ignore[misc]
                ):
                    proof = apply(Const("eq.refl", levels_of(head)), *arguments[:2])
                    return self._absurd(App(local, proof))
        for local, kind in kinds:
            clash = self._clash(local, kind)
            if clash is not None:
                return self._absurd(clash)
        raise Mistake("contradiction tactic failed")

    def _clash(self, proof: Term, kind: Term) -> Term | None:
        """A proof of false from a proof of ``0 = succ n`` or ``succ n = 0``."""
        head, arguments = unapply(kind)
        if head_name(head) != "eq" or arguments[0] != Const("nat"):
            return None
        left, right = map(self.elaborator.reduce, arguments[1:])
        if head_name(right) == "nat.succ" and left == Const("nat.zero"):
            proof = apply(
                Const("eq.symm", (levels_of(head))),
                *arguments,
                proof,
            )
            left, right = right, left
        if not isinstance(left, App) or right != Const("nat.zero"):
            return None
        return apply(Const("nat.succ_ne_zero"), left.argument, proof)

    def _trivial(self, node: Node) -> None:
        if not (
            self._tries(lambda: self._apply_term(Const("trivial")))
            or self._tries(lambda: self._refl(node))
            or self._tries(lambda: self._contradiction(node))
        ):
            raise Mistake("trivial tactic failed")

    # -- equations -------------------------------------------------------------------------------

    def _rw(self, node: Node, *rules: Node) -> None:
        for place in node.text.split()[::-1] or ["⊢"]:
            for rule in rules:
                self._rewrite_by(rule, place)
        self._try_refl(node)

    def _try_refl(self, node: Node) -> None:
        """What Lean does after it has rewritten: `refl`, looking through little."""
        self.elaborator.only_reducible = True
        try:
            self._tries(lambda: self._refl(node))
        finally:
            self.elaborator.only_reducible = False

    _rewrite = _rw

    def _rewrite_by(self, rule: Node, place: str) -> None:
        goal, target, context = self._main()
        elaborator = self.elaborator
        hypothesis = next((x for x in reversed(context) if x.name == place), None)
        if place != "⊢" and hypothesis is None:
            raise Mistake(f"there is no hypothesis `{place}`")
        proof, open_ = self._elaborate(lambda: self._function(rule.kids[0], context))
        if hypothesis is not None and mentions(proof, hypothesis):
            return  # Lean does not rewrite a hypothesis by itself, and does not fail
        kind = elaborator.fill(elaborator.infer(proof))
        arguments: list[Meta] = []
        while isinstance(kind := self.elaborator.reduce_core(kind), Pi):
            meta = elaborator.new_meta(kind.type, context)
            arguments.append(meta)
            proof, kind = App(proof, meta), instantiate(kind.body, meta)
        head, sides = unapply(kind)
        if head_name(head) == "iff":
            proof = apply(Const("propext"), *sides, proof)
            head, sides = elaborator.constant("eq"), [PROP, *sides]
            elaborator.equal(apply(head, *sides), elaborator.infer(proof))
        if head_name(head) != "eq":
            raise Mistake("rewrite tactic failed, lemma is not an equality nor a iff", rule.start)
        alpha, left, right = sides
        if rule.text:
            proof = apply(Const("eq.symm", levels_of(head)), *sides, proof)
            left, right = right, left
        subject = hypothesis.type if hypothesis is not None else target
        body, found = self._pattern(subject, left)
        if not found:
            raise Mistake("rewrite tactic failed, did not find instance of the pattern", rule.start)
        alpha, left, right, proof = map(elaborator.fill, (alpha, left, right, proof))
        body = elaborator.fill(body)
        motive = Lam("x", alpha, body)
        new = instantiate(body, right)
        level = elaborator.sort_of(subject)
        recursor = Const("eq.rec", (*map(elaborator.fill_level, levels_of(head)), level))
        more = [m for m in [*arguments, *open_] if elaborator.fill(m) == m]
        if hypothesis is None:
            rest = elaborator.new_meta(new, context, self._tag(goal))
            back = apply(Const("eq.symm", levels_of(head)), alpha, left, right, proof)
            self._close(apply(recursor, alpha, right, motive, rest, left, back), [rest, *more])
            return
        if any(mentions(x.type, hypothesis) for x in context) or mentions(target, hypothesis):
            raise Unknown(f"`rw` at `{place}`, on which others depend")
        changed = Local(fresh(), hypothesis.name, new)
        kept = tuple(x for x in context if x != hypothesis)
        function, rest = self._under([changed], target, (*kept, changed), self._tag(goal))
        moved = apply(recursor, alpha, left, motive, hypothesis, right, proof)
        self._close(App(function, moved), [rest, *more])

    def _pattern(self, subject: Term, pattern: Term) -> tuple[Term, bool]:
        """``subject`` with a loose variable for the instances of ``pattern``, if there are any.

        The first instance, from the outside and from the left, decides what the pattern's metas
        are.
        """
        elaborator = self.elaborator
        pattern = elaborator.fill(pattern)
        head, arguments = unapply(pattern)
        if isinstance(head, Meta):
            raise Mistake("rewrite tactic failed, lemma lhs is a metavariable")
        found = False

        def change(part: Term, depth: int) -> Term | None:
            nonlocal found
            there, others = unapply(part)
            if is_loose(part) or len(others) != len(arguments):
                return None
            same = there == head or (
                isinstance(there, Const) and isinstance(head, Const) and there.name == head.name
            )
            if not (same and elaborator.attempt(lambda: elaborator.equal(part, pattern))):
                return None
            found = True
            return _MARKER

        elaborator.only_reducible = True
        try:
            marked = replace(elaborator.fill(subject), change)
        finally:
            elaborator.only_reducible = False
        return abstract(marked, [_MARKER]), found

    def _subst(self, node: Node, term: Node) -> None:
        _, _, context = self._main()
        value = self.elaborator.term(term, None, context)
        if not isinstance(value, Local):
            raise Mistake("subst tactic failed, not a hypothesis or a variable", term.start)
        variable = None
        equation = next(x for x in context if x == value)
        if head_name(self.elaborator.reduce_core(equation.type)) != "eq":
            variable = value
            for local in context:
                head, arguments = unapply(self.elaborator.reduce_core(local.type))
                if head_name(head) == "eq" and value in arguments[1:]:
                    equation = local
                    break
            else:
                raise Mistake("subst tactic failed, no equation for the variable", term.start)
        self._eliminate(equation, keep=False, variable=variable)
        self._try_refl(node)

    def _eliminate(self, equation: Local, *, keep: bool, variable: Local | None = None) -> None:
        """Puts the other side for a variable everywhere; ``keep`` leaves ``t = t`` behind."""
        _goal, target, context = self._main()
        head, (alpha, left, right) = unapply(self.elaborator.reduce_core(equation.type))
        proof: Term = equation
        ends = [(left, right), (right, left)]
        if keep and left in context and right in context:
            # `cases` removes what came later.
            ends.sort(key=lambda end: -context.index(end[1]))
        chosen = None
        for kept, gone in ends:
            free = isinstance(gone, Local) and gone in context and not mentions(kept, gone)
            if isinstance(gone, Local) and free and variable in (None, gone):
                chosen = (kept, gone)
                break
        if chosen is None:
            raise Mistake("the equation is not one for a variable")
        kept, gone = chosen
        if gone == left:
            proof = apply(Const("eq.symm", levels_of(head)), alpha, left, right, proof)
        dependents = self._dependents(gone, context)
        if mentions(target, equation) or any(mentions(x.type, equation) for x in context):
            raise Unknown("equations that other statements depend on")
        if any(mentions(kept, x) for x in dependents):
            raise Mistake("the equation is not one for a variable")
        moved = [x for x in dependents if keep or x != equation]
        # The equation itself, where it is kept, is one of the premises of the motive.
        motive = Lam(gone.name, alpha, abstract(bind(Pi, moved, target), [gone]))
        values: dict[int, Term] = {gone.number: kept}
        inside = self._renew(moved, values)
        new_target = substitute(target, values)
        rest = [x for x in context if x != gone and x not in dependents]
        function, new = self._under(inside, new_target, (*rest, *inside), "")
        level = self.elaborator.sort_of(bind(Pi, moved, target))
        recursor = Const("eq.rec", (*levels_of(head), level))
        self._close(apply(recursor, alpha, kept, motive, function, gone, proof, *moved), [new])

    @staticmethod
    def _dependents(local: Local, context: Sequence[Local]) -> list[Local]:
        found: list[Local] = []
        for other in context:
            if mentions(other.type, local) or any(mentions(other.type, x) for x in found):
                found.append(other)
        return found

    @staticmethod
    def _renew(local_variables: Iterable[Local], values: dict[int, Term]) -> list[Local]:
        """Copies of locals, with ``values`` in their types; ``values`` learns of the copies."""
        copies = []
        for local in local_variables:
            copy = Local(fresh(), local.name, substitute(local.type, values))
            values[local.number] = copy
            copies.append(copy)
        return copies

    # -- cases and induction ---------------------------------------------------------------------

    def _cases(self, node: Node, term: Node) -> None:
        self._by_cases(node, term, recursive=False)

    def _induction(self, node: Node, term: Node) -> None:
        self._by_cases(node, term, recursive=True)

    def _by_cases(self, node: Node, term: Node, *, recursive: bool) -> None:
        goal, target, context = self._main()
        value, open_ = self._elaborate(lambda: self.elaborator.term(term, None, context))
        if open_:
            raise Unknown(f"`{node.kind}` of a term with `_`", term.start)
        kind = self.elaborator.reduce(self.elaborator.infer(value))
        name = head_name(kind)
        if name == "eq":
            if recursive or not isinstance(value, Local):
                raise Unknown(f"`{node.kind}` of this equation", node.start)
            return self._cases_of_equation(value, kind)
        if name not in _CASES:
            raise Mistake(f"{node.kind} tactic failed, it is not applicable", node.start)
        if not isinstance(value, Local) and (recursive or name == "nat"):
            raise Unknown(f"`{node.kind}` of a term that is no variable", node.start)
        variable = value if isinstance(value, Local) else None
        dependents = self._dependents(variable, context) if variable is not None else []
        if name != "nat" and (dependents or (isinstance(value, Local) and mentions(target, value))):
            raise Unknown(f"`{node.kind}` of a proof that others depend on", node.start)
        names = node.text.split()
        head, params = unapply(kind)
        whole = bind(Pi, dependents, target)
        motive: Term = whole
        if name == "nat":
            motive = Lam("n", kind, abstract(whole, [variable] if variable is not None else []))
        level = self.elaborator.sort_of(whole)
        recursor = self._recursor(name, head, level)
        rest = [x for x in context if x != value and x not in dependents]
        minors: list[Term] = []
        goals: list[Meta] = []
        own = value.name if isinstance(value, Local) else ""
        for constructor, fields in _CASES[name].items():
            several = len(_CASES[name]) > 1
            tag = ", ".join(filter(None, (self._tag(goal), constructor))) if several else ""
            built = apply(Const(constructor, levels_of(head)), *params)
            new: list[Local] = []
            hypotheses: list[Local] = []
            asks = [*fields, *(["ih"] if recursive and constructor == "nat.succ" else [])]
            shown: list[str] = []
            for field_name in asks:
                given = names.pop(0) if names else "_"
                if given == "_":
                    default = own if own and len(asks) == 1 else f"{own}_{field_name}".lstrip("_")
                    given = self._new_name(default, rest)
                shown.append(given)
            for shown_name in shown[: len(fields)]:
                local = Local(fresh(), shown_name, self._function_type(built).type)
                new.append(local)
                built = App(built, local)
            if constructor == "nat.succ":
                ih_name = shown[1] if recursive else "ih"
                ih = Local(fresh(), ih_name, self.elaborator.head_beta(App(motive, new[0])))
                hypotheses.append(ih)
            values = {value.number: built} if isinstance(value, Local) else {}
            again = self._renew(dependents, values)
            seen = [*new, *hypotheses] if recursive else new
            function, inner = self._under(
                [*again], substitute(target, values), (*rest, *seen, *again), tag
            )
            function = self._wrap([*new, *hypotheses], function, (*rest, *seen))
            minors.append(function)
            goals.append(inner)
        self._close(apply(recursor, *params, motive, *minors, value, *dependents), goals)
        return None

    def _wrap(self, bound: Sequence[Local], function: Term, context: Sequence[Local]) -> Term:
        """``λ bound, function``, for a function that is still a meta."""
        if not bound:
            return function
        inside = {local.number for local in bound}
        kind = bind(Pi, bound, self.elaborator.infer(function))
        meta = self.elaborator.new_meta(kind, tuple(x for x in context if x.number not in inside))
        self.solutions.delayed[meta.number] = (tuple(bound), function)
        return meta

    def _recursor(self, name: str, head: Term, level: Level) -> Const:
        params = self.elaborator.environment.constants[f"{name}.rec"].params
        return Const(f"{name}.rec", (level,) if params == ("v",) else levels_of(head))

    def _cases_of_equation(self, equation: Local, kind: Term) -> None:
        clash = self._clash(equation, kind)
        if clash is not None:
            return self._absurd(clash)
        _, sides = unapply(kind)
        variables = [side for side in sides[1:] if isinstance(side, Local)]
        others = [head_name(side) for side in sides[1:] if side not in variables]
        # Lean shows the other side as far as it has computed it.
        if variables and not any(name in ("bit0", "bit1", "has_add.add") for name in others):
            return self._eliminate(equation, keep=True)
        raise Unknown("`cases` of an equation that is not one for a variable")


_UNPACKED = words("exact refine apply rw rewrite subst cases induction")
