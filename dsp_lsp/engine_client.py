"""The editor's end of the wire: starts the engine's process, speaks to it, leaves none behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.protocol import (
    CACHE,
    CANCEL,
    DIAGNOSE,
    ENVIRONMENT,
    EXTEND,
    INITIALIZE,
    PROGRESS,
    PROPOSE,
    PROTOCOL_VERSION,
    PROVE,
    SHUTDOWN,
    SUGGEST,
    TREE,
    VERIFY,
    VERIFY_TOGETHER,
    CacheParams,
    CacheState,
    Diagnosis,
    EngineError,
    Environment,
    EnvironmentParams,
    ErrorKind,
    ExtendParams,
    InitializeResult,
    JobParams,
    ProgressReport,
    ProposeParams,
    ProposeResult,
    ProveParams,
    ProveResult,
    Settings,
    SuggestParams,
    SuggestResult,
    TreeResult,
    Verdict,
    Verdicts,
    VerifyParams,
    VerifyTogetherParams,
)
from engine.wire import FramingError, MalformedError, Peer, RpcError, from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["EngineClient", "EngineProcess"]

T = TypeVar("T")

_START_TIMEOUT = 60.0
_CLOSE_TIMEOUT = 1.2
_TERM_TIMEOUT = 0.4
_TAIL_LINES = 12


def _engine_command() -> list[str]:
    # A folder of the user's may hold an `engine.py`, which `python -m engine` would run in our
    # place: the working directory must not be on the path. Python 3.10 has no option for that.
    if sys.version_info >= (3, 11):
        return [sys.executable, "-P", "-m", "engine"]
    start = (
        "import sys, runpy; sys.path.remove(''); runpy.run_module('engine', run_name='__main__')"
    )
    return [sys.executable, "-c", start]


class EngineClient(Protocol):
    """An engine. Every method raises :class:`~engine.protocol.EngineError` and nothing else."""

    @property
    def gone(self) -> bool:
        """Whether the engine was started and has ended since."""
        ...

    async def start(self, settings: Settings) -> InitializeResult:
        """Starts the engine; once, before anything else."""

    async def environment(self, path: str) -> Environment:
        """The Lean that a document at ``path``, or in the folder ``path``, meets."""

    async def diagnose(self, path: str) -> Diagnosis:
        """Whether all is well with it; what is not is in the answer, no error."""

    async def prove(
        self, params: ProveParams, on_progress: Callable[[ProgressReport], None] | None = None
    ) -> ProveResult:
        """Searches for a proof; cancelling the awaiting task cancels the search too."""

    async def extend(
        self, params: ExtendParams, on_progress: Callable[[ProgressReport], None] | None = None
    ) -> ProveResult:
        """Goes on with a search that found nothing."""

    async def cancel(self, job: str) -> None:
        """Asks a job to end; its :meth:`prove` then returns with stop reason CANCELLED."""

    async def suggest(self, params: SuggestParams) -> SuggestResult:
        """Tactics that succeed at a site, best first."""

    async def propose(self, params: ProposeParams) -> ProposeResult:
        """What the generator proposes for a tactic state, untried."""

    async def verify(self, params: VerifyParams) -> Verdict:
        """The verdict on a given proof in a given text."""

    async def verify_together(self, params: VerifyTogetherParams) -> Verdicts:
        """The verdicts on given proofs in a given text, which has all of them."""

    async def tree(self, job: str) -> TreeResult:
        """A picture of a job's search."""

    async def cache(self, params: CacheParams) -> CacheState:
        """What the cache of proofs holds, once it was pruned or cleared."""

    async def close(self) -> None:
        """Ends the engine and all it started, within about two seconds; may be called again."""


class EngineProcess:
    """An :class:`EngineClient` that runs ``python -m engine``, in a session of its own.

    ``command`` replaces that command line; ``log`` gets the lines of the engine's standard error,
    of which the last are quoted when the engine dies. ``niceness`` is how much it, and all it
    starts, stands back for us and for other programs. Start it from the thread that will live
    longest: Linux ends the engine with the thread that started it.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        log: Callable[[str], None] | None = None,
        niceness: int = 0,
    ) -> None:
        self._niceness = niceness
        self._command = list(command or _engine_command())
        self._log = log
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._peer = Peer(self._send, notified=self._notified)
        self._listeners: dict[str, Callable[[ProgressReport], None]] = {}
        self._stderr: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def pid(self) -> int | None:
        """The engine's process id, once started."""
        return None if self._process is None else self._process.pid

    @property
    def gone(self) -> bool:
        """Whether the engine was started and has ended since."""
        return self._watch is not None and self._watch.done()

    async def start(self, settings: Settings) -> InitializeResult:
        """See :class:`EngineClient`. Nothing is left running when it raises."""
        if self._process is not None:
            raise EngineError("The engine was started before.", kind=ErrorKind.INTERNAL)
        pipe = asyncio.subprocess.PIPE
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise EngineError(
                f"The engine cannot be started ({self._command[0]}: {error.strerror}).",
                remedy="Install dsp-lsp again into this Python.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
        if self._niceness:
            # At once, before it has threads or children, which inherit it.
            with contextlib.suppress(OSError):
                niceness = min(19, os.getpriority(os.PRIO_PROCESS, 0) + self._niceness)
                os.setpriority(os.PRIO_PROCESS, self._process.pid, niceness)
        self._stderr = asyncio.create_task(self._drain(self._process))
        self._watch = asyncio.create_task(self._listen(self._process))
        try:
            greeting = await asyncio.wait_for(
                self._call(INITIALIZE, settings, InitializeResult), _START_TIMEOUT
            )
            if greeting.protocol_version != PROTOCOL_VERSION:
                raise EngineError(
                    f"The engine speaks protocol {greeting.protocol_version}, "
                    f"this program {PROTOCOL_VERSION}.",
                    remedy="Install dsp-lsp again: its two halves are of different versions.",
                    kind=ErrorKind.ENVIRONMENT,
                )
        except asyncio.TimeoutError as error:
            await self.close()
            raise EngineError(
                f"The engine did not greet within {_START_TIMEOUT:g} seconds.",
                remedy="The machine may be overloaded: try again.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
        except BaseException:
            await self.close()
            raise
        return greeting

    async def environment(self, path: str) -> Environment:
        """See :class:`EngineClient`."""
        return await self._call(ENVIRONMENT, EnvironmentParams(path=path), Environment)

    async def diagnose(self, path: str) -> Diagnosis:
        """See :class:`EngineClient`."""
        return await self._call(DIAGNOSE, EnvironmentParams(path=path), Diagnosis)

    async def prove(
        self, params: ProveParams, on_progress: Callable[[ProgressReport], None] | None = None
    ) -> ProveResult:
        """See :class:`EngineClient`."""
        return await self._search(PROVE, params, on_progress)

    async def extend(
        self, params: ExtendParams, on_progress: Callable[[ProgressReport], None] | None = None
    ) -> ProveResult:
        """See :class:`EngineClient`."""
        return await self._search(EXTEND, params, on_progress)

    async def cancel(self, job: str) -> None:
        """See :class:`EngineClient`."""
        await self._request(CANCEL, JobParams(job=job))

    async def suggest(self, params: SuggestParams) -> SuggestResult:
        """See :class:`EngineClient`."""
        return await self._call(SUGGEST, params, SuggestResult)

    async def propose(self, params: ProposeParams) -> ProposeResult:
        """See :class:`EngineClient`."""
        return await self._call(PROPOSE, params, ProposeResult)

    async def verify(self, params: VerifyParams) -> Verdict:
        """See :class:`EngineClient`."""
        return await self._call(VERIFY, params, Verdict)

    async def verify_together(self, params: VerifyTogetherParams) -> Verdicts:
        """See :class:`EngineClient`."""
        return await self._call(VERIFY_TOGETHER, params, Verdicts)

    async def tree(self, job: str) -> TreeResult:
        """See :class:`EngineClient`."""
        return await self._call(TREE, JobParams(job=job), TreeResult)

    async def cache(self, params: CacheParams) -> CacheState:
        """See :class:`EngineClient`."""
        return await self._call(CACHE, params, CacheState)

    async def close(self) -> None:
        """See :class:`EngineClient`."""
        self._closing = True
        process = self._process
        if process is None:
            return
        try:
            if process.returncode is None:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(self._shut_down(), _CLOSE_TIMEOUT)
            if process.returncode is None:
                _signal_group(process.pid, signal.SIGTERM)
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(self._gone(), _TERM_TIMEOUT)
        finally:
            # Also after a clean exit, and when the caller will not wait: whoever is still in the
            # group is a straggler.
            _signal_group(process.pid, signal.SIGKILL)
            self._peer.close(_closed())
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(process.wait(), 1.0)
        for task in (self._watch, self._stderr):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    # -- below: the wire ---------------------------------------------------------------------------

    async def _search(
        self,
        method: str,
        params: ProveParams | ExtendParams,
        on_progress: Callable[[ProgressReport], None] | None,
    ) -> ProveResult:
        if on_progress is not None:
            self._listeners[params.job] = on_progress
        try:
            return await self._call(method, params, ProveResult)
        except asyncio.CancelledError:
            self._peer.notify(CANCEL, JobParams(job=params.job))
            raise
        finally:
            self._listeners.pop(params.job, None)

    async def _call(self, method: str, params: object, result: type[T]) -> T:
        try:
            return from_json(result, await self._request(method, params))
        except MalformedError as error:
            raise EngineError(
                f"The engine's answer to `{method}` makes no sense: {error}",
                remedy="Please report this.",
                kind=ErrorKind.INTERNAL,
            ) from error

    async def _request(self, method: str, params: object) -> object:
        if self._process is None:
            raise EngineError("The engine was not started.", kind=ErrorKind.INTERNAL)
        try:
            return await self._peer.request(method, params)
        except RpcError as error:
            raise EngineError(
                error.message, remedy="Please report this.", kind=ErrorKind.INTERNAL
            ) from error

    def _send(self, message: bytes) -> None:
        # A pipe without a reader is noticed, and reported better, by `_listen`.
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(message)

    def _notified(self, method: str, params: object) -> None:
        if method == PROGRESS:
            report = from_json(ProgressReport, params)
            listener = self._listeners.get(report.job)
            if listener is not None:
                listener(report)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        # The end of its output is the engine's death; unlike its standard error, which a Lean it
        # started may still hold, nobody else has that pipe.
        assert process.stdout is not None  # noqa: S101  (we asked for the pipe)
        garbled = ""
        try:
            await self._peer.listen(process.stdout)
        except FramingError as error:
            garbled = str(error)
            _signal_group(process.pid, signal.SIGKILL)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(process.wait(), 0.4)
        if self._stderr is not None:
            await asyncio.wait([self._stderr], timeout=0.2)
        self._peer.close(self._obituary(process.returncode, garbled))

    async def _shut_down(self) -> None:
        await self._peer.request(SHUTDOWN)
        await self._gone()

    async def _gone(self) -> None:
        if self._watch is not None:
            await asyncio.shield(self._watch)

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # noqa: S101  (we asked for the pipe)
        rest = b""
        while chunk := await process.stderr.read(1 << 14):
            # Not `readline`: a line without an end must not stop us reading.
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-4096:]
            for line in lines:
                self._take_line(line)
        if rest:
            self._take_line(rest)

    def _take_line(self, line: bytes) -> None:
        text = line[-4096:].decode("utf-8", "replace").rstrip()
        if text:
            self._tail.append(text)
            if self._log is not None:
                # A log that fails must not stop us reading, which would stall the engine.
                with contextlib.suppress(Exception):
                    self._log(text)

    def _obituary(self, code: int | None, garbled: str) -> EngineError:
        if self._closing:
            return _closed()
        quoted = "".join(f"\n  {line}" for line in self._tail)
        said = f" It said last:{quoted}" if quoted else ""
        kind, remedy = ErrorKind.INTERNAL, "Try again; if it happens again, please report it."
        if garbled:
            how = f"The engine's output cannot be understood: {garbled}."
        elif code == -signal.SIGKILL:
            how = "The engine was killed (signal 9), as happens when memory runs out."
            kind, remedy = ErrorKind.ENVIRONMENT, "Try fewer threads, or close other programs."
        elif code is not None and code < 0:
            how = f"The engine died of signal {-code} ({_signal_name(-code)})."
        else:
            how = "The engine ended unexpectedly."
            if code is not None:
                how = f"The engine ended unexpectedly, with exit status {code}."
        return EngineError(how + said, remedy=remedy, kind=kind)


def _closed() -> EngineError:
    return EngineError("The engine was closed.", kind=ErrorKind.INTERNAL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def _signal_group(pid: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signum)
