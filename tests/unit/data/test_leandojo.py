from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.data.dataset import DatasetSettings, make_dataset, split_path
from engine.data.leandojo import read_benchmark
from engine.data.records import TacticPair, read_pairs
from engine.protocol import EngineError

if TYPE_CHECKING:
    from pathlib import Path

THEOREM = {
    "url": "https://example.org/mathlib",
    "commit": "0" * 40,
    "file_path": "src/algebra/small.lean",
    "full_name": "small.mul_comm_three",
    "start": [12, 1],
    "end": [15, 4],
    "traced_tactics": [
        {
            "tactic": "rw [mul_comm a b, mul_assoc]",
            "annotated_tactic": [
                "rw [<a>mul_comm</a> a b, <a>mul_assoc</a>]",
                [
                    {
                        "full_name": "mul_comm",
                        "def_path": "src/algebra/group/defs.lean",
                        "def_pos": [301, 1],
                        "def_end_pos": [303, 2],
                    },
                    {
                        "full_name": "mul_assoc",
                        "def_path": "src/algebra/group/defs.lean",
                        "def_pos": [215, 1],
                        "def_end_pos": [216, 20],
                    },
                ],
            ],
            "state_before": "a b c : ℕ\n⊢ a * b * c = b * (a * c)",
            "state_after": "a b c : ℕ\n⊢ b * (a * c) = b * (a * c)",
        },
        {
            "tactic": "refl ",
            "annotated_tactic": ["refl ", []],
            "state_before": "a b c : ℕ\n⊢ b * (a * c) = b * (a * c)",
            "state_after": "no goals",
        },
    ],
}


def write(path: Path, theorems: object) -> Path:
    path.write_text(json.dumps(theorems), "utf-8")
    return path


def test_traced_tactics_become_pairs(tmp_path: Path) -> None:
    no_tactics = {**THEOREM, "full_name": "by_term", "traced_tactics": []}
    file = write(tmp_path / "val.json", [no_tactics, THEOREM])
    rewritten = "a b c : ℕ\n⊢ b * (a * c) = b * (a * c)"
    place = ("small.mul_comm_three", "algebra/small.lean", 12, 0)
    assert list(read_benchmark(file)) == [
        TacticPair(
            *place,
            "a b c : ℕ\n⊢ a * b * c = b * (a * c)",
            "rw [mul_comm a b, mul_assoc]",
            rewritten,
            premises=("mul_comm", "mul_assoc"),
        ),
        TacticPair(*place, rewritten, "refl", "no goals"),
    ]


def test_a_data_set_is_made_of_it(tmp_path: Path) -> None:
    file = write(tmp_path / "train.json", [THEOREM])
    make_dataset(DatasetSettings((file,), tmp_path / "set", validation=0.0, test=0.0))
    assert list(read_pairs(split_path(tmp_path / "set", "train"))) == list(read_benchmark(file))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"full_name": ', "cut off"),
        ("", "cannot be read"),
        ("[] []", "cannot be read"),
        ('{"theorems": []}', "no list of theorems"),
        ('[{"full_name": "a"}]', "theorem 1 is not as LeanDojo writes it"),
        ("[3]", "theorem 1 is not as LeanDojo writes it"),
    ],
)
def test_what_is_no_benchmark_is_said(content: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "train.json"
    file.write_text(content, "utf-8")
    with pytest.raises(EngineError, match=said):
        list(read_benchmark(file))
