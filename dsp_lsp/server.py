"""The language server: its state, and the features put together. :mod:`dsp_lsp.features` has the
commands and notifications that an editor's plugin may use.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from dsp_lsp import __version__
from dsp_lsp.config import Config, engine_settings
from dsp_lsp.connection import Protocol
from dsp_lsp.engine_host import EngineHost
from dsp_lsp.features import (
    actions,
    configuration,
    documents,
    hover,
    lenses,
    progress,
    prove,
    suggest,
    tree,
)
from dsp_lsp.features.documents import Documents
from dsp_lsp.jobs import Job, Jobs
from dsp_lsp.positions import Encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from dsp_lsp.engine_host import Lease

__all__ = ["Server"]

logger = logging.getLogger(__name__)


class Server(LanguageServer):
    """What the features share. ``engine`` runs the searches, ``jobs`` counts them."""

    protocol: Protocol

    def __init__(self, engine: EngineHost | None = None) -> None:
        super().__init__("dsp-lsp", __version__, protocol_cls=Protocol, max_workers=2)
        self.config = Config()
        self.documents = Documents()
        self.engine = engine or EngineHost()
        self.jobs = Jobs(self.config.max_searches, self._job_changed)
        self.job_listeners: list[Callable[[Job], None]] = []
        self.at_close: list[Callable[[], None]] = []
        self.said_lean4 = False
        self._tasks: set[asyncio.Task[None]] = set()
        features = (
            documents,
            configuration,
            actions,
            prove,
            suggest,
            hover,
            progress,
            lenses,
            tree,
        )
        for feature in features:
            feature.register(self)

    @property
    def encoding(self) -> Encoding:
        """What the client counts in a line."""
        chosen = self.workspace.position_encoding or Encoding.UTF16
        return Encoding(str(getattr(chosen, "value", chosen)))

    def use_engine(self) -> AbstractAsyncContextManager[Lease]:
        """The engine for the present configuration."""
        return self.engine.use(engine_settings(self.config))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something beside; what it raises is logged."""

        async def run() -> None:
            try:
                await work
            except Exception:
                logger.exception("in the background")

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tell(self, message: str, kind: types.MessageType) -> None:
        """Shows the user a message."""
        self.window_show_message(types.ShowMessageParams(type=kind, message=message))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Logged, not shown: nobody at an editor can do anything with it."""
        refusal = isinstance(error, JsonRpcInvalidParams)
        level = logging.INFO if refusal else logging.ERROR
        logger.log(level, "%s: %s", getattr(source, "__name__", source), error)

    async def close(self) -> None:
        """Ends every search and the engine."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(self.jobs.close(), self.engine.close(), return_exceptions=True)
        for end in self.at_close:
            end()

    def _job_changed(self, job: Job) -> None:
        for listener in self.job_listeners:
            self._guarded(listener, job)

    @staticmethod
    def _guarded(listener: Callable[[Job], None], job: Job) -> None:
        try:
            listener(job)
        except Exception:
            logger.exception("about %s", job.id)
