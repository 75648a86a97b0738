"""A search tree as a picture: one SVG file that needs nothing else.

The root is on the left, depth grows to the right, and every leaf has a row of its own. Where a
proof was found it is the top row, straight from the goal to the tombstone. Marks differ in shape
and not only in colour; the tooltips hold the full goals.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.protocol import StopReason
from engine.search.drawing import one_line
from engine.search.graph import ROOT, Edge, Graph, Node, NodeState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.search.best_first import Search

MAX_NODES = 150
"""How many nodes a picture shows, unless the proof alone has more."""

# Lengths are in SVG user units, that is pixels at zoom 1.
_ROW = 27.0
_RADIUS = 9.0
_BEND = 40.0  # width of the curve from a node to the row of its child
_LETTER = 6.7  # width of a letter of a tactic in the widest common monospaced font
_TACTIC_LETTERS = 34
_PROOF_LETTERS = 80  # of a tactic of the proof
_GOAL_LETTERS = 46
_MARGIN = 28.0
_HEADER = 100.0
_FOOTER = 64.0
_MIN_WIDTH = 860.0
_MAX_CROSS_EDGES = 24  # more of them are a carpet; the tooltips have them all

# What XML 1.0 cannot hold even escaped: most control characters, lone surrogates, two non-letters.
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LIGHT = """
text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #24292f; }
.bg { fill: #ffffff; }
.title { font-size: 16px; font-weight: 600; }
.goal, .tactic { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.goal { font-size: 11px; fill: #8c959f; }
.heading { font-size: 12.5px; fill: #24292f; }
.muted { fill: #656d76; }
.more { font-style: italic; font-size: 11px; fill: #656d76; }
.tactic { font-size: 11px; fill: #57606a; }
.tactic, .goal, .more { paint-order: stroke; stroke: #ffffff; stroke-width: 3; }
.tactic.on { fill: #0b0f14; font-weight: 700; }
.edge { fill: none; stroke: #bcc4cd; stroke-width: 1.3; }
.edge.on { stroke: #1a7f37; stroke-width: 4; }
.edge.cross { stroke: #8250df; stroke-dasharray: 0.1 4; stroke-linecap: round; opacity: 0.6; }
.edge.hidden { stroke-dasharray: 5 3; }
.mark { stroke: #57606a; stroke-width: 1.3; fill: #e3e7ec; }
.open .mark { stroke: #0969da; stroke-width: 1.8; fill: #ffffff; }
.expanding .mark { stroke: #9a6700; stroke-width: 1.8; stroke-dasharray: 3.2 2.2; fill: #ffffff; }
.dead .mark { stroke: #cf222e; stroke-width: 2.2; stroke-linecap: round; fill: none; }
.on .mark { stroke: #116329; fill: #1a7f37; stroke-dasharray: none; }
.ring { stroke: #1a7f37; stroke-width: 1.6; fill: none; }
.order { font-size: 9px; text-anchor: middle; fill: #424a53; }
.on .order { fill: #ffffff; font-weight: 700; }
.qed { fill: #116329; }
.rule { stroke: #d0d7de; stroke-width: 1; }
"""

_DARK = """
text { fill: #e6edf3; }
.bg { fill: #0d1117; }
.goal { fill: #6e7681; }
.heading { fill: #e6edf3; }
.muted, .more { fill: #8d96a0; }
.tactic { fill: #9da7b3; }
.tactic, .goal, .more { stroke: #0d1117; }
.tactic.on { fill: #ffffff; }
.edge { stroke: #444c56; }
.edge.on { stroke: #3fb950; }
.edge.cross { stroke: #a371f7; }
.mark { stroke: #8d96a0; fill: #30363d; }
.open .mark { stroke: #58a6ff; fill: #0d1117; }
.expanding .mark { stroke: #d29922; fill: #0d1117; }
.dead .mark { stroke: #f85149; }
.on .mark { stroke: #7ee787; fill: #3fb950; }
.ring { stroke: #3fb950; }
.order { fill: #c9d1d9; }
.on .order { fill: #0d1117; }
.qed { fill: #7ee787; }
.rule { stroke: #30363d; }
"""


def _scoped(style: str) -> str:
    # So that a page which takes the picture in as markup keeps its own looks.
    rules = []
    for line in style.strip().splitlines():
        selectors, _, body = line.partition(" {")
        scoped = ", ".join(f".dsp-tree {selector}" for selector in selectors.split(", "))
        rules.append(f"{scoped} {{{body}")
    return "\n".join(rules)


_STYLE = f"{_scoped(_LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{_scoped(_DARK)}\n}}"


def picture(search: Search, *, max_nodes: int = MAX_NODES) -> str:
    """Draw the tree of a search as a standalone SVG document.

    Shows at most ``max_nodes`` nodes (all nodes of the proof in any case): first the expanded
    ones, then the most likely; of the others it says how many are hidden, and below which node.
    The text of goals and tactics can be anything.
    """
    graph = search.graph
    proof = search.proof_edges()
    tree = _Tree(graph, proof, max_nodes)
    return _Painter(search, tree, _Layout(tree)).paint()


@dataclass(slots=True)
class _Tree:
    """The part of the graph that is shown, as a tree."""

    graph: Graph
    proof: Sequence[Edge]
    max_nodes: int
    parents: dict[int, Edge] = field(init=False)
    children: dict[int, list[int]] = field(init=False)
    shown: set[int] = field(init=False)
    hidden: dict[int, list[Node]] = field(init=False)

    def __post_init__(self) -> None:
        # A node hangs where it was first found; those of the proof along the proof. Both lead
        # back to the root: the former to smaller numbers, the latter within the proof.
        nodes = self.graph.nodes
        self.parents = {node.number: node.parent for node in nodes if node.parent is not None}
        for edge in self.proof:
            if edge.target is not None:
                self.parents[edge.target] = edge
        self.shown = self._choose()
        self.children = {number: [] for number in self.shown}
        self.hidden = {}
        on_proof = self.on_proof
        for node in nodes:
            if node.number == ROOT:
                continue
            if node.number in self.shown:
                self.children[self.parents[node.number].source].append(node.number)
            else:
                number = node.number
                while number not in self.shown:
                    number = self.parents[number].source
                self.hidden.setdefault(number, []).append(node)
        for children in self.children.values():
            children.sort(key=lambda number: (number not in on_proof, number))

    @property
    def on_proof(self) -> set[int]:
        """The nodes that the proof goes through."""
        return {edge.source for edge in self.proof}

    def _choose(self) -> set[int]:
        shown = {ROOT} | self.on_proof
        by_interest = sorted(
            self.graph.nodes,
            key=lambda node: (
                node.order is None,
                node.state is not NodeState.OPEN and node.order is None,
                -node.log_prob,
                node.number,
            ),
        )
        for node in by_interest:
            if len(shown) >= self.max_nodes:
                break
            lineage = []
            number = node.number
            while number not in shown:
                lineage.append(number)
                number = self.parents[number].source
            if len(shown) + len(lineage) <= self.max_nodes:
                shown.update(lineage)
        return shown

    def label(self, edge: Edge) -> str:
        """The edge's tactic, as far as it is shown."""
        letters = _PROOF_LETTERS if edge in self.proof else _TACTIC_LETTERS
        return _shorten(one_line(edge.tactic), letters)

    def closing(self, number: int) -> Edge | None:
        """The tactic to show as closing the node: the proof's own, or the first."""
        edges = [edge for edge in self.graph.nodes[number].out if edge.target is None]
        return next((edge for edge in edges if edge in self.proof), edges[0] if edges else None)


class _Layout:
    """Where everything goes: columns as wide as their labels, and rows.

    The first thing that hangs on a node is level with it, everything else has a row of its own.
    So the proof, which comes first everywhere, is one straight line.
    """

    def __init__(self, tree: _Tree) -> None:
        self.level = {ROOT: 0}
        self.row = {ROOT: 0}
        self.closing_row: dict[int, int] = {}
        self.hidden_row: dict[int, int] = {}
        self.rows = 1
        letters: dict[int, int] = {}
        todo: list[tuple[dict[int, int], int, int]] = []  # where to write the row, for what, below
        self._hang(tree, ROOT, todo)
        previous = ROOT
        while todo:  # depth first: the rows fill from top to bottom
            rows, number, above = todo.pop()
            if previous == above:  # nothing has come between: it is the first that hangs there
                rows[number] = self.row[above]
            else:
                rows[number] = self.rows
                self.rows += 1
            previous = -1
            if rows is self.row:
                self.level[number] = self.level[above] + 1
                label = tree.label(tree.parents[number])
                self._hang(tree, number, todo)
                previous = number
            elif rows is self.closing_row:
                closing = tree.closing(number)
                label = "" if closing is None else tree.label(closing)
            else:
                label = _more(tree.hidden[number])
            level = self.level[above]
            letters[level] = max(letters.get(level, 0), len(label))
        self.x = [_MARGIN + _RADIUS + 3]
        for level in range(max(self.level.values()) + 1):
            width = 2 * _RADIUS + _BEND + letters.get(level, 0) * _LETTER + 10
            self.x.append(self.x[-1] + width)

    def _hang(self, tree: _Tree, number: int, todo: list[tuple[dict[int, int], int, int]]) -> None:
        below = [(self.row, child, number) for child in tree.children[number]]
        closing = tree.closing(number)
        if closing is not None:
            below.insert(
                0 if closing in tree.proof else len(below), (self.closing_row, number, number)
            )
        if number in tree.hidden:
            below.append((self.hidden_row, number, number))
        todo += reversed(below)

    def at(self, level: int, row: int) -> tuple[float, float]:
        """The middle of the mark at a level and row."""
        return self.x[level], _HEADER + (row + 0.5) * _ROW


class _Painter:
    """Writes the SVG, back to front: lines, labels, marks."""

    def __init__(self, search: Search, tree: _Tree, layout: _Layout) -> None:
        self._search = search
        self._tree = tree
        self._layout = layout
        self._graph = search.graph
        self._lines: list[str] = []
        self._labels: list[str] = []
        self._marks: list[str] = []
        self._right = _MIN_WIDTH - _MARGIN

    def paint(self) -> str:
        """Give the whole document."""
        for number in sorted(self._tree.shown):
            self._paint_node(self._graph.nodes[number])
        cross = self._cross_edges()
        width = self._right + _MARGIN
        bottom = _HEADER + self._layout.rows * _ROW
        height = bottom + _FOOTER
        size = f'width="{width:.0f}" height="{height:.0f}"'
        goal = _escape(_target(self._graph.root.text))
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<svg xmlns="http://www.w3.org/2000/svg" class="dsp-tree" role="img" '
                f'{size} viewBox="0 0 {width:.0f} {height:.0f}">',
                f"<title>Search tree of {goal}</title>",
                f"<style>\n{_STYLE}\n</style>",
                f'<rect class="bg" {size}/>',
                *self._header(width),
                *cross,
                *self._lines,
                *self._labels,
                *self._marks,
                *_legend(width, bottom + 14, cross=bool(cross)),
                "</svg>",
                "",
            ]
        )

    def _header(self, width: float) -> list[str]:
        statistics = self._search.statistics()
        stop = self._search.stopped
        if self._tree.proof:
            steps = len(self._tree.proof)
            head = f"Proved in {_count(steps, 'step')}"
        else:
            head = "Searching" if stop is None else f"No proof: {_REASONS[stop.reason]}"
        facts = [
            _count(statistics.expansions, "expansion"),
            _count(statistics.nodes, "node"),
            f"{statistics.open_nodes} open",
            f"depth {statistics.depth}",
        ]
        hidden = sum(map(len, self._tree.hidden.values()))
        if hidden:
            facts.append(f"{_count(hidden, 'node')} of little interest not shown")
        letters = int((width - 2 * _MARGIN) / 7.6)
        goal = _escape(_shorten(one_line(self._graph.root.text), letters))
        return [
            f'<text class="title" x="{_MARGIN}" y="34">{head}</text>',
            f'<text class="muted" x="{_MARGIN}" y="54">{" · ".join(facts)}</text>',
            f'<text class="goal heading" x="{_MARGIN}" y="77">{goal}'
            f"{_tooltip(self._graph.root.text)}</text>",
            f'<line class="rule" x1="{_MARGIN}" y1="90" x2="{width - _MARGIN:.0f}" y2="90"/>',
        ]

    def _paint_node(self, node: Node) -> None:
        layout, tree, number = self._layout, self._tree, node.number
        level = layout.level[number]
        x, y = layout.at(level, layout.row[number])
        for child in tree.children[number]:
            self._paint_edge(tree.parents[child], (x, y), layout.at(level + 1, layout.row[child]))
        if number in layout.closing_row:
            closing = tree.closing(number)
            end = layout.at(level + 1, layout.closing_row[number])
            if closing is not None:
                self._paint_edge(closing, (x, y), end)
                self._paint_qed(closing, end)
        if number in layout.hidden_row:
            self._paint_hidden(number, (x, y), layout.at(level + 1, layout.hidden_row[number]))
        self._paint_mark(node, x, y)
        leaf = not tree.children[number] and number not in layout.closing_row
        if leaf and number not in layout.hidden_row and number != ROOT:
            goal = _shorten(_target(node.text), _GOAL_LETTERS)
            self._label("goal", x + _RADIUS + 7, y + 4, goal)

    def _paint_edge(self, edge: Edge, start: tuple[float, float], end: tuple[float, float]) -> None:
        on = " on" if edge in self._tree.proof else ""
        (x, y), (to_x, to_y) = start, (end[0] - _RADIUS, end[1])
        bend = x + _RADIUS + _BEND
        self._lines.append(
            f'<path class="edge{on}" d="{_curve(x, y, bend, to_y)}H{to_x:.1f}">'
            f"{_tooltip(_about_edge(edge))}</path>"
        )
        self._label(
            f"tactic{on}",
            bend + 2,
            to_y - 6,
            self._tree.label(edge),
            _about_edge(edge),
        )

    def _paint_hidden(
        self, number: int, start: tuple[float, float], end: tuple[float, float]
    ) -> None:
        nodes = self._tree.hidden[number]
        bend = start[0] + _RADIUS + _BEND
        self._lines.append(
            f'<path class="edge hidden" d="{_curve(start[0], start[1], bend, end[1])}"/>'
        )
        self._label("more", bend + 6, end[1] + 4, _more(nodes), _about_hidden(nodes))

    def _paint_qed(self, edge: Edge, at: tuple[float, float]) -> None:
        x, y = at
        side = 13.0 if edge in self._tree.proof else 9.0
        self._marks.append(
            f'<rect class="qed" x="{x - _RADIUS:.1f}" y="{y - side / 2:.1f}" '
            f'width="{side}" height="{side}">{_tooltip("no goals")}</rect>'
        )

    def _paint_mark(self, node: Node, x: float, y: float) -> None:
        on = node.number in self._tree.on_proof
        kind = "dead" if node.dead_end else node.state.value
        inside = _mark(kind, x, y, on=on)
        if node.order is not None and kind != "dead":
            inside += f'<text class="order" x="{x:.1f}" y="{y + 3.2:.1f}">{node.order}</text>'
        self._marks.append(
            f'<g class="{kind}{" on" if on else ""}">{_tooltip(self._about(node))}{inside}</g>'
        )

    def _cross_edges(self) -> list[str]:
        """Second ways into known nodes, if they are so few that they tell something."""
        paths: list[str] = []
        seen: set[tuple[int, int]] = set()
        for number in sorted(self._tree.shown):
            for edge in self._graph.nodes[number].out:
                target = edge.target
                if target is None or target not in self._tree.shown or target == ROOT:
                    continue
                if self._tree.parents[target].source == number or (number, target) in seen:
                    continue
                seen.add((number, target))
                x, y = self._layout.at(self._layout.level[number], self._layout.row[number])
                to_x, to_y = self._layout.at(self._layout.level[target], self._layout.row[target])
                paths.append(
                    f'<path class="edge cross" d="{_curve(x, y, to_x - _RADIUS, to_y)}">'
                    f"{_tooltip(_about_edge(edge))}</path>"
                )
        return paths if len(paths) <= _MAX_CROSS_EDGES else []

    def _label(self, kind: str, x: float, y: float, text: str, tooltip: str = "") -> None:
        self._right = max(self._right, x + len(text) * _LETTER)
        title = _tooltip(tooltip) if tooltip else ""
        self._labels.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{_escape(text)}{title}</text>'
        )

    def _about(self, node: Node) -> str:
        words = [
            f"node {node.number}",
            f"depth {self._graph.depth(node.number)}",
            f"log-probability {node.log_prob:.2f}",
        ]
        if node.order is not None:
            words.append(f"expansion {node.order} with n = {node.n}")
        words.append("dead end" if node.dead_end else node.state.value)
        lines = [" · ".join(words), "", node.text]
        others = [edge for edge in node.into if edge is not self._tree.parents.get(node.number)]
        if others:
            lines += ["", "Also reached:"]
            lines += [f"from node {e.source} by {one_line(e.tactic)}" for e in others[:8]]
        return "\n".join(lines)


_REASONS = {
    StopReason.PROVED: "proved",
    StopReason.BUDGET: "the budget is used up",
    StopReason.NOTHING_OPEN: "nothing is left open",
    StopReason.EXPANSIONS: "the expansions are used up",
    StopReason.CANCELLED: "cancelled",
}


def _mark(kind: str, x: float, y: float, *, on: bool) -> str:
    if kind == "dead" and not on:
        arm = 5.0
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}" fill="transparent"/>'
            f'<path class="mark" d="M{x - arm:.1f} {y - arm:.1f}l{2 * arm} {2 * arm}'
            f'm0 {-2 * arm}l{-2 * arm} {2 * arm}"/>'
        )
    radius = _RADIUS if on or kind == "expanded" else _RADIUS - 2.5
    circle = f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'
    ring = f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS + 3}"/>' if on else ""
    return circle + ring


def _legend(width: float, y: float, *, cross: bool) -> list[str]:
    middle = y + 22
    parts = [
        f'<line class="rule" x1="{_MARGIN}" y1="{y:.1f}" x2="{width - _MARGIN:.0f}" y2="{y:.1f}"/>'
    ]
    x = _MARGIN + _RADIUS + 3
    for kind, on, words in (
        ("expanded", True, "on the proof"),
        ("expanded", False, "expanded, and when"),
        ("open", False, "open"),
        ("expanding", False, "in flight"),
        ("dead", False, "dead end"),
    ):
        parts.append(f'<g class="{kind}{" on" if on else ""}">{_mark(kind, x, middle, on=on)}</g>')
        parts.append(f'<text class="muted" x="{x + 17:.1f}" y="{middle + 4:.1f}">{words}</text>')
        x += 44 + len(words) * 6.6
    parts.append(f'<rect class="qed" x="{x - 6:.1f}" y="{middle - 6:.1f}" width="12" height="12"/>')
    parts.append(f'<text class="muted" x="{x + 15:.1f}" y="{middle + 4:.1f}">no goals left</text>')
    if not cross:
        return parts
    x += 116
    parts.append(f'<path class="edge cross" d="M{x:.1f} {middle:.1f}h34"/>')
    parts.append(f'<text class="muted" x="{x + 42:.1f}" y="{middle + 4:.1f}">another way</text>')
    return parts


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    if y == to_y and to_x > x:
        return f"M{x:.1f} {y:.1f}H{to_x:.1f}"
    half = (x + to_x) / 2
    return f"M{x:.1f} {y:.1f}C{half:.1f} {y:.1f} {half:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _about_edge(edge: Edge) -> str:
    source = "from the repertoire, " if edge.extra else ""
    return f"{edge.tactic}\n{source}log-probability {edge.log_prob:.2f}"


def _about_hidden(nodes: Iterable[Node]) -> str:
    lines = [f"node {node.number}: {_target(node.text)}" for node in nodes]
    return "\n".join(lines[:20] + ["…"] * (len(lines) > 20))


def _more(nodes: Sequence[Node]) -> str:
    waiting = sum(node.state is not NodeState.EXPANDED for node in nodes)
    return f"+ {len(nodes)} more" + (f", {waiting} open" if waiting not in (0, len(nodes)) else "")


def _target(text: str) -> str:
    """What is to be shown: the first goal from its turnstile on, on one line."""
    before, turnstile, after = text.partition("⊢")
    return one_line(turnstile + after.partition("\n\n")[0] if turnstile else before)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _shorten(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def _tooltip(text: str) -> str:
    return f"<title>{_escape(text)}</title>"


def _escape(text: str) -> str:
    return html.escape(_UNFIT.sub("\ufffd", text))
