"""The transcripts against the real Lean, and the pieces that make and read them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.lean.hole import LeanHole
from engine.lean.host import cold
from engine.lean.process import LeanCommand, LeanProcess
from engine.values import Progress
from tests.fake_lean import cases
from tests.fake_lean.install import DOCUMENTS, FakeLean
from tests.fake_lean.record import command_for, described, read_log
from tests.fake_lean.transcripts import (
    FOLDER,
    Answers,
    Given,
    Hole,
    Run,
    load,
    load_all,
    merge,
    save,
    with_folder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
RECORD = "record again: python -m tests.fake_lean.record"


def test_every_case_is_recorded_and_every_document_has_one() -> None:
    assert sorted(cases.CASES) == NAMES
    words = [word for command in commands() for word in command]
    used = {word.partition(":")[0] for word in words}
    assert {path.name for path in DOCUMENTS.glob("*.lean")} <= used
    assert len({load(FOLDER / f"{name}.json")[0] for name in NAMES}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_is_written_as_it_was_read(name: str, tmp_path: Path) -> None:
    path = FOLDER / f"{name}.json"
    version, runs = load(path)
    save(tmp_path / path.name, version, runs)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    for text in runs:
        given = Given.of(text)
        assert given.document == text
        assert given.folder in (None, "FOLDER")


@pytest.mark.parametrize("folder", ["/a/b", '/a "quoted" place', "/back\\slash", "/ünï/cödé"])
def test_a_folder_is_found_again(folder: str) -> None:
    document = 'example : true := begin dsp_lsp_hole "FOLDER" end\n'
    given = Given.of(with_folder(document, folder))
    assert given == Given(document, folder, None)


def test_a_nonce_is_replaced_and_restored() -> None:
    given = Given.of("begin dsp_lsp_audit 123 { simp\n} end")
    assert given.document == "begin dsp_lsp_audit NONCE { simp\n} end"
    assert given.normal("dsp-lsp-audit 123 {}") == "dsp-lsp-audit NONCE {}"
    assert given.actual(given.normal("dsp-lsp-audit 123 {}")) == "dsp-lsp-audit 123 {}"


def test_a_log_becomes_a_run_whatever_the_numbers_are(tmp_path: Path) -> None:
    log = tmp_path / "1.log"
    log.write_text(
        """\
["document", "example : true := begin dsp_lsp_hole \\"/x\\" end"]
["answer", [0, {"pp": "⊢ true"}]]
["request", [1, 0, ["a.b", "c"]]]
["answer", [1, [true, false]]]
["request", [7, 0, 0, 1000, 0, "t"]]
["request", [9, 1, 0, 1000, 0, "u"]]
["answer", [9, {"goals": 0, "said": ""}]]
["answer", [7, {"goals": 1, "pp": "x", "said": ""}]]
["request", [8, 1, 7, 1000, 0, "v"]]
["answer", [8, {"failed": "no"}]]
""",
        "utf-8",
    )
    run = read_log(log)
    assert run is not None
    assert run.hole is not None
    assert (run.hole.known, run.hole.unknown) == ({"a.b"}, {"c"})
    then = {"v": {"failed": "no"}}
    assert run.hole.answers == {"u": {"goals": 0}, "t": {"goals": 1, "pp": "x", "then": then}}
    # A second run over the same document adds to the first.
    hole = Hole(run.hole.greeting, answers={"w": {"failed": "x"}})
    more = Run(run.document, hole=hole)
    runs = {run.document: run}
    merge(runs, more)
    assert set(run.hole.answers) == {"t", "u", "w"}


# -- where Lean is ---------------------------------------------------------------------------------

real = [
    pytest.mark.lean3,
    pytest.mark.skipif(shutil.which("lean") is None, reason="no `lean`"),
]


def recorded(answer: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: answer[name] for name in ("goals", "pp", "interrupted") if name in answer
    }
    if "failed" in answer:
        kept["failed"] = answer["failed"][:2000]
    return kept


async def differences(hole: LeanHole, state: int, answers: Answers, path: str) -> list[str]:
    found = []
    states: dict[str, int] = {}
    async for result in hole.apply(state, list(answers), timeout=30.0):
        now, then = described(result.outcome), recorded(answers[result.tactic])
        if now != then:
            found.append(f"{path} / {result.tactic}: recorded {then}, now {now}")
        if isinstance(result.outcome, Progress):
            states[result.tactic] = result.outcome.state_id
    for tactic, number in states.items():
        more = answers[tactic].get("then", {})
        found += await differences(hole, number, more, f"{path} / {tactic}") if more else []
    return found


async def compare(run: Run, command: LeanCommand, folder: Path) -> list[str]:
    if run.hole is not None:
        hole = LeanHole(cold(command), lambda place: with_folder(run.document, str(place)))
        try:
            greeting = await hole.open(120.0)
            assert greeting.text == run.hole.greeting["pp"], RECORD
            names = sorted(run.hole.known | run.hole.unknown)
            assert await hole.known(names) == run.hole.known, RECORD
            return await differences(hole, 0, run.hole.answers, "")
        finally:
            await hole.close()
    file = folder / "document.lean"
    file.write_text(run.document.replace("audit NONCE", "audit 7"), "utf-8")
    process = await LeanProcess.start(command, file)
    status = await asyncio.wait_for(process.ended, 120.0)
    now = [
        (m.severity, m.line, m.column, m.text.replace("audit 7 ", "audit NONCE "))
        for m in process.messages
    ]
    then = [(m["severity"], m["pos_line"], m["pos_col"], m["text"]) for m in run.messages]
    same = (status, sorted(now)) == (run.status, sorted(then))
    return [] if same else [f"{run.document}\nrecorded {run.status} {then}\nnow {status} {now}"]


@pytest.mark.parametrize("name", [pytest.param(name, marks=real) for name in NAMES])
async def test_lean_still_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    command = await command_for("lean", tmp_path)
    version, runs = load(FOLDER / f"{name}.json")
    if f"(version {command.toolchain.version_text}," not in version:
        pytest.skip(f"recorded with {version}")
    for run in runs.values():
        found = await compare(run, command, tmp_path)
        assert found == [], RECORD


def commands() -> Iterator[tuple[str, ...]]:
    """With the module that each is a command of in front."""
    for case in cases.CASES.values():
        for command in case.commands:
            yield case.module, *command


@pytest.mark.parametrize("command", [pytest.param(c, marks=real) for c in commands()])
async def test_nothing_is_asked_that_was_not_recorded(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands beside Lean only because there it can be mended."""
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    lean = FakeLean(tmp_path / "toolchain")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command, "--lean", str(lean.program)),
        cwd=shutil.copytree(DOCUMENTS, tmp_path / "work"),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await asyncio.wait_for(process.wait(), 120.0)
    assert [run.what for run in lean.runs("not recorded")] == [], RECORD


def test_all_transcripts_together_have_one_version() -> None:
    version, runs = load_all()
    assert version.startswith("Lean (version 3.")
    assert len(runs) >= len(NAMES)
