"""``dsp-engine augment``: its options, its progress, and the table that it prints."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from rich.table import Table

__all__ = ["add_parser"]

PAPER_PLACES, PAPER_PAIRS = 41_036, 102_682
"""Tactics that the paper took apart, and the pairs that it got of them."""

_COLUMNS = {
    "places": "tactics",
    "lost": "not put in",
    "unheard": "no answer",
    "runs": "runs",
    "new": "new pairs",
    "failed": "failed",
    "slow": "too slow",
    "unchanged": "no change",
    "duplicate": "known",
}


def add_parser(commands: Any) -> None:
    """Adds the command to those of ``dsp-engine``."""
    from engine.data.augment import AugmentSettings
    from engine.options import add_options

    parser = commands.add_parser(
        "augment",
        help="make tactics with one premise of those with several",
        description="Takes the rewriting and simplifying tactics of a trace apart into tactics "
        "with one premise, runs them in Lean where they stand, and writes what succeeds as new "
        "pairs. Nothing is written beside the sources. A second run goes on where the first was "
        "stopped.",
    )
    add_options(parser, AugmentSettings)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from engine.data.augment import AugmentSettings, augment
    from engine.options import chosen_settings

    counts = asyncio.run(augment(chosen_settings(arguments, AugmentSettings), shows=True))
    Console().print(table(counts))
    return 0


def table(counts: dict[str, Any]) -> Table:
    """What was made of each family, beside the paper's figures."""
    from rich.table import Table

    done, to_do = counts["files"], counts["files to do"]
    shown = Table(title=f"{done} files" + (f", {to_do} to do" if to_do else ""))
    shown.add_column("family")
    for title in _COLUMNS.values():
        shown.add_column(title, justify="right")
    families = counts["families"]
    for family, numbers in families.items():
        shown.add_row(family, *(f"{numbers.get(name, 0):,}" for name in _COLUMNS))
    shown.add_section()
    sums = [sum(numbers.get(name, 0) for numbers in families.values()) for name in _COLUMNS]
    shown.add_row("all", *(f"{number:,}" for number in sums))
    paper = {"places": f"{PAPER_PLACES:,}", "new": f"{PAPER_PAIRS:,}"}
    shown.add_row("the paper", *(paper.get(name, "") for name in _COLUMNS))
    return shown
