"""What every search of an evaluation notes, whoever runs it."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

from engine.evaluation.records import Record
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from pathlib import Path

    from engine.evaluation.settings import Arm
    from engine.evaluation.statements import Statement

__all__ = ["Recorder", "keep_tree"]

TREES = "trees"


class Recorder:
    """Makes the record of a search that begins now. ``job`` is what the search is called."""

    def __init__(self, statement: Statement, arm: Arm) -> None:
        self.job = f"{statement.list}/{statement.name}/{arm.name}"
        self._statement = statement
        self._arm = arm
        self._load = os.getloadavg()[0]
        self._started = time.monotonic()

    def __call__(self, **found: object) -> Record:
        """The record, with what was found."""
        return Record(
            list=self._statement.list,
            statement=self._statement.name,
            arm=self._arm,
            wall=round(time.monotonic() - self._started, 3),
            load=round(self._load, 2),
            **found,  # type: ignore[arg-type]
        )


async def keep_tree(folder: Path, job: str, svg: str) -> str:
    """Writes the picture of a search below ``folder``; returns its path there."""
    name = f"{TREES}/{blake2b(job.encode(), digest_size=10).hexdigest()}.svg"
    await asyncio.to_thread(_write, folder / name, svg)
    return name


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise EngineError(
            f"{path} cannot be written: {error.strerror}.", kind=ErrorKind.ENVIRONMENT
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
