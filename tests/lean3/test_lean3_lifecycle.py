"""Nothing is left behind: no `lean`, no scratch folder; and searches stop when told."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.protocol import EngineError, ExtendParams, JobState, StopReason
from tests.lean3.lean3_helpers import opened, prove, prover, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.protocol import ProgressReport

pytestmark = pytest.mark.lean3

HARD = "theorem t (f : nat → nat) (h : ∀ n, f (f n) < f (n + 1)) (n : nat) : f n = n := sorry\n"
EASY = "theorem t (p : Prop) (h : p) : p := sorry\n"


def own_leans() -> list[int]:
    """Living `lean` processes below this one, also those inside a sandbox."""
    parents: dict[int, int] = {}
    leans = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        state, parent = rest.split()[:2]
        parents[int(folder.name)] = int(parent)
        if name == "lean" and state != "Z":
            leans.append(int(folder.name))

    def is_ours(pid: int) -> bool:
        while pid in parents:
            pid = parents[pid]
            if pid == os.getpid():
                return True
        return False

    return [pid for pid in leans if is_ours(pid)]


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this test alone."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("this system has no /proc to look for processes in")
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert own_leans() == []
    return folder


async def eventually(condition: Callable[[], bool]) -> bool:
    for _ in range(600):
        if condition():
            return True
        await asyncio.sleep(0.05)
    return condition()


@pytest.fixture
def file(core_project: Path) -> Path:
    return core_project / "src" / "document.lean"


async def test_nothing_is_left_of_a_hole(scratch: Path, file: Path) -> None:
    async with opened(EASY, file, warm=False):
        assert len(own_leans()) == 1
        assert len(left_in(scratch)) == 1
    assert own_leans() == []
    assert left_in(scratch) == []


async def test_nothing_is_left_of_a_hole_that_never_opened(scratch: Path, file: Path) -> None:
    async with session(warm=False) as made:
        del made
        with pytest.raises(EngineError):
            async with opened("theorem t : nowhere := sorry\n", file, warm=False):
                pass
        assert own_leans() == []
        assert left_in(scratch) == []


async def test_nothing_is_left_of_a_proof(scratch: Path, file: Path) -> None:
    async with prover(warm=False) as service:
        result = await prove(service, EASY, file)
        assert result.status == "proved"
        assert own_leans() == []
        assert left_in(scratch) == []


async def test_a_budget_stops_and_closing_leaves_nothing(scratch: Path, file: Path) -> None:
    async with prover(warm=False) as service:
        result = await prove(service, HARD, file, budget=3.0)
        assert result.stop_reason is StopReason.BUDGET
        assert result.elapsed >= 3.0
        # The hole stays, to be given more time.
        assert len(own_leans()) == 1
    assert own_leans() == []
    assert left_in(scratch) == []


async def test_cancelling_ends_a_search_soon(scratch: Path, file: Path) -> None:
    async with prover(warm=False) as service:
        reports: list[ProgressReport] = []
        task = asyncio.create_task(prove(service, HARD, file, reports=reports, budget=600.0))
        assert await eventually(lambda: any(r.tried > 0 for r in reports))
        cancelled = time.monotonic()
        await service.cancel("job")
        result = await asyncio.wait_for(task, 60)
        assert time.monotonic() - cancelled < 20  # guards against waiting for the budget
        assert result.status == "not found"
        assert result.stop_reason is StopReason.CANCELLED
        assert result.statistics.tried > 0
        assert reports[-1].state is JobState.FINISHED
        await service.cancel("job")
        await service.cancel("a job that never was")
    assert own_leans() == []
    assert left_in(scratch) == []


async def test_cancelling_while_lean_comes_to_the_site(scratch: Path, file: Path) -> None:
    slow = (
        "meta def spin : nat → nat\n| 0 := 0\n| (n + 1) := spin n\n\n"
        "run_cmd tactic.trace (spin 100000000000)\n\n" + EASY
    )
    async with prover(warm=False) as service:
        task = asyncio.create_task(prove(service, slow, file))
        assert await eventually(lambda: bool(own_leans()))
        await asyncio.sleep(0.5)
        await service.cancel("job")
        result = await asyncio.wait_for(task, 60)
        assert result.stop_reason is StopReason.CANCELLED
        assert await eventually(lambda: own_leans() == [])
    assert left_in(scratch) == []


async def test_closing_ends_what_runs(scratch: Path, file: Path) -> None:
    async with prover(warm=False) as service:
        reports: list[ProgressReport] = []
        task = asyncio.create_task(prove(service, HARD, file, reports=reports, budget=600.0))
        assert await eventually(lambda: any(r.tried > 0 for r in reports))
        await service.close()
        done, _ = await asyncio.wait({task}, timeout=60)
        assert done == {task}
        assert task.cancelled() or task.exception() is not None or task.result().status != "proved"
    assert own_leans() == []
    assert left_in(scratch) == []


async def test_extending_goes_on_where_it_stopped(scratch: Path, file: Path) -> None:
    async with prover(warm=False) as service:
        first = await prove(service, HARD, file, budget=2.0)
        assert first.stop_reason is StopReason.BUDGET
        leans = own_leans()
        reports: list[ProgressReport] = []
        second = await service.extend(ExtendParams(job="job", seconds=3.0), reports.append)
        assert own_leans() == leans
        assert second.stop_reason is StopReason.BUDGET
        assert second.elapsed > first.elapsed
        assert second.statistics.tried > first.statistics.tried
        assert second.statistics.nodes >= first.statistics.nodes
        assert reports[0].budget == pytest.approx(5.0)
        tree = await service.tree("job")
        assert tree.svg.count("<svg") == 1
        assert tree.text.startswith("#0 ")
    assert left_in(scratch) == []


async def test_extending_finds_a_proof_that_the_budget_cut_off(scratch: Path, file: Path) -> None:
    text = "theorem t (p q r s : Prop) : (p ∧ q) ∧ (r ∧ s) → (s ∧ r) ∧ (q ∧ p) := sorry\n"
    async with prover(warm=False) as service:
        first = await prove(service, text, file, budget=0.001)
        assert first.status == "not found"
        second = await service.extend(ExtendParams(job="job", seconds=120.0), lambda report: None)
        assert second.status == "proved"
        assert own_leans() == []
        with pytest.raises(EngineError, match="cannot go on"):
            await service.extend(ExtendParams(job="job", seconds=1.0), lambda report: None)
    assert left_in(scratch) == []


async def test_only_the_last_stopped_searches_keep_their_lean(scratch: Path, file: Path) -> None:
    async with prover(warm=False) as service:
        for number in range(4):
            await prove(service, HARD, file, budget=0.5, job=f"job {number}")
        assert 0 < len(own_leans()) <= 2
        with pytest.raises(EngineError, match="cannot go on"):
            await service.extend(ExtendParams(job="job 0", seconds=1.0), lambda report: None)
    assert own_leans() == []
    assert left_in(scratch) == []


async def test_two_jobs_of_one_name_do_not_mix(scratch: Path, file: Path) -> None:
    async with prover(warm=False) as service:
        reports: list[ProgressReport] = []
        task = asyncio.create_task(prove(service, HARD, file, reports=reports, budget=600.0))
        assert await eventually(lambda: any(r.tried > 0 for r in reports))
        with pytest.raises(EngineError, match="running already"):
            await prove(service, EASY, file)
        await service.cancel("job")
        await asyncio.wait_for(task, 60)
        result = await prove(service, EASY, file)
        assert result.status == "proved"
    assert left_in(scratch) == []


async def test_searches_run_side_by_side(scratch: Path, file: Path) -> None:
    texts = [f"theorem t{n} (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n" for n in range(3)]
    async with prover(warm=False) as service:
        results = await asyncio.gather(*(prove(service, text, file, job=text) for text in texts))
        assert [r.status for r in results] == ["proved"] * 3
        assert own_leans() == []
    assert left_in(scratch) == []
