"""The session: holes, verdicts, time limits, refusals."""

from __future__ import annotations

import asyncio
import time

import pytest

from engine.embedded.session import CHECKER, EmbeddedHole, EmbeddedSession
from engine.generators import Repertoire
from engine.lean import Document
from engine.protocol import (
    EngineError,
    ErrorKind,
    ProveParams,
    SearchOptions,
    Settings,
    Verdict,
)
from engine.prove import create
from engine.source import analyse
from engine.values import Failed, Outcome, Progress, Solved, TimedOut

PAPER = """variables x y z w : nat
theorem thm1 (H₁ : x = y) (H₂ : y = z) (H₃ : z = w) : x = w :="""


async def opened(text: str, site: int = 0) -> EmbeddedHole:
    return await EmbeddedSession().open(Document(text), analyse(text).sites[site])


async def tried(hole: EmbeddedHole, tactic: str, state: int = 0, timeout: float = 5.0) -> Outcome:
    (result,) = [found async for found in hole.apply(state, [tactic], timeout=timeout)]
    return result.outcome


async def judged(text: str, replacement: str, site: int = 0) -> Verdict:
    place = analyse(text).sites[site]
    return await EmbeddedSession().verify(Document(text), place, replacement)


async def test_the_papers_example() -> None:
    hole = await opened(PAPER)
    assert hole.greeting.text == "x y z w : ℕ,\nH₁ : x = y,\nH₂ : y = z,\nH₃ : z = w\n⊢ x = w"
    assert (hole.greeting.is_prop, hole.greeting.goals, hole.greeting.declaration) == (
        True,
        1,
        "thm1",
    )
    assert await tried(hole, "exact H₁.trans (H₂.trans H₃)") == Solved()
    verdict = await judged(PAPER, "\nbegin\n  rw [H₁, H₂, H₃]\nend")
    assert (verdict.accepted, verdict.checker, verdict.axioms) == (True, CHECKER, [])


async def test_states_are_values() -> None:
    hole = await opened("example (p q : Prop) (hp : p) (hq : q) : p ∧ q := sorry")
    first = await tried(hole, "split")
    assert isinstance(first, Progress)
    second = await tried(hole, "exact hp", first.state_id)
    assert isinstance(second, Progress)
    assert second.text == "p q : Prop,\nhp : p,\nhq : q\n⊢ q"
    assert await tried(hole, "split") == Progress(3, first.text, 2)
    assert await tried(hole, "exact hq", second.state_id) == Solved()
    again = await tried(hole, "exact hp", first.state_id)
    assert isinstance(again, Progress)
    assert again.text == second.text


async def test_a_batch_is_read_lazily_and_answered_in_order() -> None:
    hole = await opened("example (p : Prop) (hp : p) : p := sorry")
    read: list[str] = []

    def tactics() -> object:
        for tactic in ("skip", "assumption", "simp", "exact hp"):
            read.append(tactic)
            yield tactic

    results = []
    async for result in hole.apply(0, tactics(), timeout=5):  # type: ignore[arg-type]
        results.append((result.index, type(result.outcome)))
        if isinstance(result.outcome, Solved):
            break
    assert results == [(0, Progress), (1, Solved)]
    assert read == ["skip", "assumption"]


# -- what is not known ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tactic",
    ["simp", "use 0", "linarith", "rintro ⟨a, b⟩", "have h : p", "exact dec_trivial", "rw hp at *",
     "exact (hp : p) ▸ hp", "cases h : hp", "split; [skip]", "exact if p then hp else hp",
     "exact 123456", "exact let x := 1 in hp", "unfold not", "exact λ x, hp <|> skip",
     "constructor", "exact hp.elim_left", "have := hp", "intro ⟨a⟩", "cases hp : h",
     "exact (λ (α : Sort 3), hp)"],
)  # fmt: skip
async def test_tactics_and_terms_that_are_not_known_are_named(tactic: str) -> None:
    hole = await opened("example (p : Prop) (hp : p) : p ∧ p := sorry")
    outcome = await tried(hole, tactic)
    assert isinstance(outcome, Failed)
    assert "the embedded core does not know" in outcome.reason


@pytest.mark.parametrize(
    ("before", "named"),
    [
        ("import tactic\n", "import"),
        ("@[simp] lemma a : true := trivial\n", "@"),
        ("attribute [simp] eq.symm\n", "attribute"),
        ("notation `x` := 1\n", "notation"),
        ("inductive t | a\n", "inductive"),
        ("structure s := (a : nat)\n", "structure"),
        ("def f : nat → nat | 0 := 0 | (n+1) := n\n", "|"),
        ("variables (α : Type) [inhabited α]\n", "["),
        ("instance : inhabited nat := ⟨0⟩\n", "instance"),
        ("#check nat\n", "#"),
        ("noncomputable theory\n", "noncomputable"),
        ("open_locale classical\n", "open_locale"),
        ("set_option pp.all true\n", "set_option"),
        ("variables (x y : ℕ) (h : x < y)\n", "<"),
        ("variables (s : list ℕ)\n", "list"),
        ("variables (x : ℕ) (x : ℕ)\n", "share a name"),
        ("open nothing.known\n", "nothing.known"),
        ("universe u\n", "universe"),
        ("variables (α : Type*)\n", "universes"),
        ("def f (n : ℕ) := n\n", ":="),
        # Lean takes neither: it has no code for them.
        ("constant c : ℕ\ndef d : ℕ := c\n", "`c` in definitions"),
        ("lemma d : ℕ := 0\n", "no proposition"),
    ],
)
async def test_commands_that_are_not_known_are_named(before: str, named: str) -> None:
    text = before + "example (p : Prop) (hp : p) : p := sorry"
    with pytest.raises(EngineError) as caught:
        await opened(text, len(analyse(text).sites) - 1)
    assert named in caught.value.message
    assert "does not know" in caught.value.message
    assert caught.value.kind is ErrorKind.ENVIRONMENT
    assert "elan" in caught.value.remedy
    assert caught.value.line in (1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "example : nat := sorry",
        "example (p : Prop) : p := (sorry",
        "example : Type = Type 1 := sorry",
        "example : 1 = true := sorry",
        "theorem t : foo := sorry",
        "example (x : nat) : x := sorry",
        "example : _ := sorry",
        "end\nexample : true := sorry",
        "theorem a : true := trivial\ntheorem a : true := sorry",
        "def d : nat := sorry",
        "section\nconstant c : nat\nend\nexample : true := sorry",
        "universe u\nuniverse u\nexample : true := sorry",
        "example : ∃ x, x = x := sorry",
    ],
)
async def test_documents_that_are_wrong_are_refused(text: str) -> None:
    with pytest.raises(EngineError):
        await opened(text, len(analyse(text).sites) - 1)


# -- verdicts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "proof",
    ["begin sorry end", "by sorry", "begin admit end", "begin exact sorry end", "sorry", "",
     "begin end", "begin exact t end", "begin refl end trivial", "begin exact _ end",
     "begin refine ⟨_, _⟩ end", "begin split end", "begin simp end", "begin trivial",
     "begin contradiction end\naxiom bad : false",
     "begin exact bad end\ntheorem u : true := trivial",
     "trivial\nend", "begin exact false.elim _ end", "begin exact (λ h, h) end",
     "begin exact (rfl : 0 = 1) end", "begin cases t end", "begin skip end"],
)  # fmt: skip
async def test_what_is_no_proof_is_refused(proof: str) -> None:
    text = "theorem t : 0 = 1 := sorry\n"
    verdict = await judged(text, proof)
    assert not verdict.accepted
    assert verdict.message


async def test_the_axioms_and_the_sorries_are_listed() -> None:
    text = (
        "axiom all : ∀ n : ℕ, n = 0\nconstant c : ℕ\naxiom unused : c = 1\n"
        "lemma guess : c + 0 = c := sorry\n"
        "example (p q : Prop) (h : p ↔ q) (hp : p) : q ∧ c + 0 = 0 := sorry"
    )
    site = len(analyse(text).sites) - 1
    proof = "begin split, rw ← h, exact hp, rw guess, exact all c end"
    verdict = await judged(text, proof, site)
    assert verdict.accepted, verdict.message
    assert verdict.axioms == ["all", "c", "propext"]
    assert verdict.sorries == ["guess"]
    other = await judged(text, "begin exact ⟨h.1 hp, all _⟩ end", site)
    assert (other.accepted, other.axioms, other.sorries) == (True, ["all", "c"], [])


async def test_one_site_is_proved_while_others_are_not() -> None:
    text = "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := ⟨sorry, sorry⟩\nlemma u : true :="
    assert (await judged(text, "begin exact hp end", 0)).accepted
    assert (await judged(text, "begin exact hq end", 1)).accepted
    assert not (await judged(text, "begin exact hp end", 1)).accepted
    assert (await judged(text, "\nbegin\n  trivial\nend", 2)).accepted
    hole = await opened(text, 1)
    assert hole.greeting.text.endswith("⊢ q")


async def test_tactic_sites_are_judged_by_their_own_part() -> None:
    text = "lemma t (p q : Prop) (hp : p) (hq : q) : p ∧ q := begin split, { sorry }, sorry end"
    assert (await judged(text, "exact hp", 0)).accepted
    assert not (await judged(text, "exact sorry", 0)).accepted
    assert (await judged(text, "exact hq", 1)).accepted
    assert not (await judged(text, "exact hp", 1)).accepted


async def test_a_lemma_that_is_wrong_counts_as_sorry() -> None:
    text = "lemma wrong : 0 = 1 := rfl\nexample : 0 = 1 := sorry"
    verdict = await judged(text, "begin exact wrong end")
    assert (verdict.accepted, verdict.sorries) == (True, ["wrong"])
    with pytest.raises(EngineError, match="simp"):
        await opened("lemma simple : 0 + 0 = 0 := by simp\nexample : 0 = 1 := sorry")


async def test_variables_are_taken_as_lean_takes_them() -> None:
    wrong = "variables (p q : Prop) (hp : p)\nexample : p := sorry"
    assert (await opened(wrong)).greeting.text == "p : Prop\n⊢ p"
    assert not (await judged(wrong, "begin exact hp end")).accepted


# -- names, shadows, self-reference --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tactic"),
    [
        ("theorem t (p : Prop) : p := sorry", "exact t p"),
        ("namespace n\ntheorem t (p : Prop) : p := sorry\nend n", "exact n.t p"),
        ("example (p q : Prop) (h : p) (h : q) : p := sorry", "exact h"),
        ("example (x y : ℕ) (h : x = y) (x : ℕ) : x = y := sorry", "exact h"),
        ("example (x : ℕ) (h : ∀ y, y = x) (y : ℕ) : ∀ z : ℕ, z = y := sorry", "exact h"),
        ("example (p : ℕ → Prop) (h : ∃ x, p x) : ∀ x, p x := sorry",
         "cases h with x h, intro y, exact h"),
        ("example (p : ℕ → Prop) (h : ∃ x, p x) : ∃ y : ℕ, ∀ x, p x := sorry",
         "refine ⟨_, λ x, _⟩, exact x, cases h with w hw, exact hw"),
        ("example (r : ℕ → ℕ → Prop) (h : ∀ x, ∃ y, r x y) : ∃ y, ∀ x, r x y := sorry",
         "refine ⟨_, λ x, _⟩, cases h x with w hw, exact hw"),
        ("example (r : ℕ → ℕ → Prop) (h : ∀ x, ∃ y, r x y) : ∃ y, ∀ x, r x y := sorry",
         "split, intro x, cases h x with w hw, exact hw"),
        ("example (p : ℕ → Prop) (h : p 0) : ∀ n, p n := sorry",
         "intro n, cases n, exact h, exact h"),
        ("example (p : ℕ → Prop) (h : p 0) : ∀ n, p n := sorry",
         "intro n, induction n with n ih, exact h, exact ih"),
        ("example (n : ℕ) (h : n = 0) : n = 1 := sorry",
         "induction n with n ih, exact h, exact ih h"),
        ("example : (λ x : ℕ, x) = λ x, 0 := sorry", "refl"),
        ("example (f g : ℕ → ℕ) : f = g := sorry", "refl"),
        ("example (a b : ℕ) : a = b := sorry", "refl"),
        ("example (p q : Prop) (hp : p) (hq : q) : p = q := sorry", "refl"),
        ("example : ∃ f : ℕ → ℕ, ∀ x y, f x = y := sorry", "refine ⟨λ x, _, λ x y, rfl⟩"),
        ("example (α β : Type) : α = β := sorry", "refl"),
    ],
)  # fmt: skip
async def test_what_does_not_follow_is_not_proved(text: str, tactic: str) -> None:
    hole = await opened(text)
    assert await tried(hole, tactic) != Solved()
    verdict = await judged(text, f"begin {tactic} end")
    assert not verdict.accepted


async def test_proofs_may_differ() -> None:
    hole = await opened("example (p : Prop) (a b : p) (r : p → Prop) (h : r a) : r b := sorry")
    assert await tried(hole, "exact h") == Solved()
    other = await opened("example (a b : ℕ) (r : ℕ → Prop) (h : r a) : r b := sorry")
    assert isinstance(await tried(other, "exact h"), Failed)


# -- time ----------------------------------------------------------------------------------------

ENDLESS = "example (p q : Prop) (h : p) : p ∨ q := sorry"


async def test_endless_tactics_time_out_and_the_loop_goes_on() -> None:
    hole = await opened(ENDLESS)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    task = asyncio.create_task(beat())
    started = time.monotonic()
    assert await tried(hole, "repeat { skip }", timeout=0.4) == TimedOut(0.4)
    assert time.monotonic() - started < 3
    task.cancel()
    assert beats > 5
    assert isinstance(await tried(hole, "left"), Progress)


async def test_slow_computation_times_out() -> None:
    hole = await opened("example : 900 * 900 = 900 * 899 + 901 := sorry")
    started = time.monotonic()
    assert not isinstance(await tried(hole, "exact rfl", timeout=0.5), Solved)
    assert time.monotonic() - started < 3


async def test_terms_that_grow_exponentially_time_out() -> None:
    hole = await opened("example (p : Prop) (hp : p) : p := sorry")
    nest = "λ a : Prop, a ∧ a"
    term = "p"
    for _ in range(40):
        term = f"({nest}) ({term})"
    started = time.monotonic()
    outcome = await tried(hole, f"exact and.left (_ : {term})", timeout=0.5)
    assert not isinstance(outcome, Solved)
    assert time.monotonic() - started < 5
    assert await tried(hole, "exact hp") == Solved()


@pytest.mark.parametrize(
    "tactic", ["exact " + "(" * 3000 + "hp" + ")" * 3000, "exact " + "id " * 9000, "{" * 3000]
)
async def test_deep_and_long_text_is_refused(tactic: str) -> None:
    hole = await opened("example (p : Prop) (hp : p) : p := sorry")
    assert isinstance(await tried(hole, tactic), Failed)


async def test_cancelling_stops_the_work() -> None:
    hole = await opened(ENDLESS)
    task = asyncio.create_task(tried(hole, "repeat { skip }", timeout=60))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(await tried(hole, "left"), Progress)


# -- with the rest of the engine -----------------------------------------------------------------


async def test_what_is_known() -> None:
    hole = await opened(PAPER)
    known = await hole.known(Repertoire.asked())
    assert "tactic.interactive.refl" in known
    assert "tactic.interactive.simp" not in known
    assert "tactic.interactive.use" not in known
    assert not any(name.startswith("tactic.library") for name in known)
    assert await hole.known(["eq.symm", "nope"]) == {"eq.symm"}


async def test_the_driver_proves_with_it() -> None:
    prover = create(Settings(threads=1, lean="embedded"))
    site = analyse(PAPER).sites[0].span.start
    params = ProveParams(job="1", text=PAPER, site=site, options=SearchOptions(budget=20))
    result = await prover.prove(params, lambda _: None)
    assert result.status == "proved"
    assert result.verdict is not None
    assert result.verdict.checker == CHECKER
    await prover.close()


async def test_several_proofs_are_judged_together() -> None:
    text = PAPER + "\ntheorem again (h : x = y) : x = y :=\n"
    proofs = ["\nbegin exact h₁ end", "\nbegin exact h end"]
    session = EmbeddedSession()
    sites = analyse(text).sites
    for wrong, accepted in ((False, [True, True]), (True, [False, True])):
        proofs[0] = "\nbegin exact H₁ end" if wrong else "\nbegin rw [H₁, H₂, H₃] end"
        document = Document(text)
        found = await session.verify_together(document, list(zip(sites, proofs, strict=True)))
        assert [verdict.accepted for verdict in found] == accepted, found
    await session.close()
