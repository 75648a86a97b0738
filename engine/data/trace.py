"""``dsp-engine trace``: goal–tactic pairs from a compiled Lean 3 project."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - the settings' fields are looked up
from typing import TYPE_CHECKING, Any, Literal

from engine.data.ground import find_project, lean_command, side_by_side
from engine.data.records import read_lines, read_pairs, write_lines, write_pairs
from engine.data.sources import Compiled, sources_below
from engine.data.tracing import trace_file
from engine.manifest import file_hash, write_manifest
from engine.options import add_options, chosen_settings, setting
from engine.protocol import EngineError, ErrorKind
from engine.settings import to_mapping

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from engine.data.records import TacticPair
    from engine.lean.process import LeanCommand
    from engine.lean.session import Workplace

__all__ = ["TraceReport", "TraceSettings", "add_parser", "trace_project"]

PAIRS = "pairs.jsonl.zst"
"""The name of the file with all pairs, in the folder of a trace."""


@dataclass(frozen=True)
class TraceSettings:
    """The settings of a trace."""

    project: Path = setting(help="a folder in the Lean project", metavar="FOLDER")
    out: Path = setting(help="where the pairs go, not inside the project", metavar="FOLDER")
    include: tuple[str, ...] = setting(
        (), help="paths below the project's source folder, * for anything", metavar="PATH"
    )
    exclude: tuple[str, ...] = setting((), help="the same, of files to leave out", metavar="PATH")
    workers: int = setting(os.cpu_count() or 1, help="files that are traced at a time", metavar="N")
    threads: int = setting(1, help="threads of each Lean", metavar="N")
    memory_mb: int = setting(6144, help="memory that each Lean may use, in megabytes", metavar="MB")
    timeout: float = setting(1800.0, help="for one file", metavar="SECONDS")
    most_mb: int = setting(
        4096, help="length of Lean's account of a file that is read at most", metavar="MB"
    )
    retry: bool = setting(default=False, help="trace again the files that failed before")
    lean: str | None = setting(None, help="the `lean` to use", metavar="PROGRAM")
    sandbox: Literal["auto", "required", "off"] = setting("auto", help="around each Lean")


@dataclass(frozen=True)
class TraceReport:
    """What a trace has, all runs together. ``failed`` and ``waiting`` map a file to the reason why
    there is nothing of it; the latter's imports are not compiled.
    """

    files: int
    pairs: int
    failed: dict[str, str]
    waiting: dict[str, str]


def add_parser(commands: Any) -> None:
    """Adds the command to those of ``dsp-engine``."""
    parser = commands.add_parser(
        "trace",
        help="goal–tactic pairs from a compiled Lean 3 project",
        description="Runs the project's own Lean over its files and writes down which tactic led "
        "from which tactic state to which. A file whose imports are not compiled waits; one that "
        "fails is listed and skipped. Killed and started again, it goes on where it was.",
    )
    add_options(parser, TraceSettings)
    parser.set_defaults(run=_command)


def _command(arguments: argparse.Namespace) -> int:
    report = asyncio.run(trace_project(chosen_settings(arguments, TraceSettings), shows=True))
    sys.stdout.write(f"{report.pairs} pairs of {report.files} files\n")
    for title, found in (("failed", report.failed), ("not compiled", report.waiting)):
        if found:
            sys.stdout.write(f"{len(found)} {title}, the first: {next(iter(found.values()))}\n")
    return 0


async def trace_project(settings: TraceSettings, *, shows: bool = False) -> TraceReport:
    """Traces what is not traced yet, and puts all pairs together.

    ``shows`` draws a progress bar on standard error. Raises :class:`EngineError` where there is no
    project or no Lean.
    """
    positive = ("workers", "threads", "memory_mb", "timeout", "most_mb")
    place, source = await find_project(settings, positive)
    command = await lean_command(settings, place, shows=shows)
    run = _Run(settings, command, source, settings.out.resolve(), place)
    await run.all_files(shows=shows)
    return await asyncio.to_thread(run.put_together)


class _Run:
    def __init__(
        self,
        settings: TraceSettings,
        command: LeanCommand,
        source: Path,
        out: Path,
        place: Workplace,
    ) -> None:
        self._settings = settings
        self._command = command
        self._source = source
        self._parts = out / "parts"
        self._out = out
        self._version = place.toolchain.version_text
        self._compiled = Compiled(place.search_path, self._version)
        self._waiting: dict[str, str] = {}

    async def all_files(self, *, shows: bool) -> None:
        from rich.console import Console
        from rich.progress import Progress

        settings = self._settings
        files = await asyncio.to_thread(
            lambda: list(sources_below(self._source, settings.include, settings.exclude))
        )
        if not files:
            raise EngineError(
                f"There is no Lean file to trace below {self._source}.",
                remedy="Check `--project`, `--include` and `--exclude`.",
            )
        todo = iter(files)
        console = Console(stderr=True, quiet=not shows)
        with (
            ThreadPoolExecutor(settings.workers) as threads,
            Progress(console=console, disable=not shows) as bar,
        ):
            task = bar.add_task("tracing", total=len(files))

            async def work() -> None:
                for file in todo:
                    said = await self._file(file, threads)
                    if said:
                        console.print(said, markup=False, highlight=False)
                    bar.advance(task)

            await side_by_side(work, settings.workers)

    async def _file(self, file: Path, threads: ThreadPoolExecutor) -> str:
        """Traces a file unless that was done; returns what a person should be told."""
        name = file.relative_to(self._source).as_posix()
        try:
            known_as = {"source": await asyncio.to_thread(file_hash, file), "lean": self._version}
        except OSError as error:
            self._waiting[name] = f"{file} cannot be read: {error.strerror}."
            return ""
        before = self._note(name)
        if before is not None and all(before.get(key) == known_as[key] for key in known_as):
            again = before.get("failed") and self._settings.retry
            if not again:
                return ""
        why = await asyncio.to_thread(self._compiled.why_not, file)
        if why is not None:
            self._waiting[name] = why
            return ""
        started = time.monotonic()
        note: dict[str, Any] = dict(known_as)
        try:
            traced = await trace_file(
                self._command,
                file,
                name,
                timeout=self._settings.timeout,
                most=self._settings.most_mb << 20,
                threads=threads,
            )
        except EngineError as error:
            if error.kind is ErrorKind.ENVIRONMENT:
                raise
            note["failed"] = error.message
        else:
            note["pairs"] = await asyncio.to_thread(
                write_pairs, self._part(name, ".jsonl.zst"), traced.pairs
            )
            note["characters"] = traced.size
            if traced.error:
                note["error"] = traced.error
            if traced.unanswered:
                note["names not answered"] = traced.unanswered
        note["seconds"] = round(time.monotonic() - started, 1)
        # Last, and whole: what is noted was done.
        await asyncio.to_thread(write_lines, self._part(name, ".json"), [note])
        return f"{name}: {note['failed']}" if "failed" in note else ""

    def _part(self, name: str, suffix: str) -> Path:
        return self._parts / f"{name.removesuffix('.lean')}{suffix}"

    def _note(self, name: str) -> dict[str, Any] | None:
        path = self._part(name, ".json")
        with suppress(EngineError, ValueError):
            return next(read_lines(path), None)
        return None

    def put_together(self) -> TraceReport:
        """Writes the pairs of all files that were ever traced into one file, and its manifest."""
        notes: dict[str, dict[str, Any]] = {}
        for path in sorted(self._parts.rglob("*.json")):
            name = path.relative_to(self._parts).with_suffix(".lean").as_posix()
            note = self._note(name)
            if note is not None:
                notes[name] = note
        good = sorted(name for name, note in notes.items() if "failed" not in note)
        failed = {name: note["failed"] for name, note in notes.items() if "failed" in note}
        target = self._out / PAIRS
        theorems: set[str] = set()
        outcomes = Counter[bool]()

        def counted() -> Iterator[TacticPair]:
            for name in good:
                for pair in read_pairs(self._part(name, ".jsonl.zst")):
                    theorems.add(pair.theorem)
                    outcomes[pair.success] += 1
                    yield pair

        total = write_pairs(target, counted())
        sources = json.dumps([[name, notes[name]["source"]] for name in good])
        write_manifest(
            target,
            command="trace",
            settings=to_mapping(self._settings),
            counts={
                "files": len(good),
                "theorems": len(theorems),
                "pairs": total,
                "failed tactics": outcomes[False],
                "files with errors": sum("error" in notes[name] for name in good),
                "files whose names are not all found": sum(
                    "names not answered" in notes[name] for name in good
                ),
                "seconds of Lean": round(sum(note["seconds"] for note in notes.values())),
            },
            lean=self._version,
            sources=hashlib.sha256(sources.encode()).hexdigest(),
            failed=failed,
            waiting=self._waiting,
        )
        return TraceReport(len(good), total, failed, self._waiting)
