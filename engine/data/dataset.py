"""``dsp-engine dataset``: pairs into a training, a validation and a test set."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - the settings' fields are looked up
from typing import TYPE_CHECKING, Any

from engine.data.leandojo import read_benchmark
from engine.data.records import read_pairs, write_pairs
from engine.data.rename import Names, copies
from engine.data.splits import SPLITS, Sieve, SplitRule
from engine.manifest import manifest_path, write_manifest
from engine.options import add_options, chosen_settings, setting
from engine.protocol import EngineError
from engine.settings import cannot_write, to_mapping

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from engine.data.records import TacticPair

__all__ = ["DatasetSettings", "add_parser", "make_dataset", "split_path"]


@dataclass(frozen=True)
class DatasetSettings:
    """The settings of a data set."""

    pairs: tuple[Path, ...] = setting(
        help="files of pairs, or .json of LeanDojo's benchmark; of equal pairs the first is kept",
        metavar="FILE",
    )
    out: Path = setting(help="where the three sets go", metavar="FOLDER")
    seed: int = setting(0, help="decides which theorems are held out", metavar="N")
    validation: float = setting(0.025, help="share of the theorems", metavar="SHARE")
    test: float = setting(0.025, help="share of the theorems", metavar="SHARE")
    failed: bool = setting(default=False, help="keep tactics that failed, in the training set")
    premises: bool = setting(default=True, help="keep the premises named in the tactics")
    renamed: int = setting(
        0, help="copies of each training pair with other names for what is local", metavar="N"
    )


def add_parser(commands: Any) -> None:
    """Adds the command to those of ``dsp-engine``."""
    parser = commands.add_parser(
        "dataset",
        help="a training, a validation and a test set from goal–tactic pairs",
        description="Splits pairs by theorem and removes what is double. Which theorems are held "
        "out follows from their names and the seed alone. Nothing of a held-out theorem is in the "
        "training set, also not through augmentation, and no state and tactic is in two sets.",
    )
    add_options(parser, DatasetSettings)
    parser.set_defaults(run=_command)


def _command(arguments: argparse.Namespace) -> int:
    counts = make_dataset(chosen_settings(arguments, DatasetSettings), shows=True)
    for split in reversed(SPLITS):
        theorems = counts[f"theorems in {split}"]
        sys.stdout.write(f"{split}: {counts[split]} pairs of {theorems} theorems\n")
    return 0


def split_path(folder: Path, split: str) -> Path:
    """The file of a split in the folder of a data set."""
    return folder / f"{split}.jsonl.zst"


def make_dataset(settings: DatasetSettings, *, shows: bool = False) -> dict[str, int]:
    """Writes the three files and their manifest, and returns the counts in it.

    ``shows`` draws a progress bar on standard error. Raises :class:`EngineError` where the input is
    none, or has nothing to train on.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    _check(settings)
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        # From now on what is there is no data set.
        manifest_path(settings.out).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(settings.out, error) from error
    rule = SplitRule(settings.seed, settings.validation, settings.test)
    sieve = Sieve(rule, failed=settings.failed, premises=settings.premises)
    trained = (pair.state for pair in _pairs(settings) if rule.of(pair.theorem) == "train")
    names = Names(trained) if settings.renamed else None
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shows) as bar:
        for split in SPLITS:
            task = bar.add_task(f"{split}: pairs read", total=None)

            def told(task: Any = task, copied: bool = split == "train") -> Iterator[TacticPair]:
                for pair in _pairs(settings):
                    bar.advance(task)
                    yield pair
                    if copied and names is not None:
                        yield from copies(pair, settings.renamed, names, seed=settings.seed)

            write_pairs(split_path(settings.out, split), sieve.through(told(), split))
    counts = dict.fromkeys(reversed(SPLITS), 0) | dict(sieve.counts)
    counts |= {f"theorems in {split}": len(sieve.theorems[split]) for split in SPLITS}
    if not counts["train"]:
        raise EngineError(
            "Nothing is left to train on.", remedy="Give more pairs, or smaller shares."
        )
    write_manifest(
        settings.out,
        command="dataset",
        settings=to_mapping(settings),
        inputs=settings.pairs,
        counts=counts,
    )
    return counts


def _pairs(settings: DatasetSettings) -> Iterator[TacticPair]:
    for path in settings.pairs:
        yield from read_benchmark(path) if path.suffix == ".json" else read_pairs(path)


def _check(settings: DatasetSettings) -> None:
    if not settings.pairs:
        raise EngineError("There are no pairs.", remedy="Name files of pairs with `--pairs`.")
    for path in settings.pairs:
        if not path.is_file():
            raise EngineError(f"There is no file {path}.")
    shares = (settings.validation, settings.test)
    if min(shares) < 0 or sum(shares) >= 1:
        raise EngineError(
            "The shares of validation and test must be at least 0 and below 1 together."
        )
    if settings.renamed < 0:
        raise EngineError(f"There cannot be {settings.renamed} copies of a pair.")
