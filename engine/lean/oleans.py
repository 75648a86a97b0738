"""Compiled modules: whether an `.olean` is that of its source.

Lean 3 writes a hash of the source into the `.olean`'s head, after the version that made it, and
compiles anew in memory, at every start and without a word, where either differs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MASK = (1 << 64) - 1
_MULTIPLIER = 0xC6A4A7935BD1E995


def source_hash(content: bytes) -> int:
    """Lean 3's hash of a source: MurmurHash64A, seed 0, of the text without carriage returns."""
    data = content.replace(b"\r", b"")
    size = len(data)
    value = (size * _MULTIPLIER) & _MASK
    whole = size & ~7
    for (word,) in struct.iter_unpack("<Q", data[:whole]):
        word = (word * _MULTIPLIER) & _MASK
        word = ((word ^ (word >> 47)) * _MULTIPLIER) & _MASK
        value = ((value ^ word) * _MULTIPLIER) & _MASK
    if size > whole:
        rest = int.from_bytes(data[whole:], "little")
        value = ((value ^ rest) * _MULTIPLIER) & _MASK
    value = ((value ^ (value >> 47)) * _MULTIPLIER) & _MASK
    return value ^ (value >> 47)


@dataclass(frozen=True, slots=True)
class OleanHead:
    """What stands first in an `.olean`: the Lean that made it, and the hash of its source."""

    version: str
    source: int


def read_head(olean: Path) -> OleanHead | None:
    """The head of a compiled module, or None if it is none; raises OSError."""
    with olean.open("rb") as stream:
        head = stream.read(256)
    magic, _, rest = head.partition(b"\0")
    version, end, numbers = rest.partition(b"\0")
    if magic != b"oleanfile" or not end:
        return None
    high, numbers = _number(numbers)
    low, _ = _number(numbers)
    if high is None or low is None:
        return None
    return OleanHead(version.decode("utf-8", "replace"), (high << 32) | low)


def _number(data: bytes) -> tuple[int | None, bytes]:
    """An unsigned number as Lean writes it: one byte, or 255 and four bytes."""
    if data[:1] == b"\xff":
        return (int.from_bytes(data[1:5], "big"), data[5:]) if len(data) >= 5 else (None, b"")
    return (data[0], data[1:]) if data else (None, b"")


def why_stale(source: Path, olean: Path, version: str) -> str | None:
    """Why Lean ``version`` would not use ``olean`` for ``source``, or None where it would."""
    head = read_head(olean)
    if head is None:
        return "it is no compiled module"
    made_by = head.version.split(",")[0]
    if made_by != version:
        return f"it was made by Lean {made_by}"
    if source.is_file() and source_hash(source.read_bytes()) != head.source:
        return "its source was changed"
    return None
