"""Modules on the search path: which exist, which are compiled, which name is meant."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.protocol import EngineError, ErrorKind
from engine.source import Analysis, analyse, splice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_IMPORT_LINE = re.compile(rb"^\s*import\s+(.*)$", re.MULTILINE)


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
    if "import" not in head:
        return []
    return [item.module for item in analyse(head).imports]


def check_imports(modules: Sequence[str], search_path: Sequence[Path]) -> None:
    """Raises :class:`EngineError` unless all of ``modules``, and what they import, are compiled.

    Lean would compile the missing ones in memory, anew in each process, for minutes or hours.
    """
    seen: set[Path] = set()
    todo: list[tuple[str, str | None]] = [(module, None) for module in modules]
    while todo:
        module, importer = todo.pop()
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
        if not source.with_suffix(".olean").is_file():
            raise EngineError(
                f"The import {module}{by} is not compiled.",
                remedy=f"Run `lean --make {source}`, or `leanproject build` in its project.",
                kind=ErrorKind.ENVIRONMENT,
            )
        # Lean ships compiled; a compiled project's modules imported only compiled ones.
        if importer is None:
            todo += [(absolute_module(m, source, search_path), module) for m in imports_of(source)]
