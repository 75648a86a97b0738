"""The note beside each output of ``dsp-engine``: from what it was made, by what, and how much."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.settings import cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["file_hash", "manifest_path", "read_manifest", "versions", "write_manifest"]

_PACKAGES = ("dsp-lsp", "ctranslate2", "torch", "transformers", "accelerate", "lean-dojo")


def manifest_path(output: Path) -> Path:
    """Where the note on ``output``, a file or a folder, lies."""
    return output / "manifest.json" if output.is_dir() else Path(f"{output}.manifest.json")


def write_manifest(
    output: Path,
    *,
    command: str,
    settings: Mapping[str, Any],
    inputs: Iterable[Path] = (),
    counts: Mapping[str, Any] | None = None,
    **more: Any,
) -> Path:
    """Writes the note and returns its path: settings, hashes of the inputs, versions, counts."""
    note = {
        "command": command,
        "settings": dict(settings),
        "inputs": {str(path): file_hash(path) for path in inputs},
        "versions": versions(),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "counts": dict(counts or {}),
        **more,
    }
    path = manifest_path(output)
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        beside.write_text(json.dumps(note, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def read_manifest(output: Path) -> dict[str, Any]:
    """The note on ``output``; empty when there is none."""
    try:
        note: dict[str, Any] = json.loads(manifest_path(output).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return note


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, or of the names and bytes of all files below a folder."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode() + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Of Python and of what is installed of the packages that may change a result."""
    installed = {package: _version(package) for package in _PACKAGES}
    return {"python": platform.python_version()} | {
        package: version for package, version in installed.items() if version
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
