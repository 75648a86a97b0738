"""Folders and stand-ins for `lean` that need no Lean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.source import Analysis, Site, analyse

if TYPE_CHECKING:
    from pathlib import Path


def write_modules(folder: Path, modules: dict[str, str], *, compiled: bool = True) -> None:
    """Lean files by their relative path, each with an ``.olean`` beside it when ``compiled``."""
    for name, text in modules.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if compiled:
            file.with_suffix(".olean").write_bytes(b"")


def write_script(path: Path, body: str) -> Path:
    """A shell script that can stand for `lean`."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def fake_lean(path: Path, version: str, *, answer_to_path: str = "echo '{\"path\": []}'") -> Path:
    """A `lean` that tells its version and its path, and nothing else."""
    return write_script(
        path,
        f'case "$1" in --version) echo "{version}";; --path) {answer_to_path};; esac',
    )


def first_site(text: str, ordinal: int = 0) -> tuple[Analysis, Site]:
    analysis = analyse(text)
    return analysis, analysis.sites[ordinal]
