"""What a search knows: the tactic states it has seen and the tactics that lead from one to another.

The nodes are states, told apart by their text alone, as in the paper; all tactics found between
two known states are kept as edges, so that a state that was reached the long way round gets the
short proof when a short one turns up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.values import Progress

ROOT = 0
"""The number of the node that a search starts from."""


class NodeState(str, Enum):
    """Where a node is in its life.

    OPEN waits for its expansion, EXPANDING is in flight, EXPANDED has had it.
    """

    OPEN = "open"
    EXPANDING = "expanding"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class Edge:
    """A tactic that leads from the node ``source`` to the node ``target``; None: it closes it.

    ``log_prob`` is the tactic's own, natural logarithm; ``extra`` marks a tactic of the
    repertoire, whose log-probability is the constant that the search was given. ``rank`` is its
    place in the expansion that found it.
    """

    source: int
    target: int | None
    tactic: str
    log_prob: float
    rank: int
    extra: bool = False


@dataclass(slots=True)
class Node:
    """A tactic state. Read freely; only the graph and the search that owns it write.

    ``number`` counts from 0 in order of insertion. ``state_id``, ``text`` and ``goals`` are what
    Lean said when the state was first met. ``log_prob`` is the greatest cumulative log-probability
    of a known path from the root (the graph raises it when a better path appears). ``parent`` is
    the edge that first led here (None for the root), and the one that Lean really went along.
    ``out`` and ``into`` are all known edges, in order of insertion. ``order`` is the place of the
    node's first expansion among all expansions, from 1, and ``n`` the paper's n in its latest.
    """

    number: int
    state_id: int
    text: str
    goals: int
    log_prob: float
    parent: Edge | None
    state: NodeState = NodeState.OPEN
    order: int | None = None
    n: int | None = None
    out: list[Edge] = field(default_factory=list)
    into: list[Edge] = field(default_factory=list)

    @property
    def dead_end(self) -> bool:
        """Whether the node was expanded and nothing came of it."""
        return self.state is NodeState.EXPANDED and not self.out


class Graph:
    """The nodes, the edges, and the shortest paths from the root."""

    def __init__(self, root: Progress) -> None:
        self.nodes: list[Node] = []
        self._by_text: dict[str, int] = {}
        self._shortest: dict[int, tuple[int, Edge | None]] | None = None
        self._insert(root, 0.0, None)

    @property
    def root(self) -> Node:
        """The node that the search starts from."""
        return self.nodes[ROOT]

    def find(self, text: str) -> Node | None:
        """Give the node whose state Lean prints as ``text``."""
        number = self._by_text.get(text)
        return None if number is None else self.nodes[number]

    def edges(self) -> Iterator[Edge]:
        """Go through all edges, by source and in order of insertion."""
        for node in self.nodes:
            yield from node.out

    def link(
        self,
        source: int,
        progress: Progress,
        tactic: str,
        log_prob: float,
        *,
        rank: int,
        extra: bool = False,
    ) -> tuple[Node, bool, list[Node]]:
        """Record that ``tactic`` leads from ``source`` to ``progress``.

        Returns the node it leads to, whether that node is new, and the nodes (the new one or old
        ones) whose ``log_prob`` is now greater than it was. A tactic that changes nothing leaves
        no edge: no path from the root has a use for it.
        """
        known = self.find(progress.text)
        if known is not None and known.number == source:
            return known, False, []
        target = len(self.nodes) if known is None else known.number
        edge = Edge(source, target, tactic, log_prob, rank, extra)
        cumulative = self.nodes[source].log_prob + log_prob
        self._shortest = None
        self.nodes[source].out.append(edge)
        if known is None:
            node = self._insert(progress, cumulative, edge)
            node.into.append(edge)
            return node, True, [node]
        known.into.append(edge)
        return known, False, self._raise(known, cumulative)

    def close(
        self, source: int, tactic: str, log_prob: float, *, rank: int, extra: bool = False
    ) -> Edge:
        """Record that ``tactic`` closes every goal of ``source``."""
        edge = Edge(source, None, tactic, log_prob, rank, extra)
        self.nodes[source].out.append(edge)
        return edge

    def depth(self, number: int) -> int:
        """Give the fewest steps that lead from the root to the node."""
        return self._paths()[number][0]

    def path(self, number: int) -> tuple[Edge, ...]:
        """Give the path of fewest steps from the root to the node.

        Of several, the one with the greatest log-probability; then the one that was known first.
        """
        edges: list[Edge] = []
        edge = self._paths()[number][1]
        while edge is not None:
            edges.append(edge)
            edge = self._paths()[edge.source][1]
        return tuple(reversed(edges))

    def path_as_found(self, number: int) -> tuple[Edge, ...]:
        """Give the path along which the node was first reached, the one that Lean went.

        It can be longer than :meth:`path`, but needs no trust that two states with one text are
        one state.
        """
        edges: list[Edge] = []
        edge = self.nodes[number].parent
        while edge is not None:
            edges.append(edge)
            edge = self.nodes[edge.source].parent
        return tuple(reversed(edges))

    def _insert(self, progress: Progress, log_prob: float, parent: Edge | None) -> Node:
        node = Node(
            len(self.nodes), progress.state_id, progress.text, progress.goals, log_prob, parent
        )
        self.nodes.append(node)
        self._by_text[node.text] = node.number
        return node

    def _raise(self, node: Node, log_prob: float) -> list[Node]:
        # No step adds to a path's log-probability (all are at most 0), so going round a cycle
        # never raises anything and this ends.
        raised: dict[int, Node] = {}
        todo = [(node, log_prob)]
        while todo:
            node, log_prob = todo.pop()
            if log_prob <= node.log_prob:
                continue
            node.log_prob = log_prob
            raised[node.number] = node
            todo += [
                (self.nodes[edge.target], log_prob + edge.log_prob)
                for edge in node.out
                if edge.target is not None
            ]
        return list(raised.values())

    def _paths(self) -> dict[int, tuple[int, Edge | None]]:
        # Per node: the fewest steps from the root, and the last of them. Level by level, so that
        # the choice among the last steps sees the best log-probability of the level before.
        if self._shortest is not None:
            return self._shortest
        shortest: dict[int, tuple[int, Edge | None]] = {ROOT: (0, None)}
        level: dict[int, float] = {ROOT: 0.0}
        steps = 0
        while level:
            steps += 1
            best: dict[int, tuple[float, Edge]] = {}
            for number in sorted(level):
                for edge in self.nodes[number].out:
                    if edge.target is None or edge.target in shortest:
                        continue
                    log_prob = level[number] + edge.log_prob
                    if edge.target not in best or log_prob > best[edge.target][0]:
                        best[edge.target] = (log_prob, edge)
            shortest.update({target: (steps, edge) for target, (_, edge) in best.items()})
            level = {target: log_prob for target, (log_prob, _) in best.items()}
        self._shortest = shortest
        return shortest
