"""Tactics, as Lean 3.51.1's: the names that they choose, the order of goals, when they fail.

Nothing here is trusted: the term that comes out is checked by the kernel.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.embedded import terms as t
from engine.embedded.elaborate import Context, Elaborator, new_name
from engine.embedded.kernel import names
from engine.embedded.prelude import RECURSORS, SORRY
from engine.embedded.syntax import Mistake, Node, Unknown, need
from engine.source.vocabulary import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_NUMERALS = words("eq nat nat.succ has_zero.zero has_one.one bit0 bit1 has_add.add has_mul.mul")
_MARKER = t.Local(0, "x", t.PROP)
"""Stands for the instances that are being rewritten."""


class HoleReachedError(Exception):
    """The site has been met, with ``run``'s main goal, and no proof yet."""

    def __init__(self, run: Run) -> None:
        super().__init__("the site was reached")
        self.run = run


class Run(Elaborator):
    """Tactics at work, until they come to ``site``."""

    site: int | None = None

    def run(self, node: Node) -> None:
        """Runs one tactic, simple or composed; :class:`HoleReachedError` at the site."""
        self.tick()
        empty = node.kind in ("sorry", "admit") or (node.kind == "tactics" and not node.kids)
        if empty and node.start == self.site:
            raise HoleReachedError(self)
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
            case ";":
                rest = self._focus()
                self.run(kids[0])
                self._each_goal(kids[1])
                self.goals = [*self.goals, *rest]
            case "<|>":
                if not self.attempt(partial(self.run, kids[0])):
                    self.run(kids[1])
            case "try":
                self.attempt(partial(self.run, kids[0]))
            case "all_goals" | "repeat":
                self._each_goal(kids[0], again=node.kind == "repeat")
            case "sorry" | "admit":
                self._close(self._make(SORRY, self._main().type))
            case "exact" | "refine":
                value, left = self._elaborate(kids[0], self._main().type)
                closed = node.kind == "refine" or not left
                need(closed, "don't know how to synthesize placeholder", node.start)
                self._close(value, left)
            case "apply":
                self._apply_term(*self._function(kids[0]))
            case "intro" | "intros":
                given, every = node.text.split(), node.kind == "intros"
                need(every or len(given) < 2, "`intro` takes one name", node.start)
                for name in given if every else given or [""]:
                    self._introduce(name)
                while every and not given and isinstance(self._main().type, t.Pi):
                    self._introduce("")
            case "assumption":
                goal = self._main()
                for local in goal.context:
                    if self._is(local.type, goal.type):
                        return self._close(local)
                raise Mistake("assumption tactic failed", node.start)
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
            case "existsi":
                for kid in kids:
                    pair = Node("anonymous", kid.start, "", (kid, Node("hole", kid.start)))
                    rest = self._focus()
                    self.run(Node("refine", kid.start, "", (pair,)))
                    self.goals = [*self.goals[-1:], *self.goals[:-1], *rest]
            case "exfalso":
                new = self.new_meta(t.Const("false"), self._main().context)
                self._absurd(lambda: new, [new])
            case "contradiction":
                self._contradiction()
            case "trivial":
                true = partial(self._apply_term, t.Const("trivial"))
                if not (self.attempt(true) or self.attempt(partial(self._by_lemma, "refl"))):
                    self._contradiction()
            case "rw" | "rewrite":
                for place in node.text.split()[::-1] or ["⊢"]:
                    for rule in kids:
                        self._rewrite(rule, place)
                self._try_refl()
            case "subst":
                self._subst(kids[0])
            case "cases" | "induction":
                self._cases(node)
        return None

    def _main(self) -> t.Asked:
        need(self.goals, "there are no goals")
        asked = self.goals[0].asked
        context = tuple(map(self.fill_local, asked.context))
        return t.Asked(self.fill(asked.type), context, asked.tag)

    def _focus(self) -> Sequence[t.Meta]:
        """Puts all goals but the main one aside, and returns them."""
        need(self.goals, "there are no goals")
        rest, self.goals = self.goals[1:], self.goals[:1]
        return rest

    def _close(self, value: t.Term, goals: Sequence[t.Meta] = ()) -> None:
        """Solves the main goal by ``value`` and puts ``goals`` in its place."""
        self.values[self.goals[0].number] = self.fill(value)
        self.goals = [*goals, *self.goals[1:]]
        self._prune_goals()

    def _prune_goals(self) -> None:
        left = list[t.Meta]()
        for goal in self.goals:
            # What became another meta is still to be shown.
            while isinstance(other := self.values.get(goal.number), t.Meta):
                goal = other
            if goal.number not in self.values and goal not in left:
                left.append(goal)
        self.goals = left

    def _is(self, one: t.Term, other: t.Term) -> bool:
        return self.attempt(partial(self.equal, one, other))

    def _each_goal(self, node: Node, *, again: bool = False) -> None:
        """Runs a tactic on each goal; ``again``: as long as it succeeds, on what it leaves too."""
        todo, done = list(self.goals), list[t.Meta]()
        while todo:
            self.goals, todo = todo[:1], todo[1:]
            self._prune_goals()
            if self.goals and again and self.attempt(partial(self.run, node)):
                todo, self.goals = [*self.goals, *todo], []
            elif self.goals and not again:
                self.run(node)
            done += self.goals
        self.goals = done

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

    def _elaborate(self, node: Node, kind: t.Term | None = None) -> tuple[t.Term, list[t.Meta]]:
        """The term, of a type that may be given, and the metas in it that are new and unsolved."""
        context, before, self.tasks = self._main().context, t.fresh(), []
        term = self.check(node, kind, context) if kind else self.term(node, None, context)
        self.run_tasks()
        term = self.fill(term)
        return term, [meta for meta in self.open_metas(term) if meta.number > before]

    def _function(self, node: Node) -> tuple[t.Term, list[t.Meta]]:
        """Elaborates what ``apply`` is given, without arguments for a name that stands alone."""
        need(node.kind != "hole", "`_` cannot be applied", node.start)
        if node.kind == "name":
            function, fields = self.resolve(node, self._main().context)
            if not fields:
                return function, []
        return self._elaborate(node)

    def _make(self, name: str, *arguments: t.Term) -> t.Term:
        """The constant applied to explicit arguments; the implicit ones are found from these."""
        return self.call(self.constant(name), arguments, None, self._main().context)

    def _pi(self, kind: t.Term) -> t.Pi:
        kind = kind if isinstance(kind, t.Pi) else self.reduce(kind)
        if not isinstance(kind, t.Pi):
            raise Mistake("a function expected")
        return t.Pi(kind.name, t.beta(*t.unapply(kind.type)), kind.body, kind.info)

    def _arity(self, kind: t.Term) -> int:
        kind = self.reduce(kind)
        return 1 + self._arity(t.open_body(kind)[1]) if isinstance(kind, t.Pi) else 0

    def _with_metas(self, function: t.Term, count: int) -> tuple[t.Term, t.Term, list[t.Meta]]:
        """``function`` applied to so many new metas, the type of that, and the metas."""
        context, kind, new = self._main().context, self.infer(function), list[t.Meta]()
        for _ in range(count):
            pi = self._pi(kind)
            new.append(self.new_meta(pi.type, context))
            function, kind = t.App(function, new[-1]), t.instantiate(pi.body, new[-1])
        return function, kind, new

    def _apply_term(self, function: t.Term, more: Sequence[t.Meta] = ()) -> None:
        """Closes the main goal by ``function`` and as many arguments as it takes.

        The goals are the arguments that are left, those first that no other depends on, and
        ``more``.
        """
        goal = self._main()
        most = self._arity(self.infer(function))
        for count in range(max(0, most - self._arity(goal.type)), most + 1):
            value, kind, new = self._with_metas(function, count)
            if self._is(kind, goal.type):
                value = self.fill(value)
                left = [meta for meta in new if meta in self.open_metas(value)]
                used = {m for meta in left for m in self.open_metas(self.fill(self.infer(meta)))}
                return self._close(value, [*sorted(left, key=used.__contains__), *more])
        raise Mistake("the target and the type of the term do not agree")

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

    def _by_lemma(self, suffix: str) -> None:
        """Applies the lemma that the relation in the target has by this name."""
        name = t.head_name(self.reduce_core(self._main().type))
        need(name in ("eq", "iff"), "the target is not a relation application")
        self._apply_term(self.constant(f"{name}.{suffix}"))

    def _constructor(self, count: int, place: int) -> t.Const:
        found = list(self.constructors(self.reduce(self._main().type)) or {})
        need(len(found) == count, f"the target has no type with {count} constructor(s)")
        return self.constant(found[place])

    def _transitivity(self, middle: Sequence[Node]) -> None:
        rest, more = self.goals[1:], list[t.Meta]()
        self._by_lemma("trans")
        first, second = self.goals[:2]
        if middle:
            self.goals = [first]
            left, wanted = t.unapply(self._main().type)[1][-2:]
            value, more = self._elaborate(middle[0], self.infer(left))
            self._is(wanted, value)
        self.goals = [first, second, *more, *rest]

    def _absurd(self, proof: Callable[[], t.Term], goals: Sequence[t.Meta] = ()) -> None:
        """Closes the main goal by a proof of false."""
        goal, function = self._main(), self.constant("false.elim")
        self._close(self.call(function, [proof()], goal.type, goal.context), goals)

    def _contradiction(self) -> None:
        if isinstance(self.reduce(self._main().type), t.Pi):
            self._introduce("")
        context = self._main().context
        ways = (way for local in context for way in self._clashes(local, context))
        found = any(self.attempt(partial(self._absurd, way)) for way in ways)
        need(found, "contradiction tactic failed")

    def _clashes(self, local: t.Local, context: Context) -> Iterator[Callable[[], t.Term]]:
        """Ways to make a proof of false of ``local``, of which each may fail."""
        kind = self.reduce(local.type)
        yield lambda: local
        if isinstance(kind, t.Pi) and kind.body == t.Const("false"):
            yield from (partial(t.App, local, x) for x in context if self._is(x.type, kind.type))
            yield lambda: self._make("ne.irrefl", local)
        if t.head_name(kind) == "eq":
            number = self.new_meta(t.Const("nat"), context)
            yield lambda: self._make("nat.succ_ne_zero", number, local)
            yield lambda: self._make("nat.succ_ne_zero", number, self._make("eq.symm", local))

    def _try_refl(self) -> None:
        """What Lean does after it has rewritten: `refl`, which computes numerals only."""
        target = self._main().type
        closed = not any(isinstance(part, t.Local) for part in t.parts(target))
        self.only_reducible = not (closed and names(target) <= _NUMERALS)
        self.attempt(partial(self._by_lemma, "refl"))
        self.only_reducible = False

    def _rewrite(self, rule: Node, place: str) -> None:
        goal = self._main()
        here = next((x for x in reversed(goal.context) if x.name == place), None)
        need(place == "⊢" or here, f"there is no hypothesis `{place}`")
        proof, inside = self._function(rule.kids[0])
        if here is not None and t.mentions(proof, here):
            return  # Lean does not rewrite a hypothesis by itself, and does not fail
        proof, kind, arguments = self._with_metas(proof, self._arity(self.infer(proof)))
        if t.head_name(self.reduce_core(kind)) == "iff":
            proof = self._make("propext", proof)
        if rule.text:
            proof = self._make("eq.symm", proof)
        head, sides = t.unapply(self.reduce_core(self.fill(self.infer(proof))))
        need(t.head_name(head) == "eq", "rewrite tactic failed, lemma is no equality", rule.start)
        (alpha, left, right), back = sides, self._make("eq.symm", proof)
        subject = here.type if here is not None else goal.type
        body = self._instances(subject, left)
        new = self.fill(t.instantiate(body, right))
        recursor = t.Const("eq.rec", (*t.levels_of(head), self.sort_of(subject)))
        motive = t.Lam("x", alpha, body)
        if here is None:
            rest = self.new_meta(new, goal.context, goal.tag)
            value = t.apply(recursor, alpha, right, motive, rest, left, back)
        else:
            _refuse_dependents(here, goal)
            changed = t.Local(t.fresh(), here.name, new)
            kept = (*(x for x in goal.context if x != here), changed)
            rest = self.new_meta(goal.type, kept, goal.tag)
            moved = t.apply(recursor, alpha, left, motive, here, right, proof)
            value = t.App(t.bind(t.Lam, [changed], rest), moved)
        self._close(value, [rest, *arguments, *inside])

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
        goal = self._main()
        value = self.term(node, None, goal.context)
        for equation in goal.context:
            head, sides = t.unapply(self.reduce_core(equation.type))
            if t.head_name(head) != "eq" or value not in (equation, *sides[1:]):
                continue
            _refuse_dependents(equation, goal)
            for proof in (equation, self._make("eq.symm", equation)):
                kept, gone = t.unapply(self.reduce_core(self.infer(proof)))[1][1:]
                moved = [x for x in _dependents(gone, goal.context) if x != equation]
                free = not any(t.mentions(kept, x) for x in (gone, *moved))
                if isinstance(gone, t.Local) and value in (equation, gone) and free:
                    rest = [x for x in goal.context if x not in (gone, equation, *moved)]
                    self._eliminate(proof, gone, moved, rest, [("", (), 0)])
                    return self._try_refl() if self.goals else None
        raise Mistake("subst tactic failed, no equation and no variable in one", node.start)

    def _eliminate(
        self,
        value: t.Term,
        over: t.Term | None,
        moved: Sequence[t.Local],
        context: Sequence[t.Local],
        cases: Iterable[tuple[str, Sequence[str], int]],
    ) -> None:
        """Closes the main goal by the recursor that the type of ``value`` has.

        The motive is about the local ``over``; the locals ``moved`` are its premises. A case has a
        tag, the names of what its goal gets, and how many more arguments that does not get.
        """
        head, arguments = t.unapply(self.fill(self.reduce(self.infer(value))))
        name = f"{t.head_name(head)}.rec"
        count, wanted = RECURSORS[name].params, len(self.environment.constants[name].params)
        motive = whole = t.bind(t.Pi, moved, self._main().type)
        if isinstance(over, t.Local):
            motive = t.bind(t.Lam, [over], whole)
        levels = (*t.levels_of(head), self.sort_of(whole))[:wanted]
        function, goals = t.apply(t.Const(name, levels), *arguments[:count], motive), list[t.Meta]()
        for tag, shown, hidden in cases:
            kind: t.Term = self._pi(self.infer(function)).type
            new = list[t.Local]()
            for asked in [*shown, *[""] * hidden, *(local.name for local in moved)]:
                premise = self._pi(kind)
                new.append(t.Local(t.fresh(), asked, premise.type))
                kind = t.beta(*t.unapply(t.instantiate(premise.body, new[-1])))
            goals.append(self.new_meta(kind, (*context, *(x for x in new if x.name)), tag))
            function = t.App(function, t.bind(t.Lam, new, goals[-1]))
        self._close(t.apply(function, *arguments[count:], value, *moved), goals)

    def _cases(self, node: Node) -> None:
        goal, recursive = self._main(), node.kind == "induction"
        value, left = self._elaborate(node.kids[0])
        head, params = t.unapply(self.reduce(self.infer(value)))
        name, constructors = t.head_name(head), self.constructors(head)
        if constructors is None:
            raise Mistake(f"{node.kind} tactic failed, it is not applicable", node.start)
        over = value if name == "nat" else None
        moved = _dependents(value, goal.context)
        if isinstance(value, t.Local):
            depends = moved or t.mentions(goal.type, value)
            beyond = bool(self.open_metas(goal.type) or (depends and not over))
        else:
            beyond = bool(recursive or left or over)
        if beyond or name == "eq":
            raise Unknown(f"`{node.kind}` of such a term", node.start)
        given, own, cases = node.text.split(), value.name if isinstance(value, t.Local) else "", []
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
        self._eliminate(value, over, moved, rest, cases)

    def _fields(self, constructor: str, params: int) -> list[str]:
        kind, found = self.environment.constants[constructor].type, list[str]()
        while isinstance(kind, t.Pi):
            found.append(kind.name)
            kind = kind.body
        return found[params:]


def _dependents(local: t.Term, context: Sequence[t.Local]) -> list[t.Local]:
    found: list[t.Local] = []
    for other in context:
        if any(t.mentions(other.type, x) for x in (local, *found)):
            found.append(other)
    return found


def _refuse_dependents(local: t.Local, goal: t.Asked) -> None:
    if t.mentions(goal.type, local) or _dependents(local, goal.context):
        raise Unknown(f"changes of `{local.name}`, on which others depend")
