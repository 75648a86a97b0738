"""The prover that the engine's process serves: jobs, their holes, and their results."""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cache import proofs_file
from engine.generators import Generators, Repertoire
from engine.lean import Document, Hole
from engine.lean.hole import LeanDiedError
from engine.lean.session import default_threads
from engine.proofs import ProofStore
from engine.protocol import (
    CacheParams,
    CacheState,
    Diagnosis,
    EngineError,
    Environment,
    EnvironmentParams,
    ErrorKind,
    ExtendParams,
    JobState,
    ProgressReport,
    ProposeParams,
    ProposeResult,
    ProveParams,
    ProveResult,
    SearchOptions,
    Settings,
    Statistics,
    StopReason,
    SuggestParams,
    SuggestResult,
    TreeResult,
    Verdict,
    Verdicts,
    VerifyParams,
    VerifyTogetherParams,
)
from engine.prove.cautions import cautions
from engine.prove.diagnose import diagnose
from engine.prove.propose import Known, proposals
from engine.prove.recall import Question, Recall, failed_before, found_before
from engine.prove.run import Run
from engine.prove.sessions import Sessions
from engine.prove.suggest import Suggester
from engine.search import Stop, draw, picture
from engine.source import Site, analyse, render_proof
from engine.values import Progress

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from engine.lean import LeanSession
    from engine.service import Report

logger = logging.getLogger(__name__)

_REPORT_SECONDS = 0.1
_KEPT_TREES = 64
_KEPT_HOLES = 2
"""Stopped searches whose Lean stays, so that they can be given more time."""


@dataclass(slots=True)
class _Job:
    name: str
    document: Document
    site: Site
    options: SearchOptions
    extendable: bool = True
    together: bool = False
    state: JobState = JobState.OPENING
    task: asyncio.Task[Stop] | None = None
    cancelled: bool = False
    hole: Hole | None = None
    run: Run | None = None
    goal: str = ""
    goals: int = 1
    notes: list[str] = field(default_factory=list)
    question: Question | None = None
    cached: str = ""


def create(settings: Settings) -> Prover:
    """The prover for ``settings``; raises :class:`EngineError` for values that make no sense."""
    return Prover(settings)


def check_options(options: SearchOptions) -> None:
    """Raises :class:`EngineError` for search options out of range."""
    positive = {
        "budget": options.budget,
        "tactic_timeout": options.tactic_timeout,
        "first_timeout": 1.0 if options.first_timeout is None else options.first_timeout,
    }
    for name, value in positive.items():
        if not (math.isfinite(value) and value > 0):
            raise EngineError(f"The {name} must be a positive number of seconds, not {value}.")
    if not (math.isfinite(options.a) and math.isfinite(options.b) and math.isfinite(options.c)):
        raise EngineError("The schedule's a, b and c must be numbers.")
    if options.a <= 0 or options.b < 0 or options.c < 0:
        raise EngineError("The schedule needs a > 0, b >= 0 and c >= 0.")
    if options.fixed_n < 1:
        raise EngineError(f"fixed_n must be at least 1, not {options.fixed_n}.")


class Prover:
    """Runs searches; the service behind ``python -m engine``."""

    def __init__(
        self, settings: Settings, *, sessions: Sessions | None = None, stand_in: bool = True
    ) -> None:
        """``sessions``: those of another prover, to share its Leans.

        Without ``stand_in`` a generator that fails ends its search with a ``GeneratorError``;
        nothing takes its place.
        """
        if settings.threads is not None and settings.threads < 1:
            raise EngineError(f"The number of threads must be at least 1, not {settings.threads}.")
        self._settings = settings
        self._threads = settings.threads or default_threads()
        self._generators = Generators(settings.generator)
        self.sessions = sessions or Sessions(settings, self._threads)
        self._stand_in = stand_in
        self._known = Known(self.sessions)
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        file = proofs_file()
        self._store = ProofStore(file) if file is not None else None
        self._recall = Recall(self._store) if self._store is not None else None

    async def environment(self, params: EnvironmentParams) -> Environment:
        """The Lean that a document at ``params.path`` meets."""
        found = await self.sessions.environment(_folder(params.path))
        return replace(found, generator=self._generators.name, device=self._generators.device)

    async def diagnose(self, params: EnvironmentParams) -> Diagnosis:
        """Whether all is well with it."""
        return await diagnose(
            _folder(params.path), self._settings, lambda: self.environment(params), self.ready
        )

    # -- searching -------------------------------------------------------------------------------

    async def prove(self, params: ProveParams, report: Report) -> ProveResult:
        """Opens the site and searches for a proof of it."""
        check_options(params.options)
        running = self._jobs.get(params.job)
        if running is not None and running.state is not JobState.FINISHED:
            raise EngineError(f"A job named {params.job} is running already.")
        job = _Job(
            params.job,
            Document(params.text, Path(params.path) if params.path is not None else None),
            _site(params.text, params.site),
            params.options,
            params.extendable,
            params.together,
        )
        await self.forget(params.job)
        self._jobs[params.job] = job
        return await self._report_while(job, report, self._prove(job))

    async def _prove(self, job: _Job) -> Stop:
        self._generators.start()
        session, job.notes = await self.sessions.serving(job.document)
        hole = job.hole = await session.open(job.document, job.site)
        job.notes += self.sessions.notices()
        greeting = hole.greeting
        job.goal, job.goals = greeting.text, greeting.goals
        job.notes += await cautions(job.document.text, job.site, hole)
        repertoire = Repertoire(await hole.known(Repertoire.asked()))
        await self._model_alone(job.options)

        async def verify(steps: Sequence[str]) -> tuple[str, Verdict]:
            replacement = render_proof(job.document.text, job.site, steps, goals=greeting.goals)
            judge = session.verify_declaration if job.together else session.verify
            return replacement, await judge(job.document, job.site, replacement)

        job.run = Run(
            hole,
            Progress(0, greeting.text, 1),
            job.options,
            self._generators.for_search(repertoire, job.notes.append if self._stand_in else None),
            repertoire if job.options.repertoire else None,
            verify,
            # With one thread the tree must not depend on timing.
            workers=1 if self._threads == 1 else 2,
        )
        if self._recall is not None and job.options.cache != "off":
            job.question = await self._question(job, session)
        if job.options.cache == "use" and (stop := await self._recalled(job)) is not None:
            return stop
        job.state = JobState.SEARCHING
        return await job.run.run()

    async def _question(self, job: _Job, session: LeanSession) -> Question:
        return Question.of(
            job.document,
            job.site,
            goal=job.goal,
            identity=await session.identity(job.document),
            options=job.options,
            generators=self._generators,
            limits=(self._threads, self._settings.memory_mb, self._settings.heartbeats),
        )

    async def _recalled(self, job: _Job) -> Stop | None:
        """What an earlier search says: a proof that still stands, or that there was none."""
        question, run, recall = job.question, job.run, self._recall
        if question is None or run is None or recall is None:
            return None
        for proof in await recall.proofs(question):
            job.state = JobState.VERIFYING
            if await run.adopt(proof.steps):
                job.cached = found_before(proof)
                job.notes.append(job.cached)
                return Stop(StopReason.PROVED, proof.steps)
        failure = await recall.failure(question, job.options.budget)
        if failure is None:
            return None
        job.cached = failed_before(failure)
        job.notes.append(job.cached)
        return Stop(StopReason(failure.reason))

    async def _keep(self, job: _Job, stop: Stop) -> None:
        """Tells the cache how a search ended."""
        question, run, recall = job.question, job.run, self._recall
        if question is None or run is None or recall is None or (job.cached and run.proof is None):
            return
        if run.proof is not None:
            await recall.keep_proof(question, run.proof.steps, run.found_after)
        elif run.generator.name == self._generators.name:  # and not what stood in for it
            await recall.keep_failure(question, stop.reason, run.search.budget)

    async def _model_alone(self, options: SearchOptions) -> None:
        """Where nothing stands in for a model, it must be there from the start."""
        if self._settings.generator.kind == "repertoire":
            return
        if not options.repertoire or (self._generators.has_model and not self._stand_in):
            await self._generators.ready()

    async def extend(self, params: ExtendParams, report: Report) -> ProveResult:
        """Goes on with a search that stopped without a proof; its tree is kept."""
        job = self._job(params.job)
        if not (math.isfinite(params.seconds) and params.seconds > 0):
            raise EngineError(f"A search is extended by more than 0 s, not {params.seconds}.")
        if job.run is None or job.hole is None or job.state is not JobState.FINISHED:
            raise EngineError(
                f"The search {params.job} cannot go on: it is running, proved, or was let go.",
                remedy="Start a new one.",
            )
        job.run.search.extend(params.seconds)
        job.cancelled, job.cached = False, ""
        job.state = JobState.SEARCHING
        self._jobs.move_to_end(params.job)
        return await self._report_while(job, report, job.run.run())

    async def _report_while(
        self, job: _Job, report: Report, work: Coroutine[object, object, Stop]
    ) -> ProveResult:
        task = job.task = asyncio.create_task(work)
        try:
            while not task.done():
                report(self._progress(job))
                await asyncio.wait({task}, timeout=_REPORT_SECONDS)
            stop = task.result()
        except asyncio.CancelledError:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            if not job.cancelled:
                await self._let_go(job)
                raise
            stop = Stop(StopReason.CANCELLED)
            if job.run is not None:
                job.run.search.cancel()
                found = job.run.search.next(job.run.elapsed)
                stop = found if isinstance(found, Stop) else stop
        except LeanDiedError as error:
            await self._let_go(job)
            raise EngineError(
                f"{error}, and could not be started again.",
                remedy="Try again; if it repeats, give Lean more memory.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error
        except BaseException:
            await self._let_go(job)
            raise
        finally:
            job.task = None
            job.state = JobState.FINISHED
        await self._keep(job, stop)
        if job.run is None or job.run.proof is not None or not job.extendable:
            await self._let_go(job)
        await self._tidy()
        report(self._progress(job))
        return self._result(job, stop)

    def _result(self, job: _Job, stop: Stop) -> ProveResult:
        run = job.run
        if run is None:
            return ProveResult(
                job=job.name,
                status="not found",
                stop_reason=StopReason.CANCELLED,
                goal=job.goal,
                elapsed=0.0,
                statistics=Statistics(),
            )
        notes = [*job.notes]
        if run.refusals:
            notes.append(
                f"{len(run.refusals)} proofs that held in the hole were refused in place; "
                f"the last because: {run.refusals[-1]}"
            )
        proof = run.proof
        common = {
            "job": job.name,
            "goal": job.goal,
            "goals": job.goals,
            "elapsed": run.found_after,
            "generator": run.generator.name,
            "device": run.generator.device,
            "statistics": run.statistics(),
            "notes": notes,
            "cached": job.cached,
        }
        if proof is None:
            return ProveResult(status="not found", stop_reason=stop.reason, **common)  # type: ignore[arg-type]
        return ProveResult(
            status="proved",
            stop_reason=StopReason.PROVED,
            steps=list(proof.steps),
            start=job.site.span.start,
            end=job.site.span.end,
            replacement=proof.replacement,
            verdict=proof.verdict,
            milliseconds=proof.milliseconds,
            **common,  # type: ignore[arg-type]
        )

    def _progress(self, job: _Job) -> ProgressReport:
        run = job.run
        if run is None:
            return ProgressReport(
                job=job.name, state=job.state, elapsed=0.0, budget=job.options.budget
            )
        statistics = run.search.statistics()
        elapsed = run.elapsed
        best = run.search.best_open()
        state = JobState.VERIFYING if run.verifying else job.state
        return ProgressReport(
            job=job.name,
            state=state,
            elapsed=elapsed,
            budget=run.search.budget,
            n=run.search.current_n(elapsed),
            expansions=statistics.expansions,
            nodes=statistics.nodes,
            open_nodes=statistics.open_nodes,
            depth=statistics.depth,
            tried=statistics.tried,
            succeeded=statistics.succeeded,
            timed_out=statistics.timed_out,
            tactics_per_second=statistics.tried / elapsed if elapsed > 0 else 0.0,
            best_goal=best.text if best is not None else "",
            generator=run.generator.name,
            device=run.generator.device,
        )

    # -- jobs ------------------------------------------------------------------------------------

    def _job(self, name: str) -> _Job:
        job = self._jobs.get(name)
        if job is None:
            raise EngineError(f"There is no job named {name}.", remedy="Start a new search.")
        return job

    async def cancel(self, job: str) -> None:
        """Ends a job soon; no error for one that is unknown or over."""
        found = self._jobs.get(job)
        if found is not None and found.task is not None:
            found.cancelled = True
            found.task.cancel()

    async def tree(self, job: str) -> TreeResult:
        """A picture of a job's search tree as it is now."""
        run = self._job(job).run
        if run is None:
            raise EngineError(f"The job {job} never came to search.")
        return TreeResult(svg=picture(run.search), text=draw(run.search))

    @staticmethod
    async def _let_go(job: _Job) -> None:
        hole, job.hole = job.hole, None
        if hole is not None:
            await hole.close()

    async def ready(self) -> None:
        """Waits until the model is loaded, if there is one; raises EngineError if it cannot be."""
        if self._generators.has_model:
            await self._generators.ready()

    async def forget(self, name: str) -> None:
        """Lets go of all that a job that is over holds: its Lean and its tree."""
        job = self._jobs.pop(name, None)
        if job is not None:
            await self._let_go(job)

    async def _tidy(self) -> None:
        """Lets go of what the oldest finished jobs hold."""
        over = [job for job in self._jobs.values() if job.state is JobState.FINISHED]
        for job in [job for job in over if job.hole is not None][:-_KEPT_HOLES]:
            await self._let_go(job)
        for job in over[:-_KEPT_TREES]:
            await self.forget(job.name)

    async def close(self) -> None:
        """Ends every job and kills every Lean."""
        for job in self._jobs.values():
            if job.task is not None:
                job.task.cancel()
        await self.sessions.close()
        await self._generators.close()
        for name in list(self._jobs):
            await self.forget(name)

    # -- suggestions -----------------------------------------------------------------------------

    async def suggest(self, params: SuggestParams) -> SuggestResult:
        """Tactics that succeed at a site: those that close it first, then as they are ranked."""
        check_options(params.options)
        self._generators.start()
        document = Document(params.text, Path(params.path) if params.path is not None else None)
        session, _ = await self.sessions.serving(document)
        hole = await session.open(document, _site(params.text, params.site))
        try:
            greeting = hole.greeting
            repertoire = Repertoire(await hole.known(Repertoire.asked()))
            await self._model_alone(params.options)
            generator = self._generators.for_search(repertoire, logger.warning)
            found = await Suggester(hole, params.options, params.limit).suggestions(
                generator, repertoire if params.options.repertoire else None
            )
        finally:
            await hole.close()
        return SuggestResult(
            goal=greeting.text,
            suggestions=found,
            goals=greeting.goals,
        )

    async def propose(self, params: ProposeParams) -> ProposeResult:
        """What the generator proposes for a tactic state, as it stands; Lean tries nothing."""
        self._generators.start()
        folder = _folder(params.path) if params.path is not None else Path.cwd()
        names = await self._known.under_default_imports(
            folder, required=not self._generators.has_model
        )
        repertoire = Repertoire(names)
        generator = self._generators.for_search(repertoire, logger.warning)
        return ProposeResult(tactics=await proposals(generator, repertoire, params))

    # -- verdicts --------------------------------------------------------------------------------

    async def verify(self, params: VerifyParams) -> Verdict:
        """The verdict on a given proof in a given text."""
        document = Document(params.text, Path(params.path) if params.path is not None else None)
        session, _ = await self.sessions.serving(document)
        return await session.verify(document, _site(params.text, params.site), params.replacement)

    async def verify_together(self, params: VerifyTogetherParams) -> Verdicts:
        """The verdicts on given proofs in a given text, which has all of them."""
        document = Document(params.text, Path(params.path) if params.path is not None else None)
        proofs = [(_site(params.text, given.site), given.replacement) for given in params.proofs]
        spans = sorted((site.span.start, site.span.end) for site, _ in proofs)
        if not proofs or any(one[1] > other[0] for one, other in pairwise(spans)):
            raise EngineError("Proofs that are judged together need sites that do not overlap.")
        session, _ = await self.sessions.serving(document)
        return Verdicts(verdicts=await session.verify_together(document, proofs))

    # -- the cache -------------------------------------------------------------------------------

    async def cache(self, params: CacheParams) -> CacheState:
        """What the cache of proofs holds, once it was pruned or cleared."""
        store = self._store
        if store is None:
            raise EngineError("There is no cache of proofs.", remedy="Unset DSP_LSP_PROOFS.")
        work = {
            "show": store.state,
            "prune": lambda: store.prune(params.days),
            "clear": store.clear,
        }
        try:
            return await asyncio.to_thread(work[params.action])
        except (sqlite3.Error, OSError) as error:
            raise EngineError(
                f"The cache {store.path} cannot be changed: {error}.",
                remedy="Another process may be at work on it: try again.",
                kind=ErrorKind.ENVIRONMENT,
            ) from error


def _folder(path: str) -> Path:
    return Path(path) if Path(path).is_dir() else Path(path).parent


def _site(text: str, start: int) -> Site:
    for site in analyse(text).sites:
        if site.span.start == start:
            return site
    raise EngineError(
        f"There is no site at offset {start} of the text.",
        remedy="A site is a `sorry`, an empty `begin end`, or a declaration that ends in `:=`.",
    )
