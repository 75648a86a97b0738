"""Terms and goals as Lean 3.51.1 prints them, on one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.embedded import terms as t
from engine.embedded.elaborate import new_name
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

    def closed(self) -> str:
        """As an argument of a function."""
        return self.within(enough=min(self.left, self.right) >= _MAX)


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
        known = goal.asked
        groups: list[tuple[list[str], t.Term]] = []
        for local in map(self._elaborator.fill_local, known.context):
            if not groups or groups[-1][1] != local.type:
                groups.append(([], local.type))
            groups[-1][0].append(local.name)
        lines = ",\n".join(f"{' '.join(names)} : {self.term(kind)}" for names, kind in groups)
        target = f"⊢ {self.term(self._elaborator.fill(known.type))}"
        return "\n".join(filter(None, (known.tag and f"case {known.tag}", lines, target)))

    def term(self, term: t.Term) -> str:
        """A term."""
        return self._term(term).text

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
            case t.Sort(int(level)) if level <= 1:
                return _Text("Type" if level else "Prop")
            case t.Sort(level):
                return _applied(f"Type {level - 1}" if isinstance(level, int) else "Sort ?")
            case t.Pi():
                return self._pi(term)
            case t.Lam():
                return self._binders("λ", term)
        return self._application(term)

    def _application(self, term: t.Term) -> _Text:
        head, arguments = t.unapply(term)
        name = t.head_name(head)
        if self._elaborator.is_proposition(self._elaborator.infer(term)):
            return _Text("_")
        if name == "Exists" and len(arguments) == 2 and isinstance(arguments[1], t.Lam):
            return self._binders("∃", term)
        if name == "not" and len(arguments) == 1:
            inner = self._term(arguments[0])
            return _Text(f"¬{inner.within(enough=inner.left > 40)}", right=min(40, inner.right))
        kind, explicit, own = self._elaborator.infer(head), list[t.Term](), None
        for argument in arguments:
            kind = self._elaborator.reduce(kind)
            if isinstance(kind, t.Pi) and kind.info == "(":
                explicit.append(argument)
                if own is None and t.head_name(kind.type) == name.rpartition(".")[0] != "":
                    own = argument
            kind = t.instantiate(kind.body, argument) if isinstance(kind, t.Pi) else kind
        if name in _INFIX and len(explicit) == 2:
            sign, least, more = _INFIX[name]
            left, right = map(self._term, explicit)
            tight = right.left > more
            shown = f"{left.within(enough=left.right >= least)} {sign} {right.within(enough=tight)}"
            return _Text(shown, least, min(more, right.right) if tight else more)
        if not explicit:
            return self._term(head)
        parts = [self._term(part).closed() for part in (head, *explicit)]
        if own is explicit[0]:  # `n.succ`
            parts[:2] = [f"{parts[1]}.{name.rpartition('.')[2]}"]
        return _applied(" ".join(parts)) if len(parts) > 1 else _Text(parts[0])

    def _pi(self, term: t.Pi) -> _Text:
        if t.is_loose(term.body) or term.info != "(":
            return self._binders("∀" if self._elaborator.is_proposition(term) else "Π", term)
        codomain = t.instantiate(term.body, term.type)
        left, right = self._term(term.type), self._term(codomain)
        bare = isinstance(codomain, t.Pi) or right.right >= 24
        text = f"{left.within(enough=left.right >= 25)} → {right.within(enough=bare)}"
        return _Text(text, 24, 24)

    def _binders(self, sign: str, term: t.Term) -> _Text:
        """Prints as many binders of the same sign as there are; those alike in one bracket."""
        groups: list[tuple[list[str], str, str]] = []
        while (binder := _binder(sign, term)) is not None:
            taken = {p.name for p in t.parts(binder.body) if isinstance(p, t.Local | t.Const)}
            name, shown = new_name(binder.name, taken), self.term(binder.type)
            if not groups or groups[-1][1:] != (shown, binder.info):
                groups.append(([], shown, binder.info))
            groups[-1][0].append(name)
            term = t.instantiate(binder.body, t.Local(t.fresh(), name, binder.type))
        closing = {"(": ")", "{": "}"}
        brackets = [f"{i}{' '.join(names)} : {shown}{closing[i]}" for names, shown, i in groups]
        return _Text(f"{sign} {' '.join(brackets)}, {self.term(term)}", right=0)


def _applied(text: str) -> _Text:
    return _Text(text, _MAX - 1, _MAX - 1)


def _binder(sign: str, term: t.Term) -> t.Lam | t.Pi | None:
    """What ``term`` binds, if it is printed with this sign."""
    if sign == "∃":
        inside = isinstance(term, t.App) and t.head_name(term) == "Exists"
        term = term.argument if inside else t.PROP  # type: ignore[union-attr]
    if isinstance(term, t.Pi):
        named = sign in "∀Π" and (term.info != "(" or t.is_loose(term.body))
        return term if named else None
    return term if isinstance(term, t.Lam) and sign in "λ∃" else None


def _number(term: t.Term) -> int | None:
    """The number that Lean prints for a term made of numeral notation."""
    name = t.head_name(term)
    if not isinstance(term, t.App):
        return {"has_zero.zero": 0, "nat.zero": 0, "has_one.one": 1}.get(name)
    inner = _number(term.argument) if name in ("bit0", "bit1", "nat.succ") else None
    if name == "nat.succ":
        return 1 if inner == 0 else None
    return None if inner is None else 2 * inner + (name == "bit1")
