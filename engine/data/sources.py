"""Which files of a project can be traced: those all of whose imports are compiled."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.lean.modules import absolute_module, imports_of, module_source
from engine.lean.oleans import why_stale
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Compiled", "sources_below"]


def sources_below(
    folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Iterator[Path]:
    """The Lean files below a folder in order of their names, but no hidden ones and no packages.

    ``include`` and ``exclude`` are paths below ``folder``, with ``*`` for anything; a folder's path
    stands for all that is in it. Nothing in ``include`` means all files.
    """
    included, excluded = _Paths(include), _Paths(exclude)
    for path in sorted(folder.rglob("*.lean")):
        relative = path.relative_to(folder)
        if any(part.startswith((".", "_target")) for part in relative.parts):
            continue
        if relative.name == "leanpkg.lean":
            continue
        if (not include or relative in included) and relative not in excluded:
            yield path


class _Paths:
    """Those that patterns mean; plain ones are looked up, for there may be thousands."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._plain = set()
        self._wild = []
        for pattern in patterns:
            if any(sign in pattern for sign in "*?["):
                self._wild.append(pattern)
            else:
                self._plain.add(PurePath(pattern))

    def __contains__(self, path: PurePath) -> bool:
        return (
            path in self._plain
            or not self._plain.isdisjoint(path.parents)
            or any(fnmatch(path.as_posix(), pattern) for pattern in self._wild)
        )


class Compiled:
    """Whether modules are compiled from their sources as they are now, with all they import.

    Lean would compile the missing ones in memory, anew for each file that it traces, and write
    its account of them beside their sources. What was found of a module is kept.
    """

    def __init__(self, search_path: Sequence[Path], version: str) -> None:
        self._search_path = search_path
        self._version = version
        self._imports: dict[Path, list[Path]] = {}
        self._own: dict[Path, str | None] = {}
        self._good: set[Path] = set()

    def why_not(self, source: Path) -> str | None:
        """Why the imports of ``source`` cannot be used, or None where they can."""
        seen: set[Path] = set()
        todo = [source]
        try:
            while todo:
                for one in self._imported(todo.pop()):
                    if one in self._good or one in seen:
                        continue
                    if one not in self._own:
                        self._own[one] = self._why(one)
                    if (why := self._own[one]) is not None:
                        return why
                    seen.add(one)
                    todo.append(one)
        except EngineError as error:
            return error.message
        self._good |= seen
        return None

    def why_no_import(self, source: Path) -> str | None:
        """Why ``source`` cannot be imported without being compiled, or None where it can."""
        return self._why(source) or self.why_not(source)

    def _imported(self, source: Path) -> list[Path]:
        if source not in self._imports:
            found = []
            for module in imports_of(source):
                file = module_source(
                    absolute_module(module, source, self._search_path), self._search_path
                )
                if file is None:
                    raise EngineError(f"The import {module} is not on Lean's search path.")
                found.append(file)
            self._imports[source] = found
        return self._imports[source]

    def _why(self, source: Path) -> str | None:
        try:
            why = why_stale(source, source.with_suffix(".olean"), self._version)
        except FileNotFoundError:
            return f"The import {source} is not compiled."
        except OSError as error:
            return f"The import {source} cannot be read: {error.strerror}."
        return None if why is None else f"The import {source} is not compiled as it is now: {why}."
