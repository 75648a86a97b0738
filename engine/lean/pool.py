"""The warm Leans of a session: found, lent, taken back, kept ready, closed when nobody comes."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from engine.lean.scratch import remove_scratch, room
from engine.lean.usage import is_computing, resident_mb
from engine.lean.warm import WarmLean, WarmLeanError
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from engine.lean.messages import Message
    from engine.lean.process import LeanCommand, LeanProcess

_START_SECONDS = 180.0
"""How long loading the imports may take."""

_IDLE_SECONDS = 2.0
"""How long tactics may go on after a stop; a Lean that is still busy then is killed."""

_EXPLAIN_SECONDS = 4.0
"""How long Lean may look for what is wrong with a text in which it did not meet the site."""

_TEXTS = 200
"""After so many texts a Lean is replaced, whatever it looks like."""

_GROWTH_MB = 1024
"""A Lean that has grown by more than this since it was ready is replaced."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``processes``: the most Leans kept; ``memory_mb``: the most that they may hold together
    while idle; ``idle_seconds``: how long an idle one is kept.
    """

    processes: int = 3
    memory_mb: int = 4096
    idle_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Key:
    """What two texts must share to be served by one Lean: how it is run, the line of imports, and
    the state of the imported files.
    """

    command: LeanCommand
    header: str
    stamp: tuple[tuple[str, int, int], ...]


class _Entry:
    """A Lean of the pool: starting, idle or lent."""

    def __init__(self, key: Key, lean: WarmLean) -> None:
        self.key = key
        self.lean = lean
        self.ready: asyncio.Task[None] = asyncio.create_task(lean.start(_START_SECONDS))
        self.lent = False
        self.texts = 0
        self.first_mb: int | None = None
        self.since = time.monotonic()

    @property
    def usable(self) -> bool:
        return not self.lent and (not self.ready.done() or self.lean.alive)


class Pool:
    """Lends warm Leans. One is kept ready for the key that was asked for last."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entries: list[_Entry] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._janitor: asyncio.TimerHandle | None = None

    async def take(self, key: Key, text: str = "") -> Lent:
        """A Lean for ``key``, best one that had a text like ``text``; starts one if none is free.

        Raises :class:`WarmLeanError` when it cannot be brought up.
        """
        while True:
            self._bury()
            entry = self._best(key, text)
            if entry is None:
                self._make_room(key)
                entry = self._start(key)
            entry.lent = True
            try:
                await asyncio.shield(entry.ready)
                if not entry.lean.alive:
                    raise WarmLeanError("Lean ended before it was used")
            except asyncio.CancelledError:
                if not entry.ready.done():
                    entry.lent = False  # it goes on starting, for the next one
                else:
                    self._spawn(self._drop(entry))
                raise
            except WarmLeanError:
                fresh = entry.texts == 0
                await self._drop(entry)
                if fresh:
                    raise
                continue
            except BaseException:
                await self._drop(entry)
                raise
            entry.texts += 1
            if entry.first_mb is None:
                entry.first_mb = resident_mb(entry.lean.process.pid)
            self._keep_ready(key)
            try:
                return Lent(self, entry)
            except BaseException:
                await self._drop(entry)
                raise

    def _bury(self) -> None:
        """Forgets idle Leans that have died."""
        for entry in [e for e in self._entries if not e.lent and not e.usable]:
            self._entries.remove(entry)
            self._spawn(self._drop(entry))

    def _best(self, key: Key, text: str) -> _Entry | None:
        free = [e for e in self._entries if e.key == key and e.usable]

        def shared(entry: _Entry) -> tuple[bool, int]:
            return entry.ready.done(), _shared(entry.lean.text, text)

        return max(free, key=shared, default=None)

    def _start(self, key: Key) -> _Entry:
        if self._closed:
            raise WarmLeanError("the session is closed")
        entry = _Entry(key, WarmLean(key.command, key.header))
        self._entries.append(entry)
        return entry

    def _make_room(self, key: Key, more: int = 1) -> bool:
        """Ends idle Leans of other keys until ``more`` fit; whether they do."""
        over = len(self._entries) + more - self._limits.processes
        idle = [e for e in self._entries if e.usable and e.key != key]
        for entry in sorted(idle, key=lambda e: e.since)[: max(0, over)]:
            self._entries.remove(entry)
            self._spawn(self._drop(entry))
        return len(self._entries) + more <= self._limits.processes

    def _keep_ready(self, key: Key) -> None:
        if self._closed or any(e.key == key and e.usable for e in self._entries):
            return
        held = [resident_mb(e.lean.process.pid) or 0 for e in self._entries if e.lean.alive]
        like = max((e.first_mb or 0 for e in self._entries if e.key == key), default=0)
        if sum(held) + like <= self._limits.memory_mb and self._make_room(key):
            with suppress(EngineError):  # whoever needs it will hear of it
                entry = self._start(key)
                entry.ready.add_done_callback(lambda done: done.cancelled() or done.exception())

    # -- coming back -----------------------------------------------------------------------------

    async def give_back(self, entry: _Entry, *, good: bool) -> None:
        """Takes a Lean back; one that is not good any more is killed."""
        good = good and not self._closed and entry.lean.alive and entry.texts < _TEXTS
        good = good and len(self._entries) <= self._limits.processes
        if good:
            now = resident_mb(entry.lean.process.pid) or 0
            good = now <= (entry.first_mb or now) + _GROWTH_MB
            held = [resident_mb(e.lean.process.pid) or 0 for e in self._entries if e.lean.alive]
            others = any(e.key == entry.key and e.usable for e in self._entries)
            good = good and (sum(held) <= self._limits.memory_mb or not others)
        if not good:
            await self._drop(entry)
            return
        entry.lent = False
        entry.since = time.monotonic()
        self._tidy_later()

    def _tidy_later(self) -> None:
        if self._janitor is None and not self._closed:
            wait = max(0.05, self._limits.idle_seconds / 4)
            self._janitor = asyncio.get_running_loop().call_later(wait, self._tidy)

    def _tidy(self) -> None:
        self._janitor = None
        self._bury()
        now = time.monotonic()
        for entry in [e for e in self._entries if e.usable]:
            if now - entry.since >= self._limits.idle_seconds:
                self._entries.remove(entry)
                self._spawn(self._drop(entry))
        if self._entries:
            self._tidy_later()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drop(self, entry: _Entry) -> None:
        if entry in self._entries:
            self._entries.remove(entry)
        entry.ready.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await entry.ready
        await entry.lean.close()

    async def close(self) -> None:
        """Kills every Lean of the pool, lent or not."""
        self._closed = True
        if self._janitor is not None:
            self._janitor.cancel()
        entries, self._entries = self._entries, []
        await asyncio.gather(*(self._drop(entry) for entry in entries), *self._tasks)


def _shared(one: str, other: str) -> int:
    """How many lines two texts have in common at their start."""
    lines = zip(one.splitlines(), other.splitlines(), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], lines))


class Lent:
    """A warm Lean while somebody has it; a :class:`engine.lean.host.Host` too."""

    _numbers = itertools.count()

    def __init__(self, pool: Pool, entry: _Entry) -> None:
        self._pool = pool
        self._entry = entry
        self.lean = entry.lean
        self._folder = self.lean.folder / f"hole.{next(self._numbers)}"
        with room():
            self._folder.mkdir()
        self._watch: asyncio.Task[None] | None = None
        self._line = 1

    @property
    def folder(self) -> Path:
        """A folder of this visit."""
        return self._folder

    @property
    def process(self) -> LeanProcess | None:
        """The server's process."""
        return self.lean.process

    async def show(self, text: str, line: int) -> asyncio.Future[bool]:
        """Puts ``text`` in the place of the one before."""
        self._line = line
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def watch() -> None:
            well = False
            try:
                with suppress(WarmLeanError):
                    await self.lean.over()
                    well = True
            finally:
                if not over.done():
                    over.set_result(well)

        with suppress(WarmLeanError):  # then it is over at once
            await self.lean.show(text, line)
        self._watch = asyncio.create_task(watch())
        return over

    async def messages(self) -> Sequence[Message]:
        """The messages of the whole text."""
        try:
            return await self.lean.everything(_EXPLAIN_SECONDS)
        except WarmLeanError:
            return []

    async def settle(self) -> None:
        """Stops listening."""
        await self._stop_watching()
        self.lean.mute()

    async def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    async def check(self, text: str, line: int) -> Sequence[Message]:
        """The messages of ``text`` on and behind the ``line`` on which its last command starts.

        Raises :class:`WarmLeanError`.
        """
        self._line = line
        await self.lean.show(text, line)
        await self.lean.over()
        return await self.lean.of_command(line)

    async def leave(self, let_go: Callable[[], None], *, calm: bool) -> None:
        """Cancels what runs and gives Lean back; kills it unless it comes to rest soon."""
        good = False
        try:
            await self._stop_watching()
            if self.lean.alive:
                with suppress(WarmLeanError):
                    await self.lean.cut(self._line)
                    good = calm or await self._at_rest()
        finally:
            if not good and self.lean.alive:
                await self.lean.process.kill()
            let_go()
            remove_scratch(self._folder)
            await asyncio.shield(self._pool.give_back(self._entry, good=good))

    async def _at_rest(self) -> bool:
        deadline = time.monotonic() + _IDLE_SECONDS
        quiet = 0
        while time.monotonic() < deadline:
            busy = is_computing(self.lean.process.pid)
            if busy is None:
                return False
            quiet = 0 if busy else quiet + 1
            if quiet == 3:
                return True
            await asyncio.sleep(0.03)
        return False
