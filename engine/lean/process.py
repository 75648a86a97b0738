"""A `lean` process: started so that it dies with us, its output always drained, killed whole."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lean.messages import Message, parse_message
from engine.lifetime import Tied, tie
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.lean.toolchain import Toolchain

_LINE_LIMIT = 1 << 20
"""Longest line of output that is read as a message; longer ones are skipped, not kept."""

_MESSAGE_LIMIT = 10_000
"""Most messages kept of one run: a tactic that prints for ever must not fill our memory."""

_LOOK_SECONDS = 0.1
"""How often we look whether a Lean has ended whose pipes somebody else holds open."""


@dataclass(frozen=True, slots=True)
class LeanCommand:
    """How Lean is run: the program, where modules are, threads, and its own memory limit in MB."""

    toolchain: Toolchain
    search_path: tuple[Path, ...]
    threads: int
    memory_mb: int

    def arguments(self, file: Path) -> list[str]:
        """The command line that checks ``file`` and prints messages as JSON."""
        return [
            str(self.toolchain.program),
            "--json",
            f"-j{self.threads}",
            f"-M{self.memory_mb}",
            str(file),
        ]

    def environment(self) -> dict[str, str]:
        """Our environment with Lean's search path set."""
        return {**os.environ, "LEAN_PATH": os.pathsep.join(map(str, self.search_path))}


class LeanProcess:
    """One run of Lean over one file. ``messages`` grows while it runs."""

    def __init__(self, process: asyncio.subprocess.Process, tied: Tied) -> None:
        if process.stdout is None or process.stderr is None:
            raise ValueError("Lean must be started with pipes")
        self._process = process
        self._stdout = process.stdout
        self._stderr = process.stderr
        self._tied = tied
        self.messages: list[Message] = []
        self.noise = b""
        self._readers = [
            asyncio.create_task(self._read_messages()),
            asyncio.create_task(self._read_noise()),
        ]
        self.ended: asyncio.Task[int] = asyncio.create_task(self._wait())

    @classmethod
    async def start(cls, command: LeanCommand, file: Path) -> LeanProcess:
        """Starts Lean over ``file``; raises :class:`EngineError` when it cannot be started."""
        tied = tie(command.arguments(file))
        try:
            process = await asyncio.create_subprocess_exec(
                *tied.argv,
                cwd=command.toolchain.folder,
                env=command.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LINE_LIMIT,
                **tied.options,
            )
        except OSError as error:
            tied.release()
            raise EngineError(
                f"{command.toolchain.program} cannot be started: {error.strerror}.",
                remedy="Check the program's path and permissions.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
        tied.started()
        return cls(process, tied)

    @property
    def pid(self) -> int:
        """The process id, which is also its process group's."""
        return self._process.pid

    async def _read_messages(self) -> None:
        while True:
            try:
                line = await self._stdout.readline()
            except ValueError:  # a line over the limit; the stream has dropped what it had of it
                continue
            if not line:
                return
            message = parse_message(line)
            if message is not None and len(self.messages) < _MESSAGE_LIMIT:
                self.messages.append(message)

    async def _read_noise(self) -> None:
        while chunk := await self._stderr.read(65536):
            self.noise = (self.noise + chunk)[-4096:]

    async def _wait(self) -> int:
        # Something that Lean started may hold the pipes open: its end is Lean's end. Some versions
        # of Python let `wait` wait for the pipes, too; the status is there before that.
        waiting = asyncio.create_task(self._process.wait())
        while self._process.returncode is None:
            await asyncio.wait({waiting}, timeout=_LOOK_SECONDS)
        code = self._process.returncode
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _, held = await asyncio.wait({waiting, *self._readers}, timeout=5)
        for task in held:
            task.cancel()
        self._tied.release()
        return code

    def how_it_ended(self) -> str:
        """One clause about the exit of a process that has ended."""
        code = self._process.returncode
        if code is None:
            return "is still running"
        last = self.noise.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        said = f": {last[0]}" if last[0] else ""
        if code < 0:
            with suppress(ValueError):
                return f"was killed by {signal.Signals(-code).name}{said}"
        return f"ended with status {code}{said}"

    async def kill(self) -> None:
        """Kills the process and all of its group, and waits until it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await asyncio.shield(self.ended)


def worst(messages: Sequence[Message]) -> Message | None:
    """The first error among ``messages``, if any."""
    return next((message for message in messages if message.is_error), None)
