"""A T5 as functions of its weights: the encoder, and one step of the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from engine.generators.backend import BackendError
from engine.generators.torch_backend.plain import Plain
from engine.generators.torch_backend.positions import backward_bias, two_sided_bias

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.checkpoint import Checkpoint
    from engine.generators.torch_backend.plain import Operations
    from engine.generators.torch_backend.slots import Slots

__all__ = ["Model"]


@dataclass(frozen=True, slots=True)
class _Encoding:
    """An encoder layer; matrices that read the same input are one."""

    norm: Tensor
    qkv: Tensor
    out: Tensor
    feed_norm: Tensor
    feed_in: Tensor
    feed_out: Tensor


@dataclass(frozen=True, slots=True)
class _Decoding:
    """A decoder layer; the keys and values of its cross attention are :attr:`Model.cross`."""

    norm: Tensor
    qkv: Tensor
    out: Tensor
    cross_norm: Tensor
    cross_q: Tensor
    cross_out: Tensor
    feed_norm: Tensor
    feed_in: Tensor
    feed_out: Tensor


class Model:
    """Weights on a device, arranged for decoding many hypotheses of few states.

    Matrices are kept as the checkpoint has them (outputs × inputs) in ``dtype``; the logits, the
    softmaxes and the norms are computed in float32.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: torch.device,
        dtype: torch.dtype,
        operations: Operations | None = None,
    ) -> None:
        self.shape = checkpoint.shape
        self.device = device
        self.dtype = dtype
        self.operations: Operations = operations or Plain()
        tensors = checkpoint.tensors

        def take(*names: str) -> Tensor:
            try:
                parts = [tensors[name].to(device=device, dtype=dtype) for name in names]
            except KeyError as error:
                raise BackendError(f"The checkpoint has no tensor {error.args[0]}.") from None
            return torch.cat(parts) if len(parts) > 1 else parts[0].contiguous()

        def feed(at: str) -> Tensor:
            names = ("wi_0", "wi_1") if self.shape.gated else ("wi",)
            return take(*(f"{at}.DenseReluDense.{name}.weight" for name in names))

        def qkv(at: str) -> Tensor:
            return take(*(f"{at}.{name}.weight" for name in "qkv"))

        self.embedding = take("shared.weight")
        self.encoder = [
            _Encoding(
                norm=take(f"{at}.0.layer_norm.weight"),
                qkv=qkv(f"{at}.0.SelfAttention"),
                out=take(f"{at}.0.SelfAttention.o.weight"),
                feed_norm=take(f"{at}.1.layer_norm.weight"),
                feed_in=feed(f"{at}.1"),
                feed_out=take(f"{at}.1.DenseReluDense.wo.weight"),
            )
            for at in (f"encoder.block.{i}.layer" for i in range(self.shape.encoder_layers))
        ]
        self.encoder_norm = take("encoder.final_layer_norm.weight")
        blocks = [f"decoder.block.{i}.layer" for i in range(self.shape.decoder_layers)]
        self.decoder = [
            _Decoding(
                norm=take(f"{at}.0.layer_norm.weight"),
                qkv=qkv(f"{at}.0.SelfAttention"),
                out=take(f"{at}.0.SelfAttention.o.weight"),
                cross_norm=take(f"{at}.1.layer_norm.weight"),
                cross_q=take(f"{at}.1.EncDecAttention.q.weight"),
                cross_out=take(f"{at}.1.EncDecAttention.o.weight"),
                feed_norm=take(f"{at}.2.layer_norm.weight"),
                feed_in=feed(f"{at}.2"),
                feed_out=take(f"{at}.2.DenseReluDense.wo.weight"),
            )
            for at in blocks
        ]
        self.decoder_norm = take("decoder.final_layer_norm.weight")
        self.cross = take(*(f"{at}.1.EncDecAttention.{n}.weight" for at in blocks for n in "kv"))
        self.head = take("lm_head.weight" if "lm_head.weight" in tensors else "shared.weight")
        table = "block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        self._encoder_table = take(f"encoder.{table}")
        self._decoder_table = take(f"decoder.{table}")
        self._encoder_biases: dict[int, Tensor] = {}
        # None of these is ever given up: recorded steps go on reading where they were.
        self._decoder_biases: dict[int, Tensor] = {}
        # float32 logits of a product of narrower numbers, where PyTorch offers it (from 2.8, CUDA).
        self._wide_head: Tensor | None = None
        if dtype == torch.float32 or not _has_wide_product(device, dtype):
            self._wide_head = self.head.float()

    def prepare(self, *, steps: int = 0, length: int = 0) -> None:
        """Computes the biases for slots of that many steps and for states of that many tokens."""
        distance = self.shape.max_distance
        if steps and steps not in self._decoder_biases:
            bias = backward_bias(self._decoder_table, steps, max_distance=distance)
            self._decoder_biases[steps] = bias
        if length and length not in self._encoder_biases:
            bias = two_sided_bias(self._encoder_table, length, max_distance=distance)
            self._encoder_biases[length] = bias

    def encode(self, tokens: Tensor, length: Tensor) -> Tensor:
        """Keys and values for the decoder's cross attention: N × layers × 2 × L × inner.

        ``tokens``: N × L, of which the first ``length`` (N) of each count; L was prepared.
        """
        shape, ops = self.shape, self.operations
        count, longest = tokens.shape
        bias = self._encoder_biases[longest]
        unused = torch.arange(longest, device=self.device)[None, :] >= length[:, None]
        mask = torch.where(unused[:, None, None, :], float("-inf"), bias[None]).to(self.dtype)
        x = functional.embedding(tokens, self.embedding).view(count * longest, -1)
        for layer in self.encoder:
            qkv = ops.norm(x, layer.norm, shape.epsilon) @ layer.qkv.T
            q, k, v = qkv.view(count, longest, 3, shape.heads, shape.d_kv).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
            mixed = mixed.transpose(1, 2).reshape(count * longest, shape.inner)
            x.addmm_(mixed, layer.out.T)
            self._feed(x, layer)
        x = ops.norm(x, self.encoder_norm, shape.epsilon)
        cross = x @ self.cross.T
        return cross.view(count, longest, shape.decoder_layers, 2, shape.inner).permute(
            0, 2, 3, 1, 4
        )

    def step(self, slots: Slots, *, reordered: bool) -> Tensor:
        """Logits (float32, rows × vocabulary) of what follows each hypothesis' last token.

        Writes the keys and values of that token. ``reordered``: hypotheses have ancestors.
        """
        shape, ops = self.shape, self.operations
        x = functional.embedding(slots.tokens.view(-1), self.embedding)
        ancestors = slots.ancestors if reordered else None
        bias = self._decoder_biases[slots.history.shape[1]]
        for i, layer in enumerate(self.decoder):
            qkv = ops.norm(x, layer.norm, shape.epsilon) @ layer.qkv.T
            mixed = ops.self_attention(
                qkv, slots.keys[i], slots.values[i], ancestors, slots.position, bias
            )
            x.addmm_(mixed, layer.out.T)
            q = ops.norm(x, layer.cross_norm, shape.epsilon) @ layer.cross_q.T
            mixed = ops.cross_attention(
                q, slots.cross[:, i, 0], slots.cross[:, i, 1], slots.length, shape.heads
            )
            x.addmm_(mixed, layer.cross_out.T)
            self._feed(x, layer)
        x = ops.norm(x, self.decoder_norm, shape.epsilon)
        if shape.scale_output:
            x = x * shape.d_model**-0.5
        return self._logits(x)

    def _feed(self, x: Tensor, layer: _Encoding | _Decoding) -> None:
        """Adds the feed-forward layer of ``x`` to it."""
        shape, ops = self.shape, self.operations
        middle = ops.norm(x, layer.feed_norm, shape.epsilon) @ layer.feed_in.T
        middle = ops.activate(middle, shape.activation, gated=shape.gated)
        x.addmm_(middle, layer.feed_out.T)

    def _logits(self, x: Tensor) -> Tensor:
        if self._wide_head is not None:
            return x.float() @ self._wide_head.T
        return torch.mm(x, self.head.T, out_dtype=torch.float32)


def _has_wide_product(device: torch.device, dtype: torch.dtype) -> bool:
    if device.type != "cuda":
        return False
    try:
        one = torch.zeros(16, 16, device=device, dtype=dtype)
        torch.mm(one, one, out_dtype=torch.float32)
    except (TypeError, RuntimeError, NotImplementedError):
        return False
    return True
