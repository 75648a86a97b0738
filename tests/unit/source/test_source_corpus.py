"""The sites of awkward files, each marked by hand in the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from source_corpus import CORPUS, read_marked

from engine.source import SiteKind, analyse

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(CORPUS.glob("*.lean"))


def test_the_corpus_is_there() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sites_are_where_the_file_marks_them(path: Path) -> None:
    text, marks = read_marked(path)
    lines = text.split("\n")
    sites = analyse(text).sites
    found = [(site.line, site.column, site.kind.value, site.isolated) for site in sites]
    assert found == [(mark.line, mark.column, mark.kind, mark.isolated) for mark in marks]
    for site, mark in zip(sites, marks, strict=True):
        # Marks show no more of a site than its first line.
        on_line = min(site.span.end - site.span.start, len(lines[site.line - 1]) - site.column)
        if mark.length is not None:
            assert mark.length == max(on_line, 1), f"line {site.line}"
        if mark.name is not None:
            assert site.declaration.name == mark.name.strip("-"), f"line {site.line}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_spans_hold_what_the_kind_says(path: Path) -> None:
    text, _ = read_marked(path)
    for site in analyse(text).sites:
        inside = text[site.span.start : site.span.end]
        if site.kind is SiteKind.TERM:
            assert inside == "sorry"
        elif site.kind is SiteKind.TACTIC:
            assert inside.startswith(("sorry", "admit"))
        elif site.kind is SiteKind.EMPTY:
            assert inside.startswith("begin")
            assert inside.endswith("end")
        else:
            assert inside == ""
            assert text[: site.span.start].endswith(":=")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_line_ends_do_not_matter(path: Path) -> None:
    text, _ = read_marked(path)
    windows = analyse(text.replace("\n", "\r\n")).sites
    unix = analyse(text).sites
    assert [(s.line, s.column, s.kind, s.isolated) for s in windows] == [
        (s.line, s.column, s.kind, s.isolated) for s in unix
    ]
    assert [s.declaration.statement_hash for s in windows] == [
        s.declaration.statement_hash for s in unix
    ]
