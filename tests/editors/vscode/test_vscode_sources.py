"""The extension's own checks and unit tests, where its ``node_modules`` are."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.editors.vscode.workbench import EXTENSION

pytestmark = [
    pytest.mark.vscode,
    pytest.mark.skipif(shutil.which("npm") is None, reason="no npm on the PATH"),
    pytest.mark.skipif(
        not (EXTENSION / "node_modules").is_dir(), reason="no node_modules in editors/vscode"
    ),
]


@pytest.mark.parametrize("script", ["check", "test"])
def test_npm(script: str) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", script],  # noqa: S607
        cwd=EXTENSION,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
