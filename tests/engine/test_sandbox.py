"""What a program can do in the sandbox that is meant for Lean; the program is a shell here."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engine.lean.sandbox import (
    FAILED,
    Sandbox,
    Sandboxes,
    find_sandbox,
    system_call_filter,
    with_limits,
)
from engine.lean.scratch import make_scratch, remove_scratch
from engine.lean.toolchain import Toolchain
from engine.protocol import EngineError, ErrorKind
from tests.engine.conftest import ROOT, alive, eventually

GUARD = 60.0
BWRAP = shutil.which("bwrap")
SHELL = Path("/bin/sh")


def _works() -> bool:
    if BWRAP is None:
        return False
    command = [BWRAP, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return subprocess.run(command, capture_output=True, timeout=GUARD, check=False).returncode == 0


needs_bwrap = pytest.mark.skipif(not _works(), reason="bubblewrap does not work here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


def run(
    script: str, folder: Path, *readable: Path, calls: bytes | None = None, memory_mb: int = 512
) -> subprocess.CompletedProcess[str]:
    filtered = system_call_filter(platform.machine()) if calls is None else calls
    sandbox = Sandbox(Path(BWRAP or "bwrap"), SHELL, filtered)
    with sandbox.launch(
        ["-c", script], readable=readable, folder=folder, environment={"LEAN_PATH": "x"}
    ) as launch:
        return subprocess.run(
            launch.argv,
            env=launch.environment,
            pass_fds=launch.descriptors,
            preexec_fn=with_limits(None, memory_mb),
            capture_output=True,
            text=True,
            timeout=GUARD,
            check=False,
        )


@needs_bwrap
def test_a_program_runs_and_its_status_comes_out(folder: Path) -> None:
    done = run('read -r line < file; echo "$LEAN_PATH $line"; exit 7', folder)
    assert done.returncode != 0, "there is no such file yet"
    (folder / "file").write_text("text\n")
    done = run('read -r line < file; echo "$LEAN_PATH $line"; exit 7', folder)
    assert (done.returncode, done.stdout) == (7, "x text\n")


@needs_bwrap
@pytest.mark.parametrize(
    "where",
    ["{folder}/new", "{folder}/file", "/new", "/usr/new", "/dev/new", "/proc/new", "~/new"],
)
def test_no_file_can_be_written(folder: Path, where: str) -> None:
    (folder / "file").write_text("text\n")
    target = where.format(folder=folder)
    done = run(f"echo x >> {target} && echo done", folder, folder)
    assert done.stdout == ""
    assert (folder / "file").read_text() == "text\n"
    assert [path.name for path in folder.iterdir()] == ["file"]


@needs_bwrap
def test_fifos_pass_both_ways(folder: Path) -> None:
    os.mkfifo(folder / "in")
    os.mkfifo(folder / "out")
    incoming = os.open(folder / "in", os.O_RDWR)
    outgoing = os.open(folder / "out", os.O_RDWR)
    try:
        os.write(incoming, b"question\n")
        assert run('read -r x < in; echo "$x answered" >> out', folder).returncode == 0
        assert os.read(outgoing, 100) == b"question answered\n"
    finally:
        os.close(incoming)
        os.close(outgoing)


@needs_bwrap
def test_what_is_not_named_is_not_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    for name in ("home/.ssh", "home/other", "home/project/src/.git", "modules"):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        "home/.ssh/key",
        "home/other/file",
        "home/project/leanpkg.toml",
        "home/project/src/a.lean",
        "home/project/src/.git/config",
        "home/project/src/.env",
        "home/direct.lean",
        "home/notes.txt",
        "modules/b.lean",
    ):
        (tmp_path / name).write_text("seen\n")
    monkeypatch.setattr(Path, "home", lambda: home)
    script = f"cd {tmp_path}; for f in */* */.*/* */*/* */*/*/* */*/*/.*/* */*/*/.*; do "
    script += 'read -r x < "$f" 2>/dev/null && [ "$x" = seen ] && echo "$f"; done'
    project = home / "project" / "src"
    seen = run(script, folder, project, home, tmp_path / "modules", tmp_path / "no").stdout
    assert sorted({os.path.normpath(name) for name in seen.split()}) == [
        "home/direct.lean",
        "home/project/src/a.lean",
        "modules/b.lean",
    ]


@needs_bwrap
def test_the_folder_for_temporary_files_is_not_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = make_scratch(), make_scratch()
    try:
        (own / "file").write_text("own\n")
        (other / "file").write_text("other\n")
        script = f"read -r x < {own}/file; echo $x; read -r x < {other}/file; echo $x"
        done = run(script, own, Path(tempfile.gettempdir()))
        assert "own" in done.stdout
        assert "other" not in done.stdout
    finally:
        remove_scratch(own)
        remove_scratch(other)


@needs_bwrap
@pytest.mark.skipif(
    not system_call_filter(platform.machine()), reason="no filter for this machine's calls"
)
def test_no_other_program_can_be_started(folder: Path) -> None:
    assert run("(echo ran)", folder, calls=b"").stdout == "ran\n"
    done = run("(echo ran); echo then", folder)
    assert "ran" not in done.stdout
    assert "fork" in done.stderr


@needs_bwrap
@pytest.mark.skipif(
    not system_call_filter(platform.machine()), reason="no filter for this machine's calls"
)
def test_threads_may_run_and_sockets_may_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import threading, socket, sys\n"
        "t = threading.Thread(target=lambda: print('thread', flush=True)); t.start(); t.join()\n"
        "try: socket.socket(socket.AF_UNIX)\n"
        "except OSError as e: print('no socket', e.errno)\n"
    )
    (folder / "code.py").write_text(code)
    real = Path(sys.executable).resolve()
    done = run(
        f"export PYTHONHOME={sys.base_prefix}; exec {real} -I -S code.py",
        folder,
        real.parent,
        Path(sys.base_prefix) / "lib",
    )
    if "thread" not in done.stdout and "error while loading" in done.stderr:
        pytest.skip(f"this Python does not run in the sandbox: {done.stderr.splitlines()[0]}")
    assert done.stdout == "thread\nno socket 1\n", done.stderr


@needs_bwrap
def test_the_environment_is_not_handed_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "secret")
    assert "secret" not in run("set", folder).stdout


@needs_bwrap
def test_signals_and_failures_of_the_sandbox_are_told_apart(folder: Path) -> None:
    sandbox = Sandbox(Path(BWRAP or ""), SHELL, b"")
    killed = run("kill -9 $$", folder)
    assert sandbox.exit_code(killed.returncode, b"") == -signal.SIGKILL
    failed = run("true", folder / "that does not exist")
    assert sandbox.exit_code(failed.returncode, failed.stderr.encode()) == FAILED
    assert sandbox.exit_code(1, b"an error of Lean's own") == 1
    assert sandbox.exit_code(0, b"") == 0


@needs_bwrap
def test_it_dies_with_the_one_who_started_it(folder: Path) -> None:
    parent = f"""
import subprocess, time
from pathlib import Path
from engine.lean.sandbox import Sandbox
from engine.lifetime import tie

sandbox = Sandbox(Path({BWRAP!r}), Path({str(shutil.which("sleep"))!r}), b"")
with sandbox.launch(["600"], readable=[], folder=Path({str(folder)!r}), environment={{}}) as launch:
    tied = tie(launch.argv)
    child = subprocess.Popen(tied.argv, env=launch.environment, **tied.options)
tied.started()
print(child.pid, flush=True)
time.sleep(600)
"""
    starter = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, cwd=ROOT)
    assert starter.stdout is not None
    outer = int(starter.stdout.readline())

    def below(pid: int) -> list[int]:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(c) for c in children] + [n for c in children for n in below(int(c))]

    assert eventually(lambda: len(below(outer)) == 2)
    inside = below(outer)
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate()
    assert eventually(lambda: not any(alive(pid) for pid in (outer, *inside)))


@needs_bwrap
def test_memory_is_bounded(folder: Path) -> None:
    script = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done"
    done = run(script, folder, memory_mb=64)
    assert done.returncode != 0


# -- finding out whether it works ------------------------------------------------------------------


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    (tmp_path / "bin").mkdir()
    program = _script(tmp_path / "bin" / "lean", 'echo "Lean (version 3.51.1, Release)"')
    return Toolchain(program, (3, 51, 1), tmp_path, ())


@pytest.fixture(autouse=True)
def _auto(monkeypatch: pytest.MonkeyPatch, _in_root: None) -> None:
    monkeypatch.delenv("DSP_LSP_SANDBOX")


@needs_bwrap
async def test_a_lean_that_runs_in_it_gets_one(toolchain: Toolchain) -> None:
    sandboxes = Sandboxes("auto")
    sandbox = await sandboxes.of(toolchain)
    assert sandbox is not None
    assert sandbox.program == toolchain.program
    assert sandboxes.notices() == []
    assert await sandboxes.of(toolchain) is sandbox
    assert await Sandboxes("off").of(toolchain) is None


@needs_bwrap
async def test_elan_is_asked_for_the_program(toolchain: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = _script(tmp_path / "real" / "lean", 'echo "Lean (version 3.51.1, Release)"')
    _script(toolchain.program, "exit 9")
    _script(tmp_path / "bin" / "elan", f'[ "$*" = "which lean" ] && echo {real}')
    sandbox = await Sandboxes("required").of(toolchain)
    assert sandbox is not None
    assert sandbox.program == real


@needs_bwrap
async def test_a_lean_that_does_not_run_in_it_is_said(toolchain: Toolchain) -> None:
    _script(toolchain.program, "echo no library >&2; exit 3")
    with pytest.raises(EngineError, match=r"does not run in it \(no library\)"):
        await Sandboxes("required").of(toolchain)


@pytest.mark.parametrize("path", ["", "broken"])
async def test_where_there_is_none_auto_says_so_and_required_refuses(
    toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("bubblewrap is Linux's")
    (tmp_path / "broken").mkdir()
    _script(tmp_path / "broken" / "bwrap", "echo 'bwrap: setting up uid map: no' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / path) if path else str(tmp_path / "empty"))
    sandboxes = Sandboxes("auto")
    assert await sandboxes.of(toolchain) is None
    (notice,) = sandboxes.notices()
    assert ("setting up uid map: no" if path else "not installed") in notice
    assert "your rights" in notice
    assert sandboxes.notices() == []
    with pytest.raises(EngineError) as caught:
        await Sandboxes("required").of(toolchain)
    assert caught.value.kind is ErrorKind.ENVIRONMENT
    assert caught.value.remedy
    monkeypatch.setenv("DSP_LSP_SANDBOX", "required")
    with pytest.raises(EngineError):
        await find_sandbox(toolchain, "auto")


async def test_other_systems_are_told(
    toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    _, why = await find_sandbox(toolchain, "auto")
    assert why is not None
    assert "needs Linux" in why.message


def test_the_filter_is_known_for_the_usual_machines() -> None:
    for machine in ("x86_64", "aarch64"):
        assert len(system_call_filter(machine)) % 8 == 0
        assert system_call_filter(machine)
    assert system_call_filter("pdp11") == b""
