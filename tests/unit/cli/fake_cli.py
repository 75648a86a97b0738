"""The command line with the scripted engine: ``python tests/unit/cli/fake_cli.py prove …``."""

from __future__ import annotations

import signal
import sys

from dsp_lsp.cli import main
from dsp_lsp.engine_client import EngineProcess

if __name__ == "__main__":
    # Whoever runs the tests may ignore Ctrl-C, which children inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "tests.engine.fake_engine"]
    sys.exit(main(connect=lambda: EngineProcess(command)))
