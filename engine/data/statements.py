"""``dsp-engine statements``: every theorem of a compiled project as a goal that its name closes.

What is trained on tactics alone knows only the names that occur in them. As in PACT's co-training
(arXiv 2102.06203), what a library states is training data too.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate
from pathlib import Path  # noqa: TC003 - the settings' fields are looked up
from typing import TYPE_CHECKING, Any, Literal

from engine.data.ground import find_project, lean_command, run_text, side_by_side
from engine.data.records import read_pairs, write_pairs
from engine.data.sources import Compiled, sources_below
from engine.data.statements_text import (
    MODULE,
    THE_END,
    Theorem,
    asking_for_statements,
    asking_for_theorems,
    causes,
    read_answers,
    read_theorems,
    stated,
)
from engine.lean.process import LeanCommand, worst
from engine.lean.runtime import runtime_folder
from engine.manifest import read_manifest, write_manifest
from engine.options import add_options, chosen_settings, setting
from engine.protocol import EngineError, ErrorKind
from engine.settings import to_mapping

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from engine.lean.messages import Message

__all__ = ["PAIRS", "StatementsSettings", "add_parser", "state_theorems"]

PAIRS = "statements.jsonl.zst"
"""The name of the file with all pairs, in the folder of the output."""

_BATCH = 2500
"""Theorems that one Lean states: its imports take seconds, and what it did is lost when it is
killed.
"""

_MODULE_NAME = re.compile(r"[^\W\d][\w']*(\.[^\W\d][\w']*)*")


@dataclass(frozen=True)
class StatementsSettings:
    """What ``dsp-engine statements`` works with."""

    project: Path = setting(help="a folder in the Lean project", metavar="FOLDER")
    out: Path = setting(help="where the pairs go, not inside the project", metavar="FOLDER")
    include: tuple[str, ...] = setting(
        (), help="paths below the project's source folder, * for anything", metavar="PATH"
    )
    exclude: tuple[str, ...] = setting((), help="the same, of files to leave out", metavar="PATH")
    steps: bool = setting(False, help="also the steps of each theorem's proof term")
    workers: int = setting(os.cpu_count() or 1, help="Leans that run at a time", metavar="N")
    threads: int = setting(1, help="threads of each Lean", metavar="N")
    memory_mb: int = setting(6144, help="memory that each Lean may use, in megabytes", metavar="MB")
    timeout: float = setting(3600.0, help="for one run of Lean", metavar="SECONDS")
    heartbeats: int = setting(
        10_000, help="longest work on one theorem, in Lean's thousands (about 3 s)", metavar="N"
    )
    lean: str | None = setting(None, help="the `lean` to use", metavar="PROGRAM")
    sandbox: Literal["auto", "required", "off"] = setting("auto", help="around each Lean")


def add_parser(commands: Any) -> None:
    """Adds the command to those of ``dsp-engine``."""
    parser = commands.add_parser(
        "statements",
        help="every theorem as a goal that its own name closes",
        description="Has Lean state each theorem of the project's compiled modules as a goal and "
        "close it by the theorem's name, and writes what succeeds as pairs. Nothing is written "
        "beside the sources. A second run goes on where the first was stopped.",
    )
    add_options(parser, StatementsSettings)
    parser.set_defaults(run=_command)


def _command(arguments: argparse.Namespace) -> int:
    counts = asyncio.run(state_theorems(chosen_settings(arguments, StatementsSettings), shows=True))
    files = f"{counts['files']} files" + (f", {n} to do" if (n := counts["files to do"]) else "")
    sys.stdout.write(f"{counts['pairs']} pairs of {files}\n")
    sys.stdout.writelines(f"{count} failed: {why}\n" for why, count in counts["failed"].items())
    return 0


@dataclass(frozen=True, slots=True)
class _File:
    """A compiled file of the project, by its path below the source folder; ``key`` changes with
    what its pairs depend on.
    """

    name: str
    module: str
    text: str
    part: Path
    key: str

    @property
    def is_done(self) -> bool:
        """Whether its pairs lie there."""
        return bool(read_manifest(self.part).get("key") == self.key)


async def state_theorems(settings: StatementsSettings, *, shows: bool = False) -> dict[str, Any]:
    """States the theorems of all files that are not done yet and returns the counts.

    Each file's pairs and the note on them lie below ``parts`` in the folder ``out``, all together
    in ``statements.jsonl.zst``. A file that is not compiled waits. ``shows`` draws a progress bar
    on standard error. Raises :class:`EngineError` where there is no project or no Lean, nothing
    compiled, or where the modules cannot be imported together.
    """
    positive = ("workers", "threads", "memory_mb", "timeout", "heartbeats")
    place, root = await find_project(settings, positive)
    compiled = Compiled(place.search_path, place.toolchain.version_text)
    files, waiting = await asyncio.to_thread(_files, settings, root, compiled)
    runtime = await runtime_folder(place.toolchain, MODULE)
    command = await lean_command(settings, place, runtime, shows=shows)
    run = _Run(settings, command, files, waiting)
    try:
        await run.all_files(root, shows=shows)
    finally:
        counts = run.put_together()
    return counts


def _files(
    settings: StatementsSettings, root: Path, compiled: Compiled
) -> tuple[list[_File], dict[str, str]]:
    """The compiled files in order of their names; and the others, with the reason."""
    module = resources.files("engine.lean.runtime").joinpath(f"{MODULE}.lean").read_bytes()
    start = module + f"{settings.heartbeats} {settings.steps}".encode()
    files: list[_File] = []
    waiting: dict[str, str] = {}
    for source in sources_below(root, settings.include, settings.exclude):
        name = source.relative_to(root).as_posix()
        called = name.removesuffix(".lean").replace("/", ".")
        if not _MODULE_NAME.fullmatch(called):
            waiting[name] = f"{called} is no name of a module."
        elif (why := compiled.why_no_import(source)) is not None:
            waiting[name] = why
        else:
            text = source.read_bytes()
            key = hashlib.sha256(start + text).hexdigest()
            part = settings.out / "parts" / f"{name.removesuffix('.lean')}.jsonl.zst"
            files.append(_File(name, called, text.decode("utf-8"), part, key))
    if not files:
        raise EngineError(
            f"There is no compiled Lean file below {root}.",
            remedy="Compile the project, and check `--project`, `--include` and `--exclude`.",
        )
    return files, waiting


class _Run:
    def __init__(
        self,
        settings: StatementsSettings,
        command: LeanCommand,
        files: list[_File],
        waiting: dict[str, str],
    ) -> None:
        self._settings = settings
        self._command = command
        self._files = files
        self._waiting = waiting
        self._theorems: dict[str, list[Theorem]] = {}

    async def all_files(self, root: Path, *, shows: bool) -> None:
        from rich.console import Console
        from rich.progress import Progress

        todo = [file for file in self._files if not file.is_done]
        if not todo:
            return
        console = Console(stderr=True, quiet=not shows)
        with Progress(console=console, disable=not shows) as bar:
            task = bar.add_task("looking for theorems", total=None)
            self._theorems = await self._find_theorems(todo, root)
            total = sum(map(len, self._theorems.values()))
            bar.update(task, description="theorems", total=total)
            batches = self._batches(todo)

            async def work() -> None:
                while batches:
                    batch = batches.pop(0)
                    done = await self._state(batch)
                    if done < len(batch):
                        batches.insert(0, batch[done:])
                    bar.advance(task, sum(len(self._of(file)) for file in batch[:done]))

            await side_by_side(work, self._settings.workers)

    def _of(self, file: _File) -> list[Theorem]:
        return self._theorems.get(file.name, [])

    async def _find_theorems(self, files: list[_File], root: Path) -> dict[str, list[Theorem]]:
        found: defaultdict[str, list[Theorem]] = defaultdict(list)
        names = {str(root / file.name): file.name for file in files}
        modules = {file.module: str(root / file.name) for file in files}
        messages, ended = await self._lean(asking_for_theorems(modules))
        for message in messages:
            for path, theorems in read_theorems(message.text).items():
                found[names[path]] += theorems
        error = worst(messages)
        if error is not None or not ended.endswith("status 0"):
            why = f": {error.text[:300]}" if error is not None else ""
            raise EngineError(
                f"Lean {ended} where it was to import the modules together{why}",
                remedy="Name some of them with `--include`, or give Lean more `--memory-mb`.",
                kind=ErrorKind.ENVIRONMENT,
            )
        return dict(found)

    def _batches(self, files: Iterable[_File]) -> list[list[_File]]:
        batches: defaultdict[int, list[_File]] = defaultdict(list)
        files = list(files)
        before = accumulate((len(self._of(file)) for file in files), initial=0)
        for file, count in zip(files, before, strict=False):
            batches[count // _BATCH].append(file)
        return list(batches.values())

    async def _state(self, batch: list[_File]) -> int:
        """States the theorems of the first files of a batch and returns of how many: those up to
        the last of which Lean said something, where it died or was stopped.
        """
        started = time.monotonic()
        text = asking_for_statements(
            [(file.module, file.text, self._of(file)) for file in batch],
            heartbeats=self._settings.heartbeats,
            steps=self._settings.steps,
        )
        messages, ended = await self._lean(text)
        answers = read_answers(text, messages)
        done, why_not = len(batch), "not answered"
        if THE_END not in answers:
            heard = [any(one.name in answers for one in self._of(file)) for file in batch]
            done = 1 + max((number for number, there in enumerate(heard) if there), default=0)
            why_not = f"Lean {ended}"
        seconds = (time.monotonic() - started) / max(1, sum(len(self._of(f)) for f in batch[:done]))
        for file in batch[:done]:
            await asyncio.to_thread(
                self._write, file, answers, why_not, round(seconds * len(self._of(file)), 2)
            )
        return done

    def _write(
        self, file: _File, answers: dict[str, list[str]], why_not: str, seconds: float
    ) -> None:
        result = stated(file.name, self._of(file), answers, why_not)
        write_pairs(file.part, result.pairs)
        # Last, and whole: what is noted was done.
        write_manifest(
            file.part,
            command="statements",
            settings=to_mapping(self._settings),
            counts={"theorems": len(self._of(file)), "pairs": len(result.pairs)},
            key=file.key,
            failed=result.failed,
            seconds=seconds,
        )

    async def _lean(self, text: str) -> tuple[list[Message], str]:
        """What Lean said of a text, and how it ended."""
        return await run_text(self._command, text, self._settings.timeout)

    def put_together(self) -> dict[str, Any]:
        """Writes the pairs of all files that are done into one, and the note on it."""
        done = [file for file in self._files if file.is_done]
        notes = [read_manifest(file.part) for file in done]
        target = self._settings.out / PAIRS
        found = {
            "files": len(done),
            "files to do": len(self._files) - len(done),
            "theorems": sum(note["counts"]["theorems"] for note in notes),
            "pairs": write_pairs(target, (p for file in done for p in read_pairs(file.part))),
            "failed": causes(reason for note in notes for reason in note["failed"].values()),
            "seconds of Lean": round(sum(note["seconds"] for note in notes)),
        }
        write_manifest(
            target,
            command="statements",
            settings=to_mapping(self._settings),
            counts=found,
            waiting=self._waiting,
        )
        return found
