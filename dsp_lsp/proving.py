"""Proving the sites of one document one after the other, each on top of the proofs before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dsp_lsp.splices import Splice, Splices, line_and_column
from engine.protocol import EngineError, ErrorKind, ProveParams, SearchOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from dsp_lsp.engine_client import EngineClient
    from engine.protocol import ProgressReport, ProveResult
    from engine.source import Site

__all__ = ["Document", "Outcome", "prove_sites"]


@dataclass
class Document:
    """A text on its way to being proved.

    ``name`` is what messages call it; ``path`` where it lives, or would. ``splices.original`` is
    the text as its author knows it; an import header that we put before it is a splice.
    """

    name: str
    path: str
    splices: Splices
    imports: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What became of a site. ``splice`` is set when, and only when, there is a verified proof."""

    site: Site
    job: str
    status: Literal["proved", "not found", "error"]
    result: ProveResult | None = None
    splice: Splice | None = None
    error: EngineError | None = None


async def prove_sites(
    client: EngineClient,
    document: Document,
    sites: Sequence[Site],
    options: SearchOptions,
    *,
    on_start: Callable[[Site], None],
    on_progress: Callable[[ProgressReport], None],
) -> AsyncIterator[Outcome]:
    """Proves the sites in order; later ones see the proofs of earlier ones in ``document``.

    What is wrong with one site is its outcome; what is wrong with the environment is raised.
    """
    for number, site in enumerate(sites, 1):
        on_start(site)
        job = f"site-{number}"
        start = document.splices.to_current(site.span.start)
        if start is None:
            error = EngineError("The proof before it replaced this site.")
            yield Outcome(site, job, "error", error=error)
            continue
        params = ProveParams(
            job=job,
            text=document.splices.text,
            site=start,
            path=document.path,
            options=options,
        )
        try:
            result = await client.prove(params, on_progress)
        except EngineError as error:
            error = in_original(error, document.splices)
            if error.kind is not ErrorKind.INPUT:
                raise error from None
            yield Outcome(site, job, "error", error=error)
            continue
        if result.status != "proved" or result.verdict is None or not result.verdict.accepted:
            yield Outcome(site, job, "not found", result)
            continue
        splice = document.splices.replace(result.start, result.end, result.replacement)
        yield Outcome(site, job, "proved", result, splice)


def in_original(error: EngineError, splices: Splices) -> EngineError:
    """The error with its place moved from the text that Lean saw to the one the author knows."""
    if error.line is None:
        return error
    start = 0
    for _ in range(error.line - 1):
        start = splices.text.find("\n", start) + 1
    offset = min(start + (error.column or 0), len(splices.text))
    line, column = line_and_column(splices.original, splices.to_original(offset))
    return EngineError(
        error.message, remedy=error.remedy, kind=error.kind, line=line, column=column
    )
