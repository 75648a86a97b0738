"""Children that must die with their parent, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.lifetime import tie

from .conftest import ROOT, alive, eventually

if TYPE_CHECKING:
    from pathlib import Path

PARENT = """
import subprocess, sys, time
from engine.lifetime import tie

tied = tie(["sleep", "600"], watcher=sys.argv[1] == "watcher")
child = subprocess.Popen(tied.argv, **tied.options)
tied.started()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["kernel", "watcher"])
def test_a_killed_parent_takes_its_child_along(how: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, how], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    assert eventually(lambda: not alive(child))


@pytest.mark.parametrize("watcher", [False, True])
def test_the_program_is_what_was_asked_for(watcher: bool, tmp_path: Path) -> None:
    tied = tie(["sh", "-c", 'read x; echo "$x-$0-$1"', "a b", "c'd"], watcher=watcher)
    child = subprocess.Popen(
        tied.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **tied.options
    )
    tied.started()
    assert os.getpgid(child.pid) == child.pid
    # The watcher must not hold the program's output open, or this would never return.
    out, _ = child.communicate("in\n", timeout=30)
    assert (out, child.returncode) == ("in-a b-c'd\n", 0)
    tied.release()


def test_release_kills_nobody() -> None:
    tied = tie(["sleep", "600"], watcher=True)
    child = subprocess.Popen(tied.argv, **tied.options)
    tied.started()
    tied.release()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    child.kill()
    child.wait()


def test_the_watcher_reaches_what_a_dead_child_has_left(tmp_path: Path) -> None:
    """As bubblewrap's, when it is killed before its child knows whom to die with."""
    left = tmp_path / "left"
    started = PARENT.replace(
        '["sleep", "600"]', f'["sh", "-c", "sleep 600 & echo $! > {left}; kill -9 $$"]'
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", started, "watcher"], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert eventually(lambda: left.exists() and left.read_text().endswith("\n"))
    grandchild = int(left.read_text())
    assert alive(grandchild)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    assert eventually(lambda: not alive(grandchild))
