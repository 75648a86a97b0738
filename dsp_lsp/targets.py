"""What a command line names: a file, a place in it, a bare statement; and the sites meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsp_lsp.splices import line_and_column, offset_of
from engine.protocol import EngineError
from engine.source import analyse, find_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.source import Site

__all__ = ["Target", "choose_sites", "complete_statement", "imports_of", "parse_target"]

_ONE = re.compile(r"(?P<file>.+):(?P<line>\d+):?", re.DOTALL)
_TWO = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+):?", re.DOTALL)
_LISTED = 8


@dataclass(frozen=True)
class Target:
    """A file and, if named, a line (1-based) and a column in it (0-based code points)."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:  # noqa: D105
        place = [part for part in (self.line, self.column) if part is not None]
        return ":".join([self.file, *map(str, place)])


def parse_target(text: str) -> Target:
    """``FILE[:LINE[:COL]]``; of the ways to read it, the longest name of a file that exists."""
    whole = Target(text)
    one, two = _ONE.fullmatch(text), _TWO.fullmatch(text)
    readings = [whole]
    if one is not None:
        readings.append(Target(one["file"], int(one["line"])))
    if two is not None:
        readings.append(Target(two["file"], int(two["line"]), int(two["column"])))
    for reading in readings:
        if Path(reading.file).exists():
            return reading
    return readings[-1]


def choose_sites(text: str, target: Target) -> list[Site]:
    """The sites that ``target`` means, in document order: all, those of a line, or the one there.

    A place inside a declaration with a single site means that one. Raises :class:`EngineError`,
    which says where sites are, when there is none.
    """
    sites = list(find_sites(text))
    if not sites:
        raise EngineError(
            f"{target.file} has nothing to prove.",
            remedy="Write `sorry` where a proof is wanted, or leave it out after `:=`.",
        )
    if target.line is None:
        return sites
    found = _at(text, sites, target.line, target.column)
    if not found:
        places = ", ".join(f"{site.line}:{site.column}" for site in sites[:_LISTED])
        more = f" and {len(sites) - _LISTED} more" if len(sites) > _LISTED else ""
        raise EngineError(
            f"There is no site at {target}.",
            remedy=f"{target.file} has sites at {places}{more} (line:column, columns from 0).",
        )
    return found


def _at(text: str, sites: Sequence[Site], line: int, column: int | None) -> list[Site]:
    start = offset_of(text, line, column or 0) if line >= 1 else None
    if start is None:
        return []
    end = start
    if column is None:
        newline = text.find("\n", start)
        end = len(text) if newline < 0 else newline
    found = [site for site in sites if site.span.start <= end and start <= site.span.end]
    if found:
        return found if column is None else found[:1]
    around = [
        site
        for site in sites
        if site.declaration.span.start <= end and start <= site.declaration.span.end
    ]
    return around if len(around) == 1 else []


def imports_of(text: str) -> list[str]:
    """The modules that a text imports itself."""
    return [entry.module for entry in analyse(text).imports]


def complete_statement(text: str, name: str) -> str:
    """The text, with ``:=`` added where a statement ends without it.

    ``name`` says in errors what the text is. Raises :class:`EngineError` when there is no site.
    """
    if find_sites(text):
        return text
    declarations = analyse(text).declarations
    if not declarations:
        raise EngineError(
            f"{name} holds no theorem.",
            remedy="Give one without its proof, such as: theorem t (p : Prop) : p → p :=",
        )
    last = declarations[-1]
    if not text[last.statement.end : last.span.end].strip():
        # On a line of its own if need be: the text may end in a comment.
        for completed in (text.rstrip() + " :=", text.rstrip() + "\n:="):
            if find_sites(completed):
                return completed
    line, _ = line_and_column(text, last.span.start)
    subject = f"`{last.name}`" if last.name else f"the {last.keyword} in line {line}"
    raise EngineError(
        f"{name} has nothing to prove: {subject} is complete.",
        remedy="End the statement with `:=`, or write `sorry` where a proof is wanted.",
    )
