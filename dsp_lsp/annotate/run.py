"""A run over many files: searches side by side in one engine, then each file as a whole."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from dsp_lsp.annotate.fitting import Found, Kept, fitting
from dsp_lsp.annotate.journal import digest
from dsp_lsp.annotate.records import FileRecord, SiteRecord, failed, searched, untried
from dsp_lsp.files import write_source
from dsp_lsp.report import subject
from dsp_lsp.splices import line_and_column
from engine.protocol import EngineError, ErrorKind, ProveParams, StopReason, VerifyTogetherParams
from engine.source import analyse, moved, splice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dsp_lsp.annotate.journal import Journal
    from dsp_lsp.annotate.view import View
    from dsp_lsp.engine_client import EngineClient
    from dsp_lsp.files import SourceFile
    from engine.protocol import ProgressReport, ProveResult, SearchOptions, Settings, Verdict
    from engine.source import Site

__all__ = ["Annotation", "FileWork", "SiteWork", "plan"]

T = TypeVar("T")

_GRACE = 5.0
"""Seconds after the total time when what is still being opened is stopped."""

_OUT_OF_TIME = "the total time was used"
_INTERRUPTED = "the run was ended before"


@dataclass
class SiteWork:
    """A site on its way. ``found`` is a proof of it alone; ``record`` what became of it."""

    site: Site
    found: Found | None = None
    record: SiteRecord | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing left to search."""
        return self.found is not None or self.record is not None


@dataclass
class FileWork:
    """A file on its way; ``earlier`` are the proofs that a run before this one wrote into it."""

    source: SourceFile
    sites: list[SiteWork]
    imports: tuple[str, ...] = ()
    earlier: list[SiteRecord] = field(default_factory=list)
    text: str = ""
    finished: bool = False
    written: bool = False
    error: str = ""

    @property
    def digest(self) -> str:
        """What tells this content of the file from another."""
        return digest(self.source.raw)

    @property
    def record(self) -> FileRecord:
        """The file as the reports have it."""
        sites = [work.record or untried(work.site, _INTERRUPTED) for work in self.sites]
        return FileRecord(
            file=self.source.name,
            sites=sorted([*self.earlier, *sites], key=lambda site: (site.line, site.column)),
            written=self.written or bool(self.earlier),
            error=self.error,
        )


def plan(source: SourceFile, journal: Journal) -> FileWork:
    """The sites of a file, and what an earlier run knew of them."""
    analysis = analyse(source.text)
    work = FileWork(
        source,
        [SiteWork(site) for site in analysis.sites],
        tuple(item.module for item in analysis.imports),
        text=source.text,
    )
    known = journal.known(source.absolute, work.digest)
    work.earlier = journal.written(source.absolute, work.digest)
    for item in work.sites:
        record = known.get(item.site.span.start)
        if record is not None and record.proof:
            item.found = Found(item.site.span, record.proof)
            item.record = record
        elif record is not None:
            item.record = record
    return work


class Annotation:
    """Searches all sites of ``files``, ``workers`` at a time, and finishes file after file.

    ``connect`` makes the client of an engine; one that dies is replaced once a site. ``show`` is
    told of each record, ``finished`` of each file. After ``total`` seconds no search goes on.
    """

    def __init__(
        self,
        files: Sequence[FileWork],
        *,
        connect: Callable[[], EngineClient],
        settings: Settings,
        options: SearchOptions,
        workers: int,
        total: float | None,
        write: bool,
        journal: Journal,
        view: View,
        show: Callable[[FileWork, SiteRecord], None],
        finished: Callable[[FileWork], None],
    ) -> None:
        self._files = files
        self._engine = _Engine(connect, settings)
        self._options = options
        self._workers = workers
        self._deadline = None if total is None else time.monotonic() + total
        self._write = write
        self._journal = journal
        self._view = view
        self._show = show
        self._finished = finished
        self._judging = asyncio.Semaphore(workers)
        self.errors: list[EngineError] = []
        self.generator = ""

    async def run(self) -> None:
        """Runs to the end; what is wrong with a site or a file is in its record."""
        queue = [
            (file, work)
            # Files with the same imports one after the other: they share warm Leans.
            for file in sorted(self._files, key=lambda file: file.imports)
            for work in file.sites
            if not work.over
        ]
        waiting = iter(queue)
        finishing: list[asyncio.Task[None]] = []
        numbers = iter(range(len(queue)))

        def finish_if_over(file: FileWork) -> None:
            if not file.finished and all(work.over for work in file.sites):
                file.finished = True
                finishing.append(asyncio.create_task(self._finish(file)))

        async def work() -> None:
            for file, item in waiting:
                await self._search(file, item, f"annotate-{next(numbers)}")
                finish_if_over(file)

        tasks = [asyncio.create_task(work()) for _ in range(self._workers)]
        try:
            for file in self._files:
                finish_if_over(file)
            await asyncio.gather(*tasks)
            await asyncio.gather(*finishing)
        finally:
            for task in (*tasks, *finishing):
                task.cancel()
            await asyncio.gather(*tasks, *finishing, return_exceptions=True)

    async def close(self) -> None:
        """Ends the engine."""
        await self._engine.close()

    def _heard(self, report: ProgressReport) -> None:
        self.generator = report.generator or self.generator
        self._view.update(report)

    # -- a site ----------------------------------------------------------------------------------

    @property
    def _left(self) -> float:
        return math.inf if self._deadline is None else self._deadline - time.monotonic()

    async def _search(self, file: FileWork, work: SiteWork, job: str) -> None:
        site = work.site
        if file.error or self._left <= 0:
            work.record = untried(site, file.error or _OUT_OF_TIME)
            self._end(file, work.record, job, lasting=False)
            return
        place = f"{file.source.name}:{site.line}:{site.column} {subject(site)}"
        self._view.begin(job, place)
        params = ProveParams(
            job=job,
            text=file.source.text,
            site=site.span.start,
            path=file.source.absolute,
            options=replace(self._options, budget=min(self._options.budget, self._left)),
            extendable=False,
            together=True,
        )
        lasting = True
        try:
            result = await self._engine.prove(params, self._heard, self._left + _GRACE)
        except EngineError as error:
            lasting = error.kind is ErrorKind.INPUT
            if not lasting:
                self.errors.append(error)
            if error.kind is ErrorKind.ENVIRONMENT:
                # What is wrong with the machine or the project is so at the file's other sites.
                file.error = error.message
            work.record = failed(site, error)
        else:
            verdict = result.verdict
            if result.status == "proved" and verdict is not None and verdict.accepted:
                work.found = Found(site.span, result.replacement)
            work.record = searched(site, result, verdict)
            if result.stop_reason is StopReason.CANCELLED:
                work.record = untried(site, _OUT_OF_TIME)
        self._end(file, work.record, job, lasting=lasting)

    def _end(self, file: FileWork, record: SiteRecord, job: str, *, lasting: bool) -> None:
        """``lasting``: another run would find the same."""
        if lasting:
            self._journal.site(file.source.absolute, file.digest, record)
        self._view.end(job, proved=record.status == "proved")
        with self._view.pause():
            self._show(file, record)

    # -- a file ----------------------------------------------------------------------------------

    async def _finish(self, file: FileWork) -> None:
        """Judges the proofs of a file together, and writes the text that has them."""
        works = {work.site.span: work for work in file.sites if work.found is not None}
        try:
            async with self._judging:
                kept = await self._together(file, [w.found for w in works.values() if w.found])
        except EngineError as error:
            file.error = error.message
            self.errors.append(error)
            kept = Kept([], [(w.found, error.message) for w in works.values() if w.found])
        for proof, verdict in kept.proofs:
            work = works[proof.span]
            if work.record is not None:
                work.record = replace(
                    work.record,
                    checker=verdict.checker,
                    check_seconds=verdict.seconds,
                    axioms=list(verdict.axioms),
                    sorries=list(verdict.sorries),
                )
        for proof, reason in kept.refused:
            work = works[proof.span]
            if work.record is not None:
                why = f"its proof was refused in the file's last text: {reason}"
                work.record = replace(work.record, status="not proved", why=why, proof="")
                self._journal.site(file.source.absolute, file.digest, work.record)
                with self._view.pause():
                    self._show(file, work.record)
        edits = [(proof.span, proof.replacement) for proof, _ in kept.proofs]
        file.text = splice(file.source.text, edits)
        if edits and self._write:
            self._replace(file, kept)
        with self._view.pause():
            self._finished(file)

    async def _together(self, file: FileWork, proofs: list[Found]) -> Kept:
        """The proofs that stand together in the whole text."""

        async def judge(wanted: Sequence[Found]) -> list[Verdict]:
            params = VerifyTogetherParams(
                text=file.source.text,
                proofs=[proof.given for proof in wanted],
                path=file.source.absolute,
            )
            return await self._engine.verify(params)

        return await fitting(proofs, judge)

    def _replace(self, file: FileWork, kept: Kept) -> None:
        spans = {proof.span for proof, _ in kept.proofs}
        edits = [(proof.span, proof.replacement) for proof, _ in kept.proofs]
        proved, still_open = [], []
        for work in file.sites:
            if work.record is None:
                continue
            if work.site.span in spans:
                proved.append(work.record)
            else:
                start = moved(work.site.span.start, edits)
                line, column = line_and_column(file.text, start)
                still_open.append(replace(work.record, start=start, line=line, column=column))
        after = digest(file.text.encode("utf-8"))
        name = file.source.absolute
        self._journal.writing(name, file.digest, after, proved=proved, still_open=still_open)
        try:
            write_source(file.source, file.text)
        except EngineError as error:
            file.error = error.message
            self.errors.append(error)
        else:
            file.written = True


class _Engine:
    """The engine of a run; another one takes the place of one that has died."""

    def __init__(self, connect: Callable[[], EngineClient], settings: Settings) -> None:
        self._connect = connect
        self._settings = settings
        self._client: EngineClient | None = None
        self._starting = asyncio.Lock()

    async def _get(self) -> EngineClient:
        async with self._starting:
            if self._client is not None and self._client.gone:
                await self._client.close()
                self._client = None
            if self._client is None:
                client = self._connect()
                await client.start(self._settings)
                self._client = client
            return self._client

    async def prove(
        self, params: ProveParams, on_progress: Callable[[ProgressReport], None], most: float
    ) -> ProveResult:
        """As the client's; stopped after ``most`` seconds."""

        async def ask(client: EngineClient) -> ProveResult:
            task = asyncio.create_task(client.prove(params, on_progress))
            try:
                done, _ = await asyncio.wait({task}, timeout=None if most == math.inf else most)
                if not done:
                    await client.cancel(params.job)
                return await task
            finally:
                task.cancel()

        return await self._ask(ask)

    async def verify(self, params: VerifyTogetherParams) -> list[Verdict]:
        """As the client's."""
        return (await self._ask(lambda client: client.verify_together(params))).verdicts

    async def _ask(self, question: Callable[[EngineClient], Awaitable[T]]) -> T:
        """Asked a second time where the engine dies over it, or over what runs beside it."""
        client = await self._get()
        try:
            return await question(client)
        except EngineError:
            if not client.gone:
                raise
        client = await self._get()
        try:
            return await question(client)
        except EngineError as error:
            if not client.gone:
                raise
            raise EngineError(
                f"The engine died twice: {error.message}",
                remedy=error.remedy,
                kind=ErrorKind.INTERNAL,
            ) from error

    async def close(self) -> None:
        """Ends it."""
        if self._client is not None:
            await self._client.close()
