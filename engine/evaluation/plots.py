"""The paper's Figures 3, 8, 9 and 10, of our records; each arm by line, marker and hatch."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from engine.evaluation.summary import labels
from engine.search import DynamicSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.evaluation.records import Record
    from engine.evaluation.settings import Arm, EvaluationSettings

__all__ = ["n_over_time", "nodes_per_depth", "proof_sizes", "proved_over_time"]

_COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7f7f7f")
_DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
_MARKERS = "osv^Dx"
_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++")
_LONGEST = 6
"""Proofs with more tactics share a bar."""

PAPER_MINUTES = (2.5, 5.0, 10.0)
"""The budgets of the paper's Figure 8."""


def _style(index: int) -> dict[str, Any]:
    return {
        "color": _COLOURS[index % len(_COLOURS)],
        "linestyle": _DASHES[index % len(_DASHES)],
        "marker": _MARKERS[index % len(_MARKERS)],
        "markersize": 4,
        "linewidth": 1.4,
    }


def _of_arms(
    records: Sequence[Record], arms: Sequence[Arm]
) -> Iterator[tuple[int, str, list[Record]]]:
    """The place of each arm that has records among all arms, its label, and these records."""
    short = labels(arms)
    for index, arm in enumerate(arms):
        if mine := [record for record in records if record.arm == arm]:
            yield index, short[arm.name], mine


def proved_over_time(axes: Any, records: Sequence[Record], arms: Sequence[Arm]) -> None:
    """Figure 3: the share of a list that is proved after so many seconds, for each arm.

    An arm looks the same on all lists by its place among ``arms``.
    """
    for index, name, mine in _of_arms(records, arms):
        total = sum(record.searched for record in mine)
        times = sorted(record.elapsed for record in mine if record.proved)
        budget = max(record.arm.budget for record in mine)
        if not total:
            continue
        x = [0.0, *times, budget]
        y = [100 * count / total for count in (*range(len(times) + 1), len(times))]
        axes.step(x, y, where="post", label=f"{name} ({len(times)})", **_style(index))
    axes.set_xlabel("seconds of search")
    axes.set_ylabel("proved, % of searched")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.legend(fontsize=7, loc="lower right")


def n_over_time(axes: Any, records: Sequence[Record], settings: EvaluationSettings) -> None:
    """Figure 8: n against time, as the schedules say for the paper's budgets and ours, and as the
    searches used it.
    """
    schedule = DynamicSchedule(settings.a, settings.b, settings.c)
    budgets = sorted({60 * minutes for minutes in PAPER_MINUTES} | {r.arm.budget for r in records})
    for index, budget in enumerate(budgets):
        x = [budget * i / 200 for i in range(201)]
        y = [schedule.plan(at / budget).n for at in x]
        style = {**_style(index), "marker": ""}
        axes.step(x, y, where="post", label=f"dynamic, {_duration(budget)}", **style)
    axes.axhline(
        settings.fixed_n, color="0.4", linewidth=2.2, label=f"fixed, n = {settings.fixed_n}"
    )
    for sampling, marker in (("dynamic", "o"), ("fixed", "x")):
        points = [
            point
            for record in records
            if record.arm.sampling == sampling
            for point in record.statistics.n_over_time
        ]
        if points:
            axes.scatter(
                *zip(*points, strict=True),
                s=9,
                marker=marker,
                color="0.35",
                linewidths=0.7,
                label=f"used, {sampling} ({len(points)} expansions)",
            )
    axes.set_xscale("symlog", linthresh=10)
    axes.set_yscale("log")
    axes.set_yticks([6, 8, 12, 18, 32, 64], ["6", "8", "12", "18", "32", "64"])
    axes.minorticks_off()
    ticks = [0, 2, 5, 10, 30, 60, 150, 300, 600]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xlim(0, max(budgets) * 1.1)
    axes.set_xlabel("seconds of search")
    axes.set_ylabel("n, tactics kept an expansion")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _duration(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def nodes_per_depth(axes: Any, records: Sequence[Record], arms: Sequence[Arm]) -> None:
    """Figure 9: how many tactic states a search has at each depth, the mean over all searches."""
    deepest = 0
    for index, name, mine in _of_arms(records, arms):
        counts = [r.statistics.nodes_per_depth for r in mine if r.searched]
        if not counts:
            continue
        depths = max(map(len, counts))
        deepest = max(deepest, depths)
        means = [sum(c[d] for c in counts if d < len(c)) / len(counts) for d in range(depths)]
        axes.plot(range(depths), means, label=f"{name} ({len(counts)} searches)", **_style(index))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xticks(range(0, deepest, max(1, deepest // 12)))
    axes.set_xlabel("depth, in tactics")
    axes.set_ylabel("states a search, mean")
    axes.legend(fontsize=7)


def proof_sizes(axes: Any, records: Sequence[Record], arms: Sequence[Arm]) -> None:
    """Figure 10: how many proofs have so many tactics, for each arm."""
    width = 0.8 / max(1, len(arms))
    for index, name, mine in _of_arms(records, arms):
        sizes = Counter(min(len(r.steps), _LONGEST) for r in mine if r.proved)
        bars = range(1, _LONGEST + 1)
        axes.bar(
            [size - 0.4 + width * (index + 0.5) for size in bars],
            [sizes[size] for size in bars],
            width,
            label=f"{name} ({sum(sizes.values())})",
            hatch=_HATCHES[index % len(_HATCHES)],
            facecolor=str(1 - 0.12 * (index % 6)),
            edgecolor="black",
            linewidth=0.8,
        )
    names = [*(str(size) for size in range(1, _LONGEST)), f"{_LONGEST} or more"]
    axes.set_xticks(range(1, _LONGEST + 1), names)
    top = max((bar.get_height() for bar in axes.patches), default=0)
    axes.set_yticks(range(0, math.ceil(top) + 2, max(1, math.ceil(top / 8))))
    axes.set_xlabel("tactics of the proof")
    axes.set_ylabel("proofs")
    axes.legend(fontsize=7)
