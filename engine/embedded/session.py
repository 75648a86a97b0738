"""The session of the embedded core: holes and verdicts without a Lean.

Everything runs in a :class:`Worker`, one piece after the other, so that the caller's event loop
never waits; each piece has a deadline, and ends soon after it was cancelled.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from engine.embedded import terms as t
from engine.embedded.document import Reader, prelude
from engine.embedded.kernel import Checker, KernelError, names
from engine.embedded.prelude import SORRY
from engine.embedded.pretty import Printer
from engine.embedded.syntax import TACTICS, Mistake, Parser, Unknown, need
from engine.embedded.tactics import HoleReachedError, Run
from engine.lean.hole import Greeting, TacticResult
from engine.lean.session import check_goal
from engine.lean.toolchain import INSTALL
from engine.protocol import EngineError, ErrorKind, Verdict
from engine.source import Site, analyse, each_as_last, splice
from engine.values import Failed, Outcome, Progress, Solved, TimedOut
from engine.worker import Clock, OutOfTimeError, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from engine.embedded.elaborate import State
    from engine.lean.session import Document

CHECKER = "the embedded core"
_OPEN_SECONDS = 30.0
_VERIFY_SECONDS = 60.0
_LONGEST_TACTIC = 4_096
_TOO_MUCH = "the terms are too large or too deep for the embedded core"


class EmbeddedHole:
    """A site as the embedded core meets it. State 0 is the initial one; states never change."""

    def __init__(self, worker: Worker, reached: Run, name: str) -> None:
        self._worker = worker
        self._base = reached
        self._goal, goals = reached.goals[0], len(reached.goals)
        reached.goals = [self._goal]
        self._states: list[State] = [reached.state()]
        asked = self._goal.asked
        statement = reached.close(t.Pi, asked.context, asked.type)
        self.greeting = Greeting(
            text=Printer(reached).goals(reached.goals),
            goals=goals,
            is_prop=reached.is_proposition(reached.fill(asked.type)),
            has_metavariables=bool(reached.open_metas(statement)),
            declaration=name,
        )

    async def apply(
        self, state_id: int, tactics: Iterable[str], *, timeout: float
    ) -> AsyncIterator[TacticResult]:
        """Applies tactics to a state, one after the other; ``tactics`` is read lazily."""
        for index, tactic in enumerate(tactics):
            clock, started = Clock(timeout), time.monotonic()
            run = Run(self._base.environment, clock, self._base.scope)
            run.restore(self._states[state_id])
            outcome = await self._worker.do(partial(self._one, run, tactic, timeout), clock)
            yield TacticResult(index, tactic, outcome, time.monotonic() - started)

    def _one(self, run: Run, tactic: str, timeout: float) -> Outcome:
        try:
            need(len(tactic) <= _LONGEST_TACTIC, "the tactic is too long")
            nodes = Parser(tactic).tactic_run()
            need(nodes, "there is no tactic")
            for node in nodes:
                run.run(node)
            if not run.goals:
                self._have_checked(run)
                return Solved()
            text = Printer(run).goals(run.goals)
        except OutOfTimeError:
            return TimedOut(timeout)
        except RecursionError:
            return Failed(_TOO_MUCH)
        except (Mistake, KernelError) as error:
            return Failed(str(error))
        self._states.append(run.state())
        return Progress(len(self._states) - 1, text, len(run.goals))

    def _have_checked(self, run: Run) -> None:
        """Has the kernel check the proof of the hole's goal, with its context as arguments."""
        asked = self._goal.asked
        statement = run.close(t.Pi, asked.context, asked.type)
        proof = run.settle(run.close(t.Lam, asked.context, self._goal))
        need(SORRY not in names(proof), "the proof contains sorry")
        checker = Checker(run.environment, run.tick)
        checker.check_closed(proof)
        need(checker.equal(checker.infer(proof), statement), "the proof is not one of the goal")

    async def known(self, names: Sequence[str]) -> set[str]:
        """Which of these exist: tactics as ``tactic.interactive.…``, and declarations."""
        tactics = {f"tactic.interactive.{name}" for name in TACTICS}
        return {name for name in names if name in tactics | set(self._base.environment.constants)}

    async def close(self) -> None:
        """Nothing is left to be closed."""


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
            start = site.declaration.span.start
            try:
                Reader(prelude(), clock, site.span.start, judged=start).read(text)
            except HoleReachedError as reached:
                return EmbeddedHole(self._worker, reached.run, site.declaration.name)
            raise Mistake("nothing is elaborated here", site.span.start)

        try:
            hole = await self._worker.do(work, clock)
        except Mistake as error:
            raise _refusal(error, text) from error
        except (OutOfTimeError, RecursionError, KernelError) as error:
            raise _refusal(Unknown(f"this document: {_TOO_MUCH}"), text) from error
        check_goal(hole.greeting, site)
        return hole

    async def identity(self, document: Document) -> str:
        """The core; it knows no imports."""
        return self.checker

    async def verify(self, document: Document, site: Site, replacement: str) -> Verdict:
        """Judges the document that has ``replacement`` at ``site``, from its text.

        Read are the declaration and all before it. Accepted means that the declaration has no
        error, that the kernel accepts its term, and that the replacement has no ``sorry``.
        """
        started, clock, reason = time.monotonic(), Clock(_VERIFY_SECONDS), ""
        axioms, sorries = list[str](), list[str]()
        try:
            work = partial(_judge, document.text, site, replacement, clock)
            axioms, sorries = await self._worker.do(work, clock)
        except (OutOfTimeError, RecursionError):
            reason = _TOO_MUCH
        except (Mistake, KernelError) as error:
            reason = str(error)
        seconds = time.monotonic() - started
        return Verdict(
            accepted=not reason, checker=self.checker, seconds=seconds,
            axioms=axioms, sorries=sorries, message=reason,
        )  # fmt: skip

    async def verify_declaration(self, document: Document, site: Site, replacement: str) -> Verdict:
        """The same as :meth:`verify`, which reads nothing behind the declaration."""
        return await self.verify(document, site, replacement)

    async def verify_together(
        self, document: Document, proofs: Sequence[tuple[Site, str]]
    ) -> list[Verdict]:
        """Judges the document that has all of ``proofs``: a verdict on each."""
        verdicts = []
        places = each_as_last(document.text, proofs)
        for (rest, site), (_, replacement) in zip(places, proofs, strict=True):
            why = "the other proofs leave no place for it"
            found = Verdict(accepted=False, checker=self.checker, seconds=0.0, message=why)
            if site is not None:
                found = await self.verify(replace(document, text=rest), site, replacement)
            verdicts.append(found)
        return verdicts

    async def close(self) -> None:
        """Nothing outlives the calls."""


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
    """The axioms and the declarations by sorry that the declaration around the site rests on."""
    spliced, before = splice(text, [(site.span, replacement)]), analyse(text)
    after, start = analyse(spliced), site.declaration.span.start
    declaration = next((d for d in after.declarations if d.span.start == start), None)
    stays = (
        declaration is not None
        and declaration.statement_hash == site.declaration.statement_hash
        and declaration.span.end >= site.span.start + len(replacement.rstrip())
        and len(after.declarations) == len(before.declarations)
    )
    need(stays, "the proof does not stay inside its declaration")
    need(len(after.sites) == len(before.sites) - 1, "the proof contains sorry, or nothing")
    reader = Reader(prelude(), clock, judged=start)
    shifted = site.declaration.span.end + len(spliced) - len(text)
    reader.read(spliced[: max(shifted, declaration.span.end if declaration is not None else 0)])
    proof = reader.last.value if reader.last is not None else None
    if proof is None:
        raise Mistake("nothing is proved there")
    others = any(other.declaration.span.start == start for other in after.sites)
    need(others or SORRY not in names(proof), "its proof term contains sorry")
    used = list(reader.environment.rests_on(proof))
    axioms = sorted(known.name for known in used if known.kind in ("axiom", "constant"))
    return axioms, sorted(known.name for known in used if SORRY in known.uses())
