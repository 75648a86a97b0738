"""Training a checkpoint further, with a tiny one on the CPU."""

from __future__ import annotations

import json
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("accelerate", reason="needs accelerate")

from engine.data.records import write_pairs  # noqa: E402
from engine.protocol import EngineError  # noqa: E402
from engine.training import checkpoints, finetune  # noqa: E402
from engine.training.settings import FineTuneSettings  # noqa: E402
from engine.training.t5 import initial  # noqa: E402

from .tiny import SHAPE, pairs  # noqa: E402


@pytest.fixture
def wanted(tmp_path):
    checkpoints.save(tmp_path / "start", initial(SHAPE, seed=0), SHAPE, dtype=torch.float32)
    write_pairs(tmp_path / "pairs.jsonl", pairs())
    return {
        "checkpoint": str(tmp_path / "start"),
        "train": (tmp_path / "pairs.jsonl",),
        "validation": (tmp_path / "pairs.jsonl",),
        "epochs": 2.0,
        "batch": 6,
        "evaluate_every": 2,
        "bf16": False,
        "learning_rate": 1e-2,
    }


def losses(folder):
    history = json.loads((folder / "manifest.json").read_text())["curve"]
    return [
        (line["step"], name, line[name])
        for line in history
        for name in ("loss", "eval_loss")
        if name in line
    ]


def test_a_killed_run_resumes_on_the_same_curve(wanted, tmp_path, monkeypatch):
    settings = FineTuneSettings(**wanted)
    whole = losses(finetune.train(settings, tmp_path / "whole"))
    assert whole[-1][2] < whole[0][2]

    class Killed(BaseException):
        pass

    from transformers import Trainer

    step = Trainer.training_step
    seen = []

    def killing(self, *arguments, **named):
        if len(seen) == 5:
            raise Killed
        seen.append(1)
        return step(self, *arguments, **named)

    monkeypatch.setattr(Trainer, "training_step", killing)
    with pytest.raises(Killed):
        finetune.train(settings, tmp_path / "cut")
    monkeypatch.undo()
    assert (tmp_path / "cut" / "checkpoint-4").is_dir()
    assert losses(finetune.train(settings, tmp_path / "cut")) == whole


def test_a_judge_decides_which_is_best_and_when_to_stop(wanted, tmp_path):
    # Pass@1 falls from the second evaluation on.
    judge = tmp_path / "judge.py"
    judge.write_text(
        "import pathlib, sys\n"
        "assert (pathlib.Path(sys.argv[1]) / 'model.safetensors').is_file()\n"
        f"counter = pathlib.Path({str(tmp_path / 'counter')!r})\n"
        "n = len(counter.read_text()) if counter.exists() else 0\n"
        "counter.write_text('x' * (n + 1))\n"
        "print('Pass@1', [0.2, 0.5, 0.4, 0.3, 0.9][n])\n"
    )
    settings = FineTuneSettings(
        **wanted | {"epochs": 5.0, "patience": 2},
        judge=(sys.executable, str(judge), "{checkpoint}"),
    )
    model = finetune.train(settings, tmp_path / "run")
    manifest = json.loads((model / "manifest.json").read_text())
    assert manifest["counts"]["best_checkpoint"].endswith("checkpoint-4")
    assert manifest["counts"]["best_metric"] == 0.5
    assert len((tmp_path / "counter").read_text()) == 4


def test_a_judge_that_says_nothing_is_told(tmp_path):
    with pytest.raises(EngineError, match="gave no share"):
        finetune.judged([sys.executable, "-c", "print('no number')"], tmp_path)


def test_a_checkpoint_that_is_not_there_is_told(wanted, tmp_path):
    settings = FineTuneSettings(**wanted | {"checkpoint": str(tmp_path / "nothing")})
    with pytest.raises(EngineError, match="cannot be loaded"):
        finetune.train(settings, tmp_path / "run")
