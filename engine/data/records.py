"""Goal–tactic pairs and the files that hold them: JSON lines, compressed as their name ends."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import zlib
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import IO, TYPE_CHECKING, Any

from engine.protocol import EngineError
from engine.settings import cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = [
    "FROM_DECLARATIONS",
    "STATEMENT",
    "STEP",
    "TacticPair",
    "pair_from",
    "read_lines",
    "read_pairs",
    "write_lines",
    "write_pairs",
]


STATEMENT = "statement"
"""The family of pairs of a theorem's statement and its name."""

STEP = "step"
"""The family of pairs that are steps of a theorem's proof term."""

FROM_DECLARATIONS = (STATEMENT, STEP)
"""The families of what was made of a library's declarations, not of tactics that somebody wrote."""


@dataclass(frozen=True, slots=True)
class TacticPair:
    """A tactic state and a tactic that was run on it.

    ``theorem`` is the fully qualified name of the declaration, ``file`` the path below the source
    folder, ``line`` (1-based) and ``column`` (0-based, code points) the tactic's place. ``state``
    and ``next`` are all goals as Lean prints them, ``next`` being ``no goals`` when done and empty
    when the tactic failed. ``premises`` are the declarations named in the tactic, fully qualified
    where that is known. ``family`` is empty for what a person wrote, and otherwise says how the
    pair was made: the tactic of Table 3 of the paper that it was augmented from, ``renamed``,
    :data:`STATEMENT` or :data:`STEP`.
    """

    theorem: str
    file: str
    line: int
    column: int
    state: str
    tactic: str
    next: str
    success: bool = True
    premises: tuple[str, ...] = ()
    family: str = ""


_NAMES = frozenset(field.name for field in fields(TacticPair))


def pair_from(values: dict[str, Any]) -> TacticPair:
    """The pair that a line of a file holds; fields that are not ours are left out.

    Raises :class:`EngineError` when the line is no pair.
    """
    known = {name: value for name, value in values.items() if name in _NAMES}
    try:
        known["premises"] = tuple(known.get("premises", ()))
        return TacticPair(**known)
    except TypeError as error:
        raise EngineError(
            f"This line is no goal–tactic pair ({error}): {json.dumps(values)[:200]}"
        ) from error


def read_pairs(path: Path) -> Iterator[TacticPair]:
    """The pairs of a file; see :func:`read_lines`."""
    return map(pair_from, read_lines(path))


def write_pairs(path: Path, pairs: Iterable[TacticPair]) -> int:
    """Writes all pairs at once and returns how many they were; see :func:`write_lines`."""
    return write_lines(path, (_as_line(pair) for pair in pairs))


def _as_line(pair: TacticPair) -> dict[str, Any]:
    values = asdict(pair)
    for name, empty in (("success", True), ("premises", ()), ("family", "")):
        if values[name] == empty:
            del values[name]
    return values


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file that ends in ``.jsonl``, ``.zst``, ``.xz`` or ``.gz``.

    Raises an :class:`EngineError` that names the file and the line where it is no JSON.
    """
    with _opened(path, "rb") as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8")
        number = 0
        try:
            for line in text:
                yield json.loads(line)
                number += 1
        except (ValueError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
            raise EngineError(
                f"{path}: what follows line {number} is not JSON lines ({error}).",
                remedy="The file may be cut off; make it again.",
            ) from error


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> int:
    """Writes a JSON-lines file, whole or not at all, and returns the number of its lines.

    Raises :class:`EngineError` where there is no room or no right to.
    """
    count = 0
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(beside, "wb") as stream:
            for values in lines:
                stream.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
                count += 1
        beside.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return count


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[Any]:
    try:
        raw = path.open(mode)
    except OSError as error:
        if mode == "wb":
            raise
        raise EngineError(f"{path} cannot be opened: {error.strerror}.") from error
    with raw:
        if path.suffix == ".zst":
            import zstandard

            if mode == "rb":
                stream: Any = io.BufferedReader(_Frames(raw, zstandard))
            else:
                stream = zstandard.ZstdCompressor(level=10).stream_writer(raw, closefd=False)
        elif path.suffix == ".xz":
            stream = lzma.LZMAFile(raw, mode)  # noqa: SIM115
        elif path.suffix == ".gz":
            stream = gzip.GzipFile(fileobj=raw, mode=mode)
        else:
            stream = raw
        if stream is raw:
            yield raw
        else:
            with stream:
                yield stream


class _Frames(io.RawIOBase):
    """What Zstandard frames hold; unlike the library's own stream it tells a cut-off one."""

    def __init__(self, raw: IO[bytes], zstandard: Any) -> None:
        self._raw = raw
        self._library = zstandard
        self._frame: Any = None
        self._left = b""
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            block = self._left or self._raw.read(1 << 16)
            if not block:
                if self._frame is not None:
                    raise EOFError("the compressed data is cut off")
                return 0
            if self._frame is None:
                self._frame = self._library.ZstdDecompressor().decompressobj()
            try:
                self._ready = self._frame.decompress(block)
            except self._library.ZstdError as error:
                raise OSError(str(error)) from error
            self._left = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size
