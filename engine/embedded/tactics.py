"""Tactics, as Lean 3.51.1's: the names that they choose, the order of goals, when they fail.

Nothing here is trusted: the term that comes out is checked by the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from engine.embedded import terms as t
from engine.embedded.elaborate import Asked, Elaborator, new_name
from engine.embedded.kernel import KernelError, names
from engine.embedded.prelude import SORRY
from engine.embedded.syntax import Mistake, Node, Unknown, need, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_NUMERALS = words("eq nat nat.succ has_zero.zero has_one.one bit0 bit1 has_add.add has_mul.mul")
_MARKER = t.Local(0, "x", t.PROP)
"""Stands for the instances that are being rewritten."""


class HoleReachedError(Exception):
    """The place that was looked for has been met, with ``run``'s main goal, and no proof yet."""

    def __init__(self, run: Run) -> None:
        super().__init__("the site was reached")
        self.run = run


@dataclass(slots=True)
class Mark:
    """A place in the text that matters: a site, or the proof that has been put there.

    ``declaration`` is where the declaration around it starts. Without an ``end``, coming to it
    raises :class:`HoleReachedError`; otherwise ``goals`` collects what is proved there.
    """

    declaration: int
    start: int
    end: int | None = None
    goals: list[t.Meta] = field(default_factory=list)
    reached: int = -1

    def meets(self, run: Run, node: Node) -> None:
        """Called before each tactic, and each proof inside a term."""
        empty = node.kind in ("sorry", "admit") or (node.kind == "tactics" and not node.kids)
        if self.end is None and node.start == self.start and empty:
            raise HoleReachedError(run)
        inside = self.end is not None and self.start <= node.start < self.end
        if inside and self.reached in (-1, node.start):
            self.reached = node.start
            self.goals += run.goals[:1]


def _first(found: Iterator[t.Term], otherwise: str) -> t.Term:
    for term in found:
        return term
    raise Mistake(otherwise)


class Run(Elaborator):
    """Tactics at work: an elaborator with ``goals``, the main one first; ``mark`` is told of each.

    What is known and the goals together are the tactic state.
    """

    goals: Sequence[t.Meta] = ()
    mark: Mark | None = None

    def run(self, node: Node) -> None:
        """Runs one tactic, simple or composed."""
        self.tick()
        if self.mark is not None:
            self.mark.meets(self, node)
        self._run(node, node.kids)
        self._prune_goals()

    def _run(self, node: Node, kids: Sequence[Node]) -> None:
        match node.kind:
            case "tactics":
                for kid in kids:
                    self.run(kid)
            case "block":
                rest = self._focus()
                for kid in kids:
                    self.run(kid)
                need(not self.goals, "the goal in `{ }` has not been solved", node.start)
                self.goals = rest
            case "then":
                rest = self._focus()
                self.run(kids[0])
                self._each_goal(kids[1])
                self.goals = [*self.goals, *rest]
            case "orelse":
                if not self._tries(lambda: self.run(kids[0])):
                    self.run(kids[1])
            case "try":
                self._tries(lambda: self.run(kids[0]))
            case "all_goals" | "repeat":
                self._each_goal(kids[0], again=node.kind == "repeat")
            case "sorry" | "admit":
                self._close(self._make(SORRY, self._main().type))
            case "exact" | "refine":
                value, left = self._check(kids[0], self._main().type)
                closed = node.kind == "refine" or not left
                need(closed, "don't know how to synthesize placeholder", node.start)
                self._close(value, left)
            case "apply":
                self._apply_term(*self._function(kids[0]))
            case "intro":
                self._introduce(node.text)
            case "intros":
                for name in node.text.split():
                    self._introduce(name)
                while not node.text and isinstance(self._main().type, t.Pi):
                    self._introduce("")
            case "assumption":
                goal = self._main()
                fitting = (local for local in goal.context if self._is(local.type, goal.type))
                self._close(_first(fitting, "assumption tactic failed"))
            case "refl" | "reflexivity":
                self._by_lemma("refl")
            case "symmetry":
                self._by_lemma("symm")
            case "transitivity":
                self._transitivity(kids)
            case "split":
                self._apply_term(self._constructor(1, 0))
            case "left" | "right":
                self._apply_term(self._constructor(2, int(node.kind == "right")))
            case "constructor":
                found = self.constructors(self.reduce(self._main().type)) or {}
                ways = [partial(self._apply_term, self.constant(name)) for name in found]
                need(any(map(self._tries, ways)), "constructor tactic failed")
            case "existsi":
                for kid in kids:
                    head, arguments = t.unapply(self.reduce(self._main().type))
                    constructor = t.Const(self._constructor(1, 0).name, t.levels_of(head))
                    function = t.apply(constructor, *arguments)
                    value, left = self._check(kid, self._pi(self.infer(function)).type)
                    self._apply_term(t.App(function, value), left)
            case "exfalso":
                new = self.new_meta(t.Const("false"), self._main().context)
                self._absurd(new, [new])
            case "contradiction":
                self._contradiction()
            case "trivial":
                ways = [
                    partial(self._apply_term, t.Const("trivial")),
                    partial(self._by_lemma, "refl"),
                ]
                if not any(map(self._tries, ways)):
                    self._contradiction()
            case "rw" | "rewrite":
                for place in node.text.split()[::-1] or ["⊢"]:
                    for rule in kids:
                        self._rewrite_by(rule, place)
                self._try_refl()
            case "subst":
                self._subst(node)
            case "cases" | "induction":
                self._cases(node)

    def _make(self, name: str, *arguments: t.Term) -> t.Term:
        """The constant applied to explicit arguments; the implicit ones are found from these."""
        term: t.Term = self.constant(name)
        left, context = list(arguments), self._main().context
        while left:
            kind = self._pi(self.infer(term))
            argument = left.pop(0) if kind.info == "(" else self.new_meta(kind.type, context)
            need(self.equal(self.infer(argument), kind.type), f"`{name}` does not apply")
            term = t.App(term, argument)
        return self.fill(term)

    def _focus(self) -> Sequence[t.Meta]:
        """Puts all goals but the main one aside, and returns them."""
        need(self.goals, "there are no goals")
        rest, self.goals = self.goals[1:], self.goals[:1]
        return rest

    def run_tasks(self) -> None:
        """Runs the proofs by tactics that elaborated terms contain."""
        held = self.goals
        while self.tasks:
            (goal, node), *later = self.tasks
            self.tasks, self.goals = [], [goal]
            self.run(node)
            need(not self.goals, "the tactics leave goals open", node.start)
            self.tasks = later
        self.goals = held

    def _main(self) -> Asked:
        need(self.goals, "there are no goals")
        known = self.solutions.metas[self.goals[0].number]
        return Asked(self.fill(known.type), tuple(map(self.fill_local, known.context)), known.tag)

    def _close(self, value: t.Term, goals: Sequence[t.Meta] = ()) -> None:
        """Solves the main goal by ``value`` and puts ``goals`` in its place."""
        self.solutions.values[self.goals[0].number] = value
        self.goals = [*goals, *self.goals[1:]]
        self._prune_goals()

    def _prune_goals(self) -> None:
        values, left = self.solutions.values, list[t.Meta]()
        for goal in self.goals:
            # What became another meta is still to be shown.
            while isinstance(other := values.get(goal.number), t.Meta):
                goal = other
            if goal.number not in values and goal not in left:
                left.append(goal)
        self.goals = left

    def _tries(self, action: Callable[[], object]) -> bool:
        """Whether ``action`` succeeds; where it fails, all is as before.

        What the core does not know is no failure: Lean might succeed, and all that follows would
        be different.
        """
        before, goals = self.solutions.copy(), self.goals
        try:
            action()
        except Unknown:
            raise
        except (Mistake, KernelError):
            self.solutions, self.goals = before, goals
            return False
        return True

    def _is(self, one: t.Term, other: t.Term) -> bool:
        return self.attempt(lambda: self.equal(one, other))

    def _each_goal(self, node: Node, *, again: bool = False) -> None:
        """Runs a tactic on each goal; ``again``: as long as it succeeds, on what it leaves too."""
        todo, done = list(self.goals), list[t.Meta]()
        while todo:
            self.goals, todo = todo[:1], todo[1:]
            self._prune_goals()
            if self.goals and again and self._tries(lambda: self.run(node)):
                todo, self.goals = [*self.goals, *todo], []
            elif self.goals and not again:
                self.run(node)
            done += self.goals
        self.goals = done

    def _elaborate(self, action: Callable[[], t.Term]) -> tuple[t.Term, list[t.Meta]]:
        """Runs the elaborator: the term, and the metas in it that are new and unsolved."""
        before, self.tasks = set(self.solutions.metas), []
        term = action()
        self.run_tasks()
        term = self.fill(term)
        return term, [meta for meta in self.open_metas(term) if meta.number not in before]

    def _check(self, node: Node, kind: t.Term) -> tuple[t.Term, list[t.Meta]]:
        return self._elaborate(lambda: self.check(node, kind, self._main().context))

    def _function(self, node: Node) -> tuple[t.Term, list[t.Meta]]:
        """Elaborates what ``apply`` is given, without arguments for a name that stands alone."""
        context = self._main().context
        need(node.kind != "hole", "`_` cannot be applied", node.start)
        if node.kind == "name":
            function, fields = self.resolve(node, context)
            if not fields:
                return function, []
        return self._elaborate(lambda: self.term(node, None, context))

    def _apply_term(self, function: t.Term, more: Sequence[t.Meta] = ()) -> list[t.Meta]:
        """Closes the main goal by ``function`` and as many arguments as it takes.

        The goals are the arguments that are left, those first that no other depends on, and
        ``more``. Returned are the former.
        """
        goal = self._main()
        most = self._arity(self.infer(function))
        for count in range(max(0, most - self._arity(goal.type)), most + 1):
            before = self.solutions.copy()
            value, kind, new = function, self.infer(function), list[t.Meta]()
            for _ in range(count):
                value, kind, meta = self._apply_to_meta(value, kind, goal)
                new.append(meta)
            if self.equal(kind, goal.type):
                value = self.fill(value)
                still = self.open_metas(value)
                left = [meta for meta in new if meta in still]
                used = {m for meta in left for m in self.open_metas(self.fill(self.infer(meta)))}
                first = [meta for meta in left if meta not in used]
                self._close(value, [*first, *(meta for meta in left if meta in used), *more])
                return first
            self.solutions = before
        raise Mistake("the target and the type of the term do not agree")

    def _apply_to_meta(
        self, function: t.Term, kind: t.Term, goal: Asked
    ) -> tuple[t.Term, t.Term, t.Meta]:
        pi = self._pi(kind)
        meta = self.new_meta(pi.type, goal.context)
        return t.App(function, meta), t.instantiate(pi.body, meta), meta

    def _pi(self, kind: t.Term) -> t.Pi:
        kind = kind if isinstance(kind, t.Pi) else self.reduce(kind)
        if not isinstance(kind, t.Pi):
            raise Mistake("a function expected")
        return t.Pi(kind.name, t.beta(*t.unapply(kind.type)), kind.body, kind.info)

    def _arity(self, kind: t.Term) -> int:
        count = 0
        while isinstance(kind := self.reduce(kind), t.Pi):
            kind = t.instantiate(kind.body, t.Local(t.fresh(), kind.name, kind.type))
            count += 1
        return count

    def _introduce(self, name: str) -> None:
        goal = self._main()
        target = self.reduce_core(goal.type)
        target = target if isinstance(target, t.Pi) else self.reduce(target)
        if not isinstance(target, t.Pi):
            raise Mistake("intro tactic failed, Pi/let expression expected")
        name = new_name(target.name, {x.name for x in goal.context}) if name in ("", "_") else name
        local = t.Local(t.fresh(), name, target.type)
        inner = t.instantiate(target.body, local)
        new = self.new_meta(inner, (*goal.context, local), goal.tag)
        self._close(t.bind(t.Lam, [local], new), [new])

    def _by_lemma(self, suffix: str) -> list[t.Meta]:
        """Applies the lemma that the relation in the target has by this name."""
        name = t.head_name(self.reduce_core(self._main().type))
        need(name in ("eq", "iff"), "the target is not a relation application")
        return self._apply_term(self.constant(f"{name}.{suffix}"))

    def _transitivity(self, kids: Sequence[Node]) -> None:
        rest, more = self.goals[1:], list[t.Meta]()
        first, second = self._by_lemma("trans")
        if kids:
            left, middle = t.unapply(self.infer(first))[1][-2:]
            self.goals = [first]
            value, more = self._check(kids[0], self.infer(left))
            self._is(middle, value)
        self.goals = [first, second, *more, *rest]

    def _constructor(self, count: int, place: int) -> t.Const:
        found = list(self.constructors(self.reduce(self._main().type)) or {})
        need(len(found) == count, f"the target has no type with {count} constructor(s)")
        return self.constant(found[place])

    def _absurd(self, proof: t.Term, goals: Sequence[t.Meta] = ()) -> None:
        """Closes the main goal by a proof of false."""
        value = self._make("false.elim", proof)
        self.equal(self.infer(value), self._main().type)
        self._close(self.fill(value), goals)

    def _contradiction(self) -> None:
        if isinstance(self.reduce(self._main().type), t.Pi):
            self._introduce("")
        found = self._proofs_of_false(self._main().context)
        self._absurd(_first(found, "contradiction tactic failed"))

    def _proofs_of_false(self, context: Sequence[t.Local]) -> Iterator[t.Term]:
        kinds = [(local, self.reduce(local.type)) for local in context]
        yield from (local for local, kind in kinds if kind == t.Const("false"))
        for local, kind in kinds:
            if isinstance(kind, t.Pi) and kind.body == t.Const("false"):
                yield from (t.App(local, x) for x in context if self._is(x.type, kind.type))
                head, arguments = t.unapply(self.reduce(kind.type))
                if t.head_name(head) == "eq" and self._is(*arguments[1:]):
                    yield t.App(local, self._make("eq.refl", arguments[1]))
        yield from (clash for local, kind in kinds if (clash := self._clash(local, kind)))

    def _clash(self, proof: t.Term, kind: t.Term) -> t.Term | None:
        """A proof of false from a proof of ``0 = succ n`` or ``succ n = 0``."""
        head, arguments = t.unapply(kind)
        if t.head_name(head) != "eq" or arguments[0] != t.Const("nat"):
            return None
        left, right = map(self.reduce, arguments[1:])
        if left == t.Const("nat.zero"):
            left, right, proof = right, left, self._make("eq.symm", proof)
        if right != t.Const("nat.zero") or not isinstance(left, t.App):
            return None
        return self._make("nat.succ_ne_zero", left.argument, proof)

    def _try_refl(self) -> None:
        """What Lean does after it has rewritten: `refl`, which computes numerals only."""
        target = self._main().type
        closed = not any(isinstance(part, t.Local) for part in t.parts(target))
        self.only_reducible = not (closed and names(target) <= _NUMERALS)
        try:
            self._tries(lambda: self._by_lemma("refl"))
        finally:
            self.only_reducible = False

    def _rewrite_by(self, rule: Node, place: str) -> None:
        goal = self._main()
        here = next((x for x in reversed(goal.context) if x.name == place), None)
        need(place == "⊢" or here, f"there is no hypothesis `{place}`")
        proof, inside = self._function(rule.kids[0])
        if here is not None and t.mentions(proof, here):
            return  # Lean does not rewrite a hypothesis by itself, and does not fail
        kind, arguments = self.reduce_core(self.fill(self.infer(proof))), list[t.Meta]()
        while isinstance(kind, t.Pi):
            proof, kind, meta = self._apply_to_meta(proof, kind, goal)
            arguments, kind = [*arguments, meta], self.reduce_core(kind)
        head, sides = t.unapply(kind)
        if t.head_name(head) == "iff":
            proof = self._make("propext", proof)
            head, sides = t.unapply(self.infer(proof))
        need(t.head_name(head) == "eq", "rewrite tactic failed, lemma is no equality", rule.start)
        (alpha, left, right), back = sides, self._make("eq.symm", proof)
        if rule.text:
            left, right, proof, back = right, left, back, proof
        subject = here.type if here is not None else goal.type
        body = self._instances(subject, left)
        new = self.fill(t.instantiate(body, right))
        recursor = t.Const("eq.rec", (*t.levels_of(head), self.sort_of(subject)))
        motive = t.Lam("x", alpha, body)
        if here is None:
            rest = self.new_meta(new, goal.context, goal.tag)
            value = t.apply(recursor, alpha, right, motive, rest, left, back)
        else:
            kinds = [goal.type, *(x.type for x in goal.context)]
            if any(t.mentions(kind, here) for kind in kinds):
                raise Unknown(f"`rw` at `{place}`, on which others depend")
            changed = t.Local(t.fresh(), here.name, new)
            kept = (*(x for x in goal.context if x != here), changed)
            rest = self.new_meta(goal.type, kept, goal.tag)
            moved = t.apply(recursor, alpha, left, motive, here, right, proof)
            value = t.App(t.bind(t.Lam, [changed], rest), moved)
        self._close(self.fill(value), [rest, *arguments, *inside])

    def _instances(self, subject: t.Term, pattern: t.Term) -> t.Term:
        """``subject`` with a loose variable for the instances of ``pattern``.

        The first instance, from the outside and from the left, decides what the pattern's metas
        are.
        """
        head, arguments = t.unapply(self.fill(pattern))
        need(not isinstance(head, t.Meta), "rewrite tactic failed, lemma lhs is a metavariable")

        def change(part: t.Term, depth: int) -> t.Term | None:
            there, others = t.unapply(part)
            if len(others) != len(arguments) or t.is_loose(part, depth):
                return None
            same = there == head or (t.head_name(there) and t.head_name(there) == t.head_name(head))
            return _MARKER if same and self._is(part, pattern) else None

        self.only_reducible = True
        try:
            marked = t.replace(self.fill(subject), change)
        finally:
            self.only_reducible = False
        need(t.mentions(marked, _MARKER), "rewrite tactic failed, did not find the pattern")
        return t.abstract(marked, [_MARKER])

    def _subst(self, node: Node) -> None:
        context = self._main().context
        value = self.term(node.kids[0], None, context)
        for equation in context:
            head, arguments = t.unapply(self.reduce_core(equation.type))
            if t.head_name(head) == "eq" and value in (equation, *arguments[1:]):
                self._eliminate(equation, variable=None if equation == value else value)
                return self._try_refl() if self.goals else None
        raise Mistake("subst tactic failed, no equation and no variable in one", node.start)

    def _eliminate(
        self, equation: t.Local, *, keep: bool = False, variable: t.Term | None = None
    ) -> None:
        """Puts the other side for a variable everywhere; ``keep`` leaves ``t = t`` behind."""
        goal = self._main()
        head, (alpha, left, right) = t.unapply(self.reduce_core(equation.type))
        back = self._make("eq.symm", equation)
        ends: list[tuple[t.Term, t.Term, t.Term]] = [(left, right, equation), (right, left, back)]
        places = {local: place for place, local in enumerate(goal.context)}
        if keep and left in places and right in places and places[left] > places[right]:
            ends.reverse()  # `cases` removes what came later
        for kept, gone, proof in ends:  # noqa: B007 - used after the loop
            free = gone in places and not t.mentions(kept, gone)
            if free and isinstance(gone, t.Local) and variable in (None, gone):
                break
        else:
            raise Mistake("the equation is not one for a variable")
        dependents = self._dependents(gone, goal.context)
        if any(t.mentions(kind, equation) for kind in (goal.type, *(x.type for x in goal.context))):
            raise Unknown("equations that other statements depend on")
        free = not any(t.mentions(kept, x) for x in dependents)
        need(free, "the equation is not one for a variable")
        # The equation itself, where it is kept, is one of the premises of the motive.
        moved = [x for x in dependents if keep or x != equation]
        rest = [x for x in goal.context if x != gone and x not in dependents]
        self._recurse_on("eq", head, [alpha, kept], gone, moved, rest, [("", [], 0)], [gone, proof])

    @staticmethod
    def _dependents(local: t.Term, context: Sequence[t.Local]) -> list[t.Local]:
        found: list[t.Local] = []
        for other in context:
            if any(t.mentions(other.type, x) for x in (local, *found)):
                found.append(other)
        return found

    def _recurse_on(
        self,
        name: str,
        head: t.Term,
        params: Sequence[t.Term],
        over: t.Local | None,
        moved: Sequence[t.Local],
        context: Sequence[t.Local],
        cases: Iterable[tuple[str, list[str], int]],
        end: Sequence[t.Term],
    ) -> None:
        """Closes the main goal by the recursor of a type, applied to ``end`` and ``moved``.

        The motive is about the local ``over``; the locals ``moved`` are its premises. A case has a
        tag, the names of what its goal gets, and how many more arguments that does not get.
        """
        whole = t.bind(t.Pi, moved, self._main().type)
        motive = whole if over is None else t.Lam(over.name, over.type, t.abstract(whole, [over]))
        wanted = len(self.environment.constants[f"{name}.rec"].params)
        levels = (*t.levels_of(head), self.sort_of(whole))[:wanted]
        function, goals = t.apply(t.Const(f"{name}.rec", levels), *params, motive), list[t.Meta]()
        for tag, shown, hidden in cases:
            kind: t.Term = self._pi(self.infer(function)).type
            new = list[t.Local]()
            for asked in [*shown, *[""] * hidden, *(local.name for local in moved)]:
                premise = self._pi(kind)
                new.append(t.Local(t.fresh(), asked, premise.type))
                kind = t.beta(*t.unapply(t.instantiate(premise.body, new[-1])))
            goals.append(self.new_meta(kind, (*context, *(x for x in new if x.name)), tag))
            function = t.App(function, t.bind(t.Lam, new, goals[-1]))
        self._close(t.apply(function, *end, *moved), goals)

    def _cases(self, node: Node) -> None:
        goal, recursive = self._main(), node.kind == "induction"
        value, left = self._elaborate(lambda: self.term(node.kids[0], None, goal.context))
        kind = self.reduce(self.infer(value))
        head, params = t.unapply(kind)
        name, constructors = t.head_name(head), self.constructors(kind)
        local = value if isinstance(value, t.Local) else None
        if left or (local is None and (recursive or name in ("nat", "eq"))):
            raise Unknown(f"`{node.kind}` of a term that is no variable", node.start)
        if local is not None and self.open_metas(goal.type):
            raise Unknown(f"`{node.kind}` where the goal has metavariables", node.start)
        if name == "eq" and local is not None:
            return self._cases_of_equation(local, kind, node)
        if constructors is None:
            raise Mistake(f"{node.kind} tactic failed, it is not applicable", node.start)
        moved = self._dependents(value, goal.context)
        if name != "nat" and local is not None and (moved or t.mentions(goal.type, local)):
            raise Unknown(f"`{node.kind}` of a proof that others depend on", node.start)
        given, own, cases = node.text.split(), local.name if local is not None else "", []
        rest = [x for x in goal.context if x != value and x not in moved]
        for constructor in constructors:
            tag = ", ".join(filter(None, (goal.tag, constructor))) if len(constructors) > 1 else ""
            has_premise = constructor == "nat.succ"
            asked = self._fields(constructor, len(params)) + ["ih"] * (has_premise and recursive)
            shown = []
            for wanted in asked:
                chosen = given.pop(0) if given else "_"
                default = own if own and len(asked) == 1 else f"{own}_{wanted}".lstrip("_")
                shown.append(new_name(default, {x.name for x in rest}) if chosen == "_" else chosen)
            cases.append((tag, shown, int(has_premise and not recursive)))
        over = local if name == "nat" else None
        return self._recurse_on(name, head, params, over, moved, rest, cases, [value])

    def _fields(self, constructor: str, params: int) -> list[str]:
        kind, found = self.environment.constants[constructor].type, list[str]()
        while isinstance(kind, t.Pi):
            found.append(kind.name)
            kind = kind.body
        return found[params:]

    def _cases_of_equation(self, equation: t.Local, kind: t.Term, node: Node) -> None:
        clash = self._clash(equation, kind) if node.kind == "cases" else None
        if clash is not None:
            return self._absurd(clash)
        sides = t.unapply(kind)[1][1:]
        # Lean shows the other side as far as it has computed it.
        computed = any(t.head_name(x) in ("bit0", "bit1", "has_add.add") for x in sides)
        one = sides[0] != sides[1] and any(isinstance(side, t.Local) for side in sides)
        if node.kind != "cases" or computed or not one:
            raise Unknown(
                f"`{node.kind}` of an equation that is not one for a variable", node.start
            )
        return self._eliminate(equation, keep=True)
