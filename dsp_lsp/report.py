"""Outcomes as text for people, as records for programs, as a diff for ``patch``."""

from __future__ import annotations

import difflib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dsp_lsp.splices import line_and_column
from engine.protocol import StopReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsp_lsp.proving import Document, Outcome
    from engine.protocol import EngineError, ProveResult, SuggestResult
    from engine.source import Site

__all__ = [
    "counted",
    "error_text",
    "in_context",
    "record",
    "site_record",
    "subject",
    "suggest_record",
    "unified_diff",
    "verdict_text",
    "why_not",
]

_REASONS = {
    StopReason.BUDGET: "the budget ran out",
    StopReason.NOTHING_OPEN: "nothing is left to try",
    StopReason.EXPANSIONS: "the limit of expansions was reached",
    StopReason.CANCELLED: "cancelled",
    StopReason.PROVED: "its proof was refused",
}


def counted(number: int, what: str) -> str:
    """A number and what it counts, in English."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def subject(site: Site) -> str:
    """What a site belongs to, for people."""
    declaration = site.declaration
    return declaration.name or f"{declaration.keyword} in line {site.line}"


def site_record(name: str, site: Site) -> dict[str, Any]:
    """A site as JSON: columns count code points from 0, lines from 1."""
    return {
        "file": name,
        "kind": site.kind.value,
        "line": site.line,
        "column": site.column,
        "declaration": site.declaration.name,
    }


def record(document: Document, outcome: Outcome) -> dict[str, Any]:
    """One JSON record of ``prove --json``; offsets are code points of the original text."""
    result, splice, error = outcome.result, outcome.splice, outcome.error
    verdict = result.verdict if result else None
    return {
        **site_record(document.name, outcome.site),
        "status": outcome.status,
        "proof": splice.text.strip() if splice else None,
        "edit": asdict(splice) if splice else None,
        "verdict": asdict(verdict) if verdict else None,
        "axioms": list(verdict.axioms) if verdict else [],
        "milliseconds": result.milliseconds if result else None,
        "elapsed": result.elapsed if result else None,
        "cached": bool(result and result.cached),
        "stop_reason": result.stop_reason.value if result else None,
        "statistics": asdict(result.statistics) if result else None,
        "goal": result.goal if result else None,
        "steps": list(result.steps) if result else [],
        "generator": result.generator if result else "",
        "notes": list(result.notes) if result else [],
        "imports": document.imports,
        "error": error_record(error) if error else None,
    }


def error_record(error: EngineError) -> dict[str, Any]:
    """An error as JSON."""
    return {
        "message": error.message,
        "remedy": error.remedy,
        "kind": error.kind.value,
        "line": error.line,
        "column": error.column,
    }


def suggest_record(name: str, site: Site, result: SuggestResult) -> dict[str, Any]:
    """The JSON of ``suggest --json``."""
    return {**site_record(name, site), **asdict(result)}


def error_text(error: EngineError, name: str | None = None) -> str:
    """An error for people; with a place, in the form that Lean and editors use."""
    where = f"{name}:{error.line}:{error.column or 0}: error: " if name and error.line else ""
    return where + error.message + (f"\n  {error.remedy}" if error.remedy else "")


def why_not(result: ProveResult) -> str:
    """Why a search ended without a proof that stands."""
    verdict = result.verdict
    if verdict is not None and verdict.message:
        return f"its proof was refused: {verdict.message}"
    return _REASONS[result.stop_reason]


def verdict_text(outcome: Outcome) -> str:
    """One line on how the search ended."""
    result = outcome.result
    if result is None:
        return "refused"
    statistics = result.statistics
    expansions = counted(statistics.expansions, "expansion")
    effort = f"{expansions}, {counted(statistics.tried, 'tactic')} tried"
    verdict = result.verdict
    if outcome.splice is None or verdict is None:
        if result.cached:
            return f"no proof, says the cache: {why_not(result)}"
        source = f"; generator: {result.generator}" if result.generator else ""
        return f"no proof in {result.elapsed:.1f} s: {why_not(result)} ({effort}{source})"
    parts = [f"checked by {verdict.checker}"]
    if verdict.axioms:
        parts.append("axioms: " + ", ".join(verdict.axioms))
    if verdict.sorries:
        parts.append("depends on sorry via " + ", ".join(verdict.sorries))
    if verdict.message:
        parts.append(verdict.message)
    cost = f"the check took {verdict.seconds:.1f} s"
    if result.milliseconds is not None:
        cost += f", the tactics alone {result.milliseconds:.0f} ms"
    how = "from the cache" if result.cached else f"in {result.elapsed:.1f} s, {effort}"
    return f"proved {how}; " + "; ".join([*parts, cost])


def in_context(document: Document, outcome: Outcome) -> Iterator[tuple[str, bool]]:
    """The lines of the declaration with the proof in it, each with whether the proof made it."""
    if outcome.splice is None:
        return
    splices, span = document.splices, outcome.site.declaration.span
    text = splices.text
    # The end of what was replaced is now the end of the proof, also where nothing was replaced.
    new_end = splices.to_current(outcome.splice.end) or 0
    new_start = new_end - len(outcome.splice.text)
    new_start += len(outcome.splice.text) - len(outcome.splice.text.lstrip())
    end = max(new_end, splices.to_current(span.end) or 0)
    first, _ = line_and_column(text, splices.to_current(span.start) or 0)
    last, _ = line_and_column(text, max(end - 1, 0))
    new_first, _ = line_and_column(text, new_start)
    new_last, _ = line_and_column(text, max(new_end - 1, new_start))
    lines = text.split("\n")
    for number in range(first, last + 1):
        yield lines[number - 1], new_first <= number <= new_last


def unified_diff(name: str, old: str, new: str) -> str:
    """A diff that ``patch -p1`` and ``git apply`` take; empty when nothing changed."""
    plain = name.removeprefix("./").lstrip("/")
    lines = difflib.unified_diff(_lines(old), _lines(new), f"a/{plain}", f"b/{plain}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    # Not `splitlines`, which also splits at characters that end no line of Lean.
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
