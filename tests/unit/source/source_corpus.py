"""Corpus files: Lean text in which comments beneath a line point at the sites of that line.

A marker line begins with ``--`` and holds only marks. A mark is carets beneath the site, as many as
it has code points on that line (one for a site without extent), and its kind, ``!`` if it is
isolated, and ``in name`` to check its declaration's name (``in -`` for none). ``<`` instead of
carets marks a site at the start of the line. Marker lines are taken out before the analysis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

_MARK = re.compile(r"(\^+|<) (term|tactic|missing|empty)(!?)(?: in (\S+(?: \S+»)?))?")
_MARKER_LINE = re.compile(rf"--\s*(?:{_MARK.pattern}\s*)+")


@dataclass(frozen=True)
class Mark:
    line: int
    column: int
    length: int | None
    kind: str
    isolated: bool
    name: str | None


def read_marked(path: Path) -> tuple[str, list[Mark]]:
    lines: list[str] = []
    marks: list[Mark] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not _MARKER_LINE.fullmatch(line):
            lines.append(line)
            continue
        for match in _MARK.finditer(line):
            carets, kind, isolated, name = match.groups()
            at_start = carets == "<"
            marks.append(
                Mark(
                    len(lines),
                    0 if at_start else match.start(),
                    None if at_start else len(carets),
                    kind,
                    bool(isolated),
                    name,
                )
            )
    marks.sort(key=lambda mark: (mark.line, mark.column))
    return "\n".join(lines), marks


def corpus_texts() -> list[str]:
    return [read_marked(path)[0] for path in sorted(CORPUS.glob("*.lean"))]
