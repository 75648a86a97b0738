"""Training from scratch: it learns, and a killed run takes the same course."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("safetensors", reason="needs safetensors")

from engine.protocol import EngineError  # noqa: E402
from engine.training.scratch import train  # noqa: E402

from .tiny import SHAPE, settings  # noqa: E402


class Killed(BaseException):
    """Stands for the end of the process: nothing may handle it."""


def curve(folder):
    lines = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
    for line in lines:
        line.pop("pairs_per_second", None)
        line.pop("seconds", None)
    return lines


def test_it_learns_and_leaves_a_model(tmp_path):
    summary = train(settings(tmp_path, steps=60), tmp_path / "run", lambda _: None)
    lines = [line for line in curve(tmp_path / "run") if "validation_loss" in line]
    assert lines[-1]["validation_loss"] < 0.5 * lines[0]["validation_loss"]
    assert summary.best_loss == min(line["validation_loss"] for line in lines)
    assert summary.examples == 24
    config = json.loads((tmp_path / "run" / "model" / "config.json").read_text())
    assert config["d_model"] == SHAPE.d_model


@pytest.mark.parametrize("at", [8, 12])
def test_a_killed_run_resumes_on_the_same_curve(tmp_path, at):
    wanted = settings(tmp_path, steps=16)
    train(wanted, tmp_path / "whole", lambda _: None)

    def killing(line):
        if line["step"] == at:
            raise Killed

    with pytest.raises(Killed):
        train(wanted, tmp_path / "cut", killing)
    assert curve(tmp_path / "cut")[-1]["step"] == at
    train(wanted, tmp_path / "cut", lambda _: None)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    files = [
        folder / "model" / "model.safetensors" for folder in (tmp_path / "cut", tmp_path / "whole")
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_half_written_line_of_the_curve_is_dropped(tmp_path):
    wanted = settings(tmp_path, steps=4)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "curve.jsonl").write_text('{"step": 0, "loss": 1.0}\n{"step": 4, "lo')
    train(wanted, tmp_path / "run", lambda _: None)
    assert [line["step"] for line in curve(tmp_path / "run")] == [0, 4, 4]


def test_a_state_of_another_model_is_refused(tmp_path):
    train(settings(tmp_path, steps=6), tmp_path / "run", lambda _: None)
    wider = settings(tmp_path, steps=12, shape=replace(SHAPE, d_ff=80))
    with pytest.raises(EngineError, match="not the state of a training like this"):
        train(wider, tmp_path / "run", lambda _: None)


def test_a_gpu_that_is_not_there_is_told(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(EngineError, match="finds no GPU"):
        train(settings(tmp_path, device="cuda"), tmp_path / "run", lambda _: None)
