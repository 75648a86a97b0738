"""``dsp-engine augment``: its options, its progress, and the table that it prints."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from rich.table import Table

__all__ = ["add_parser"]

PAPER_PLACES, PAPER_PAIRS = 41_036, 102_682
"""Tactics that the paper took apart, and the pairs that it got of them."""

_COLUMNS = {
    "tactics": ("places", "lost"),
    "not run": ("lost", "unheard"),
    "runs": ("runs",),
    "new": ("new",),
    "failed": ("failed",),
    "slow": ("slow",),
    "no news": ("unchanged", "duplicate"),
}
"""What the table shows, and of which counts each is the sum."""


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
    shown.add_column("family", no_wrap=True)
    for title in _COLUMNS:
        shown.add_column(title, justify="right", no_wrap=True)
    families = counts["families"]
    for family, numbers in families.items():
        shown.add_row(family, *_cells([numbers]))
    shown.add_section()
    shown.add_row("all", *_cells(families.values()))
    shown.add_row("the paper", f"{PAPER_PLACES:,}", "", "", f"{PAPER_PAIRS:,}", "", "", "")
    return shown


def _cells(rows: Iterable[dict[str, int]]) -> list[str]:
    rows = list(rows)
    return [
        f"{sum(row.get(name, 0) for row in rows for name in names):,}"
        for names in _COLUMNS.values()
    ]
