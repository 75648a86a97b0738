"""What all tests stand on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

_HERE = Path(__file__).parent
_PROCESSES = ("annotate", "editors", "engine", "fake_lean", "generators", "lean3", "lsp", "web")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background commands deaf to Ctrl-C, and they start theirs so: here some are
    # tested to hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something about the machine, nothing about the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# No test is to find what another has proved.
os.environ["DSP_LSP_PROOFS"] = "off"

# Nor to ask the model that comes along, unless it says so.
os.environ["DSP_LSP_MODEL"] = "off"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs a test of real processes once more if it fails, and says so (RERUN).

    They wait for Lean, editors and browsers, on machines where others work too: a process that got
    no processor for half a minute is no fault of ours. A fault that shows each time still fails.
    """
    for item in items:
        if item.path.relative_to(_HERE).parts[0] in _PROCESSES:
            item.add_marker(pytest.mark.flaky(reruns=1))
