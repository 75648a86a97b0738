"""What tactics can do to a real Lean that several searches share, and what is left of many."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.lean import Document, ProcessSession
from engine.lean.pool import Limits
from engine.lean.usage import resident_mb
from engine.source import analyse
from engine.values import Failed, Progress, Solved
from tests.lean3.lean3_helpers import LEAN_SECONDS, outcome, outcomes

if TYPE_CHECKING:
    from engine.lean import LeanHole
    from engine.values import Outcome

pytestmark = pytest.mark.lean3

TEXT = "theorem t (p : Prop) (h : p) : p := sorry\n\ntheorem u (q : Prop) (h : q) : q := sorry\n"
GREEDY = "(do let l := list.repeat 1 1000000000, tactic.trace (to_string l.length))"
DEEP = (
    "(do let e := (list.range 200000).foldl (λ (e : expr) _, expr.app (expr.const `not []) e) "
    "(expr.const `true []), tactic.infer_type e >>= tactic.exact)"
)
"""A term deeper than Lean's stack."""

CRASH = "exact (" + "9" * 16_000 + " : nat)"


async def both(session: ProcessSession, folder: Path) -> list[LeanHole]:
    document = Document(TEXT, folder / "src" / "document.lean")
    return [await session.open(document, site) for site in analyse(TEXT).sites]


def new_session(memory_mb: int = 2048, heartbeats: int = 0) -> ProcessSession:
    return ProcessSession(
        lean=None, threads=2, memory_mb=memory_mb, heartbeats=heartbeats, warm=Limits()
    )


async def beside(bad: LeanHole, good: LeanHole, tactic: str) -> tuple[Outcome, list[Outcome]]:
    """What becomes of a tactic, and of another hole's while it runs."""
    found: list[Outcome] = []
    going = asyncio.create_task(outcome(bad, tactic, timeout=120))
    while not going.done():
        found += await outcomes(good, ["exact h", "skip"])
        await asyncio.sleep(0.1)
    return await going, found


@pytest.mark.parametrize("tactic", [GREEDY, DEEP, CRASH], ids=["memory", "stack", "crash"])
async def test_one_searchs_disaster_is_not_anothers(core_project: Path, tactic: str) -> None:
    session = new_session(memory_mb=250)
    try:
        bad, good = await both(session, core_project)
        first = await outcome(good, "skip")
        assert isinstance(first, Progress)
        fails, found = await asyncio.wait_for(beside(bad, good, tactic), LEAN_SECONDS)
        assert isinstance(fails, Failed)
        assert {type(o) for o in found} == {Solved, Progress}
        assert isinstance(await outcome(bad, "exact h"), Solved)
        assert isinstance(await outcome(good, "exact h", first.state_id), Solved)
    finally:
        await session.close()


async def test_heartbeats_bound_what_a_tactic_takes(core_project: Path) -> None:
    session = new_session(heartbeats=500)
    try:
        bad, good = await both(session, core_project)
        assert isinstance(await outcome(bad, GREEDY, timeout=120), Failed)
        assert bad.process is not None
        assert (resident_mb(bad.process.pid) or 0) < 500
        assert isinstance(await outcome(good, "exact h"), Solved)
    finally:
        await session.close()


async def test_nothing_is_left_of_many_searches(
    core_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def open_files() -> int:
        gc.collect()
        return len(list(Path("/dev/fd").iterdir()))

    def entries() -> list[str]:
        return sorted(str(path.relative_to(scratch)) for path in scratch.rglob("*"))

    start = open_files()
    session = new_session()
    try:
        for hole in await both(session, core_project):
            await hole.close()
        before, files, tasks = open_files(), entries(), len(asyncio.all_tasks())
        assert files
        for number in range(24):
            holes = await both(session, core_project)
            good = await asyncio.gather(*(outcomes(h, ["skip", "exact h"] * 4) for h in holes))
            assert [type(o) for o in good[0][:2]] == [Progress, Solved]
            if number % 12 == 5:
                assert isinstance(await outcome(holes[0], CRASH, timeout=120), Failed)
            for hole in holes:
                await hole.close()
        assert open_files() <= before
        assert len(entries()) <= len(files)
        assert len(asyncio.all_tasks()) <= tasks
    finally:
        await session.close()
    assert entries() == []
    assert open_files() <= start
