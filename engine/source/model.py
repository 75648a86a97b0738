"""The values that describe a Lean 3 text: spans, declarations, sites, imports.

All offsets are code points from the start of the text; spans are half open. Lines are 1-based and
end at ``\\n`` only; columns are 0-based code points. None of these raises on any value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SiteKind(str, Enum):
    """What stands where a proof can go.

    ``TERM``: a ``sorry`` where a term stands. ``TACTIC``: ``sorry``, ``admit`` (with their optional
    block) where a tactic stands. ``MISSING``: nothing after a declaration's ``:=``. ``EMPTY``: a
    ``begin end`` with only blanks and comments inside.
    """

    TERM = "term"
    TACTIC = "tactic"
    MISSING = "missing"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Span:
    """The code points from ``start`` up to, and without, ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration of the text.

    ``keyword`` is as written (``lemma``, ``def``, ``instance`` …). ``name`` is qualified by the
    enclosing namespaces and empty for an ``example`` and for an instance without a name.
    ``span`` runs from the keyword to the last token, without doc comment, attributes and modifiers.
    ``statement`` runs from the keyword to the last token before the body. ``statement_hash`` is a
    digest of the statement, freed of layout and comments, and of what precedes it and bears on its
    meaning: imports, namespaces, ``open``, ``variables``, ``universe``, ``include``, notations,
    options. It does not depend on other declarations.
    """

    keyword: str
    name: str
    span: Span
    statement: Span
    statement_hash: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a proof can go.

    ``span`` is what a proof replaces; for ``MISSING`` it is empty and stands right after ``:=``.
    ``line`` (1-based) and ``column`` (0-based code points) are those of ``span.start``.
    ``ordinal`` counts the sites of ``declaration`` before this one. ``isolated`` is true of a
    tactic site that is an operand of ``;``, ``<|>``, ``by`` or an element of a list of tactics:
    its edit must be one tactic, ``{ … }``.
    """

    kind: SiteKind
    span: Span
    line: int
    column: int
    declaration: Declaration
    ordinal: int
    isolated: bool


@dataclass(frozen=True, slots=True)
class Import:
    """An imported module, as written: ``data.nat.basic``, ``.sibling``, ``..cousin``."""

    module: str
    span: Span
