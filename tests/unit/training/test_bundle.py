"""The card of a model."""

from __future__ import annotations

import pytest

from engine.cli import main
from engine.training.bundle import card

NOTE = {
    "settings": {"steps": 10, "compile": True, "dropout": 0.1, "shape": {"heads": 2}, "train": []},
    "counts": {
        "weights": 27_144_192, "examples": 1234, "validation_examples": 56, "device": "a GPU",
        "steps": 10, "best_step": 8, "pairs_per_second": 6000.4,
    },
}  # fmt: skip
CURVE = [
    {"step": 4, "loss": 2.0},
    {"step": 8, "validation_loss": 1.23456, "validation_accuracy": 0.5},
]


def test_a_card_says_what_was_measured_and_nothing_else():
    text = card("mini", "Some data.", NOTE, CURVE, {})
    assert "27.1 million weights" in text
    assert "1,234 distinct pairs" in text
    assert "| 8 | 1.235 | 50.0% |" in text
    assert "dropout = 0.1" in text
    assert "heads = 2" in text
    assert "compile" not in text
    assert "Accuracy" not in text


def test_figures_come_with_their_intervals():
    share = {"count": 3, "of": 10, "share": 0.3, "low": 0.1, "high": 0.6}
    text = card("mini", "Some data.", NOTE, CURVE, {"8": share}, "## Limits\n\nMany.")
    assert "| 8 | 30.0% | 10.0% to 60.0% | 10 |" in text
    assert text.endswith("## Limits\n\nMany.\n")


def test_a_folder_that_is_no_run_is_told(tmp_path, capsys):
    argv = ["bundle", "--run", str(tmp_path), "--out", str(tmp_path / "out"), "--data", "None."]
    assert main(argv) == 2
    assert "no manifest" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["bundle", "train", "accuracy"])
def test_the_commands_explain_themselves(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert name in capsys.readouterr().out
