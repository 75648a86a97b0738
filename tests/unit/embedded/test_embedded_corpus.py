"""The embedded core against what Lean 3.51.1 answered when the corpus was recorded."""

from __future__ import annotations

import pytest

from engine.embedded.session import EmbeddedSession
from tests.unit.embedded import driving
from tests.unit.embedded.corpus import ENTRIES

RECORDED = driving.read()


def test_the_corpus_is_large_and_recorded() -> None:
    assert len(ENTRIES) >= 60
    assert set(RECORDED) == {text for text, _ in ENTRIES}
    unproved = [text for text, found in RECORDED.items() if "solved" not in found.values()]
    assert len(unproved) >= 10


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
