"""The decoder's operations in plain PyTorch: for the CPU, and where Triton does not work.

Rows are hypotheses: row ``s * W + j`` is hypothesis ``j`` of slot ``s``. See :mod:`.slots` for the
tensors' shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional

from engine.generators.torch_backend import beam as beam_search
from engine.generators.torch_backend import sampling

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.slots import Slots

__all__ = ["Operations", "Plain", "activate"]


class Operations(Protocol):
    """What a decoder's step is made of besides matrix products."""

    def norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Root mean square norm of each row, computed in float32."""
        ...

    def activate(self, x: Tensor, activation: str, *, gated: bool) -> Tensor:
        """The feed-forward layer's middle; if gated, of rows that hold gate and value."""
        ...

    def self_attention(
        self,
        qkv: Tensor,
        keys: Tensor,
        values: Tensor,
        ancestors: Tensor | None,
        position: Tensor,
        bias: Tensor,
    ) -> Tensor:
        """Writes each row's key and value at its slot's position, then attends.

        ``qkv``: rows × 3·inner; ``keys``, ``values``: S × T × W × inner; ``ancestors``: S × W × T,
        in which hypothesis' place a hypothesis finds its past, None for its own; ``position``: S;
        ``bias``: heads × at least T.
        """
        ...

    def cross_attention(
        self, q: Tensor, keys: Tensor, values: Tensor, length: Tensor, heads: int
    ) -> Tensor:
        """``q``: rows × inner; ``keys``, ``values``: S × L × inner, the first ``length`` count."""
        ...

    def advance(self, slots: Slots, logits: Tensor, *, beam: bool, eos: int) -> None:
        """Chooses what follows: :func:`.beam.advance` or :func:`.sampling.advance`."""
        ...


def activate(x: Tensor, activation: str) -> Tensor:
    """One of T5's activation functions."""
    if activation == "relu":
        return functional.relu(x)
    if activation == "silu":
        return functional.silu(x)
    return functional.gelu(x, approximate="tanh" if activation == "gelu_new" else "none")


class Plain:
    """:class:`Operations` by PyTorch's own functions."""

    def norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """See :class:`Operations`."""
        wide = x.float()
        scaled = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon)
        return scaled.to(x.dtype) * weight

    def activate(self, x: Tensor, activation: str, *, gated: bool) -> Tensor:
        """See :class:`Operations`."""
        if not gated:
            return activate(x, activation)
        gate, value = x.chunk(2, -1)
        return activate(gate, activation) * value

    def self_attention(
        self,
        qkv: Tensor,
        keys: Tensor,
        values: Tensor,
        ancestors: Tensor | None,
        position: Tensor,
        bias: Tensor,
    ) -> Tensor:
        """See :class:`Operations`."""
        slots, steps, width, inner = keys.shape
        heads = bias.shape[0]
        q, k, v = qkv.view(slots, width, 3, inner).unbind(2)
        slot = torch.arange(slots, device=qkv.device)
        keys[slot, position] = k
        values[slot, position] = v
        if qkv.device.type == "cpu":
            # Reading a tensor costs nothing here; on a device it would be a round trip.
            steps = int(position.max()) + 1
        at = torch.arange(steps, device=qkv.device)
        if ancestors is None:
            past_k, past_v = (x[:, :steps].transpose(1, 2) for x in (keys, values))
        else:
            source = ancestors[:, :, :steps].long()
            where = (slot[:, None, None], at[None, None, :], source)
            past_k, past_v = keys[where], values[where]
        past_k = past_k.unflatten(-1, (heads, -1))
        past_v = past_v.unflatten(-1, (heads, -1))
        scores = torch.einsum("swhd,swthd->swht", q.unflatten(-1, (heads, -1)), past_k).float()
        back = position[:, None] - at[None, :]
        scores = scores + bias[:, back.clamp(min=0)].float().transpose(0, 1)[:, None]
        scores = scores.masked_fill((back < 0)[:, None, None, :], float("-inf"))
        weights = scores.softmax(-1).to(qkv.dtype)
        return torch.einsum("swht,swthd->swhd", weights, past_v).reshape(-1, inner)

    def cross_attention(
        self, q: Tensor, keys: Tensor, values: Tensor, length: Tensor, heads: int
    ) -> Tensor:
        """See :class:`Operations`."""
        slots, longest, inner = keys.shape
        if q.device.type == "cpu":
            longest = int(length.max())
            keys, values = keys[:, :longest], values[:, :longest]
        q = q.view(slots, -1, heads, inner // heads).transpose(1, 2)
        k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (keys, values))
        scores = (q @ k.transpose(-1, -2)).float()
        at = torch.arange(longest, device=q.device)
        unused = at[None, :] >= length[:, None]
        weights = scores.masked_fill(unused[:, None, None], float("-inf")).softmax(-1)
        return (weights.to(q.dtype) @ v).transpose(1, 2).reshape(-1, inner)

    def advance(self, slots: Slots, logits: Tensor, *, beam: bool, eos: int) -> None:
        """See :class:`Operations`."""
        (beam_search if beam else sampling).advance(slots, logits, eos=eos)
