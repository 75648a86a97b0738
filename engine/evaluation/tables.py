"""The paper's Tables 1 and 2, of our records; as Markdown and as comma-separated values. Pure."""

from __future__ import annotations

import csv
import io
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.evaluation.compare import ALL, compare
from engine.evaluation.summary import CUMULATIVE, Share, arms_of, labels, shares, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.evaluation.records import Record
    from engine.evaluation.settings import Arm

__all__ = ["PAPER", "Table", "differing", "table_1", "table_2"]

PAPER = {
    "DS-Prover, dynamic sampling (paper)": {"minif2f": 29.8, "proofnet": 14.2},
    "best before it, in Lean (paper)": {"minif2f": 29.6},
}
"""Pass@1 in percent, from the paper's abstract: all of miniF2F's test part and of ProofNet, ByT5
small, ten minutes a theorem. Beside a part of either, another machine or another budget they are a
landmark and no comparison.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """For people."""
        return f"{table(self.head, self.rows)}\n{self.caption}\n"

    def comma_separated(self) -> str:
        """For programs."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.head, *self.rows])
        return text.getvalue()


def table_1(records: Sequence[Record], *, paper: bool = False) -> Table:
    """Pass@1 of each arm on each list, and of all arms together in the last row.

    With ``paper``, also what the paper says of lists whose names begin as its benchmarks do.
    """
    short = labels(record.arm for record in records)
    found = shares(records)
    lists = list(dict.fromkeys(record.list for record in records))
    arms = arms_of(records)
    rows = [
        (short[arm.name], *(str(found[arm.name][name]) for name in lists), _seconds(records, arm))
        for arm in arms
    ]
    rows.append((CUMULATIVE, *(str(found[CUMULATIVE][name]) for name in lists), ""))
    if paper:
        for row, values in PAPER.items():
            of_list = [
                next((v for known, v in values.items() if name.lower().startswith(known)), None)
                for name in lists
            ]
            cells = (f"{value} %" if value is not None else "–" for value in of_list)
            rows.append((row, *cells, ""))
    refused = {
        name: len({r.statement for r in records if r.list == name and r.status == "not elaborated"})
        for name in lists
    }
    apart = "; ".join(f"{count} of {name}" for name, count in refused.items() if count)
    caption = (
        "Proved of searched, Pass@1 in percent (95 % interval, Wilson). "
        f"Last column: median seconds of a proof.{_shared(arms)}"
    )
    if apart:
        caption += f" Lean does not accept the statement, so not counted: {apart}."
    if paper:
        caption += (
            " Rows marked (paper) are the paper's own figures, on all of its test sets, with its "
            "models and hardware."
        )
    return Table(caption, ("arm", *lists, "median s"), tuple(rows))


def _shared(arms: Sequence[Arm]) -> str:
    """What the short labels leave out."""
    columns = list(zip(*(arm.parts for arm in arms), strict=True))
    same = [column[0] for column in columns if len(set(column)) == 1]
    return f" All arms: {', '.join(same)}." if same and len(arms) > 1 else ""


def _seconds(records: Sequence[Record], arm: Arm) -> str:
    took = [r.elapsed for r in records if r.proved and r.arm == arm]
    return f"{statistics.median(took):.1f}" if took else "–"


def table_2(records: Sequence[Record]) -> Table:
    """Dynamic against fixed sampling, all else equal: paired, statement by statement."""
    by_arm: dict[Arm, list[Record]] = {}
    for record in records:
        by_arm.setdefault(record.arm, []).append(record)
    rows = []
    for group in differing("sampling", list(by_arm)):
        named = {arm.sampling: arm for arm in group}
        dynamic, fixed = named["dynamic"], named["fixed"]
        name = " ".join(dynamic.parts[1:])
        for one in compare(by_arm[dynamic], by_arm[fixed]):
            pair = one.paired
            rows.append(
                (
                    name,
                    one.name if one.name != ALL else "all lists",
                    str(Share(pair.a, pair.total)),
                    str(Share(pair.b, pair.total)),
                    str(pair.only_a),
                    str(pair.only_b),
                    f"{pair.p:.3g}",
                    _expansions(by_arm[dynamic], one.name),
                    _expansions(by_arm[fixed], one.name),
                )
            )
    return Table(
        "Dynamic against fixed sampling on the same statements. p: McNemar's exact test. "
        "Expansions: median of the searches that used up their budget.",
        (
            *("generator", "list", "dynamic", "fixed", "only dynamic", "only fixed", "p"),
            *("expansions, dynamic", "expansions, fixed"),
        ),
        tuple(rows),
    )


def _expansions(records: Sequence[Record], name: str) -> str:
    counts = [
        r.statistics.expansions
        for r in records
        if r.stop_reason == "budget" and (name == ALL or r.list == name)
    ]
    return f"{statistics.median(counts):g}" if counts else "–"


def differing(factor: str, arms: Sequence[Arm]) -> list[list[Arm]]:
    """The groups of at least two arms that differ in nothing but ``factor``, a field of theirs."""
    groups: dict[tuple[object, ...], list[Arm]] = {}
    fields = ("generator", "sampling", "repertoire", "budget", "seed")
    for arm in arms:
        rest = tuple(getattr(arm, field) for field in fields if field != factor)
        groups.setdefault(rest, []).append(arm)
    return [group for group in groups.values() if len(group) > 1]
