"""What stands between a folder and a Lean that works there, looked at piece by piece."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cache import cache_folder
from engine.lean.modules import absolute_module, imports_of, module_source
from engine.lean.oleans import why_stale
from engine.lean.project import Project, find_project
from engine.lean.runtime import runtime_folder
from engine.lean.sandbox import find_sandbox
from engine.lean.session import Workplace, find_workplace
from engine.lean.toolchain import locate
from engine.protocol import Check, EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.protocol import SandboxMode

_READING_SECONDS = 30.0
"""How long modules are compared with their sources; mathlib as a whole would take longer."""

_SHOWN = 3
_BUILD = "Run `leanproject build` in the project, or `lean --make` on the source."


def _problem(name: str, error: EngineError) -> Check:
    return Check(name=name, status="problem", message=error.message, remedy=error.remedy)


async def diagnose(folder: Path, lean: str | None, sandbox: SandboxMode) -> list[Check]:
    """The checks of Lean, project, search path, compiled modules, mathlib, sandbox and caches."""
    checks: list[Check] = []
    project: Project | None = None
    try:
        project = find_project(folder)
    except EngineError as error:
        checks.append(_problem("project", error))
    else:
        checks.append(_project(folder, project))
    workplace: Workplace | None = None
    not_there = _wanted_toolchain(project, lean)
    if not_there is not None:
        checks.insert(0, not_there)
    elif checks[0].status == "problem":  # Lean is asked outside of the folder that it is not for
        checks.insert(0, await _lean_alone(lean))
    else:
        try:
            workplace = await find_workplace(folder, lean)
        except EngineError as error:
            checks.insert(0, _problem("Lean", error))
        else:
            checks.insert(0, _lean(workplace))
    if workplace is not None:
        checks += search_path_checks(workplace)
        checks += await asyncio.to_thread(_modules, workplace)
        checks.append(_mathlib(workplace))
        checks.append(await _sandbox(workplace, sandbox))
        checks.append(await _runtime(workplace))
    checks.append(_cache())
    return checks


# -- Lean and the project --------------------------------------------------------------------------


def _lean(workplace: Workplace) -> Check:
    toolchain, project = workplace.toolchain, workplace.project
    message = f"{toolchain.program}, version {toolchain.version_text}"
    wanted = project.lean_version if project is not None else None
    if wanted is not None and wanted.rpartition(":")[2].lstrip("v") != toolchain.version_text:
        return Check(
            name="Lean",
            status="warning",
            message=f"{message}; the project asks for {wanted}",
            remedy="Install elan, which chooses the version that a project asks for, or name "
            "another with `--lean`.",
        )
    return Check(name="Lean", status="ok", message=message)


async def _lean_alone(lean: str | None) -> Check:
    try:
        return _lean(await find_workplace(Path(Path.cwd().anchor), lean))
    except EngineError as error:
        return _problem("Lean", error)


def _wanted_toolchain(project: Project | None, lean: str | None) -> Check | None:
    """A problem where elan would download a toolchain as soon as `lean` is run."""
    try:
        program = locate(lean)
    except EngineError:
        return None
    if not (program.parent / "elan").is_file() or project is None or project.lean_version is None:
        return None
    home = Path(os.environ.get("ELAN_HOME") or Path.home() / ".elan")
    wanted = project.lean_version
    named = wanted.replace("/", "--").replace(":", "---")
    folders = [home / "toolchains" / name for name in (named, wanted)]
    if any(folder.exists() for folder in folders):
        return None
    return Check(
        name="Lean",
        status="problem",
        message=f"the project asks for {wanted}, which elan has not installed: running `lean` "
        "would download it",
        remedy=f"Run `elan toolchain install {wanted}`.",
    )


def _project(folder: Path, project: Project | None) -> Check:
    if project is None:
        return Check(name="project", status="ok", message=f"none: {folder} is in no Lean project")
    message = f"{project.name} in {project.root}"
    if not project.configured:
        return Check(
            name="project",
            status="problem",
            message=f"{message} has no leanpkg.path",
            remedy="Run `leanpkg configure` there: Lean does not find its dependencies yet.",
        )
    return Check(name="project", status="ok", message=message)


def search_path_checks(workplace: Workplace) -> Iterator[Check]:
    """Whether the folders exist in which Lean looks for modules."""
    missing = [
        entry
        for entry in workplace.search_path
        if not entry.is_dir() and not _other_library(entry).is_dir()
    ]
    if missing:
        yield Check(
            name="search path",
            status="problem",
            message=f"{', '.join(map(str, missing))} does not exist",
            remedy="Run `leanpkg configure` (or `leanproject get-mathlib-cache`), or mend "
            "leanpkg.path.",
        )
    else:
        yield Check(
            name="search path", status="ok", message=f"{len(workplace.search_path)} folders"
        )


def _other_library(entry: Path) -> Path:
    """Lean names two folders for its own library, below the folder where it is installed or where
    it was built, and has one of them. ``entry`` itself if it is neither.
    """
    if entry.parts[-3:] == ("lib", "lean", "library"):
        return entry.parents[2] / "library"
    return entry.with_name("lib") / "lean" / "library" if entry.name == "library" else entry


# -- modules ---------------------------------------------------------------------------------------


def _roots(workplace: Workplace) -> list[Path]:
    """The sources to begin with: the project's own, else what a statement imports by default."""
    project = workplace.project
    if project is not None and project.source.is_dir():
        return sorted(
            path
            for path in project.source.rglob("*.lean")
            if not any(
                part.startswith(("_", ".")) for part in path.relative_to(project.source).parts
            )
            and path.name != "leanpkg.lean"
        )
    wanted = [module_source(name, workplace.search_path) for name in workplace.default_imports()]
    return [source for source in wanted if source is not None]


def _modules(workplace: Workplace) -> list[Check]:
    """Which modules that the project, or a statement, imports are missing, or not compiled."""
    path = workplace.search_path
    own = set(_roots(workplace)) if workplace.project is not None else set()
    todo = list(own or _roots(workplace))
    seen = set(todo)
    absent: dict[str, Path] = {}
    uncompiled: list[str] = []
    stale: list[str] = []
    needed: set[Path] = set()  # of the project's own, what another module imports
    deadline = time.monotonic() + _READING_SECONDS
    read = plain = 0
    while todo:
        source = todo.pop()
        try:
            imported = imports_of(source)
            olean = source.with_suffix(".olean")
            if not olean.is_file():
                if source in own:
                    plain += 1
                else:
                    uncompiled.append(str(source))
            elif time.monotonic() < deadline:
                read += 1
                why = why_stale(source, olean, workplace.toolchain.version_text)
                if why is not None:
                    stale.append(f"{source} ({why})")
        except OSError as error:
            uncompiled.append(f"{source} ({error.strerror})")
            continue
        for name in imported:
            try:
                found = module_source(absolute_module(name, source, path), path)
            except EngineError:
                found = None
            if found is None:
                absent.setdefault(name, source)
            elif found not in seen:
                seen.add(found)
                todo.append(found)
            elif found in own and not found.with_suffix(".olean").is_file():
                needed.add(found)
    uncompiled += sorted(map(str, needed))
    plain -= len(needed)
    return [*_module_checks(absent, uncompiled, stale, read, plain, len(seen))]


def _module_checks(
    absent: dict[str, Path],
    uncompiled: list[str],
    stale: list[str],
    read: int,
    plain: int,
    total: int,
) -> Iterator[Check]:
    if absent:
        listed = [f"{name} (imported by {source})" for name, source in absent.items()]
        yield Check(
            name="imports",
            status="problem",
            message=f"not on the search path: {_some(listed)}",
            remedy="Check the names; run `leanpkg configure` or `leanproject get-mathlib-cache`.",
        )
    if uncompiled:
        yield Check(
            name="imports",
            status="problem",
            message=f"not compiled: {_some(uncompiled)}",
            remedy=_BUILD,
        )
    if stale:
        yield Check(
            name="imports",
            status="problem",
            message=f"stale, so that every Lean compiles them anew: {_some(stale)}",
            remedy=_BUILD,
        )
    if not (absent or uncompiled or stale):
        counted = f"{read} compiled modules are those of their sources"
        own = f"; {plain} of the project are not compiled, and not imported" if plain else ""
        late = total - read - plain
        rest = f"; {late} more were not looked at, for time" if late else ""
        yield Check(name="imports", status="ok", message=counted + own + rest)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _mathlib(workplace: Workplace) -> Check:
    source = module_source("tactic", workplace.search_path)
    if workplace.has_mathlib:
        return Check(name="mathlib", status="ok", message=f"compiled, in {_folder_of(source)}")
    if source is not None:
        return Check(
            name="mathlib",
            status="warning",
            message=f"its tactics are not compiled, in {_folder_of(source)}",
            remedy="Run `leanproject get-mathlib-cache`.",
        )
    return Check(
        name="mathlib",
        status="warning",
        message="not there: only core Lean's tactics are tried",
        remedy="In a project, run `leanproject add-mathlib`.",
    )


def _folder_of(source: Path | None) -> str:
    if source is None:
        return "?"
    return str(source.parent.parent if source.name == "default.lean" else source.parent)


# -- what we bring ---------------------------------------------------------------------------------


async def _sandbox(workplace: Workplace, mode: SandboxMode) -> Check:
    try:
        found, why = await find_sandbox(workplace.toolchain, mode)
    except EngineError as error:
        return _problem("sandbox", error)
    if found is not None:
        filtered = "" if found.calls else ", without a filter of system calls"
        return Check(name="sandbox", status="ok", message=f"works ({found.bwrap}{filtered})")
    if why is None:
        return Check(
            name="sandbox",
            status="warning",
            message="switched off: tactics run with your rights",
            remedy="Leave out `--sandbox off` and DSP_LSP_SANDBOX.",
        )
    return Check(
        name="sandbox",
        status="warning",
        message=f"{why.message} Tactics run with your rights.",
        remedy=why.remedy,
    )


async def _runtime(workplace: Workplace) -> Check:
    try:
        folder = await runtime_folder(workplace.toolchain)
    except EngineError as error:
        return _problem("runtime", error)
    return Check(name="runtime", status="ok", message=f"compiled, in {folder}")


def _cache() -> Check:
    folder = cache_folder()
    if not folder.is_dir():
        return Check(name="cache", status="ok", message=f"{folder}, empty so far")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Check(name="cache", status="ok", message=f"{folder}, {size / 1e6:.1f} MB")
