"""The texts that Lean is given instead of the user's: a hole, or an audited proof, at a site.

Pure. Only the site is changed, plus what keeps the text from being read wrongly: other sites
without a proof get a `sorry`, the runtime is imported on the first line (so that line numbers
stay), and the text ends behind the site's declaration, because nothing after it matters to it.
"""

from __future__ import annotations

from engine.lean.runtime import MODULE
from engine.source import Analysis, Site, SiteKind, Span, fill_edits, splice

HEADER = f"import {MODULE} "
"""What stands before the document's own first character."""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _at_site(text: str, analysis: Analysis, site: Site, replacement: str) -> str:
    end = site.declaration.span.end if site.declaration is not None else len(text)
    edits = [(site.span, replacement), (Span(end, len(text)), "\n")]
    before = (s for s in analysis.sites if s.span != site.span and s.span.end <= end)
    return HEADER + splice(text, [*edits, *fill_edits(before)])


def _as_term(site: Site, tactic: str) -> str:
    if site.kind is SiteKind.TACTIC:
        return tactic
    if site.kind is SiteKind.TERM:
        return f"(begin {tactic} end)"
    return f" begin {tactic} end"


def with_hole(text: str, analysis: Analysis, site: Site, folder: str) -> str:
    """``text`` with a hole at ``site`` that talks through the FIFOs in ``folder``."""
    return _at_site(text, analysis, site, _as_term(site, f"dsp_lsp_hole {_quoted(folder)}"))


def with_audit(text: str, analysis: Analysis, site: Site, replacement: str, nonce: int) -> str:
    """``text`` with ``replacement`` at ``site``, run under the audit named ``nonce``."""
    # The line break keeps a comment at the proof's end from hiding the bracket.
    tactic = f"dsp_lsp_audit {nonce} {{ {replacement.strip()}\n}}"
    return _at_site(text, analysis, site, _as_term(site, tactic))
