from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.augment_copy import (
    FAILED,
    SLOW,
    Answer,
    Harvest,
    find_places,
    instrumented,
    read_answer,
)
from engine.data.records import TacticPair

TEXT = """\
import data.nat.basic
lemma 𝕜 : a = b :=
begin
  . rw [← f x, (by simp [g, h] : a = c)] at k,
  conv in (g _) { rw [a, b] },
  simpa [u, v] using by rw [p, q]
end
"""


def pair(line: int, column: int, tactic: str, state: str = "⊢ a = b", **more: object) -> TacticPair:
    values = {"premises": (), **more}
    return TacticPair("𝕜", "a/b.lean", line, column, state, tactic, "no goals", **values)  # type: ignore[arg-type]


RW = pair(4, 4, "rw [← f x, (by simp [g, h] : a = c)] at k", premises=("n.f", "a.x", "nat.g", "h"))
SIMP = pair(4, 19, "simp [g, h]")
CONV = pair(5, 18, "rw [a, b]")
SIMPA = pair(6, 2, "simpa [u, v] using by rw [p, q]")
LAST = pair(6, 24, "rw [p, q]")


def test_places_are_where_the_trace_says() -> None:
    again = pair(4, 4, RW.tactic, state="⊢ other")
    places, lost = find_places(TEXT, [SIMPA, RW, again, SIMP, CONV, LAST, pair(4, 8, "refl")])
    assert [place.pair.tactic for place in places] == [
        pair.tactic for pair in (RW, SIMP, SIMPA, LAST)
    ]
    assert all(TEXT[place.start : place.end] == place.pair.tactic for place in places)
    assert places[0].states == {"⊢ a = b", "⊢ other"}
    assert lost == [CONV]


@pytest.mark.parametrize("shift", range(-1, 6))
def test_a_column_may_be_too_large_by_a_few_dots(shift: int) -> None:
    moved = pair(4, 4 + shift, RW.tactic)
    places, lost = find_places(TEXT, [moved])
    assert (len(places), len(lost)) == ((1, 0) if 0 <= shift <= 3 else (0, 1))


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("conv { skip, { rw [a, b] }, skip }", True),
        ("conv at h in (f x) begin match x with end, rw [a, b] end", True),
        ("conv_lhs { rw [a, b] }", True),
        ("conv { skip }, rw [a, b]", False),
        ("exact conv (f x), { rw [a, b] }", False),
        ("exact conv.symm { rw [a, b] }", False),
        ("exact conv ⟨by rw [a, b]⟩", False),
        ("conv {", False),
    ],
)
def test_what_conv_reads_is_left_alone(text: str, lost: bool) -> None:
    places, left = find_places(text, [pair(1, max(text.find("rw"), 0), "rw [a, b]")])
    assert bool(left) == (lost or "rw" not in text)
    assert bool(places) != bool(left)


def test_another_text_has_no_places() -> None:
    assert find_places("", [RW, SIMP]) == ([], [RW, SIMP])
    assert find_places(TEXT.replace("g, h", "h, g"), [RW, SIMP]) == ([], [RW, SIMP])


def test_tactics_inside_each_other_stay_so() -> None:
    places, _ = find_places(TEXT, [RW, SIMP, SIMPA, LAST])
    assert (
        instrumented(TEXT, places, heartbeats=70)
        == """\
import dsp_lsp_augment
import data.nat.basic
lemma 𝕜 : a = b :=
begin
  . dsp_lsp_in_order 0 70 600000 { rw [← f x, (by dsp_lsp_each_alone 1 70 600000 0 { simp [g, h] }\
 { simp [g] } { simp [h] } : a = c)] at k } { rw ← f x at k } { rw (by simp [g, h] : a = c) at k },
  conv in (g _) { rw [a, b] },
  dsp_lsp_each_alone 2 70 600000 2 { simpa [u, v] using by dsp_lsp_in_order 3 70 600000\
 { rw [p, q] } { rw p } { rw q } } { simpa [u] using by rw [p, q] }\
 { simpa [v] using by rw [p, q] } { simp [u] } { simp [v] }
end
"""
    )


def answer(place: int, states: list[str], runs: list[list[int]]) -> Answer:
    values = {"place": place, "declaration": "𝕜", "states": states, "runs": runs}
    found = read_answer("dsp-lsp-augment " + json.dumps(values))
    assert found is not None
    return found


def test_what_succeeds_is_new_once() -> None:
    places, lost = find_places(TEXT, [RW, SIMP, CONV])
    known = pair(9, 1, "simp [g]", state="⊢ known")
    harvest = Harvest(places, [RW, SIMP, CONV, known])
    harvest.take(answer(0, ["⊢ a = b", "⊢ c", "no goals"], [[0, 0, 1], [1, 1, 2]]))
    harvest.take(answer(0, ["⊢ a = b", "⊢ c"], [[0, 0, 1], [1, 1, FAILED]]))
    harvest.take(answer(1, ["⊢ known", "⊢ y", "⊢ known"], [[0, 0, 1], [1, 0, 2], [1, 1, SLOW]]))
    counts = harvest.close(lost)
    assert [(p.state, p.tactic, p.next, p.family, p.premises) for p in harvest.pairs] == [
        ("⊢ a = b", "rw ← f x at k", "⊢ c", "rw", ("n.f", "a.x")),
        ("⊢ c", "rw (by simp [g, h] : a = c) at k", "no goals", "rw", ("nat.g", "h")),
    ]
    assert all((p.theorem, p.line, p.column, p.success) == ("𝕜", 4, 4, True) for p in harvest.pairs)
    assert counts["rw"] == {
        "runs": 4, "new": 2, "duplicate": 1, "failed": 1,
        "places": 1, "agreeing": 1, "unheard": 0, "lost": 1,
    }  # fmt: skip
    assert counts["simp"] == {
        "runs": 3, "duplicate": 1, "unchanged": 1, "slow": 1,
        "places": 1, "agreeing": 0, "unheard": 0,
    }  # fmt: skip


@given(st.text(max_size=40))
def test_others_messages_are_no_answers(text: str) -> None:
    assert read_answer(text) is None
    assert read_answer("dsp-lsp-augment " + text) is None
    assert read_answer('dsp-lsp-augment {"place": 1, "declaration": "", "states": []}') is None
