"""What a training does: one dataclass for each of its two ways, read from TOML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - the settings' fields are looked up

__all__ = ["FineTuneSettings", "ScratchSettings", "ShapeSettings"]


@dataclass(frozen=True, slots=True)
class ShapeSettings:
    """The sizes of a ByT5-shaped model; the defaults make one of 27 million weights.

    ``buckets`` and ``max_distance`` are of the relative positions, as in T5.
    """

    d_model: int = 512
    d_kv: int = 64
    heads: int = 8
    d_ff: int = 1024
    encoder_layers: int = 6
    decoder_layers: int = 3
    buckets: int = 32
    max_distance: int = 128


@dataclass(frozen=True, slots=True)
class ScratchSettings:
    """A model from scratch, on one GPU (or, small, on the CPU).

    Data: ``train``, ``validation``: files of goal–tactic pairs. A state is cut to
    ``max_state_bytes``, a pair with a tactic of more than ``max_tactic_bytes`` is left out.

    A batch is packed: up to ``batch_states`` and ``batch_tactics`` tokens of at most
    ``batch_pairs`` pairs. ``learning_rate`` is the peak, after ``warmup`` steps, and falls to
    ``floor`` of it as a cosine; ``decay`` is AdamW's weight decay of the matrices; gradients are
    cut to the norm ``clip``.

    Against over-fitting: ``dropout``; ``noise``, the probability that a token is hidden from the
    model; ``smoothing`` of the labels; ``averaging``, how much of the running average of the
    weights a step keeps (0: none) — the average is what is judged and kept.

    Every ``evaluate_every`` steps the model is judged on at most ``validation_pairs`` pairs, and
    every ``save_every`` steps everything is saved that a resumed run needs. The weights kept are
    those with the lowest validation loss. ``device``: auto, cpu or cuda; ``compile`` and ``graph``:
    whether, on a GPU, layers are compiled and steps recorded as a CUDA graph.
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    seed: int = 0
    shape: ShapeSettings = field(default_factory=ShapeSettings)
    max_state_bytes: int = 1024
    max_tactic_bytes: int = 192
    steps: int = 10_000
    batch_states: int = 65_536
    batch_tactics: int = 14_336
    batch_pairs: int = 512
    learning_rate: float = 1e-3
    warmup: int = 500
    floor: float = 0.01
    decay: float = 0.1
    clip: float = 1.0
    dropout: float = 0.3
    noise: float = 0.0
    smoothing: float = 0.0
    averaging: float = 0.999
    evaluate_every: int = 500
    validation_pairs: int = 2_000
    save_every: int = 2_000
    device: str = "auto"
    compile: bool = True
    graph: bool = True


@dataclass(frozen=True, slots=True)
class FineTuneSettings:
    """A checkpoint trained further, as in the paper (section 4).

    ``checkpoint``: a T5 in Hugging Face format, by folder or hub id. ``batch``: pairs a step and
    device; on several devices (``torchrun``) their gradients are averaged. ``judge``: a command
    that is run for each evaluation, with ``{checkpoint}`` replaced by a folder, and that prints
    Pass@1 over validation theorems, a number, as its last word; the best is kept, and training
    ends after ``patience`` evaluations without a better one. Where it is empty (no Lean), every
    checkpoint is kept, to be chosen from afterwards, and the validation loss is reported.
    """

    checkpoint: str
    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    seed: int = 0
    max_state_bytes: int = 1024
    max_tactic_bytes: int = 256
    epochs: float = 10.0
    batch: int = 8
    learning_rate: float = 5e-4
    warmup: int = 0
    decay: float = 0.0
    dropout: float = 0.5
    bf16: bool = True
    evaluate_every: int = 10_000
    validation_pairs: int = 2_000
    judge: tuple[str, ...] = ()
    patience: int = 3
