"""Lean 3 text: commands, declarations, sites; splicing and rendering a proof. Pure.

Offsets are code points. Nothing here raises on any text; what does not parse yields what can be
found.
"""

from engine.source.admission import Refusal, refusal
from engine.source.analysis import Analysis, analyse, find_again, find_sites, site_at
from engine.source.merging import merged
from engine.source.model import Declaration, Import, Site, SiteKind, Span
from engine.source.objections import objection
from engine.source.rendering import WIDTH, render_proof
from engine.source.situation import stated_before
from engine.source.splicing import fill, fill_edits, moved, splice
from engine.source.together import each_as_last

__all__ = [
    "WIDTH",
    "Analysis",
    "Declaration",
    "Import",
    "Refusal",
    "Site",
    "SiteKind",
    "Span",
    "analyse",
    "each_as_last",
    "fill",
    "fill_edits",
    "find_again",
    "find_sites",
    "merged",
    "moved",
    "objection",
    "refusal",
    "render_proof",
    "site_at",
    "splice",
    "stated_before",
]
