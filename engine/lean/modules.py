"""Modules on the search path: which exist, which are compiled, which name is meant."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.lean.oleans import why_stale
from engine.protocol import EngineError, ErrorKind
from engine.source import Analysis, analyse, splice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_IMPORT = re.compile(r"^import\b.*", re.MULTILINE)
_OTHER = re.compile(r"^\S", re.MULTILINE)

_MOST_MODULES = 200
"""More are not looked at before a site is opened; `doctor` looks at all."""


def module_source(module: str, search_path: Iterable[Path]) -> Path | None:
    """The file of a module's source text, or None if the search path has no such module.

    Like Lean, takes ``a/b.lean`` before ``a/b/default.lean``, folder by folder.
    """
    relative = Path(*module.split("."))
    for folder in search_path:
        for file in (
            folder / relative.with_name(relative.name + ".lean"),
            folder / relative / "default.lean",
        ):
            if file.is_file() or file.with_suffix(".olean").is_file():
                return file
    return None


def absolute_module(module: str, file: Path | None, search_path: Sequence[Path]) -> str:
    """``.foo`` and ``..foo`` in ``file`` as a module below the search path.

    Raises :class:`EngineError` when the document has no place that such a name could start from.
    """
    dots = len(module) - len(module.lstrip("."))
    if dots == 0:
        return module
    if file is not None:
        base = file.parent
        for _ in range(dots - 1):
            base = base.parent
        for folder in search_path:
            if base == folder or folder in base.parents:
                return ".".join([*base.relative_to(folder).parts, module[dots:]])
    raise EngineError(
        f"The import {module} is relative, and the document is not below Lean's search path.",
        remedy="Save the file inside its project, or write the module's full name.",
    )


def stamp_of(
    modules: Iterable[str], search_path: Sequence[Path]
) -> tuple[tuple[str, int, int], ...]:
    """The state of the compiled ``modules``: path, time and size. Whoever compiles a module anew
    compiles what imports it anew, so that these stand for all that they import.
    """
    found = []
    for module in modules:
        source = module_source(module, search_path)
        if source is not None:
            olean = source.with_suffix(".olean")
            with suppress(OSError):
                stat = olean.stat()
                found.append((str(olean), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def with_absolute_imports(
    text: str, analysis: Analysis, file: Path | None, search_path: Sequence[Path]
) -> str:
    """``text`` with every relative import made absolute, so that it means the same elsewhere."""
    edits = [
        (item.span, absolute_module(item.module, file, search_path))
        for item in analysis.imports
        if item.module.startswith(".")
    ]
    return splice(text, edits) if edits else text


def imports_of(file: Path) -> list[str]:
    """The modules that a source imports, as written; none of a module without source."""
    source = file if file.is_file() else None
    if source is None:
        return []
    # Imports stand at the head of a file; mathlib's licence headers stay well below this size.
    with source.open("rb") as stream:
        head = stream.read(65536).decode("utf-8", "replace")
    lines = list(_IMPORT.finditer(head))
    if not lines:
        return [item.module for item in analyse(head).imports] if "import" in head else []
    # What comes after them is long, and no import.
    after = _OTHER.search(head, lines[-1].end())
    return [item.module for item in analyse(head[: after.start() if after else None]).imports]


def check_imports(
    modules: Sequence[str],
    search_path: Sequence[Path],
    *,
    version: str | None = None,
    own: Path | None = None,
) -> None:
    """Raises :class:`EngineError` unless all of ``modules``, and what they import, are compiled.

    Lean would compile the missing ones in memory, anew in each process, for minutes or hours. With
    Lean's ``version``, what was compiled from another text or by another Lean counts as missing.
    Modules below ``own``, the folder that the user works in, are followed on, the nearest first and
    up to ``_MOST_MODULES``; of libraries only what the document names, and what that imports.
    """
    seen: set[Path] = set()
    todo: deque[tuple[str, str | None]] = deque((module, None) for module in modules)
    while todo and len(seen) < _MOST_MODULES:
        module, importer = todo.popleft()
        source = module_source(module, search_path)
        by = f" (imported by {importer})" if importer else ""
        if source is None:
            raise EngineError(
                f"The import {module}{by} is not on Lean's search path.",
                remedy="Check its name; in a project run `leanpkg configure` or "
                "`leanproject get-mathlib-cache`, outside of one open the project's folder.",
            )
        if source in seen:
            continue
        seen.add(source)
        olean = source.with_suffix(".olean")
        why = None if olean.is_file() else ""
        if why is None and version is not None:
            why = _why_stale(source, olean, version)
        if why is not None:
            raise EngineError(
                f"The import {module}{by} is not compiled{why and f' as it is now: {why}'}.",
                remedy=f"Run `lean --make {source}`, or `leanproject build` in its project.",
                kind=ErrorKind.ENVIRONMENT,
            )
        # Lean ships compiled; a compiled project's modules imported only compiled ones.
        if importer is None or (own is not None and own in source.parents):
            todo.extend(
                (absolute_module(m, source, search_path), module) for m in imports_of(source)
            )


def _why_stale(source: Path, olean: Path, version: str) -> str | None:
    """As :func:`why_stale`; what both files were like when they were last compared is kept."""
    with suppress(OSError):
        stamps = [file.stat() for file in (source, olean) if file.is_file()]
        return _compared(source, olean, version, *(s.st_mtime_ns for s in stamps))
    return None  # it has gone this moment; Lean will say so


@lru_cache(maxsize=4096)
def _compared(source: Path, olean: Path, version: str, *times: int) -> str | None:
    del times  # they tell one state of the files from another
    return why_stale(source, olean, version)
