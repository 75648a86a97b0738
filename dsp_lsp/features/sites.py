"""Which sites an editor's position, range or key means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsp_lsp.positions import Lines, Place
    from engine.source import Site

__all__ = ["key_of", "named", "sites_at"]


def key_of(site: Site) -> str:
    """What tells a site from others in any version of its document, where anything can."""
    declaration = site.declaration
    return f"{declaration.statement_hash}:{site.ordinal}:{site.kind.value}:{declaration.name}"


def sites_at(sites: Sequence[Site], lines: Lines, start: Place, end: Place) -> list[Site]:
    """The sites that touch the range; if none does, those on its lines."""
    first, last = lines.offset(start), lines.offset(end)
    touching = [site for site in sites if site.span.start <= last and site.span.end >= first]
    if touching:
        return touching
    low, high = lines.line_span(start[0])[0], lines.line_span(end[0])[1]
    return [site for site in sites if site.span.start <= high and site.span.end >= low]


def named(sites: Sequence[Site], lines: Lines, place: Place, key: str | None) -> Site | None:
    """The site with that key nearest to ``place``; without a key, the nearest of those there."""
    offset = lines.offset(place)
    if key is None:
        found = sites_at(sites, lines, place, place)
    else:
        found = [site for site in sites if key_of(site) == key]
    return min(found, key=lambda site: abs(site.span.start - offset), default=None)
