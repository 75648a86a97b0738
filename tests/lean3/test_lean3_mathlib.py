"""With mathlib: its own files as documents, and what its tactics say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from engine.lean.modules import check_imports
from engine.protocol import EngineError, EnvironmentParams
from engine.source import analyse
from engine.values import Progress, Solved
from tests.lean3.lean3_helpers import opened, outcome, plain_lean, prove, prover, spliced

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.mathlib

FILES = [
    ("order/galois_connection.lean", 0.5),
    ("order/lattice.lean", 0.3),
    ("data/set/function.lean", 0.2),
    ("logic/function/basic.lean", 0.9),
    ("data/finset/basic.lean", 0.1),
    ("group_theory/subgroup/basic.lean", 0.1),
    ("algebra/order/field/basic.lean", 0.3),
    ("algebra/big_operators/basic.lean", 0.1),
    ("data/nat/basic.lean", 0.5),
    ("data/list/basic.lean", 0.1),
    ("data/real/basic.lean", 0.4),
    ("data/rat/order.lean", 0.5),
    ("order/complete_lattice.lean", 0.2),
    ("data/int/basic.lean", 0.5),
    ("order/filter/basic.lean", 0.1),
]
"""Of several kinds, with how far in; which of them can be used depends on what is compiled."""

TACTIC_BODY = re.compile(r":=\s*(begin\b.*?\n+end|by [^\n]+)\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Taken:
    """A text of mathlib up to a theorem whose proof was taken away."""

    text: str
    traced: str


def take(mathlib: Path, file: str, which: float) -> Taken | None:
    """A theorem of ``file`` with ``sorry`` for its tactic proof, or None if nothing fits."""
    source = mathlib / file
    if not source.with_suffix(".olean").is_file():
        return None
    text = source.read_text(encoding="utf-8")
    try:
        check_imports([item.module for item in analyse(text).imports], [mathlib])
    except EngineError as error:
        if not any(lib in error.message for lib in ("init.", "data.", "system.")):
            return None
    starts = [m.start() for m in re.finditer(r"^(?:theorem|lemma) ", text, re.MULTILINE)]
    bodies = []
    for start in starts:
        end = text.find("\n\n", start)
        found = TACTIC_BODY.search(text, start, end if end > 0 else len(text))
        if found is not None and "|" not in text[start : found.start()]:
            bodies.append(found)
    if not bodies:
        return None
    found = bodies[int(which * (len(bodies) - 1))]
    head = text[: found.start()]
    return Taken(f"{head}:=\nsorry\n", f"{head}:=\nbegin trace_state, sorry end\n")


@pytest.mark.parametrize(("file", "which"), FILES)
async def test_a_site_in_mathlib_opens_with_the_goal_that_lean_has(
    mathlib: Path, mathlib_project: Path, file: str, which: float
) -> None:
    taken = take(mathlib, file, which)
    if taken is None:
        pytest.skip(f"{file} is not compiled here, or has no such proof")
    path = mathlib_project / "src" / "document.lean"
    messages = plain_lean(taken.traced, path)
    line = taken.text.count("\n")
    traced = [m.text for m in messages if m.severity == "information" and m.line == line]
    assert traced, messages[-3:]
    async with opened(taken.text, path, len(analyse(taken.text).sites) - 1) as hole:
        assert hole.greeting.text.strip() == traced[0].strip()
        declared = analyse(taken.text).sites[-1].declaration.name
        assert hole.greeting.declaration == declared
        assert not isinstance(await outcome(hole, "no_such_tactic"), Solved | Progress)


async def test_the_environment_of_a_project_with_mathlib(mathlib_project: Path) -> None:
    async with prover() as service:
        found = await service.environment(EnvironmentParams(path=str(mathlib_project)))
    assert (found.mathlib, found.default_imports) == (True, ["tactic"])


async def test_a_proof_that_library_search_finds_is_written_out(mathlib_project: Path) -> None:
    text = (
        "import tactic\n\n"
        "theorem t {α : Type*} (s t : set α) (f : α → α) (h : s ⊆ t) : f '' s ⊆ f '' t := sorry\n"
    )
    path = mathlib_project / "src" / "document.lean"
    async with prover() as service:
        result = await prove(service, text, path)
    assert result.status == "proved", result
    assert "dsp_lsp" not in result.replacement
    assert "library_search" not in result.replacement
    whole = spliced(text, result)
    assert plain_lean(whole, path) == []


PROBES_AWAY = (
    "import tactic\n\n"
    "theorem t {α β γ : Type*} (f : α → β) (g : β → γ) (h : function.surjective (g ∘ f)) :\n"
    "  function.surjective g := sorry\n"
)


async def test_a_probe_never_stands_in_a_proof(mathlib_project: Path) -> None:
    path = mathlib_project / "src" / "document.lean"
    async with prover() as service:
        result = await prove(service, PROBES_AWAY, path)
    assert result.status == "proved", result
    assert not re.search(r"dsp_lsp|tactic\.|library_search|suggest|hint|tidy", result.replacement)
    assert plain_lean(spliced(PROBES_AWAY, result), path) == []


async def test_a_simp_in_the_middle_says_what_it_used(mathlib_project: Path) -> None:
    # `simp` must come first here, and it does not close the goal.
    text = (
        "import tactic\n\n"
        "theorem t {α : Type*} (s : set α) (p : α → Prop) (h : ∀ x ∈ s, p x) :\n"
        "  ∀ x, (x ∈ s ∩ set.univ ∧ true) → p (id x) := sorry\n"
    )
    path = mathlib_project / "src" / "document.lean"
    async with prover() as service:
        result = await prove(service, text, path)
    assert result.status == "proved", result
    for step in result.steps[:-1]:
        assert step != "simp"
    assert plain_lean(spliced(text, result), path) == []


async def test_a_ring_in_the_middle_leaves_no_message(mathlib_project: Path) -> None:
    # `ring` does not close the goal, and says so in the document; `ring_nf` does not.
    text = (
        "import tactic\n\n"
        "theorem t {R : Type*} [comm_ring R] (a : R) (h : a ^ 2 = 0) :\n"
        "  (1 + a) * (1 - a) = 1 := sorry\n"
    )
    path = mathlib_project / "src" / "document.lean"
    async with prover() as service:
        result = await prove(service, text, path)
    assert result.status == "proved", result
    assert plain_lean(spliced(text, result), path) == []
