"""One search of an evaluation in LeanDojo's ``Dojo``."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from engine.evaluation.dojo.client import open_theorem
from engine.evaluation.recording import Recorder, keep_tree
from engine.evaluation.settings import PURE, generators, search_options
from engine.generators import Generators, Repertoire
from engine.generators.remote import GeneratorError
from engine.lean.hole import LeanDiedError
from engine.protocol import EngineError, ErrorKind, GeneratorSettings, Verdict
from engine.prove.run import Run
from engine.search import picture
from engine.source import objection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.evaluation.dojo.client import DojoHole
    from engine.evaluation.records import Record
    from engine.evaluation.settings import Arm, EvaluationSettings
    from engine.evaluation.statements import Statement

__all__ = ["DojoSearcher"]

CHECKER = "LeanDojo"


class DojoSearcher:
    """Searches with our search and our generators over Dojo's tactics.

    Time-outs are flat and tactics go one by one, as in ReProver. A proof's verdict is Dojo's word.
    """

    def __init__(self, settings: EvaluationSettings, folder: Path) -> None:
        """Raises :class:`EngineError` for settings that Dojo cannot serve."""
        self.at_once = settings.at_once
        self._settings = settings
        self._folder = folder
        if tuple(settings.repertoire) != (PURE,) or not settings.generators:
            raise EngineError(
                "LeanDojo is for a model alone.",
                remedy='Name a generator, and set `repertoire = ["pure"]`.',
            )
        self._generators = {}
        for named in generators(settings):
            values = {f.name: getattr(named, f.name) for f in fields(GeneratorSettings)}
            self._generators[named.name] = Generators(GeneratorSettings(**values))

    async def search(self, statement: Statement, arm: Arm) -> Record:
        """Searches once; what fails on the way is a record, too."""
        recorder = Recorder(statement, arm)
        options = replace(search_options(self._settings, arm), first_timeout=None)
        url, _, commit = statement.repository.rpartition("@")
        hole: DojoHole | None = None
        try:
            await self._generators[arm.generator].ready()
            hole = await open_theorem(
                self._settings.dojo_python,
                url=url,
                commit=commit,
                file=statement.origin,
                theorem=statement.name.partition("#")[0],
                timeout=options.tactic_timeout,
                budget=options.budget,
            )
            lean4 = hole.lean4
            run = Run(
                hole,
                hole.root,
                options,
                self._generators[arm.generator].for_search(Repertoire(set()), None),
                None,
                lambda steps: _verified(steps, lean4),
                workers=1,
                # The list of allowed tactics is Lean 3's; for Lean 4 there is Dojo's container.
                object_to=(lambda _: None) if lean4 else objection,
            )
            stop = await run.run()
        except EngineError as error:
            refused = error.kind is ErrorKind.INPUT
            return recorder(status="not elaborated" if refused else "error", message=error.message)
        except LeanDiedError as error:
            return recorder(status="error", message=f"{error}.")
        except GeneratorError as failure:
            return recorder(status="error", message=f"The generator {failure.clause}.")
        finally:
            if hole is not None:
                await hole.close()
        tree = ""
        if self._settings.trees:
            tree = await keep_tree(self._folder, recorder.job, picture(run.search))
        proof = run.proof
        return recorder(
            status="proved" if proof is not None else "not found",
            stop_reason=stop.reason.value,
            proof=proof.replacement if proof is not None else "",
            steps=proof.steps if proof is not None else (),
            goal=hole.greeting.text,
            verdict=proof.verdict if proof is not None else None,
            elapsed=round(run.found_after, 3),
            device=run.generator.device,
            statistics=run.statistics(),
            tree=tree,
        )

    async def close(self) -> None:
        """Ends the generators; the holes end with their searches."""
        for generator in self._generators.values():
            await generator.close()


async def _verified(steps: Sequence[str], lean4: bool) -> tuple[str, Verdict]:
    """The proof, and that Dojo said it was finished; nobody judges it in place."""
    lines = "by\n  " + "\n  ".join(steps) if lean4 else "begin\n  " + ",\n  ".join(steps) + "\nend"
    return lines, Verdict(accepted=True, checker=CHECKER, seconds=0.0)
