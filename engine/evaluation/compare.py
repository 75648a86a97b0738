"""``dsp-engine compare``: two arms on the same statements."""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.evaluation.records import read_records
from engine.evaluation.statistics import Paired, wilson
from engine.evaluation.summary import table
from engine.protocol import EngineError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from engine.evaluation.records import Record

__all__ = ["Comparison", "add_parser", "compare"]

ALL = "all"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to those of ``dsp-engine``."""
    parser = commands.add_parser(
        "compare",
        help="two evaluations, or two arms of one, on the same statements",
        description="Statement by statement: what both prove, only the one, only the other; "
        "McNemar's exact test; 95 % intervals (Wilson) of each share; the median time on what both "
        "prove. Statements that one of the two could not search are left out and counted.",
    )
    parser.set_defaults(run=_run)
    for side in ("A", "B"):
        parser.add_argument(
            side.lower(),
            metavar=side,
            help="a folder of `evaluate`; FOLDER:ARM where it has several arms",
        )
    parser.add_argument("--json", action="store_true", help="figures for programs")


def _run(arguments: argparse.Namespace) -> int:
    sides = [_side(arguments.a), _side(arguments.b)]
    found = compare(*sides)
    names = [records[0].arm.name for records in sides]
    if names[0] == names[1]:
        names = [arguments.a, arguments.b]
    if arguments.json:
        made = {"a": names[0], "b": names[1], "lists": {one.name: one.values() for one in found}}
        sys.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(shown(found, names[0], names[1]))
    return 0


def _side(said: str) -> list[Record]:
    """The records of one arm."""
    folder, _, arm = said.rpartition(":") if not Path(said).is_dir() else (said, "", "")
    records = read_records(Path(folder or said))
    arms = list(dict.fromkeys(record.arm.name for record in records))
    if not arms:
        raise EngineError(f"{folder} has no records yet.")
    if not arm and len(arms) > 1:
        raise EngineError(
            f"{said} has {len(arms)} arms.",
            remedy="Name one: " + ", ".join(f"{said}:{name}" for name in arms),
        )
    if arm and arm not in arms:
        raise EngineError(f"{folder} has no arm {arm}.", remedy=f"It has {', '.join(arms)}.")
    return [record for record in records if record.arm.name == (arm or arms[0])]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms on the statements of a list.

    ``left_out`` counts the statements that one of them has no search of. ``seconds`` are the
    medians of what A and B took on the statements that both prove, None where there is none.
    """

    name: str
    paired: Paired
    left_out: int
    seconds: tuple[float, float] | None

    def values(self) -> dict[str, object]:
        """All figures, for programs."""
        pair = self.paired
        return {
            "statements": pair.total,
            "left_out": self.left_out,
            "both": pair.both,
            "only_a": pair.only_a,
            "only_b": pair.only_b,
            "neither": pair.neither,
            "mcnemar_p": pair.p,
            "interval_a": wilson(pair.a, pair.total),
            "interval_b": wilson(pair.b, pair.total),
            "median_seconds_a": self.seconds[0] if self.seconds else None,
            "median_seconds_b": self.seconds[1] if self.seconds else None,
        }


def compare(a: Sequence[Record], b: Sequence[Record]) -> list[Comparison]:
    """Per list, and for all lists together where there are several.

    Raises :class:`EngineError` where the two have no statement in common.
    """
    first = {(record.list, record.statement): record for record in a}
    second = {(record.list, record.statement): record for record in b}
    lists = list(dict.fromkeys(name for name, _ in first if any(n == name for n, _ in second)))
    if not lists:
        raise EngineError("The two have no statement in common.")
    found = [
        _compare(
            name,
            {key: record for key, record in first.items() if key[0] == name},
            {key: record for key, record in second.items() if key[0] == name},
        )
        for name in lists
    ]
    return [*found, _compare(ALL, first, second)] if len(lists) > 1 else found


def _compare(
    name: str, first: dict[tuple[str, str], Record], second: dict[tuple[str, str], Record]
) -> Comparison:
    pairs = [
        (first[key], second[key])
        for key in first
        if key in second and first[key].searched and second[key].searched
    ]
    both = [(x, y) for x, y in pairs if x.proved and y.proved]
    paired = Paired(
        both=len(both),
        only_a=sum(x.proved and not y.proved for x, y in pairs),
        only_b=sum(y.proved and not x.proved for x, y in pairs),
        neither=sum(not x.proved and not y.proved for x, y in pairs),
    )
    seconds = None
    if both:
        medians = [
            statistics.median(side.elapsed for side in column) for column in zip(*both, strict=True)
        ]
        seconds = (medians[0], medians[1])
    return Comparison(name, paired, len({*first, *second}) - len(pairs), seconds)


def shown(found: Sequence[Comparison], a: str, b: str) -> str:
    """For people."""
    head = ["list", "statements", "A", "B", "both", "only A", "only B", "neither", "p", "median s"]
    rows = [
        [
            one.name,
            str(one.paired.total),
            _share(one.paired.a, one.paired.total),
            _share(one.paired.b, one.paired.total),
            str(one.paired.both),
            str(one.paired.only_a),
            str(one.paired.only_b),
            str(one.paired.neither),
            f"{one.paired.p:.3g}",
            f"{one.seconds[0]:.1f} / {one.seconds[1]:.1f}" if one.seconds else "–",
        ]
        for one in found
    ]
    text = f"A: {a}\nB: {b}\n\n{table(head, rows)}"
    text += "\np: McNemar's exact test, two-sided. In brackets: 95 % intervals (Wilson), percent.\n"
    text += "Median seconds: A / B, on what both prove.\n"
    left = sum(one.left_out for one in found if one.name != ALL)
    return text + (
        f"{left} statements that one of them did not search are left out.\n" if left else ""
    )


def _share(proved: int, total: int) -> str:
    low, high = wilson(proved, total)
    return f"{proved} ({100 * low:.0f}–{100 * high:.0f})"
