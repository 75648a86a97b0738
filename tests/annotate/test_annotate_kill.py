"""``annotate --write`` under ``kill -9``: each file is the old one or a verified new one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.embedded.document import Reader, prelude
from engine.embedded.kernel import KernelError
from engine.embedded.syntax import Mistake
from engine.source import fill, find_sites
from tests.annotate.killing import FORTY, Field, lean_accepts

if TYPE_CHECKING:
    import random
    import subprocess

CORE = Path(__file__).with_name("core")


def core_accepts(text: str) -> bool:
    """Whether the embedded core, run by nobody but us, has no fault in the text."""
    try:
        Reader(prelude(), lambda: None).read(fill(text, find_sites(text)))
    except (Mistake, KernelError):
        return False
    return True


def soon_after_a_line(dice: random.Random, command: subprocess.Popen[str]) -> None:
    """A moment that does not depend on how fast the machine is."""
    assert command.stdout is not None
    for _ in range(dice.randrange(9)):
        if not command.stdout.readline():
            command.wait()
            return
    time.sleep(dice.uniform(0, 0.02))


def test_the_core_that_judges_here_can_say_no() -> None:
    assert core_accepts("theorem a (p : Prop) (h : p) : p := begin exact h end")
    assert not core_accepts("theorem a (p q : Prop) (h : p) : q := begin exact h end")


def test_kills_at_any_moment_leave_whole_files_and_no_processes(tmp_path: Path) -> None:
    options = ("--lean", "embedded", "--max-expansions", "30", "--budget", "600")
    field = Field(CORE, tmp_path, core_accepts, options, seed=3)
    field.attack(5, soon_after_a_line)
    totals = field.finish()
    assert field.seen["kills"] == 5
    assert (totals["sites"], totals["proved"], totals["not_proved"]) == (9, 8, 1)


@pytest.mark.lean3
@pytest.mark.skipif(shutil.which("lean") is None, reason="there is no `lean` on the PATH")
def test_the_same_with_a_real_lean(tmp_path: Path) -> None:
    few = tmp_path / "documents"
    few.mkdir()
    for name in ("conjunctions.lean", "lists.lean"):
        shutil.copy(FORTY / name, few / name)
    field = Field(few, tmp_path / "place", lean_accepts, ("--budget", "120"), seed=5)
    field.attack(2, soon_after_a_line)
    assert field.finish()["proved"] == 8
