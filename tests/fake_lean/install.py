"""A fake Lean in a folder: its launcher, its faults, and what became of its runs."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fake_lean.faults import Faults

ROOT = Path(__file__).parents[2]
DOCUMENTS = Path(__file__).with_name("documents")


def write_launcher(path: Path, module: str, *arguments: str) -> None:
    """A program at ``path`` that runs ``module.main`` under this interpreter, from our source tree.

    The process that is started is the interpreter itself; no shell stays beside it.
    """
    start = (
        f"import sys; sys.path[0] = {str(ROOT)!r}; "
        f"from {module} import main; sys.stdout.flush(); sys.exit(main())"
    )
    words = [sys.executable, "-c", start, *arguments]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', "utf-8")
    path.chmod(0o755)


@dataclass(frozen=True)
class Started:
    """A run of the fake (``hole``, ``check``, ``trace``, ``version``, ``path``, ``make``), a
    ``helper`` of one, or that it met a document or tactic that was ``not recorded``.
    """

    kind: str
    pid: int
    parent: int
    folder: Path | None
    what: str


class FakeLean:
    """A fake `lean` at ``program``, installed into the folder ``home``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.program = home / "bin" / "lean"
        self.program.parent.mkdir(parents=True)
        (home / "library").mkdir()
        write_launcher(self.program, "tests.fake_lean.lean", str(home))

    def misbehave(self, faults: Faults) -> None:
        """Sets the faults of all runs that start from now on."""
        faults.write(self.home)

    def runs(self, kind: str | None = None) -> list[Started]:
        """What was started so far, in order."""
        path = self.home / "runs"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        records = [json.loads(line) for line in lines]
        return [
            Started(
                record["kind"],
                record["pid"],
                record["parent"],
                Path(record["folder"]) if record.get("folder") else None,
                record.get("tactic") or record.get("document") or "",
            )
            for record in records
            if kind in (None, record["kind"])
        ]
