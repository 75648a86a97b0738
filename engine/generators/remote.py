"""A generator in a process of its own, on this machine or behind a command such as ``ssh``.

Whatever that process does (it dies, hangs, talks nonsense, is of another version), the caller gets
a :class:`GeneratorError` with a clause that says so, and the process is started again a bounded
number of times, each time later, beside the search.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from engine.generators.lines import (
    MAX_LINE,
    PROTOCOL,
    Answered,
    Cancel,
    Failed,
    Hello,
    Refused,
    Sample,
    Stats,
    StatsWanted,
    parse_reply,
    write,
)
from engine.lifetime import tie
from engine.values import Candidate
from engine.wire import MalformedError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from engine.generators.backend import Decoding
    from engine.generators.lines import Saying
    from engine.lifetime import Tied

__all__ = ["GeneratorError", "Limits", "RemoteGenerator"]

_STDERR_KEPT = 4096
_GOODBYE_SECONDS = 1.0
_KILLED_SECONDS = 5.0


class GeneratorError(Exception):
    """Why a generator does not answer: a clause that completes "it …", for people.

    ``remedy`` is a sentence. ``fatal`` says that starting it again would not help.
    """

    def __init__(self, clause: str, *, remedy: str = "", fatal: bool = False) -> None:
        super().__init__(clause)
        self.clause = clause
        self.remedy = remedy
        self.fatal = fatal


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to wait for the greeting and for an answer; how often to start again.

    A process that nobody has asked anything for ``idle`` seconds ends, and its memory is free until
    somebody does.

    After the n-th failure in a row, the next start comes ``delays[n - 1]`` seconds later; behind
    the last of them only a new search tries again, once in ``rest`` seconds.
    """

    start: float = 120.0
    sample: float = 60.0
    delays: tuple[float, ...] = (0.5, 2.0, 8.0)
    rest: float = 60.0
    idle: float = 300.0


class _Connection:
    """One life of the process. ``hello`` and each pending answer end with an exception with it."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv
        loop = asyncio.get_running_loop()
        self.hello: asyncio.Future[Hello] = loop.create_future()
        self.ended: asyncio.Future[GeneratorError] = loop.create_future()
        self._answers: dict[int, asyncio.Future[list[Candidate]]] = {}
        self._stats: list[asyncio.Future[Stats]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._tied: Tied | None = None
        self._said = b""
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Starts the process; raises :class:`GeneratorError` where that cannot be done."""
        tied = tie(self._argv)
        try:
            process = await asyncio.create_subprocess_exec(
                *tied.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=MAX_LINE,
                **tied.options,
            )
        except OSError as error:
            tied.release()
            raise GeneratorError(
                f"cannot be started: {self._argv[0]}: {error.strerror or error}",
                remedy="Check the generator's command.",
                fatal=True,
            ) from error
        except BaseException:
            tied.release()
            raise
        tied.started()
        self._process, self._tied = process, tied
        self._tasks = [
            asyncio.create_task(self._read(process)),
            asyncio.create_task(self._drain(process)),
        ]

    @property
    def open_requests(self) -> int:
        return len(self._answers)

    def say(self, saying: Saying) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not self.ended.done():
            with contextlib.suppress(OSError, RuntimeError):
                process.stdin.write(write(saying))

    async def ask(self, sample: Sample) -> list[Candidate]:
        """The answer; on cancellation the request is taken back."""
        if self.ended.done():
            raise self.ended.result()
        answer: asyncio.Future[list[Candidate]] = asyncio.get_running_loop().create_future()
        self._answers[sample.id] = answer
        self.say(sample)
        try:
            return await answer
        except asyncio.CancelledError:
            self.say(Cancel(sample.id))
            raise
        finally:
            self._answers.pop(sample.id, None)

    async def stats(self) -> Stats:
        if self.ended.done():
            raise self.ended.result()
        wanted: asyncio.Future[Stats] = asyncio.get_running_loop().create_future()
        self._stats.append(wanted)
        self.say(StatsWanted())
        return await wanted

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        reader = process.stdout
        assert reader is not None  # noqa: S101  (started with a pipe)
        failure: GeneratorError | None = None
        while failure is None:
            try:
                line = await reader.readline()
            except ValueError:
                failure = GeneratorError(f"sent a line of more than {MAX_LINE >> 20} MB")
                break
            if not line.endswith(b"\n"):
                break  # the end, perhaps in the middle of a line
            failure = self._take(line)
        if failure is None:
            # Its pipe may close a moment before it has ended.
            await _patiently(process.wait(), _GOODBYE_SECONDS)
            failure = GeneratorError(self._how_it_ended())
        self.fail(failure)

    def _take(self, line: bytes) -> GeneratorError | None:
        """Takes a line; returns why the process is of no more use, if it is not."""
        try:
            reply = parse_reply(line)
        except MalformedError:
            shown = line[:80].decode("utf-8", "replace").strip()
            # Of another version in all likelihood, if it says so.
            return GeneratorError(f"sent something that is no message: {shown!r}")
        if isinstance(reply, Hello):
            if reply.protocol != PROTOCOL:
                return GeneratorError(
                    f"speaks version {reply.protocol} of the protocol, not {PROTOCOL}",
                    remedy="Install the same version of dsp-lsp on both machines.",
                    fatal=True,
                )
            if not self.hello.done():
                self.hello.set_result(reply)
        elif isinstance(reply, Failed):
            clause = f"failed: {reply.message.rstrip('.')}"
            return GeneratorError(clause, remedy=reply.remedy, fatal=not self.hello.done())
        elif isinstance(reply, Answered):
            answer = self._answers.get(reply.id)
            if answer is not None and not answer.done():
                answer.set_result([Candidate(*pair) for pair in reply.candidates])
        elif isinstance(reply, Refused):
            refused = self._answers.get(reply.id) if reply.id is not None else None
            if refused is not None and not refused.done():
                refused.set_exception(GeneratorError(f"refused: {reply.message.rstrip('.')}"))
        elif self._stats:
            wanted = self._stats.pop(0)
            if not wanted.done():
                wanted.set_result(reply)
        return None

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # noqa: S101  (started with a pipe)
        while chunk := await process.stderr.read(65536):
            self._said = (self._said + chunk)[-_STDERR_KEPT:]

    def _how_it_ended(self) -> str:
        code = self._process.returncode if self._process is not None else None
        lines = self._said.decode("utf-8", "replace").strip().splitlines()
        said = f": {lines[-1].strip()}" if lines else ""
        if code is None:
            return f"closed its output{said}"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"was killed by {signal.Signals(-code).name}{said}"
        return f"ended with status {code}{said}"

    def fail(self, failure: GeneratorError) -> None:
        """Ends everything that waits, and the process."""
        if self.ended.done():
            return
        self.ended.set_result(failure)
        pending: list[asyncio.Future[Any]] = [self.hello, *self._answers.values(), *self._stats]
        for waiting in pending:
            if not waiting.done():
                waiting.set_exception(failure)
                waiting.exception()  # nobody need look at it
        self._kill()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Ends the process and waits until it is gone."""
        self.fail(GeneratorError("was closed"))
        if self._process is not None:
            await _patiently(self._process.wait(), _KILLED_SECONDS)
            if (stdin := self._process.stdin) is not None:
                stdin.close()
                await _patiently(stdin.wait_closed(), _GOODBYE_SECONDS)
        if self._tasks:
            # Somebody else may hold the pipes open.
            await asyncio.wait(self._tasks, timeout=_GOODBYE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tied is not None:
            self._tied.release()


async def _patiently(event: Coroutine[Any, Any, object], seconds: float) -> None:
    """Waits for ``event`` at most so long; neither its end nor its failure is told.

    Not `wait_for`: until Python 3.12 that loses a cancellation that comes with the event.
    """
    task = asyncio.create_task(event)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Does ``work`` to its end, and is cancelled only then: no process is left half started."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


class RemoteGenerator:
    """A :class:`engine.generators.TacticGenerator` that a process serves, for any number of
    searches at the same time; the process decides how it batches them."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        name: str,
        limits: Limits | None = None,
        decoding: Decoding = "beam",
        max_bytes: int = 256,
    ) -> None:
        self.name = name
        self.device = ""  # not known yet
        self.backend = ""
        self._argv = list(argv)
        self._limits = limits or Limits()
        self._decoding: Decoding = decoding
        self._max_bytes = max_bytes
        self._ids = count(1)
        self._connection: _Connection | None = None
        self._life: asyncio.Task[None] | None = None
        self._failures = 0
        self._reason: GeneratorError | None = None
        self._last_failure = 0.0
        self._first_hello: asyncio.Future[None] | None = None
        self._last_asked = 0.0
        self._resting = False

    def start(self) -> None:
        """Starts the process, if it does not run and may be tried (again)."""
        if self._life is not None and not self._life.done():
            return
        if self._reason is not None:
            if time.monotonic() - self._last_failure < self._limits.rest:
                return
            self._failures = len(self._limits.delays)  # one more try, not all of them again
        self._reason, self._resting = None, False
        self._first_hello = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live())

    async def ready(self) -> None:
        """Waits until the model is loaded; raises :class:`GeneratorError` when it cannot be."""
        if self._resting and self._life is not None:
            await asyncio.wait({self._life})  # its process is on its way out
        self.start()
        self._last_asked = time.monotonic()
        connection = self._connection
        if connection is not None and connection.hello.done() and not connection.ended.done():
            return
        if self._first_hello is not None and not self._first_hello.done():
            await asyncio.shield(self._first_hello)
        if self._reason is not None:
            raise self._reason

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        """Raises :class:`GeneratorError`; at once while the process is started again."""
        await self.ready()
        connection = self._connection
        if connection is None:
            raise self._reason or GeneratorError("is not running")
        asked = Sample(next(self._ids), state, n, seed, self._decoding, self._max_bytes)
        asking = asyncio.create_task(connection.ask(asked))
        try:
            await asyncio.wait({asking}, timeout=self._limits.sample)
            if not asking.done():
                slow = GeneratorError(f"did not answer within {self._limits.sample:g} s")
                connection.fail(slow)
            found = await asking
        finally:
            asking.cancel()
            self._last_asked = time.monotonic()
        self._failures = 0
        return found

    async def stats(self) -> Stats:
        """What the process did since it started."""
        await self.ready()
        if self._connection is None:
            raise self._reason or GeneratorError("is not running")
        return await asyncio.wait_for(self._connection.stats(), self._limits.sample)

    async def close(self) -> None:
        """Ends the process."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    async def _live(self) -> None:
        """Keeps the process running, as far as the limits go."""
        try:
            while True:
                failure = await self._live_once()
                if failure is None:
                    return
                self._reason, self._last_failure = failure, time.monotonic()
                self._failures += 1
                self._settle_first_hello()
                if failure.fatal or self._failures > len(self._limits.delays):
                    return
                await asyncio.sleep(self._limits.delays[self._failures - 1])
        finally:
            if not self._resting:
                self._reason = self._reason or GeneratorError("was closed")
            self._settle_first_hello()

    def _settle_first_hello(self) -> None:
        if self._first_hello is not None and not self._first_hello.done():
            self._first_hello.set_result(None)

    async def _live_once(self) -> GeneratorError | None:
        """Why the process ended; None where nobody needed it any more."""
        connection = _Connection(self._argv)
        try:
            await _whole(connection.open())
            await asyncio.wait({connection.hello}, timeout=self._limits.start)
            if not connection.hello.done():
                return GeneratorError(f"was not ready within {self._limits.start:g} s")
            hello = connection.hello.result()
            self.name, self.device, self.backend = hello.model, hello.device, hello.backend
            self._connection, self._reason = connection, None
            self._settle_first_hello()
            self._last_asked = time.monotonic()
            await self._while_needed(connection)
            if not connection.ended.done():
                self._resting = True
                return None
            return connection.ended.result()
        except GeneratorError as failure:
            return failure
        finally:
            self._connection = None
            await _whole(connection.close())

    async def _while_needed(self, connection: _Connection) -> None:
        """Returns when the process has ended, or nobody has asked it for long."""
        idle = self._limits.idle
        while not connection.ended.done():
            left = self._last_asked + idle - time.monotonic()
            if left <= 0 and not connection.open_requests:
                return
            await asyncio.wait({connection.ended}, timeout=left if left > 0 else min(1.0, idle))
