"""A tiny evaluation that all tests of its results share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.evaluation.support import STEADY, run, write_statements

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an evaluation that was never disturbed."""
    folder = tmp_path_factory.mktemp("finished")
    done = run("evaluate", write_statements(folder), "--out", folder / "run", *STEADY)
    assert done.returncode == 0, done.stderr
    return folder / "run"
