"""The tensors of a batch: what is kept of each state and each of its hypotheses while they decode.

A batch has S slots, a slot holds one state with up to W hypotheses, and a state decodes for up to T
steps. Rows (S·W) are what the decoder sees. All of it lives on the device and is changed there in
place, so that a recorded step can be replayed; the host only fills a slot and reads one that is
done.

``ancestors`` saves reordering the caches: hypothesis ``j`` finds the key and value of step ``t`` in
the place of hypothesis ``ancestors[s, j, t]``, which it was then a continuation of.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.checkpoint import Shape

__all__ = ["Plan", "Slots", "bytes_per_slot", "fill", "new_slots"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch's sizes: ``width`` hypotheses, ``steps``, and ``length`` tokens of a state, at most.

    ``beam``: whether its states are decoded by beam search, or by sampling.
    """

    beam: bool
    width: int
    steps: int
    length: int

    def takes(self, other: Plan) -> bool:
        """Whether a state that needs ``other`` can be decoded in this batch."""
        return (
            self.beam == other.beam
            and self.width >= other.width
            and self.steps >= other.steps
            and self.length >= other.length
        )


@dataclass(frozen=True, slots=True)
class Slots:
    """See the module. The first dimension of every tensor is S, but of ``control`` the second;
    ``keys`` and ``values`` have one entry a layer.

    Of a slot: ``control``, the rows of which are ``position`` (the step it is at), ``limit`` (its
    number of steps), ``width``, ``length`` and two words of 32 bits of its seed; ``done``; and
    ``cross``, S × layers × 2 × L × inner, its keys and values.

    Of a hypothesis: ``tokens`` (its last), ``scores`` (the sum of its log-probabilities; -inf where
    there is none), ``ended`` (sampling).

    Of the past: ``history`` and ``parents``, S × T × W: the token chosen at a step and the place
    of the hypothesis that it continued. Of the hypotheses that ended (beam search): ``best``, the
    W best sums, and at which step (``best_step``) from which place (``best_parent``) they ended.
    """

    control: Tensor
    done: Tensor
    cross: Tensor
    tokens: Tensor
    scores: Tensor
    ended: Tensor
    history: Tensor
    parents: Tensor
    ancestors: Tensor
    best: Tensor
    best_step: Tensor
    best_parent: Tensor
    keys: list[Tensor]
    values: list[Tensor]

    @property
    def position(self) -> Tensor:
        """The step that each slot is at: S."""
        return self.control[0]

    @property
    def limit(self) -> Tensor:
        """How many steps each slot has: S."""
        return self.control[1]

    @property
    def width(self) -> Tensor:
        """How many hypotheses each slot has: S."""
        return self.control[2]

    @property
    def length(self) -> Tensor:
        """How many tokens the state has: S."""
        return self.control[3]

    @property
    def seed(self) -> Tensor:
        """Two words of 32 bits: 2 × S."""
        return self.control[4:6]

    def first(self, count: int) -> Slots:
        """The first ``count`` slots; the tensors are shared."""
        parts: dict[str, Any] = {}
        for field in fields(self):
            whole = getattr(self, field.name)
            if isinstance(whole, list):
                parts[field.name] = [part[:count] for part in whole]
            elif field.name == "control":
                parts[field.name] = whole[:, :count]
            else:
                parts[field.name] = whole[:count]
        return Slots(**parts)


def bytes_per_slot(plan: Plan, shape: Shape, dtype: torch.dtype) -> int:
    """What a slot takes on the device."""
    size = 4 if dtype == torch.float32 else 2
    cached = plan.width * plan.steps + plan.length
    small = 12 * plan.width * plan.steps
    return 2 * shape.decoder_layers * shape.inner * cached * size + small


def new_slots(
    plan: Plan, count: int, shape: Shape, *, device: torch.device, dtype: torch.dtype
) -> Slots:
    """Empty slots. Raises ``torch.OutOfMemoryError``."""

    def zeros(*size: int, dtype: torch.dtype = torch.int32) -> Tensor:
        return torch.zeros(count, *size, dtype=dtype, device=device)

    def layers(*size: int) -> list[Tensor]:
        # Zeros and not whatever the memory held: what is masked must at least be finite.
        return [zeros(*size, shape.inner, dtype=dtype) for _ in range(shape.decoder_layers)]

    table = (plan.steps, plan.width)
    return Slots(
        control=torch.ones(6, count, dtype=torch.int64, device=device),
        done=torch.ones(count, dtype=torch.bool, device=device),
        cross=zeros(shape.decoder_layers, 2, plan.length, shape.inner, dtype=dtype),
        tokens=zeros(plan.width, dtype=torch.int64),
        scores=zeros(plan.width, dtype=torch.float32),
        ended=zeros(plan.width, dtype=torch.bool),
        history=zeros(*table),
        parents=zeros(*table),
        ancestors=zeros(plan.width, plan.steps),
        best=zeros(plan.width, dtype=torch.float32),
        best_step=zeros(plan.width, dtype=torch.int64),
        best_parent=zeros(plan.width, dtype=torch.int64),
        keys=layers(*table),
        values=layers(*table),
    )


def fill(
    slots: Slots,
    slot: int,
    *,
    beam: bool,
    width: int,
    steps: int,
    seed: tuple[int, int],
    start: int,
    cross: Tensor,
) -> None:
    """Puts a state into ``slot``; ``cross``: layers × 2 × length × inner."""
    length = cross.shape[2]
    device = cross.device
    control = torch.tensor([0, steps, width, length, *seed], dtype=torch.int64)
    if device.type == "cuda":
        control = control.pin_memory().to(device, non_blocking=True)
    slots.control[:, slot] = control
    slots.cross[slot, :, :, :length] = cross
    slots.tokens[slot] = start
    slots.ended[slot] = False
    slots.best[slot] = float("-inf")
    places = torch.arange(slots.tokens.shape[1], device=device, dtype=slots.ancestors.dtype)
    slots.ancestors[slot] = places[:, None]
    if beam:
        # All hypotheses start out equal: but for one, they are closed.
        slots.scores[slot] = float("-inf")
        slots.scores[slot, 0] = 0.0
    else:
        slots.scores[slot] = 0.0
    slots.done[slot] = False
