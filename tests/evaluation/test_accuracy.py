"""Accuracy on held-out pairs, with the tiny model that has learnt some tactics by heart."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import main
from engine.data.records import TacticPair, write_pairs
from engine.evaluation.accuracy import draw, place
from engine.protocol import EngineError
from engine.values import Candidate
from tests.tiny_model import CONVERTED


def pair(tactic, state="p q : Prop\n⊢ p ∧ q", line=1):
    return TacticPair("foo", "a.lean", line, 0, state, tactic, "no goals")


def test_the_place_of_a_tactic_does_not_depend_on_white_space():
    candidates = [Candidate("simp", -1.0), Candidate("rw  foo\n at h", -2.0)]
    assert place("rw foo at h ", candidates) == 1
    assert place("simp", candidates) == 0
    assert place("simp at h", candidates) is None


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 3))
def test_what_is_drawn_follows_from_the_seed(count, limit, seed):
    pairs = [pair("simp", line=line) for line in range(count)]
    drawn = draw(pairs, limit=limit, seed=seed)
    assert drawn == draw(pairs, limit=limit, seed=seed)
    assert len(drawn) == min(count, limit)
    assert len({one.line for one in drawn}) == len(drawn)


def test_no_pairs_are_told():
    with pytest.raises(EngineError, match="no pairs"):
        draw([], limit=3, seed=0)


def test_the_command_counts_what_a_model_says(tmp_path, capsys):
    pytest.importorskip("ctranslate2", reason="needs CTranslate2")
    known, unknown = pair("split"), pair("norm_num [nothing]")
    write_pairs(tmp_path / "held.jsonl", [known, unknown])
    out = tmp_path / "figures.json"
    argv = ["accuracy", "--model", str(CONVERTED), "--pairs", str(tmp_path / "held.jsonl")]
    argv += ["--beam", "8", "--first", "1", "8", "--threads", "1", "--out", str(out)]
    assert main(argv) == 0
    figures = json.loads(out.read_text())
    assert figures["8"]["count"] == 1
    assert figures["8"]["of"] == 2
    assert figures["1"]["count"] <= figures["8"]["count"]
    assert figures["8"]["low"] < 0.5 < figures["8"]["high"]
    assert "top 8: 1 of 2, 50.0% (" in capsys.readouterr().out
