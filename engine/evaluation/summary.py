"""Pass@1 of each arm on each list, as rows and as a table of text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.evaluation.statistics import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.evaluation.records import Record
    from engine.evaluation.settings import Arm

__all__ = ["Share", "arms_of", "in_order", "labels", "shares", "summary", "table"]

CUMULATIVE = "all together"


@dataclass(frozen=True, slots=True)
class Share:
    """What an arm proves of a list; ``total`` counts the statements that could be searched."""

    proved: int
    total: int

    def __str__(self) -> str:
        """Counts, percent, and the interval in percent."""
        if not self.total:
            return "–"
        low, high = wilson(self.proved, self.total)
        return (
            f"{self.proved}/{self.total} {100 * self.proved / self.total:.1f} % "
            f"({100 * low:.0f}–{100 * high:.0f})"
        )


def in_order(records: Iterable[Record]) -> list[Record]:
    """``records``, list by list and arm by arm: pure before with the repertoire, dynamic before
    fixed. Searches that run at the same time are recorded as they end, which must not show.
    """

    def place(record: Record) -> tuple[str, str, bool, str, float, int]:
        arm = record.arm
        return (record.list, arm.generator, arm.repertoire, arm.sampling, arm.budget, arm.seed)

    return sorted(records, key=place)


def arms_of(records: Iterable[Record]) -> list[Arm]:
    """The arms of ``records``, each once, in their order."""
    return list(dict.fromkeys(record.arm for record in records))


def labels(arms: Iterable[Arm]) -> dict[str, str]:
    """A short name for each arm's full one: the parts that all of them share are left out."""
    known = {arm.name: arm.parts for arm in arms}
    columns = list(zip(*known.values(), strict=True))
    kept = [i for i, column in enumerate(columns) if len(set(column)) > 1] or [0, 1]
    return {name: " ".join(parts[i] for i in kept) for name, parts in known.items()}


def shares(records: Sequence[Record]) -> dict[str, dict[str, Share]]:
    """Per arm, then per list; last, what at least one arm proves, of what any could search."""
    lists = list(dict.fromkeys(record.list for record in records))
    found: dict[str, dict[str, Share]] = {}
    for arm in dict.fromkeys(record.arm.name for record in records):
        mine = [record for record in records if record.arm.name == arm]
        found[arm] = {name: _share([r for r in mine if r.list == name]) for name in lists}
    found[CUMULATIVE] = {name: _share([r for r in records if r.list == name]) for name in lists}
    return found


def _share(records: Sequence[Record]) -> Share:
    searched = {record.statement for record in records if record.searched}
    return Share(len({record.statement for record in records if record.proved}), len(searched))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its columns as wide as what they hold."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |\n"

    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|\n"
    return line(head) + rule + "".join(map(line, rows))


def summary(records: Sequence[Record]) -> str:
    """For people: proved of searched, with 95 % intervals, and what could not be searched."""
    if not records:
        return "Nothing is recorded yet.\n"
    short = labels(record.arm for record in records)
    found = shares(records)
    lists = list(dict.fromkeys(record.list for record in records))
    rows = [
        [short.get(arm, arm), *(str(of_list[name]) for name in lists)]
        for arm, of_list in found.items()
    ]
    text = table(["Pass@1", *lists], rows)
    for status, said in (
        ("not elaborated", "Lean does not accept (not counted above)"),
        ("error", "Lean or the generator failed (not counted above; tried again next time)"),
    ):
        names = dict.fromkeys(f"{r.list} {r.statement}" for r in records if r.status == status)
        if names:
            text += f"\n{len(names)} statements that {said}: {_some(list(names))}\n"
    return text


def _some(names: list[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
