"""Warm Leans over a fake one: what is kept, for how long, and what is thrown away."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.lean import hole as hole_module
from engine.lean import pool as pool_module
from engine.lean.pool import Limits
from engine.lean.session import Document, ProcessSession
from engine.protocol import EngineError
from engine.source import analyse
from engine.values import Failed, Progress, Solved, TimedOut
from tests.fake_lean.faults import Faults
from tests.fake_lean.install import DOCUMENTS, FakeLean
from tests.unit.lean.test_lean_oleans import olean

from .conftest import alive, eventually

if TYPE_CHECKING:
    from engine.lean.hole import LeanHole

PAPER = (DOCUMENTS / "paper.lean").read_text("utf-8")
DEEP = (DOCUMENTS / "deep.lean").read_text("utf-8")
BROKEN = (DOCUMENTS / "broken.lean").read_text("utf-8")
GUARD = 60.0
"""Seconds after which a test hangs; nothing here takes anything like it."""


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Leans have their folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def lean(tmp_path: Path) -> FakeLean:
    return FakeLean(tmp_path / "toolchain")


def new_session(lean: FakeLean, *, threads: int = 1, **limits: float) -> ProcessSession:
    warm = Limits(**limits)  # type: ignore[arg-type]
    return ProcessSession(lean=str(lean.program), threads=threads, memory_mb=2048, warm=warm)


async def opened(session: ProcessSession, text: str) -> LeanHole:
    site = next(iter(analyse(text).sites))
    return await asyncio.wait_for(session.open(Document(text), site), GUARD)


async def solves(hole: LeanHole, tactic: str = "simp *") -> bool:
    async def collect() -> list[object]:
        return [r.outcome async for r in hole.apply(0, [tactic], timeout=5.0)]

    return await asyncio.wait_for(collect(), GUARD) == [Solved()]


def living(lean: FakeLean) -> list[int]:
    return [run.pid for run in lean.runs("warm") if alive(run.pid)]


def left_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


async def until(condition: object) -> bool:
    assert callable(condition)
    return await asyncio.to_thread(eventually, condition, GUARD)


async def test_one_lean_serves_site_after_site(lean: FakeLean) -> None:
    session = new_session(lean, processes=1)
    for text in (PAPER, PAPER, DEEP, PAPER):
        hole = await opened(session, text)
        if text is PAPER:
            assert await solves(hole)
        await hole.close()
    assert len(lean.runs("warm")) == 1
    assert len(lean.runs("hole")) == 4
    await session.close()
    assert not living(lean)


async def test_searches_share_a_lean(lean: FakeLean) -> None:
    session = new_session(lean, processes=2)
    holes = await asyncio.gather(*(opened(session, text) for text in (PAPER, DEEP, PAPER)))
    assert len(lean.runs("warm")) == 1
    assert {pid for hole in holes if hole.process for pid in [hole.process.pid]} == set(
        living(lean)
    )
    assert await asyncio.gather(*map(solves, (holes[0], holes[2]))) == [True, True]
    await holes[0].close()
    assert await solves(holes[2])
    for hole in holes[1:]:
        await hole.close()
    assert len(living(lean)) == 1
    await session.close()
    assert not living(lean)


async def test_so_many_share_a_lean_and_no_more(lean: FakeLean) -> None:
    session = new_session(lean, processes=2, holes=2)
    holes = [await opened(session, PAPER) for _ in range(3)]
    assert len(lean.runs("warm")) == 2
    holes += [await opened(session, PAPER) for _ in range(2)]  # more than are wanted, then
    assert len(lean.runs("warm")) == 2
    for hole in holes:
        assert await solves(hole)
    for hole in holes:
        await hole.close()
    assert len(living(lean)) == 2
    await session.close()


async def test_where_no_more_fit_in_a_lean_there_are_others(
    lean: FakeLean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "HOLES", 2)
    session = new_session(lean, processes=1)
    holes = [await opened(session, PAPER) for _ in range(3)]
    assert len(lean.runs("warm")) == 2
    for hole in holes:
        assert await solves(hole)
        await hole.close()
    assert len(living(lean)) == 1
    await session.close()


async def test_no_second_lean_where_memory_is_short(lean: FakeLean) -> None:
    session = new_session(lean, processes=3, memory_mb=1, holes=2)
    holes = [await opened(session, PAPER) for _ in range(3)]
    assert len(lean.runs("warm")) == 1
    for hole in holes:
        assert await solves(hole)
    await session.close()


async def test_where_none_are_shared_another_one_is_kept_ready(lean: FakeLean) -> None:
    session = new_session(lean, processes=2, holes=1)
    first = await opened(session, PAPER)
    assert await until(lambda: len(lean.runs("warm")) == 2)
    holes = [first, *[await opened(session, PAPER) for _ in range(2)]]  # one more than are kept
    assert len({hole.process.pid for hole in holes if hole.process}) == 3
    for hole in holes:
        assert await solves(hole)
        await hole.close()
    assert len(living(lean)) == 2
    await session.close()


async def test_a_tactic_that_kills_lean_is_the_only_one_that_fails(lean: FakeLean) -> None:
    lean.misbehave(Faults(deadly=("refl",), delay=0.05))
    session = new_session(lean, threads=3)
    bad, good = await asyncio.gather(opened(session, PAPER), opened(session, DEEP))

    async def outcomes(hole: LeanHole, state: int, *tactics: str) -> list[object]:
        results = {r.tactic: r.outcome async for r in hole.apply(state, tactics, timeout=5.0)}
        return [results[tactic] for tactic in tactics]

    (step,) = await outcomes(good, 0, "cases h with n hn")
    assert isinstance(step, Progress)
    found = await asyncio.wait_for(
        asyncio.gather(
            outcomes(bad, 0, "refl", "simp *"),
            *(outcomes(good, step.state_id, "cases hn") for _ in range(4)),
        ),
        GUARD,
    )
    assert isinstance(found[0][0], Failed)
    assert found[0][1] == Solved()
    assert all(isinstance(outcome, Progress) for (outcome,) in found[1:])
    assert len(living(lean)) == 1
    await session.close()


async def test_what_does_not_end_for_one_is_no_trouble_for_another(
    lean: FakeLean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hole_module, "_GRACE_SECONDS", 0.5)
    lean.misbehave(Faults(silent=("refl",)))
    session = new_session(lean, threads=1)
    bad, good = await asyncio.gather(opened(session, PAPER), opened(session, PAPER))

    async def endless() -> object:
        return [r.outcome async for r in bad.apply(0, ["refl"] * 3, timeout=0.05)]

    going = asyncio.create_task(endless())
    for _ in range(20):
        assert await solves(good)  # also when Lean has to be killed for it
    assert await asyncio.wait_for(going, GUARD) == [TimedOut(0.05)] * 3
    assert await solves(good)
    await session.close()
    assert not living(lean)


async def test_a_lean_that_is_killed_for_one_comes_back_for_the_others(
    lean: FakeLean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_IDLE_SECONDS", 0.2)
    monkeypatch.setattr(pool_module, "computing", lambda pid: 99)
    lean.misbehave(Faults(silent=("assumption",)))
    session = new_session(lean, threads=2)
    stopped, other = await asyncio.gather(opened(session, PAPER), opened(session, DEEP))
    (step,) = [r.outcome async for r in other.apply(0, ["cases h with n hn"], timeout=5.0)]
    assert isinstance(step, Progress)
    first = living(lean)
    stream = stopped.apply(0, ["assumption", "simp *"], timeout=5.0)
    async for result in stream:
        assert result.outcome == Solved()
        break
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.wait_for(stopped.close(), GUARD)
    assert await until(lambda: living(lean) != first)
    lean.misbehave(Faults())
    (step,) = [r.outcome async for r in other.apply(step.state_id, ["cases hn"], timeout=5.0)]
    assert isinstance(step, Progress)
    await session.close()


async def test_an_idle_lean_is_closed(lean: FakeLean, scratch: Path) -> None:
    session = new_session(lean, processes=2, idle_seconds=0.2)
    hole = await opened(session, PAPER)
    await hole.close()
    assert await until(lambda: not living(lean))
    assert await until(lambda: left_in(scratch) == [])
    # The next one starts anew.
    hole = await opened(session, PAPER)
    assert await solves(hole)
    await session.close()


async def test_a_lean_that_died_while_idle_is_replaced(lean: FakeLean) -> None:
    session = new_session(lean, processes=1)
    await (await opened(session, PAPER)).close()
    os.kill(living(lean)[0], signal.SIGKILL)
    assert await until(lambda: not living(lean))
    # As long as its end has not been noticed, a plain one serves.
    for _ in range(20):
        hole = await opened(session, PAPER)
        assert await solves(hole)
        await hole.close()
    assert len(lean.runs("warm")) == 2
    await session.close()


async def test_a_lean_has_its_day(lean: FakeLean, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_TEXTS", 2)
    session = new_session(lean, processes=1)
    for _ in range(4):
        await (await opened(session, PAPER)).close()
    assert len(lean.runs("warm")) == 2
    await session.close()


async def test_imports_that_were_compiled_anew_are_loaded_anew(
    lean: FakeLean, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    source = b"def one := 1\n"
    (work / "mine.lean").write_bytes(source)
    text = "import mine\n" + PAPER
    session = new_session(lean, processes=1)
    site = next(iter(analyse(text).sites))
    for content in (olean(source), olean(source), olean(source) + b"made anew"):
        (work / "mine.olean").write_bytes(content)
        os.utime(work / "mine.olean", (len(content), len(content)))
        with pytest.raises(EngineError, match="not recorded"):
            await session.open(Document(text, work / "x.lean"), site)
    assert len(lean.runs("warm")) == 2
    assert len(living(lean)) == 1
    await session.close()


@pytest.mark.parametrize(
    "faults",
    [
        Faults(kinds=("warm",), die_at=0),
        Faults(kinds=("warm",), die_at=0, how="1"),
        Faults(kinds=("warm",), hang=True),
        Faults(kinds=("hole",), die_at=0, first=1),
        Faults(kinds=("hole",), hang=True, first=1),
    ],
    ids=["killed", "ends", "hangs", "dies at the text", "hangs at the text"],
)
async def test_where_a_warm_lean_fails_a_plain_one_serves(
    lean: FakeLean, faults: Faults, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    monkeypatch.setattr(pool_module, "_START_SECONDS", 2.0)
    monkeypatch.setattr("engine.lean.session._WARM_SECONDS", 2.0)
    lean.misbehave(faults)
    session = new_session(lean)
    hole = await opened(session, PAPER)
    assert await solves(hole)
    site = next(iter(analyse(PAPER).sites))
    verdict = await session.verify(Document(PAPER), site, "\nbegin\n  simp *\nend")
    assert verdict.accepted, verdict
    await session.close()
    assert not any(alive(run.pid) for run in lean.runs())
    assert left_in(scratch) == []


async def test_states_outlive_a_warm_lean(lean: FakeLean) -> None:
    lean.misbehave(Faults(deadly=("trivial",)))
    session = new_session(lean)
    hole = await opened(session, DEEP)

    async def one(tactic: str, state: int) -> object:
        async for result in hole.apply(state, [tactic], timeout=5.0):
            return result.outcome
        return None

    step = await one("cases h with n hn", 0)
    assert isinstance(step, Progress)
    assert isinstance(await one("trivial", step.state_id), Failed)
    assert isinstance(await one("cases hn", step.state_id), Progress)
    await session.close()
    assert not living(lean)


async def test_a_stop_leaves_a_lean_that_is_at_rest(lean: FakeLean) -> None:
    lean.misbehave(Faults(slow=("refl",)))
    session = new_session(lean, processes=1)
    hole = await opened(session, PAPER)
    stream = hole.apply(0, ["refl", "simp *"], timeout=30.0)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.wait_for(hole.close(), GUARD)
    assert await solves(await opened(session, PAPER))
    await session.close()


async def test_a_search_that_is_stopped_lets_go_and_can_go_on(lean: FakeLean) -> None:
    lean.misbehave(Faults(silent=("assumption",)))
    session = new_session(lean, threads=2)
    hole = await opened(session, DEEP)
    (step,) = [r.outcome async for r in hole.apply(0, ["cases h with n hn"], timeout=60.0)]
    assert isinstance(step, Progress)
    stream = hole.apply(0, ["assumption", "cases h with n hn"], timeout=60.0)
    async for result in stream:
        assert isinstance(result.outcome, Progress)
        break
    await stream.aclose()  # type: ignore[attr-defined]
    # The other one would have gone on for a minute.
    assert await until(lambda: hole.process is None)
    lean.misbehave(Faults())
    (step,) = [r.outcome async for r in hole.apply(step.state_id, ["cases hn"], timeout=60.0)]
    assert isinstance(step, Progress)
    await session.close()
    assert not living(lean)


async def test_nothing_is_left_of_five_hundred_searches(lean: FakeLean, scratch: Path) -> None:
    session = new_session(lean, threads=2, processes=2)
    await (await opened(session, PAPER)).close()
    gc.collect()
    descriptors, tasks = len(left_in(Path("/dev/fd"))), len(asyncio.all_tasks())
    folders = len(left_in(scratch))
    for number in range(500):
        hole = await opened(session, (PAPER, DEEP)[number % 2])
        async for result in hole.apply(0, ["refl", "simp *"], timeout=5.0):
            assert isinstance(result.outcome, Failed | Solved | Progress)
        await hole.close()
    gc.collect()
    # Five hundred are more than one Lean's share, so that some were replaced.
    assert 2 <= len(lean.runs("warm")) <= 12
    assert len(living(lean)) == 1
    assert await until(lambda: len(left_in(Path("/dev/fd"))) <= descriptors)
    assert len(asyncio.all_tasks()) <= tasks
    assert len(left_in(scratch)) <= folders
    await session.close()
    assert left_in(scratch) == []
    assert not any(alive(run.pid) for run in lean.runs())
    assert len(left_in(Path("/dev/fd"))) < descriptors
