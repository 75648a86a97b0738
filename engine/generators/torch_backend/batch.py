"""A batch in flight: its slots, who sits in them, and its steps, recorded once and replayed.

Steps run a few at a time. Whether a slot is done comes back to the host beside the next steps: the
device never waits for the host, and a state that is done costs at most two rounds more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import torch

from engine.generators.torch_backend import beam, sampling
from engine.generators.torch_backend.recording import Recorder
from engine.generators.torch_backend.slots import Plan, Slots, fill, new_slots

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.model import Model

__all__ = ["Batch", "Seat"]

Key = TypeVar("Key")


@dataclass(eq=False, slots=True)
class Seat(Generic[Key]):
    """Somebody's place in a batch; ``steps`` more were asked for than were launched so far."""

    key: Key
    steps: int


@dataclass(frozen=True, slots=True)
class _Round:
    """Launched steps: the flags that they leave, and who sat where."""

    done: Tensor
    seats: tuple[Seat[int] | None, ...]
    event: torch.cuda.Event | None


@dataclass(eq=False)
class Batch:
    """States that decode together. Its methods may raise ``torch.OutOfMemoryError``.

    ``stride``: steps a round. On CUDA a round is recorded per number of slots, in powers of two.
    """

    model: Model
    plan: Plan
    count: int
    stride: int = 8
    record: bool = True
    slots: Slots = field(init=False)
    seats: list[Seat[int] | None] = field(init=False)
    _rounds: deque[_Round] = field(default_factory=deque, init=False)

    def __post_init__(self) -> None:
        """Takes the memory."""
        model = self.model
        model.prepare(steps=self.plan.steps)
        self.slots = new_slots(
            self.plan, self.count, model.shape, device=model.device, dtype=model.dtype
        )
        self.seats = [None] * self.count
        self._recorder = Recorder(model.device, record=self.record)
        self._cuda = model.device.type == "cuda"
        if self._cuda:
            self._reader = torch.cuda.Stream(model.device)

    @property
    def empty(self) -> bool:
        """Whether nobody sits in it."""
        return not any(self.seats)

    @property
    def full(self) -> bool:
        """Whether there is no free slot."""
        return all(self.seats)

    def admit(
        self, key: int, cross: Tensor, *, width: int, steps: int, seed: tuple[int, int]
    ) -> None:
        """Gives a state a free slot. ``cross``: layers × 2 × length × inner."""
        slot = self.seats.index(None)
        fill(
            self.slots,
            slot,
            beam=self.plan.beam,
            width=width,
            steps=steps,
            seed=seed,
            start=self.model.shape.start,
            cross=cross,
        )
        self.seats[slot] = Seat(key, steps)

    def cancel(self, key: int) -> bool:
        """Frees the slot of ``key``, if it has one."""
        for slot, seat in enumerate(self.seats):
            if seat is not None and seat.key == key:
                self.seats[slot] = None
                return True
        return False

    def launch(self) -> None:
        """Starts a round, unless those under way will do."""
        if not any(seat is not None and seat.steps > 0 for seat in self.seats):
            return
        last = max(slot for slot, seat in enumerate(self.seats) if seat is not None)
        count = min(1 << last.bit_length(), self.count)
        self._recorder(count, lambda: self._steps(count))
        done = self.slots.done
        event = None
        if self._cuda:
            done = torch.empty(self.count, dtype=torch.bool, pin_memory=True)
            done.copy_(self.slots.done, non_blocking=True)
            event = torch.cuda.Event()
            event.record()
        else:
            done = done.clone()
        for seat in self.seats:
            if seat is not None:
                seat.steps -= self.stride
        self._rounds.append(_Round(done, tuple(self.seats), event))

    def collect(self) -> list[tuple[int, list[tuple[list[int], float]]]]:
        """Waits for the round before the last one launched: whose states are done in it.

        Of each, the hypotheses that ended: tokens with the end token, and log-probability.
        """
        ahead = 1 if self._cuda and any(s is not None and s.steps > 0 for s in self.seats) else 0
        ready = []
        while len(self._rounds) > ahead:
            under_way = self._rounds.popleft()
            if under_way.event is not None:
                under_way.event.synchronize()
            for slot, done in enumerate(under_way.done.tolist()):
                seat = under_way.seats[slot]
                # The seat may have been given away since.
                if done and seat is not None and self.seats[slot] is seat:
                    ready.append((seat.key, self._read(slot)))
                    self.seats[slot] = None
        return ready

    def _read(self, slot: int) -> list[tuple[list[int], float]]:
        hypotheses = beam.hypotheses if self.plan.beam else sampling.hypotheses
        eos = self.model.shape.eos
        if not self._cuda:
            return hypotheses(self.slots, slot, eos=eos)
        # What is done stays as it is: read it beside the round that is under way.
        with torch.cuda.stream(self._reader):
            return hypotheses(self.slots, slot, eos=eos)

    def _steps(self, count: int) -> None:
        slots = self.slots.first(count)
        eos = self.model.shape.eos
        for _ in range(self.stride):
            logits = self.model.step(slots, reordered=self.plan.beam)
            self.model.operations.advance(slots, logits, beam=self.plan.beam, eos=eos)
