"""What a fake Lean can be told to do wrong."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Faults:
    """Faults, all off. Those of a run over a document apply where ``kinds`` has the run's kind
    (``hole``, ``check``, ``trace``, or ``warm`` for a server before its first text), the document
    contains ``only``, and fewer than ``first`` runs of this kind were started before.

    ``die_at`` is the number of the request at which Lean dies, 0 for before its first word; at any
    other a trace dies when half of its account is written. ``how`` is SIGKILL or an exit status.
    From request ``deaf_at`` on it reads no more. Of tactics, the ``deadly`` kill Lean, the
    ``silent`` never get an answer, the ``slow`` run into their time-out. ``piece`` is the most
    bytes that an answer's writes have, ``stdout`` and ``stderr`` how many bytes Lean prints first.
    A ``helper`` is a child that holds Lean's pipes open.
    """

    version: str | None = None
    version_hangs: bool = False
    path: str | None = None
    make_fails: bool = False

    kinds: tuple[str, ...] = ("hole", "check")
    only: str = ""
    first: int | None = None

    hang: bool = False
    die_at: int | None = None
    how: str = "SIGKILL"
    deaf_at: int | None = None
    deadly: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    delay: float = 0.0
    piece: int = 0
    garbage: bool = False
    stdout: int = 0
    stderr: int = 0
    helper: bool = False

    def apply_to(self, kind: str, document: str, before: int) -> bool:
        """Whether a run has these faults."""
        few = self.first is None or before < self.first
        return kind in self.kinds and self.only in document and few

    @classmethod
    def read(cls, home: Path) -> Faults:
        """The faults of the fake that lives in ``home``."""
        path = home / "faults"
        return cls(**json.loads(path.read_text("utf-8"))) if path.exists() else cls()

    def write(self, home: Path) -> None:
        """Sets the faults of the fake that lives in ``home``, from its next run on."""
        (home / "faults").write_text(json.dumps(asdict(self)), "utf-8")
