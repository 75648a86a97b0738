"""Where a hole lives: a Lean of its own, or one that is warm (:mod:`engine.lean.pool`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from engine.lean.process import LeanCommand, LeanProcess
from engine.lean.scratch import make_scratch, remove_scratch, room
from engine.lean.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.lean.messages import Message


class Host(Protocol):
    """A Lean that can be shown one text, and then left."""

    @property
    def folder(self) -> Path:
        """An empty folder that this Lean can see; for the FIFOs of the text's hole."""
        ...

    @property
    def process(self) -> LeanProcess | None:
        """The process, once a text was shown."""
        ...

    @property
    def traffic(self) -> Traffic:
        """The tactics on their way in this Lean."""
        ...

    async def show(self, text: str, line: int) -> asyncio.Future[bool]:
        """Has Lean elaborate ``text``, of which what stands before ``line`` need not be checked.

        The future is done when Lean is over with the text, or failed: then it is False.
        """
        ...

    async def messages(self) -> Sequence[Message]:
        """What Lean says of a text that it is over with."""
        ...

    async def settle(self) -> None:
        """Says that the hole is open: nobody listens to Lean's messages from now on."""
        ...

    async def leave(self, let_go: Callable[[], None], *, calm: bool) -> None:
        """Ends the visit; called once. ``let_go`` closes the hole's FIFOs, which must stay open as
        long as Lean may write to them; ``calm``: no tactic is on its way.
        """
        ...


Hosts = Callable[[], Awaitable[Host]]
"""Finds a Lean for a hole, anew each time that the last one died."""


class ColdHost:
    """A Lean that is started over one text and killed after it."""

    def __init__(self, command: LeanCommand) -> None:
        self._command = command
        self._folder = make_scratch()
        self._process: LeanProcess | None = None
        self.traffic = Traffic(command.places)

    @property
    def folder(self) -> Path:
        """A scratch folder, removed in the end."""
        return self._folder

    @property
    def process(self) -> LeanProcess | None:
        """The process, once a text was shown."""
        return self._process

    async def show(self, text: str, line: int) -> asyncio.Future[bool]:
        """Starts Lean over ``text``; all of it is elaborated."""
        del line
        file = self._folder / "document.lean"
        with room():
            file.write_bytes(text.encode("utf-8"))
        self._process = await LeanProcess.start(self._command, file)
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def ended(task: asyncio.Task[int]) -> None:
            if not over.done():
                # Status 1 means that there are errors among the messages.
                over.set_result(not task.cancelled() and task.result() in (0, 1))

        self._process.ended.add_done_callback(ended)
        return over

    async def messages(self) -> Sequence[Message]:
        """The messages so far."""
        return self._process.messages if self._process is not None else []

    async def settle(self) -> None:
        """Nothing to do: messages are few, and bounded."""

    async def leave(self, let_go: Callable[[], None], *, calm: bool) -> None:
        """Kills Lean."""
        del calm
        let_go()
        if self._process is not None:
            await self._process.kill()
        remove_scratch(self._folder)


def cold(command: LeanCommand) -> Hosts:
    """A Lean of its own for each visit."""

    async def host() -> Host:
        return ColdHost(command)

    return host
