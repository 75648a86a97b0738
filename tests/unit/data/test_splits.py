from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.data.records import STATEMENT, STEP, TacticPair
from engine.data.splits import SPLITS, Sieve, SplitRule

words = st.sampled_from(["a", "b", "c", "ab", ""])
pairs = st.builds(
    TacticPair,
    theorem=st.sampled_from([f"theorem_{n}" for n in range(12)]),
    file=st.just("x.lean"),
    line=st.integers(1, 3),
    column=st.just(0),
    state=words,
    tactic=words,
    next=st.just("no goals"),
    success=st.booleans(),
    premises=st.sampled_from([(), ("p",)]),
    family=st.sampled_from(["", "rw", "simp"]),
)
rules = st.builds(
    SplitRule,
    seed=st.integers(0, 50),
    validation=st.sampled_from([0.0, 0.2, 0.4]),
    test=st.sampled_from([0.0, 0.3, 0.5]),
)


def parted(found: list[TacticPair], rule: SplitRule, **how: bool) -> dict[str, list[TacticPair]]:
    sieve = Sieve(rule, **how)
    return {split: list(sieve.through(found, split)) for split in SPLITS}


@given(st.lists(pairs, max_size=40), rules, st.booleans(), st.booleans())
def test_nothing_leaks(
    found: list[TacticPair], rule: SplitRule, failed: bool, premises: bool
) -> None:
    sets = parted(found, rule, failed=failed, premises=premises)
    theorems = {split: {pair.theorem for pair in sets[split]} for split in SPLITS}
    assert not theorems["train"] & (theorems["test"] | theorems["validation"])
    assert not theorems["test"] & theorems["validation"]
    texts = [(pair.state, pair.tactic) for split in SPLITS for pair in sets[split]]
    assert len(texts) == len(set(texts))
    for split in ("test", "validation"):
        assert all(pair.success and not pair.family for pair in sets[split])
    assert all(pair.success or failed for pair in sets["train"])
    assert premises or not any(pair.premises for split in SPLITS for pair in sets[split])


@given(st.lists(pairs, max_size=40), rules)
def test_nothing_else_is_lost(found: list[TacticPair], rule: SplitRule) -> None:
    sets = parted(found, rule, failed=True)
    texts = {(pair.state, pair.tactic) for split in SPLITS for pair in sets[split]}
    for pair in found:
        if rule.of(pair.theorem) == "train" or (pair.success and not pair.family):
            assert (pair.state, pair.tactic) in texts


@given(st.lists(pairs, max_size=30), st.lists(pairs, max_size=30), rules)
def test_more_data_moves_no_theorem(
    found: list[TacticPair], more: list[TacticPair], rule: SplitRule
) -> None:
    before, after = parted(found, rule), parted([*found, *more], rule)
    for split in SPLITS:
        assert {pair.theorem for pair in after[split]}.isdisjoint(
            pair.theorem for other in SPLITS if other != split for pair in before[other]
        )
    texts = {(pair.state, pair.tactic) for pair in after["test"]}
    assert {(pair.state, pair.tactic) for pair in before["test"]} <= texts


def test_the_shares_are_those_of_the_theorems() -> None:
    rule = SplitRule(seed=1, validation=0.025, test=0.1)
    names = [f"theorem_{n}" for n in range(20_000)]
    counted = {split: sum(rule.of(name) == split for name in names) for split in SPLITS}
    assert 0.09 < counted["test"] / len(names) < 0.11
    assert 0.02 < counted["validation"] / len(names) < 0.03


def test_another_seed_holds_out_others() -> None:
    names = [f"theorem_{n}" for n in range(2000)]
    one, two = ({n for n in names if SplitRule(s, 0.0, 0.1).of(n) == "test"} for s in (1, 2))
    assert len(one & two) < len(one) / 2


@given(st.lists(pairs, max_size=30), rules, st.sampled_from([STATEMENT, STEP]))
def test_no_statement_or_step_at_what_is_held_out_is_trained_on(
    found: list[TacticPair], rule: SplitRule, family: str
) -> None:
    statements = [
        replace(
            pair,
            # each theorem at a place of its own
            line=int(pair.theorem.rpartition("_")[2]),
            tactic=f"exact {pair.theorem}",
            family=family,
            success=True,
        )
        for pair in found
    ]
    sets = parted(found + statements, rule)
    held_out = {pair.theorem for pair in found if rule.of(pair.theorem) != "train"}
    states = {pair.state for pair in statements if pair.theorem in held_out}
    trained = [pair for pair in sets["train"] if pair.family == family]
    assert not {pair.theorem for pair in trained} & held_out
    assert not {pair.state for pair in trained} & states
    expected = {(p.state, p.tactic) for p in statements if p.theorem not in held_out}
    assert {(p.state, p.tactic) for p in trained} == {
        (state, tactic) for state, tactic in expected if state not in states
    }
    assert all(pair.family == "" for split in ("test", "validation") for pair in sets[split])


def test_what_is_declared_with_a_held_out_theorem_is_not_trained_on() -> None:
    rule = SplitRule(seed=0, validation=0.0, test=0.5)
    names = [f"theorem_{n}" for n in range(100)]
    held_out = next(name for name in names if rule.of(name) == "test")
    twin, other = [name for name in names if rule.of(name) == "train"][:2]
    at = TacticPair(held_out, "x.lean", 3, 6, "⊢ a * b", "exact h", "no goals", family=STATEMENT)
    twin_at = replace(at, theorem=twin, state="⊢ a + b")
    found = [
        twin_at,
        replace(twin_at, family=STEP, tactic="refine g"),
        replace(twin_at, theorem=other, column=9),
        replace(twin_at, theorem=other, file="y.lean", state="⊢ a - b"),
        replace(twin_at, theorem=other, line=4, family="", tactic="simp"),
        at,
    ]
    sieve = Sieve(rule)
    trained = {split: list(sieve.through(found, split)) for split in SPLITS}["train"]
    assert {pair.theorem for pair in trained} == {other}
    assert len(trained) == 3
    assert sieve.counts["left out: declared with what is held out"] == 2
