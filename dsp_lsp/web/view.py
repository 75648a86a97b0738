"""What the page is told of a search, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dsp_lsp.jobs import Phase
from dsp_lsp.report import error_record
from engine.protocol import EngineError

if TYPE_CHECKING:
    from dsp_lsp.web.searches import Search
    from engine.protocol import ProgressReport, ProveResult

__all__ = ["moving", "view"]

_LONGEST_GOAL = 4000
"""Code points of a goal that are shown while a search runs."""


def view(search: Search, turn: int) -> dict[str, Any]:
    """All there is to know of a search; ``turn`` is its place in line, 0 if it does not wait.

    Places are code points of ``text``: lines count from 1, columns from 0.
    """
    job = search.job
    return {
        **moving(search, turn),
        "name": job.name,
        "text": search.prepared.text,
        "given": search.prepared.given,
        "header": search.prepared.header,
        "others": list(search.prepared.others),
        "budget": job.budget,
        "result": _result(search, job.result) if job.result is not None else None,
        "error": _error(search),
        "tree": search.tree.text if search.tree is not None and job.over else None,
        "message": job.message,
        "remedy": job.remedy,
    }


def moving(search: Search, turn: int) -> dict[str, Any]:
    """What changes within a phase."""
    job = search.job
    return {
        "id": search.id,
        "phase": job.phase.value,
        "over": job.over,
        "stopping": job.stopping and not job.over,
        "turn": turn,
        "progress": _progress(job.report) if job.report is not None else None,
    }


def _progress(report: ProgressReport) -> dict[str, Any]:
    goal = report.best_goal
    return {
        "elapsed": report.elapsed,
        "n": report.n,
        "expansions": report.expansions,
        "nodes": report.nodes,
        "open": report.open_nodes,
        "depth": report.depth,
        "tried": report.tried,
        "succeeded": report.succeeded,
        "timed_out": report.timed_out,
        "per_second": report.tactics_per_second,
        "goal": goal if len(goal) <= _LONGEST_GOAL else goal[:_LONGEST_GOAL] + " …",
        "generator": report.generator,
        "device": report.device,
    }


def _result(search: Search, result: ProveResult) -> dict[str, Any]:
    proof = None
    if search.job.phase is Phase.PROVED:
        text, start, end = search.prepared.proved(result)
        proof = {"text": text, "start": start, "end": end, "steps": list(result.steps)}
    return {
        "elapsed": result.elapsed,
        "goal": result.goal,
        "proof": proof,
        "verdict": asdict(result.verdict) if result.verdict is not None else None,
        "milliseconds": result.milliseconds,
        "statistics": asdict(result.statistics),
        "notes": [note for note in result.notes if note != result.cached],
        "cached": result.cached or None,
    }


def _error(search: Search) -> dict[str, Any] | None:
    job, error = search.job, search.error
    if job.phase is not Phase.FAILED:
        return None
    return error_record(error or EngineError(job.message, remedy=job.remedy))
