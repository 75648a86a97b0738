"""The engine's side of the wire: methods, progress at a bearable rate, and nothing about proofs."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from engine.protocol import (
    CACHE,
    CANCEL,
    DIAGNOSE,
    ENVIRONMENT,
    EXTEND,
    INITIALIZE,
    PROGRESS,
    PROGRESS_INTERVAL,
    PROPOSE,
    PROTOCOL_VERSION,
    PROVE,
    SHUTDOWN,
    SUGGEST,
    TREE,
    VERIFY,
    VERIFY_TOGETHER,
    CacheParams,
    EnvironmentParams,
    ExtendParams,
    InitializeResult,
    JobParams,
    ProgressReport,
    ProposeParams,
    ProveParams,
    Settings,
    SuggestParams,
    VerifyParams,
    VerifyTogetherParams,
)
from engine.wire import INVALID_REQUEST, METHOD_NOT_FOUND, Peer, RpcError, from_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.service import Service, ServiceFactory

__all__ = ["Server", "Throttle"]

logger = logging.getLogger(__name__)


def _version() -> str:
    try:
        return version("dsp-lsp")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


class Throttle:
    """Passes reports on, at least ``interval`` seconds apart; of those in between, the last.

    Lives on the running event loop; ``send`` is called from it.
    """

    def __init__(
        self, send: Callable[[ProgressReport], None], interval: float = PROGRESS_INTERVAL
    ) -> None:
        self._send = send
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._due = float("-inf")
        self._waiting: ProgressReport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def __call__(self, report: ProgressReport) -> None:
        """Takes a report; none after :meth:`end`, for a job that has answered is over."""
        if self._ended:
            return
        self._waiting = report
        if self._timer is None:
            if self._loop.time() >= self._due:
                self._flush()
            else:
                self._timer = self._loop.call_at(self._due, self._flush)

    def end(self) -> None:
        """Sends what waits: the last state is never lost."""
        self._ended = True
        self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting is not None:
            report, self._waiting = self._waiting, None
            self._due = self._loop.time() + self._interval
            self._send(report)


class Server:
    """Answers requests from ``send``'s other end with the service that ``create`` makes.

    ``stop`` is called after the answer to ``shutdown`` was sent.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        create: ServiceFactory,
        stop: Callable[[], None],
    ) -> None:
        self.peer = Peer(send, handle=self._handle, notified=self._notified)
        self._create = create
        self._stop = stop
        self._service: Service | None = None
        self._notices: set[asyncio.Task[object]] = set()
        self._methods: dict[str, Callable[[object], Awaitable[object]]] = {
            INITIALIZE: self._initialize,
            ENVIRONMENT: self._environment,
            DIAGNOSE: self._diagnose,
            PROVE: self._prove,
            EXTEND: self._extend,
            CANCEL: self._cancel,
            SUGGEST: self._suggest,
            PROPOSE: self._propose,
            VERIFY: self._verify,
            VERIFY_TOGETHER: self._verify_together,
            TREE: self._tree,
            CACHE: self._cache,
            SHUTDOWN: self._shutdown,
        }

    async def close(self) -> None:
        """Closes the service, and with it every Lean; may be called again."""
        service, self._service = self._service, None
        if service is not None:
            started = time.monotonic()
            await service.close()
            logger.debug("closed in %.2f s", time.monotonic() - started)

    async def _handle(self, method: str, params: object) -> object:
        call = self._methods.get(method)
        if call is None:
            raise RpcError(METHOD_NOT_FOUND, f"The engine has no method {method!r}.")
        return await call(params)

    def _notified(self, method: str, params: object) -> None:
        # A caller that stops waiting for `prove` cancels without waiting for an answer.
        if method == CANCEL:
            task: asyncio.Task[object] = asyncio.ensure_future(self._quietly_cancel(params))
            self._notices.add(task)
            task.add_done_callback(self._notices.discard)

    async def _quietly_cancel(self, params: object) -> None:
        try:
            await self._cancel(params)
        except Exception:
            logger.exception("notification %r", CANCEL)

    @property
    def _prover(self) -> Service:
        if self._service is None:
            raise RpcError(INVALID_REQUEST, f"Send `{INITIALIZE}` first.")
        return self._service

    async def _initialize(self, params: object) -> InitializeResult:
        if self._service is not None:
            raise RpcError(INVALID_REQUEST, f"`{INITIALIZE}` was sent before.")
        settings = from_json(Settings, {} if params is None else params)
        self._service = self._create(settings)
        return InitializeResult(
            protocol_version=PROTOCOL_VERSION, engine_version=_version(), pid=os.getpid()
        )

    async def _environment(self, params: object) -> object:
        return await self._prover.environment(from_json(EnvironmentParams, params))

    async def _diagnose(self, params: object) -> object:
        return await self._prover.diagnose(from_json(EnvironmentParams, params))

    async def _prove(self, params: object) -> object:
        prover, decoded = self._prover, from_json(ProveParams, params)
        report = Throttle(self._send_progress)
        try:
            return await prover.prove(decoded, report)
        finally:
            report.end()

    async def _extend(self, params: object) -> object:
        prover, decoded = self._prover, from_json(ExtendParams, params)
        report = Throttle(self._send_progress)
        try:
            return await prover.extend(decoded, report)
        finally:
            report.end()

    async def _cancel(self, params: object) -> None:
        await self._prover.cancel(from_json(JobParams, params).job)

    async def _suggest(self, params: object) -> object:
        return await self._prover.suggest(from_json(SuggestParams, params))

    async def _propose(self, params: object) -> object:
        return await self._prover.propose(from_json(ProposeParams, params))

    async def _verify(self, params: object) -> object:
        return await self._prover.verify(from_json(VerifyParams, params))

    async def _verify_together(self, params: object) -> object:
        return await self._prover.verify_together(from_json(VerifyTogetherParams, params))

    async def _tree(self, params: object) -> object:
        return await self._prover.tree(from_json(JobParams, params).job)

    async def _cache(self, params: object) -> object:
        return await self._prover.cache(from_json(CacheParams, params))

    async def _shutdown(self, params: object) -> None:
        await self.close()
        # The answer is handed over when this coroutine has returned, hence the turn of the loop.
        asyncio.get_running_loop().call_soon(self._stop)

    def _send_progress(self, report: ProgressReport) -> None:
        try:
            self.peer.notify(PROGRESS, report)
        except ValueError:  # JSON has no infinity; a search must not fail for a number to look at
            logger.exception("a progress report that cannot be sent")
