"""The corpus: its statements are well formed, and true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.source import SiteKind, analyse, splice
from tests.lean3.corpus_proofs import PROOFS
from tests.lean3.lean3_helpers import plain_lean

CORPUS = Path(__file__).parent / "corpus"
PARTS = [
    pytest.param("core", marks=pytest.mark.lean3),
    pytest.param("with_tactic", marks=pytest.mark.mathlib),
    pytest.param("with_reals", marks=pytest.mark.mathlib),
]


def read(part: str) -> str:
    return (CORPUS / f"{part}.lean").read_text(encoding="utf-8")


def place(part: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where a part's text can be checked: mathlib's parts in a project that finds it."""
    if part == "core":
        return tmp_path / "document.lean"
    project = request.getfixturevalue("mathlib_project")
    assert isinstance(project, Path)
    return project / "src" / "document.lean"


def test_the_corpus_is_large_and_half_of_it_is_for_core_lean() -> None:
    counts = {part: len(analyse(read(part)).sites) for part in PROOFS}
    assert sum(counts.values()) >= 64
    assert counts["core"] >= 32
    assert counts["with_tactic"] >= 32


@pytest.mark.parametrize("part", sorted(PROOFS))
def test_every_site_is_a_whole_proof_and_has_one_elsewhere(part: str) -> None:
    text = read(part)
    sites = analyse(text).sites
    for site in sites:
        assert site.kind is SiteKind.TERM
        assert site.declaration.span.end == site.span.end
        assert text[site.declaration.statement.end :].lstrip().startswith(":=")
    names = [site.declaration.name for site in sites]
    assert len(set(names)) == len(names)
    assert sorted(PROOFS[part]) == sorted(names)


@pytest.mark.parametrize("part", PARTS)
def test_every_statement_elaborates(
    part: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = read(part)
    messages = plain_lean(text, place(part, tmp_path, request))
    assert [m for m in messages if m.severity == "error"] == []
    unproved = [m for m in messages if re.search(r"declaration '.*' uses sorry", m.text)]
    assert len(unproved) == len(messages) == len(analyse(text).sites)


@pytest.mark.parametrize("part", PARTS)
def test_every_statement_is_true(part: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    text = read(part)
    edits = [
        (site.span, f"begin\n{PROOFS[part][site.declaration.name]}\nend")
        for site in analyse(text).sites
    ]
    assert plain_lean(splice(text, edits), place(part, tmp_path, request)) == []
