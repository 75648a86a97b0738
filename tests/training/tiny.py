"""A project of a few theorems, and settings that a CPU learns it by heart with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data.records import TacticPair, write_pairs
from engine.training.settings import ScratchSettings, ShapeSettings

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = ShapeSettings(
    d_model=32, d_kv=16, heads=2, d_ff=64, encoder_layers=1, decoder_layers=1, max_distance=32
)
TACTICS = {"p ∧ q": "split", "p → q": "intro h", "p ∨ q": "left", "x = x": "refl"}


def pairs(count: int = 24) -> list[TacticPair]:
    targets = list(TACTICS)
    return [
        TacticPair(
            theorem=f"thm_{number}",
            file="tiny.lean",
            line=number + 1,
            column=2,
            state=f"a{number} : ℕ\n⊢ {targets[number % 4]}",
            tactic=TACTICS[targets[number % 4]],
            next="no goals",
        )
        for number in range(count)
    ]


def settings(folder: Path, **changes: object) -> ScratchSettings:
    folder.mkdir(parents=True, exist_ok=True)
    write_pairs(folder / "pairs.jsonl", pairs())
    values: dict[str, object] = {
        "train": (folder / "pairs.jsonl",),
        "validation": (folder / "pairs.jsonl",),
        "shape": SHAPE,
        "steps": 12,
        "batch_states": 256,
        "batch_tactics": 128,
        "batch_pairs": 8,
        "learning_rate": 1e-2,
        "warmup": 3,
        "dropout": 0.1,
        "noise": 0.05,
        "averaging": 0.9,
        "evaluate_every": 4,
        "save_every": 5,
        "device": "cpu",
    }
    return ScratchSettings(**(values | changes))  # type: ignore[arg-type]
