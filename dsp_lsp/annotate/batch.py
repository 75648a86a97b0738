"""The files of one command, and what is said of them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from dsp_lsp import __version__
from dsp_lsp.annotate.records import FileRecord, Report, outcome
from dsp_lsp.annotate.run import Annotation, plan
from dsp_lsp.annotate.view import duration, open_view
from dsp_lsp.files import check_writable, read_source, remove_unfinished
from dsp_lsp.report import counted, error_text, unified_diff
from dsp_lsp.running import with_engine
from dsp_lsp.terminal import say, show
from engine.protocol import EngineError
from engine.source import find_sites

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from dsp_lsp.annotate.journal import Journal
    from dsp_lsp.annotate.records import SiteRecord
    from dsp_lsp.annotate.run import FileWork
    from dsp_lsp.engine_client import EngineClient
    from engine.protocol import SearchOptions, Settings

__all__ = ["Batch", "is_complete"]

DONE, SORRY_LEFT, BAD_INPUT, BAD_ENVIRONMENT = 0, 1, 2, 3


def is_complete(status: int) -> bool:
    """Whether a run that ends so has nothing left to go on with."""
    return status in (DONE, SORRY_LEFT)


class Batch:
    """The files of a run, and what is said of them."""

    def __init__(self, arguments: argparse.Namespace, journal: Journal, names: list[str]) -> None:
        self._arguments = arguments
        self._journal = journal
        self._started = time.monotonic()
        self._unread: list[FileRecord] = []
        self._files: list[FileWork] = []
        self._annotation: Annotation | None = None
        for name in names:
            self._read(name)

    def _read(self, name: str) -> None:
        try:
            work = plan(read_source(name), self._journal)
            if self._arguments.write and work.sites:
                check_writable(work.source.path)
            if self._arguments.write:
                remove_unfinished(work.source.path)
        except EngineError as error:
            say(f"dsp-lsp: {error_text(error)}")
            self._unread.append(FileRecord(file=name, error=error.message))
        else:
            self._files.append(work)

    def run(
        self,
        connect: Callable[[], EngineClient],
        settings: Settings,
        options: SearchOptions,
        workers: int,
    ) -> int:
        """Runs, and returns the exit status."""
        arguments = self._arguments
        todo = sum(1 for file in self._files for work in file.sites if not work.over)
        most = arguments.total or todo * options.budget / workers
        with open_view(todo, most, quiet=arguments.quiet) as view:

            def create() -> Annotation:
                self._annotation = Annotation(
                    self._files,
                    connect=connect,
                    settings=settings,
                    options=options,
                    workers=workers,
                    total=arguments.total,
                    write=arguments.write,
                    journal=self._journal,
                    view=view,
                    show=self._show,
                    finished=self._finished,
                )
                return self._annotation

            async def run(annotation: Annotation) -> int:
                await annotation.run()
                return DONE

            status = with_engine(create, run)
        return status or self._status()

    @property
    def all_tried(self) -> bool:
        """Whether no site is left for another run to go on with."""
        works = (work for file in self._files for work in file.sites)
        return all(work.record and work.record.status != "not tried" for work in works)

    def _status(self) -> int:
        errors = self._annotation.errors if self._annotation is not None else []
        if errors:
            say(f"dsp-lsp: {error_text(errors[0])}")
            return BAD_ENVIRONMENT
        if self._unread:
            return BAD_INPUT
        left = any(
            find_sites(file.text if file.written else file.source.text) for file in self._files
        )
        return SORRY_LEFT if left and self._arguments.fail_on_sorry else DONE

    # -- what is said ----------------------------------------------------------------------------

    def _show(self, file: FileWork, record: SiteRecord) -> None:
        place = f"{file.source.name}:{record.line}:{record.column}: {record.declaration}"
        self._print(f"{place}: {outcome(record)}")

    def _finished(self, file: FileWork) -> None:
        proved = sum(1 for work in file.sites if work.record and work.record.status == "proved")
        if self._arguments.diff and proved:
            sys.stdout.write(unified_diff(file.source.name, file.source.text, file.text))
            sys.stdout.flush()
        if file.sites:
            done = "proved and written" if file.written else "proved"
            what = file.error or f"{proved} of {counted(len(file.sites), 'site')} {done}"
            self._print(f"{file.source.name}: {what}")

    def say_totals(self, report: Report) -> None:
        """The last line."""
        totals = report.totals
        text = (
            f"{counted(totals.sites, 'site')} in {counted(totals.files, 'file')}: "
            f"{totals.proved} proved, {totals.not_proved} not proved"
        )
        if totals.errors:
            text += f", {totals.errors} that cannot be searched"
        if totals.not_tried:
            text += f", {totals.not_tried} not tried"
        self._print(f"{text}; {duration(report.seconds)}")

    def _print(self, text: str) -> None:
        # A diff is for a program that takes nothing else.
        (say if self._arguments.diff else show)(text)

    def report(self, options: SearchOptions, workers: int, *, complete: bool) -> Report:
        """The run so far."""
        checkers = (w.record.checker for f in self._files for w in f.sites if w.record)
        return Report(
            files=[*self._unread, *(f.record for f in self._files if f.sites or f.earlier)],
            seconds=time.monotonic() - self._started,
            budget=options.budget,
            workers=workers,
            version=__version__,
            generator=self._annotation.generator if self._annotation is not None else "",
            lean=next(filter(None, checkers), ""),
            complete=complete,
        )
