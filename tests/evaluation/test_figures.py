"""``compare`` and ``figures``: of the tiny evaluation, and of records whose figures are known."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from engine.cli import main
from engine.evaluation.compare import compare
from engine.evaluation.plots import proved_over_time
from engine.evaluation.records import Record, RecordFile, read_records
from engine.evaluation.settings import Arm
from engine.evaluation.summary import in_order
from engine.evaluation.tables import table_1, table_2
from engine.evaluation.venn import panels, regions
from engine.protocol import EngineError

if TYPE_CHECKING:
    from pathlib import Path

FIGURES = {
    "figures-2-5-6-7-venn-sampling",
    "figure-3-proved-over-time",
    "figure-8-n-over-time",
    "figure-9-nodes-per-depth",
    "figure-10-proof-sizes",
}
DYNAMIC = Arm(generator="m", sampling="dynamic", repertoire=False, budget=30.0, seed=0)
FIXED = replace(DYNAMIC, sampling="fixed")


def _records(arm: Arm, proved: str, others: str, refused: str = "") -> list[Record]:
    """A record for each letter."""
    letters = [*((x, "proved") for x in proved), *((x, "not found") for x in others)]
    letters += [(x, "not elaborated") for x in refused]
    return [
        Record(list="l", statement=x, arm=arm, status=status, elapsed=2.0 + i)  # type: ignore[arg-type]
        for i, (x, status) in enumerate(letters)
    ]


A = _records(DYNAMIC, "abcdef", "ghij", "k")
B = _records(FIXED, "abg", "cdefhi", "jk")


def test_two_arms_are_compared_on_what_both_searched() -> None:
    (found,) = compare(A, B)
    pair = found.paired
    assert (pair.both, pair.only_a, pair.only_b, pair.neither) == (2, 4, 1, 2)
    assert found.left_out == 2
    assert found.seconds == (2.5, 2.5)
    assert pair.p == pytest.approx(2 * (1 + 5) / 32)


def test_lists_are_compared_one_by_one_and_together() -> None:
    more = [replace(record, list="other") for record in A]
    found = compare([*A, *more], [*B, *more])
    assert [one.name for one in found] == ["l", "other", "all"]
    assert found[2].paired.total == found[0].paired.total + found[1].paired.total
    assert found[1].paired.only_a == found[1].paired.only_b == 0


def test_what_has_nothing_in_common_is_not_compared() -> None:
    with pytest.raises(EngineError, match="no statement in common"):
        compare(A, [replace(record, list="other") for record in B])


def test_table_1_counts_what_was_searched_and_what_any_arm_proves() -> None:
    table = table_1([*A, *B], paper=True)
    cells = {row[0]: row[1] for row in table.rows}
    assert cells["dynamic"].startswith("6/10 60.0 %")
    assert cells["fixed"].startswith("3/9 33.3 %")
    assert cells["all together"].startswith("7/10 70.0 %")
    assert "2 of l" in table.caption
    assert all("(paper)" in row for row in cells if row not in ("dynamic", "fixed", "all together"))
    assert not any("paper" in row[0] for row in table_1(A).rows)


@given(shuffled=st.permutations(A + B))
def test_in_which_order_searches_ended_does_not_show(shuffled: list[Record]) -> None:
    ordered = in_order(shuffled)
    assert [record.arm for record in ordered] == [DYNAMIC] * len(A) + [FIXED] * len(B)
    assert table_1(ordered).rows == table_1(A + B).rows


def test_an_arm_looks_the_same_on_each_list() -> None:
    here = [replace(record, list="here") for record in A + B]
    there = [replace(record, list="there") for record in B]
    arms = [DYNAMIC, FIXED]
    drawn = []
    for records in (here, there):
        axes = Figure().add_subplot()
        proved_over_time(axes, records, arms)
        drawn.append({line.get_label().split()[0]: line.get_color() for line in axes.get_lines()})
    assert set(drawn[0]) == {"dynamic", "fixed"}
    assert drawn[1] == {"fixed": drawn[0]["fixed"]}


def test_table_2_pairs_arms_that_differ_in_sampling_alone() -> None:
    (row,) = table_2([*A, *B, *_records(replace(FIXED, seed=1), "a", "b")]).rows
    assert row[4:6] == ("4", "1")


@given(st.dictionaries(st.sampled_from("abc"), st.sets(st.sampled_from("uvwxyz")), min_size=1))
def test_regions_hold_each_element_once(sets: dict[str, set[str]]) -> None:
    found = regions(sets)
    assert sum(found.values()) == len(set().union(*sets.values()))
    for name, members in sets.items():
        assert sum(count for inside, count in found.items() if name in inside) == len(members)


def test_a_diagram_is_of_arms_that_differ_in_one_thing() -> None:
    (panel,) = panels([*A, *B], "sampling")
    assert panel[1] == {
        "dynamic": {f"l\n{x}" for x in "abcdef"},
        "fixed": {f"l\n{x}" for x in "abg"},
    }
    assert not list(panels([*A, *B], "generator"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs)["src"] or "")
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_all_figures_of_a_tiny_evaluation(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures"
    assert main(["figures", str(finished), "--out", str(out), "--paper"]) == 0
    written = {line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines()}
    assert written == {file.name for file in out.iterdir()}
    drawn = {f"{name}.{end}" for name, end in product(FIGURES, ("svg", "png"))}
    tables = {f"table-{n}.{end}" for n, end in product((1, 2), ("md", "csv"))}
    assert written == {*drawn, *tables, "index.html"}
    for name in FIGURES:
        assert ElementTree.parse(out / f"{name}.svg").getroot().tag.endswith("svg")  # noqa: S314
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    reader = _Reader()
    reader.feed((out / "index.html").read_text("utf-8"))
    assert not reader.open
    assert all((out / image).is_file() for image in reader.images)
    records = read_records(finished)
    assert len(reader.images) == len(FIGURES) + sum(bool(record.tree) for record in records)
    for record in records:
        assert record.proof.strip() in reader.text
        assert record.statement in reader.text


def test_the_same_records_give_the_same_files(finished: Path, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        assert main(["figures", str(finished), "--out", str(tmp_path / name)]) == 0
        files.append({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()})
    assert files[0] == files[1]


def test_figures_of_no_proof_at_all(tmp_path: Path) -> None:
    file = RecordFile(tmp_path)
    file.append(_records(DYNAMIC, "", "a")[0])
    file.close()
    assert main(["figures", str(tmp_path)]) == 0
    assert (tmp_path / "figures" / "index.html").is_file()


def test_arms_of_a_run_are_compared_by_name(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = [f"{finished}:{kind}-repertoire-3000s-seed0" for kind in ("dynamic", "fixed")]
    assert main(["compare", *arms, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["lists"]["some"]
    assert found["statements"] == 6
    assert found["both"] + found["only_a"] + found["only_b"] + found["neither"] == 6
    assert main(["compare", *arms]) == 0
    assert "McNemar" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("side", "said"), [("", "has 2 arms"), (":nonsense", "no arm nonsense"), ("/no", "no records")]
)
def test_an_arm_that_is_not_named_is_said(
    finished: Path, capsys: pytest.CaptureFixture[str], side: str, said: str
) -> None:
    arm = f"{finished}:dynamic-repertoire-3000s-seed0"
    assert main(["compare", arm, f"{finished}{side}"]) == 2
    assert said in capsys.readouterr().err


def test_without_matplotlib_its_extra_is_named(
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["figures", str(finished), "--out", str(tmp_path)]) == 3
    assert "dsp-lsp[figures]" in capsys.readouterr().err
