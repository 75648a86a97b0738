"""A T5 as functions of its weights, over packed sequences: for training one from scratch.

The shape is ByT5's (T5 1.1: gated GELU, no biases in the layers, a head of its own). Matrices that
read the same input are one; :mod:`engine.training.checkpoints` knows the names that Hugging Face
gives to the parts. Dropout is where T5 has it but for the attention's weights.

T5 does not scale scores, and starts with queries' matrices that are smaller by d_kv^-½. Its
optimizer, Adafactor, moves a weight in proportion to its size; AdamW does not, and its steps would
be that much too great for them. Here they are as large as the others and are scaled where they are
used.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - a named tuple's fields
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional

from engine.generators.torch_backend.positions import buckets
from engine.training.batches import IGNORED

if TYPE_CHECKING:
    from torch import Tensor

    from engine.training.attention import Fused, Plain
    from engine.training.batches import Batch
    from engine.training.settings import ShapeSettings

__all__ = ["T5", "Weights", "initial"]

Weights = dict[str, "Tensor"]
EPSILON = 1e-6
VOCABULARY = 384


def initial(shape: ShapeSettings, *, seed: int) -> Weights:
    """Weights to start from, in float32 on the CPU, as T5 starts, but for three things.

    The head's are so small that the first loss is little above that of guessing, log 384. The
    queries' are those of T5 times √d_kv (see above). The bias makes heads look near, as in ALiBi
    (arXiv 2108.12409), each so far and in the encoder each to one side: bytes say little alone, and
    from T5's start the encoder never came to see their order.
    """
    generator = torch.Generator().manual_seed(seed)
    d, inner, ff = shape.d_model, shape.heads * shape.d_kv, shape.d_ff

    def drawn(rows: int, columns: int, deviation: float) -> Tensor:
        return torch.randn(rows, columns, generator=generator) * deviation

    def attention(at: str, *, cross: bool = False) -> Weights:
        q = drawn(inner, d, d**-0.5)
        kv = drawn(2 * inner, d, d**-0.5)
        out = {f"{at}out": drawn(d, inner, inner**-0.5)}
        if cross:
            return {f"{at}norm": torch.ones(d), f"{at}q": q, f"{at}kv": kv, **out}
        return {f"{at}norm": torch.ones(d), f"{at}qkv": torch.cat([q, kv]), **out}

    def feed(at: str) -> Weights:
        return {
            f"{at}feed_norm": torch.ones(d),
            f"{at}feed_in": drawn(2 * ff, d, d**-0.5),
            f"{at}feed_out": drawn(d, ff, ff**-0.5),
        }

    weights: Weights = {"embedding": drawn(VOCABULARY, d, 1.0)}
    for i in range(shape.encoder_layers):
        weights |= attention(f"encoder.{i}.") | feed(f"encoder.{i}.")
    for i in range(shape.decoder_layers):
        at = f"decoder.{i}."
        weights |= attention(at) | attention(f"{at}cross_", cross=True) | feed(at)
    for side in ("encoder", "decoder"):
        weights[f"{side}.norm"] = torch.ones(d)
        weights[f"{side}.bias"] = _near(shape, side)
    weights["head"] = drawn(VOCABULARY, d, 0.5 * d**-0.5)
    return weights


def _distances(shape: ShapeSettings, side: str) -> tuple[Tensor, Tensor]:
    """All distances that a side tells apart, key's place minus query's, and the bucket of each."""
    reach = shape.max_distance
    distance = torch.arange(-reach, reach + 1)
    two_sided = side == "encoder"
    return distance, buckets(distance, two_sided=two_sided, count=shape.buckets, max_distance=reach)


def _near(shape: ShapeSettings, side: str) -> Tensor:
    """A bias that falls with the distance, buckets × heads; in the encoder faster to one side."""
    two_sided = side == "encoder"
    distance, bucket = _distances(shape, side)
    # Of the distances in a bucket, the least; of a bucket without any, nothing is ever read.
    least = torch.full((shape.buckets,), float(shape.max_distance))
    least = least.scatter_reduce(0, bucket, distance.abs().float(), "amin")
    ahead = torch.arange(shape.buckets) >= shape.buckets // 2
    slopes = (shape.heads + 1) // 2 if two_sided else shape.heads
    columns = []
    for head in range(shape.heads):
        exponent = 1 + 7 * (head % slopes) / max(1, slopes - 1)
        farther = ahead == (head < slopes) if two_sided else torch.zeros_like(ahead)
        columns.append(-(2.0**-exponent) * torch.where(farther, 4.0, 1.0) * least)
    return torch.stack(columns, 1)


class _Layers(NamedTuple):
    """What lies between the attentions; compiled, each is a few kernels."""

    embed: Callable[..., Tensor]
    enter: Callable[..., Tensor]
    between: Callable[..., tuple[Tensor, Tensor]]
    leave: Callable[..., Tensor]
    judge: Callable[..., tuple[Tensor, Tensor]]


class T5:
    """The model's arithmetic. ``dtype``: of the activations; sums and norms are in float32."""

    def __init__(
        self,
        shape: ShapeSettings,
        attention: Plain | Fused,
        *,
        dtype: torch.dtype,
        device: torch.device,
        compiled: bool,
    ) -> None:
        self.shape = shape
        self._attention = attention
        self._dtype = dtype
        plain = _Layers(_embed, _enter, _between, _leave, _judge)
        self._eager = plain
        self._layers = plain
        if compiled:
            self._layers = _Layers(*(torch.compile(part, dynamic=False) for part in plain))
        row = torch.arange(shape.buckets)
        scale = torch.full((shape.heads * shape.d_kv, 1), shape.d_kv**-0.5)
        self._queries = scale.to(device)
        self._queries_and_more = torch.cat([scale, *[torch.ones_like(scale)] * 2]).to(device)
        self._buckets = {
            side: (_distances(shape, side)[1] == row[:, None]).to(device, torch.float32)
            for side in ("encoder", "decoder")
        }

    def judge(
        self, weights: Weights, batch: Batch, *, dropout: float = 0.0, smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """The loss, in nats a token, and the share of tokens whose most likely value is right.

        With ``smoothing``, so much of what is wanted is spread over all tokens.
        """
        layers = self._layers if torch.is_grad_enabled() else self._eager
        heads, attention = self.shape.heads, self._attention

        def layer(at: str) -> Callable[[str], Tensor]:
            return lambda name: weights[f"{at}.{name}"]

        x = self._embedded(weights, batch.source, dropout)
        table = self._table(weights, "encoder")
        for i in range(self.shape.encoder_layers):
            of = layer(f"encoder.{i}")
            qkv = layers.enter(x, of("norm"), of("qkv"), self._queries_and_more)
            mixed = attention.within(qkv, table, batch.states, heads=heads, causal=False)
            x = layers.leave(
                x, mixed, of("out"), of("feed_norm"), of("feed_in"), of("feed_out"), dropout
            )
        seen = _dropped(_norm(x, weights["encoder.norm"]), dropout)

        x = self._embedded(weights, batch.read, dropout)
        table = self._table(weights, "decoder")
        for i in range(self.shape.decoder_layers):
            of = layer(f"decoder.{i}")
            qkv = layers.enter(x, of("norm"), of("qkv"), self._queries_and_more)
            mixed = attention.within(qkv, table, batch.tactics, heads=heads, causal=True)
            x, q = layers.between(
                x, mixed, of("out"), of("cross_norm"), of("cross_q"), self._queries, dropout
            )
            kv = _linear(seen, of("cross_kv"))
            mixed = attention.across(q, kv, batch.tactics, batch.states, heads=heads)
            x = layers.leave(
                x, mixed, of("cross_out"), of("feed_norm"), of("feed_in"), of("feed_out"), dropout
            )
        return layers.judge(
            x, weights["decoder.norm"], weights["head"], batch.said, dropout, smoothing
        )

    def _table(self, weights: Weights, side: str) -> Tensor:
        """The bias of each head by distance; in few products, as :func:`_embed`."""
        found: Tensor = weights[f"{side}.bias"].T @ self._buckets[side].to(
            weights[f"{side}.bias"].dtype
        )
        return found

    def _embedded(self, weights: Weights, tokens: Tensor, dropout: float) -> Tensor:
        layers = self._layers if torch.is_grad_enabled() else self._eager
        return layers.embed(tokens, weights["embedding"], self._dtype, dropout)


def _norm(x: Tensor, weight: Tensor) -> Tensor:
    wide = x.float()
    wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + EPSILON)
    return (wide * weight).to(x.dtype)


def _linear(x: Tensor, weight: Tensor) -> Tensor:
    return functional.linear(x, weight.to(x.dtype))


def _dropped(x: Tensor, rate: float) -> Tensor:
    return functional.dropout(x, rate, training=rate > 0)


def _embed(tokens: Tensor, embedding: Tensor, dtype: torch.dtype, dropout: float) -> Tensor:
    # A product with ones and zeros: the gradient of a look-up would add up thousands of rows for
    # each of some hundred tokens, one after the other.
    row = torch.arange(embedding.shape[0], device=tokens.device)
    chosen = (tokens[:, None] == row).to(dtype)
    return _dropped(chosen @ embedding.to(dtype), dropout)


def _enter(x: Tensor, norm: Tensor, into: Tensor, scale: Tensor) -> Tensor:
    return _linear(_norm(x, norm), into * scale)


def _between(
    x: Tensor,
    mixed: Tensor,
    out: Tensor,
    norm: Tensor,
    into: Tensor,
    scale: Tensor,
    dropout: float,
) -> tuple[Tensor, Tensor]:
    x = x + _dropped(_linear(mixed, out), dropout)
    return x, _enter(x, norm, into, scale)


def _leave(
    x: Tensor,
    mixed: Tensor,
    out: Tensor,
    norm: Tensor,
    feed_in: Tensor,
    feed_out: Tensor,
    dropout: float,
) -> Tensor:
    x = x + _dropped(_linear(mixed, out), dropout)
    gate, value = _linear(_norm(x, norm), feed_in).chunk(2, dim=-1)
    middle = _dropped(functional.gelu(gate, approximate="tanh") * value, dropout)
    return x + _dropped(_linear(middle, feed_out), dropout)


def _judge(
    x: Tensor, norm: Tensor, head: Tensor, said: Tensor, dropout: float, smoothing: float
) -> tuple[Tensor, Tensor]:
    logits = _linear(_dropped(_norm(x, norm), dropout), head).float()
    loss = functional.cross_entropy(logits, said, ignore_index=IGNORED, label_smoothing=smoothing)
    with torch.no_grad():
        live = said != IGNORED
        right = ((logits.argmax(-1) == said) & live).sum() / live.sum()
    return loss, right
