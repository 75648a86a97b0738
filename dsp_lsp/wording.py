"""What people read about a job: one short line, a progress message, a hover, an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsp_lsp.jobs import Phase
from dsp_lsp.report import counted
from engine.protocol import StopReason

if TYPE_CHECKING:
    from dsp_lsp.jobs import Job
    from engine.protocol import ProgressReport, Suggestion

__all__ = ["described", "hover", "label", "outcome", "percentage", "title", "why_not_found"]

_BAR = 20
_WHY = {
    StopReason.BUDGET: ("the budget ran out", "Give it more time, or state a lemma on the way."),
    StopReason.NOTHING_OPEN: (
        "nothing is left to try",
        "More time does not help: prove a step by hand, or import what it needs.",
    ),
    StopReason.EXPANSIONS: ("the limit of expansions was reached", "Give it more time."),
    StopReason.CANCELLED: ("it was stopped", "Start it again, or give it more time."),
    StopReason.PROVED: ("its proof was refused", ""),
}


def _ordinal(number: int) -> str:
    endings = {} if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number % 10, 'th')}"


def title(job: Job) -> str:
    """What the job is."""
    return f"{'Next tactics' if job.kind == 'suggest' else 'DS-Prover'}: {job.name}"


def percentage(job: Job) -> int:
    """Elapsed over budget."""
    report = job.report
    if report is None or report.budget <= 0:
        return 0
    total = report.budget + job.promised
    return max(0, min(100, int(100 * report.elapsed / total)))


def label(job: Job, turn: int = 0) -> str:
    """One short line, such as ``12/60 s · n = 9 · 43 nodes``."""
    phase, report = job.phase, job.report
    if phase is Phase.QUEUED:
        return f"queued, {_ordinal(max(1, turn))} in line"
    if phase is Phase.OPENING:
        return "trying tactics" if job.kind == "suggest" else "opening"
    if phase is Phase.SEARCHING and report is not None:
        return f"{_seconds(job, report)} · n = {report.n} · {counted(report.nodes, 'node')}"
    if phase is Phase.VERIFYING:
        return "verifying a proof"
    if phase is Phase.INSERTING:
        return "inserting the proof"
    return str(phase.value)


def _seconds(job: Job, report: ProgressReport) -> str:
    return f"{report.elapsed:.0f}/{report.budget + job.promised:.0f} s"


def outcome(job: Job) -> str:
    """One or two sentences on how a job ended."""
    name, result = f"`{job.name}`", job.result
    said = " ".join(part for part in (job.message, job.remedy) if part)
    if job.phase is Phase.PROVED:
        after = f" in {result.elapsed:.1f} s" if result is not None else ""
        if result is not None and result.cached:
            after = " by a proof from the cache"
        return f"{name} is proved{after}."
    if job.phase is Phase.WITHHELD:
        return f"{name} is proved, but the proof was not inserted: {said}"
    if job.phase is Phase.NOT_FOUND and result is not None and result.cached:
        return f"No proof of {name}. {result.cached} {said}"
    if job.phase is Phase.NOT_FOUND and result is not None:
        return f"No proof of {name} was found in {result.elapsed:.0f} s: {said}"
    if job.phase is Phase.FAILED:
        return f"{name}: {said}"
    if job.phase is Phase.SUGGESTED and job.suggestions is not None:
        return f"{name}: {counted(len(job.suggestions.suggestions), 'next tactic')} found."
    return f"{name}: {job.phase.value}. {said}".strip()


def why_not_found(reason: StopReason) -> tuple[str, str]:
    """Why a search without a proof stopped, and what to try."""
    why, remedy = _WHY[reason]
    return f"{why}.", remedy


def described(suggestion: Suggestion) -> str:
    """A suggested tactic as a menu shows it."""
    left = counted(suggestion.goals, "goal") + " left" if suggestion.goals else "closes the goal"
    return f"{' '.join(suggestion.tactic.split())} ({left})"


# -- hovers ----------------------------------------------------------------------------------------


def hover(job: Job, turn: int = 0) -> str:
    """All there is to know about a job, in Markdown."""
    parts = [f"**{title(job)}** — {_state(job, turn)}"]
    report = job.report
    if not job.over and report is not None and job.phase is not Phase.QUEUED:
        parts.append(_running(job, report))
        if report.best_goal:
            parts.append("Best open goal:\n\n" + _lean(report.best_goal))
    elif job.over:
        parts += _ended(job)
    return "\n\n".join(parts)


def _state(job: Job, turn: int) -> str:
    if job.phase is Phase.QUEUED:
        return label(job, turn)
    return "stopping" if job.stopping and not job.over else job.phase.value


def _bar(job: Job, report: ProgressReport) -> str:
    filled = round(_BAR * percentage(job) / 100)
    return "█" * filled + "░" * (_BAR - filled)


def _running(job: Job, report: ProgressReport) -> str:
    lines = [f"`{_bar(job, report)}` {_seconds(job, report)}"]
    if job.kind == "prove" and report.generator:
        lines.append(
            f"n = {report.n} · {counted(report.expansions, 'expansion')} · "
            f"{report.open_nodes} of {counted(report.nodes, 'node')} open · depth {report.depth}"
        )
        lines.append(
            f"{counted(report.tried, 'tactic')} tried, {report.succeeded} succeeded, "
            f"{report.timed_out} timed out · {report.tactics_per_second:.1f} per second"
        )
        on = f" on {report.device}" if report.device else ""
        lines.append(f"generator: {report.generator}{on}")
    return "  \n".join(lines)


def _ended(job: Job) -> list[str]:
    parts = []
    said = "  \n".join(part for part in (job.message, job.remedy) if part)
    if said:
        parts.append(said)
    proof, result = job.proof, job.result
    if proof is not None:
        verdict = proof.verdict
        lines = [f"checked by {verdict.checker} in {verdict.seconds:.1f} s"]
        lines.append(
            "axioms: " + ", ".join(verdict.axioms) if verdict.axioms else "no axioms are used"
        )
        if verdict.sorries:
            lines.append("depends on sorry via " + ", ".join(verdict.sorries))
        if verdict.accepted and verdict.message:
            lines.append(verdict.message)
        parts.append("  \n".join(lines))
        if job.phase is not Phase.PROVED:
            parts.append(_lean(proof.replacement.strip()))
    if result is not None:
        s = result.statistics
        parts.append(
            f"{result.elapsed:.1f} s · {counted(s.expansions, 'expansion')} · "
            f"{counted(s.nodes, 'node')} · depth {s.depth} · {counted(s.tried, 'tactic')} tried, "
            f"{s.succeeded} succeeded, {s.timed_out} timed out"
        )
        parts += result.notes
        if proof is None and result.goal:
            parts.append(_lean(result.goal))
    if job.suggestions is not None:
        listed = [f"- `{described(one)}`" for one in job.suggestions.suggestions]
        parts.append("\n".join(listed))
    return parts


def _lean(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}lean\n{text}\n{fence}"
