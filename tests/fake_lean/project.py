"""The small projects that are traced in tests."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.lean.oleans import source_hash

PROJECT = Path(__file__).with_name("tiny")
AUGMENTED = Path(__file__).parent / "documents" / "augmented"


def copy_project(folder: Path, *, compiled: bool = True) -> Path:
    """A copy of the tiny one; ``compiled`` puts modules there that have a compiled one's head."""
    shutil.copytree(PROJECT, folder)
    for source in (folder / "src").glob("*.lean") if compiled else ():
        value = source_hash(source.read_bytes())
        numbers = (value >> 32, value & 0xFFFFFFFF) * 2
        head = b"".join(b"\xff" + number.to_bytes(4, "big") for number in numbers)
        source.with_suffix(".olean").write_bytes(b"oleanfile\x003.51.1, commit 0\0" + head)
    return folder
