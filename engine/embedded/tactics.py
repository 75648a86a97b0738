"""Tactics, as Lean 3.51.1's: the names that they choose, the order of goals, when they fail.

A tactic state is a value; a :class:`Run` starts from one, works on a copy of what is known, and
hands back another. Nothing here is trusted: the term that comes out is checked by the kernel.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.embedded.elaborate import Asked, Context, Elaborator, Solutions
from engine.embedded.kernel import KernelError, names
from engine.embedded.prelude import SORRY
from engine.embedded.syntax import Mistake, Node, Unknown, words
from engine.embedded.terms import (
    ONE,
    PROP,
    App,
    Const,
    Lam,
    Local,
    Meta,
    Pi,
    Term,
    abstract,
    apply,
    beta,
    bind,
    fresh,
    head_name,
    instantiate,
    is_loose,
    levels_of,
    mentions,
    parts,
    replace,
    unapply,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_NUMERALS = words("eq nat nat.succ has_zero.zero has_one.one bit0 bit1 has_add.add has_mul.mul")
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


def finish(elaborator: Elaborator, mark: Mark | None) -> None:
    """Runs the proofs by tactics that an elaborated term contains."""
    while elaborator.tasks:
        (goal, node), *held = elaborator.tasks
        elaborator.tasks = []
        run = Run(elaborator, [goal], mark)
        run.run(node)
        if run.goals:
            raise Mistake("the tactics leave goals open", node.start)
        elaborator.tasks = held


class Run:
    """Tactics at work on goals; ``mark`` is told of each."""

    def __init__(
        self, elaborator: Elaborator, goals: Sequence[Meta], mark: Mark | None = None
    ) -> None:
        self.elaborator = elaborator
        self.goals = list(goals)
        self.mark = mark

    def state(self) -> TacticState:
        """The state as it is now."""
        return TacticState(self.elaborator.solutions.copy(), tuple(self.goals))

    def _main(self) -> Asked:
        if not self.goals:
            raise Mistake("there are no goals")
        known = self.elaborator.solutions.metas[self.goals[0].number]
        context = tuple(map(self.elaborator.fill_local, known.context))
        return Asked(self.elaborator.fill(known.type), context, known.tag)

    def _close(self, value: Term, goals: Iterable[Meta] = ()) -> None:
        """Solves the main goal by ``value`` and puts ``goals`` in its place."""
        self.elaborator.solutions.values[self.goals[0].number] = value
        self.goals[:1] = goals
        self._prune()

    def _prune(self) -> None:
        values, left = self.elaborator.solutions.values, dict[Meta, None]()
        for goal in self.goals:
            # What became a goal in a smaller context is still to be shown.
            while isinstance(smaller := values.get(goal.number), Meta):
                goal = smaller
            if goal.number not in values:
                left[goal] = None
        self.goals = list(left)

    # -- running ---------------------------------------------------------------------------------

    def run(self, node: Node) -> None:
        """Runs one tactic, simple or composed."""
        self.elaborator.tick()
        if self.mark is not None:
            self.mark.meets(self, node)
        getattr(self, f"_{node.kind}")(node)
        self._prune()

    def _tactics(self, node: Node) -> None:
        for kid in node.kids:
            self.run(kid)

    def _block(self, node: Node) -> None:
        rest, self.goals = self.goals[1:], self.goals[:1]
        self._main()
        self._tactics(node)
        if self.goals:
            raise Mistake("the goal in `{ }` has not been solved", node.start)
        self.goals = rest

    def _then(self, node: Node) -> None:
        rest, self.goals = self.goals[1:], self.goals[:1]
        self._main()
        self.run(node.kids[0])
        self._each_goal(node.kids[1])
        self.goals += rest

    def _orelse(self, node: Node) -> None:
        if not self._tries(lambda: self.run(node.kids[0])):
            self.run(node.kids[1])

    def _try(self, node: Node) -> None:
        self._tries(lambda: self.run(node.kids[0]))

    def _tries(self, action: Callable[[], None]) -> bool:
        """Whether ``action`` succeeds; where it fails, all is as before.

        What the core does not know is no failure: Lean might succeed, and all that follows would
        be different.
        """
        before, goals = self.elaborator.solutions.copy(), list(self.goals)
        try:
            action()
        except Unknown:
            raise
        except (Mistake, KernelError):
            self.elaborator.solutions, self.goals = before, goals
            return False
        return True

    def _all_goals(self, node: Node) -> None:
        self._each_goal(node.kids[0])

    def _each_goal(self, node: Node) -> None:
        todo, done = self.goals, list[Meta]()
        for goal in todo:
            self.goals = [goal]
            self._prune()
            if self.goals:
                self.run(node)
                done += self.goals
        self.goals = done

    def _repeat(self, node: Node) -> None:
        todo, done = self.goals, list[Meta]()
        while todo:
            self.goals, todo = todo[:1], todo[1:]
            self._prune()
            if self.goals and self._tries(lambda: self.run(node.kids[0])):
                todo = self.goals + todo
            else:
                done += self.goals
        self.goals = done

    def _skip(self, node: Node) -> None:
        pass

    def _sorry(self, node: Node) -> None:
        target = self._main().type
        self._close(App(Const(SORRY, (self.elaborator.sort_of(target),)), target))

    _admit = _sorry

    # -- terms -----------------------------------------------------------------------------------

    def _elaborate(self, action: Callable[[], Term]) -> tuple[Term, list[Meta]]:
        """Runs the elaborator: the term, and the metas in it that are new and unsolved."""
        before = set(self.elaborator.solutions.metas)
        self.elaborator.tasks = []
        term = action()
        finish(self.elaborator, self.mark)
        term = self.elaborator.fill(term)
        return term, [m for m in self.elaborator.open_metas(term) if m.number not in before]

    def _check(self, node: Node, kind: Term) -> tuple[Term, list[Meta]]:
        return self._elaborate(lambda: self.elaborator.check(node, kind, self._main().context))

    def _exact(self, node: Node) -> None:
        value, open_ = self._check(node.kids[0], self._main().type)
        if open_:
            raise Mistake("don't know how to synthesize placeholder", node.start)
        self._close(value)

    def _refine(self, node: Node) -> None:
        self._close(*self._check(node.kids[0], self._main().type))

    def _apply(self, node: Node) -> None:
        self._apply_term(*self._function(node.kids[0]))

    def _function(self, node: Node) -> tuple[Term, list[Meta]]:
        """Elaborates what ``apply`` is given, without arguments for a name that stands alone."""
        context = self._main().context
        if node.kind == "hole":
            raise Mistake("`_` cannot be applied", node.start)
        if node.kind == "name":
            function, fields = self.elaborator.resolve(node, context)
            if not fields:
                return function, []
        return self._elaborate(lambda: self.elaborator.term(node, None, context))

    def _apply_term(self, function: Term, more: Sequence[Meta] = ()) -> list[Meta]:
        """Closes the main goal by ``function`` and as many arguments as it takes.

        The goals are the arguments that are left, those first that no other depends on, and
        ``more``. Returned are the former.
        """
        elaborator, goal = self.elaborator, self._main()
        target, context = goal.type, goal.context
        most = self._arity(elaborator.infer(function))
        for count in range(max(0, most - self._arity(target)), most + 1):
            before = elaborator.solutions.copy()
            value, kind, new = function, elaborator.infer(function), list[Meta]()
            for _ in range(count):
                kind = self._pi(kind)
                new.append(elaborator.new_meta(kind.type, context))
                value, kind = App(value, new[-1]), instantiate(kind.body, new[-1])
            if elaborator.equal(kind, target):
                value = elaborator.fill(value)
                open_ = elaborator.open_metas(value)
                left = [meta for meta in new if meta in open_]
                types = [elaborator.fill(elaborator.infer(meta)) for meta in left]
                used = {meta for kind in types for meta in elaborator.open_metas(kind)}
                first = [meta for meta in left if meta not in used]
                self._close(value, [*first, *(meta for meta in left if meta in used), *more])
                return first
            elaborator.solutions = before
        raise Mistake("the target and the type of the term do not agree")

    def _pi(self, kind: Term) -> Pi:
        kind = self.elaborator.reduce(kind)
        if not isinstance(kind, Pi):
            raise Mistake("a function expected")
        return Pi(kind.name, beta(*unapply(kind.type)), kind.body, kind.info)

    def _arity(self, kind: Term) -> int:
        count = 0
        while isinstance(kind := self.elaborator.reduce(kind), Pi):
            kind = instantiate(kind.body, Local(fresh(), kind.name, kind.type))
            count += 1
        return count

    # -- introducing, relations ------------------------------------------------------------------

    def _new_name(self, wanted: str, context: Sequence[Local]) -> str:
        taken = {local.name for local in context}
        later = (f"{wanted}_{number}" for number in itertools.count(1))
        return wanted if wanted not in taken else next(n for n in later if n not in taken)

    def _introduce(self, name: str) -> None:
        goal = self._main()
        target = self.elaborator.reduce_core(goal.type)
        if not isinstance(target, Pi):
            target = self.elaborator.reduce(target)
        if not isinstance(target, Pi):
            raise Mistake("intro tactic failed, Pi/let expression expected")
        name = self._new_name(target.name, goal.context) if name in ("", "_") else name
        local = Local(fresh(), name, target.type)
        inner = instantiate(target.body, local)
        new = self.elaborator.new_meta(inner, (*goal.context, local), goal.tag)
        self._close(bind(Lam, [local], new), [new])

    def _intro(self, node: Node) -> None:
        self._introduce(node.text)

    def _intros(self, node: Node) -> None:
        for name in node.text.split():
            self._introduce(name)
        while not node.text and isinstance(self._main().type, Pi):
            self._introduce("")

    def _assumption(self, node: Node) -> None:
        goal = self._main()
        for local in goal.context:
            if self._equal(local.type, goal.type):
                return self._close(local)
        raise Mistake("assumption tactic failed")

    def _equal(self, one: Term, other: Term) -> bool:
        return self.elaborator.attempt(lambda: self.elaborator.equal(one, other))

    def _by_lemma(self, suffix: str, relations: tuple[str, ...] = ("eq", "iff")) -> list[Meta]:
        """Applies the lemma that the relation in the target has by this name."""
        name = head_name(self.elaborator.reduce_core(self._main().type))
        if name not in relations:
            raise Mistake("the target is not a relation application")
        return self._apply_term(self.elaborator.constant(f"{name}.{suffix}"))

    def _refl(self, node: Node) -> None:
        self._by_lemma("refl")

    _reflexivity = _refl

    def _symmetry(self, node: Node) -> None:
        self._by_lemma("symm")

    def _transitivity(self, node: Node) -> None:
        rest = self.goals[1:]
        first, second = self._by_lemma("trans")
        more = list[Meta]()
        if node.kids:
            left, middle = unapply(self.elaborator.infer(first))[1][-2:]
            self.goals = [first]
            value, more = self._check(node.kids[0], self.elaborator.infer(left))
            self._equal(middle, value)
        self.goals = [first, second, *more, *rest]

    # -- constructors and contradictions ---------------------------------------------------------

    def _constructors(self, *, count: int) -> list[str]:
        constructors = list(self.elaborator.constructors(self.elaborator.reduce(self._main().type)))
        if len(constructors) != count:
            raise Mistake(f"the target is not an inductive type with {count} constructor(s)")
        return constructors

    def _split(self, node: Node) -> None:
        self._apply_term(self.elaborator.constant(self._constructors(count=1)[0]))

    def _left(self, node: Node) -> None:
        self._apply_term(self.elaborator.constant(self._constructors(count=2)[0]))

    def _right(self, node: Node) -> None:
        self._apply_term(self.elaborator.constant(self._constructors(count=2)[1]))

    def _constructor(self, node: Node) -> None:
        names = self.elaborator.constructors(self.elaborator.reduce(self._main().type))
        functions = map(self.elaborator.constant, names)
        if not any(self._tries(lambda f=f: self._apply_term(f)) for f in functions):
            raise Mistake("constructor tactic failed")

    def _existsi(self, node: Node) -> None:
        for term in node.kids:
            goal = self._main()
            head, arguments = unapply(self.elaborator.reduce(goal.type))
            function = apply(Const(self._constructors(count=1)[0], levels_of(head)), *arguments)
            kind = self._pi(self.elaborator.infer(function)).type
            value, open_ = self._check(term, kind)
            self._apply_term(App(function, value), open_)

    def _exfalso(self, node: Node) -> None:
        new = self.elaborator.new_meta(Const("false"), self._main().context)
        self._absurd(new, [new])

    def _absurd(self, proof: Term, goals: Iterable[Meta] = ()) -> None:
        """Closes the main goal by a proof of false."""
        target = self._main().type
        level = self.elaborator.sort_of(target)
        self._close(apply(Const("false.elim", (level,)), target, proof), goals)

    def _contradiction(self, node: Node) -> None:
        if isinstance(self.elaborator.reduce(self._main().type), Pi):
            self._introduce("")
        context = self._main().context
        kinds = [(local, self.elaborator.reduce(local.type)) for local in context]
        for local, kind in kinds:
            if kind == Const("false"):
                return self._absurd(local)
        for local, kind in kinds:
            if isinstance(kind, Pi) and kind.body == Const("false"):
                for other in context:
                    if self._equal(other.type, kind.type):
                        return self._absurd(App(local, other))
                head, arguments = unapply(self.elaborator.reduce(kind.type))
                if head_name(head) == "eq" and self._equal(*arguments[1:]):
                    proof = apply(Const("eq.refl", levels_of(head)), *arguments[:2])
                    return self._absurd(App(local, proof))
        for local, kind in kinds:
            if (proof_of_false := self._clash(local, kind)) is not None:
                return self._absurd(proof_of_false)
        raise Mistake("contradiction tactic failed")

    def _clash(self, proof: Term, kind: Term) -> Term | None:
        """A proof of false from a proof of ``0 = succ n`` or ``succ n = 0``."""
        head, arguments = unapply(kind)
        if head_name(head) != "eq" or arguments[0] != Const("nat"):
            return None
        left, right = map(self.elaborator.reduce, arguments[1:])
        if left == Const("nat.zero"):
            proof = apply(Const("eq.symm", levels_of(head)), *arguments, proof)
            left, right = right, left
        if right != Const("nat.zero") or not isinstance(left, App):
            return None
        return apply(Const("nat.succ_ne_zero"), left.argument, proof)

    def _trivial(self, node: Node) -> None:
        ways = (lambda: self._apply_term(Const("trivial")), lambda: self._by_lemma("refl"))
        if not any(map(self._tries, ways)):
            self._contradiction(node)

    # -- equations -------------------------------------------------------------------------------

    def _rw(self, node: Node) -> None:
        for place in node.text.split()[::-1] or ["⊢"]:
            for rule in node.kids:
                self._rewrite_by(rule, place)
        self._try_refl(node)

    _rewrite = _rw

    def _try_refl(self, node: Node) -> None:
        """What Lean does after it has rewritten: `refl`, which computes numerals only."""
        target = self._main().type
        numerals = names(target) <= _NUMERALS and not any(isinstance(p, Local) for p in parts(target))
        self.elaborator.only_reducible = not numerals
        try:
            self._tries(lambda: self._refl(node))
        finally:
            self.elaborator.only_reducible = False

    def _rewrite_by(self, rule: Node, place: str) -> None:
        elaborator, goal = self.elaborator, self._main()
        hypothesis = next((x for x in reversed(goal.context) if x.name == place), None)
        if place != "⊢" and hypothesis is None:
            raise Mistake(f"there is no hypothesis `{place}`")
        proof, open_ = self._function(rule.kids[0])
        if hypothesis is not None and mentions(proof, hypothesis):
            return  # Lean does not rewrite a hypothesis by itself, and does not fail
        kind = elaborator.fill(elaborator.infer(proof))
        arguments = list[Meta]()
        while isinstance(kind := elaborator.reduce_core(kind), Pi):
            arguments.append(elaborator.new_meta(kind.type, goal.context))
            proof, kind = App(proof, arguments[-1]), instantiate(kind.body, arguments[-1])
        head, sides = unapply(kind)
        if head_name(head) == "iff":
            proof = apply(Const("propext"), *sides, proof)
            head, sides = Const("eq", (ONE,)), [PROP, *sides]
        if head_name(head) != "eq":
            raise Mistake("rewrite tactic failed, lemma is not an equality nor a iff", rule.start)
        back = apply(Const("eq.symm", levels_of(head)), *sides, proof)
        alpha, left, right = sides
        if rule.text:
            left, right, proof, back = right, left, back, proof
        subject = hypothesis.type if hypothesis is not None else goal.type
        body = self._pattern(subject, left)
        alpha, left, right, proof, back, body = map(
            elaborator.fill, (alpha, left, right, proof, back, body)
        )
        motive, new = Lam("x", alpha, body), instantiate(body, right)
        levels = *map(elaborator.fill_level, levels_of(head)), elaborator.sort_of(subject)
        recursor = Const("eq.rec", levels)
        more = [m for m in [*arguments, *open_] if m.number not in elaborator.solutions.values]
        if hypothesis is None:
            rest = elaborator.new_meta(new, goal.context, goal.tag)
            self._close(apply(recursor, alpha, right, motive, rest, left, back), [rest, *more])
            return
        if any(mentions(t, hypothesis) for t in (goal.type, *(x.type for x in goal.context))):
            raise Unknown(f"`rw` at `{place}`, on which others depend")
        changed = Local(fresh(), hypothesis.name, new)
        kept = *(x for x in goal.context if x != hypothesis), changed
        rest = elaborator.new_meta(goal.type, kept, goal.tag)
        moved = apply(recursor, alpha, left, motive, hypothesis, right, proof)
        self._close(App(bind(Lam, [changed], rest), moved), [rest, *more])

    def _pattern(self, subject: Term, pattern: Term) -> Term:
        """``subject`` with a loose variable for the instances of ``pattern``.

        The first instance, from the outside and from the left, decides what the pattern's metas
        are.
        """
        elaborator = self.elaborator
        head, arguments = unapply(elaborator.fill(pattern))
        if isinstance(head, Meta):
            raise Mistake("rewrite tactic failed, lemma lhs is a metavariable")

        def change(part: Term, depth: int) -> Term | None:
            there, others = unapply(part)
            if len(others) != len(arguments) or is_loose(part, depth):
                return None
            same = there == head or (head_name(there) and head_name(there) == head_name(head))
            return _MARKER if same and self._equal(part, pattern) else None

        elaborator.only_reducible = True
        try:
            marked = replace(elaborator.fill(subject), change)
        finally:
            elaborator.only_reducible = False
        if not mentions(marked, _MARKER):
            raise Mistake("rewrite tactic failed, did not find instance of the pattern")
        return abstract(marked, [_MARKER])

    def _subst(self, node: Node) -> None:
        context = self._main().context
        value = self.elaborator.term(node.kids[0], None, context)
        kinds = {x: unapply(self.elaborator.reduce_core(x.type)) for x in context}
        for equation, (head, arguments) in kinds.items():
            if head_name(head) == "eq" and (equation == value or value in arguments[1:]):
                variable = None if equation == value else value
                self._eliminate(equation, keep=False, variable=variable)
                return self._try_refl(node)
        raise Mistake("subst tactic failed, no equation and no variable in one", node.start)

    def _eliminate(self, equation: Local, *, keep: bool, variable: Term | None = None) -> None:
        """Puts the other side for a variable everywhere; ``keep`` leaves ``t = t`` behind."""
        goal = self._main()
        context = goal.context
        head, (alpha, left, right) = unapply(self.elaborator.reduce_core(equation.type))
        back = apply(Const("eq.symm", levels_of(head)), alpha, left, right, equation)
        ends: list[tuple[Term, Term, Term]] = [(left, right, equation), (right, left, back)]
        if keep and left in context and right in context:
            # `cases` removes what came later.
            ends.sort(key=lambda end: -context.index(end[1]))  # type: ignore[arg-type]
        for kept, gone, proof in ends:
            if gone in context and not mentions(kept, gone) and variable in (None, gone):
                break
        else:
            raise Mistake("the equation is not one for a variable")
        assert isinstance(gone, Local)
        dependents = self._dependents(gone, context)
        if any(mentions(t, equation) for t in (goal.type, *(x.type for x in context))):
            raise Unknown("equations that other statements depend on")
        if any(mentions(kept, x) for x in dependents):
            raise Mistake("the equation is not one for a variable")
        # The equation itself, where it is kept, is one of the premises of the motive.
        moved = [x for x in dependents if keep or x != equation]
        rest = [x for x in context if x != gone and x not in dependents]
        recursor = self._recursor("eq", head, [alpha, kept], gone, moved)
        self._recurse(recursor, moved, rest, [("", [], 0)], [gone, proof])

    # -- cases and induction ---------------------------------------------------------------------

    @staticmethod
    def _dependents(local: Term, context: Sequence[Local]) -> list[Local]:
        found: list[Local] = []
        for other in context:
            if mentions(other.type, local) or any(mentions(other.type, x) for x in found):
                found.append(other)
        return found

    def _recursor(
        self, name: str, head: Term, params: Sequence[Term], over: Local | None, moved: list[Local]
    ) -> Term:
        """A recursor with parameters and a motive for the main goal.

        The motive is about the local ``over``; the locals ``moved`` become its premises.
        """
        whole = bind(Pi, moved, self._main().type)
        motive = whole if over is None else Lam(over.name, over.type, abstract(whole, [over]))
        wanted = len(self.elaborator.environment.constants[f"{name}.rec"].params)
        levels = (*levels_of(head), self.elaborator.sort_of(whole))[:wanted]
        return apply(Const(f"{name}.rec", levels), *params, motive)

    def _recurse(
        self,
        function: Term,
        moved: list[Local],
        context: Sequence[Local],
        cases: Iterable[tuple[str, list[str], int]],
        end: Iterable[Term],
    ) -> None:
        """Closes the main goal by a recursor, applied to new goals, ``end`` and ``moved``.

        A case is a tag, the names of what its goal gets, and how many more it does not get.
        """
        goals = []
        for tag, shown, hidden in cases:
            kind: Term = self._pi(self.elaborator.infer(function)).type
            new = list[Local]()
            for name in [*shown, *[""] * hidden, *(local.name for local in moved)]:
                premise = self._pi(kind) if not isinstance(kind, Pi) else kind
                new.append(Local(fresh(), name, beta(*unapply(premise.type))))
                kind = beta(*unapply(instantiate(premise.body, new[-1])))
            seen = [local for local in new if local.name]
            goals.append(self.elaborator.new_meta(kind, (*context, *seen), tag))
            function = App(function, bind(Lam, new, goals[-1]))
        self._close(apply(function, *end, *moved), goals)

    def _cases(self, node: Node) -> None:
        goal, recursive = self._main(), node.kind == "induction"
        value, open_ = self._elaborate(
            lambda: self.elaborator.term(node.kids[0], None, goal.context)
        )
        kind = self.elaborator.reduce(self.elaborator.infer(value))
        head, params = unapply(kind)
        name = head_name(head)
        local = value if isinstance(value, Local) else None
        if open_ or (local is None and (recursive or name in ("nat", "eq"))):
            raise Unknown(f"`{node.kind}` of a term that is no variable", node.start)
        if local is not None and name == "eq" and not recursive:
            return self._cases_of_equation(local, kind)
        if name == "eq":
            raise Unknown(f"`{node.kind}` of an equation", node.start)
        constructors = self.elaborator.constructors(kind)
        if f"{name}.rec" not in self.elaborator.environment.constants:
            raise Mistake(f"{node.kind} tactic failed, it is not applicable", node.start)
        moved = self._dependents(value, goal.context)
        if name != "nat" and (moved or mentions(goal.type, value)) and local is not None:
            raise Unknown(f"`{node.kind}` of a proof that others depend on", node.start)
        given = node.text.split()
        rest = [x for x in goal.context if x != value and x not in moved]
        cases = []
        for constructor in constructors:
            several = len(constructors) > 1
            tag = ", ".join(filter(None, (goal.tag, constructor))) if several else ""
            asked, more = self._fields(constructor, len(params)), constructor == "nat.succ"
            asked += ["ih"] if recursive and more else []
            shown = []
            for field_name in asked:
                new = given.pop(0) if given else "_"
                if new == "_":
                    own = local.name if local is not None else ""
                    default = own if own and len(asked) == 1 else f"{own}_{field_name}".lstrip("_")
                    new = self._new_name(default, rest)
                shown.append(new)
            cases.append((tag, shown, int(more and not recursive)))
        recursor = self._recursor(name, head, params, local if name == "nat" else None, moved)
        return self._recurse(recursor, moved, rest, cases, [value])

    _induction = _cases

    def _fields(self, constructor: str, params: int) -> list[str]:
        kind, found = self.elaborator.environment.constants[constructor].type, list[str]()
        while isinstance(kind, Pi):
            found.append(kind.name)
            kind = kind.body
        return found[params:]

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
