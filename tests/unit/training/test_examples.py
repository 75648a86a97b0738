"""Pairs as tokens, the settings that come along, and how much work a training is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.data.records import STATEMENT, STEP, TacticPair, write_pairs
from engine.generators import byt5
from engine.protocol import EngineError
from engine.settings import read_settings
from engine.training.command import RECIPES
from engine.training.examples import MARK, examples, read_examples
from engine.training.settings import FineTuneSettings, ScratchSettings, ShapeSettings
from engine.training.work import operations

PAIR = TacticPair("foo", "a.lean", 1, 0, "p q : Prop\n⊢ p", " simp ", "no goals")


def told(*pairs, state=100, tactic=20):
    return examples(pairs, max_state_bytes=state, max_tactic_bytes=tactic)


def test_a_pair_is_its_bytes_and_end_tokens():
    (example,) = told(PAIR)
    assert byt5.decode(example.state) == PAIR.state
    assert byt5.decode(example.tactic) == "simp"


def test_equal_failed_empty_and_long_ones_are_left_out():
    same = replace(PAIR, theorem="bar", line=7)
    failed = replace(PAIR, tactic="ring", success=False)
    empty = replace(PAIR, tactic="  ")
    long = replace(PAIR, tactic="x" * 21)
    assert len(told(PAIR, same, failed, empty, long)) == 1


def test_a_long_state_is_cut_as_a_generator_cuts_it():
    (example,) = told(replace(PAIR, state="h : q\n" * 50 + "⊢ p"), state=64)
    assert len(example.state) <= 65
    assert byt5.decode(example.state).endswith("⊢ p")


@pytest.mark.parametrize("family", ["", "rw", "renamed", STATEMENT, STEP])
def test_what_nobody_wrote_is_told_apart(family):
    (example,) = told(replace(PAIR, family=family))
    made = family in (STATEMENT, STEP)
    assert (example.state[0] == MARK) is made
    assert byt5.decode(example.state[made:]) == PAIR.state
    assert byt5.decode([MARK, byt5.EOS]) is None


def test_a_pair_and_the_like_that_nobody_wrote_are_two_examples():
    assert len(told(PAIR, replace(PAIR, family=STEP), replace(PAIR, family=STATEMENT))) == 2


def test_no_pairs_are_told(tmp_path):
    write_pairs(tmp_path / "none.jsonl", [replace(PAIR, success=False)])
    with pytest.raises(EngineError, match=r"none\.jsonl"):
        read_examples([tmp_path / "none.jsonl"], 100, 100)


def test_the_recipes_that_come_along_are_read():
    files = {"train": ["a"], "validation": ["b"]}
    mini = read_settings(ScratchSettings, RECIPES / "mini.toml", files)
    assert mini.shape == ShapeSettings()
    paper = read_settings(FineTuneSettings, RECIPES / "paper.toml", files)
    assert (paper.batch, paper.learning_rate, paper.dropout) == (8, 5e-4, 0.5)


def test_work_is_six_operations_for_a_weight_and_a_token():
    shape = ShapeSettings()
    # One token attends to itself alone: nearly everything is products with weights.
    alone = operations(shape, [(1, 0)])
    weights = 6 * (4 * 512 * 512 + 3 * 512 * 1024) + 3 * 2 * 512 * 512
    assert alone == pytest.approx(6 * weights, rel=1e-3)
    assert operations(shape, [(1, 0), (1, 0)]) == 2 * alone
    assert operations(shape, [(512, 0)]) > 512 * alone
