"""What is kept of each search: a line of JSON, appended whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from engine.evaluation.settings import Arm
from engine.protocol import EngineError, ErrorKind, Statistics, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Record", "RecordFile", "read_records"]

RECORDS = "records.jsonl"
"""The name of the file in an evaluation's folder."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """How one search ended.

    ``not elaborated``: Lean does not accept the statement, or it is no proposition; ``message`` is
    why. ``error``: Lean or the generator failed; these are tried again when an evaluation goes on,
    and the later record counts. ``proof`` is the text that stands at the site, ``steps`` its
    tactics. ``elapsed`` counts from the first tactic state, without the verification; ``wall`` is
    everything, with opening and verification. ``load`` is the machine's load when it began.
    ``device`` is where the generator ran, as it says itself.
    ``tree`` is the picture's path below the evaluation's folder.
    """

    list: str
    statement: str
    arm: Arm
    status: Literal["proved", "not found", "not elaborated", "error"]
    message: str = ""
    stop_reason: str = ""
    proof: str = ""
    steps: tuple[str, ...] = ()
    goal: str = ""
    verdict: Verdict | None = None
    elapsed: float = 0.0
    wall: float = 0.0
    load: float = 0.0
    device: str = ""
    statistics: Statistics = field(default_factory=Statistics)
    notes: tuple[str, ...] = ()
    tree: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Of records with the same key the last one counts."""
        return self.list, self.statement, self.arm.name

    @property
    def proved(self) -> bool:
        """Whether there is a proof, judged in place."""
        return self.status == "proved"

    @property
    def searched(self) -> bool:
        """Whether there was a goal to prove; Pass@1 is a share of these."""
        return self.status in ("proved", "not found")

    def line(self) -> bytes:
        """The record as a line of its file."""
        return json.dumps(asdict(self), ensure_ascii=False).encode() + b"\n"


def _record(values: dict[str, Any]) -> Record:
    verdict = values.get("verdict")
    statistics = dict(values.get("statistics", {}))
    statistics["n_over_time"] = [(at, n) for at, n in statistics.get("n_over_time", ())]
    made = {
        "arm": Arm(**values["arm"]),
        "steps": tuple(values.get("steps", ())),
        "notes": tuple(values.get("notes", ())),
        "verdict": Verdict(**verdict) if verdict is not None else None,
        "statistics": Statistics(**statistics),
    }
    return Record(**{**values, **made})


def _lines(content: bytes, path: Path) -> Iterator[Record]:
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            return  # cut off while it was written; it will be made again
        try:
            yield _record(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise EngineError(
                f"{path}, line {number} is no record of an evaluation ({error})."
            ) from error


def read_records(folder: Path) -> list[Record]:
    """The records of an evaluation, finished or not, in the order in which they were first made.

    Raises :class:`EngineError` where there are none.
    """
    path = folder / RECORDS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"{folder} has no records of an evaluation: {error.strerror}.",
            remedy="Name a folder that `dsp-engine evaluate --out` has made.",
        ) from error
    return list({record.key: record for record in _lines(content, path)}.values())


class RecordFile:
    """The file of records of an evaluation that runs; one process at a time has it.

    What a killed process had left half written at its end is taken away.
    """

    def __init__(self, folder: Path) -> None:
        """Raises :class:`EngineError` where another evaluation writes, or nothing can be."""
        self._path = folder / RECORDS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise EngineError(f"{self._path} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise EngineError(
                f"Another evaluation writes to {folder} now.", remedy="Wait for it, or end it."
            ) from error
        try:
            content = self._path.read_bytes()
            os.ftruncate(self._file, content.rfind(b"\n") + 1)
            self.records = {record.key: record for record in _lines(content, self._path)}
        except BaseException:
            self.close()
            raise

    def append(self, record: Record) -> None:
        """Writes a record to the disk; raises :class:`EngineError` when it cannot be."""
        line = record.line()
        size = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(28, "no space left on device")
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            raise EngineError(
                f"{self._path} cannot be written: {error.strerror}.",
                remedy="What was recorded is kept: run the same command again to go on.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
        self.records[record.key] = record

    def close(self) -> None:
        """Lets others write."""
        os.close(self._file)
