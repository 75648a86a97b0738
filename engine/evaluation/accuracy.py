"""How often a model says, among its first, what a person wrote: on held-out pairs."""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict, dataclass
from pathlib import Path  # noqa: TC003 - the settings' fields are looked up
from typing import TYPE_CHECKING, Any, Literal

from engine.data.records import read_pairs
from engine.evaluation.statistics import wilson
from engine.generators import byt5
from engine.generators.backend import Backend, Load, Request
from engine.options import add_options, chosen_settings, setting
from engine.protocol import EngineError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from engine.data.records import TacticPair
    from engine.values import Candidate

__all__ = ["AccuracySettings", "Share", "add_parser", "measure", "place"]


@dataclass(frozen=True)
class AccuracySettings:
    """The settings of a measurement."""

    model: str = setting(help="a folder or hub id", metavar="MODEL")
    pairs: tuple[Path, ...] = setting(help="files of held-out pairs", metavar="FILE")
    out: Path | None = setting(None, help="where the figures go, as JSON", metavar="FILE")
    limit: int = setting(500, help="how many pairs are drawn", metavar="N")
    seed: int = setting(0, help="decides which are drawn", metavar="N")
    beam: int = setting(32, help="candidates for each state", metavar="N")
    first: tuple[int, ...] = setting((1, 8, 32), help="among so many of them", metavar="N")
    backend: Literal["ct2", "torch"] = setting("ct2", help="what runs the model")
    threads: int = setting(2, help="on the CPU", metavar="N")
    max_state_bytes: int = setting(2048, help="longer states are cut", metavar="N")
    max_tactic_bytes: int = setting(256, help="longer tactics are not made", metavar="N")


@dataclass(frozen=True, slots=True)
class Share:
    """A share of ``of``, with its 95 % interval after Wilson."""

    count: int
    of: int
    share: float
    low: float
    high: float


def add_parser(commands: Any) -> None:
    """Adds ``accuracy`` to the commands of ``dsp-engine``."""
    parser = commands.add_parser(
        "accuracy",
        help="how often a model's first candidates have the tactic that was written",
        description="Draws pairs, has the model make candidates for their states by beam search, "
        "and prints how often the tactic of the pair is among the first of them, but for white "
        "space. Another tactic may do as well: this compares models, no more.",
    )
    add_options(parser, AccuracySettings)
    parser.set_defaults(run=_command)


def _command(arguments: argparse.Namespace) -> int:
    settings = chosen_settings(arguments, AccuracySettings)
    drawn = draw(
        (pair for path in settings.pairs for pair in read_pairs(path)),
        limit=settings.limit,
        seed=settings.seed,
    )
    shares = measure(_backend(settings), drawn, settings)
    figures = {str(first): asdict(share) for first, share in shares.items()}
    if settings.out is not None:
        settings.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for first, share in shares.items():
        sys.stdout.write(
            f"top {first}: {share.count} of {share.of}, {share.share:.1%} "
            f"({share.low:.1%} to {share.high:.1%})\n"
        )
    return 0


def draw(pairs: Iterable[TacticPair], *, limit: int, seed: int) -> list[TacticPair]:
    """At most ``limit`` pairs, at random. Raises :class:`EngineError` where there is none."""
    found = list(pairs)
    if not found:
        raise EngineError("There are no pairs.", remedy="Name files of pairs with `--pairs`.")
    random.Random(seed).shuffle(found)  # noqa: S311
    return found[:limit]


def measure(
    backend: Backend,
    pairs: Sequence[TacticPair],
    settings: AccuracySettings,
    answered: Callable[[int, tuple[Candidate, ...]], None] | None = None,
) -> dict[int, Share]:
    """For each number in ``settings.first`` the share of pairs whose tactic is among so many.

    ``answered`` gets each pair's number and candidates.
    """
    for number, pair in enumerate(pairs):
        state = byt5.fit(pair.state, settings.max_state_bytes)
        request = Request(state, settings.beam, max_bytes=settings.max_tactic_bytes)
        backend.submit(number, request)
    places: dict[int, int | None] = {}
    while backend.busy:
        for answer in backend.step():
            places[answer.key] = place(pairs[answer.key].tactic, answer.candidates)
            if answered is not None:
                answered(answer.key, answer.candidates)
    shares = {}
    for first in settings.first:
        count = sum(at is not None and at < first for at in places.values())
        low, high = wilson(count, len(pairs))
        shares[first] = Share(count, len(pairs), count / len(pairs), low, high)
    return shares


def place(tactic: str, candidates: Iterable[Candidate]) -> int | None:
    """Where ``tactic`` stands among the candidates, from 0; white space counts as one blank."""
    wanted = " ".join(tactic.split())
    for at, candidate in enumerate(candidates):
        if " ".join(candidate.tactic.split()) == wanted:
            return at
    return None


def _backend(settings: AccuracySettings) -> Backend:
    load = Load(settings.model, threads=settings.threads)
    if settings.backend == "torch":
        from engine.generators.torch_backend import load as load_torch

        return load_torch(load)
    from engine.generators.ct2 import load as load_ct2

    return load_ct2(load)
