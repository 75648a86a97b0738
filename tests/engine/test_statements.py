"""Stating the theorems of a small project, by a Lean that answers what the tests say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine.cli import main
from engine.data import statements
from engine.data.records import read_pairs
from engine.data.statements import PAIRS, StatementsSettings, state_theorems
from engine.lean.messages import Message
from engine.manifest import read_manifest
from engine.protocol import EngineError
from tests.fake_lean.install import FakeLean
from tests.unit.lean.test_lean_oleans import olean

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("a.lean", "b/c.lean", "d.lean")


class Leans:
    """Answers in the place of Lean: file ``x`` has the theorems ``x_0`` to ``x_2``. The runs whose
    numbers are in ``deaths`` die after so many answers.
    """

    def __init__(self, source: Path) -> None:
        self.texts: list[str] = []
        self.deaths: dict[int, int] = {}
        self._source = source

    async def run(self, text: str) -> tuple[list[Message], str]:
        self.texts.append(text)
        told = [self._theorems(name) for name in FILES if str(self._source / name) in text]
        found = [self._say("theorems", told)]
        if "dsp_lsp.theorems" not in text:
            asked = [names.split() for names in re.findall(r'"(.*)"', text)]
            found = [self._say("statements", [self._state(n) for n in some]) for some in asked]
        dies = self.deaths.get(len(self.texts))
        return found[:dies], "ended with status 0" if dies is None else "was killed by SIGSEGV"

    def _theorems(self, file: str) -> list[Any]:
        stem = file.removesuffix(".lean")[-1]
        return [str(self._source / file), *([f"{stem}_{n}", n + 1, 6] for n in range(3))]

    def _state(self, name: str) -> list[str]:
        if name.endswith("2"):
            return [name, "don't know how to synthesize placeholder\ncontext:\n⊢ Type"]
        return [name, f"⊢ {name}", f"exact {name}"]

    def _say(self, mark: str, said: list[Any]) -> Message:
        return Message("information", 2, 0, f"dsp-lsp-{mark} {json.dumps(said)}\n")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StatementsSettings:
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    project = tmp_path / "project"
    (project / "b").mkdir(parents=True)
    for name in FILES:
        source = project / name
        source.write_text("".join(f"lemma t{n} : true := trivial\n" for n in range(3)))
        source.with_suffix(".olean").write_bytes(olean(source.read_bytes()))
    lean = FakeLean(tmp_path / "toolchain").program
    return StatementsSettings(project, tmp_path / "out", lean=str(lean), workers=1)


@pytest.fixture
def leans(settings: StatementsSettings, monkeypatch: pytest.MonkeyPatch) -> Leans:
    answering = Leans(settings.project)
    monkeypatch.setattr(statements._Run, "_lean", answering.run)
    return answering


def stated(settings: StatementsSettings) -> list[str]:
    return [pair.theorem for pair in read_pairs(settings.out / PAIRS)]


async def test_what_is_done_is_not_done_again(settings: StatementsSettings, leans: Leans) -> None:
    (settings.project / "e.lean").write_text("lemma t : true := trivial\n")
    counts = await state_theorems(settings)
    expected = ["a_0", "a_1", "c_0", "c_1", "d_0", "d_1"]
    assert stated(settings) == expected
    assert counts["failed"] == {"don't know how to synthesize placeholder": 3}
    assert (counts["pairs"], counts["theorems"], counts["files"]) == (6, 9, 3)
    assert [*read_manifest(settings.out / PAIRS)["waiting"]] == ["e.lean"]
    assert await state_theorems(settings) == counts
    assert len(leans.texts) == 2
    source = settings.project / "d.lean"
    source.write_text("-- other text\n")
    source.with_suffix(".olean").write_bytes(olean(source.read_bytes()))
    await state_theorems(settings)
    assert [text.splitlines()[0] for text in leans.texts[2:]] == ["import dsp_lsp_statements d"] * 2
    assert stated(settings) == expected


async def test_where_lean_dies_the_next_one_goes_on(
    settings: StatementsSettings, leans: Leans
) -> None:
    leans.deaths = {2: 1, 3: 0}
    counts = await state_theorems(settings)
    imported = [text.splitlines()[0].split()[2:] for text in leans.texts[1:]]
    assert imported == [["a", "b.c", "d"], ["b.c", "d"], ["d"]]
    assert counts["files to do"] == 0
    assert stated(settings) == ["a_0", "a_1", "d_0", "d_1"]
    failed = read_manifest(settings.out / "parts" / "b" / "c.jsonl.zst")["failed"]
    assert failed == dict.fromkeys(("c_0", "c_1", "c_2"), "Lean was killed by SIGSEGV")


async def test_more_leans_make_the_same_file(
    settings: StatementsSettings, leans: Leans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "_BATCH", 1)
    counts = await state_theorems(replace(settings, workers=2))
    assert len(leans.texts) == 1 + len(FILES)
    assert (counts["files"], counts["pairs"]) == (3, 6)
    assert stated(settings) == ["a_0", "a_1", "c_0", "c_1", "d_0", "d_1"]


async def test_modules_that_cannot_be_imported_are_told(
    settings: StatementsSettings, leans: Leans
) -> None:
    leans.deaths = {1: 0}
    with pytest.raises(EngineError, match="SIGSEGV where it was to import"):
        await state_theorems(settings)
    assert stated(settings) == []


def test_where_nothing_is_compiled_that_is_said(
    settings: StatementsSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in FILES:
        (settings.project / name).with_suffix(".olean").unlink()
    options = ["--project", str(settings.project), "--out", str(settings.out)]
    assert main(["statements", *options, "--lean", str(settings.lean)]) == 2
    assert "no compiled Lean file" in capsys.readouterr().err
