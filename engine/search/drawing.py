"""A search tree as text, one line an edge: for tests, terminals and bug reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.search.graph import Edge, Graph, Node, NodeState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.search.best_first import Search


def draw(search: Search) -> str:
    """Draw the tree of a search, children in order of insertion.

    A line says the tactic, its log-probability, and the node it leads to: number, cumulative
    log-probability, ``@`` and the place of its expansion (``open``, ``expanding`` and ``dead end``
    say what they say), and the state. ``again`` points to a node that is drawn elsewhere; the
    edges of the proof are marked with ``*``, tactics of the repertoire with ``+``.
    """
    graph = search.graph
    proof = set(search.proof_edges())
    lines = [_describe(graph.root)]
    lines += _below(graph, graph.root, proof)
    return "\n".join(lines) + "\n"


def _below(graph: Graph, root: Node, proof: set[Edge]) -> Iterator[str]:
    # A stack and not recursion: a proof can be longer than Python's stack is deep.
    todo = [(edge, "", edge is root.out[-1]) for edge in reversed(root.out)]
    while todo:
        edge, indent, last = todo.pop()
        mark = "*" if edge in proof else "-"
        extra = " +" if edge.extra else ""
        line = f"{indent}{'`' if last else '|'}-{mark} {one_line(edge.tactic)}"
        line += f"{extra} ({edge.log_prob:.2f}) -> "
        if edge.target is None:
            yield line + "proved"
            continue
        node = graph.nodes[edge.target]
        if node.parent is not edge:
            yield f"{line}#{node.number} again"
            continue
        yield line + _describe(node)
        indent += "    " if last else "|   "
        todo += [(child, indent, child is node.out[-1]) for child in reversed(node.out)]


def _describe(node: Node) -> str:
    words = [f"#{node.number}", f"{node.log_prob:.2f}"]
    if node.order is not None:
        words.append(f"@{node.order}")
    if node.dead_end:
        words.append("dead end")
    elif node.state is not NodeState.EXPANDED:
        words.append(node.state.value)
    return f"{' '.join(words)}: {one_line(node.text)}"


def one_line(text: str) -> str:
    """Give the text on one line, with single spaces."""
    return " ".join(text.split())
