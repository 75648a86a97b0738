"""Real editors for the tests, each a process of its own that speaks to a real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "editors" / "neovim"
SUPPORT = Path(__file__).with_name("support.lua")
SERVER = [sys.executable, "-m", "dsp_lsp.cli", "serve"]
SCRIPTED = [sys.executable, "-m", "tests.lsp.scripted"]
"""The server with the scripted engine of :mod:`tests.lsp.scripted_engine`."""
GUARD = 150.0


def environment(tmp_path: Path) -> dict[str, str]:
    """For an editor that finds nothing of the user's, and a server that finds this source tree."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "DSP_LSP_LOG_FILE": str(tmp_path / "server.log"),
        "DSP_LSP_CACHE": str(tmp_path / "cache"),
        "FAKE_ENGINE_HOME": str(tmp_path),
    }


def _neovims() -> dict[str, str]:
    """The Neovims of this machine: what they call themselves, and their programs."""
    names = os.environ.get("DSP_LSP_NVIM", "").split(os.pathsep)
    names += [str(Path(sys.executable).with_name("nvim")), "nvim", "/usr/bin/nvim"]
    found: dict[str, str] = {}
    for name in names:
        program = shutil.which(name) if name else None
        if program is None:
            continue
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        version = said.stdout.split("\n")[0].removeprefix("NVIM v")
        if said.returncode == 0 and version:
            found.setdefault(version, program)
    return found


NEOVIMS = _neovims()


@dataclass
class Neovim:
    """A Neovim with the plugin, and a folder of its own."""

    program: str
    folder: Path
    options: dict[str, Any] = field(default_factory=lambda: {"cmd": SERVER})
    before: str = ""
    """Lua that runs as the user's configuration."""

    @property
    def has_lsp_config(self) -> bool:
        """Whether it has `vim.lsp.config` and `vim.lsp.enable`."""
        version = next(name for name, program in NEOVIMS.items() if program == self.program)
        return tuple(int(part) for part in version.split("-")[0].split(".")[:2]) >= (0, 11)

    @property
    def file(self) -> Path:
        """What a scenario edits."""
        return self.folder / "a.lean"

    def command(self, *arguments: str) -> list[str]:
        """Its command line; a configuration is written for it."""
        init = self.folder / "init.lua"
        options = json.dumps(self.options)
        init.write_text(
            f"vim.opt.runtimepath:prepend({json.dumps(str(PLUGIN))})\n"
            f"vim.g.dsp_lsp = vim.fn.json_decode({json.dumps(options)})\n{self.before}\n",
            "utf-8",
        )
        return [self.program, "-u", str(init), "-i", "NONE", "-n", *arguments]

    def environment(self) -> dict[str, str]:
        return {**environment(self.folder), "DSP_TEST_OUT": str(self.folder / "seen.json")}

    def run(self, scenario: str, *, text: bytes | str = b"", file: bool = True) -> Any:
        """Runs a scenario in Lua with ``text`` in the file that is open; what it has seen."""
        arguments = []
        if file:
            self.file.write_bytes(text.encode() if isinstance(text, str) else text)
            arguments.append(str(self.file))
        script = self.folder / "scenario.lua"
        script.write_text(
            f"dofile({json.dumps(str(SUPPORT))})\n"
            f"T.finish(xpcall(function()\n{scenario}\nend, debug.traceback))\n",
            "utf-8",
        )
        out = self.folder / "seen.json"
        out.unlink(missing_ok=True)
        done = subprocess.run(
            self.command("--headless", "-c", f"luafile {script}", *arguments),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GUARD,
            check=False,
        )
        assert out.exists(), done.stdout + done.stderr
        seen = json.loads(out.read_text("utf-8"))
        assert "error" not in seen, seen["error"] + self.log()
        return seen

    def log(self) -> str:
        """What the server wrote down."""
        path = self.folder / "server.log"
        return "\nthe server's log:\n" + path.read_text("utf-8") if path.exists() else ""


@pytest.fixture(params=sorted(NEOVIMS, reverse=True) or ["none"])
def neovim(request: pytest.FixtureRequest, tmp_path: Path) -> Neovim:
    """Each Neovim of this machine, with the embedded core."""
    if request.param not in NEOVIMS:
        pytest.skip("there is no nvim")
    settings = {"leanPath": "embedded"}
    return Neovim(NEOVIMS[request.param], tmp_path, {"cmd": SERVER, "settings": settings})


@pytest.fixture
def scripted(neovim: Neovim) -> Neovim:
    """Each Neovim of this machine, with the scripted engine."""
    neovim.options = {"cmd": SCRIPTED}
    return neovim
