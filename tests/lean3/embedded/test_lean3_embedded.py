"""The embedded core against a real Lean: the corpus anew, the prelude, and whole proofs."""

from __future__ import annotations

import asyncio
import bisect
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.embedded.document import prelude
from engine.embedded.elaborate import Elaborator, Scope
from engine.embedded.pretty import Printer
from engine.embedded.session import EmbeddedSession
from engine.embedded.terms import instantiate_levels
from engine.lean import Document, ProcessSession
from engine.source import analyse
from tests.unit.embedded import driving
from tests.unit.embedded.corpus import ENTRIES, FALSE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lean3

OWN = {"sorry_ax", "bit0", "bit1", "has_add.add", "has_mul.mul", "has_zero.zero", "has_one.one"}
"""Constants of the core that are not Lean's, or are about more than ℕ there."""


def plain_lean(file: Path) -> str:
    lean = shutil.which("lean")
    assert lean is not None
    return subprocess.run(
        [lean, str(file)], capture_output=True, text=True, check=False, timeout=250
    ).stdout


@pytest.mark.timeout(900)
async def test_the_record_is_what_lean_answers() -> None:
    session = ProcessSession(lean=None, threads=2, memory_mb=4096)
    recorded = driving.read()
    # A few entries a run; the record is made anew with `python -m tests.lean3.embedded.record`.
    for text, scripts in ENTRIES[::9]:
        found = await driving.outcomes(session, text, scripts[:15], timeout=10)
        assert driving.differences(recorded[text], found) == []
    await session.close()


async def test_what_the_core_accepts_lean_accepts(tmp_path: Path) -> None:
    """Every proof of the corpus that the core accepts, as it would stand in a file."""
    session = EmbeddedSession()
    accepted: list[str] = []
    for number, (text, scripts) in enumerate(ENTRIES):
        found = await driving.outcomes(session, text, scripts, timeout=2)
        for script in scripts:
            if found.get("\t".join(script)) != "solved":
                continue
            site = analyse(text).sites[-1]
            proof = "begin " + ", ".join(script) + " end"
            if site.kind.value == "tactic":
                proof = ", ".join(script)
            verdict = await session.verify(Document(text), site, proof)
            assert verdict.accepted, (text, proof, verdict.message)
            spliced = text[: site.span.start] + proof + text[site.span.end :]
            name = f"n{number}_{len(accepted)}"
            accepted.append(f"namespace {name}\n{spliced}\nend {name}\n")
    assert len(accepted) > 250
    file = tmp_path / "accepted.lean"
    file.write_text("\n".join(accepted), encoding="utf-8")
    answer = await asyncio.to_thread(plain_lean, file)
    assert [line for line in answer.splitlines() if "error" in line] == []


async def test_lean_refuses_each_wrong_proof_of_what_is_false(tmp_path: Path) -> None:
    lines: list[str] = []
    ends: list[int] = []
    for number, (text, scripts) in enumerate(FALSE.items()):
        site = analyse(text).sites[-1]
        for place, script in enumerate(scripts):
            proof = "begin " + ", ".join(script) + " end"
            spliced = text[: site.span.start] + proof + text[site.span.end :]
            name = f"n{number}_{place}"
            lines += f"namespace {name}\nsection\n{spliced}\nend\nend {name}".split("\n")
            ends.append(len(lines))
    file = tmp_path / "false.lean"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answer = await asyncio.to_thread(plain_lean, file)
    # An `exact sorry` is a warning; it is refused by the look at the term.
    faults = re.findall(r"\.lean:(\d+):\d+: (?:error|warning: declaration .* uses sorry)", answer)
    wrong = {bisect.bisect_left(ends, int(line)) for line in faults}
    assert len(ends) > 100
    assert wrong == set(range(len(ends)))


def test_the_prelude_says_what_lean_says(tmp_path: Path) -> None:
    elaborator = Elaborator(prelude(), lambda: None, Scope())
    names = [name for name in prelude().constants if name not in OWN]
    lines, mine = ["set_option pp.width 10000", "set_option pp.binder_types true"], []
    for name in names:
        declaration = prelude().constants[name]
        levels = list(range(1, len(declaration.params) + 1))
        kind = instantiate_levels(declaration.type, declaration.params, levels)
        mine.append(Printer(elaborator).term(kind))
        if name == "eq.rec":  # Lean has the motive's level first
            levels.reverse()
        universes = f".{{{' '.join(map(str, levels))}}}" if levels else ""
        lines.append(f"#check @{name}{universes}")
    file = tmp_path / "prelude.lean"
    file.write_text("\n".join(lines), encoding="utf-8")
    lean = shutil.which("lean")
    assert lean is not None
    run = subprocess.run(
        [lean, str(file)], capture_output=True, text=True, check=False, timeout=250
    )
    theirs = [line.split(" : ", 1)[1] for line in run.stdout.splitlines() if " : " in line]
    assert len(theirs) == len(names)
    different = {
        name: (lean_says, core_says)
        for name, lean_says, core_says in zip(names, theirs, mine, strict=True)
        if lean_says != core_says
    }
    assert different == {}
