"""The session of the embedded core: holes and verdicts without a Lean.

Everything runs in one worker thread, so that the caller's event loop never waits; each piece of
work has a deadline that it looks at itself, at every step of the kernel, and ends soon after it was
cancelled.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from engine.embedded.document import Reader, close_levels, prelude
from engine.embedded.elaborate import Elaborator
from engine.embedded.kernel import Checker, Environment, KernelError, names
from engine.embedded.prelude import SORRY
from engine.embedded.pretty import Printer
from engine.embedded.syntax import TACTICS, Mistake, Parser, Unknown
from engine.embedded.tactics import HoleReachedError, Mark, Run, TacticState
from engine.embedded.terms import Lam, Pi, bind
from engine.lean.hole import Greeting, TacticResult
from engine.lean.session import check_goal
from engine.lean.toolchain import INSTALL
from engine.protocol import EngineError, ErrorKind, Verdict
from engine.source import Site, analyse, splice
from engine.values import Failed, Outcome, Progress, Solved, TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from engine.lean.session import Document

CHECKER = "the embedded core"
_OPEN_SECONDS = 30.0
_VERIFY_SECONDS = 60.0
_DEPTH = 12_000
"""Python's limit of nested calls while the core works; deeper terms are refused."""
_WATCH_SECONDS = 0.25
_GRACE_SECONDS = 0.25
_STACK_BYTES = 256 * 1024 * 1024
_LONGEST_TACTIC = 4_096
_T = TypeVar("_T")


class OutOfTimeError(Exception):
    """The deadline has passed, or nobody waits for the answer any more."""


@dataclass(slots=True)
class Clock:
    """Ends work that takes too long: it is called at each step of the kernel."""

    seconds: float
    cancelled: threading.Event = field(default_factory=threading.Event)
    deadline: float = 0.0
    steps: int = 0

    def start(self) -> None:
        """Starts anew: the time spent waiting for one's turn does not count."""
        self.deadline = time.monotonic() + self.seconds

    def __call__(self) -> None:
        """One step."""
        self.steps += 1
        if self.steps % 64 == 0 and (self.cancelled.is_set() or time.monotonic() > self.deadline):
            raise OutOfTimeError


class _Worker:
    """Does work in threads with a deep stack, one piece after the other."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def do(self, work: Callable[[], _T], clock: Clock) -> _T:
        """The result of ``work``; :class:`OutOfTimeError` soon after ``clock`` runs out.

        Work that is deep inside a large term may not come to look at the clock: then the exception
        is raised in its thread from here. A caller who is cancelled cancels the work.
        """
        async with self._turn:
            clock.start()
            results: list[_T | BaseException] = []
            done = asyncio.Event()
            loop = asyncio.get_running_loop()

            def target() -> None:
                try:
                    results.append(work())
                except BaseException as error:
                    results.append(error)
                finally:
                    with suppress(RuntimeError):  # nobody waits any more: the loop is closed
                        loop.call_soon_threadsafe(done.set)

            thread = _start(target)
            try:
                while thread.is_alive() and not done.is_set():
                    with suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(done.wait(), _WATCH_SECONDS)
                    if time.monotonic() > clock.deadline + _GRACE_SECONDS:
                        _interrupt(thread)
            except asyncio.CancelledError:
                clock.cancelled.set()
                raise
            result = results[0] if results else OutOfTimeError()
            if isinstance(result, BaseException):
                raise result
            return result


def _start(target: Callable[[], None]) -> threading.Thread:
    # Neither limit is lowered for anyone else.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEPTH))
    size = threading.stack_size(_STACK_BYTES)
    try:
        thread = threading.Thread(target=target, daemon=True)
        thread.start()
    finally:
        threading.stack_size(size)
    return thread


def _interrupt(thread: threading.Thread) -> None:
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTimeError)
        )


def _refusal(error: Mistake, text: str) -> EngineError:
    line = column = None
    if error.start is not None:
        line = text.count("\n", 0, error.start) + 1
        column = error.start - (text.rfind("\n", 0, error.start) + 1)
    message = str(error)
    return EngineError(
        message[:1].upper() + message[1:] + ".",
        remedy=f"The embedded core knows a small part of Lean 3. {INSTALL}",
        kind=ErrorKind.ENVIRONMENT if isinstance(error, Unknown) else ErrorKind.INPUT,
        line=line,
        column=column,
    )


def _to_the_end_of(text: str, site: Site) -> str:
    return text[: max(site.declaration.span.end, site.span.end)]


class EmbeddedHole:
    """A site as the embedded core meets it. State 0 is the initial one; states never change."""

    def __init__(
        self, worker: _Worker, elaborator: Elaborator, state: TacticState, name: str
    ) -> None:
        self._worker = worker
        self._environment: Environment = elaborator.environment
        self._scope = elaborator.scope
        self._universes = elaborator.universes
        self._goal = state.goals[0]
        self._states = [TacticState(state.solutions, state.goals[:1])]
        self._closed = False
        tactics = self._elaborator(self._states[0], lambda: None)
        known = state.solutions.metas[self._goal.number]
        target = tactics.fill(known.type)
        terms = [target, *(tactics.fill(local.type) for local in known.context)]
        self.greeting = Greeting(
            text=Printer(tactics).goals([self._goal]),
            goals=len(state.goals),
            is_prop=tactics.is_proposition(target),
            has_metavariables=any(tactics.open_metas(term) for term in terms),
            declaration=name,
        )

    def _elaborator(self, state: TacticState, tick: Callable[[], None]) -> Elaborator:
        return Elaborator(
            self._environment, tick, state.solutions.copy(), self._scope, self._universes
        )

    async def apply(
        self, state_id: int, tactics: Iterable[str], *, timeout: float
    ) -> AsyncIterator[TacticResult]:
        """Applies tactics to a state, one after the other; ``tactics`` is read lazily."""
        state = self._states[state_id]
        for index, tactic in enumerate(tactics):
            clock = Clock(timeout)
            started = time.monotonic()
            outcome = await self._worker.do(lambda t=tactic, c=clock: self._one(state, t, c), clock)  # type: ignore[misc]
            yield TacticResult(index, tactic, outcome, time.monotonic() - started)

    def _one(self, state: TacticState, tactic: str, clock: Clock) -> Outcome:
        if self._closed:
            return Failed("the hole is closed")
        if len(tactic) > _LONGEST_TACTIC:
            return Failed("the tactic is too long")
        try:
            parser = Parser(tactic)
            nodes = parser.tactic_run()
            parser.ends()
            if not nodes:
                return Failed("there is no tactic")
            run = Run(self._elaborator(state, clock), state.goals)
            for node in nodes:
                run.run(node)
            if not run.goals:
                self._check(run.elaborator, clock)
                return Solved()
            new = run.state()
            text = Printer(run.elaborator).goals(new.goals)
        except OutOfTimeError:
            return TimedOut(clock.seconds)
        except RecursionError:
            return Failed("the terms are nested too deeply for the embedded core")
        except (Mistake, KernelError) as error:
            return Failed(str(error))
        self._states.append(new)
        return Progress(len(self._states) - 1, text, len(new.goals))

    def _check(self, elaborator: Elaborator, clock: Clock) -> None:
        """Has the kernel check the proof of the hole's goal, with its context as arguments."""
        known = elaborator.solutions.metas[self._goal.number]
        context = [elaborator.fill_local(local) for local in known.context]
        statement = bind(Pi, context, elaborator.fill(known.type))
        proof = close_levels(bind(Lam, context, elaborator.fill(self._goal)))
        if SORRY in names(proof):
            raise KernelError("the proof contains sorry")
        checker = Checker(elaborator.environment, clock)
        params = tuple(dict.fromkeys([*elaborator.universes, *elaborator.scope.universes]))
        checker.check_closed(proof, params)
        if not checker.equal(checker.infer(proof), statement):
            raise KernelError("the proof is not one of the goal")

    async def known(self, names: Sequence[str]) -> set[str]:
        """Which of these exist: tactics as ``tactic.interactive.…``, and declarations."""
        prefix = "tactic.interactive."
        constants = self._environment.constants
        return {
            name
            for name in names
            if name in constants or (name.startswith(prefix) and name[len(prefix) :] in TACTICS)
        }

    async def close(self) -> None:
        """Lets go of the states."""
        self._closed = True


class EmbeddedSession:
    """Opens and verifies with the core alone."""

    def __init__(self) -> None:
        self.checker = CHECKER
        self._worker = _Worker()

    async def open(self, document: Document, site: Site) -> EmbeddedHole:
        """Opens ``site``.

        Raises :class:`EngineError` where the document uses what the core does not know, is wrong
        before the site, or the goal is not a proposition or has metavariables.
        """
        text = _to_the_end_of(document.text, site)
        clock = Clock(_OPEN_SECONDS)

        def work() -> EmbeddedHole:
            reader = Reader(
                prelude(),
                clock,
                Mark(site.declaration.span.start, site.span.start, site.span.end, stop=True),
            )
            try:
                reader.read(text)
            except HoleReachedError as reached:
                return EmbeddedHole(
                    self._worker, reached.elaborator, reached.state, site.declaration.name
                )
            except Mistake as error:
                raise _refusal(error, text) from error
            raise self._error(site, "Nothing is elaborated here.", "Is it run at all?")

        try:
            hole = await self._worker.do(work, clock)
        except (OutOfTimeError, RecursionError, KernelError) as error:
            raise self._error(
                site, "The document is too much for the embedded core.", INSTALL
            ) from error
        check_goal(hole.greeting, site)
        return hole

    @staticmethod
    def _error(site: Site, message: str, remedy: str) -> EngineError:
        return EngineError(message, remedy=remedy, line=site.line, column=site.column)

    async def verify(self, document: Document, site: Site, replacement: str) -> Verdict:
        """Judges the document that has ``replacement`` at ``site``, from its text.

        Read are the declaration and all before it. Accepted means that the declaration has no
        error, that the kernel accepts its term, and that the part of it that stands at the site has
        no ``sorry`` of its own.
        """
        started = time.monotonic()
        clock = Clock(_VERIFY_SECONDS)
        reason = ""
        axioms: list[str] = []
        sorries: list[str] = []
        try:
            axioms, sorries = await self._worker.do(
                lambda: _judge(document.text, site, replacement, clock), clock
            )
        except (OutOfTimeError, RecursionError):
            reason = "the document is too much for the embedded core"
        except (Mistake, KernelError) as error:
            reason = str(error)
        return Verdict(
            accepted=not reason,
            checker=self.checker,
            seconds=time.monotonic() - started,
            axioms=axioms,
            sorries=sorries,
            message=reason,
        )

    async def close(self) -> None:
        """Nothing outlives the calls."""


def _judge(text: str, site: Site, replacement: str, clock: Clock) -> tuple[list[str], list[str]]:
    """The axioms and the declarations by sorry that the proof at the site rests on."""
    spliced = splice(text, [(site.span, replacement)])
    shift = len(spliced) - len(text)
    before, after = site.declaration, None
    for declaration in analyse(spliced).declarations:
        if declaration.span.start == before.span.start:
            after = declaration
    if (
        after is None
        or after.statement_hash != before.statement_hash
        or after.span.end < site.span.start + len(replacement.rstrip())
        or len(analyse(spliced).declarations) != len(analyse(text).declarations)
    ):
        raise Mistake("the proof does not stay inside its declaration")
    end = site.span.start + len(replacement)
    mark = Mark(before.span.start, site.span.start, end, stop=False)
    reader = Reader(prelude(), clock, mark)
    reader.read(spliced[: max(before.span.end + shift, after.span.end)])
    if not reader.proofs:
        raise Mistake("the proof was never run")
    axioms: set[str] = set()
    sorries: set[str] = set()
    for proof in reader.proofs:
        if SORRY in names(proof):
            raise Mistake("its proof term contains sorry")
        for constant in reader.environment.rests_on(proof):
            if constant.kind in ("axiom", "constant"):
                axioms.add(constant.name)
            used = names(constant.type) | (names(constant.value) if constant.value else set())
            if SORRY in used:
                sorries.add(constant.name)
    return sorted(axioms), sorted(sorries)
