"""The picture is well-formed whatever the texts, and says what it leaves out."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_helpers import do, expand, progress, result

from engine.search import FixedSchedule, Result, Search, picture
from engine.values import Candidate, Solved

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ET.Element:
    svg.encode("utf-8")
    return ET.fromstring(svg)  # noqa: S314 (our own document)


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def marks(root: ET.Element) -> list[str]:
    """The kinds of the nodes; the legend's marks have no tooltip."""
    return [
        group.get("class", "")
        for group in root.iter(f"{SVG}g")
        if group.find(f"{SVG}title") is not None
    ]


def wide(nodes: int) -> Search:
    search = Search(progress("root"), FixedSchedule(nodes), budget=1.0)
    expand(search)
    search.tell(0, [result(rank, f"state {rank}") for rank in range(nodes)])
    search.finish(0)
    search.next(0.0)
    return search


@given(st.text(), st.text(), st.text())
def test_any_text_makes_a_well_formed_picture(goal: str, state: str, tactic: str) -> None:
    search = Search(progress(goal), FixedSchedule(9), budget=1.0)
    expand(search)
    search.tell(0, [Result(0, Candidate(tactic, -1.0), progress(state))])
    search.finish(0)
    search.next(0.0)
    search.tell(0, [Result(1, Candidate(tactic, -1.0), Solved())])
    search.next(0.0)
    root = parse(picture(search))
    assert root.tag == f"{SVG}svg"
    assert "Proved in 1 step" in texts(root)


def test_lone_surrogates_and_control_characters_are_replaced() -> None:
    search = Search(progress("⊢ a\ud800\x00b<&\"'"), FixedSchedule(9), budget=1.0)
    assert "⊢ a\ufffd\ufffdb<&\"'" in texts(parse(picture(search)))


def test_the_proof_is_straight_and_marked_and_its_tactics_are_whole() -> None:
    tactic = "exact hf.continuous_at.comp (continuous_at_fst.mul hg)"
    search = Search(progress("⊢ p"), FixedSchedule(9), budget=1.0)
    do(search, "a b c")
    do(search, "!")
    step = expand(search)
    search.tell(step.node, [Result(0, Candidate(tactic, -1.0), Solved())])
    search.next(0.0)
    root = parse(picture(search))
    on = [path for path in root.iter(f"{SVG}path") if path.get("class") == "edge on"]
    assert len(on) == 2
    assert all("C" not in path.get("d", "") for path in on), "no bends"
    labels = [t.text for t in root.iter(f"{SVG}text") if t.get("class") == "tactic on"]
    assert labels == ["t1", tactic]
    assert sorted(marks(root)) == ["dead", "expanded on", "open", "open on"]


def test_the_goals_are_in_the_tooltips() -> None:
    search = Search(progress("h : p\n⊢ q"), FixedSchedule(9), budget=1.0)
    tooltips = [title.text or "" for title in parse(picture(search)).iter(f"{SVG}title")]
    assert any("h : p\n⊢ q" in tooltip and "depth 0" in tooltip for tooltip in tooltips)


@pytest.mark.parametrize(("nodes", "limit", "shown"), [(40, 50, 41), (700, 50, 50)])
def test_what_is_not_shown_is_counted(nodes: int, limit: int, shown: int) -> None:
    root = parse(picture(wide(nodes), max_nodes=limit))
    assert len(marks(root)) == shown
    hidden = nodes + 1 - shown
    assert (f"+ {hidden} more" in texts(root)) == (hidden > 0)
    assert any(f"{hidden} nodes of little interest" in text for text in texts(root)) == (hidden > 0)


def test_the_proof_is_shown_however_long_it_is() -> None:
    search = Search(progress("0"), FixedSchedule(9), budget=1.0)
    for depth in range(1500):
        do(search, str(depth + 1))
    do(search, ".")
    search.next(0.0)
    root = parse(picture(search, max_nodes=20))
    assert len(marks(root)) == 1501
    assert "Proved in 1501 steps" in texts(root)


def test_a_second_way_is_dotted_and_many_are_left_out() -> None:
    def crossed(second_ways: int) -> int:
        search = wide(second_ways)
        search.tell(1, [result(rank, f"state {rank}") for rank in range(1, second_ways)])
        search.finish(1)
        search.next(0.0)
        paths = parse(picture(search)).iter(f"{SVG}path")
        return sum(
            path.get("class") == "edge cross" and path.find(f"{SVG}title") is not None
            for path in paths
        )

    assert crossed(3) == 2
    assert crossed(100) == 0
