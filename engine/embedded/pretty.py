"""Terms and goals as Lean 3.51.1 prints them, on one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.embedded import terms as t
from engine.embedded.elaborate import new_name
from engine.embedded.kernel import KernelError
from engine.embedded.prelude import NOTATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.embedded.elaborate import Elaborator

_MAX = 1024
_INFIX = {name: (sign, left, right) for sign, (name, left, right) in NOTATION.items() if name}


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
        name = new_name(term.name, taken)
        local = t.Local(t.fresh(), name, term.type, term.info)
        return local, t.instantiate(term.body, local)

    def _pi(self, term: t.Pi) -> _Text:
        if not t.is_loose(term.body) and term.info == "(":
            codomain = t.instantiate(term.body, term.type)
            left, right = self._term(term.type), self._term(codomain)
            bare = isinstance(codomain, t.Pi) or right.right >= 24
            text = f"{left.within(enough=left.right >= 25)} → {right.within(enough=bare)}"
            return _Text(text, 24, 24)
        return self._binders("∀" if self._elaborator.is_proposition(term) else "Π", term)

    def _binders(self, sign: str, term: t.Term) -> _Text:
        """Prints as many binders of the same sign as there are; those alike in one bracket."""
        groups: list[tuple[list[str], str, str]] = []
        while True:
            binder = term.argument if sign == "∃" and isinstance(term, t.App) else term
            if not isinstance(binder, t.Pi if sign in "∀Π" else t.Lam):
                break
            if sign == "∃" and (binder is term or t.head_name(term) != "Exists"):
                break
            if isinstance(binder, t.Pi) and binder.info == "(" and not t.is_loose(binder.body):
                break
            local, body = self._open(binder)
            shown = self.term(binder.type)
            if groups and groups[-1][1:] == (shown, binder.info):
                groups[-1][0].append(local.name)
            else:
                groups.append(([local.name], shown, binder.info))
            term = body
        closing = {"(": ")", "{": "}"}
        brackets = [f"{i}{' '.join(names)} : {shown}{closing[i]}" for names, shown, i in groups]
        return _Text(f"{sign} {' '.join(brackets)}, {self.term(term)}", right=0)


def _number(term: t.Term) -> int | None:
    """The number that Lean prints for a term made of numeral notation."""
    name = t.head_name(term)
    if not isinstance(term, t.App):
        return {"has_zero.zero": 0, "nat.zero": 0, "has_one.one": 1}.get(name)
    inner = _number(term.argument) if name in ("bit0", "bit1", "nat.succ") else None
    if name == "nat.succ":
        return 1 if inner == 0 else None
    return None if inner is None else 2 * inner + (name == "bit1")


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
    base = str(level.name) if isinstance(level, t.Param) else "?"
    if isinstance(level, t.Max):
        word = "imax" if level.impredicative else "max"
        base = f"({word} {_level(level.left)} {_level(level.right)})"
    return f"({base}+{count})" if count else base
