"""Helpers of the command line's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dsp_lsp.engine_client import EngineClient, EngineProcess

ROOT = Path(__file__).parents[3]
FAKE_CLI = [sys.executable, str(Path(__file__).with_name("fake_cli.py"))]


@dataclass
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


class Unstartable(EngineProcess):
    """A client that must be closed, and never started."""

    async def start(self, settings: object) -> object:  # type: ignore[override]
        raise AssertionError("an engine was started for nothing")


def scripted() -> EngineClient:
    return EngineProcess([sys.executable, "-m", "tests.engine.fake_engine"])


def start(*argv: str, **options: object) -> subprocess.Popen[bytes]:
    """The command line as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONUNBUFFERED", None)
    pipe = subprocess.PIPE
    settings = {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, "env": environment}
    return subprocess.Popen([*FAKE_CLI, *argv], **{**settings, **options})  # type: ignore[call-overload,no-any-return]


def save(name: str, text: str | bytes) -> Path:
    """A file with exactly these contents."""
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
