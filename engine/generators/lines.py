"""What a generator's process and its client say to each other: one JSON object a line.

The client sends ``sample``, ``cancel`` and ``stats``; the process greets with ``hello`` when its
model is loaded and answers each ``sample`` that is not cancelled with ``answer`` or ``refused``,
in any order. ``failed`` is its last word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from engine.wire import MalformedError, from_json, to_json

__all__ = [
    "MAX_LINE",
    "PROTOCOL",
    "Answered",
    "Cancel",
    "Failed",
    "Hello",
    "Refused",
    "Reply",
    "Sample",
    "Saying",
    "Stats",
    "StatsWanted",
    "parse_reply",
    "parse_saying",
    "write",
]

PROTOCOL = 1
"""Version of what is said here; both sides must have the same."""

MAX_LINE = 4 * 1024 * 1024
"""A line of more bytes is no message."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Asks for ``n`` tactics; see :class:`engine.generators.backend.Request`."""

    id: int
    state: str
    n: int
    seed: int = 0
    decoding: Literal["beam", "sampling"] = "beam"
    max_bytes: int = 256


@dataclass(frozen=True, slots=True)
class Cancel:
    """Takes a ``sample`` back; it may have been answered meanwhile."""

    id: int


@dataclass(frozen=True, slots=True)
class StatsWanted:
    """Asks for :class:`Stats`."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The model is loaded; ``device`` is for people."""

    protocol: int
    version: str
    backend: str
    model: str
    device: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Tactics with log-probabilities, best first."""

    id: int
    candidates: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Refused:
    """One request failed, or, without an id, a line was no message."""

    message: str
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The process ends; ``device_lost`` says that the model may still work on the CPU."""

    message: str
    remedy: str = ""
    device_lost: bool = False


@dataclass(frozen=True, slots=True)
class Stats:
    """Since the process started; ``seconds`` were spent decoding."""

    requests: int = 0
    answered: int = 0
    refused: int = 0
    cancelled: int = 0
    candidates: int = 0
    pending: int = 0
    seconds: float = 0.0


Saying: TypeAlias = Sample | Cancel | StatsWanted
Reply: TypeAlias = Hello | Answered | Refused | Failed | Stats

_SAYINGS: dict[str, type] = {"sample": Sample, "cancel": Cancel, "stats": StatsWanted}
_REPLIES: dict[str, type] = {
    "hello": Hello,
    "answer": Answered,
    "refused": Refused,
    "failed": Failed,
    "stats": Stats,
}
_NAMES = {kind: name for kinds in (_SAYINGS, _REPLIES) for name, kind in kinds.items()}

T = TypeVar("T")


def write(message: Saying | Reply) -> bytes:
    """A message as a line, ASCII only."""
    data = {"type": _NAMES[type(message)], **to_json(message)}
    return json.dumps(data, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def parse_saying(line: bytes) -> Saying:
    """What a client said; raises :class:`engine.wire.MalformedError`."""
    saying: Saying = _parse(line, _SAYINGS)
    return saying


def parse_reply(line: bytes) -> Reply:
    """What a generator's process said; raises :class:`engine.wire.MalformedError`."""
    reply: Reply = _parse(line, _REPLIES)
    return reply


def _parse(line: bytes, kinds: dict[str, type[T]]) -> T:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise MalformedError("This is not JSON.") from None
    kind = data.pop("type", None) if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise MalformedError("This is no message of a generator.")
    return from_json(kinds[kind], data)
