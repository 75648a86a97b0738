"""``dsp-engine evaluate``: searches all statements under all arms, and keeps a record of each."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.evaluation.records import RECORDS, RecordFile
from engine.evaluation.settings import EvaluationSettings, StatementList, arms
from engine.evaluation.statements import choose, read_statements, write_statements
from engine.evaluation.summary import summary
from engine.lean.session import find_workplace
from engine.manifest import write_manifest
from engine.options import add_options, chosen_settings
from engine.protocol import EngineError, ErrorKind
from engine.settings import read_settings, to_mapping, write_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from engine.evaluation.dojo.searching import DojoSearcher
    from engine.evaluation.records import Record
    from engine.evaluation.searching import Searcher
    from engine.evaluation.settings import Arm
    from engine.evaluation.statements import Statement
    from engine.lean.session import Workplace

__all__ = ["add_parser", "evaluate"]

SETTINGS = "settings.toml"
_ERRORS_IN_A_ROW = 5
"""After so many statements that Lean or the generator failed at, the machine needs somebody."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to those of ``dsp-engine``."""
    parser = commands.add_parser(
        "evaluate",
        help="prove lists of statements and record how it went",
        description="Searches each statement once under each arm: sampling × generator × "
        "repertoire × budget × seed. A record a search is appended to records.jsonl in the "
        "folder of --out. The same command, or --out alone, goes on where a run ended, whatever "
        "ended it. Generators and lists chosen from a library are given in the file of --config.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="statements: .jsonl, .lean, or a folder"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the records go"
    )
    parser.add_argument(
        "--at-most",
        type=float,
        metavar="MINUTES",
        help="begin no search after so many minutes; go on another time",
    )
    parser.add_argument(
        "--score",
        action="store_true",
        help="print Pass@1 over all lists and arms, from 0 to 1, as the last line",
    )
    add_options(parser, EvaluationSettings)


def _run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.out
    given = any(name.startswith("setting_") for name in vars(arguments))
    if not given and arguments.config is None and not arguments.files:
        if not (folder / SETTINGS).is_file():
            raise EngineError(
                f"{folder} holds no evaluation that could go on.",
                remedy="Name statements, or settings with --config.",
            )
        settings = read_settings(EvaluationSettings, folder / SETTINGS)
    else:
        settings = chosen_settings(arguments, EvaluationSettings)
        settings = replace(settings, lists=(*settings.lists, *map(_list_of, arguments.files)))
    if arguments.at_most is not None and not arguments.at_most > 0:
        raise EngineError(f"--at-most needs more than 0 minutes, not {arguments.at_most:g}.")

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    seconds = None if arguments.at_most is None else 60 * arguments.at_most
    records, left = asyncio.run(evaluate(settings, folder, say, seconds=seconds))
    sys.stdout.write(summary(records))
    if left:
        sys.stdout.write(f"\n{left} searches are left: `dsp-engine evaluate --out {folder}`\n")
    if arguments.score:
        searched = sum(record.searched for record in records)
        proved = sum(record.proved for record in records)
        sys.stdout.write(f"{proved / searched if searched else 0.0:.6f}\n")
    return 0


def _list_of(file: Path) -> StatementList:
    kind = "jsonl" if ".jsonl" in file.suffixes else "lean"
    return StatementList(name=file.name.split(".")[0], kind=kind, path=file)  # type: ignore[arg-type]


async def evaluate(
    settings: EvaluationSettings,
    folder: Path,
    say: Callable[[str], None],
    *,
    seconds: float | None = None,
) -> tuple[list[Record], int]:
    """Does what is not yet recorded in ``folder``; returns all records and how many are left.

    After ``seconds`` no search begins. ``say`` gets a line for people for each search. Raises
    :class:`EngineError` for settings that make no sense, or are not those that ``folder`` was
    begun with, and when one search after the other fails for the machine's sake.
    """
    wanted = arms(settings)
    workplace = await _workplace(settings)
    file = await asyncio.to_thread(RecordFile, folder)
    try:
        statements = await asyncio.to_thread(_begun, settings, folder, workplace)
        jobs = _jobs(statements, wanted)
        searcher = _searcher(settings, folder)
        try:
            work = _Work(searcher, file, jobs, say, seconds)
            await work.run()
        finally:
            await searcher.close()
        records = _in_order(file.records.values(), statements, wanted)
    finally:
        file.close()
    left = len(statements) * len(wanted) - sum(record.status != "error" for record in records)
    _note(settings, folder, records, workplace)
    return records, left


def _searcher(settings: EvaluationSettings, folder: Path) -> Searcher | DojoSearcher:
    fits = {one.kind == "leandojo" for one in settings.lists} <= {settings.backend == "leandojo"}
    if not fits:
        raise EngineError("Lists of the kind leandojo and the backend leandojo go together.")
    if settings.backend == "leandojo":
        from engine.evaluation.dojo.searching import DojoSearcher

        return DojoSearcher(settings, folder)
    from engine.evaluation.searching import Searcher

    return Searcher(settings, folder)


async def _workplace(settings: EvaluationSettings) -> Workplace | None:
    if settings.lean == "embedded" or settings.backend == "leandojo":
        return None
    folder = settings.project or next((one.path for one in settings.lists), Path.cwd())
    folder = folder.resolve()
    return await find_workplace(folder if folder.is_dir() else folder.parent, settings.lean)


def _begun(
    settings: EvaluationSettings, folder: Path, workplace: Workplace | None
) -> list[Statement]:
    """The statements, chosen now or when the evaluation was begun."""
    place = folder / SETTINGS
    statements = read_statements(folder)
    if statements is not None and place.is_file():
        before, now = to_mapping(read_settings(EvaluationSettings, place)), to_mapping(settings)
        changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if changed:
            raise EngineError(
                f"{folder} was begun with other settings: {', '.join(sorted(changed))}.",
                remedy="Go on with `--out` alone, or take another folder.",
            )
        return statements
    statements = choose(settings, workplace)
    write_settings(settings, place)
    write_statements(folder, statements)
    return statements


def _jobs(statements: Iterable[Statement], wanted: list[Arm]) -> list[tuple[Statement, Arm]]:
    """Statement by statement, so that pairs are complete; each begins with another arm, so that
    none always meets the Lean that another one has warmed.
    """
    jobs = []
    for number, statement in enumerate(statements):
        first = number % len(wanted)
        jobs += [(statement, arm) for arm in (*wanted[first:], *wanted[:first])]
    return jobs


def _in_order(
    records: Iterable[Record], statements: list[Statement], wanted: list[Arm]
) -> list[Record]:
    by_key = {record.key: record for record in records}
    keys = [(one.list, one.name, arm.name) for one in statements for arm in wanted]
    return [by_key[key] for key in keys if key in by_key]


class _Work:
    """The searches that are left, several at a time."""

    def __init__(
        self,
        searcher: Searcher | DojoSearcher,
        file: RecordFile,
        jobs: list[tuple[Statement, Arm]],
        say: Callable[[str], None],
        seconds: float | None,
    ) -> None:
        self._searcher = searcher
        self._file = file
        self._say = say
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._total = len(jobs)
        self._todo = iter(
            [
                (statement, arm)
                for statement, arm in jobs
                if (found := file.records.get((statement.list, statement.name, arm.name))) is None
                or found.status == "error"
            ]
        )
        self._spoiled: set[tuple[str, str]] = set()
        self._unusable = {
            (record.list, record.statement): record
            for record in file.records.values()
            if record.status == "not elaborated"
        }

    async def run(self) -> None:
        """Works until nothing is left, or no time is."""
        workers = [asyncio.create_task(self._worker()) for _ in range(self._searcher.at_once)]
        try:
            for done in asyncio.as_completed(workers):
                await done
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _worker(self) -> None:
        for statement, arm in self._todo:
            if self._deadline is not None and time.monotonic() >= self._deadline:
                return
            key = statement.list, statement.name
            known = self._unusable.get(key)
            if known is not None:
                record = replace(known, arm=arm, wall=0.0)
            else:
                record = await self._searcher.search(statement, arm)
            if record.status == "not elaborated":
                self._unusable[key] = record
            self._file.append(record)
            self._tell(record)
            if record.status == "error":
                self._spoiled.add(key)
            elif known is None:
                self._spoiled.clear()
            if len(self._spoiled) >= _ERRORS_IN_A_ROW:
                raise EngineError(
                    f"{len(self._spoiled)} statements in a row could not be searched, the last "
                    f"one because: {record.message}",
                    remedy="Mend that, then run the same command again to go on.",
                    kind=ErrorKind.ENVIRONMENT,
                )

    def _tell(self, record: Record) -> None:
        done = sum(one.status != "error" for one in self._file.records.values())
        what = f"proved in {record.elapsed:.1f} s" if record.proved else record.status
        why = f" ({record.message or record.stop_reason})" if not record.proved else ""
        self._say(
            f"[{done}/{self._total}] {record.list} {record.statement} · {record.arm.name}: "
            f"{what}{why.splitlines()[0] if why else ''}"
        )


def _note(
    settings: EvaluationSettings,
    folder: Path,
    records: list[Record],
    workplace: Workplace | None,
) -> None:
    counts: dict[str, dict[str, int]] = {}
    for record in records:
        of_arm = counts.setdefault(record.arm.name, {})
        of_arm[record.status] = of_arm.get(record.status, 0) + 1
    # Of the records, as an evaluation may go on elsewhere.
    devices: dict[str, list[str]] = {}
    for generator, device in sorted({(one.arm.generator, one.device) for one in records}):
        if device:
            devices.setdefault(generator, []).append(device)
    named = (path for one in settings.lists for path in (one.path, one.names, one.unseen_by))
    files = [path for path in named if path is not None and path.is_file()]
    models = [Path(one.model) for one in settings.generators if one.model is not None]
    write_manifest(
        folder,
        command="evaluate",
        settings=to_mapping(settings),
        inputs=[*dict.fromkeys(files), *(path for path in models if path.exists())],
        counts=counts,
        lean=workplace.toolchain.version_text if workplace is not None else settings.lean,
        processor=_processor(),
        devices=devices,
        records=RECORDS,
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "")
