"""The tactics on their way in one Lean, of all its holes: how many may be, and who is to blame."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_CLEAR_SECONDS = 30.0
"""How long one who wants to be alone waits for the others' tactics."""

_LEAST = 2
"""How many tactics a hole may always have on their way: one that is slow must not be all."""


class Traffic:
    """Lets ``places`` tactics into a Lean, and always two of each hole.

    What a hole has for its own is its share of the places, so that one whose tactics are slow
    keeps no other one waiting. A tactic that does not end is ``stuck`` and takes no place any more.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self._inside: Counter[object] = Counter()
        self._stuck: Counter[object] = Counter()
        self._holes: set[object] = set()
        self._alone: asyncio.Task[object] | None = None
        self._order = asyncio.Lock()
        self._waiting: list[asyncio.Future[None]] = []
        self._at_death: int | None = None

    @property
    def holes(self) -> int:
        """How many send tactics."""
        return len(self._holes)

    @property
    def total(self) -> int:
        """How many tactics are on their way, without those that are stuck."""
        return self._inside.total()

    @property
    def is_stuck(self) -> bool:
        """Whether so many tactics do not end that Lean is better killed."""
        return 2 * self._stuck.total() >= self.places

    def join(self, hole: object) -> None:
        """``hole`` will send tactics."""
        self._holes.add(hole)

    def part(self, hole: object) -> None:
        """``hole`` will send no more; what it has sent does not count any longer."""
        self._holes.discard(hole)
        del self._inside[hole], self._stuck[hole]
        self._tell()

    def died(self) -> int:
        """Lean is dead: how many tactics ran in it then. Nobody waits any longer."""
        if self._at_death is None:
            self._at_death = self.total + self._stuck.total()
            self._tell()
        return self._at_death

    # -- places ----------------------------------------------------------------------------------

    def _may_enter(self, hole: object) -> bool:
        if self._is_over:
            return True
        if self._alone not in (None, asyncio.current_task()):
            return False
        return self._inside[hole] < max(_LEAST, self.places // max(1, len(self._holes)))

    async def enter(self, hole: object, seconds: float) -> bool:
        """Takes a place for a tactic of ``hole``; False where there is none within ``seconds``."""
        entered = await self._until(lambda: self._may_enter(hole), seconds)
        self._inside[hole] += entered
        return entered

    def leave(self, hole: object) -> None:
        """The tactic has ended."""
        self._inside[hole] -= 1
        self._tell()

    def get_stuck(self, hole: object) -> None:
        """The tactic does not end when it should."""
        self._stuck[hole] += 1
        self.leave(hole)

    def come_free(self, hole: object) -> None:
        """One that was stuck has ended."""
        self._stuck[hole] -= 1

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Inside, no tactic runs but those of the calling task; one that is stuck may."""
        async with self._order:
            self._alone = asyncio.current_task()
            try:
                await self._until(lambda: self.total == 0 or self._is_over, _CLEAR_SECONDS)
                yield
            finally:
                self._alone = None
                self._tell()

    @property
    def _is_over(self) -> bool:
        return self._at_death is not None

    # -- waiting ---------------------------------------------------------------------------------

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await asyncio.wait({waiting}, timeout=left)
        return True

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
