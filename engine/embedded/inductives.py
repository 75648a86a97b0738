"""The fixed inductive types of the core: their constructors, recursors and how these compute.

Written by hand, since there is no `inductive` command. Each recursor eliminates as far as Lean's
does: into every universe for ``false``, ``true``, ``and``, ``iff``, ``eq`` and ``nat``, into Prop
alone for ``or`` and ``Exists``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.embedded.kernel import Declaration, Environment, Recursor
from engine.embedded.terms import (
    ONE,
    PROP,
    Const,
    Local,
    Param,
    Pi,
    Sort,
    Term,
    apply,
    arrow,
    bind,
    fresh,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_U, _V = Sort(Param("u")), Sort(Param("v"))
_NAT = Const("nat")


def _pi(name: str, kind: Term, body: Callable[[Local], Term], info: str = "(") -> Term:
    local = Local(fresh(), name, kind, info)
    return bind(Pi, [local], body(local))


def _hidden(name: str, kind: Term, body: Callable[[Local], Term]) -> Term:
    return _pi(name, kind, body, "{")


def _arrows(*terms: Term) -> Term:
    *domains, result = terms
    for domain in reversed(domains):
        result = arrow(domain, result)
    return result


def _props(names: str, body: Callable[..., Term]) -> Term:
    """``Π {names : Prop}, body``."""
    local_variables = [Local(fresh(), name, PROP, "{") for name in names.split()]
    return bind(Pi, local_variables, body(*local_variables))


def _of(name: str, *arguments: Term) -> Term:
    return apply(Const(name), *arguments)


def _eq(alpha: Term, a: Term, b: Term) -> Term:
    return apply(Const("eq", (Param("u"),)), alpha, a, b)


def _exists(alpha: Term, p: Term) -> Term:
    return apply(Const("Exists", (Param("u"),)), alpha, p)


def _family(alpha: Term, body: Callable[[Local, Local], Term]) -> Term:
    """``Π {p : alpha → Prop}, body alpha p``, for ``alpha`` a local."""
    assert isinstance(alpha, Local)  # noqa: S101 - for the type checker
    return _hidden("p", arrow(alpha, PROP), lambda p: body(alpha, p))


_SIDES = {"left": lambda a, b: arrow(a, b), "right": lambda a, b: arrow(b, a)}
_MP, _MPR = _SIDES["left"], _SIDES["right"]

_DECLARATIONS: tuple[Declaration, ...] = (
    Declaration("true", (), PROP),
    Declaration("true.intro", (), Const("true"), constructor=True),
    Declaration(
        "true.rec",
        ("v",),
        _hidden("motive", _V, lambda m: _arrows(m, Const("true"), m)),
        recursor=Recursor(0, 1, 0, {"true.intro": (0, ())}, k=True),
    ),
    Declaration("false", (), PROP),
    Declaration(
        "false.rec",
        ("v",),
        _pi("motive", _V, lambda m: arrow(Const("false"), m)),
        recursor=Recursor(0, 0, 0, {}),
    ),
    Declaration("and", (), _arrows(PROP, PROP, PROP)),
    Declaration(
        "and.intro",
        (),
        _props(
            "a b",
            lambda a, b: _pi("left", a, lambda _: _pi("right", b, lambda _: _of("and", a, b))),
        ),
        constructor=True,
    ),
    Declaration(
        "and.rec",
        ("v",),
        _props(
            "a b",
            lambda a, b: _hidden(
                "motive",
                _V,
                lambda m: _arrows(
                    _pi("left", a, lambda _: _pi("right", b, lambda _: m)), _of("and", a, b), m
                ),
            ),
        ),
        recursor=Recursor(2, 1, 0, {"and.intro": (2, ())}),
    ),
    Declaration("or", (), _arrows(PROP, PROP, PROP)),
    Declaration(
        "or.inl",
        (),
        _props("a b", lambda a, b: _pi("h", a, lambda _: _of("or", a, b))),
        constructor=True,
    ),
    Declaration(
        "or.inr",
        (),
        _props("a b", lambda a, b: _pi("h", b, lambda _: _of("or", a, b))),
        constructor=True,
    ),
    Declaration(
        "or.rec",
        (),
        _props(
            "a b motive",
            lambda a, b, m: _arrows(
                _pi("h", a, lambda _: m), _pi("h", b, lambda _: m), _of("or", a, b), m
            ),
        ),
        recursor=Recursor(2, 2, 0, {"or.inl": (1, ()), "or.inr": (1, ())}),
    ),
    Declaration("iff", (), _arrows(PROP, PROP, PROP)),
    Declaration(
        "iff.intro",
        (),
        _props(
            "a b",
            lambda a, b: _pi(
                "mp", _MP(a, b), lambda _: _pi("mpr", _MPR(a, b), lambda _: _of("iff", a, b))
            ),
        ),
        constructor=True,
    ),
    Declaration(
        "iff.rec",
        ("v",),
        _props(
            "a b",
            lambda a, b: _hidden(
                "motive",
                _V,
                lambda m: _arrows(
                    _pi("mp", _MP(a, b), lambda _: _pi("mpr", _MPR(a, b), lambda _: m)),
                    _of("iff", a, b),
                    m,
                ),
            ),
        ),
        recursor=Recursor(2, 1, 0, {"iff.intro": (2, ())}),
    ),
    Declaration("eq", ("u",), _hidden("α", _U, lambda t: _arrows(t, t, PROP))),
    Declaration(
        "eq.refl",
        ("u",),
        _hidden("α", _U, lambda t: _pi("a", t, lambda a: _eq(t, a, a))),
        constructor=True,
    ),
    Declaration(
        "eq.rec",
        ("v", "u"),
        _hidden(
            "α",
            _U,
            lambda t: _hidden(
                "a",
                t,
                lambda a: _hidden(
                    "motive",
                    arrow(t, _V),
                    lambda m: arrow(
                        apply(m, a),
                        _hidden("b", t, lambda b: arrow(_eq(t, a, b), apply(m, b))),
                    ),
                ),
            ),
        ),
        recursor=Recursor(2, 1, 1, {"eq.refl": (0, ())}, k=True),
    ),
    Declaration("Exists", ("u",), _hidden("α", _U, lambda t: arrow(arrow(t, PROP), PROP))),
    Declaration(
        "Exists.intro",
        ("u",),
        _hidden(
            "α",
            _U,
            lambda t: _family(
                t,
                lambda t, p: _pi("w", t, lambda w: _pi("h", apply(p, w), lambda _: _exists(t, p))),
            ),
        ),
        constructor=True,
    ),
    Declaration(
        "Exists.rec",
        ("u",),
        _hidden(
            "α",
            _U,
            lambda t: _family(
                t,
                lambda t, p: _hidden(
                    "motive",
                    PROP,
                    lambda m: _arrows(
                        _pi("w", t, lambda w: _pi("h", apply(p, w), lambda _: m)),
                        _exists(t, p),
                        m,
                    ),
                ),
            ),
        ),
        recursor=Recursor(2, 1, 0, {"Exists.intro": (2, ())}),
    ),
    Declaration("nat", (), Sort(ONE)),
    Declaration("nat.zero", (), _NAT, constructor=True),
    Declaration("nat.succ", (), _pi("n", _NAT, lambda _: _NAT), constructor=True),
    Declaration(
        "nat.rec",
        ("v",),
        _hidden(
            "motive",
            arrow(_NAT, _V),
            lambda m: _arrows(
                apply(m, Const("nat.zero")),
                _pi(
                    "n",
                    _NAT,
                    lambda n: _pi("ih", apply(m, n), lambda _: apply(m, _of("nat.succ", n))),
                ),
                _pi("n", _NAT, lambda n: apply(m, n)),
            ),
        ),
        recursor=Recursor(0, 2, 0, {"nat.zero": (0, ()), "nat.succ": (1, (0,))}),
    ),
    # What an unproved statement is "proved" by; whatever rests on it is told apart.
    Declaration("sorry", ("u",), _pi("α", _U, lambda t: t), kind="sorry"),
)


def builtin() -> Environment:
    """The environment of the table alone."""
    environment = Environment()
    for declaration in _DECLARATIONS:
        kind = declaration.kind if declaration.kind == "sorry" else "builtin"
        environment = environment.add(
            Declaration(
                declaration.name,
                declaration.params,
                declaration.type,
                kind=kind,
                recursor=declaration.recursor,
                constructor=declaration.constructor,
            ),
            lambda: None,
        )
    return environment
