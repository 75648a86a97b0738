"""Terms and goals as Lean 3.51.1 prints them, on one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.embedded.kernel import KernelError
from engine.embedded.terms import (
    ONE,
    ZERO,
    App,
    Const,
    Lam,
    Let,
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
    Zero,
    fresh,
    head_name,
    instantiate,
    is_loose,
    parts,
    simplify,
    unapply,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.embedded.elaborate import Elaborator

_MAX = 1024
_INFIX = {  # the left operand must bind at least so tightly, the right one more than the second
    "iff": ("↔", 20, 20), "or": ("∨", 30, 29), "and": ("∧", 35, 34), "eq": ("=", 50, 50),
    "ne": ("≠", 50, 50), "has_add.add": ("+", 65, 65), "has_mul.mul": ("*", 70, 70),
}  # fmt: skip
_ARROW = 25


class _Text(NamedTuple):
    """A printed term, and how tightly it binds to what stands left and right of it."""

    text: str
    left: int = _MAX
    right: int = _MAX


class Printer:
    """Prints terms and goals; metas are numbered as they come up."""

    def __init__(self, unifier: Elaborator) -> None:
        self._unifier = unifier
        self._metas: dict[int, int] = {}

    def goals(self, goals: Sequence[Meta]) -> str:
        """A whole tactic state."""
        if not goals:
            return "no goals"
        shown = "\n\n".join(self._goal(goal) for goal in goals)
        return shown if len(goals) == 1 else f"{len(goals)} goals\n{shown}"

    def _goal(self, goal: Meta) -> str:
        self._metas = {}  # Lean numbers the metas of each goal anew
        known = self._unifier.solutions.metas[goal.number]
        groups: list[tuple[list[str], Term]] = []
        for local in known.context:
            kind = self._unifier.fill(local.type)
            if groups and groups[-1][1] == kind:
                groups[-1][0].append(local.name)
            else:
                groups.append(([local.name], kind))
        lines = [f"{' '.join(names)} : {self.term(kind)}" for names, kind in groups]
        target = f"⊢ {self.term(self._unifier.fill(known.type))}"
        tag = f"case {known.tag}\n" if known.tag else ""
        return tag + ",\n".join(lines) + ("\n" if lines else "") + target

    def term(self, term: Term) -> str:
        """A term."""
        return self._term(term).text

    def _at(self, term: Term, precedence: int) -> str:
        shown = self._term(term)
        return f"({shown.text})" if min(shown.left, shown.right) < precedence else shown.text

    def _term(self, term: Term) -> _Text:
        number = _number(term)
        if number is not None:
            return _Text(str(number))
        if isinstance(term, Local):
            return _Text(term.name)
        if isinstance(term, Const):
            return _Text(self._unifier.short_name(term.name))
        if isinstance(term, Meta):
            return _Text(f"?m_{self._metas.setdefault(term.number, len(self._metas) + 1)}")
        if isinstance(term, Sort):
            return _sort(term.level)
        if isinstance(term, Pi):
            return self._pi(term)
        if isinstance(term, Lam):
            return self._binders("λ", term, Lam)
        if isinstance(term, Let):
            local, body = self._open(term)
            kind, value = self.term(term.type), self.term(term.value)
            return _Text(f"let {local.name} : {kind} := {value} in {self.term(body)}", right=0)
        return self._application(term)

    def _application(self, term: Term) -> _Text:
        if self._is_proof(term):
            return _Text("_")
        head, arguments = unapply(term)
        name = head_name(head)
        if name == "Exists" and len(arguments) == 2 and isinstance(arguments[1], Lam):
            return self._binders("∃", term, None)
        if name == "not" and len(arguments) == 1:
            inner = self._term(arguments[0])
            text = f"({inner.text})" if inner.left <= 40 else inner.text
            return _Text(f"¬{text}", right=min(40, inner.right))
        explicit = self._explicit(head, arguments)
        if name in _INFIX and len(explicit) == 2:
            sign, least, more = _INFIX[name]
            left, right = map(self._term, explicit)
            left_text = f"({left.text})" if left.right < least else left.text
            if right.left <= more:
                right = _Text(f"({right.text})")
            return _Text(f"{left_text} {sign} {right.text}", least, min(more, right.right))
        if not explicit:
            return self._term(head)
        owner, _, field = name.rpartition(".")
        if owner and explicit[0] == self._own(head, arguments, owner):
            first = f"{self._at(explicit[0], _MAX)}.{field}"
            rest = [self._at(argument, _MAX) for argument in explicit[1:]]
            return _Text(" ".join([first, *rest]), *((_MAX - 1, _MAX - 1) if rest else ()))
        shown = [self._at(part, _MAX) for part in (head, *explicit)]
        return _Text(" ".join(shown), _MAX - 1, _MAX - 1)

    def _kind(self, term: Term) -> Term | None:
        try:
            return self._unifier.fill(self._unifier.infer(term))
        except KernelError:
            return None

    def _is_proof(self, term: Term) -> bool:
        kind = self._kind(term)
        try:
            return kind is not None and self._unifier.is_proposition(kind)
        except KernelError:
            return False

    def _explicit(self, head: Term, arguments: Sequence[Term]) -> list[Term]:
        kind = self._kind(head)
        shown = []
        for argument in arguments:
            if kind is not None and not isinstance(kind, Pi):
                kind = self._unifier.reduce(kind)
            if not (isinstance(kind, Pi) and kind.info == "{"):
                shown.append(argument)
            kind = instantiate(kind.body, argument) if isinstance(kind, Pi) else None
        return shown

    def _own(self, head: Term, arguments: Sequence[Term], owner: str) -> Term | None:
        """The first argument of a type that ``owner`` heads: it comes before the dot."""
        kind = self._kind(head)
        for argument in arguments:
            if not isinstance(kind, Pi):
                return None
            if kind.info == "(" and head_name(kind.type) == owner:
                return argument
            kind = instantiate(kind.body, argument)
        return None

    def _open(self, term: Lam | Pi | Let) -> tuple[Local, Term]:
        taken = {p.name for p in parts(term.body) if isinstance(p, Local | Const)}
        name, number = term.name, 0
        while name in taken:
            number += 1
            name = f"{term.name}_{number}"
        info = "(" if isinstance(term, Let) else term.info
        local = Local(fresh(), name, term.type, info)
        return local, instantiate(term.body, local)

    def _pi(self, term: Pi) -> _Text:
        if not is_loose(term.body) and term.info == "(":
            codomain = instantiate(term.body, term.type)
            left, right = self._term(term.type), self._term(codomain)
            left_text = f"({left.text})" if left.right < _ARROW else left.text
            bare = isinstance(codomain, Pi) or right.right >= _ARROW - 1
            right_text = right.text if bare else f"({right.text})"
            return _Text(f"{left_text} → {right_text}", _ARROW - 1, _ARROW - 1)
        sort = self._kind(term)
        is_prop = isinstance(sort, Sort) and isinstance(simplify(sort.level), Zero)
        return self._binders("∀" if is_prop else "Π", term, Pi)

    def _binders(self, sign: str, term: Term, kind: type[Lam] | type[Pi] | None) -> _Text:
        groups: list[tuple[list[str], str, str]] = []
        while True:
            binder = _as_binder(term, kind)
            if binder is None or (kind is Pi and binder.info == "(" and not is_loose(binder.body)):
                break
            local, body = self._open(binder)
            shown = self.term(binder.type)
            if groups and groups[-1][1:] == (shown, binder.info):
                groups[-1][0].append(local.name)
            else:
                groups.append(([local.name], shown, binder.info))
            term = body
        brackets = (
            f"{info}{' '.join(names)} : {shown}{'}' if info == '{' else ')'}"
            for names, shown, info in groups
        )
        return _Text(f"{sign} {' '.join(brackets)}, {self.term(term)}", right=0)


def _as_binder(term: Term, kind: type[Lam] | type[Pi] | None) -> Lam | Pi | None:
    if kind is not None:
        return term if isinstance(term, kind) else None
    if isinstance(term, App) and head_name(term) == "Exists" and isinstance(term.argument, Lam):
        return term.argument
    return None


def _number(term: Term) -> int | None:
    """The number that Lean prints for a term made of numeral notation."""
    if isinstance(term, Const):
        return {"has_zero.zero": 0, "nat.zero": 0, "has_one.one": 1}.get(term.name)
    if not isinstance(term, App) or not isinstance(term.function, Const):
        return None
    name = term.function.name
    if name == "nat.succ":
        return 1 if head_name(term.argument) in ("nat.zero", "has_zero.zero") else None
    if name not in ("bit0", "bit1"):
        return None
    half = _number(term.argument)
    return None if half is None else 2 * half + (name == "bit1")


def _sort(level: Level) -> _Text:
    level = simplify(level)
    if level == ZERO:
        return _Text("Prop")
    if level == ONE:
        return _Text("Type")
    if isinstance(level, Succ):
        return _Text(f"Type {_level(level.of, inside=True)}", _MAX - 1, _MAX - 1)
    return _Text(f"Sort {_level(level, inside=True)}", _MAX - 1, _MAX - 1)


def _level(level: Level, *, inside: bool = False) -> str:
    count = 0
    while isinstance(level, Succ):
        level, count = level.of, count + 1
    if isinstance(level, Zero):
        return str(count)
    if isinstance(level, Max):
        word = "imax" if level.impredicative else "max"
        base = f"{word} {_level(level.left, inside=True)} {_level(level.right, inside=True)}"
        base = f"({base})" if count or inside else base
    elif isinstance(level, Param):
        base = level.name
    else:
        base = "?" if isinstance(level, LevelMeta) else ""
    if not count:
        return base
    return f"({base}+{count})" if inside else f"{base}+{count}"
