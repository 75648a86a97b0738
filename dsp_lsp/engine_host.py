"""The engine's life under an editor: started when first needed, started again when it has died."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dsp_lsp.engine_client import EngineProcess
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.protocol import Settings

__all__ = ["EngineHost", "Lease"]

logger = logging.getLogger(__name__)

_NICENESS = 15
"""The editor, and Lean's own server in it, come before a search that runs beside them."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_FORGIVEN_AFTER = 60.0
"""An engine that lived as long as this was well: the pause before the next one is short again."""


class Lease:
    """One engine process and how many use it. ``number`` tells one process from the next."""

    def __init__(self, process: EngineProcess, settings: Settings, number: int) -> None:
        self.process = process
        self.settings = settings
        self.number = number
        self.users = 0
        self.started = asyncio.get_running_loop().time()


class EngineHost:
    """Hands out the engine for some settings.

    An engine with other settings ends once nobody uses it any more. ``create`` makes a process that
    was not started yet; ``pause`` is the first pause after a death, doubled each time.
    """

    def __init__(
        self,
        create: Callable[[], EngineProcess] | None = None,
        *,
        pause: float = _FIRST_PAUSE,
    ) -> None:
        self._create = create or (lambda: EngineProcess(log=_log, niceness=_NICENESS))
        self._first_pause = self._pause = pause
        self._lock = asyncio.Lock()
        self._current: Lease | None = None
        self._retired: list[Lease] = []
        self._number = 0
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> Lease | None:
        """The engine that is up, if one is."""
        lease = self._current
        return None if lease is None or lease.process.gone else lease

    @asynccontextmanager
    async def use(self, settings: Settings) -> AsyncIterator[Lease]:
        """An engine that is up. Raises :class:`EngineError` when it cannot be started."""
        lease = await self._get(settings)
        lease.users += 1
        try:
            yield lease
        finally:
            lease.users -= 1
            self._sweep()

    async def restart(self) -> None:
        """Ends the engine; the next use starts one without a pause."""
        lease, self._current = self._current, None
        self._pause = self._first_pause
        if lease is not None:
            await lease.process.close()

    async def close(self) -> None:
        """Ends every engine; nobody gets one any more."""
        self._closed = True
        leases = [*self._retired, *([self._current] if self._current else [])]
        self._current, self._retired = None, []
        await asyncio.gather(
            *(lease.process.close() for lease in leases), *self._closing, return_exceptions=True
        )

    async def _get(self, settings: Settings) -> Lease:
        async with self._lock:
            lease = self._current
            if lease is not None and lease.process.gone:
                await self._bury(lease)
                lease = None
            if lease is not None and lease.settings != settings:
                self._retired.append(lease)
                self._current = lease = None
                self._sweep()
            if self._closed:
                raise EngineError("The server is shutting down.", kind=ErrorKind.INTERNAL)
            if lease is None:
                process = self._create()
                await process.start(settings)
                self._number += 1
                lease = Lease(process, settings, self._number)
                self._current = lease
                logger.info("engine %d is up, process %s", self._number, process.pid)
                if self._closed:
                    await self.close()
                    raise EngineError("The server is shutting down.", kind=ErrorKind.INTERNAL)
            return lease

    async def _bury(self, lease: Lease) -> None:
        """After a death: waits, longer each time, so that a broken engine is no busy loop."""
        self._current = None
        await lease.process.close()
        if asyncio.get_running_loop().time() - lease.started > _FORGIVEN_AFTER:
            self._pause = self._first_pause
        logger.warning("engine %d has died; the next starts in %g s", lease.number, self._pause)
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        await asyncio.sleep(pause)

    def _sweep(self) -> None:
        idle = [lease for lease in self._retired if lease.users == 0]
        for lease in idle:
            self._retired.remove(lease)
            task = asyncio.create_task(lease.process.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _log(line: str) -> None:
    logger.info("engine: %s", line)
