"""What became of the sites of a run, as values that a journal and the reports share."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dsp_lsp.report import subject, why_not

if TYPE_CHECKING:
    from engine.protocol import EngineError, ProveResult, Verdict
    from engine.source import Site

__all__ = [
    "FileRecord",
    "Report",
    "SiteRecord",
    "Totals",
    "failed",
    "outcome",
    "searched",
    "untried",
]

Status = Literal["proved", "not proved", "error", "not tried"]


@dataclass(frozen=True, kw_only=True)
class SiteRecord:
    """A site and what became of it; places are those of the text before any proof.

    ``seconds`` is what the search took, nothing where the answer is ``cached``; ``check_seconds``
    and what follows it are of the verdict on the file's last text. ``why`` says why there is no
    proof.
    """

    line: int
    column: int
    start: int
    kind: str
    declaration: str
    status: Status
    seconds: float = 0.0
    why: str = ""
    proof: str = ""
    checker: str = ""
    check_seconds: float = 0.0
    axioms: list[str] = field(default_factory=list)
    sorries: list[str] = field(default_factory=list)
    expansions: int = 0
    tried: int = 0
    cached: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """A file, its sites, and whether the proofs are in it; ``error`` says what is wrong with it."""

    file: str
    sites: list[SiteRecord] = field(default_factory=list)
    written: bool = False
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Numbers of a run."""

    files: int
    sites: int
    proved: int
    not_proved: int
    errors: int
    not_tried: int
    seconds_searching: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """A run: its files, how long it took and with what. ``complete`` is false of one cut short."""

    files: list[FileRecord]
    seconds: float
    budget: float
    workers: int
    version: str
    generator: str = ""
    lean: str = ""
    complete: bool = True

    @property
    def sites(self) -> list[tuple[FileRecord, SiteRecord]]:
        """All sites, each with its file."""
        return [(file, site) for file in self.files for site in file.sites]

    @property
    def totals(self) -> Totals:
        """What they add up to."""
        sites = [site for _, site in self.sites]

        def number(status: Status) -> int:
            return sum(1 for site in sites if site.status == status)

        return Totals(
            files=len(self.files),
            sites=len(sites),
            proved=number("proved"),
            not_proved=number("not proved"),
            errors=number("error"),
            not_tried=number("not tried"),
            seconds_searching=sum(site.seconds for site in sites),
        )

    def slowest(self, most: int = 10) -> list[tuple[FileRecord, SiteRecord]]:
        """The sites whose searches took longest."""
        tried = [pair for pair in self.sites if pair[1].seconds > 0]
        return sorted(tried, key=lambda pair: -pair[1].seconds)[:most]

    def as_json(self) -> dict[str, Any]:
        """The report as an object for programs."""
        slowest = [
            {"file": file.file, "line": site.line, "column": site.column, "seconds": site.seconds}
            for file, site in self.slowest()
        ]
        return {**asdict(self), "totals": asdict(self.totals), "slowest": slowest}


def searched(site: Site, result: ProveResult, verdict: Verdict | None) -> SiteRecord:
    """The record of a search that ended; ``verdict`` is the last one on its proof, if any."""
    proved = verdict is not None and verdict.accepted
    return SiteRecord(
        **_place(site),
        status="proved" if proved else "not proved",
        seconds=result.elapsed,
        why="" if proved else why_not(result),
        proof=result.replacement if proved else "",
        checker=verdict.checker if verdict is not None else "",
        check_seconds=verdict.seconds if verdict is not None else 0.0,
        axioms=list(verdict.axioms) if verdict is not None else [],
        sorries=list(verdict.sorries) if verdict is not None else [],
        expansions=result.statistics.expansions,
        tried=result.statistics.tried,
        cached=bool(result.cached),
        notes=list(result.notes),
    )


def failed(site: Site, error: EngineError) -> SiteRecord:
    """The record of a site that could not be searched."""
    return SiteRecord(**_place(site), status="error", why=error.message)


def untried(site: Site, why: str) -> SiteRecord:
    """The record of a site that was never searched."""
    return SiteRecord(**_place(site), status="not tried", why=why)


def _place(site: Site) -> dict[str, Any]:
    return {
        "line": site.line,
        "column": site.column,
        "start": site.span.start,
        "kind": site.kind.value,
        "declaration": subject(site),
    }


def outcome(record: SiteRecord) -> str:
    """One line on what became of a site."""
    if record.status == "proved":
        text = "proved from the cache" if record.cached else f"proved in {record.seconds:.1f} s"
        if record.sorries:
            text += "; depends on sorry via " + ", ".join(record.sorries)
        return text
    if record.status == "not proved":
        if record.cached:
            return f"not proved, says the cache: {record.why}"
        return f"not proved in {record.seconds:.1f} s: {record.why}"
    return f"{'error' if record.status == 'error' else 'not tried'}: {record.why}"
