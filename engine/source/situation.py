"""What a search at a site can rest on, as text: what the document states before it."""

from __future__ import annotations

from typing import Final

from engine.source.analysis import analyse
from engine.source.lexer import tokenize
from engine.source.model import Site, Span
from engine.source.splicing import splice

__all__ = ["stated_before"]

_WITHOUT_CONTENT: Final = frozenset({"theorem", "lemma", "example"})


def stated_before(text: str, site: Site) -> str:
    """What stands before the declaration of ``site``, free of layout and comments, without proofs.

    The bodies of theorems do not count: whatever they are, the theorem is the same.
    """
    end = site.declaration.span.start
    before = text[:end]
    proofs = [
        (Span(d.statement.end, d.span.end), "")
        for d in analyse(text).declarations
        if d.span.end <= end and d.keyword in _WITHOUT_CONTENT
    ]
    before = splice(before, proofs)
    return " ".join(before[start:stop] for _, start, stop in tokenize(before))
