"""What answers to the name `lean`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lean_helpers import fake_lean, write_script

from engine.lean import toolchain
from engine.lean.toolchain import find_toolchain, parse_version
from engine.protocol import EngineError, ErrorKind

LEAN_3 = "Lean (version 3.51.1, commit cce7990ea86a, Release)"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (LEAN_3, (3, 51, 1)),
        ("Lean (version 3.4.2, commit cbd2b6686ddb, Release)", (3, 4, 2)),
        ("Lean (version 4.9.0, x86_64-unknown-linux-gnu, commit 8f9843a4a5fe, Release)", (4, 9, 0)),
        ("Lean (version 4.10.0-rc1, commit c375e19f6b65, Release)", (4, 10, 0)),
        ("info: downloading component 'lean'\nLean (version 3.51.1, commit x)\n", (3, 51, 1)),
        ("", None),
        ("lean 3.51.1", None),
        ("Lean (version 3.51)", None),
        ("GNU bash, version 5.2.15(1)-release", None),
    ],
)
def test_versions(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@given(st.text())
def test_no_text_raises(text: str) -> None:
    found = parse_version(text)
    assert found is None or len(found) == 3


async def refusal(folder: Path, program: Path) -> EngineError:
    with pytest.raises(EngineError) as raised:
        await find_toolchain(folder, str(program))
    assert raised.value.kind is ErrorKind.ENVIRONMENT
    return raised.value


async def test_a_lean_3_is_found(tmp_path: Path) -> None:
    answer = 'echo \'{"is_user_leanpkg_path":false,"path":["/lib/./library","/x/../src"]}\''
    program = fake_lean(tmp_path / "lean", LEAN_3, answer_to_path=answer)
    found = await find_toolchain(tmp_path, str(program))
    assert found.program == program
    assert found.version_text == "3.51.1"
    assert found.search_path == (Path("/lib/library"), Path("/src"))


async def test_the_program_runs_in_the_folder_that_it_is_chosen_for(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    answer = 'printf \'{"path": ["%s"]}\' "$PWD"'
    program = fake_lean(tmp_path / "lean", LEAN_3, answer_to_path=answer)
    found = await find_toolchain(folder, str(program))
    assert found.search_path == (folder,)


async def test_lean_4_is_refused(tmp_path: Path) -> None:
    error = await refusal(tmp_path, fake_lean(tmp_path / "lean", "Lean (version 4.9.0, commit x)"))
    assert "Lean 4" in error.message


async def test_an_old_lean_is_refused(tmp_path: Path) -> None:
    error = await refusal(tmp_path, fake_lean(tmp_path / "lean", "Lean (version 3.4.2, commit x)"))
    assert "3.4.2" in error.message
    assert "older" in error.message


async def test_garbage_is_no_version(tmp_path: Path) -> None:
    error = await refusal(tmp_path, fake_lean(tmp_path / "lean", "quite \\377 something else"))
    assert "does not answer like Lean" in error.message


async def test_bytes_that_are_no_text_are_no_version(tmp_path: Path) -> None:
    script = write_script(tmp_path / "lean", "printf '\\377\\376\\000'")
    assert "does not answer like Lean" in (await refusal(tmp_path, script)).message


@pytest.mark.parametrize(
    "answer", ["echo no", "echo '{}'", "echo '[]'", "echo '{\"path\": 3}'", "true"]
)
async def test_a_path_that_cannot_be_read_is_said(tmp_path: Path, answer: str) -> None:
    program = fake_lean(tmp_path / "lean", LEAN_3, answer_to_path=answer)
    assert "--path" in (await refusal(tmp_path, program)).message


async def test_a_failing_program_tells_its_first_line(tmp_path: Path) -> None:
    script = write_script(tmp_path / "lean", "echo 'error: no default toolchain' >&2; exit 1")
    error = await refusal(tmp_path, script)
    assert "error: no default toolchain" in error.message


async def test_a_program_that_cannot_be_run_is_said(tmp_path: Path) -> None:
    script = tmp_path / "lean"
    script.write_bytes(b"\x7fELF no program")
    script.chmod(0o755)
    error = await refusal(tmp_path, script)
    assert str(script) in error.message


async def test_a_missing_program_is_named(tmp_path: Path) -> None:
    error = await refusal(tmp_path, tmp_path / "nowhere" / "lean")
    assert "nowhere" in error.message
    assert "elan" in error.remedy


async def test_a_program_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "ANSWER_SECONDS", 0.5)
    error = await refusal(tmp_path, write_script(tmp_path / "lean", "sleep 1000"))
    assert "gave no answer" in error.message
    assert "elan" in error.remedy


async def test_without_a_lean_the_way_to_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(EngineError) as raised:
        await find_toolchain(tmp_path)
    assert "No `lean`" in raised.value.message
    assert "elan" in raised.value.remedy


async def test_elans_folder_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / ".elan" / "bin" / "lean"
    shim.parent.mkdir(parents=True)
    fake_lean(shim, LEAN_3)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (await find_toolchain(tmp_path)).program == shim
