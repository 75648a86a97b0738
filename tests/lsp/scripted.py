"""``dsp-lsp serve`` with the scripted engine beside it, a real process."""

from __future__ import annotations

import sys

from dsp_lsp.engine_client import EngineProcess
from dsp_lsp.engine_host import EngineHost
from dsp_lsp.serving import serve

if __name__ == "__main__":
    command = [sys.executable, "-m", "tests.lsp.scripted_engine"]
    sys.exit(serve(lambda: EngineHost(lambda: EngineProcess(command), pause=0.1)))
