"""The files that paths mean: themselves, those in folders, those that patterns match."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["find_files"]

_DEPENDENCIES = "_target"
"""Where leanpkg and leanproject put what a project depends on."""


def find_files(paths: Iterable[str]) -> list[str]:
    """The Lean files that ``paths`` name, each once, in their order; those of a folder by name.

    Of folders all ``.lean`` files below count but those in hidden folders and in ``_target``.
    Raises :class:`EngineError` for a path that names nothing.
    """
    found: dict[str, str] = {}
    for path in paths:
        for name in _meant(path):
            found.setdefault(os.path.realpath(name), name)
    return list(found.values())


def _meant(path: str) -> Iterator[str]:
    # A name is a pattern only if nothing is called so.
    if Path(path).is_dir():
        yield from _below(path)
    elif Path(path).exists():
        yield path
    else:
        # Not pathlib's: patterns may be absolute, and a name keeps its form.
        matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []  # noqa: PTH207
        if not matches:
            raise EngineError(f"{path}: no such file or folder.", remedy="Check the path.")
        for match in matches:
            if match.endswith(".lean") and Path(match).is_file():
                yield match


def _below(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != _DEPENDENCIES)
        for file in sorted(files):
            if file.endswith(".lean") and not file.startswith("."):
                yield os.path.join(place, file)  # noqa: PTH118  (`./a` is to stay `./a`)
