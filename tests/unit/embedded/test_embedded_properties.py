"""Random terms survive printing and reading; random tactics do no harm."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.embedded.document import prelude
from engine.embedded.elaborate import Elaborator, Scope
from engine.embedded.kernel import Checker, KernelError
from engine.embedded.pretty import Printer
from engine.embedded.session import EmbeddedSession
from engine.embedded.syntax import TACTICS, Mistake, Parser
from engine.embedded.terms import (
    PROP,
    Const,
    Lam,
    Local,
    Pi,
    Term,
    bind,
    fresh,
    is_loose,
    parts,
    unapply,
)
from engine.lean import Document
from engine.source import analyse
from engine.values import Failed, Progress, Solved, TimedOut

NAT = Const("nat")


def arrow(domain: Term, codomain: Term) -> Term:
    return Pi("_", domain, codomain)


CONTEXT = (
    Local(fresh(), "p", PROP),
    Local(fresh(), "q", PROP),
    Local(fresh(), "n", NAT),
    Local(fresh(), "f", arrow(NAT, NAT)),
    Local(fresh(), "r", arrow(NAT, arrow(NAT, PROP))),
)


def numbers() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["n", "x", "0", "1", "2", "17"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("({} + {})".format, inner, inner),
            st.builds("({} * {})".format, inner, inner),
            st.builds("(nat.succ {})".format, inner),
            st.builds("(f {})".format, inner),
        ),
        max_leaves=6,
    )


def propositions() -> st.SearchStrategy[str]:
    leaves = st.one_of(
        st.sampled_from(["p", "q", "true", "false"]),
        st.builds("({} = {})".format, numbers(), numbers()),
        st.builds("({} ≠ {})".format, numbers(), numbers()),
        st.builds("(r {} {})".format, numbers(), numbers()),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from("∧∨→↔="), inner),
            st.builds("(¬ {})".format, inner),
            st.builds("(∀ x : ℕ, {})".format, inner),
            st.builds("(∃ x : ℕ, {})".format, inner),
            st.builds("(∀ {{x : ℕ}} (y : ℕ), r x y → {})".format, inner),
            st.builds("(∀ (n : ℕ) (p : Prop), {})".format, inner),
        ),
        max_leaves=8,
    ).map("∀ x : ℕ, {}".format)


def elaborator() -> Elaborator:
    return Elaborator(prelude(), lambda: None, Scope())


def read(text: str) -> Term:
    parser = Parser(text)
    node = parser.term()
    parser.needs("")
    return elaborator().check(node, PROP, CONTEXT)


def misleads_in_lean(term: Term) -> bool:
    """Whether Lean prints the term as if it were another one, and the core after it.

    `(p → ∀ x, q x) ↔ r` is printed without its parentheses.
    """
    for part in parts(term):
        head, arguments = unapply(part)
        if head == Const("iff") and arguments and isinstance(arguments[0], Pi):
            inside = parts(arguments[0].body)
            if any(isinstance(p, Lam | Pi) and is_loose(p.body) for p in inside):
                return True
    return False


@settings(max_examples=150, deadline=None)
@given(propositions())
def test_terms_survive_printing_and_reading(text: str) -> None:
    term = read(text)
    assume(not misleads_in_lean(term))
    again = read(Printer(elaborator()).term(term))
    checker = Checker(prelude(), lambda: None)
    closed = bind(Pi, CONTEXT, term)
    checker.check_closed(closed, ())
    assert checker.is_proposition(closed)
    assert checker.equal(closed, bind(Pi, CONTEXT, again))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="xypq01λ∀∃(){}⟨⟩,:=→∧∨¬↔+*._@-/ \nℕ_sorry∣⊢←", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Mistake):
        Parser(text).term()
    with suppress(Mistake):
        Parser(text).tactic()
    with suppress(Mistake):
        Parser(text).command()
    with suppress(Mistake, KernelError):
        read(text)


TEXT = """example (p q r : Prop) (a b : ℕ) (h : p ∧ q) (k : p ∨ ¬q) (e : a = b) (s : ∃ x, x = a)
  (m : p ↔ r) (f : ∀ x, x = b → p) : (r ∧ b = a) ∧ ∃ y : ℕ, y + 0 = a := sorry"""
WORDS = [
    *TACTICS,
    *[
        "a",
        "b",
        "h",
        "k",
        "e",
        "s",
        "m",
        "f",
        "p",
        "_",
        "⟨",
        "⟩",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        ";",
        "<|>",
        "with",
        "at",
        "←",
        "⊢",
        "λ",
    ],
]
WORDS += ["rfl", "h.1", "m.2", "e.symm", "0", "x", "="]
NAMES = sorted(TACTICS)
TERM = st.sampled_from(
    [
        "a",
        "b",
        "h",
        "k",
        "e",
        "s",
        "m",
        "f",
        "_",
        "rfl",
        "⟨_, _⟩",
        "h.1",
        "m.1 h.1",
        "e.symm",
        "f _ rfl",
        "f a e",
        "λ x, x",
        "and.intro",
        "or.inl",
        "eq.trans e",
        "Exists.intro",
        "absurd h.1",
        "0",
        "(m.2 _)",
        "@eq.rec",
        "nat.rec",
        "sorry",
        "by assumption",
        "begin end",
        "id",
        "f b",
    ]
)
TACTIC = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join),
    st.builds("{} {}".format, st.sampled_from(NAMES), TERM),
    st.builds("{} {}; {}".format, st.sampled_from(NAMES), TERM, st.sampled_from(NAMES)),
    st.builds("rw {} at {}".format, TERM, st.sampled_from(["h", "e", "⊢", "s"])),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TACTIC, min_size=1, max_size=5))
def test_random_tactics_do_no_harm(tactics: list[str]) -> None:
    async def run() -> None:
        site = analyse(TEXT).sites[0]
        session = EmbeddedSession()
        hole = await session.open(Document(TEXT), site)
        first = await one(hole, 0, "skip")
        assert isinstance(first, Progress)
        state, done = 0, []
        for tactic in tactics:
            outcome = await one(hole, state, tactic)
            assert isinstance(outcome, Progress | Solved | Failed | TimedOut)
            if isinstance(outcome, Progress):
                state = outcome.state_id
                done.append(tactic)
            elif isinstance(outcome, Solved):
                proof = "begin " + ", ".join([*done, tactic]) + " end"
                verdict = await session.verify(Document(TEXT), site, proof)
                assert verdict.accepted, (proof, verdict.message)
                break
        again = await one(hole, 0, "skip")
        assert isinstance(again, Progress)
        assert again.text == first.text == hole.greeting.text

    async def one(hole: object, state: int, tactic: str) -> object:
        async for result in hole.apply(state, [tactic], timeout=2):  # type: ignore[attr-defined]
            return result.outcome
        raise AssertionError

    asyncio.run(run())
