"""The embedded core against what Lean 3.51.1 answered when the corpus was recorded."""

from __future__ import annotations

import pytest

from engine.embedded.session import EmbeddedSession
from engine.lean import Document
from engine.protocol import ProveParams, SearchOptions, Settings
from engine.prove import create
from engine.source import analyse
from tests.unit.embedded import driving
from tests.unit.embedded.corpus import ENTRIES, FALSE

RECORDED = driving.read()


def test_the_corpus_is_large_and_recorded() -> None:
    assert len(ENTRIES) >= 60
    assert set(RECORDED) == {text for text, _ in ENTRIES}
    assert len(FALSE) >= 20
    assert all(len(scripts) >= 3 for scripts in FALSE.values())


@pytest.mark.parametrize(("text", "scripts"), FALSE.items(), ids=range(len(FALSE)))
async def test_what_is_false_is_not_proved(text: str, scripts: list[list[str]]) -> None:
    """Not by a wrong proof, neither step by step nor in place, and not by a search."""
    assert "solved" not in RECORDED[text].values()
    found = await driving.outcomes(EmbeddedSession(), text, scripts, timeout=2)
    assert "⊢" in found[""]
    assert "solved" not in found.values()
    site = analyse(text).sites[-1]
    for script in scripts:
        proof = f"begin {', '.join(script)} end"
        verdict = await EmbeddedSession().verify(Document(text), site, proof)
        assert not verdict.accepted, proof
        assert verdict.message
    prover = create(Settings(threads=1, lean="embedded"))
    options = SearchOptions(budget=0.7)
    params = ProveParams(job="1", text=text, site=site.span.start, options=options)
    result = await prover.prove(params, lambda _: None)
    await prover.close()
    assert result.status == "not found"


@pytest.mark.parametrize(("text", "scripts"), ENTRIES, ids=range(len(ENTRIES)))
async def test_as_lean_answered(text: str, scripts: list[list[str]]) -> None:
    found = await driving.outcomes(EmbeddedSession(), text, scripts, timeout=2)
    assert driving.differences(RECORDED[text], found) == []


async def test_what_is_refused_is_little() -> None:
    refused = total = 0
    for text, scripts in ENTRIES[:30]:
        found = await driving.outcomes(EmbeddedSession(), text, scripts[:12], timeout=2)
        total += len(found)
        refused += sum("does not know" in outcome for outcome in found.values())
    assert refused < total / 10
