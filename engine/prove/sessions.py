"""Which checker serves a document: the user's Lean, or the embedded core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.embedded.session import CHECKER, EmbeddedSession
from engine.generators import Repertoire
from engine.lean import ProcessSession, find_project
from engine.lean.pool import Limits
from engine.lean.toolchain import INSTALL, LeanNotFoundError
from engine.protocol import Environment
from engine.source import analyse

if TYPE_CHECKING:
    from pathlib import Path

    from engine.lean import Document, LeanSession
    from engine.protocol import Settings

EMBEDDED = "embedded"
"""The value of ``Settings.lean`` that asks for the embedded core."""

NOTICE = f"No Lean 3 was found; {CHECKER} knows a small part of it. {INSTALL}"


class Sessions:
    """The sessions of an engine, each made when it is first needed.

    The embedded core serves where it is asked for. It also serves, if ``embedded_fallback`` allows
    it, a text without imports outside all projects on a machine without a `lean`.
    """

    def __init__(self, settings: Settings, threads: int) -> None:
        self._asked_for_core = settings.lean == EMBEDDED
        self._may_fall_back = settings.embedded_fallback and settings.lean is None
        warm = Limits(
            settings.warm_processes,
            settings.warm_memory_mb,
            settings.warm_idle_seconds,
            settings.warm_holes,
        )
        self._lean = ProcessSession(
            lean=settings.lean,
            threads=threads,
            memory_mb=settings.memory_mb,
            heartbeats=settings.heartbeats,
            sandbox=settings.sandbox,
            warm=warm if settings.warm else None,
        )
        self._core = EmbeddedSession()

    async def serving(self, document: Document) -> tuple[LeanSession, list[str]]:
        """The session for ``document``, and what the user should know about the choice.

        Raises :class:`EngineError` where no Lean 3 is found and the core may not stand in.
        """
        if self._asked_for_core:
            return self._core, []
        if not self._may_fall_back:
            return self._lean, []
        try:
            await self._lean.workplace(document.folder)
        except LeanNotFoundError:
            if analyse(document.text).imports or find_project(document.folder) is not None:
                raise
            return self._core, [NOTICE]
        return self._lean, []

    def notices(self) -> list[str]:
        """What the user should know about how Lean runs; each is given once."""
        return self._lean.notices()

    async def environment(self, folder: Path) -> Environment:
        """What serves documents without imports in ``folder``."""
        if not self._asked_for_core:
            try:
                return await self._lean_environment(folder)
            except LeanNotFoundError:
                if not self._may_fall_back or find_project(folder) is not None:
                    raise
        return Environment(
            lean=CHECKER,
            lean_version="",
            project_root=None,
            search_path=[],
            mathlib=False,
            default_imports=[],
            generator=Repertoire.name,
            device=Repertoire.device,
        )

    async def _lean_environment(self, folder: Path) -> Environment:
        workplace = await self._lean.workplace(folder)
        return Environment(
            lean=str(workplace.toolchain.program),
            lean_version=workplace.toolchain.version_text,
            project_root=str(workplace.project.root) if workplace.project is not None else None,
            search_path=[str(entry) for entry in workplace.search_path],
            mathlib=workplace.has_mathlib,
            default_imports=workplace.default_imports(),
            generator=Repertoire.name,
            device=Repertoire.device,
        )

    async def close(self) -> None:
        """Closes what was opened."""
        await self._lean.close()
        await self._core.close()
