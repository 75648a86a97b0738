from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.data.dataset import DatasetSettings, make_dataset, split_path
from engine.data.records import TacticPair, read_pairs, write_pairs
from engine.data.splits import SPLITS, SplitRule
from engine.protocol import EngineError


def pair(theorem: str, tactic: str = "simp", family: str = "") -> TacticPair:
    return TacticPair(theorem, "x.lean", 1, 0, f"⊢ {theorem}", tactic, "no goals", family=family)


def test_the_command_writes_three_sets_and_says_what_is_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"theorem_{n}" for n in range(200)]
    write_pairs(tmp_path / "pairs.jsonl.zst", [pair(n) for n in names + names[:5]])
    write_pairs(tmp_path / "more.jsonl.xz", [pair(n, "rw foo", "rw") for n in names])
    out = tmp_path / "set"
    files = [str(tmp_path / "pairs.jsonl.zst"), str(tmp_path / "more.jsonl.xz")]
    options = ["--seed", "3", "--validation", "0.1", "--test", "0.1"]
    assert main(["dataset", "--out", str(out), "--pairs", *files, *options]) == 0
    rule = SplitRule(3, 0.1, 0.1)
    expected = {split: [n for n in names if rule.of(n) == split] for split in SPLITS}
    for split in ("validation", "test"):
        assert [p.theorem for p in read_pairs(split_path(out, split))] == expected[split]
    train = list(read_pairs(split_path(out, "train")))
    assert [p.theorem for p in train] == expected["train"] * 2
    note = json.loads((out / "manifest.json").read_text("utf-8"))
    held_out = len(expected["test"]) + len(expected["validation"])
    assert note["counts"]["train"] == len(train)
    assert note["counts"]["left out: augmented from a held-out theorem"] == held_out
    assert set(note["inputs"]) == set(files)
    assert f"train: {len(train)} pairs of {len(expected['train'])} theorems" in (
        capsys.readouterr().out
    )


def test_training_pairs_get_copies_and_held_out_ones_do_not(tmp_path: Path) -> None:
    def about(theorem: str, variable: str) -> TacticPair:
        state = f"{variable} : ℕ\n⊢ {variable} = {theorem}"
        return TacticPair(theorem, "x.lean", 1, 0, state, f"cases {variable}", "")

    rule = SplitRule(0, 0.2, 0.2)
    letters = "abcdefgh"
    pairs = [about(f"t{n}", letters[n % len(letters)]) for n in range(100)]
    # The same under another name: what is held out must not come back as a copy.
    held_out = next(p for p in pairs if rule.of(p.theorem) == "test")
    other = next(p.theorem for p in pairs if rule.of(p.theorem) == "train")
    twin = about(held_out.theorem, "z")
    pairs.append(TacticPair(other, "x.lean", 1, 0, twin.state, twin.tactic, ""))
    file = tmp_path / "pairs.jsonl"
    write_pairs(file, pairs)
    settings = DatasetSettings((file,), tmp_path / "set", validation=0.2, test=0.2, renamed=6)
    counts = make_dataset(settings)
    sets = {split: list(read_pairs(split_path(settings.out, split))) for split in SPLITS}
    for split in ("test", "validation"):
        assert sets[split] == [p for p in pairs if rule.of(p.theorem) == split]
    own = [p for p in sets["train"] if not p.family]
    copied = [p for p in sets["train"] if p.family == "renamed"]
    assert own == [p for p in pairs if rule.of(p.theorem) == "train"]
    assert counts["train"] == len(own) + len(copied) > 3 * len(own)
    texts = [(p.state, p.tactic) for split in SPLITS for p in sets[split]]
    assert len(set(texts)) == len(texts)


def test_where_a_run_was_cut_off_there_is_no_manifest(tmp_path: Path) -> None:
    whole = tmp_path / "pairs.jsonl.zst"
    write_pairs(whole, [pair(f"theorem_{n}") for n in range(50)])
    make_dataset(DatasetSettings((whole,), tmp_path / "set"))
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(EngineError, match="cut off"):
        make_dataset(DatasetSettings((whole,), tmp_path / "set"))
    assert not (tmp_path / "set" / "manifest.json").exists()


def test_where_it_cannot_be_written_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    write_pairs(file, [pair("a")])
    with pytest.raises(EngineError, match="cannot be written"):
        make_dataset(DatasetSettings((file,), file / "set"))
    with pytest.raises(EngineError, match="cannot be written"):
        write_pairs(file / "more.jsonl", [pair("a")])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pairs": ()}, "no pairs"),
        ({"pairs": (Path("nowhere.jsonl"),)}, "nowhere"),
        ({"test": 0.7, "validation": 0.3}, "below 1"),
        ({"test": -0.1}, "at least 0"),
        ({"renamed": -1}, "cannot be -1"),
    ],
)
def test_what_cannot_be_is_said(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    write_pairs(file, [pair("a")])
    values = {"pairs": (file,), "out": tmp_path / "set", **changes}
    with pytest.raises(EngineError, match=said):
        make_dataset(DatasetSettings(**values))  # type: ignore[arg-type]
