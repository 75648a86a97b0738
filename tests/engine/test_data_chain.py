"""A small project goes through ``trace``, ``augment`` and ``dataset``, with recorded Leans."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from engine.cli import main
from engine.data.records import read_pairs
from engine.data.splits import SPLITS
from tests.fake_lean.install import FakeLean
from tests.fake_lean.project import AUGMENTED

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_pairs_are_traced_augmented_and_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    lean = FakeLean(tmp_path / "toolchain")
    project = shutil.copytree(AUGMENTED, tmp_path / "project")
    traced, new = tmp_path / "traced", tmp_path / "new"
    common = ["--project", str(project), "--lean", str(lean.program), "--workers", "1"]
    pairs, more = traced / "pairs.jsonl.zst", new / "augmented.jsonl.zst"
    assert main(["trace", *common, "--out", str(traced)]) == 0
    assert list(read_pairs(pairs)) == list(read_pairs(project / "own.jsonl"))
    words = ["--pairs", str(pairs), "--out", str(new), "--heartbeats", "200"]
    assert main(["augment", *common, *words]) == 0
    assert lean.runs("not recorded") == []
    shares = ["--validation", "0.3", "--test", "0.3"]
    for name, files in (("original", [pairs]), ("augmented", [pairs, more])):
        words = ["--pairs", *map(str, files), "--out", str(tmp_path / name)]
        assert main(["dataset", *words, *shares]) == 0
    sets = {
        (name, split): list(read_pairs(tmp_path / name / f"{split}.jsonl.zst"))
        for name in ("original", "augmented")
        for split in SPLITS
    }
    train, bigger = sets["original", "train"], sets["augmented", "train"]
    assert [pair for pair in bigger if not pair.family] == train
    assert len(bigger) > len(train) > 0
    for split in ("validation", "test"):
        assert sets["augmented", split] == sets["original", split] != []
        held_out = {pair.theorem for pair in sets["original", split]}
        assert held_out.isdisjoint(pair.theorem for pair in bigger)
    # Some of what was held out had been augmented.
    all_new = {pair.theorem for pair in read_pairs(more)}
    assert all_new - {pair.theorem for pair in bigger}
