"""``annotate --write`` killed again and again: what it leaves, and that it goes on.

``python -m tests.annotate.killing --kills 50`` does it with the Lean on the PATH, over the ten
files and forty sites in ``forty``. After each kill every file must be, byte for byte, what it was,
or a text that a plain Lean accepts, with nothing changed but sites; no process may be left.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from engine.source import fill, find_sites

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
FORTY = Path(__file__).with_name("forty")
_COMMAND = (sys.executable, "-m", "dsp_lsp.cli", "annotate", "work", "--write")
GUARD = 300.0
"""Seconds after which something hangs."""


class Field:
    """A folder with documents, under attack.

    ``accepts`` judges a text from outside; ``options`` are those of ``annotate``.
    """

    def __init__(
        self,
        documents: Path,
        place: Path,
        accepts: Callable[[str], bool],
        options: tuple[str, ...],
        seed: int,
    ) -> None:
        self._documents = documents
        self._accepts = accepts
        self._options = options
        self._dice = random.Random(seed)
        self.place = place
        place.mkdir(exist_ok=True)
        self.work = place / "work"
        self.files = sorted(path.name for path in documents.glob("*.lean"))
        self.known: dict[str, set[bytes]] = {}
        self.seen = Counter[str]()
        self.begin()

    def begin(self) -> None:
        """The documents as they were."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        for name in self.files:
            content = (self._documents / name).read_bytes()
            (self.work / name).write_bytes(content)
            self.known.setdefault(name, set()).add(content)

    def start(self, *more: str) -> subprocess.Popen[str]:
        """The command, in a session of its own."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self._made("scratch")),
            "XDG_STATE_HOME": str(self._made("state")),
            "HOME": str(self._made("home")),
            "DSP_LSP_PROOFS": str(self.place / "proofs.sqlite"),
        }
        return subprocess.Popen(
            [*_COMMAND, *more, *self._options],
            cwd=self.place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,
        )

    def _made(self, name: str) -> Path:
        folder = self.place / name
        folder.mkdir(exist_ok=True)
        return folder

    def kill(self, command: subprocess.Popen[str]) -> None:
        """Ends it as nobody can answer: its whole group, or the command alone."""
        whole = self._dice.random() < 0.5
        (os.killpg if whole else os.kill)(command.pid, signal.SIGKILL)
        command.communicate()

    # -- what is left ----------------------------------------------------------------------------

    def left(self) -> list[str]:
        """Command lines of the processes that have this folder in them, their own or their
        environment's.
        """
        mark = str(self.place).encode()
        processes = [p for p in Path("/proc").glob("[0-9]*") if int(p.name) != os.getpid()]
        return [
            line.replace("\0", " ")
            for line in (_marked(process, mark) for process in processes)
            if line
        ]

    def check(self) -> None:
        """Looks at everything; raises AssertionError."""
        end = time.monotonic() + GUARD
        while (left := self.left()) and time.monotonic() < end:
            time.sleep(0.1)
        assert not left, f"left behind: {left}"
        for name in self.files:
            content = (self.work / name).read_bytes()
            if content not in self.known[name]:
                self._judge(name, content)
                self.known[name].add(content)
        others = [path.name for path in self.work.iterdir() if path.name not in self.files]
        # A kill in the middle of a write may leave its half; it is hidden, and goes the next time.
        assert all(name.startswith(".") for name in others), others
        self.seen["unfinished"] += len(others)

    def _judge(self, name: str, content: bytes) -> None:
        text, old = content.decode("utf-8"), (self._documents / name).read_text("utf-8")
        assert len(find_sites(text)) < len(find_sites(old)), f"{name} is neither old nor better"
        assert _only_sites_differ(old, text), f"{name} was changed outside its sites"
        assert self._accepts(text), f"{name} is not accepted:\n{text}"
        self.seen["new texts"] += 1

    # -- the attack ------------------------------------------------------------------------------

    def attack(
        self, kills: int, moment: Callable[[random.Random, subprocess.Popen[str]], None]
    ) -> None:
        """So many kills, each at what ``moment`` waits for; between rounds all begins anew."""
        while self.seen["kills"] < kills:
            command = self.start("--resume")
            moment(self._dice, command)
            if command.poll() is not None:
                command.communicate()
                self.check()
                self.seen["ends"] += 1
                self.begin()
                (self.place / "proofs.sqlite").unlink(missing_ok=True)
                continue
            self.kill(command)
            self.seen["kills"] += 1
            self.check()

    def finish(self) -> dict[str, int]:
        """The last run, undisturbed: the totals of its report."""
        command = self.start("--resume", "--report", "report.json")
        command.communicate(timeout=GUARD * 4)
        self.check()
        report = json.loads((self.place / "report.json").read_text("utf-8"))
        assert not [path for path in self.work.iterdir() if path.name not in self.files]
        totals: dict[str, int] = report["totals"]
        return totals


def _marked(process: Path, mark: bytes) -> str:
    """The command line of a process that knows ``mark``, else nothing."""
    with contextlib.suppress(OSError):  # it has ended, or is not ours
        line = (process / "cmdline").read_bytes()
        if mark in line + (process / "environ").read_bytes():
            return line.decode("utf-8", "replace")
    return ""


def _only_sites_differ(old: str, new: str) -> bool:
    pieces, at = [], 0
    for site in find_sites(old):
        if site.span.start < at:
            continue
        pieces.append(re.escape(old[at : site.span.start]))
        at = site.span.end
    pieces.append(re.escape(old[at:]))
    return re.fullmatch("(?:.*?)".join(pieces), new, re.DOTALL) is not None


def lean_accepts(text: str) -> bool:
    """Whether a plain Lean, run by nobody but us, has no error in the text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "document.lean"
        # What is still missing behind a `:=` is no error of ours.
        file.write_text(fill(text, find_sites(text)), "utf-8")
        done = subprocess.run(["lean", str(file)], capture_output=True, text=True, check=False)  # noqa: S607
        return "error:" not in done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=float, default=25.0, help="seconds before a kill")
    parser.add_argument("--budget", default="20")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="killing-") as folder:
        options = ("--budget", arguments.budget)
        field = Field(FORTY, Path(folder), lean_accepts, options, arguments.seed)
        moments = []

        def moment(dice: random.Random, command: subprocess.Popen[str]) -> None:
            moments.append(dice.uniform(0, arguments.most))
            try:
                command.wait(moments[-1])
            except subprocess.TimeoutExpired:
                print(f"{field.seen['kills'] + 1}: {moments[-1]:.2f} s", flush=True)

        field.attack(arguments.kills, moment)
        totals = field.finish()
        print(json.dumps({"seed": arguments.seed, **field.seen, "finish": totals}))


if __name__ == "__main__":
    main()
