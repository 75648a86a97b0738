"""Sites that Lean meets several times, or never, with a real Lean."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.lean import Document
from engine.protocol import EngineError
from engine.source import analyse
from engine.values import Solved
from tests.lean3.lean3_helpers import (
    LEAN_SECONDS,
    outcome,
    plain_lean,
    prove,
    prover,
    session,
    spliced,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lean3

HEAD = "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q :=\n"
SEVERAL = [
    HEAD + "begin split; sorry end\n",
    HEAD + "begin\n  split,\n  all_goals { sorry },\nend\n",
    HEAD + "begin constructor; { skip, sorry } end\n",
    HEAD + "by split; sorry\n",
]
NEVER = [
    "theorem t : true := begin trivial <|> sorry end\n",
    "theorem t : true := begin trivial, all_goals { sorry } end\n",
    "theorem t : true ∧ true := begin split; trivial; sorry end\n",
    "theorem t : true := begin try { trivial, done <|> sorry } end\n",
]


@pytest.fixture
def file(core_project: Path) -> Path:
    return core_project / "src" / "document.lean"


@pytest.mark.parametrize("text", SEVERAL)
async def test_one_proof_serves_all_visits(file: Path, text: str) -> None:
    async with prover() as service:
        result = await prove(service, text, file)
    # What closes the first goal alone holds in the hole and is refused in place.
    assert result.status == "proved"
    assert not [m for m in plain_lean(spliced(text, result), file) if m.severity == "error"]


async def test_what_serves_the_first_visit_alone_is_refused(file: Path) -> None:
    document, site = Document(SEVERAL[0], file), analyse(SEVERAL[0]).sites[0]
    async with session() as made:
        assert isinstance(await outcome(await made.open(document, site), "exact hp"), Solved)
        verdict = await made.verify(document, site, "{ exact hp }")
        assert not verdict.accepted
        assert (await made.verify(document, site, "{ assumption }")).accepted


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("text", NEVER)
async def test_a_site_that_is_never_met_is_said(file: Path, text: str, warm: bool) -> None:
    async with session(warm=warm) as made:
        opening = made.open(Document(text, file), analyse(text).sites[0])
        with pytest.raises(EngineError, match=r"before the site"):
            await asyncio.wait_for(opening, LEAN_SECONDS)
