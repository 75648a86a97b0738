"""Terms and goals as Lean 3.51.1 prints them, on one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.embedded import terms as t
from engine.embedded.kernel import KernelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.embedded.elaborate import Elaborator

_MAX = 1024
_ARROW = 25
_INFIX = {  # the left operand must bind at least so tightly, the right one more than the second
    "iff": ("↔", 20, 20), "or": ("∨", 30, 29), "and": ("∧", 35, 34), "eq": ("=", 50, 50),
    "ne": ("≠", 50, 50), "has_add.add": ("+", 65, 65), "has_mul.mul": ("*", 70, 70),
}  # fmt: skip


class _Text(NamedTuple):
    """A printed term, and how tightly it binds to what stands left and right of it."""

    text: str
    left: int = _MAX
    right: int = _MAX

    def within(self, *, enough: bool) -> str:
        """With parentheses where it does not bind tightly enough."""
        return self.text if enough else f"({self.text})"


class Printer:
    """Prints terms and goals; metas are numbered as they come up."""

    def __init__(self, elaborator: Elaborator) -> None:
        self._elaborator = elaborator
        self._metas: dict[int, int] = {}

    def goals(self, goals: Sequence[t.Meta]) -> str:
        """A whole tactic state."""
        shown = "\n\n".join(map(self._goal, goals))
        return shown if len(goals) == 1 else f"{len(goals) or 'no'} goals\n{shown}".strip()

    def _goal(self, goal: t.Meta) -> str:
        self._metas = {}  # Lean numbers the metas of each goal anew
        known = self._elaborator.solutions.metas[goal.number]
        groups: list[tuple[list[str], t.Term]] = []
        for local in known.context:
            kind = self._elaborator.fill(local.type)
            if groups and groups[-1][1] == kind:
                groups[-1][0].append(local.name)
            else:
                groups.append(([local.name], kind))
        lines = [f"{' '.join(names)} : {self.term(kind)}" for names, kind in groups]
        tag = f"case {known.tag}\n" if known.tag else ""
        target = f"⊢ {self.term(self._elaborator.fill(known.type))}"
        return tag + ",\n".join(lines) + ("\n" if lines else "") + target

    def term(self, term: t.Term) -> str:
        """A term."""
        return self._term(term).text

    def _closed(self, term: t.Term) -> str:
        shown = self._term(term)
        return shown.within(enough=min(shown.left, shown.right) >= _MAX)

    def _term(self, term: t.Term) -> _Text:
        number = _number(term)
        if number is not None:
            return _Text(str(number))
        match term:
            case t.Local(name=name):
                return _Text(name)
            case t.Const(name):
                return _Text(self._elaborator.short_name(name))
            case t.Meta(number):
                return _Text(f"?m_{self._metas.setdefault(number, len(self._metas) + 1)}")
            case t.Sort(level):
                return _sort(level)
            case t.Pi():
                return self._pi(term)
            case t.Lam():
                return self._binders("λ", term)
        return self._application(term)

    def _application(self, term: t.Term) -> _Text:
        head, arguments = t.unapply(term)
        name = t.head_name(head)
        if self._is_proof(term):
            return _Text("_")
        if name == "Exists" and len(arguments) == 2 and isinstance(arguments[1], t.Lam):
            return self._binders("∃", term)
        if name == "not" and len(arguments) == 1:
            inner = self._term(arguments[0])
            return _Text(f"¬{inner.within(enough=inner.left > 40)}", right=min(40, inner.right))
        kind, explicit, own = self._elaborator.infer(head), list[t.Term](), None
        for argument in arguments:
            kind = self._elaborator.reduce(kind)
            if not isinstance(kind, t.Pi):
                break
            if kind.info == "(":
                explicit.append(argument)
                if own is None and t.head_name(kind.type) == name.rpartition(".")[0] != "":
                    own = argument
            kind = t.instantiate(kind.body, argument)
        if name in _INFIX and len(explicit) == 2:
            sign, least, more = _INFIX[name]
            left, right = map(self._term, explicit)
            right_text = right.within(enough=right.left > more)
            bound = min(more, right.right) if right.left > more else more
            return _Text(
                f"{left.within(enough=left.right >= least)} {sign} {right_text}", least, bound
            )
        if not explicit:
            return self._term(head)
        shown = [self._closed(part) for part in (head, *explicit)]
        if own is explicit[0]:  # `n.succ`
            shown[:2] = [f"{shown[1]}.{name.rpartition('.')[2]}"]
        return _Text(" ".join(shown), *((_MAX - 1, _MAX - 1) if len(shown) > 1 else ()))

    def _is_proof(self, term: t.Term) -> bool:
        try:
            return self._elaborator.is_proposition(self._elaborator.infer(term))
        except KernelError:
            return False

    def _open(self, term: t.Lam | t.Pi) -> tuple[t.Local, t.Term]:
        taken = {p.name for p in t.parts(term.body) if isinstance(p, t.Local | t.Const)}
        name, number = term.name, 0
        while name in taken:
            number += 1
            name = f"{term.name}_{number}"
        local = t.Local(t.fresh(), name, term.type, term.info)
        return local, t.instantiate(term.body, local)

    def _pi(self, term: t.Pi) -> _Text:
        if not t.is_loose(term.body) and term.info == "(":
            codomain = t.instantiate(term.body, term.type)
            left, right = self._term(term.type), self._term(codomain)
            bare = isinstance(codomain, t.Pi) or right.right >= _ARROW - 1
            text = f"{left.within(enough=left.right >= _ARROW)} → {right.within(enough=bare)}"
            return _Text(text, _ARROW - 1, _ARROW - 1)
        return self._binders("∀" if self._elaborator.is_proposition(term) else "Π", term)

    def _binders(self, sign: str, term: t.Term) -> _Text:
        groups: list[tuple[list[str], str, str]] = []
        while True:
            binder = term
            if sign == "∃":
                binder = (
                    term.argument
                    if isinstance(term, t.App) and t.head_name(term) == "Exists"
                    else term
                )
            wanted = {"∃": t.Lam, "λ": t.Lam}.get(sign, t.Pi)
            if not isinstance(binder, wanted) or (sign == "∃" and binder is term):
                break
            if wanted is t.Pi and binder.info == "(" and not t.is_loose(binder.body):
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


def _number(term: t.Term) -> int | None:
    """The number that Lean prints for a term made of numeral notation."""
    name, argument = t.head_name(term), term.argument if isinstance(term, t.App) else None
    if argument is None:
        return {"has_zero.zero": 0, "nat.zero": 0, "has_one.one": 1}.get(name)
    inner = _number(argument) if name in ("bit0", "bit1", "nat.succ") else None
    if inner is None or name == "nat.succ":
        return 1 if inner == 0 and isinstance(argument, t.Const) else None
    return 2 * inner + (name == "bit1")


def _sort(level: t.Level) -> _Text:
    if level in (t.ZERO, t.ONE):
        return _Text("Prop" if level == t.ZERO else "Type")
    if isinstance(level, t.Succ):
        return _Text(f"Type {_level(level.of)}", _MAX - 1, _MAX - 1)
    return _Text(f"Sort {_level(level)}", _MAX - 1, _MAX - 1)


def _level(level: t.Level) -> str:
    count = 0
    while isinstance(level, t.Succ):
        level, count = level.of, count + 1
    if isinstance(level, t.Zero):
        return str(count)
    base = "?"
    if isinstance(level, t.Max):
        word = "imax" if level.impredicative else "max"
        base = f"({word} {_level(level.left)} {_level(level.right)})"
    elif isinstance(level.name, str):
        base = level.name
    return f"({base}+{count})" if count else base
