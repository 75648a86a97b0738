"""The warm Leans of a session: found, lent, taken back, kept ready, closed when nobody comes."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from engine.lean.process import HOLES
from engine.lean.scratch import remove_scratch, room
from engine.lean.usage import computing, resident_mb
from engine.lean.warm import WarmLean, WarmLeanError
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from engine.lean.messages import Message
    from engine.lean.process import LeanCommand, LeanProcess
    from engine.lean.sheet import Sheet
    from engine.lean.traffic import Traffic

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


_ELABORATING = 2
"""Threads that a visitor may keep busy besides tactics, while a text comes to its site."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``processes``: the most Leans, if texts can share them; ``memory_mb``: the most that they may
    hold together for another one to be started beside them; ``idle_seconds``: how long an idle one
    is kept; ``holes``: how many a Lean has before another one is started for the same imports; with
    1 none is ever shared, whatever the other limits say.
    """

    processes: int = 3
    memory_mb: int = 4096
    idle_seconds: float = 300.0
    holes: int = HOLES


@dataclass(frozen=True, slots=True)
class Key:
    """What two texts must share to be served by one Lean: how it is run, the line of imports, and
    the state of the imported files.
    """

    command: LeanCommand
    header: str
    stamp: tuple[tuple[str, int, int], ...]


class _Entry:
    """A Lean of the pool: starting, idle or visited, by as many texts as it has sheets lent."""

    def __init__(self, key: Key, lean: WarmLean) -> None:
        self.key = key
        self.lean = lean
        self.ready: asyncio.Task[Sheet] = asyncio.create_task(lean.start(_START_SECONDS))
        self.loading: asyncio.Task[None] | None = None
        self.free: list[Sheet] = []
        self.visitors = 0
        self.retired = False
        self.texts = 0
        self.first_mb: int | None = None
        self.since = time.monotonic()

    @property
    def alive(self) -> bool:
        return not self.ready.done() or self.lean.alive

    @property
    def idle(self) -> bool:
        return not self.visitors and self.alive

    @property
    def welcomes(self) -> bool:
        """Whether another text may come."""
        return self.alive and not self.retired and not self.lean.flooded and self.visitors < HOLES

    def likeness(self, text: str) -> tuple[bool, int]:
        return self.ready.done(), max((_shared(sheet.text, text) for sheet in self.free), default=0)

    def sheet(self, text: str) -> Sheet:
        """The sheet that had a text most like ``text``; a new one where none is free."""
        if not self.free:
            return self.lean.new_sheet()
        sheet = max(self.free, key=lambda sheet: _shared(sheet.text, text))
        self.free.remove(sheet)
        return sheet


class Pool:
    """Lends sheets of warm Leans. One is kept ready for the key that was asked for last."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entries: list[_Entry] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._janitor: asyncio.TimerHandle | None = None

    async def take(self, key: Key, text: str = "") -> Lent:
        """A sheet for ``key``, best one that had a text like ``text``.

        Raises :class:`WarmLeanError` when no Lean can be brought up.
        """
        while True:
            self._bury()
            entry = self._choose(key, text)
            entry.visitors += 1
            entry.texts += 1
            try:
                first = await asyncio.shield(entry.ready)
                if not entry.lean.alive:
                    raise WarmLeanError("Lean ended before it was used")
                if entry.first_mb is None:
                    entry.first_mb = resident_mb(entry.lean.process.pid)
                    entry.free.append(first)
                lent = Lent(self, entry, entry.sheet(text))
            except WarmLeanError:
                await self._depart(entry)
                if entry.first_mb is None:
                    raise
            except BaseException:
                await asyncio.shield(self._depart(entry))
                raise
            else:
                self._keep_ready(entry)
                return lent

    def _bury(self) -> None:
        """Forgets Leans that have died."""
        for entry in [e for e in self._entries if not e.alive]:
            self._entries.remove(entry)
            if not entry.visitors:
                self._spawn(self._drop(entry))

    def _choose(self, key: Key, text: str) -> _Entry:
        """An idle Lean if there is one; else one to share, or a new one where that is allowed."""
        mine = [e for e in self._entries if e.key == key and e.welcomes]
        idle = [e for e in mine if e.idle]
        if idle:
            return max(idle, key=lambda entry: entry.likeness(text))
        least = min(mine, key=lambda entry: entry.visitors, default=None)
        if least is not None and self._limits.holes > 1:
            if least.visitors < self._limits.holes or not self._may_start(key):
                return least
            return self._start(key)
        self._make_room(key)
        return self._start(key)

    def _may_start(self, key: Key) -> bool:
        held = [resident_mb(e.lean.process.pid) or 0 for e in self._entries if e.lean.alive]
        like = max((e.first_mb or 0 for e in self._entries if e.key == key), default=0)
        return sum(held) + like <= self._limits.memory_mb and self._make_room(key)

    def _start(self, key: Key) -> _Entry:
        if self._closed:
            raise WarmLeanError("the session is closed")
        entry = _Entry(key, WarmLean(key.command, key.header))
        entry.ready.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._entries.append(entry)
        return entry

    def _make_room(self, key: Key) -> bool:
        """Ends idle Leans of other keys until another one fits; whether it does."""
        over = len(self._entries) + 1 - self._limits.processes
        idle = [e for e in self._entries if e.idle and e.key != key]
        for entry in sorted(idle, key=lambda e: e.since)[: max(0, over)]:
            self._entries.remove(entry)
            self._spawn(self._drop(entry))
        return len(self._entries) < self._limits.processes

    def _keep_ready(self, entry: _Entry) -> None:
        """Has a sheet with the imports loaded for the next text of this kind."""
        others = (e for e in self._entries if e.key == entry.key and e.idle)
        if self._closed or any(others):
            return
        if self._limits.holes == 1:
            if self._may_start(entry.key):
                with suppress(EngineError):  # whoever needs it will hear of it
                    self._start(entry.key)
            return
        if entry.free or entry.loading is not None:
            return

        async def load() -> None:
            try:
                with suppress(WarmLeanError):
                    sheet = entry.lean.new_sheet()
                    await sheet.load()
                    entry.free.append(sheet)
            finally:
                entry.loading = None

        entry.loading = asyncio.create_task(load())

    # -- coming back -----------------------------------------------------------------------------

    async def give_back(self, entry: _Entry, sheet: Sheet, *, good: bool) -> None:
        """Takes a sheet back. A Lean that is not good any more ends with its last visit."""
        if not good or self._closed or entry.texts >= _TEXTS or not entry.lean.alive:
            entry.retired = True
        else:
            entry.free.append(sheet)
            now = resident_mb(entry.lean.process.pid) or 0
            if now > (entry.first_mb or now) + _GROWTH_MB or self._is_too_much(entry):
                entry.retired = True
        await self._depart(entry)

    def _is_too_much(self, entry: _Entry) -> bool:
        """Whether the Leans are too many, or too large together, and another serves the key."""
        if len(self._entries) > self._limits.processes:
            return True
        held = [resident_mb(e.lean.process.pid) or 0 for e in self._entries if e.lean.alive]
        others = any(e.key == entry.key and e is not entry and e.welcomes for e in self._entries)
        return sum(held) > self._limits.memory_mb and others

    async def _depart(self, entry: _Entry) -> None:
        entry.visitors -= 1
        entry.since = time.monotonic()
        if not entry.visitors and (entry.retired or not entry.alive or self._closed):
            await self._drop(entry)
        else:
            self._tidy_later()

    def _tidy_later(self) -> None:
        if self._janitor is None and not self._closed:
            wait = max(0.05, self._limits.idle_seconds / 4)
            self._janitor = asyncio.get_running_loop().call_later(wait, self._tidy)

    def _tidy(self) -> None:
        self._janitor = None
        self._bury()
        now = time.monotonic()
        for entry in [e for e in self._entries if e.idle]:
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
        for task in (entry.ready, entry.loading):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
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
    """A sheet of a warm Lean while somebody has it; a :class:`engine.lean.host.Host` too."""

    _numbers = itertools.count()

    def __init__(self, pool: Pool, entry: _Entry, sheet: Sheet) -> None:
        self._pool = pool
        self._entry = entry
        self._lean = entry.lean
        self._sheet = sheet
        self._folder = self._lean.folder / f"hole.{next(self._numbers)}"
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
        return self._lean.process

    @property
    def traffic(self) -> Traffic:
        """The tactics on their way in the server."""
        return self._lean.traffic

    async def show(self, text: str, line: int) -> asyncio.Future[bool]:
        """Puts ``text`` in the place of the one before."""
        self._line = line
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def watch() -> None:
            well = False
            try:
                with suppress(WarmLeanError):
                    await self._sheet.over()
                    well = True
            finally:
                if not over.done():
                    over.set_result(well)

        with suppress(WarmLeanError):  # then it is over at once
            await self._sheet.show(text, line)
        self._watch = asyncio.create_task(watch())
        return over

    async def messages(self) -> Sequence[Message]:
        """The messages of the whole text."""
        try:
            return await self._sheet.everything(_EXPLAIN_SECONDS)
        except WarmLeanError:
            return []

    async def settle(self) -> None:
        """Does not want messages; still watches for the end of the text, which may come early."""
        self._sheet.mute()

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
        await self._sheet.show(text, line)
        await self._sheet.over()
        return await self._sheet.of_command(line)

    async def leave(self, let_go: Callable[[], None], *, calm: bool) -> None:
        """Cancels what runs and gives the sheet back; kills Lean unless that comes to rest soon."""
        good = False
        try:
            await self._stop_watching()
            if self._lean.alive:
                with suppress(WarmLeanError):
                    await self._sheet.cut(self._line)
                    good = calm or await self._at_rest()
        finally:
            if not good and self._lean.alive:
                await self._lean.process.put_down()
            let_go()
            remove_scratch(self._folder)
            await asyncio.shield(self._pool.give_back(self._entry, self._sheet, good=good))

    async def _at_rest(self) -> bool:
        """Whether Lean soon does no more than what the other visitors have it do."""
        deadline = time.monotonic() + _IDLE_SECONDS
        quiet = 0
        while time.monotonic() < deadline:
            busy = computing(self._lean.process.pid)
            if busy is None:
                return False
            traffic = self._lean.traffic
            coming = self._entry.visitors - 1 - traffic.holes + (self._entry.loading is not None)
            quiet = quiet + 1 if busy <= traffic.total + _ELABORATING * coming else 0
            if quiet == 3:
                return True
            await asyncio.sleep(0.03)
        return False
