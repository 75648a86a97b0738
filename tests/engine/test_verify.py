"""A verdict on a proof that is given, through the real process and the embedded core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsp_lsp.engine_client import EngineProcess
from engine.protocol import EngineError, ProveParams, Settings, VerifyParams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TEXT = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :=\n"


@pytest.fixture
async def core() -> AsyncIterator[EngineProcess]:
    client = EngineProcess()
    await client.start(Settings(lean="embedded"))
    yield client
    await client.close()


async def test_a_proof_found_earlier_is_judged_in_a_later_text(core: EngineProcess) -> None:
    result = await core.prove(ProveParams(job="j", text=TEXT, site=TEXT.index(":=") + 2))
    assert result.status == "proved"
    assert result.goals == 1
    later = "theorem a (p : Prop) (h : p) : p := h\n" + TEXT
    at = later.rindex(":=") + 2
    verdict = await core.verify(VerifyParams(text=later, site=at, replacement=result.replacement))
    assert verdict.accepted
    assert verdict.checker == "the embedded core"
    refused = await core.verify(VerifyParams(text=later, site=at, replacement=" h"))
    assert not refused.accepted
    assert refused.message


async def test_there_must_be_a_site(core: EngineProcess) -> None:
    with pytest.raises(EngineError, match="no site at offset 3"):
        await core.verify(VerifyParams(text=TEXT, site=3, replacement="h"))
