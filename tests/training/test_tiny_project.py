"""From a tiny project to a proof: trace, augment, dataset, train, convert, prove, as commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("safetensors", reason="needs safetensors")
pytest.importorskip("ctranslate2", reason="needs CTranslate2")

from engine.cli import main
from engine.data.records import TacticPair, read_pairs, write_pairs
from engine.manifest import read_manifest
from tests.fake_lean.cases import STATEMENT
from tests.fake_lean.install import DOCUMENTS, ROOT, FakeLean
from tests.fake_lean.project import copy_project
from tests.lean3.conftest import _why_no_lean

if TYPE_CHECKING:
    from collections.abc import Callable

SWAP = "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p"
RECIPE = """
steps = 240
batch_states = 2048
batch_tactics = 512
batch_pairs = 16
learning_rate = 1e-2
warmup = 20
dropout = 0.0
averaging = 0.9
evaluate_every = 120
device = "cpu"

[shape]
d_model = 48
heads = 2
d_kv = 16
d_ff = 96
encoder_layers = 1
decoder_layers = 1
max_distance = 32
"""


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*words: object) -> str:
        assert main([str(word) for word in words]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def trained(folder: Path, pairs: list[Path], run: Callable[..., str]) -> Path:
    """The folder of a converted model that has learnt the pairs by heart."""
    run("dataset", "--pairs", *pairs, "--out", folder / "data", "--validation", 0.1, "--test", 0.1)
    data = folder / "data"
    (folder / "recipe.toml").write_text(RECIPE)
    where = run(
        "train", "--config", folder / "recipe.toml", "--out", folder / "run",
        "--train", data / "train.jsonl.zst", "--validation", data / "train.jsonl.zst",
    ).strip()  # fmt: skip
    assert Path(where) == folder / "run" / "model"
    counts = read_manifest(Path(where))["counts"]
    assert counts["best_loss"] < 0.5
    assert counts["examples"] == sum(1 for _ in read_pairs(data / "train.jsonl.zst"))
    run("bundle", "--run", folder / "run", "--out", folder / "bundle", "--data", "A tiny project.")
    text = (folder / "bundle" / "README.md").read_text()
    assert f"{counts['examples']} distinct pairs" in text
    assert str(folder) not in text + (folder / "bundle" / "dsp-generator.json").read_text()
    return folder / "bundle"


def prove(model: Path, lean: str) -> str:
    """What the command line says to a statement with the model alone."""
    argv = [
        sys.executable, "-m", "dsp_lsp.cli", "prove", "--statement", STATEMENT, "--preset", "paper",
        "--budget", "3000", "--generator", "ct2", "--model", str(model), "--lean", lean,
        "--threads", "1", "--quiet", "--max-expansions", "12",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        argv, env=environment, capture_output=True, text=True, check=False, timeout=250
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_with_a_lean_that_replays_what_was_recorded(tmp_path, run):
    lean = FakeLean(tmp_path / "toolchain")
    tiny = copy_project(tmp_path / "tiny")
    augmented = Path(shutil.copytree(DOCUMENTS / "augmented", tmp_path / "augmented"))
    run("trace", "--project", tiny, "--out", tmp_path / "trace", "--lean", lean.program)
    run(
        "augment", "--project", augmented, "--pairs", augmented / "own.jsonl",
        "--out", tmp_path / "more", "--lean", lean.program, "--heartbeats", 200,
    )  # fmt: skip
    # What is recorded of the statement's proof is not what the tiny project does.
    own = tmp_path / "own.jsonl"
    write_pairs(own, [TacticPair("exchange", "a.lean", 1, 0, SWAP, "simp *", "no goals")])
    pairs = [own, tmp_path / "trace" / "pairs.jsonl.zst", tmp_path / "more" / "augmented.jsonl.zst"]
    model = trained(tmp_path, pairs, run)
    assert "simp *" in prove(model, str(lean.program))


@pytest.mark.lean3
@pytest.mark.skipif(_why_no_lean() is not None, reason=str(_why_no_lean()))
def test_with_lean(tmp_path, run):
    tiny = copy_project(tmp_path / "tiny", compiled=False)
    subprocess.run(
        [shutil.which("lean") or "lean", "--make", "src"], cwd=tiny, check=True, timeout=250
    )
    run("trace", "--project", tiny, "--out", tmp_path / "trace", "--workers", 1)
    model = trained(tmp_path, [tmp_path / "trace" / "pairs.jsonl.zst"], run)
    assert "cases h with hp hq" in prove(model, "lean")
