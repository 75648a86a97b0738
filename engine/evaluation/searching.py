"""One search of an evaluation, from a statement and an arm to a record."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from engine.evaluation.library import without_proofs
from engine.evaluation.recording import Recorder, keep_tree
from engine.evaluation.settings import generators, search_options
from engine.generators.remote import GeneratorError
from engine.protocol import (
    EngineError,
    ErrorKind,
    GeneratorSettings,
    ProveParams,
    Settings,
    VerifyParams,
)
from engine.prove.prover import Prover, check_options
from engine.prove.sessions import EMBEDDED

if TYPE_CHECKING:
    from pathlib import Path

    from engine.evaluation.records import Record
    from engine.evaluation.settings import Arm, EvaluationSettings, NamedGenerator
    from engine.evaluation.statements import Statement
    from engine.protocol import ProveResult, Verdict

__all__ = ["Searcher"]


class Searcher:
    """The provers of an evaluation, one a generator, over Leans that they share."""

    def __init__(self, settings: EvaluationSettings, folder: Path) -> None:
        """Raises :class:`EngineError` for settings that make no sense."""
        self.at_once = settings.at_once
        self._settings = settings
        self._folder = folder
        self._provers: dict[str, Prover] = {}
        self._verdicts: dict[tuple[str, str, str], Verdict] = {}
        # Lean may take minutes to fail at a statement; that is enough for all arms.
        self._unopened: dict[tuple[str, str], str] = {}
        for generator in generators(settings):
            first = next(iter(self._provers.values()), None)
            self._provers[generator.name] = Prover(
                _engine_settings(settings, generator),
                sessions=first.sessions if first is not None else None,
                stand_in=False,
            )

    async def search(self, statement: Statement, arm: Arm) -> Record:
        """Searches once; what fails on the way is a record, too."""
        options = search_options(self._settings, arm)
        check_options(options)
        prover = self._provers[arm.generator]
        recorder = Recorder(statement, arm)
        job = recorder.job
        text, site = statement.text, statement.site
        if statement.long:
            text, site = without_proofs(text, site)
        params = ProveParams(job=job, text=text, site=site, path=statement.path, options=options)
        key = statement.list, statement.name
        if key in self._unopened:
            return recorder(status="error", message=self._unopened[key])
        try:
            await prover.ready()
        except EngineError as error:
            return recorder(status="error", message=error.message)
        try:
            result = await prover.prove(params, lambda _: None)
            tree = ""
            if self._settings.trees:
                drawn = await prover.tree(job)
                tree = await keep_tree(self._folder, job, drawn.svg)
            if statement.long and result.status == "proved":
                result = await self._judged(prover, statement, result)
        except EngineError as error:
            # The embedded core is always there; it fails at what it does not know.
            if error.kind is ErrorKind.INPUT or self._settings.lean == EMBEDDED:
                return recorder(status="not elaborated", message=error.message)
            self._unopened[key] = error.message
            return recorder(status="error", message=error.message)
        except GeneratorError as failure:
            return recorder(status="error", message=f"The generator {failure.clause}.")
        finally:
            await prover.forget(job)
        return recorder(tree=tree, **_found(result))

    async def _judged(
        self, prover: Prover, statement: Statement, result: ProveResult
    ) -> ProveResult:
        """``result`` with the verdict on its proof in the whole document."""
        key = (statement.list, statement.name, result.replacement)
        if key not in self._verdicts:
            params = VerifyParams(
                text=statement.text,
                site=statement.site,
                replacement=result.replacement,
                path=statement.path,
            )
            self._verdicts[key] = await prover.verify(params)
        verdict = self._verdicts[key]
        if verdict.accepted:
            return replace(result, verdict=verdict)
        note = f"A proof that held without the proofs before it was refused: {verdict.message}"
        return replace(result, status="not found", verdict=verdict, notes=[*result.notes, note])

    async def close(self) -> None:
        """Ends every Lean and every generator."""
        for prover in self._provers.values():
            await prover.close()


def _engine_settings(settings: EvaluationSettings, generator: NamedGenerator) -> Settings:
    shared = {field.name: getattr(generator, field.name) for field in fields(GeneratorSettings)}
    return Settings(
        lean=settings.lean,
        threads=settings.threads,
        memory_mb=settings.memory_mb,
        sandbox=settings.sandbox,
        generator=GeneratorSettings(**shared),
        # One for each search, so that none slows another down, and one for the next.
        warm_holes=1,
        warm_processes=settings.at_once + 1,
        warm_memory_mb=(settings.at_once + 1) * settings.memory_mb,
    )


def _found(result: ProveResult) -> dict[str, object]:
    return {
        "status": result.status,
        "stop_reason": result.stop_reason.value,
        "proof": result.replacement,
        "steps": tuple(result.steps),
        "goal": result.goal,
        "verdict": result.verdict,
        "elapsed": round(result.elapsed, 3),
        "device": result.device,
        "statistics": result.statistics,
        "notes": tuple(result.notes),
    }
