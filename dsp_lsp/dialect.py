"""Whether a document is Lean 3: by its project first, by its language id where there is none."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Dialect", "dialect_of"]

_LEAN4_FILES = ("lakefile.lean", "lakefile.toml", "lake-manifest.json")
_IDS = {"lean": True, "lean3": True, "lean4": False}
"""The language ids that mean Lean, and whether they mean Lean 3 where no project says so."""


class Dialect(Enum):
    """What a document is written in."""

    LEAN3 = 3
    LEAN4 = 4
    OTHER = 0


def dialect_of(path: Path | None, language_id: str) -> Dialect:
    """The dialect of a document at ``path``, which looks for a project in the folders above it.

    The Lean 4 extension of VS Code claims every ``.lean`` file for its id, hence the order. Folders
    that cannot be read count as without a project.
    """
    known = _IDS.get(language_id)
    if known is None and (path is None or path.suffix != ".lean"):
        return Dialect.OTHER
    if path is not None:
        for folder in path.parents:
            found = _project(folder)
            if found is not None:
                return found
    return Dialect.LEAN4 if known is False else Dialect.LEAN3


def _project(folder: Path) -> Dialect | None:
    try:
        if (folder / "leanpkg.toml").is_file():
            return Dialect.LEAN3
        if any((folder / name).is_file() for name in _LEAN4_FILES):
            return Dialect.LEAN4
        toolchain = folder / "lean-toolchain"
        if toolchain.is_file():
            wanted = toolchain.read_text("utf-8", "replace")
            return Dialect.LEAN4 if "lean4" in wanted else Dialect.LEAN3
        return Dialect.LEAN3 if (folder / "leanpkg.path").is_file() else None
    except OSError:
        return None
