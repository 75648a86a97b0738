"""Accounts: what the real Lean wrote about the files of our small projects when it traced them.

``record_accounts`` records them.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("accounts")


@dataclass(frozen=True)
class Account:
    """What Lean was given, what it wrote about that, and its messages."""

    document: str
    tree: str
    messages: list[dict[str, Any]]


def load_accounts() -> Iterator[Account]:
    """All that are recorded."""
    for path in sorted(FOLDER.glob("*.json.xz")):
        yield Account(**json.loads(lzma.decompress(path.read_bytes())))
