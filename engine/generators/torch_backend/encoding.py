"""The encoder's part: several states at once, in a few sizes that are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from engine.generators.torch_backend.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from engine.generators.torch_backend.model import Model

__all__ = ["Encoder"]

_TOKENS = 8192
"""Tokens that go through the encoder together, at most, padding included (but a single state may
be longer)."""

_RECORDED = 512
"""Longer states are computed without recording: the host is no longer what takes the time."""


@dataclass(frozen=True, slots=True)
class _Size:
    count: int
    length: int


class Encoder:
    """Runs a model's encoder and its cross attention's keys and values."""

    def __init__(self, model: Model, *, record: bool = True) -> None:
        self._model = model
        self._recorder = Recorder(model.device, record=record)
        self._inputs: dict[_Size, Tensor] = {}

    def split(self, lengths: Sequence[int]) -> list[list[int]]:
        """Which of the states, by number, go together: those of like length."""
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        groups: list[list[int]] = []
        for i in order:
            group = groups[-1] if groups else None
            if group and (len(group) + 1) * self._padded(lengths[group[0]]) <= _TOKENS:
                group.append(i)
            else:
                groups.append([i])
        return groups

    def __call__(self, states: Sequence[Sequence[int]]) -> Tensor:
        """Of tokens, keys and values: N × layers × 2 × L × inner, L at least the longest state.

        The result may be overwritten by the next call.
        """
        model = self._model
        cuda = model.device.type == "cuda"
        count = 1 << (len(states) - 1).bit_length() if cuda else len(states)
        size = _Size(count, self._padded(max(map(len, states))))
        # One tensor, one transfer: the lengths stand behind the tokens.
        host = torch.zeros(count, size.length + 1, dtype=torch.int64)
        host[:, -1] = 1
        for row, state in enumerate(states):
            host[row, : len(state)] = torch.tensor(state)
            host[row, -1] = len(state)
        model.prepare(length=size.length)
        if not cuda or size.length > _RECORDED:
            device = host.to(model.device)
            return model.encode(device[:, :-1], device[:, -1])
        if size not in self._inputs:
            self._inputs[size] = torch.empty_like(host, device=model.device)
        inputs = self._inputs[size]
        inputs.copy_(host)
        return self._recorder(size, lambda: model.encode(inputs[:, :-1], inputs[:, -1]))

    def _padded(self, length: int) -> int:
        if self._model.device.type == "cpu":
            return length
        step = 64 if length <= _RECORDED else 256
        return -(-length // step) * step
