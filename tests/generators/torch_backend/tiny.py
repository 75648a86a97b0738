"""Small T5s with random weights, and what the tests do with them again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from engine.generators.torch_backend.backend import Limits, TorchBackend
from engine.generators.torch_backend.checkpoint import Checkpoint, Shape
from engine.generators.torch_backend.model import Model

if TYPE_CHECKING:
    from engine.generators.backend import Answer, Request

TIED = Shape(
    vocabulary=24,
    d_model=32,
    d_kv=8,
    d_ff=48,
    heads=3,  # 24 together, and not 32
    encoder_layers=2,
    decoder_layers=2,
    buckets=8,
    max_distance=20,
    epsilon=1e-6,
    activation="relu",
    gated=False,
    scale_output=True,
    start=0,
    eos=1,
)
UNTIED = replace(TIED, heads=5, activation="gelu_new", gated=True, scale_output=False)
SHAPES = {"tied relu": TIED, "untied gated": UNTIED}


def checkpoint(shape: Shape, *, seed: int = 0) -> Checkpoint:
    """Weights large enough that what is decoded depends on all of the state and of the past."""
    generator = torch.Generator().manual_seed(seed)

    def random(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator) * 0.35

    width, inner = shape.d_model, shape.inner
    tensors = {"shared.weight": random(shape.vocabulary, width)}
    if not shape.scale_output:
        tensors["lm_head.weight"] = random(shape.vocabulary, width) * 1.5
    for side, layers in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers)):
        table = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        tensors[table] = random(shape.buckets, shape.heads)
        tensors[f"{side}.final_layer_norm.weight"] = 1 + random(width)
        for i in range(layers):
            at = f"{side}.block.{i}.layer"
            kinds = ["SelfAttention", *(["EncDecAttention"] if side == "decoder" else [])]
            for j, kind in enumerate(kinds):
                for name in "qkv":
                    tensors[f"{at}.{j}.{kind}.{name}.weight"] = random(inner, width)
                tensors[f"{at}.{j}.{kind}.o.weight"] = random(width, inner)
                tensors[f"{at}.{j}.layer_norm.weight"] = 1 + random(width)
            feed = f"{at}.{len(kinds)}"
            for name in ("wi_0", "wi_1") if shape.gated else ("wi",):
                tensors[f"{feed}.DenseReluDense.{name}.weight"] = random(shape.d_ff, width)
            tensors[f"{feed}.DenseReluDense.wo.weight"] = random(width, shape.d_ff)
            tensors[f"{feed}.layer_norm.weight"] = 1 + random(width)
    return Checkpoint(shape, tensors)


def reference(made: Checkpoint):
    """The same weights in transformers."""
    from transformers import T5Config, T5ForConditionalGeneration

    shape = made.shape
    config = T5Config(
        vocab_size=shape.vocabulary,
        d_model=shape.d_model,
        d_kv=shape.d_kv,
        d_ff=shape.d_ff,
        num_heads=shape.heads,
        num_layers=shape.encoder_layers,
        num_decoder_layers=shape.decoder_layers,
        relative_attention_num_buckets=shape.buckets,
        relative_attention_max_distance=shape.max_distance,
        feed_forward_proj="gated-gelu" if shape.gated else "relu",
        tie_word_embeddings=shape.scale_output,
        decoder_start_token_id=shape.start,
        dropout_rate=0.0,
    )
    model = T5ForConditionalGeneration(config).eval()
    if "lm_head.weight" in made.tensors:
        model.lm_head.weight = torch.nn.Parameter(made.tensors["lm_head.weight"].clone())
    missing, unexpected = model.load_state_dict(dict(made.tensors), strict=False)
    assert not unexpected
    assert set(missing) <= {
        "lm_head.weight",
        "encoder.embed_tokens.weight",
        "decoder.embed_tokens.weight",
    }
    with torch.no_grad():
        # transformers 5 shares these whatever the configuration says.
        model.shared.weight.copy_(made.tensors["shared.weight"])
        if "lm_head.weight" not in made.tensors:
            model.lm_head.weight.copy_(made.tensors["shared.weight"])
    return model


class Numbers:
    """A codec for tests: text is token numbers between blanks."""

    PAD, EOS = 0, 1

    def encode(self, text, /):
        return [*map(int, text.split()), self.EOS]

    def decode(self, ids, /):
        if self.EOS not in ids:
            return None
        return " ".join(map(str, ids[: list(ids).index(self.EOS)])) or "empty"


def backend(made: Checkpoint, *, limits: Limits | None = None, device="cpu", **options):
    model = Model(made, device=torch.device(device), dtype=torch.float32, **options)
    return TorchBackend(model, name="tiny", device=device, limits=limits, codec=Numbers())


def drain(running: TorchBackend, answers: dict[int, Answer] | None = None) -> dict[int, Answer]:
    """Works until nothing is left to do."""
    answers = {} if answers is None else answers
    for _ in range(10_000):
        if not running.busy:
            return answers
        for answer in running.step():
            assert answer.key not in answers
            answers[answer.key] = answer
    raise AssertionError("the backend does not come to an end")


def alone(running: TorchBackend, request: Request) -> Answer:
    running.submit(0, request)
    return drain(running)[0]


def same(one: Answer, other: Answer, tolerance: float = 1e-4) -> bool:
    """Whether two answers hold the same tactics, but for the order of equal ones."""
    first = {c.tactic: c.log_prob for c in one.candidates}
    second = {c.tactic: c.log_prob for c in other.candidates}
    return first.keys() == second.keys() and all(
        abs(first[text] - second[text]) < tolerance for text in first
    )
