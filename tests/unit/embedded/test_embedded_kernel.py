"""The kernel alone: what it computes, and what it must refuse."""

from __future__ import annotations

import pytest

from engine.embedded.document import Reader, prelude
from engine.embedded.kernel import Checker, Declaration, Environment, KernelError
from engine.embedded.prelude import RECURSORS
from engine.embedded.syntax import Mistake
from engine.embedded.terms import (
    PROP,
    App,
    Asked,
    Const,
    Lam,
    Let,
    Local,
    Meta,
    Param,
    Pi,
    Sort,
    Term,
    Var,
    abstract,
    apply,
    fresh,
    instantiate,
)

NAT = Const("nat")
ZERO_NAT = Const("nat.zero")
U, V = Param("u"), Param("v")


def arrow(domain: Term, codomain: Term) -> Term:
    return Pi("_", domain, codomain)


def tick() -> None:
    """Nothing stops these tests."""


def checker() -> Checker:
    return Checker(prelude(), tick)


def succ(number: Term) -> Term:
    return App(Const("nat.succ"), number)


def number(n: int) -> Term:
    return ZERO_NAT if n == 0 else succ(number(n - 1))


def equation(a: Term, b: Term) -> Term:
    return apply(Const("eq", (1,)), NAT, a, b)


def normal(term: Term) -> int:
    count = 0
    term = checker().reduce(term)
    while isinstance(term, App):
        term, count = checker().reduce(term.argument), count + 1
    assert term == ZERO_NAT
    return count


def declare(kind: Term, value: Term | None = None, *, params: tuple[str, ...] = ()) -> Environment:
    what = "definition" if value is not None else "axiom"
    return prelude().add(Declaration("new", params, kind, value, what), tick)


# -- computation -------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 0), (0, 3), (2, 3), (4, 4)])
def test_addition_and_multiplication_compute(a: int, b: int) -> None:
    assert normal(apply(Const("nat.add"), number(a), number(b))) == a + b
    assert normal(apply(Const("nat.mul"), number(a), number(b))) == a * b


def test_nat_rec_gives_the_predecessor_and_the_hypothesis() -> None:
    motive = Lam("n", NAT, NAT)
    take_n = Lam("n", NAT, Lam("ih", NAT, Var(1)))
    take_ih = Lam("n", NAT, Lam("ih", NAT, succ(Var(0))))
    recursor = Const("nat.rec", (1,))
    assert normal(apply(recursor, motive, number(7), take_n, number(3))) == 2
    assert normal(apply(recursor, motive, number(7), take_ih, number(3))) == 10
    assert normal(apply(recursor, motive, number(7), take_n, ZERO_NAT)) == 7


def test_nat_rec_is_stuck_on_a_variable() -> None:
    local = Local(fresh(), "n", NAT)
    term = apply(
        Const("nat.rec", (1,)),
        Lam("n", NAT, NAT),
        number(1),
        Lam("n", NAT, Lam("i", NAT, Var(0))),
        local,
    )
    assert checker().reduce(term) == term


def eq_rec(proof: Term, end: Term) -> Term:
    motive = Lam("n", NAT, NAT)
    return apply(Const("eq.rec", (1, 1)), NAT, number(2), motive, number(5), end, proof)


def test_eq_rec_computes_on_refl_and_on_any_proof_of_a_trivial_equation() -> None:
    refl = apply(Const("eq.refl", (1,)), NAT, number(2))
    assert normal(eq_rec(refl, number(2))) == 5
    proof = Local(fresh(), "h", equation(number(2), number(2)))
    assert normal(eq_rec(proof, number(2))) == 5


def test_eq_rec_is_stuck_on_a_proof_of_an_equation_that_is_not_trivial() -> None:
    end = Local(fresh(), "n", NAT)
    proof = Local(fresh(), "h", equation(number(2), end))
    assert checker().reduce(eq_rec(proof, end)) == eq_rec(proof, end)
    wrong = Local(fresh(), "h", equation(number(2), number(3)))
    assert checker().reduce(eq_rec(wrong, number(3))) == eq_rec(wrong, number(3))


def test_and_or_and_exists_compute() -> None:
    p = Local(fresh(), "p", PROP)
    h, k = Local(fresh(), "h", p), Local(fresh(), "k", p)
    pair = apply(Const("and.intro"), p, p, h, k)
    first = apply(Const("and.rec", (0,)), p, p, p, Lam("a", p, Lam("b", p, Var(1))), pair)
    assert checker().reduce(first) == h
    left = apply(Const("or.inl"), p, p, h)
    same = Lam("x", p, Var(0))
    assert checker().reduce(apply(Const("or.rec"), p, p, p, same, Lam("x", p, k), left)) == h


# -- definitional equality ---------------------------------------------------------------------


def test_eta_and_proof_irrelevance() -> None:
    f = Local(fresh(), "f", arrow(NAT, NAT))
    assert checker().equal(Lam("x", NAT, App(f, Var(0))), f)
    p = Local(fresh(), "p", PROP)
    assert checker().equal(Local(fresh(), "h", p), Local(fresh(), "k", p))


def test_proof_irrelevance_is_for_proofs_of_one_statement_only() -> None:
    a, b = Local(fresh(), "a", NAT), Local(fresh(), "b", NAT)
    assert not checker().equal(a, b)
    p, q = Local(fresh(), "p", PROP), Local(fresh(), "q", PROP)
    assert not checker().equal(p, q)
    assert not checker().equal(Local(fresh(), "h", p), Local(fresh(), "k", q))


def test_different_things_are_not_equal() -> None:
    for one, other in [
        (number(2), number(3)),
        (Const("true"), Const("false")),
        (PROP, Sort(1)),
        (arrow(NAT, PROP), arrow(PROP, PROP)),
        (Lam("x", NAT, Var(0)), Lam("x", NAT, ZERO_NAT)),
        (Const("eq", (1,)), Const("eq", (2,))),
    ]:
        assert not checker().equal(one, other)


# -- levels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "found"), [(1, 1, 1), (1, 0, 0), (2, 1, 2), (3, 0, 0), (0, 2, 2)]
)
def test_a_function_type_lives_where_lean_has_it(one: int, other: int, found: int) -> None:
    domain = PROP if one == 1 else Sort(one - 1) if one else Const("true")
    codomain = PROP if other == 1 else Sort(other - 1) if other else Const("true")
    assert checker().sort_of(arrow(domain, codomain)) == found


def test_a_constant_with_universe_parameters_is_checked_wherever_it_is_used() -> None:
    # Well typed at the level at which it is looked at first: ℕ is in Sort 1, and in no other.
    environment = declare(Sort(U), NAT, params=("u",))
    assert Checker(environment, tick).infer(Const("new", (1,))) == Sort(1)
    for level in (0, 2, 7):
        with pytest.raises(KernelError):
            Checker(environment, tick).infer(Const("new", (level,)))
        with pytest.raises(KernelError):
            environment.add(Declaration("use", (), Sort(level), Const("new", (level,))), tick)
    # What was checked for one environment says nothing about another one.
    assert Const("new", (1,)) not in prelude().checked


# -- what must be refused ----------------------------------------------------------------------


def test_a_type_is_not_a_member_of_itself() -> None:
    with pytest.raises(KernelError):
        declare(Sort(1), Sort(1))
    with pytest.raises(KernelError):
        declare(Sort(U), Sort(U), params=("u",))
    with pytest.raises(KernelError):
        declare(Sort(1), Pi("α", Sort(1), arrow(Var(0), Var(1))))


def test_the_paradoxical_universe_is_refused() -> None:
    # Were Type a Type, this would be the start of Girard's paradox.
    for level in (1, 2, 3):
        large = Pi("α", Sort(level), Sort(level - 1))
        for place in range(level + 1):
            with pytest.raises(KernelError):
                declare(Sort(place), large)
        assert declare(Sort(level + 1), large)


@pytest.mark.parametrize(
    "value",
    [
        Var(0),
        Meta(1, (), Asked(PROP)),
        Local(1, "x", Const("false")),
        Const("no.such.constant"),
        Const("eq.refl", ()),
        App(ZERO_NAT, ZERO_NAT),
        App(Const("nat.succ"), Const("true")),
        apply(Const("and.intro"), Const("true"), Const("true"), Const("true.intro")),
        apply(Const("eq.refl", (1,)), NAT, ZERO_NAT),
        Lam("x", Const("true.intro"), Var(0)),
        Let("x", NAT, Const("true.intro"), Const("true.intro")),
        Const("new"),
        App(Const("sorry_ax", (Param("w"),)), Const("false")),
    ],
)
def test_no_proof_of_false(value: Term) -> None:
    with pytest.raises(KernelError):
        declare(Const("false"), value)


def test_a_let_is_not_a_way_to_change_a_type() -> None:
    proof = Let("x", NAT, ZERO_NAT, apply(Const("eq.refl", (1,)), NAT, Var(0)))
    assert declare(equation(ZERO_NAT, ZERO_NAT), proof)
    with pytest.raises(KernelError):
        declare(equation(ZERO_NAT, number(1)), proof)


def test_elimination_into_data_is_refused_for_or_and_exists() -> None:
    for name in ("or.rec", "Exists.rec"):
        assert "v" not in prelude().constants[name].params
    p = Const("true")
    term = apply(Const("or.rec"), p, p, NAT, Lam("h", p, ZERO_NAT), Lam("h", p, number(1)))
    with pytest.raises(KernelError):
        checker().infer(term)


def test_names_params_and_levels() -> None:
    with pytest.raises(KernelError):
        prelude().add(Declaration("eq.symm", (), PROP), tick)
    with pytest.raises(KernelError):
        prelude().add(Declaration("new", ("u", "u"), Sort(U)), tick)
    with pytest.raises(KernelError):
        prelude().add(Declaration("new", (), Sort(U)), tick)
    with pytest.raises(KernelError):
        prelude().add(Declaration("new", (), ZERO_NAT), tick)
    with pytest.raises(KernelError):
        prelude().add(Declaration("new", (), NAT, ZERO_NAT, "theorem"), tick)


def test_environments_do_not_change() -> None:
    before = dict(prelude().constants)
    declare(NAT, ZERO_NAT)
    assert dict(prelude().constants) == before


# -- the table and the prelude -----------------------------------------------------------------


def test_only_the_table_is_taken_on_trust() -> None:
    without = {n for n, d in prelude().constants.items() if d.value is None}
    builtin = {n for n, d in prelude().constants.items() if d.kind in ("builtin", "sorry")}
    assert without - builtin == {"propext"}
    assert {n for n, d in prelude().constants.items() if d.recursor is not None} == set(RECURSORS)
    assert "sorry_ax" not in {d.name for d in prelude().rests_on(Const("nat.add_comm"))}


def test_each_rule_of_a_recursor_keeps_types() -> None:
    """For each constructor, the recursor applied to it has the type of what it computes to."""
    environment = prelude()
    for name, rule in RECURSORS.items():
        declaration = environment.constants[name]
        head = Const(name, tuple(Param(p) for p in declaration.params))
        for constructor in rule.rules:
            term: Term = head
            kind = declaration.type
            arguments: list[Term] = []
            for _ in range(rule.params + 1 + len(rule.rules)):
                assert isinstance(kind, Pi)
                local = Local(fresh(), kind.name, kind.type)
                arguments.append(local)
                kind = instantiate(kind.body, local)
                term = App(term, local)
            made = environment.constants[constructor]
            levels = tuple(Param(p) for p in made.params)
            built: Term = apply(Const(constructor, levels), *arguments[: rule.params])
            made_kind = checker().reduce(checker().infer(built))
            while isinstance(made_kind, Pi):
                local = Local(fresh(), made_kind.name, made_kind.type)
                built = App(built, local)
                made_kind = checker().reduce(instantiate(made_kind.body, local))
            if rule.indices:
                assert isinstance(kind, Pi)
                term = App(term, arguments[1])
            term = App(term, built)
            reduced = checker().reduce_core(term)
            assert reduced != term
            assert checker().equal(checker().infer(reduced), checker().infer(term))


def test_nothing_is_captured() -> None:
    x, y = Local(fresh(), "x", NAT), Local(fresh(), "x", NAT)
    body = abstract(apply(Const("nat.add"), x, y), [x])
    assert instantiate(body, y) == apply(Const("nat.add"), y, y)
    under = Lam("x", NAT, App(Var(0), Var(1)))
    assert instantiate(under, Var(0)) == Lam("x", NAT, App(Var(0), Var(1)))


def test_a_fault_in_the_prelude_would_be_seen() -> None:
    with pytest.raises(Mistake):
        Reader(prelude(), tick).read("lemma wrong : 0 = 1 := rfl")
    assert prelude().constants["nat.add_comm"].value is not None
