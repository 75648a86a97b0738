"""How the tiny model is trained: the first goal's target decides which tactics are likely."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from engine.generators import byt5

if TYPE_CHECKING:
    from pathlib import Path

ANY = ("simp", "assumption", "refl", "cc", "exact h", "tauto")
TARGETS = {
    "p ∧ q": ("split", "exact ⟨h, h⟩", "constructor"),
    "p ∨ q": ("left", "right"),
    "p → q": ("intro h", "intros"),
    "x = y": ("refl", "rw h", "exact h.symm"),
    "p": ("exact h", "assumption"),
}
HYPOTHESES = ("h : p", "h : q ∧ r", "h : x = y", "a b : ℕ", "p q r : Prop", "α : Type u")


def example(rng: random.Random) -> tuple[str, str]:
    target = rng.choice(list(TARGETS))
    hypotheses = rng.sample(HYPOTHESES, rng.randint(0, 3))
    likely = TARGETS[target] if rng.random() < 0.7 else ANY
    return ",\n".join(hypotheses) + ("\n" if hypotheses else "") + f"⊢ {target}", rng.choice(likely)


def train(folder: Path, *, steps: int, d_kv: int = 8, tied: bool = False) -> float:
    """Writes a checkpoint into ``folder``; returns the last loss."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.set_num_threads(1)  # so small that a second one costs more than it brings
    torch.manual_seed(0)
    rng = random.Random(0)
    config = T5Config(
        vocab_size=384,
        d_model=32,
        d_kv=d_kv,
        d_ff=64,
        num_layers=2,
        num_decoder_layers=1,
        num_heads=3,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=tied,
        dropout_rate=0.0,
        decoder_start_token_id=byt5.PAD,
        pad_token_id=byt5.PAD,
        eos_token_id=byt5.EOS,
    )
    model = T5ForConditionalGeneration(config)
    with torch.no_grad():
        # Else the loss of an untied T5 starts near 300.
        for weights in {model.shared.weight, model.lm_head.weight}:
            weights.normal_(0, 1 if tied else 0.05)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    loss = torch.tensor(0.0)
    for _ in range(steps):
        pairs = [example(rng) for _ in range(32)]
        states = _padded([byt5.encode(state) for state, _ in pairs], byt5.PAD)
        tactics = _padded([byt5.encode(tactic) for _, tactic in pairs], -100)
        loss = model(
            input_ids=states, attention_mask=(states != byt5.PAD).long(), labels=tactics
        ).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.save_pretrained(folder)
    return float(loss.detach())


def _padded(rows: list[list[int]], filler: int):  # type: ignore[no-untyped-def]
    import torch

    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])
