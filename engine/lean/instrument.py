"""The texts that Lean is given instead of the user's: a hole, or an audited proof, at a site.

Pure. Only the site is changed, plus what keeps the text from being read wrongly: other sites
without a proof get a `sorry`, and the text ends behind the site's declaration, because nothing
after it matters to it. All imports, the runtime's first, stand on a line of their own in front of
everything: texts with the same imports start with the same line, and a Lean that is given one
after the other loads them once. So line ``n`` of the document is line ``n + SHIFT`` of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.lean.runtime import MODULE
from engine.source import Analysis, Site, SiteKind, Span, fill_edits, splice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHIFT = 1
"""How many lines stand before the document's own."""

_FENCE = "/-! -/"
"""A command without effect. Lean keeps what it knows after the imports only if another command
starts on a line that does not change."""


def header(modules: Iterable[str]) -> str:
    """The first line of a text whose document imports ``modules``, in this order."""
    return " ".join(["import", MODULE, *modules, _FENCE]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _at_sites(text: str, analysis: Analysis, pieces: Sequence[tuple[Site, str]]) -> str:
    end = max(_end(text, site) for site, _ in pieces)
    edits = [*((site.span, piece) for site, piece in pieces), (Span(end, len(text)), "\n")]
    chosen = {site.span for site, _ in pieces}
    before = (s for s in analysis.sites if s.span not in chosen and s.span.end <= end)
    if analysis.header_end:
        # The lines of the imports stay, empty, so that the others keep their numbers.
        imports = Span(0, analysis.header_end)
        edits.append((imports, _blank(text[: imports.end])))
    modules = [item.module for item in analysis.imports]
    return header(modules) + splice(text, [*edits, *fill_edits(before)])


def _end(text: str, site: Site) -> int:
    return site.declaration.span.end if site.declaration is not None else len(text)


def _blank(text: str) -> str:
    return "".join(sign if sign in "\r\n" else " " for sign in text)


def _as_term(site: Site, tactic: str) -> str:
    if site.kind is SiteKind.TACTIC:
        return tactic
    if site.kind is SiteKind.TERM:
        return f"(begin {tactic} end)"
    return f" begin {tactic} end"


def with_hole(text: str, analysis: Analysis, site: Site, folder: str) -> str:
    """``text`` with a hole at ``site`` that talks through the FIFOs in ``folder``."""
    return _at_sites(text, analysis, [(site, _as_term(site, f"dsp_lsp_hole {_quoted(folder)}"))])


def with_audit(text: str, analysis: Analysis, site: Site, replacement: str, nonce: int) -> str:
    """``text`` with ``replacement`` at ``site``, run under the audit named ``nonce``."""
    return with_audits(text, analysis, [(site, replacement, nonce)])


def with_audits(text: str, analysis: Analysis, proofs: Sequence[tuple[Site, str, int]]) -> str:
    """``text`` with all of ``proofs``, each at its site under the audit of its number."""
    # The second line break keeps a comment at the proof's end from hiding the bracket; with the
    # first, what the audit says stands behind the line on which the declaration starts.
    pieces = [
        (site, _as_term(site, f"\ndsp_lsp_audit {nonce} {{ {replacement.strip()}\n}}"))
        for site, replacement, nonce in proofs
    ]
    return _at_sites(text, analysis, pieces)
