"""Theorems of a library in their own files: found by name, their proofs removed in place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lean.modules import absolute_module, check_imports
from engine.protocol import EngineError
from engine.source import Span, analyse, moved, splice
from engine.source.commands import split
from engine.source.lexer import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Theorem", "compiled", "theorems", "without_proofs"]

_HIDDEN = re.compile(r"\b(?:private|meta)\s+$")
"""Before a declaration whose name Lean changes, or that is no theorem."""


@dataclass(frozen=True, slots=True)
class Theorem:
    """A theorem that a text proves by tactics.

    Offsets in code points: ``start`` of its keyword, ``assign`` behind the ``:=``, ``end`` of the
    proof.
    """

    name: str
    start: int
    assign: int
    end: int

    def shown(self, text: str) -> str:
        """The statement, with its ``:=``."""
        return text[self.start : self.assign]

    def without_proof(self, text: str) -> tuple[str, int]:
        """The document that ends where the proof would stand, and the offset of its site.

        Everything before the proof is kept, byte for byte; what follows cannot matter to it and is
        left out, and what it would have closed is closed, so that Lean has no complaint.
        """
        document = text[: self.assign]
        ends = "".join(f"\nend {name}".rstrip() for name in _open(document))
        return f"{document}\n{ends}\n", self.assign


def theorems(text: str) -> Iterator[Theorem]:
    """The theorems and lemmas of ``text`` with a name, a ``:=`` and a ``begin`` or ``by`` after it.

    Proofs that are terms are left out: a search makes tactics. So are private theorems, whose
    names Lean changes.
    """
    for declaration in analyse(text).declarations:
        if declaration.keyword not in ("theorem", "lemma") or not declaration.name:
            continue
        if _HIDDEN.search(text, max(0, declaration.span.start - 40), declaration.span.start):
            continue
        body = tokenize(text[declaration.statement.end : declaration.span.end])
        signs = [
            text[declaration.statement.end + start : declaration.statement.end + end]
            for _, start, end in body[:2]
        ]
        if len(signs) == 2 and signs[0] == ":=" and signs[1] in ("begin", "by"):
            yield Theorem(
                declaration.name,
                declaration.span.start,
                declaration.statement.end + body[0][2],
                declaration.span.end,
            )


def without_proofs(text: str, site: int) -> tuple[str, int]:
    """``text`` without the tactic proofs of the theorems before ``site``, and where it is then.

    What these theorems say, and which variables they take, does not depend on such proofs; so the
    goal is the same, and Lean comes to it much sooner. Only a search may see this text: a proof
    that it finds must be judged in the whole one.
    """
    edits = [
        (Span(theorem.assign, theorem.end), " sorry")
        for theorem in theorems(text)
        if theorem.end <= site
    ]
    return splice(text, edits), moved(site, edits)


def _open(text: str) -> list[str]:
    """The names of the namespaces and sections that ``text`` leaves open, the last one first."""
    names: list[str] = []
    for command in split(text):
        if command.keyword in ("namespace", "section", "end"):
            after = command.keyword_start + len(command.keyword)
            words = text[after : command.code_end].split()
            if command.keyword != "end":
                names.append(words[0] if words else "")
            elif names:
                names.pop()
    return names[::-1]


def compiled(modules: Sequence[str], search_path: Sequence[Path], file: Path | None = None) -> bool:
    """Whether all that a document at ``file`` imports is compiled."""
    try:
        names = [absolute_module(module, file, search_path) for module in modules]
        check_imports(names, search_path)
    except EngineError:
        return False
    return True
