"""LeanDojo as a backend: over a stand-in, and over the real one's own types where it is there."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from engine.cli import main
from engine.evaluation.dojo.client import DojoHole, open_theorem
from engine.evaluation.records import Record, read_records
from engine.lean.hole import LeanDiedError
from engine.protocol import EngineError, ErrorKind
from engine.values import Failed, Outcome, Progress, Solved, TimedOut

STAND_IN = Path(__file__).with_name("fake_lean_dojo")
OFFLINE = Path(__file__).with_name("offline_lean_dojo.py")
REAL = os.environ.get("DSP_LSP_LEAN_DOJO_PYTHON")
FAKE_GENERATOR = [sys.executable, "-m", "tests.generators.fake_generator", "good"]


def _program(path: Path, command: str) -> str:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture(
    params=[
        "stand-in",
        pytest.param(
            "lean-dojo",
            marks=pytest.mark.skipif(
                REAL is None,
                reason="needs a Python with lean-dojo 1.6, named by DSP_LSP_LEAN_DOJO_PYTHON",
            ),
        ),
    ]
)
def python(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A Python that has a `lean_dojo` which knows the theorems `swap`, `hard`, `missing` and
    `crashing`: ours, or the real one without GitHub and without a Lean."""
    if request.param == "stand-in":
        return _program(tmp_path / "py", f"PYTHONPATH='{STAND_IN}' exec '{sys.executable}' \"$@\"")
    return _program(tmp_path / "py", f"PYTHONPATH= exec '{REAL}' '{OFFLINE}' \"$@\"")


async def _open(python: str, theorem: str, commit: str = "abc") -> DojoHole:
    return await open_theorem(
        python,
        url="https://github.com/some/where",
        commit=commit,
        file="src/a.lean",
        theorem=theorem,
        timeout=2.0,
        budget=30.0,
    )


async def _apply(hole: DojoHole, state: int, *tactics: str) -> list[Outcome]:
    return [result.outcome async for result in hole.apply(state, tactics, timeout=2.0)]


async def test_results_become_outcomes(python: str) -> None:
    hole = await _open(python, "swap")
    try:
        assert hole.root == Progress(0, "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p", 1)
        assert not hole.lean4
        wrong, late, split = await _apply(hole, 0, "exact h", "exact k", "split")
        assert isinstance(wrong, Failed)
        assert wrong.reason == "tactic failed"
        assert late == TimedOut(2.0)
        assert isinstance(split, Progress)
        assert split.goals == 2
        (one,) = await _apply(hole, split.state_id, "assumption")
        assert isinstance(one, Progress)
        assert one.goals == 1
        assert await _apply(hole, one.state_id, "assumption") == [Solved()]
        # An earlier state is still good.
        assert isinstance((await _apply(hole, 0, "split"))[0], Progress)
    finally:
        await hole.close()


async def test_a_proof_given_up_has_failed(python: str) -> None:
    hole = await _open(python, "hard")
    try:
        assert await _apply(hole, 0, "split") == [Failed("the proof contains sorry")]
    finally:
        await hole.close()


async def test_a_theorem_that_is_not_there_is_the_lists_fault(python: str) -> None:
    with pytest.raises(EngineError, match="Failed to locate the theorem") as caught:
        await _open(python, "missing")
    assert caught.value.kind is ErrorKind.INPUT


async def test_a_crash_ends_the_hole(python: str) -> None:
    hole = await _open(python, "crashing")
    try:
        for _ in range(2):
            with pytest.raises(LeanDiedError):
                await _apply(hole, 0, "split")
    finally:
        await hole.close()


async def test_a_repository_that_is_not_there_is_not_the_theorems_fault(python: str) -> None:
    with pytest.raises(EngineError, match="no such commit") as caught:
        await _open(python, "swap", commit="nowhere")
    assert caught.value.kind is ErrorKind.ENVIRONMENT


async def test_a_python_without_lean_dojo_is_said() -> None:
    with pytest.raises(EngineError, match="lean_dojo cannot be imported"):
        await _open(sys.executable, "swap")
    with pytest.raises(EngineError, match="cannot be run"):
        await _open("/nowhere/python", "swap")


def _config(folder: Path, python: str, names: list[str], **more: str) -> Path:
    theorems = [
        {"url": "https://github.com/some/where", "commit": "abc", "file_path": "a.lean"}
        | {"full_name": name}
        for name in names
    ]
    (folder / "theorems.json").write_text(json.dumps(theorems))
    values = {"backend": '"leandojo"', "repertoire": '["pure"]', "budget": "[20.0]"} | more
    lines = [f"{key} = {value}" for key, value in values.items()]
    lines += [f"dojo_python = {json.dumps(python)}", "max_expansions = 12"]
    lines += ["[[lists]]", 'name = "b"', 'kind = "leandojo"']
    lines += [f"path = {json.dumps(str(folder / 'theorems.json'))}"]
    lines += ["[[generators]]", 'name = "fake"', 'kind = "process"']
    lines += [f"command = {json.dumps(FAKE_GENERATOR)}"]
    (folder / "config.toml").write_text("\n".join(lines) + "\n")
    return folder / "config.toml"


def test_a_list_is_searched_through_dojo(python: str, tmp_path: Path) -> None:
    config = _config(tmp_path, python, ["swap", "hard", "missing", "crashing"])
    assert main(["evaluate", "--config", str(config), "--out", str(tmp_path / "run")]) == 0
    found: dict[str, Record] = {r.statement: r for r in read_records(tmp_path / "run")}
    assert {name: record.status for name, record in found.items()} == {
        "swap": "proved",
        "hard": "not found",
        "missing": "not elaborated",
        "crashing": "error",
    }
    proved = found["swap"]
    assert proved.steps == ("split", "assumption", "assumption")
    assert proved.proof == "begin\n  split,\n  assumption,\n  assumption\nend"
    assert proved.verdict is not None
    assert proved.verdict.checker == "LeanDojo"  # nobody else has judged it
    assert found["hard"].statistics.timed_out >= 1
    assert (tmp_path / "run" / proved.tree).is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"repertoire": '["repertoire"]'}, "for a model alone"),
        ({"backend": '"dsp-lsp"'}, "go together"),
    ],
)
def test_what_dojo_cannot_do_is_said(
    tmp_path: Path, more: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path, sys.executable, ["swap"], **more)
    arguments = ["evaluate", "--config", str(config), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--lean", "embedded"]) == 2
    assert said in capsys.readouterr().err
