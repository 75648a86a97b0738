"""Engines for tests: the real process around a scripted prover, and how to look for its remains."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dsp_lsp.engine_client import EngineProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ROOT = Path(__file__).parents[2]
FAKE_ENGINE = [sys.executable, "-m", "tests.engine.fake_engine"]


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not stat.parent.parent.exists()


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether the condition comes true; generous, because it guards against hanging only."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # The fake Lean writes down its runs, and the interpreter that runs it may be anywhere.
    monkeypatch.setenv("DSP_LSP_SANDBOX", "off")


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    """The engine's process id and its child's, once a `hang` was asked for."""
    target = tmp_path / "pids"
    monkeypatch.setenv("FAKE_ENGINE_PIDS", str(target))

    def read() -> list[int]:
        assert eventually(lambda: target.exists() and target.read_text().endswith("\n"))
        return [int(word) for word in target.read_text().split()]

    return read


@pytest.fixture
async def engine() -> AsyncIterator[EngineProcess]:
    """An engine that was not started yet."""
    client = EngineProcess(FAKE_ENGINE)
    yield client
    await client.close()
