"""Earlier searches: proofs are judged again, failures are not repeated on the same terms."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.protocol import (
    CacheParams,
    ExtendParams,
    GeneratorSettings,
    ProveParams,
    ProveResult,
    SearchOptions,
    Settings,
    StopReason,
)
from engine.prove import create
from engine.source import analyse, stated_before

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.prove.prover import Prover

SWAP = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :=\n"
WRONG = "theorem wrong (p q : Prop) (h : p) : q :=\n"
SEARCH = SearchOptions(budget=600, max_expansions=20, cache="use")


@pytest.fixture
async def prover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Prover]:
    monkeypatch.setenv("DSP_LSP_PROOFS", str(tmp_path / "proofs.sqlite"))
    made = create(Settings(lean="embedded", threads=1))
    yield made
    await made.close()


async def prove(prover: Prover, text: str, options: SearchOptions = SEARCH) -> ProveResult:
    site = analyse(text).sites[-1].span.start
    params = ProveParams(job="j", text=text, site=site, options=options)
    return await prover.prove(params, lambda _: None)


def searched(result: ProveResult) -> bool:
    return result.statistics.tried > 0


async def held(prover: Prover) -> tuple[int, int]:
    state = await prover.cache(CacheParams())
    return state.proofs, state.failures


async def test_a_proof_is_judged_again_and_not_searched(prover: Prover) -> None:
    first = await prove(prover, SWAP)
    assert searched(first)
    second = await prove(prover, "-- moved\n\n" + SWAP)
    assert second.status == "proved"
    assert not searched(second)
    assert second.steps == first.steps
    assert second.verdict is not None
    assert second.verdict.accepted
    assert any("From the cache" in note for note in second.notes)
    assert [bool(one.cached) for one in (first, second)] == [False, True]


async def test_a_proof_that_does_not_stand_here_is_not_used(prover: Prover, tmp_path: Path) -> None:
    await prove(prover, SWAP)
    connection = sqlite3.connect(tmp_path / "proofs.sqlite")
    for steps in (["exact nonsense"], ["sorry"], []):
        connection.execute("UPDATE proofs SET steps = ?", (json.dumps(steps),))
        connection.commit()
        result = await prove(prover, SWAP)
        assert result.status == "proved"
        assert searched(result)
        assert result.steps != steps
        connection.execute("DELETE FROM proofs WHERE steps != ?", (json.dumps(steps),))
        connection.commit()
    connection.close()


async def test_a_failure_is_not_repeated_on_the_same_terms(prover: Prover) -> None:
    assert searched(await prove(prover, WRONG))
    again = await prove(prover, WRONG)
    assert again.status == "not found"
    assert not searched(again)
    assert again.cached
    assert any("found nothing in 600 s" in note for note in again.notes)
    assert not searched(await prove(prover, WRONG, replace(SEARCH, budget=500)))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (WRONG, replace(SEARCH, budget=700)),
        (WRONG, replace(SEARCH, max_expansions=21)),
        (WRONG, replace(SEARCH, seed=1)),
        (WRONG, replace(SEARCH, cache="fresh")),
        (WRONG, replace(SEARCH, cache="off")),
        ("theorem before : true := trivial\n" + WRONG, SEARCH),
        ("variable (p : Prop)\n" + WRONG, SEARCH),
    ],
)
async def test_a_failure_on_other_terms_says_nothing(
    prover: Prover, text: str, options: SearchOptions
) -> None:
    await prove(prover, WRONG)
    assert searched(await prove(prover, text, options))


async def test_another_generator_is_another_term(
    prover: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prove(prover, WRONG)
    other = create(
        Settings(lean="embedded", threads=1, generator=GeneratorSettings(max_tactic_bytes=99))
    )
    assert searched(await prove(other, WRONG))
    await other.close()


async def test_nothing_is_kept_unless_it_is_asked_for(prover: Prover) -> None:
    await prove(prover, SWAP, SearchOptions(budget=600))
    await prove(prover, WRONG, replace(SEARCH, cache="off"))
    assert await held(prover) == (0, 0)
    await prove(prover, WRONG, replace(SEARCH, cache="fresh"))
    await prove(prover, SWAP, replace(SEARCH, cache="fresh"))
    assert await held(prover) == (1, 1)


async def test_a_recalled_failure_can_be_given_more_time(prover: Prover) -> None:
    options = replace(SEARCH, budget=0.2, max_expansions=None)
    first = await prove(prover, WRONG, options)
    recalled = await prove(prover, WRONG, options)
    assert recalled.stop_reason is first.stop_reason
    assert not searched(recalled)
    if first.stop_reason is StopReason.BUDGET:
        more = await prover.extend(ExtendParams(job="j", seconds=0.2), lambda _: None)
        assert searched(more)
        assert not more.cached


async def test_a_damaged_cache_costs_its_help_only(prover: Prover, tmp_path: Path) -> None:
    (tmp_path / "proofs.sqlite").write_bytes(b"no database" * 100)
    for _ in range(2):
        assert (await prove(prover, SWAP)).status == "proved"
    await prover.cache(CacheParams(action="clear"))
    assert await held(prover) == (0, 0)


# -- what stands before ----------------------------------------------------------------------------


def before(text: str) -> str:
    return stated_before(text, analyse(text).sites[-1])


def test_proofs_layout_and_comments_before_do_not_count() -> None:
    first = "theorem a (p : Prop) : p → p :=\nbegin\n intro h, exact h end\n-- end\n" + WRONG
    other = "theorem a (p : Prop) :\n  p → p := λ h, h\n\n" + WRONG
    assert before(first) == before(other)
    assert before(first) == before(first.replace("intro h, exact h", "sorry"))


@pytest.mark.parametrize("head", ["def d := 2\n", "lemma b : 1 = 1 := rfl\n", "open nat\n"])
def test_statements_and_definitions_before_count(head: str) -> None:
    assert before(head + WRONG) != before(WRONG)
    assert before("def d := 1\n" + WRONG) != before("def d := 2\n" + WRONG)
