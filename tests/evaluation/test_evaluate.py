"""``dsp-engine evaluate`` from end to end, over the embedded core."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from engine.cli import main
from engine.evaluation.records import read_records
from tests.evaluation.support import STEADY, command, environment, outcomes, run, write_statements

if TYPE_CHECKING:
    from pathlib import Path


def test_each_statement_has_a_record_under_each_arm(finished: Path) -> None:
    records = read_records(finished)
    assert len(records) == 12
    assert len({record.key for record in records}) == 12
    status = {record.statement: record.status for record in records}
    assert status["unprovable"] == "not found"
    assert {name for name, found in status.items() if found == "proved"} >= {
        "swap",
        "turn",
        "chain",
        "steps",
    }
    for record in records:
        assert record.proved == bool(record.verdict and record.verdict.accepted)
        assert record.proved == bool(record.proof)
        assert (finished / record.tree).read_text("utf-8").endswith("</svg>\n")
    manifest = json.loads((finished / "manifest.json").read_text("utf-8"))
    assert manifest["counts"]["dynamic-repertoire-3000s-seed0"]["not found"] >= 1
    assert manifest["settings"]["budget"] == [3000.0]
    assert manifest["processor"] or manifest["machine"]
    assert manifest["devices"] == {"repertoire": ["CPU"]}


def _kill_after(lines: int, arguments: list[str], records: Path) -> bool:
    """Runs a command and kills it once it has written so many records; whether it came to that."""
    process = subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while process.poll() is None:
            if records.is_file() and records.read_bytes().count(b"\n") >= lines:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return process.returncode == -signal.SIGKILL
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    return False


def test_a_killed_evaluation_goes_on_to_the_same_result(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    records = out / "records.jsonl"
    arguments = ["evaluate", str(write_statements(tmp_path)), "--out", str(out), *STEADY]
    killed = _kill_after(2, arguments, records)
    before = records.read_bytes()
    if killed:
        assert before.count(b"\n") < 12
    with records.open("ab") as file:  # as if it had been killed in the middle of a line
        file.write(b'{"list": "some", "stat')
    done = run("evaluate", "--out", out)  # the settings are in the folder
    assert done.returncode == 0, done.stderr
    whole = before[: before.rfind(b"\n") + 1]
    assert records.read_bytes().startswith(whole)
    assert outcomes(out) == outcomes(finished)


def test_going_on_with_other_settings_is_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_statements(tmp_path)
    before = (finished / "records.jsonl").read_bytes()
    assert main(["evaluate", str(file), "--out", str(finished), *STEADY, "--fixed-n", "32"]) == 2
    assert "fixed_n" in capsys.readouterr().err
    assert (finished / "records.jsonl").read_bytes() == before


def test_what_lean_does_not_accept_is_counted_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {
            "name": "good",
            "header": "variable p : Prop",
            "statement": "lemma good (h : p) : p :=",
        },
        {"name": "bad", "statement": "theorem bad (x : nonsense) : x = x :="},
    ]
    file = tmp_path / "mixed.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    run = ["evaluate", str(file), "--out", str(tmp_path / "run"), *STEADY, "--score"]
    assert main(run) == 0
    said = capsys.readouterr().out
    assert said.split()[-1] == "1.000000"
    assert "1/1 100.0 %" in said
    assert "1 statements that Lean does not accept" in said
    status = {r.statement: r.status for r in read_records(tmp_path / "run")}
    assert status == {"good": "proved", "bad": "not elaborated"}


def test_time_for_a_part_leaves_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = str(write_statements(tmp_path)), str(tmp_path / "run")
    assert main(["evaluate", file, "--out", out, *STEADY, "--at-most", "0.0000001"]) == 0
    assert "12 searches are left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sampling", "wide"], "sampling"),
        (["--budget"], "at least one budget"),
        (["--budget", "-1"], "budget"),
        (["--at-once", "0"], "at once"),
        (["--at-most", "0"], "--at-most"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_what_makes_no_sense_is_said(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_statements(tmp_path)
    out = str(tmp_path / "run")
    assert main(["evaluate", str(file), "--out", out, "--lean", "embedded", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_nothing_to_go_on_with_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--out", str(tmp_path / "none")]) == 2
    assert "no evaluation that could go on" in capsys.readouterr().err


def _with_generator(folder: Path, what: str) -> list[str]:
    command = [sys.executable, "-m", "tests.generators.fake_generator", what]
    config = folder / "config.toml"
    config.write_text(
        f'[[generators]]\nname = "fake"\nkind = "process"\ncommand = {json.dumps(command)}\n'
    )
    file, out = str(write_statements(folder)), str(folder / "run")
    return ["evaluate", file, "--config", str(config), "--out", out, *STEADY]


def test_a_generator_that_fails_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = _with_generator(tmp_path, "broken")
    assert main(arguments) == 3
    assert "no such weights" in capsys.readouterr().err
    records = read_records(tmp_path / "run")
    assert {record.status for record in records} == {"error"}
    # Given up after five statements.
    assert len(records) <= 10


def test_a_generator_that_dies_spoils_its_search_alone(tmp_path: Path) -> None:
    arguments = _with_generator(tmp_path, "killed-later")
    main(arguments)
    first = {r.key: r.status for r in read_records(tmp_path / "run")}
    assert "error" in first.values()
    assert not any("repertoire" in note for r in read_records(tmp_path / "run") for note in r.notes)
