"""A run's report as a file: JSON for programs, a page, or Markdown."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from dsp_lsp.annotate.records import outcome
from dsp_lsp.annotate.view import duration
from dsp_lsp.files import replace_file
from dsp_lsp.report import counted
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsp_lsp.annotate.records import FileRecord, Report, SiteRecord

__all__ = ["as_html", "as_json", "as_markdown", "check_report", "spread", "write_report"]

_EDGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_BLOCKS = 24
_STYLE = """
:root { color-scheme: light dark;
  --good: #1a7f37; --bad: #9a6700; --dim: #6e7781; --line: #d0d7de; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --bad: #d29922; --dim: #8b949e; --line: #30363d; }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-weight: 600; color: var(--dim); } td.n, th.n { text-align: right; }
pre { font: 13px/1.45 ui-monospace, monospace; margin: .3rem 0; white-space: pre-wrap; }
.proved { color: var(--good); } .open { color: var(--bad); } .dim { color: var(--dim); }
td { overflow-wrap: anywhere; }
svg { width: 100%; max-width: 38rem; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .proved { fill: var(--good); } svg .open { fill: var(--bad); }
summary { cursor: pointer; }
"""


def check_report(name: str) -> None:
    """Raises :class:`EngineError` for a report that cannot be written."""
    path = Path(name)
    if path.suffix not in _FORMS:
        raise EngineError(
            f"{name}: a report is a .json, .html or .md file.", remedy="Give it such a name."
        )
    if path.is_dir() or not path.parent.is_dir():
        raise EngineError(
            f"{name} cannot be written: there is no such folder, or it is one.",
            remedy="Name a file in a folder that exists.",
        )


def write_report(name: str, report: Report) -> None:
    """Writes the report in the form that the name's ending says."""
    replace_file(Path(name), _FORMS[Path(name).suffix](report).encode("utf-8"))


def as_json(report: Report) -> str:
    """All there is to know, for programs."""
    return json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n"


def spread(report: Report) -> list[tuple[str, int, bool]]:
    """How many sites were proved in which time, and how many were not: label, number, proved."""
    seconds = [site.seconds for _, site in report.sites if site.status == "proved"]
    rows = []
    low = 0.0
    for high in (*_EDGES, float("inf")):
        number = sum(1 for s in seconds if low <= s < high)
        label = f"{low:g} to {high:g} s" if low else f"under {high:g} s"
        if high == float("inf"):
            label = f"{low:g} s and more"
        rows.append((label, number, True))
        low = high
    while rows and rows[-1][1] == 0:
        rows.pop()
    others = (
        ("not proved", report.totals.not_proved),
        ("cannot be searched", report.totals.errors),
        ("not tried", report.totals.not_tried),
    )
    return [*rows, *((label, number, False) for label, number in others if number)]


def _summary(report: Report) -> str:
    totals = report.totals
    cut = "" if report.complete else " The run was ended before its time."
    return (
        f"{totals.proved} of {counted(totals.sites, 'site')} in "
        f"{counted(totals.files, 'file')} proved.{cut}"
    )


def _terms(report: Report) -> list[tuple[str, str]]:
    return [
        ("Time", duration(report.seconds)),
        ("Searches at a time", str(report.workers)),
        ("Budget of a site", f"{report.budget:g} s"),
        ("Generator", report.generator or "-"),
        ("Checked by", report.lean or "-"),
        ("dsp-lsp", report.version),
    ]


def _verdict(site: SiteRecord) -> str:
    parts = [site.checker] if site.checker and site.status == "proved" else []
    if site.axioms:
        parts.append("axioms: " + ", ".join(site.axioms))
    if site.sorries:
        parts.append("depends on sorry via " + ", ".join(site.sorries))
    return "; ".join(parts)


# -- Markdown --------------------------------------------------------------------------------------


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def as_markdown(report: Report) -> str:
    """The report as Markdown."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: Report) -> Iterator[str]:
    yield from ("# Sites and their proofs", "", _summary(report), "")
    yield from ("| | |", "|---|---|", *(_row(term) for term in _terms(report)), "", "```text")
    rows = spread(report)
    most = max((number for _, number, _ in rows), default=1) or 1
    width = max((len(label) for label, _, _ in rows), default=0)
    for label, number, _ in rows:
        yield f"{label:>{width}}  {'█' * round(_BLOCKS * number / most)} {number}"
    yield from ("```", "", "## Slowest", "", "| site | declaration | seconds |", "|---|---|---|")
    for file, site in report.slowest(5):
        yield _row((f"{file.file}:{site.line}", site.declaration, f"{site.seconds:.1f}"))
    for file in report.files:
        yield from ("", f"## {_cell(file.file)}{' (written)' if file.written else ''}", "")
        if file.error:
            yield from (_cell(file.error), "")
        if file.sites:
            yield from ("| line | declaration | what became of it | verdict |", "|---|---|---|---|")
        for site in file.sites:
            yield _row((str(site.line), site.declaration, outcome(site), _verdict(site)))


# -- a page ----------------------------------------------------------------------------------------


def as_html(report: Report) -> str:
    """The report as a page that needs nothing else."""
    return "\n".join(_html(report)) + "\n"


def _chart(report: Report) -> str:
    rows = spread(report)
    most = max((number for _, number, _ in rows), default=1) or 1
    height, left, width = 22, 150, 420
    parts = [
        '<svg role="img" aria-label="How long the searches took" '
        f'viewBox="0 0 {left + width + 40} {height * len(rows) + 4}">'
    ]
    for index, (label, number, proved) in enumerate(rows):
        y = index * height
        kind = "proved" if proved else "open"
        length = width * number / most
        parts.append(
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>'
            f'<rect class="{kind}" x="{left}" y="{y + 3}" width="{length:.1f}" height="16" rx="2"/>'
            f'<text x="{left + length + 6:.1f}" y="{y + 15}">{number}</text>'
        )
    return "".join([*parts, "</svg>"])


def _html(report: Report) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Sites and their proofs</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>Sites and their proofs</h1><p>{escape(_summary(report))}</p>"
    terms = (f"{escape(name)} {escape(value)}" for name, value in _terms(report))
    yield f'<p class="dim">{" · ".join(terms)}</p>'
    yield f"<h2>How long the searches took</h2>{_chart(report)}"
    yield "<h2>Slowest</h2><table><tr><th>site<th>declaration<th class=n>seconds</tr>"
    for file, site in report.slowest(5):
        place = escape(f"{file.file}:{site.line}:{site.column}")
        name = escape(site.declaration)
        yield f"<tr><td>{place}<td>{name}<td class=n>{site.seconds:.1f}</tr>"
    yield "</table>"
    for file in report.files:
        yield from _file(file)
    yield "</body></html>"


def _file(file: FileRecord) -> Iterator[str]:
    written = ' <span class="dim">written</span>' if file.written else ""
    yield f"<h2>{escape(file.file)}{written}</h2>"
    if file.error:
        yield f'<p class="open">{escape(file.error)}</p>'
    if not file.sites:
        return
    yield "<table><tr><th class=n>line<th>declaration<th>what became of it<th>verdict</tr>"
    for site in file.sites:
        kind = "proved" if site.status == "proved" else "open"
        said = f'<span class="{kind}">{escape(outcome(site))}</span>'
        if site.proof:
            proof = escape(site.proof.strip())
            said = f"<details><summary>{said}</summary><pre>{proof}</pre></details>"
        notes = "".join(f'<div class="dim">{escape(note)}</div>' for note in site.notes)
        yield (
            f"<tr><td class=n>{site.line}<td>{escape(site.declaration)}<td>{said}{notes}"
            f"<td>{escape(_verdict(site))}</tr>"
        )
    yield "</table>"


_FORMS = {".json": as_json, ".html": as_html, ".md": as_markdown}
