"""A `lean` process: started so that it dies with us, its output always drained, killed whole."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.lean.messages import Message, parse_message
from engine.lean.sandbox import Launch, Sandbox, with_limits
from engine.lean.scratch import room, scratch
from engine.lean.usage import resident_mb
from engine.lifetime import Tied, tie
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from engine.lean.toolchain import Toolchain

_LINE_LIMIT = 1 << 20
"""Longest line of output that is read as a message; longer ones are skipped, not kept."""

_SERVER_LINE_LIMIT = 1 << 24
"""The same for a server, which says all messages in one line."""

_MESSAGE_LIMIT = 10_000
"""Most messages kept of one run: a tactic that prints for ever must not fill our memory."""

_VARIABLES = (
    "PATH",
    "HOME",
    "ELAN_HOME",
    "ELAN_TOOLCHAIN",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
)
"""What Lean, or elan in front of it, is told of our environment: a document can read it."""

_LOOK_SECONDS = 0.1
"""How often we look whether a Lean has ended whose pipes somebody else holds open."""


_MEMORY_SECONDS = 0.2
"""How often we look how much memory a Lean holds. One that comes to its own limit may hang, as any
of its threads is refused memory then, so that it is killed before.
"""

_BACKSTOP_MB = 1024 if Path("/proc/self/status").exists() else 0
"""How far Lean's own limit is above ours, where we can look."""

HOLES = 8
"""Most holes that a server has at a time."""


@dataclass(frozen=True, slots=True)
class LeanCommand:
    """How Lean is run: the program, where modules are, how many tactics run at a time, its
    memory limit in MB, the sandbox around it, if there is one, and what more it is told to do with
    a file.
    """

    toolchain: Toolchain
    search_path: tuple[Path, ...]
    threads: int
    memory_mb: int
    sandbox: Sandbox | None = None
    options: tuple[str, ...] = ()

    @property
    def places(self) -> int:
        """How many tactics are sent at a time: one more than run keeps all cores busy while answers
        travel, and leaves Lean idle soon after a stop. What was started cannot be taken back.
        """
        return self.threads + 1

    def arguments(self, file: Path | None) -> list[str]:
        """The arguments that make Lean check ``file`` and print messages as JSON; without a file,
        serve its editor protocol on its standard streams.
        """
        mode, *target = ("--server",) if file is None else ("--json", str(file))
        # Each open hole waits in a thread of its own, and so may two of its tactics.
        threads = self.places + (4 * HOLES if file is None else 2)
        return [mode, f"-j{threads}", f"-M{self.memory_mb + _BACKSTOP_MB}", *self.options, *target]

    @contextmanager
    def launch(self, file: Path, *, serves: bool = False) -> Iterator[Launch]:
        """How Lean is started over ``file``, or as a server; it may look into the file's folder,
        no further.
        """
        path = {"LEAN_PATH": os.pathsep.join(map(str, self.search_path))}
        arguments = self.arguments(None if serves else file)
        if self.sandbox is None:
            own = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
            yield Launch([str(self.toolchain.program), *arguments], {**own, **path})
            return
        with self.sandbox.launch(
            arguments, readable=self.search_path, folder=file.parent, environment=path
        ) as launch:
            yield launch


class LeanProcess:
    """One run of Lean: over one file, when ``messages`` grows while it runs, or as a server, when
    ``on_line`` is given each line that it prints, and nothing for one that is too long.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        tied: Tied,
        sandbox: Sandbox | None = None,
        memory_mb: int = 0,
        on_line: Callable[[bytes], None] | None = None,
    ) -> None:
        if process.stdout is None or process.stderr is None:
            raise ValueError("Lean must be started with pipes")
        self._process = process
        self._stdout = process.stdout
        self._stderr = process.stderr
        self._tied = tied
        self._sandbox = sandbox
        self._code: int | None = None
        self._on_line = on_line if on_line is not None else self._keep_message
        self.was_put_down = False
        self.ran_out = False
        self.memory_mb = memory_mb
        self.messages: list[Message] = []
        self.noise = b""
        self._readers = [
            asyncio.create_task(self._read_messages()),
            asyncio.create_task(self._read_noise()),
        ]
        self.ended: asyncio.Task[int] = asyncio.create_task(self._wait())
        self._weighing = asyncio.create_task(self._weigh())

    @classmethod
    async def start(
        cls,
        command: LeanCommand,
        file: Path,
        on_line: Callable[[bytes], None] | None = None,
    ) -> LeanProcess:
        """Starts Lean over ``file``, or with ``on_line`` as a server, which sees the file's folder
        as well. Raises :class:`EngineError` when it cannot be started.
        """
        serves = on_line is not None
        with command.launch(file, serves=serves) as launch:
            # A bubblewrap that is killed while it starts leaves a child behind that waits for it
            # for ever, and that the kernel's signal does not reach: the watcher does.
            tied = tie(launch.argv, watcher=True if command.sandbox is not None else None)
            options = dict(tied.options)
            inherited = (*options.pop("pass_fds", ()), *launch.descriptors)
            limited = with_limits(options.pop("preexec_fn", None), command.memory_mb)
            try:
                process = await asyncio.create_subprocess_exec(
                    *tied.argv,
                    cwd=command.toolchain.folder,
                    env=launch.environment,
                    stdin=asyncio.subprocess.PIPE if serves else asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    limit=_SERVER_LINE_LIMIT if serves else _LINE_LIMIT,
                    pass_fds=inherited,
                    preexec_fn=limited,
                    **options,
                )
            except (OSError, subprocess.SubprocessError) as error:
                tied.release()
                why = error.strerror if isinstance(error, OSError) else error
                raise EngineError(
                    f"{command.toolchain.program} cannot be started: {why}.",
                    remedy="Check the program's path and permissions.",
                    kind=ErrorKind.ENVIRONMENT,
                ) from error
        tied.started()
        return cls(process, tied, command.sandbox, command.memory_mb, on_line)

    @property
    def pid(self) -> int:
        """The process id, which is also its process group's."""
        return self._process.pid

    async def _read_messages(self) -> None:
        while True:
            try:
                line = await self._stdout.readline()
            except ValueError:  # a line over the limit; the stream has dropped what it had of it
                self._on_line(b"")
                continue
            if not line:
                return
            self._on_line(line)

    def _keep_message(self, line: bytes) -> None:
        message = parse_message(line)
        if message is not None and len(self.messages) < _MESSAGE_LIMIT:
            self.messages.append(message)

    def say(self, line: bytes) -> None:
        """Writes a line to a server; nothing happens when it is gone."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(line + b"\n")

    async def _read_noise(self) -> None:
        while chunk := await self._stderr.read(65536):
            self.noise = (self.noise + chunk)[-4096:]

    async def _weigh(self) -> None:
        while self.memory_mb and not self.ended.done():
            await asyncio.sleep(_MEMORY_SECONDS)
            if (resident_mb(self.pid) or 0) > self.memory_mb:
                self.ran_out = True
                await self.kill()

    async def _wait(self) -> int:
        # Something that Lean started may hold the pipes open: its end is Lean's end. Some versions
        # of Python let `wait` wait for the pipes, too; the status is there before that.
        waiting = asyncio.create_task(self._process.wait())
        while self._process.returncode is None:
            await asyncio.wait({waiting}, timeout=_LOOK_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._weighing.cancel()
        _, held = await asyncio.wait({waiting, *self._readers}, timeout=5)
        for task in held:
            task.cancel()
        self._tied.release()
        code = self._process.returncode
        self._code = code if self._sandbox is None else self._sandbox.exit_code(code, self.noise)
        return self._code

    def how_it_ended(self) -> str:
        """One clause about the exit of a process that has ended."""
        code = self._code
        if code is None:
            return "is still running"
        if self.ran_out:
            return f"took more than {self.memory_mb} MB of memory"
        last = self.noise.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        said = f": {last[0]}" if last[0] else ""
        if code < 0:
            with suppress(ValueError):
                return f"was killed by {signal.Signals(-code).name}{said}"
        return f"ended with status {code}{said}"

    async def put_down(self) -> None:
        """As :meth:`kill`, for what does not end in it: whoever else has work there starts anew."""
        self.was_put_down = True
        await self.kill()

    async def kill(self) -> None:
        """Kills the process and all of its group, and waits until it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await asyncio.shield(self.ended)


def worst(messages: Sequence[Message]) -> Message | None:
    """The first error among ``messages``, if any."""
    return next((message for message in messages if message.is_error), None)


@asynccontextmanager
async def lean_over(command: LeanCommand, text: str) -> AsyncIterator[LeanProcess]:
    """A Lean that checks ``text``, in a folder that is made for it; afterwards both are gone.

    Raises :class:`EngineError` where there is no room, or Lean cannot be started.
    """
    async with scratch() as folder:
        file = folder / "document.lean"
        with room():
            file.write_bytes(text.encode("utf-8"))
        run = await LeanProcess.start(command, file)
        try:
            yield run
        finally:
            await run.kill()
