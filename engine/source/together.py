"""Several proofs in one text: each of them as the last one that is put in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.source.analysis import analyse
from engine.source.splicing import moved, splice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.source.model import Site

__all__ = ["each_as_last"]


def each_as_last(text: str, proofs: Sequence[tuple[Site, str]]) -> list[tuple[str, Site | None]]:
    """For each proof: ``text`` with all the others in it, and its own site there.

    The site is None where the others leave none. Raises ValueError for sites that overlap.
    """
    found = []
    before = analyse(text)
    for index, (site, _) in enumerate(proofs):
        others = [(s.span, proof) for s, proof in (*proofs[:index], *proofs[index + 1 :])]
        rest = splice(text, others)
        start = moved(site.span.start, others)
        length = site.span.end - site.span.start
        here = (s for s in analyse(rest, before).sites if s.span.start == start)
        own = next((s for s in here if s.span.end - s.span.start == length), None)
        found.append((rest, own))
    return found
