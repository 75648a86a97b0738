"""Putting edits into a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.source.model import Site, SiteKind, Span

if TYPE_CHECKING:
    from collections.abc import Iterable


def splice(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    """``text`` with each span replaced by its string; all else stays as it is, byte for byte.

    Spans are of ``text`` as given, in any order; of two insertions at one place the first given
    comes first. Raises ValueError for spans that overlap or leave the text.
    """
    pieces: list[str] = []
    position = 0
    for span, replacement in sorted(edits, key=lambda edit: (edit[0].start, edit[0].end)):
        if not position <= span.start <= span.end <= len(text):
            raise ValueError(
                f"the edit at {span.start}:{span.end} overlaps another or leaves the text"
            )
        pieces.append(text[position : span.start])
        pieces.append(replacement)
        position = span.end
    pieces.append(text[position:])
    return "".join(pieces)


def fill_edits(sites: Iterable[Site]) -> list[tuple[Span, str]]:
    """The edits of :func:`fill`: insertions, none of which holds a line's end."""
    edits = []
    for site in sites:
        if site.kind is SiteKind.MISSING:
            edits.append((site.span, " sorry"))
        elif site.kind is SiteKind.EMPTY:
            after_begin = site.span.start + len("begin")
            edits.append((Span(after_begin, after_begin), " sorry"))
    return edits


def fill(text: str, sites: Iterable[Site]) -> str:
    """``text`` with a ``sorry`` in each ``MISSING`` and ``EMPTY`` one of its ``sites``.

    A ``MISSING`` site gets `` sorry``, an ``EMPTY`` one becomes ``begin sorry … end``; others stay.
    Lines keep their numbers; what follows on the same line moves (see :func:`moved`).
    """
    return splice(text, fill_edits(sites))


def moved(offset: int, edits: Iterable[tuple[Span, str]]) -> int:
    """Where ``offset`` of a text lies once ``edits`` are in it; at an edit, before what it inserts.

    An offset inside a replaced span comes to lie at its start.
    """
    shift = 0
    for span, replacement in edits:
        if span.end <= offset and span.start < offset:
            shift += len(replacement) - (span.end - span.start)
        elif span.start < offset:
            shift -= offset - span.start
    return offset + shift
