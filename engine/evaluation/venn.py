"""Venn diagrams of what arms prove that differ in one thing: the paper's Figures 2, 5, 6 and 7.

Circles of one size: their areas say nothing, the numbers do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.evaluation.tables import differing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.evaluation.records import Record
    from engine.evaluation.settings import Arm

__all__ = ["FACTORS", "Panel", "draw", "panels", "regions"]

FACTORS = ("sampling", "generator", "repertoire", "budget", "seed")
_MOST = 3
"""A diagram of four circles cannot show all regions."""

Panel = tuple[str, dict[str, set[str]]]
"""What all sets of a diagram share, and each set by its name."""


def panels(records: Sequence[Record], factor: str) -> Iterator[Panel]:
    """The diagrams of arms that differ in ``factor``, of the first three where there are more.

    Only statements that each of them searched are in the sets.
    """
    by_arm: dict[Arm, list[Record]] = {}
    for record in records:
        by_arm.setdefault(record.arm, []).append(record)
    for group in differing(factor, list(by_arm)):
        arms = group[:_MOST]
        searched = set.intersection(*({_key(r) for r in by_arm[a] if r.searched} for a in arms))
        sets = {
            _value(arm, factor): {_key(r) for r in by_arm[arm] if r.proved} & searched
            for arm in arms
        }
        yield _shared(arms[0], factor), sets


def _key(record: Record) -> str:
    return f"{record.list}\n{record.statement}"


def _value(arm: Arm, factor: str) -> str:
    if factor == "repertoire":
        return "with repertoire" if arm.repertoire else "pure"
    value = getattr(arm, factor)
    return {"budget": f"{value:g} s" if factor == "budget" else "", "seed": f"seed {value}"}.get(
        factor, str(value)
    )


def _shared(arm: Arm, factor: str) -> str:
    sampling, generator, budget, seed = arm.parts
    shown = {"sampling": sampling, "generator": generator, "budget": budget, "seed": seed}
    if factor == "repertoire":
        shown["generator"] = arm.generator
    elif factor == "generator":
        shown["generator"] = "with repertoire" if arm.repertoire else "pure"
    else:
        del shown[factor]
    return ", ".join(shown.values())


def regions(sets: Mapping[str, set[str]]) -> dict[frozenset[str], int]:
    """How many elements are in exactly these sets, for each choice of sets that has any."""
    found: dict[frozenset[str], int] = {}
    for element in set().union(*sets.values()):
        inside = frozenset(name for name, members in sets.items() if element in members)
        found[inside] = found.get(inside, 0) + 1
    return found


_CENTRES = {2: ((-0.5, 0.0), (0.5, 0.0)), 3: ((-0.5, 0.3), (0.5, 0.3), (0.0, -0.56))}
_NAMES = {
    2: ((-0.75, 1.12), (0.75, 1.12)),
    3: ((-0.75, 1.42), (0.75, 1.42), (0.0, -1.72)),
}
_LINES = ("solid", "dashed", "dotted")
_HATCHES = ("", "///", "...")


def draw(axes: Any, panel: Panel) -> None:
    """Draws a diagram."""
    from matplotlib.patches import Circle

    shared, sets = panel
    names = list(sets)
    centres = _CENTRES[len(names)]
    for centre, line, hatch in zip(centres, _LINES, _HATCHES, strict=False):
        axes.add_patch(
            Circle(centre, 1.0, facecolor="none", edgecolor="0.75", linewidth=0.0, hatch=hatch)
        )
        axes.add_patch(Circle(centre, 1.0, fill=False, linestyle=line, linewidth=1.8))
    counts = regions(sets)
    for inside in _choices(names):
        x, y = _place([centres[names.index(n)] for n in inside], centres)
        axes.text(
            x,
            y,
            str(counts.get(inside, 0)),
            ha="center",
            va="center",
            fontsize=13,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    for name, (x, y) in zip(names, _NAMES[len(names)], strict=True):
        axes.text(x, y, f"{name} ({len(sets[name])})", ha="center", va="center", fontsize=10)
    axes.set_title(shared, fontsize=9)
    axes.set_xlim(-1.9, 1.9)
    axes.set_ylim(-1.9 if len(names) == 3 else -1.2, 1.65 if len(names) == 3 else 1.35)
    axes.set_aspect("equal")
    axes.axis("off")


def _choices(names: Sequence[str]) -> Iterator[frozenset[str]]:
    for bits in range(1, 1 << len(names)):
        yield frozenset(name for i, name in enumerate(names) if bits >> i & 1)


def _place(
    inside: Sequence[tuple[float, float]], centres: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """The middle of the circles that a region is in, pushed away from all others."""
    outside = [centre for centre in centres if centre not in inside]
    x = sum(c[0] for c in inside) / len(inside)
    y = sum(c[1] for c in inside) / len(inside)
    if outside:
        away = 0.55
        x += away * (x - sum(c[0] for c in outside) / len(outside))
        y += away * (y - sum(c[1] for c in outside) / len(outside))
    return x, y
