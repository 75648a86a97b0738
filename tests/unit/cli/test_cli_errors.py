"""Every way to be wrong: one clear sentence, the right status, nothing written, no traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_helpers import Done, save, start

from dsp_lsp.cli import main
from dsp_lsp.engine_client import EngineProcess
from tests.engine.conftest import alive, eventually

if TYPE_CHECKING:
    from engine.protocol import Settings

Cli = Callable[..., Done]

SORRY = "theorem ok : true := sorry\n"


@pytest.mark.parametrize("command", ["prove", "sites"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "x.lean: no such file."),
        (b"theorem a : true := \xff\n", "x.lean is not UTF-8: byte 0xff in line 1."),
        (b"\xef\xbb\xbftheorem a : true :=\n", "byte order mark"),
    ],
)
def test_a_file_that_cannot_be_read(
    refused: Cli, command: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        save("x.lean", content)
    done = refused(command, "x.lean")
    assert done.status == 2
    assert sentence in done.err
    assert 1 <= len(done.err.splitlines()) <= 2


def test_a_folder(refused: Cli) -> None:
    done = refused("prove", ".")
    assert (done.status, done.err.splitlines()[0]) == (2, "dsp-lsp: . is a folder.")


def test_nothing_to_prove(refused: Cli) -> None:
    save("x.lean", "theorem t : true := trivial\n")
    done = refused("prove", "x.lean")
    assert done.status == 2
    assert "x.lean has nothing to prove" in done.err
    assert "`sorry`" in done.err


@pytest.mark.parametrize(
    "place", ["x.lean:1", "x.lean:99", "x.lean:0", "x.lean:1:70", "x.lean:5:2"]
)
def test_no_site_there_says_where_sites_are(refused: Cli, place: str) -> None:
    save("x.lean", "-- nothing\n\n" + SORRY + SORRY.replace("ok", "ok_2"))
    done = refused("prove", place)
    assert done.status == 2
    assert f"no site at {place}" in done.err
    assert "3:21, 4:23" in done.err


@pytest.mark.parametrize(
    "options",
    [
        ["--budget", "0"],
        ["--budget", "-3"],
        ["--budget", "nan"],
        ["--budget", "inf"],
        ["--budget", "soon"],
        ["--a", "nan"],
        ["--b", "-1"],
        ["--a", "0", "--b", "0"],
        ["--fixed-n", "0"],
        ["--threads", "1.5"],
        ["--max-expansions", "0"],
        ["--sampling", "magic"],
        ["--preset", "paper", "--generator", "repertoire"],
        ["--generator", "repertoire", "--model", "m"],
        ["--generator", "process"],
        ["--generator", "ct2", "--generator-command", "x"],
        ["--generator-command", "'"],
        ["--generator-command", ""],
        ["--generator", "broken"],
        ["--json", "--diff"],
        ["--statement", "theorem t : true :="],
        ["--import", "tactic"],
        ["--tree", "no/such/folder/t.svg"],
        ["--unknown"],
    ],
)
def test_options_that_make_no_sense(refused: Cli, options: list[str]) -> None:
    save("x.lean", SORRY)
    done = refused("prove", "x.lean", *options)
    assert done.status == 2
    named = [option for option in options if option.startswith("--")]
    assert any(option in done.err or option == "--tree" for option in named)
    assert 1 <= len(done.err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["prove"], "FILE"),
        ([], "COMMAND"),
        (["dance"], "dance"),
        (["prove", "--statement", "theorem t : true", "--write"], "--write"),
        (["prove", "--statement", "theorem t : true", "--diff"], "--diff"),
        (["prove", "--statement", "theorem t : true := trivial"], "`t` is complete"),
        (["prove", "--statement", "p → p"], "holds no theorem"),
        (["prove", "--statement", ""], "holds no theorem"),
        (["prove", "--statement", "theorem t\udcff : true"], "not UTF-8"),
    ],
)
def test_commands_that_make_no_sense(refused: Cli, arguments: list[str], sentence: str) -> None:
    done = refused(*arguments)
    assert done.status == 2
    assert sentence in done.err


def test_suggest_needs_a_place(refused: Cli) -> None:
    save("x.lean", SORRY)
    done = refused("suggest", "x.lean")
    assert done.status == 2
    assert "x.lean:LINE:COL" in done.err


def test_leans_errors_look_like_leans(cli: Cli) -> None:
    # The error is below an earlier proof of several lines: its line is the author's all the same.
    save("x.lean", "theorem lines : true := sorry\n\ntheorem input_1 : true := sorry\n")
    done = cli("prove", "x.lean")
    assert done.status == 2
    assert "x.lean:3:3: error: unknown identifier 'frob'" in done.err.splitlines()
    assert "begin" in done.out


def test_an_error_in_a_statement_does_not_count_our_imports(cli: Cli) -> None:
    done = cli("prove", "--statement", "theorem input_1 : true :=")
    assert "<statement>:1:3: error: unknown identifier 'frob'" in done.err.splitlines()


def test_a_refused_site_does_not_stop_the_others(cli: Cli) -> None:
    save("x.lean", SORRY.replace("ok", "refuse") + SORRY)
    done = cli("prove", "x.lean", "--json")
    assert done.status == 2
    assert "x.lean:1:25: The goal is not a proposition.\n  Use a theorem." in done.err
    first, second = done.out.splitlines()
    assert '"status": "error"' in first
    assert '"status": "proved"' in second


def test_the_same_error_is_told_once(cli: Cli) -> None:
    text = "def x := frob theorem input_1 : true := sorry theorem input_2 : true := sorry\n"
    save("x.lean", text)
    done = cli("prove", "x.lean")
    assert done.status == 2
    assert done.err.count("frob") == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nolean", "There is no `lean` on the PATH.\n  Install Lean 3."),
        ("die", "exit status 7"),
        ("boom", "The engine failed in `prove`: ZeroDivisionError."),
    ],
)
def test_a_broken_environment_ends_it_and_keeps_what_was_proved(
    cli: Cli, name: str, sentence: str
) -> None:
    path = save("x.lean", SORRY + SORRY.replace("ok", name) + SORRY.replace("ok", "ok_2"))
    done = cli("prove", "x.lean", "--write")
    assert done.status == 3
    assert sentence in done.err
    assert "ok: proved" in done.out
    assert "ok_2" not in done.out
    assert (
        path.read_text()
        == SORRY.replace("sorry", "begin trivial end") + path.read_text().split("\n", 1)[1]
    )
    assert path.read_text().count("sorry") == 2


def test_an_unknown_generator(cli: Cli) -> None:
    save("x.lean", SORRY)
    done = cli("prove", "x.lean", "--model", "broken")
    assert (done.status, done.out) == (3, "")
    assert "no model 'broken'" in done.err


def test_an_engine_that_cannot_be_started(capsys: pytest.CaptureFixture[str]) -> None:
    save("x.lean", SORRY)
    status = main(["prove", "x.lean"], connect=lambda: EngineProcess(["/no/such/python"]))
    assert status == 3
    assert "The engine cannot be started" in capsys.readouterr().err


def test_a_file_that_changed_meanwhile_is_left_alone(cli: Cli) -> None:
    path = save("x.lean", SORRY.replace("ok", "edit"))
    done = cli("prove", "x.lean", "--write")
    assert done.status == 2
    assert "changed by somebody else" in done.err
    assert path.read_text() == "-- other\n"
    assert "begin trivial end" in done.out


def test_a_read_only_file_is_refused_before_the_search(refused: Cli) -> None:
    path = save("x.lean", SORRY)
    path.chmod(0o444)
    done = refused("prove", "x.lean", "--write")
    assert done.status == 3
    assert "x.lean is read-only" in done.err


def test_a_read_only_folder_is_refused_before_the_search(
    refused: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("x.lean", SORRY)
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not Path(path).is_dir() and real(path, mode)
    )
    done = refused("prove", "x.lean", "--write")
    assert done.status == 3
    assert "read-only" in done.err


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "tempfile.mkstemp"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_write_that_fails_leaves_the_file_whole(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    path = save("x.lean", SORRY)

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(f"dsp_lsp.files.{step}", fail)
        done = cli("prove", "x.lean", "--write")
    assert done.status == 3
    assert os.strerror(number) in done.err
    assert "begin trivial end" in done.out
    assert path.read_text() == SORRY
    assert [str(p) for p in Path().iterdir()] == ["x.lean"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_leaves_the_file_whole(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("x.lean", SORRY)
    real = os.fdopen

    def full(descriptor: int, *rest: str) -> object:
        os.dup2(device, descriptor)
        return real(descriptor, *rest)

    device = os.open("/dev/full", os.O_WRONLY)
    with monkeypatch.context() as patch:
        patch.setattr("dsp_lsp.files.os.fdopen", full)
        done = cli("prove", "x.lean", "--write")
    os.close(device)
    assert done.status == 3
    assert "No space left on device" in done.err
    assert path.read_text() == SORRY
    assert [str(p) for p in Path().iterdir()] == ["x.lean"]


def test_ctrl_c_prints_what_was_proved_and_leaves_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE_PIDS", str(tmp_path / "pids"))
    path = save("x.lean", SORRY + SORRY.replace("ok", "hang"))
    process = start("prove", "x.lean", "--write")
    pids = tmp_path / "pids"
    assert eventually(lambda: pids.exists() and pids.read_text().endswith("\n"))
    children = [int(word) for word in pids.read_text().split()]
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - begun < 30
    assert b"ok: proved" in out
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert eventually(lambda: not any(map(alive, children)))
    assert path.read_text().startswith("theorem ok : true := begin trivial end\n")
    assert path.read_text().endswith("sorry\n")


def test_sigterm_leaves_nobody_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ENGINE_PIDS", str(tmp_path / "pids"))
    save("x.lean", SORRY.replace("ok", "hang"))
    process = start("prove", "x.lean", "--model", "clingy")
    pids = tmp_path / "pids"
    assert eventually(lambda: pids.exists() and pids.read_text().endswith("\n"))
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert b"Traceback" not in err
    children = [int(word) for word in pids.read_text().split()]
    assert eventually(lambda: not any(map(alive, children)))


@pytest.mark.parametrize("command", [["sites", "x.lean"], ["prove", "x.lean", "--json"]])
def test_a_reader_that_leaves(command: list[str]) -> None:
    save("x.lean", SORRY)
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = start(*command, stdout=write_end)
    os.close(write_end)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 141
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_output_that_cannot_be_written() -> None:
    save("x.lean", SORRY)
    with Path("/dev/full").open("wb") as full:
        process = start("sites", "x.lean", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert b"No space left" in err
    assert b"Traceback" not in err


def test_any_locale_will_do() -> None:
    save("x.lean", "theorem ok (𝓝 : Prop) : 𝓝 → 𝓝 := sorry\n")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = start("prove", "x.lean", env=environment)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "𝓝 → 𝓝 := begin trivial end" in out.decode()


def test_ctrl_c_while_standard_input_is_awaited() -> None:
    process = start("prove", "-", stdin=subprocess.PIPE)
    assert process.stdin is not None
    # More than a pipe holds: when it is gone, the other side is reading.
    process.stdin.write(b"-" * (1 << 20))
    process.stdin.flush()

    def interrupted() -> bool:
        # Again and again, as a person would: Python may miss one just before it blocks.
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
        return process.returncode is not None

    assert eventually(interrupted)
    assert process.returncode == 130
    _, err = process.communicate()
    assert b"Traceback" not in err


def test_streams_that_are_closed() -> None:
    save("x.lean", SORRY)
    process = start("prove", "x.lean", "--write", preexec_fn=lambda: (os.close(1), os.close(2)))
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert "trivial" in Path("x.lean").read_text()


def test_a_program_is_named_from_where_the_user_stands(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("x.lean", SORRY)
    seen: list[str | None] = []
    real = EngineProcess.start

    async def start(self: EngineProcess, settings: Settings) -> object:
        seen.append(settings.lean)
        return await real(self, settings)

    monkeypatch.setattr(EngineProcess, "start", start)
    for lean in ("./lean3", "lean3", "~/lean3", "/x/lean3"):
        cli("prove", "x.lean", "--lean", lean)
    here = str(Path.cwd() / "lean3")
    assert seen == [here, "lean3", str(Path("~/lean3").expanduser()), "/x/lean3"]
