"""`dsp-lsp web` and `dsp-lsp suggest --listen` as processes: how they start, refuse, and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.engine.conftest import alive, eventually
from tests.fake_lean.install import FakeLean
from tests.web.conftest import GUARD, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CLI = [sys.executable, "-m", "dsp_lsp.cli"]


@contextmanager
def started(*argv: str, cwd: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*CLI, *argv],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def refused(*argv: str, cwd: Path, **environment: str) -> tuple[int, str]:
    with started(*argv, cwd=cwd, **environment) as process:
        out, err = process.communicate(timeout=GUARD)
        assert "Traceback" not in err
        assert out == ""
        return process.returncode, err


def children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line.startswith("http://127.0.0.1:"), process.stderr and process.stderr.read()
    return line


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_page_is_served_and_leaves_nothing_behind(tmp_path: Path, signum: int) -> None:
    with started("web", "--lean", "embedded", "--port", "0", cwd=tmp_path) as process:
        url = address(process)
        about = httpx.get(f"{url}api/about", timeout=GUARD).json()
        assert about["imports"] == []
        assert about["budgets"][-1] == 300
        engines = children(process.pid)
        search = httpx.post(
            f"{url}api/searches",
            json={"text": "theorem t (p q : Prop) : p → q :=", "budget": 60},
            timeout=GUARD,
        ).json()
        # Somebody listens while the page ends.
        with httpx.stream("GET", f"{url}api/searches/{search['id']}/events", timeout=GUARD):
            process.send_signal(signum)
            assert process.wait(GUARD) == 0
        assert all(eventually(lambda pid=pid: not alive(pid)) for pid in engines)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_token_is_made_and_shown_in_the_address(tmp_path: Path) -> None:
    arguments = ("web", "--lean", "embedded", "--port", "0", "--token")
    with started(*arguments, cwd=tmp_path) as process:
        url = address(process)
        base, _, token = url.partition("?token=")
        assert len(token) >= 16
        assert httpx.get(base, timeout=GUARD).status_code == 401
        assert httpx.get(url, timeout=GUARD).status_code == 303
    code, err = refused(*arguments, cwd=tmp_path, DSP_LSP_WEB_TOKEN="short")  # noqa: S106
    assert code == 2
    assert "at least 8" in err


def test_without_a_sandbox_the_page_is_not_served_unless_told(tmp_path: Path) -> None:
    fake = FakeLean(tmp_path / "fake")
    arguments = ("web", "--lean", str(fake.program), "--port", "0")
    empty = tmp_path / "empty"
    empty.mkdir()
    # Here no bubblewrap is found; that `auto` is satisfied without one must not matter.
    code, err = refused(*arguments, cwd=tmp_path, PATH=str(empty), DSP_LSP_SANDBOX="off")
    assert code == 3
    assert "sandbox" in err
    assert "--sandbox off" in err
    with started(*arguments, "--sandbox", "off", cwd=tmp_path) as process:
        # The fake Lean knows no trial: what matters is that the sandbox is not what is missing.
        _, err = process.communicate(timeout=GUARD)
        assert "sandbox" not in err.partition("…")[2]


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    with started("web", "--lean", "embedded", "--port", "0", cwd=tmp_path) as process:
        port = address(process).rstrip("/").rpartition(":")[2]
        code, err = refused("web", "--lean", "embedded", "--port", port, cwd=tmp_path)
        assert (code, port in err) == (3, True)
    code, err = refused("web", "--lean", "embedded", "--host", "no.such.host.", cwd=tmp_path)
    assert code == 3
    code, err = refused("web", "--port", "65536", cwd=tmp_path)
    assert (code, "is no port" in err) == (2, True)
    code, err = refused("web", "--lean", "embedded", "--import", "tactic", cwd=tmp_path)
    assert code == 3
    assert "cannot be served" in err
    code, err = refused("suggest", cwd=tmp_path)
    assert (code, "--listen" in err) == (2, True)


def test_the_panel_is_served_until_it_is_ended(tmp_path: Path) -> None:
    arguments = ("suggest", "--listen", "0", "--lean", "embedded", "--limit", "3")
    with started(*arguments, cwd=tmp_path) as process:
        url = address(process)
        body = {"tactic_state": "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p", "prefix": ""}
        found = httpx.post(url, json=body, timeout=GUARD).json()["tactic_infos"]
        assert len(found) == 3
        process.send_signal(signal.SIGINT)
        assert process.wait(GUARD) == 0
