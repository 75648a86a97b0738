"""The Lean 3 project that a document belongs to, if any."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from pathlib import Path

_LEAN4_FILES = ("lakefile.lean", "lakefile.toml", "lake-manifest.json")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a ``leanpkg.toml`` (or only the ``leanpkg.path`` that it is built to).

    ``source`` is where the project's own modules live; ``lean_version`` what the manifest asks for,
    as it is written there.
    """

    root: Path
    name: str
    source: Path
    lean_version: str | None
    configured: bool


def _refuse_lean4(folder: Path) -> None:
    toolchain = folder / "lean-toolchain"
    asks_for_4 = toolchain.is_file() and "lean4" in toolchain.read_text("utf-8", "replace")
    if asks_for_4 or any((folder / name).is_file() for name in _LEAN4_FILES):
        raise EngineError(
            f"{folder} is a Lean 4 project, and this prover speaks Lean 3.",
            remedy="Open a Lean 3 project (one with a leanpkg.toml).",
            kind=ErrorKind.ENVIRONMENT,
        )


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EngineError(
            f"{path} is not valid TOML: {error}.",
            remedy="Mend the manifest; `leanpkg configure` says whether Lean accepts it.",
            kind=ErrorKind.ENVIRONMENT,
        ) from error


def _text(table: object, key: str) -> str | None:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, str) else None


def find_project(folder: Path) -> Project | None:
    """The innermost project that holds ``folder``, or None for a bare file's folder.

    Raises :class:`EngineError` when the innermost project is a Lean 4 one, or its manifest is
    broken.
    """
    for parent in (folder, *folder.parents):
        manifest = parent / "leanpkg.toml"
        configured = (parent / "leanpkg.path").is_file()
        if manifest.is_file():
            package = _read_manifest(manifest).get("package")
            return Project(
                root=parent,
                name=_text(package, "name") or parent.name,
                source=parent / (_text(package, "path") or "."),
                lean_version=_text(package, "lean_version"),
                configured=configured,
            )
        _refuse_lean4(parent)
        if configured:
            return Project(parent, parent.name, parent, None, configured=True)
    return None
