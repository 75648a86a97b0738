"""Lean's messages, as `lean --json` prints them, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message of Lean at a place of the text it was given: ``line`` 1-based, ``column`` 0-based
    in code points. ``severity`` is ``error``, ``warning`` or ``information``.
    """

    severity: str
    line: int
    column: int
    text: str
    caption: str = ""

    @property
    def is_error(self) -> bool:
        """Whether this is of severity error."""
        return self.severity == "error"


def parse_message(line: bytes) -> Message | None:
    """The message on a line of output, or None for anything else that Lean or a tactic printed."""
    if not line.startswith(b"{"):
        return None
    try:
        return message_of(json.loads(line))
    except (ValueError, RecursionError):
        return None


def message_of(record: object) -> Message | None:
    """The message in a record of Lean's, or None if it is none."""
    if not isinstance(record, dict):
        return None
    try:
        return Message(
            severity=str(record["severity"]),
            line=int(record["pos_line"]),
            column=int(record["pos_col"]),
            text=str(record["text"]),
            caption=str(record.get("caption", "")),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
