"""A hole: a site as Lean meets it, and the tactic states that grow from it."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.lean.channel import Channel
from engine.lean.scratch import room
from engine.lean.traffic import Traffic
from engine.lean.usage import resident_mb
from engine.values import Failed, Outcome, Progress, Solved, TimedOut

if TYPE_CHECKING:
    from engine.lean.host import Host, Hosts
    from engine.lean.messages import Message
    from engine.lean.process import LeanProcess

_LONGEST_TACTIC = 16_384
"""Code points; a longer tactic fails without a look."""

_LONGEST_REASON = 2_000
"""Code points kept of Lean's message for a tactic that failed."""

_ANSWER_SECONDS = 60.0
"""How long Lean may take to say which declarations exist."""

_GRACE_SECONDS = 5.0
"""How long a tactic's answer may take besides its time-out, which Lean itself looks after."""

_RAN_OUT = Failed("the tactic ran out of memory, stack or heartbeats")

_SHORT_OF_MEMORY = 0.5
"""The part of its memory limit that a Lean still holds when it has just run out of it."""

_REST_SECONDS = 0.5
"""How long tactics may go on that nobody waits for, if they are all that goes on in the hole."""

_ALONE = 3
"""How often a tactic is tried alone before it is blamed, when others ran in its Lean after all."""

_RESTARTS = 6
_RESTARTS_SECONDS = 60.0
"""A hole whose Lean dies more often than ``_RESTARTS`` times in so many seconds is given up."""


class LeanDiedError(Exception):
    """Lean ended, and could not be brought back to where it was."""


class _NotRunningError(LeanDiedError):
    """Lean was gone before it was given the tactic, or ended for another one's sake."""


class _SuspectError(LeanDiedError):
    """Lean ended while this tactic ran, and others."""


class NotReachedError(Exception):
    """Lean ended, or took too long, without ever meeting the hole.

    ``failed``: it did not come to the end of the document either.
    """

    def __init__(self, message: str, *, failed: bool) -> None:
        super().__init__(message)
        self.failed = failed


@dataclass(frozen=True, slots=True)
class TacticResult:
    """What became of the ``index``-th tactic of a batch.

    ``said`` are the tactics that it proposes to stand in its place (``library_search`` and its
    like); ``seconds`` is the time from sending it to its answer.
    """

    index: int
    tactic: str
    outcome: Outcome
    seconds: float
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Greeting:
    """What Lean says when it meets the hole: the main goal alone as ``text``, how many goals are
    open there, whether the main one is a proposition, and whether it (or a hypothesis) has
    metavariables.
    """

    text: str
    goals: int
    is_prop: bool
    has_metavariables: bool
    declaration: str


@dataclass(slots=True)
class _Flight:
    request: int
    future: asyncio.Future[list[object]]
    overdue: float
    stuck: bool = False


Render = Callable[[Path], str]
"""Given the hole's folder, the whole text for Lean with the hole in the site's place; ``line`` is
where the site's declaration starts in it."""


class LeanHole:
    """Applies tactics to the states of one hole, several at a time, and streams the outcomes.

    State 0 is the hole's initial tactic state. A state's number stays good after Lean had to be
    killed and started again: its tactics are replayed when it is needed.
    """

    def __init__(self, hosts: Hosts, render: Render, *, line: int = 1, heartbeats: int = 0) -> None:
        self._hosts = hosts
        self._render = render
        self._line = line
        self._heartbeats = heartbeats
        self._host: Host | None = None
        self._process: LeanProcess | None = None
        self._channel: Channel | None = None
        self._traffic = Traffic(1)
        self._free: list[int] = []
        self._flights: dict[int, _Flight] = {}
        self._numbers = itertools.count(1)
        self._parents: dict[int, tuple[int, str, float]] = {}
        self._live: set[int] = {0}
        self._hello: asyncio.Future[Greeting] | None = None
        self._recovery = asyncio.Lock()
        self._was_hit = False
        self._rest: asyncio.Task[None] | None = None
        self._restarts: list[float] = []
        self._generation = 0
        self._greeting: Greeting | None = None

    # -- life ------------------------------------------------------------------------------------

    async def open(self, timeout: float) -> Greeting:
        """Starts Lean and waits until it meets the hole.

        Raises :class:`NotReachedError` when Lean ends without meeting it, or ``timeout`` seconds
        pass.
        """
        self._greeting = await self._start(timeout)
        return self._greeting

    async def _start(self, timeout: float) -> Greeting:
        self._generation += 1
        self._host = host = await self._hosts()
        self._hello = asyncio.get_running_loop().create_future()
        self._flights = {}
        traffic = self._traffic = host.traffic
        # One that is stuck keeps its slot. With one more of them Lean is killed.
        slots = traffic.places + (traffic.places - 1) // 2
        self._free = list(range(slots))
        self._live = {0}
        with room():
            self._channel = Channel(host.folder, slots, self._answered)
        over = await host.show(self._render(host.folder), self._line)
        process = self._process = host.process
        if process is None:
            raise RuntimeError("a host without a process")
        ended = process.ended
        waited_for: set[asyncio.Future[Any]] = {self._hello, over}
        done, _ = await asyncio.wait(
            waited_for, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if self._hello not in done:
            self._hello.cancel()
            if over in done:
                # A process that has ended can say how.
                how = process.how_it_ended() if ended.done() else "came to the end"
                raise NotReachedError(f"Lean {how} before the site", failed=not over.result())
            raise NotReachedError(
                f"Lean did not come to the site within {timeout:.0f} s", failed=True
            )
        traffic.join(self)
        ended.add_done_callback(lambda _: self._died(process))
        over.add_done_callback(lambda _: self._ended(host, over))
        await host.settle()
        return self._hello.result()

    @property
    def greeting(self) -> Greeting:
        """What Lean said when it met the hole; only after :meth:`open`."""
        if self._greeting is None:
            raise RuntimeError("the hole is not open")
        return self._greeting

    @property
    def process(self) -> LeanProcess | None:
        """The Lean process that serves the hole now."""
        return self._process

    async def close(self) -> None:
        """Leaves the Lean; may be called twice, and before ``open``."""
        if self._rest is not None:
            self._rest.cancel()
        channel, self._channel = self._channel, None
        host, self._host = self._host, None
        self._process = None
        self._traffic.part(self)
        if channel is not None:
            channel.send([])  # the hole ends
        if host is not None:
            let_go = channel.close if channel is not None else _nothing
            # One that never came to its site does nobody knows what.
            greeted = self._hello is not None and self._hello.done()
            await host.leave(let_go, calm=greeted and not self._flights)

    async def messages(self) -> Sequence[Message]:
        """What Lean says of a text in which it did not meet the hole."""
        return await self._host.messages() if self._host is not None else []

    def _died(self, process: LeanProcess) -> None:
        if process is self._process:
            ran = self._traffic.died()
            self._lose(f"Lean {process.how_it_ended()}", 0 if process.was_put_down else ran)

    def _ended(self, host: Host, over: asyncio.Future[bool]) -> None:
        """Lean is over with the text, hole and all: it had no memory left to go on reading."""
        if host is self._host and self._process is not None and over.result():
            self._lose("Lean left the site", self._traffic.total)

    def _lose(self, how: str, ran: int) -> None:
        """The hole is gone; ``ran`` tactics may be to blame for it."""
        flights, self._flights = self._flights, {}
        self._process = None
        waiting = [flight.future for flight in flights.values() if not flight.future.done()]
        self._was_hit = bool(waiting)
        for future in waiting:
            if ran == 0:
                future.set_exception(_NotRunningError(how))
            elif ran > 1:
                future.set_exception(_SuspectError(how))
            else:
                future.set_exception(LeanDiedError(how))

    async def _recover(self, generation: int) -> None:
        async with self._recovery:
            if generation != self._generation:
                return  # another caller has done it
            if self._was_hit:
                now = time.monotonic()
                self._restarts = [t for t in self._restarts if now - t < _RESTARTS_SECONDS] + [now]
            if len(self._restarts) > _RESTARTS:
                raise LeanDiedError(f"Lean died {len(self._restarts)} times in a minute")
            self._was_hit = False
            await self.close()
            try:
                await self._start(timeout=120)
            except NotReachedError as error:
                raise LeanDiedError(str(error)) from error

    # -- the wire --------------------------------------------------------------------------------

    def _answered(self, slot: int, answer: list[object]) -> None:
        if len(answer) != 2:
            return
        number, body = answer
        if number == 0 and self._hello is not None and not self._hello.done():
            greeting = _greeting(body)
            if greeting is not None:
                self._hello.set_result(greeting)
            return
        flight = self._flights.get(slot)
        if flight is None or flight.request != number:
            return
        del self._flights[slot]
        if not flight.future.done():
            flight.future.set_result([body])
        self._free.append(slot)
        if flight.stuck:
            self._traffic.come_free(self)
        else:
            self._traffic.leave(self)

    async def _send(
        self, number: int, make: Callable[[int], list[object]], patience: float
    ) -> list[object]:
        traffic = self._traffic
        if not await traffic.enter(self, 2 * patience + _ANSWER_SECONDS):
            await self._stop()
            raise _NotRunningError("Lean has no place for a tactic")
        if traffic is not self._traffic or self._channel is None or self._process is None:
            traffic.leave(self)
            raise _NotRunningError("Lean is not running")
        slot = self._free.pop()
        flight = _Flight(
            number, asyncio.get_running_loop().create_future(), time.monotonic() + patience
        )
        self._flights[slot] = flight
        self._channel.send(make(slot))
        return await asyncio.wait_for(flight.future, patience)

    async def known(self, names: Sequence[str]) -> set[str]:
        """Which of the declarations ``names`` exist in the environment at the site."""
        while True:
            number, generation = next(self._numbers), self._generation

            def ask(slot: int, number: int = number) -> list[object]:
                return [number, slot, list(names)]

            try:
                (body,) = await self._send(number, ask, _ANSWER_SECONDS)
                break
            except asyncio.TimeoutError:
                why = f"Lean gave no answer within {_ANSWER_SECONDS:.0f} s"
                raise LeanDiedError(why) from None
            except LeanDiedError:
                await self._recover(generation)  # which is done a few times only
        flags = body if isinstance(body, list) else []
        return {name for name, flag in zip(names, flags, strict=False) if flag is True}

    # -- tactics ---------------------------------------------------------------------------------

    async def apply(
        self, state_id: int, tactics: Iterable[str], *, timeout: float
    ) -> AsyncIterator[TacticResult]:
        """Applies each tactic to the state ``state_id``, in parallel, and yields as answers come.

        ``tactics`` is read lazily, as places in Lean become free: a caller that knows enough ends
        its iterator. ``timeout`` is seconds a tactic. A tactic that makes Lean die is ``Failed``;
        :class:`LeanDiedError` means that Lean could not be brought back.
        """
        source = enumerate(tactics)
        pending: set[asyncio.Task[TacticResult]] = set()
        try:
            while True:
                while len(pending) < self._traffic.places:
                    item = next(source, None)
                    if item is None:
                        break
                    pending.add(asyncio.create_task(self._one(state_id, *item, timeout)))
                if not pending:
                    return
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            if self._flights and (self._rest is None or self._rest.done()):
                self._rest = asyncio.create_task(self._come_to_rest())

    async def _come_to_rest(self) -> None:
        """Leaves a Lean that goes on with what nobody waits for; who comes back has it replayed."""
        await asyncio.sleep(_REST_SECONDS)
        if self._flights and all(flight.future.done() for flight in self._flights.values()):
            self._rest = None
            await self.close()

    async def _one(self, state_id: int, index: int, tactic: str, timeout: float) -> TacticResult:
        started = time.monotonic()
        said: tuple[str, ...] = ()
        if len(tactic) > _LONGEST_TACTIC or "\0" in tactic:
            outcome: Outcome = Failed("the tactic is too long, or not text")
        else:
            started, outcome, said = await self._judged(state_id, tactic, timeout)
        return TacticResult(index, tactic, outcome, time.monotonic() - started, said)

    async def _judged(
        self, state_id: int, tactic: str, timeout: float
    ) -> tuple[float, Outcome, tuple[str, ...]]:
        """As :meth:`_attempt`; of several tactics that ran when Lean died, or had no memory left,
        each is tried alone.
        """
        with suppress(_SuspectError):
            found = await self._attempt(state_id, tactic, timeout)
            if found[1] != _RAN_OUT or not self._is_short_of_memory:
                return found
        started = time.monotonic()
        for _ in range(_ALONE):
            with suppress(_SuspectError):
                async with self._traffic.alone():
                    return await self._attempt(state_id, tactic, timeout)
        return started, Failed("Lean died each time that it ran"), ()

    @property
    def _is_short_of_memory(self) -> bool:
        """Whether tactics that run beside each other may have had too little of it."""
        if self._process is None or self._traffic.total == 0:
            return False
        held = resident_mb(self._process.pid)
        return held is None or held > _SHORT_OF_MEMORY * self._process.memory_mb

    async def _attempt(
        self, state_id: int, tactic: str, timeout: float
    ) -> tuple[float, Outcome, tuple[str, ...]]:
        """When a tactic was sent, and what became of it.

        Raises :class:`_SuspectError` when Lean died, and it may have been another one's fault; Lean
        is back then.
        """
        while True:
            generation, started = self._generation, time.monotonic()
            try:
                await self._ensure(state_id)
                started = time.monotonic()
                return started, *await self._request(state_id, tactic, timeout)
            except _NotRunningError:
                await self._recover(generation)  # which is done a few times only
            except _SuspectError:
                await self._recover(generation)
                raise
            except LeanDiedError as error:
                await self._recover(generation)
                return started, Failed(f"{error} while it ran"), ()

    async def _request(
        self, state_id: int, tactic: str, timeout: float, number: int | None = None
    ) -> tuple[Outcome, tuple[str, ...]]:
        number = next(self._numbers) if number is None else number
        milliseconds = max(1, round(timeout * 1000))
        started = time.monotonic()
        try:
            # Half of the slots may wait for a thread, each for as long as a tactic may take; Lean
            # itself stops a tactic only where it looks at the clock.
            (body,) = await self._send(
                number,
                lambda slot: [number, slot, state_id, milliseconds, self._heartbeats, tactic],
                2 * timeout + _GRACE_SECONDS,
            )
        except asyncio.TimeoutError:
            await self._stuck()
            return TimedOut(timeout), ()
        answer = body if isinstance(body, dict) else {}
        if "failed" in answer:
            return Failed(str(answer["failed"])[:_LONGEST_REASON]), ()
        if "goals" not in answer:
            if time.monotonic() - started >= 0.9 * timeout:
                return TimedOut(timeout), ()
            return _RAN_OUT, ()
        said = _said(answer.get("said"))
        if answer["goals"] == 0:
            return Solved(), said
        self._parents[number] = (state_id, tactic, timeout)
        self._live.add(number)
        return Progress(number, str(answer.get("pp", "")), int(answer["goals"])), said

    async def _stuck(self) -> None:
        """Kills a Lean in which too much does not end; who needs it restarts it."""
        now = time.monotonic()
        for flight in self._flights.values():
            if now >= flight.overdue and not flight.stuck:
                flight.stuck = True
                self._traffic.get_stuck(self)
        if self._traffic.is_stuck:
            await self._stop()

    async def _stop(self) -> None:
        """Kills Lean for what does not end in it; the other tactics are tried again."""
        if self._process is not None:
            await self._process.put_down()

    async def _ensure(self, state_id: int) -> None:
        """Replays what led to ``state_id`` when Lean has been started anew since."""
        if state_id in self._live:
            return
        if state_id not in self._parents:
            raise KeyError(state_id)
        parent, tactic, timeout = self._parents[state_id]
        await self._ensure(parent)
        if state_id in self._live:
            return
        outcome, _ = await self._request(parent, tactic, 2 * timeout, number=state_id)
        if not isinstance(outcome, Progress):
            raise LeanDiedError("Lean did not repeat a tactic that it had accepted before")


def _nothing() -> None:
    """There is no channel to let go of."""


def _greeting(body: object) -> Greeting | None:
    match body:
        case {
            "pp": str(text),
            "goals": int(goals),
            "prop": bool(is_prop),
            "metavariables": bool(has_metavariables),
            "declaration": str(declaration),
        }:
            return Greeting(text, goals, is_prop, has_metavariables, declaration)
    return None


def _said(text: object) -> tuple[str, ...]:
    if not isinstance(text, str) or not text:
        return ()
    try:
        items = json.loads(text)
    except ValueError:
        return ()
    return tuple(item for item in items if isinstance(item, str)) if isinstance(items, list) else ()
