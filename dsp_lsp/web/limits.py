"""What one client, and all together, may ask of the page. Pure: the time is an argument."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["Limits", "Rates"]

_REMEMBERED = 4096
"""How many clients' rates are remembered; of more, those seen longest ago are forgotten."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a page.

    A text has at most ``characters``; a search ``budget`` seconds, and ``overhead`` more to open
    the text and to judge the proof. ``searches`` run at a time, ``waiting`` stand in line, of one
    client ``per_client`` together. A client starts ``per_minute`` searches on average, and listens
    to ``streams`` at a time; all together to ``all_streams``. Of results ``kept`` are remembered,
    and ``kept_characters`` of their texts and trees.
    """

    characters: int = 10_000
    budget: float = 300.0
    overhead: float = 300.0
    searches: int = 2
    waiting: int = 40
    per_client: int = 4
    per_minute: int = 12
    streams: int = 16
    all_streams: int = 400
    kept: int = 500
    kept_characters: int = 64_000_000

    @property
    def body_bytes(self) -> int:
        """The most that a request may send: every character escaped, and what is around them."""
        return 12 * self.characters + 4096


class Rates:
    """Token buckets, one a client: each holds ``per_minute`` and is filled at that rate."""

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._fill = per_minute / 60.0
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Takes one; returns 0, or the seconds until there is one again, and takes none."""
        level, then = self._buckets.pop(client, (self._capacity, now))
        level = min(self._capacity, level + max(0.0, now - then) * self._fill)
        short = 1.0 - level
        self._buckets[client] = (level if short > 0 else level - 1.0, now)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return short / self._fill if short > 0 else 0.0
