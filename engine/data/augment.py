"""``dsp-engine augment``: the paper's data augmentation (sections 3.2, 3.3, A.1, Table 3).

From each traced tactic with a list of premises, tactics with one premise are made, and Lean runs
them where the tactic stands: one compilation of a copy of each file, in a scratch folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from importlib import resources
from pathlib import Path  # noqa: TC003 - the settings' fields are looked up
from typing import TYPE_CHECKING, Any, Literal

from engine.data.augment_copy import MODULE, Harvest, find_places, instrumented, read_answer
from engine.data.augment_text import FAMILIES, decompose
from engine.data.ground import find_project, lean_command, run_text, side_by_side
from engine.data.records import read_pairs, write_pairs
from engine.data.sources import Compiled, sources_below
from engine.lean.modules import with_absolute_imports
from engine.lean.process import LeanCommand, worst
from engine.lean.runtime import runtime_folder
from engine.manifest import read_manifest, write_manifest
from engine.options import setting
from engine.protocol import EngineError
from engine.settings import to_mapping
from engine.source import analyse

if TYPE_CHECKING:
    from engine.data.records import TacticPair

__all__ = ["AugmentSettings", "augment"]

PAIRS = "augmented.jsonl.zst"
"""The name of the file with all new pairs, in the folder of an augmentation."""

_MERGE_SECONDS = 600.0
"""How long the merged file may be older than what it is made of, while files are still to come."""

_IMPORTS_WEIGH = 15_000
"""The size of a file, in bytes, that takes Lean about as long as its imports do."""


@dataclass(frozen=True)
class AugmentSettings:
    """What ``dsp-engine augment`` works with."""

    project: Path = setting(help="a folder in the Lean project", metavar="FOLDER")
    pairs: Path = setting(help="what `trace` wrote of its files", metavar="FILE")
    out: Path = setting(help="where the new pairs go, not inside the project", metavar="FOLDER")
    include: tuple[str, ...] = setting(
        (), help="paths below the project's source folder, * for anything", metavar="PATH"
    )
    exclude: tuple[str, ...] = setting((), help="the same, of files to leave out", metavar="PATH")
    workers: int = setting(
        os.cpu_count() or 1, help="files that are compiled at a time", metavar="N"
    )
    threads: int = setting(1, help="threads of each Lean", metavar="N")
    memory_mb: int = setting(6144, help="memory that each Lean may use, in megabytes", metavar="MB")
    timeout: float = setting(3600.0, help="for one file", metavar="SECONDS")
    heartbeats: int = setting(
        10_000, help="longest work of one tactic, in Lean's thousands (about 3 s)", metavar="N"
    )
    lean: str | None = setting(None, help="the `lean` to use", metavar="PROGRAM")
    sandbox: Literal["auto", "required", "off"] = setting("auto", help="around each Lean")


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the project, by its path below the source folder, and what was traced in it.

    ``key`` changes with everything that its new pairs depend on.
    """

    name: str
    source: Path
    part: Path
    pairs: list[TacticPair]
    candidates: int
    key: str

    @property
    def is_done(self) -> bool:
        """Whether its new pairs lie there."""
        return bool(read_manifest(self.part).get("key") == self.key)


async def augment(settings: AugmentSettings, *, shows: bool = False) -> dict[str, Any]:
    """Makes the new pairs of all files that are not done yet and returns the counts.

    Each file's pairs and the note on them lie below ``parts`` in the folder ``out``, all together
    in ``augmented.jsonl.zst``. A file whose imports are not compiled waits. ``shows`` draws a
    progress bar on standard error. Raises :class:`EngineError` where there is no project or no
    Lean.
    """
    positive = ("workers", "threads", "memory_mb", "timeout", "heartbeats")
    place, root = await find_project(settings, positive)
    files = await asyncio.to_thread(_files, settings, root)
    runtime = await runtime_folder(place.toolchain, MODULE)
    command = await lean_command(settings, place, runtime, shows=shows)
    compiled = Compiled(place.search_path, place.toolchain.version_text)
    return await _Run(settings, command, files, compiled).all_files(shows=shows)


def _files(settings: AugmentSettings, root: Path) -> list[_File]:
    """The files with something to do, those with most in least text first: a run that is cut off
    has then the most pairs.
    """
    by_file: defaultdict[str, list[TacticPair]] = defaultdict(list)
    for pair in read_pairs(settings.pairs):
        if not pair.family and pair.success:
            by_file[pair.file].append(pair)
    module = resources.files("engine.lean.runtime").joinpath(f"{MODULE}.lean").read_bytes()
    found: list[tuple[float, _File]] = []
    for source in sources_below(root, settings.include, settings.exclude):
        name = source.relative_to(root).as_posix()
        pairs = by_file.pop(name, [])
        tactics = [pair for pair in pairs if decompose(pair.tactic) is not None]
        if not tactics:
            continue
        text = source.read_bytes()
        made_from = [settings.heartbeats, [(p.line, p.column, p.state, p.tactic) for p in tactics]]
        digest = hashlib.sha256(module + text + json.dumps(made_from).encode())
        part = settings.out / "parts" / f"{name.removesuffix('.lean')}.jsonl.zst"
        file = _File(name, source, part, pairs, len(tactics), digest.hexdigest())
        found.append((len(tactics) / (len(text) + _IMPORTS_WEIGH), file))
    if not found:
        raise EngineError(
            f"{settings.pairs} has no tactic with several premises in a file below {root}.",
            remedy="Check `--project` and `--pairs`, and `--include` and `--exclude`.",
        )
    found.sort(key=lambda item: -item[0])
    return [file for _, file in found]


class _Run:
    def __init__(
        self,
        settings: AugmentSettings,
        command: LeanCommand,
        files: list[_File],
        compiled: Compiled,
    ) -> None:
        self._settings = settings
        self._command = command
        self._files = files
        self._compiled = compiled
        self._waiting: dict[str, str] = {}

    async def all_files(self, *, shows: bool) -> dict[str, Any]:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True, quiet=not shows)
        todo = [file for file in self._files if not file.is_done]
        waiting = iter(todo)
        merged = time.monotonic()
        with Progress(console=console, disable=not shows) as bar:
            task = bar.add_task("augmenting", total=sum(file.candidates for file in self._files))
            bar.advance(
                task, sum(f.candidates for f in self._files) - sum(f.candidates for f in todo)
            )

            async def work() -> None:
                nonlocal merged
                for file in waiting:
                    await self._file(file)
                    bar.advance(task, file.candidates)
                    if time.monotonic() - merged > _MERGE_SECONDS:
                        merged = time.monotonic()
                        self._put_together()  # not in a thread, which would outlive Ctrl-C

            try:
                await side_by_side(work, self._settings.workers)
            finally:
                counts = self._put_together()
        return counts

    async def _file(self, file: _File) -> None:
        why = await asyncio.to_thread(self._compiled.why_not, file.source)
        if why is not None:
            self._waiting[file.name] = why
            return
        text = (await asyncio.to_thread(file.source.read_bytes)).decode("utf-8")
        places, lost = await asyncio.to_thread(find_places, text, file.pairs)
        harvest = Harvest(places, file.pairs)
        started = time.monotonic()
        ended, error = "had nothing to run", ""
        if places:
            copy = instrumented(text, places, heartbeats=self._settings.heartbeats)
            search_path = self._command.search_path
            copy = with_absolute_imports(copy, analyse(copy), file.source, search_path)
            ended, error = await self._lean(copy, harvest)
        counts = harvest.close(lost)
        await asyncio.to_thread(write_pairs, file.part, harvest.pairs)
        # Last, and whole: what is noted was done.
        await asyncio.to_thread(
            write_manifest,
            file.part,
            command="augment",
            settings=to_mapping(self._settings),
            inputs=[file.source],
            counts=counts,
            key=file.key,
            ended=ended,
            error=error,
            seconds=round(time.monotonic() - started, 1),
        )

    async def _lean(self, copy: str, harvest: Harvest) -> tuple[str, str]:
        """Has Lean compile ``copy``; how it ended, and the first error that it found."""
        messages, ended = await run_text(self._command, copy, self._settings.timeout)
        for message in messages:
            answer = read_answer(message.text)
            if answer is not None:
                harvest.take(answer)
        error = worst(messages)
        return ended, f"{error.line}:{error.column}: {error.text}" if error is not None else ""

    def _put_together(self) -> dict[str, Any]:
        """Writes the pairs of all files that are done into one, and the note on it."""
        done = sorted((file for file in self._files if file.is_done), key=lambda file: file.name)
        families: defaultdict[str, Counter[str]] = defaultdict(Counter)
        unfinished: dict[str, str] = {}
        seconds = 0.0
        for file in done:
            note = read_manifest(file.part)
            for family, numbers in note["counts"].items():
                families[family].update(numbers)
            seconds += note["seconds"]
            if note["ended"] != "ended with status 0":
                unfinished[file.name] = f"Lean {note['ended']}: {note['error']}"
        target = self._settings.out / PAIRS
        pairs = write_pairs(target, (pair for file in done for pair in read_pairs(file.part)))
        counts = {
            "pairs": pairs,
            "files": len(done),
            "files to do": len(self._files) - len(done),
            "seconds of Lean": round(seconds),
            "families": {name: dict(families[name]) for name in FAMILIES if name in families},
        }
        write_manifest(
            target,
            command="augment",
            settings=to_mapping(self._settings),
            inputs=[self._settings.pairs],
            counts=counts,
            unfinished=unfinished,
            waiting=self._waiting,
        )
        return counts
