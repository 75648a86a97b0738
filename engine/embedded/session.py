"""The session of the embedded core: holes and verdicts without a Lean.

Everything runs in a :class:`Worker`, one piece after the other, so that the caller's event loop
never waits; each piece has a deadline, and ends soon after it was cancelled.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.embedded import terms as t
from engine.embedded.document import Reader, prelude
from engine.embedded.kernel import Checker, KernelError, names
from engine.embedded.prelude import SORRY
from engine.embedded.pretty import Printer
from engine.embedded.syntax import TACTICS, Mistake, Parser, Unknown, need
from engine.embedded.tactics import HoleReachedError, Mark, Run
from engine.lean.hole import Greeting, TacticResult
from engine.lean.session import check_goal
from engine.lean.toolchain import INSTALL
from engine.protocol import EngineError, ErrorKind, Verdict
from engine.source import Site, analyse, each_as_last, splice
from engine.values import Failed, Outcome, Progress, Solved, TimedOut
from engine.worker import Clock, OutOfTimeError, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from engine.embedded.elaborate import Solutions
    from engine.lean.session import Document

CHECKER = "the embedded core"
_OPEN_SECONDS = 30.0
_VERIFY_SECONDS = 60.0
_LONGEST_TACTIC = 4_096


class EmbeddedHole:
    """A site as the embedded core meets it. State 0 is the initial one; states never change."""

    def __init__(self, worker: Worker, reached: Run, name: str) -> None:
        self._worker = worker
        self._base = reached
        self._goal = reached.goals[0]
        self._states: list[tuple[Solutions, Sequence[t.Meta]]]
        self._states = [(reached.solutions.copy(), [self._goal])]
        self._closed = False
        known = reached.solutions.metas[self._goal.number]
        kinds = [reached.fill(kind) for kind in (known.type, *(x.type for x in known.context))]
        reached.tick = lambda: None
        self.greeting = Greeting(
            text=Printer(reached).goals([self._goal]),
            goals=len(reached.goals),
            is_prop=reached.is_proposition(kinds[0]),
            has_metavariables=any(map(reached.open_metas, kinds)),
            declaration=name,
        )

    async def apply(
        self, state_id: int, tactics: Iterable[str], *, timeout: float
    ) -> AsyncIterator[TacticResult]:
        """Applies tactics to a state, one after the other; ``tactics`` is read lazily."""
        state = self._states[state_id]
        for index, tactic in enumerate(tactics):
            clock, started = Clock(timeout), time.monotonic()
            outcome = await self._worker.do(lambda t=tactic, c=clock: self._one(state, t, c), clock)  # type: ignore[misc]
            yield TacticResult(index, tactic, outcome, time.monotonic() - started)

    def _one(self, state: tuple[Solutions, Sequence[t.Meta]], tactic: str, clock: Clock) -> Outcome:
        try:
            need(not self._closed, "the hole is closed")
            need(len(tactic) <= _LONGEST_TACTIC, "the tactic is too long")
            parser = Parser(tactic)
            nodes = parser.tactic_run()
            parser.ends()
            need(nodes, "there is no tactic")
            run = Run(self._base.environment, clock, state[0].copy(), self._base.scope)
            run.goals = state[1]
            for node in nodes:
                run.run(node)
            if not run.goals:
                self._have_checked(run, clock)
                return Solved()
            text = Printer(run).goals(run.goals)
        except OutOfTimeError:
            return TimedOut(clock.seconds)
        except RecursionError:
            return Failed("the terms are nested too deeply for the embedded core")
        except (Mistake, KernelError) as error:
            return Failed(str(error))
        self._states.append((run.solutions, run.goals))
        return Progress(len(self._states) - 1, text, len(run.goals))

    def _have_checked(self, run: Run, clock: Clock) -> None:
        """Has the kernel check the proof of the hole's goal, with its context as arguments."""
        known = run.solutions.metas[self._goal.number]
        statement = run.close(t.Pi, known.context, known.type)
        proof = run.settle(run.close(t.Lam, known.context, self._goal))
        need(SORRY not in names(proof), "the proof contains sorry")
        checker = Checker(run.environment, clock)
        params = (str(param.name) for param in t.universe_params(statement))
        checker.check_closed(proof, tuple(params))
        need(checker.equal(checker.infer(proof), statement), "the proof is not one of the goal")

    async def known(self, names: Sequence[str]) -> set[str]:
        """Which of these exist: tactics as ``tactic.interactive.…``, and declarations."""
        tactics = {f"tactic.interactive.{name}" for name in TACTICS}
        return {name for name in names if name in tactics | set(self._base.environment.constants)}

    async def close(self) -> None:
        """Lets go of the states."""
        self._closed = True


class EmbeddedSession:
    """Opens and verifies with the core alone."""

    def __init__(self) -> None:
        self.checker = CHECKER
        self._worker = Worker()

    async def open(self, document: Document, site: Site) -> EmbeddedHole:
        """Opens ``site``.

        Raises :class:`EngineError` where the document uses what the core does not know, is wrong
        before the site, or the goal is not a proposition or has metavariables.
        """
        text = document.text[: max(site.declaration.span.end, site.span.end)]
        clock = Clock(_OPEN_SECONDS)

        def work() -> EmbeddedHole:
            try:
                mark = Mark(site.declaration.span.start, site.span.start)
                Reader(prelude(), clock, mark).read(text)
            except HoleReachedError as reached:
                return EmbeddedHole(self._worker, reached.run, site.declaration.name)
            except Mistake as error:
                raise _refusal(error, text) from error
            raise _error(site, "Nothing is elaborated here.", "Is it run at all?")

        try:
            hole = await self._worker.do(work, clock)
        except (OutOfTimeError, RecursionError, KernelError) as error:
            message = "The document is too much for the embedded core."
            raise _error(site, message, INSTALL) from error
        check_goal(hole.greeting, site)
        return hole

    async def identity(self, document: Document) -> str:
        """The core; it knows no imports."""
        return self.checker

    async def verify(self, document: Document, site: Site, replacement: str) -> Verdict:
        """Judges the document that has ``replacement`` at ``site``, from its text.

        Read are the declaration and all before it. Accepted means that the declaration has no
        error, that the kernel accepts its term, and that the part of it that stands at the site has
        no ``sorry`` of its own.
        """
        started, clock, reason = time.monotonic(), Clock(_VERIFY_SECONDS), ""
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

    async def verify_together(
        self, document: Document, proofs: Sequence[tuple[Site, str]]
    ) -> list[Verdict]:
        """Judges the document that has all of ``proofs``: a verdict on each."""
        verdicts = []
        places = each_as_last(document.text, proofs)
        for (rest, site), (_, replacement) in zip(places, proofs, strict=True):
            if site is None:
                message = "the other proofs leave no place for it"
                verdicts.append(
                    Verdict(accepted=False, checker=self.checker, seconds=0.0, message=message)
                )
            else:
                alone = replace(document, text=rest)
                verdicts.append(await self.verify(alone, site, replacement))
        return verdicts

    async def close(self) -> None:
        """Nothing outlives the calls."""


def _error(site: Site, message: str, remedy: str) -> EngineError:
    return EngineError(message, remedy=remedy, line=site.line, column=site.column)


def _refusal(error: Mistake, text: str) -> EngineError:
    before = text[: error.start or 0]
    return EngineError(
        f"{str(error)[:1].upper()}{str(error)[1:]}.",
        remedy=f"The embedded core knows a small part of Lean 3. {INSTALL}",
        kind=ErrorKind.ENVIRONMENT if isinstance(error, Unknown) else ErrorKind.INPUT,
        line=before.count("\n") + 1,
        column=len(before) - (before.rfind("\n") + 1),
    )


def _judge(text: str, site: Site, replacement: str, clock: Clock) -> tuple[list[str], list[str]]:
    """The axioms and the declarations by sorry that the proof at the site rests on."""
    spliced, before = splice(text, [(site.span, replacement)]), site.declaration
    declarations = analyse(spliced).declarations
    start, end = site.span.start, site.span.start + len(replacement)
    after = next((d for d in declarations if d.span.start == before.span.start), None)
    stays = (
        after is not None
        and after.statement_hash == before.statement_hash
        and after.span.end >= start + len(replacement.rstrip())
        and len(declarations) == len(analyse(text).declarations)
    )
    need(stays, "the proof does not stay inside its declaration")
    reader = Reader(prelude(), clock, Mark(before.span.start, start, end))
    shifted = before.span.end + len(spliced) - len(text)
    reader.read(spliced[: max(shifted, after.span.end if after is not None else 0)])
    need(reader.proofs, "the proof was never run")
    axioms, sorries = set[str](), set[str]()
    for proof in reader.proofs:
        need(SORRY not in names(proof), "its proof term contains sorry")
        for constant in reader.environment.rests_on(proof):
            axioms |= {constant.name} if constant.kind in ("axiom", "constant") else set()
            sorries |= {constant.name} if SORRY in constant.uses() else set()
    return sorted(axioms), sorted(sorries)
