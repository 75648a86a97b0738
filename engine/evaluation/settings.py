"""What an evaluation does: lists of statements × arms, and the machine that does it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path  # noqa: TC003  (read when settings are)
from typing import Literal, TypeAlias

from engine.options import setting
from engine.protocol import EngineError, GeneratorSettings, SandboxMode, SearchOptions

__all__ = ["Arm", "Backend", "EvaluationSettings", "NamedGenerator", "StatementList", "arms"]

Backend: TypeAlias = Literal["dsp-lsp", "leandojo"]

PURE, WITH_REPERTOIRE = "pure", "repertoire"


@dataclass(frozen=True, kw_only=True)
class StatementList:
    """A list of statements to be proved.

    ``kind`` ``jsonl``: ``path`` has an object a line with ``name``, ``imports``, ``header`` and
    ``statement`` (which ends in ``:=``). ``lean``: each site of the file ``path``, or of the files
    below that folder. ``library``: theorems of the sources below the folder ``path`` that are
    proved by tactics, each in its own file with its proof removed.

    Of a library, ``names`` (a file with a qualified name a line) says which theorems, ``files`` (a
    path below the folder a line) in which files to look, and ``unseen_by`` (goal–tactic pairs)
    leaves out all theorems that a model may have been trained on. ``held_out`` takes those alone
    that `dsp-engine dataset` holds out as ``test`` or ``validation`` with its default seed and
    shares, and does not mind that ``unseen_by`` has these. ``leandojo``: theorems as
    LeanDojo's Benchmark lists them, for the backend ``leandojo`` alone.

    Only statements whose imports are compiled are taken, unless ``compiled_only`` is off. Of what
    is left, ``count`` are chosen by ``seed``; None takes all. ``imports`` stand in the place of
    those that a JSONL file names.
    """

    name: str
    kind: Literal["jsonl", "lean", "library", "leandojo"]
    path: Path
    names: Path | None = None
    files: Path | None = None
    unseen_by: Path | None = None
    held_out: Literal["validation", "test"] | None = None
    compiled_only: bool = True
    count: int | None = None
    seed: int = 0
    imports: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class NamedGenerator(GeneratorSettings):
    """A generator, and what it is called in records, tables and figures."""

    name: str


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """Lists of statements × sampling × generators × repertoire × budgets × seeds.

    ``generators`` empty means the repertoire alone. A generator that is the repertoire has no pure
    arm. ``project`` is the folder that JSONL statements are checked in (their imports are found
    from there).
    """

    lists: tuple[StatementList, ...] = ()
    generators: tuple[NamedGenerator, ...] = ()
    backend: Backend = setting("dsp-lsp", help="what runs Lean: dsp-lsp, or LeanDojo's Dojo")
    project: Path | None = setting(
        None, metavar="FOLDER", help="where the statements of JSONL files find their imports"
    )
    sampling: tuple[str, ...] = setting(
        ("dynamic",), metavar="KIND", help="dynamic and fixed, one or both"
    )
    repertoire: tuple[str, ...] = setting(
        (WITH_REPERTOIRE,), metavar="KIND", help="the generator `pure`, with `repertoire`, or both"
    )
    budget: tuple[float, ...] = setting((60.0,), metavar="SECONDS", help="seconds for a search")
    seed: tuple[int, ...] = setting((0,), metavar="N", help="of the sampling")
    a: float = setting(6.0, help="of the dynamic schedule, as b and c")
    b: float = setting(12.0, help="of the dynamic schedule")
    c: float = setting(5.0, help="of the dynamic schedule")
    fixed_n: int = setting(64, metavar="N", help="tactics an expansion under fixed sampling")
    max_expansions: int | None = setting(None, metavar="N", help="a bound besides the budget")
    tactic_timeout: float = setting(10.0, metavar="SECONDS", help="for a tactic")
    first_timeout: float = setting(
        1.5, metavar="SECONDS", help="for a tactic's first try; 0: the whole time-out at once"
    )
    threads: int | None = setting(
        None, metavar="N", help="tactics at the same time in a Lean; default: the cores"
    )
    at_once: int = setting(1, metavar="N", help="searches at the same time")
    memory_mb: int = setting(6144, metavar="MB", help="the most that a Lean may take")
    lean: str | None = setting(
        None, metavar="PROGRAM", help="which Lean; `embedded` for the embedded core"
    )
    sandbox: SandboxMode = setting("auto", help="whether Lean runs in a sandbox")
    dojo_python: str = setting(
        "python", metavar="PROGRAM", help="a Python that has lean-dojo, for the backend leandojo"
    )
    trees: bool = setting(True, help="keep a picture of each search tree")


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to search; every statement is searched once under each."""

    generator: str
    sampling: Literal["dynamic", "fixed"]
    repertoire: bool
    budget: float
    seed: int

    @property
    def parts(self) -> tuple[str, ...]:
        """What it is called, part by part; see :attr:`name`."""
        alone = self.generator == WITH_REPERTOIRE
        added = "+repertoire" if self.repertoire and not alone else ""
        return (
            self.sampling,
            f"{self.generator}{added}",
            f"{self.budget:g}s",
            f"seed{self.seed}",
        )

    @property
    def name(self) -> str:
        """Different arms of an evaluation have different names."""
        return "-".join(self.parts)


def arms(settings: EvaluationSettings) -> list[Arm]:
    """All arms of an evaluation; raises :class:`EngineError` for settings that make no sense."""
    for said, allowed, option in (
        (settings.sampling, ("dynamic", "fixed"), "sampling"),
        (settings.repertoire, (PURE, WITH_REPERTOIRE), "repertoire"),
    ):
        wrong = [one for one in said if one not in allowed]
        if wrong or not said:
            raise EngineError(
                f"The {option} must be of {' and '.join(allowed)}, not {' '.join(said) or 'empty'}."
            )
    if not settings.budget or not settings.seed:
        raise EngineError("An evaluation needs at least one budget and one seed.")
    if settings.at_once < 1:
        raise EngineError(f"At least one search must run at once, not {settings.at_once}.")
    names = [generator.name for generator in generators(settings)]
    if len(set(names)) < len(names):
        raise EngineError(f"Two generators have one name: {', '.join(names)}.")
    found = []
    for generator, budget, seed in product(
        generators(settings), dict.fromkeys(settings.budget), dict.fromkeys(settings.seed)
    ):
        alone = generator.kind == "repertoire"
        kinds = (WITH_REPERTOIRE,) if alone else tuple(dict.fromkeys(settings.repertoire))
        found += [
            Arm(
                generator=generator.name,
                sampling=sampling,  # type: ignore[arg-type]  # checked above
                repertoire=kind == WITH_REPERTOIRE,
                budget=budget,
                seed=seed,
            )
            for kind, sampling in product(kinds, dict.fromkeys(settings.sampling))
        ]
    return found


def generators(settings: EvaluationSettings) -> tuple[NamedGenerator, ...]:
    """The generators of an evaluation: those that are named, else the repertoire."""
    return settings.generators or (NamedGenerator(name=WITH_REPERTOIRE, kind="repertoire"),)


def search_options(settings: EvaluationSettings, arm: Arm) -> SearchOptions:
    """How an arm searches."""
    return SearchOptions(
        budget=arm.budget,
        sampling=arm.sampling,
        a=settings.a,
        b=settings.b,
        c=settings.c,
        fixed_n=settings.fixed_n,
        max_expansions=settings.max_expansions,
        tactic_timeout=settings.tactic_timeout,
        first_timeout=settings.first_timeout or None,
        seed=arm.seed,
        repertoire=arm.repertoire,
        widen=arm.repertoire,  # a pure arm searches as the paper does
        cache="off",  # what another arm has found must not be known
    )
