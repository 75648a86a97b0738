"""A hole that LeanDojo serves: the client of ``process``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.lean.hole import Greeting, LeanDiedError, TacticResult
from engine.lifetime import tie
from engine.protocol import EngineError, ErrorKind
from engine.values import Failed, Outcome, Progress, Solved, TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from engine.lifetime import Tied

__all__ = ["DojoHole", "open_theorem"]

_PROCESS = Path(__file__).with_name("process.py")
_LINE = 64 << 20
_SAID = 2000
_GOODBYE_SECONDS = 5.0


class DojoHole:
    """A theorem in Dojo; one tactic at a time, each with the time-out that Dojo was opened with."""

    def __init__(self, process: _Process, first: dict[str, Any], timeout: float) -> None:
        self.lean4 = bool(first["lean4"])
        self.root = Progress(int(first["id"]), str(first["text"]), int(first["goals"]))
        self.greeting = Greeting(
            text=self.root.text,
            goals=self.root.goals,
            is_prop=True,
            has_metavariables=False,
            declaration="",
        )
        self._process = process
        self._timeout = timeout
        self._turn = asyncio.Lock()

    async def apply(
        self, state_id: int, tactics: Iterable[str], *, timeout: float
    ) -> AsyncIterator[TacticResult]:
        """Applies tactics one after the other; raises LeanDiedError when Dojo has given up.

        ``timeout`` is not heeded: Dojo has one for all.
        """
        for index, tactic in enumerate(tactics):
            started = time.monotonic()
            async with self._turn:
                asked = asyncio.ensure_future(self._run(state_id, tactic))
                try:
                    outcome = await asyncio.shield(asked)
                except asyncio.CancelledError:
                    # The answer belongs to this request; who comes next must not get it.
                    await self.close()
                    await asyncio.gather(asked, return_exceptions=True)
                    raise
            yield TacticResult(index, tactic, outcome, time.monotonic() - started)

    async def _run(self, state_id: int, tactic: str) -> Outcome:
        said = await self._process.exchange([state_id, tactic])
        if said is None or said["kind"] in ("crashed", "unusable", "refused"):
            why = said["reason"] if said is not None else "its process ended"
            raise LeanDiedError(f"LeanDojo gave up: {why}")
        return outcome(said, self._timeout)

    async def known(self, names: Sequence[str]) -> set[str]:
        """Dojo is not asked what it knows."""
        del names
        return set()

    async def close(self) -> None:
        """Ends the process and all that it started."""
        await self._process.end()


def outcome(said: dict[str, Any], timeout: float) -> Outcome:
    """What a line of the process says of a tactic."""
    if said["kind"] == "state":
        return Progress(int(said["id"]), str(said["text"]), int(said["goals"]))
    if said["kind"] == "finished":
        return Solved()
    if said["kind"] == "timeout":
        return TimedOut(timeout)
    return Failed(str(said["reason"]))


async def open_theorem(
    python: str, *, url: str, commit: str, file: str, theorem: str, timeout: float, budget: float
) -> DojoHole:
    """Opens a theorem, which LeanDojo downloads and traces first where it never has.

    Raises :class:`EngineError`: of kind INPUT where LeanDojo does not find or accept the theorem,
    else ENVIRONMENT.
    """
    process = await _Process.start(python, timeout)
    try:
        # Twice the budget: Dojo's alarm is for a Lean that hangs, the search ends by itself.
        asked = {"url": url, "commit": commit, "file": file, "theorem": theorem}
        said = await process.exchange({**asked, "hard_timeout": math.ceil(2 * budget) + 60})
        if said is None:
            raise EngineError(
                "LeanDojo's process ended before it opened the theorem.",
                kind=ErrorKind.ENVIRONMENT,
            )
        if said["kind"] != "state":
            refused = said["kind"] == "refused"
            raise EngineError(
                f"LeanDojo: {str(said['reason'])[:_SAID]}",
                remedy="" if refused else "See LeanDojo's documentation of what it needs.",
                kind=ErrorKind.INPUT if refused else ErrorKind.ENVIRONMENT,
            )
        return DojoHole(process, said, timeout)
    except BaseException:
        await process.end()
        raise


class _Process:
    """``process.py`` under a Python that has lean-dojo; it dies with this process."""

    def __init__(self, process: asyncio.subprocess.Process, tied: Tied) -> None:
        self._process = process
        self._tied = tied

    @classmethod
    async def start(cls, python: str, timeout: float) -> _Process:
        tied = tie([python, "-u", str(_PROCESS)])
        try:
            process = await asyncio.create_subprocess_exec(
                *tied.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, "TACTIC_TIMEOUT": str(math.ceil(1000 * timeout))},
                limit=_LINE,
                **tied.options,
            )
        except OSError as error:
            tied.release()
            raise EngineError(
                f"{python} cannot be run: {error.strerror}.",
                remedy="Name a Python that has lean-dojo with --dojo-python.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
        tied.started()
        return cls(process, tied)

    async def exchange(self, said: object) -> dict[str, Any] | None:
        """Sends a line and reads one; None where the process has ended."""
        assert self._process.stdin is not None  # noqa: S101  (started with pipes)
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(said).encode() + b"\n")
            await self._process.stdin.drain()
            answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        except (OSError, ValueError):
            return None
        return answer

    async def end(self) -> None:
        """Lets it tidy up its copy of the repository; then kills what is left."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._process.wait(), _GOODBYE_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._tied.release()
