"""LeanDojo Benchmark files as goal–tactic pairs.

Such a file (``train.json``, ``val.json``, ``test.json`` of the benchmark for Lean 3) is a JSON list
of theorems with their ``traced_tactics``. It says where a theorem starts, but not where its tactics
stand: their pairs have the theorem's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from engine.data.elements import Elements
from engine.data.records import TacticPair
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_benchmark"]

_KEY: Final = "theorems"
_MOST: Final = 1 << 36


def read_benchmark(path: Path) -> Iterator[TacticPair]:
    """The pairs of a benchmark file, theorem by theorem.

    Raises an :class:`EngineError` that names the file, and the theorem where one is not as it
    should be.
    """
    number = 0
    try:
        for key, place, theorem in Elements(_blocks(path), _MOST).read():
            if key != _KEY or place < 0:
                raise EngineError(
                    f"{path} is no list of theorems, as LeanDojo's benchmark files are."
                )
            number = place + 1
            yield from _pairs_of(theorem)
    except (KeyError, TypeError, AttributeError) as error:
        raise EngineError(
            f"{path}: theorem {number} is not as LeanDojo writes it ({error!r})."
        ) from error
    except (ValueError, RecursionError) as error:
        raise EngineError(
            f"{path} cannot be read behind theorem {number} ({error}).",
            remedy="The file may be cut off; fetch it again.",
        ) from error


def _blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, made an object with one array."""
    yield f'{{"{_KEY}":'.encode()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 16):
                yield block
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}.") from error
    yield b"}"


def _pairs_of(theorem: dict[str, Any]) -> Iterator[TacticPair]:
    line, column = theorem["start"]
    for traced in theorem["traced_tactics"]:
        _, named = traced.get("annotated_tactic") or ("", [])
        yield TacticPair(
            theorem=theorem["full_name"],
            file=theorem["file_path"].removeprefix("src/"),
            line=line,
            column=column - 1,  # LeanDojo counts columns from 1
            state=traced["state_before"],
            tactic=traced["tactic"].strip(),
            next=traced["state_after"],
            premises=tuple(dict.fromkeys(one["full_name"] for one in named)),
        )
