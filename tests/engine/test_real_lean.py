"""The whole way down to a real Lean, for what a scripted prover cannot show."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from dsp_lsp.engine_client import EngineProcess
from engine.protocol import (
    EngineError,
    JobState,
    ProgressReport,
    ProveParams,
    SearchOptions,
    Settings,
)

from .conftest import alive, eventually

pytestmark = [
    pytest.mark.lean3,
    pytest.mark.skipif(shutil.which("lean") is None, reason="no `lean`"),
]

HARD = "theorem d (f : ℕ → ℕ) (h : ∀ n, f n > n) : ∃ n, f n = 37 * f (n + 1) := sorry\n"


def descendants(pid: int) -> list[int]:
    """The processes below ``pid``, whatever session they are in."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It ended while we looked.
        parents[int(stat.parent.name)] = int(fields[1])
    found, fresh = [], [pid]
    while fresh:
        fresh = [child for child, parent in parents.items() if parent in fresh]
        found += fresh
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("how", ["kill -9", "close"])
async def test_no_lean_survives_its_engine(how: str, tmp_path: Path) -> None:
    engine = EngineProcess()
    await engine.start(Settings(threads=2))
    try:
        searching = asyncio.Event()

        def see(report: ProgressReport) -> None:
            if report.state is JobState.SEARCHING:
                searching.set()

        params = ProveParams(
            job="j",
            text=HARD,
            site=HARD.index("sorry"),
            path=str(tmp_path / "x.lean"),
            options=SearchOptions(budget=120.0),
        )
        job = asyncio.create_task(engine.prove(params, see))
        await asyncio.wait_for(searching.wait(), 120)
        assert engine.pid is not None
        leans = descendants(engine.pid)
        assert leans
        if how == "close":
            await engine.close()
        else:
            os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineError):
            await asyncio.wait_for(job, 10)
        assert eventually(lambda: not any(map(alive, leans)))
    finally:
        await engine.close()
