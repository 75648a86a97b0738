"""The kernels without a GPU: their tests in a process of their own, in Triton's interpreter.

The interpreter has to be on before anything imports Triton.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("numpy", reason="Triton's interpreter needs NumPy")


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU runs them itself")
def test_the_kernels_do_what_plain_pytorch_does():
    pytest.importorskip("triton", reason="needs Triton")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs",
         str(Path(__file__).with_name("test_kernels.py"))],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert " passed" in ended.stdout
    assert "skipped" not in ended.stdout
