"""Proving in files of a test: projects, holes, documents and what plain `lean` says of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lean import Document, ProcessSession
from engine.lean.pool import Limits
from engine.protocol import ProgressReport, ProveParams, ProveResult, SearchOptions, Settings
from engine.prove import Prover, create
from engine.source import analyse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from engine.lean import LeanHole
    from engine.values import Outcome

MATHLIB_VARIABLE = "DSP_LSP_MATHLIB"
LEAN_SECONDS = 280
"""A guard against hanging, not an expectation."""


def make_project(folder: Path, libraries: Iterable[Path]) -> Path:
    """A configured Lean 3 project with its modules in ``src``."""
    (folder / "src").mkdir(parents=True)
    (folder / "leanpkg.toml").write_text(
        '[package]\nname = "made_by_a_test"\nversion = "0.1"\n'
        'lean_version = "leanprover-community/lean:3.51.1"\npath = "src"\n'
    )
    paths = [*libraries, "src"]
    (folder / "leanpkg.path").write_text(
        "".join(["builtin_path\n", *(f"path {path}\n" for path in paths)])
    )
    return folder


@dataclass(frozen=True)
class LeanMessage:
    severity: str
    line: int
    column: int
    text: str


def plain_lean(text: str, file: Path) -> list[LeanMessage]:
    """What Lean itself, started in the file's folder, says of ``text`` in ``file``."""
    lean = shutil.which("lean")
    assert lean is not None
    file.write_text(text, encoding="utf-8")
    run = subprocess.run(
        [lean, "--json", str(file)],
        cwd=file.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=LEAN_SECONDS,
        check=False,
        env={key: value for key, value in os.environ.items() if key != "LEAN_PATH"},
    )
    assert run.returncode in (0, 1), run.stderr
    records = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return [LeanMessage(r["severity"], r["pos_line"], r["pos_col"], r["text"]) for r in records]


def offset_of(text: str, marker: int | str = 0) -> int:
    """The start of a site: the ``marker``th, or the first at or behind a piece of the text."""
    sites = analyse(text).sites
    if isinstance(marker, int):
        return sites[marker].span.start
    place = text.index(marker)
    return next(site.span.start for site in sites if site.span.start >= place)


def settings(threads: int = 2, *, warm: bool = True) -> Settings:
    return Settings(threads=threads, warm=warm)


@asynccontextmanager
async def prover(threads: int = 2, *, warm: bool = True) -> AsyncIterator[Prover]:
    made = create(settings(threads, warm=warm))
    try:
        yield made
    finally:
        await made.close()


async def prove(
    service: Prover,
    text: str,
    path: Path | None,
    site: int | str = 0,
    *,
    job: str = "job",
    reports: list[ProgressReport] | None = None,
    **options: object,
) -> ProveResult:
    """Runs a search with a budget that no machine should need."""
    chosen = SearchOptions(**{"budget": 90.0, **options})  # type: ignore[arg-type]
    params = ProveParams(
        job=job,
        text=text,
        site=offset_of(text, site),
        path=str(path) if path is not None else None,
        options=chosen,
    )
    collected = reports if reports is not None else []
    return await service.prove(params, collected.append)


def spliced(text: str, result: ProveResult) -> str:
    return text[: result.start] + result.replacement + text[result.end :]


@asynccontextmanager
async def session(
    threads: int = 2, lean: str | None = None, *, warm: bool = True
) -> AsyncIterator[ProcessSession]:
    made = ProcessSession(
        lean=lean, threads=threads, memory_mb=6144, warm=Limits() if warm else None
    )
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def opened(
    text: str, path: Path, site: int | str = 0, *, threads: int = 2, warm: bool = True
) -> AsyncIterator[LeanHole]:
    """The hole at a site of ``text``."""
    async with session(threads, warm=warm) as made:
        start = offset_of(text, site)
        place = next(s for s in analyse(text).sites if s.span.start == start)
        yield await made.open(Document(text, path), place)


async def outcomes(
    hole: LeanHole, tactics: list[str], state: int = 0, timeout: float = 30.0
) -> list[Outcome]:
    """What became of each tactic, in the order given."""
    found: dict[int, Outcome] = {}
    async for result in hole.apply(state, tactics, timeout=timeout):
        assert result.index not in found
        assert result.tactic == tactics[result.index]
        found[result.index] = result.outcome
    assert sorted(found) == list(range(len(tactics)))
    return [found[index] for index in range(len(tactics))]


async def outcome(hole: LeanHole, tactic: str, state: int = 0, timeout: float = 30.0) -> Outcome:
    return (await outcomes(hole, [tactic], state, timeout))[0]
