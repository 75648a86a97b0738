"""The real command line, in this process or its own, with the scripted engine behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_helpers import ROOT, Done, Unstartable, scripted

from dsp_lsp.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs the command line in this process."""

    def run(*argv: str) -> Done:
        status = main(argv, connect=scripted)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Done(status, captured.out, captured.err)

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Like `cli`, for what must be refused without starting an engine."""

    def run(*argv: str) -> Done:
        status = main(argv, connect=Unstartable)
        captured = capsys.readouterr()
        assert captured.out == ""
        return Done(status, captured.out, captured.err)

    return run
